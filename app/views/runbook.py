"""A page of docs/runbooks: what an exception means, whose it is, how to mend it, how to know it is mended."""

from __future__ import annotations

import streamlit as st

from app import runbooks, words


def page() -> None:
    st.title("Runbooks", anchor=False)
    names = runbooks.names()
    wanted = runbooks.name_of(st.query_params.get("name"))
    chosen = st.selectbox(
        "Page",
        names,
        index=names.index(wanted) if wanted in names else 0,
        format_func=lambda name: (
            "Looking, mappings, stops" if name == runbooks.GENERAL else words.cause(name)
        ),
        width=420,
        key="page",
    )
    runbooks.show(chosen)


page()
