"""Navigation only: which pages there are, and which one is shown."""

from pathlib import Path

import streamlit as st

from app import signing_in
from app.addresses import FIRST_PAGE, PAGES, WANTED
from app.shown import ON_A_PHONE

HERE = Path(__file__).parent
NAMED = {
    "store_days": ("Store-days", ":material/calendar_view_month:"),
    "exceptions": ("Exceptions", ":material/checklist:"),
    "receipt": ("Receipt", ":material/receipt_long:"),
    "posting": ("Posting", ":material/outbox:"),
    "decide": ("Decide", ":material/help:"),
    "close": ("Close", ":material/lock:"),
    "acceptance": ("Acceptance", ":material/verified:"),
    "mappings": ("Mappings", ":material/swap_horiz:"),
    "connections": ("Connections", ":material/cable:"),
    "analyst": ("Analyst", ":material/query_stats:"),
    "runbook": ("Runbooks", ":material/menu_book:"),
}
"""Title and sign of each page of PAGES, in the order of the menu."""

st.set_page_config(page_title="Tillproof", page_icon=str(HERE / "favicon.png"), layout="wide")
st.html(f"<style>{ON_A_PHONE}</style>")
shown = st.navigation(
    [
        st.Page(HERE / FIRST_PAGE, title="Can I close?", icon=":material/fact_check:", default=True),
        *(
            st.Page(HERE / PAGES[name], title=title, icon=icon, url_path=name)
            for name, (title, icon) in NAMED.items()
        ),
    ],
    position="top",
)
signing_in.let_in()
wanted = st.query_params.get(WANTED)
if wanted in PAGES:
    kept = {name: value for name, value in st.query_params.items() if name != WANTED}
    st.switch_page(PAGES[wanted], query_params=kept)
shown.run()
