"""What `streamlit run app/streamlit_app.py` (or `tillproof up`) serves."""

import streamlit as st
from starlette.middleware import Middleware

from app.addresses import PageAddresses

app = st.App("navigation.py", middleware=[Middleware(PageAddresses)])
