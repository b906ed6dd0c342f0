"""Navigation only: what pages there are, and where. Started by `tillproof up`, or `streamlit run
app/streamlit_app.py`."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

st.set_page_config(page_title="Tillproof", page_icon=str(HERE / "favicon.png"), layout="wide")
st.navigation(
    [
        st.Page(
            HERE / "views" / "can_i_close.py",
            title="Can I close?",
            icon=":material/fact_check:",
            default=True,
        ),
        st.Page(
            HERE / "views" / "receipt.py", title="Receipt", icon=":material/receipt_long:", url_path="receipt"
        ),
    ],
    position="top",
).run()
