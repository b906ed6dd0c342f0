"""What `streamlit run app/streamlit_app.py` (or `tillproof up`) serves."""

import streamlit as st
from starlette.middleware import Middleware

# what the pages need takes seconds to import: before the first visitor, not with them
from app import analysis, charts, deciding  # noqa: F401
from app.addresses import PageAddresses
from orchestration import doctor, mapping_changes, match_deciding, posting_approving  # noqa: F401

app = st.App("navigation.py", middleware=[Middleware(PageAddresses)])
