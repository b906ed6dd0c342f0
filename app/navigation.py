"""Navigation only: which pages there are, and which one is shown."""

from pathlib import Path

import streamlit as st

from app.addresses import FIRST_PAGE, PAGES, WANTED

HERE = Path(__file__).parent

st.set_page_config(page_title="Tillproof", page_icon=str(HERE / "favicon.png"), layout="wide")
shown = st.navigation(
    [
        st.Page(HERE / FIRST_PAGE, title="Can I close?", icon=":material/fact_check:", default=True),
        st.Page(HERE / PAGES["receipt"], title="Receipt", icon=":material/receipt_long:", url_path="receipt"),
    ],
    position="top",
)
wanted = st.query_params.get(WANTED)
if wanted in PAGES:
    kept = {name: value for name, value in st.query_params.items() if name != WANTED}
    st.switch_page(PAGES[wanted], query_params=kept)
shown.run()
