"""A guide for each lane, and a page for each exception: what it means, whose it is, how to mend it, how to know."""

from __future__ import annotations

import streamlit as st

from app import runbooks


def page() -> None:
    st.title("Runbooks", anchor=False)
    st.caption(
        "A guide for each lane, and a page for each cause: what it means, whose it is, how to mend it."
    )
    names = runbooks.names()
    wanted = runbooks.name_of(st.query_params.get("name") or names[0])
    chosen = st.selectbox(
        "Page (type a word to find it)",
        names,
        index=names.index(wanted) if wanted in names else names.index(runbooks.GENERAL),
        format_func=runbooks.title,
        width=420,
        key="page",
    )
    runbooks.show(chosen)


page()
