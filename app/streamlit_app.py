"""What `streamlit run app/streamlit_app.py` (or `tillproof up`) serves."""

import streamlit as st
from starlette.middleware import Middleware

from app import deciding  # noqa: F401  what it needs takes a second to import: before the first visitor, not with them
from app.addresses import PageAddresses

app = st.App("navigation.py", middleware=[Middleware(PageAddresses)])
