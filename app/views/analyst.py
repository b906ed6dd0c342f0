"""Analyst: one read-only query over the published tables, examples to begin with, and a file safe to open."""

from __future__ import annotations

import streamlit as st

from app import analysis, contracts
from app.analysis import EXAMPLES, FILES, MOST_DOWNLOADED, MOST_SHOWN, QueryRefusedError
from app.money import counted
from app.opening import open_published
from app.published import Published
from app.shown import at_a_desk, count, on_a_phone, page_of, plain, table

OWN = "My own question"
ON_A_PAGE = 20


def ask() -> str:
    """The query: an example to begin with, or one's own."""
    example = st.selectbox("Begin with", [*EXAMPLES, OWN], key="example", width=360)
    return st.text_area(
        "Query",
        value=EXAMPLES.get(example, ""),
        height=190,
        key=f"query {example}",
        placeholder=analysis.HINT,
        max_chars=analysis.LONGEST_QUERY,
    )


def show(published: Published, query: str) -> None:
    try:
        found = analysis.answer(published, query)
    except QueryRefusedError as refusal:
        st.error(f"That was not answered: {plain(refusal)}", icon=":material/block:")
        return
    if not found.rows:
        st.info("No row answers to that.")
        return
    st.caption(f"The first {MOST_SHOWN:,} rows." if found.is_cut else f"{counted(len(found.rows), 'row')}.")
    numbers = {name: st.column_config.Column(alignment="right") for name in found.numbers()}
    told = found.shown()
    with at_a_desk("answer"):
        st.dataframe(told, hide_index=True, column_config=numbers, alt="The answer to the query")
    with on_a_phone("answer"):
        as_a_list(told)
    with st.container(horizontal=True):
        for kind, mime in FILES.items():
            st.download_button(
                f"Download {kind}",
                lambda kind=kind: download(published, query, kind),  # type: ignore[misc]
                file_name=f"tillproof-{published.number}{kind}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"download {kind}",
            )
    st.caption(
        f"Money in pounds, days as DD/MM/YYYY; a text that a spreadsheet would run gets an apostrophe. At most "
        f"{MOST_DOWNLOADED:,} rows: tillproof export writes whole tables."
    )


def as_a_list(told: dict[str, list[str]]) -> None:
    """The answer as a phone shows it, some rows at a time."""
    rows = [dict(zip(told, cells, strict=True)) for cells in zip(*told.values(), strict=True)]
    table(
        page_of(rows, ON_A_PAGE, "Rows", "rows of the answer"),
        {name: lambda row, name=name: plain(row[name]) for name in told},  # type: ignore[misc]
        alt="The answer to the query",
    )


def download(published: Published, query: str, kind: str) -> bytes:
    return analysis.as_file(analysis.answer(published, query, MOST_DOWNLOADED), kind)


def tables(published: Published) -> None:
    st.header("Tables", anchor=False)
    st.caption(
        f"For your own tools: published/tillproof-{published.number}.duckdb in the home, or the Parquet beside it."
    )
    columns_of(published)
    table(
        [{"model": model, "rows": published.count(model)} for model in published.models],
        {"Table": lambda row: plain(row["model"]), "Rows": count("rows")},
        alt="Published tables and how many rows each has",
    )


def columns_of(published: Published) -> None:
    """What each column of one table means, as docs/contracts.md tells it."""
    told = contracts.published_tables()
    chosen = st.selectbox(
        "What each column means, in",
        [model for model in published.models if model in told],
        index=None,
        placeholder="Choose a table",
        key="columns of",
    )
    if chosen is None:
        return
    about, columns = told[chosen]
    st.caption(plain(about))
    table(
        columns,
        {
            "Column": lambda row: f"**{plain(row['column'])}**",
            "Type": lambda row: plain(row["type"]),
            "Meaning": lambda row: plain(row["meaning"]),
        },
        alt=f"The columns of {chosen}",
    )


def page() -> None:
    published = open_published("Analyst")
    left, right = st.columns([14, 6], gap="large")
    with left:
        query = ask()
        st.button("Answer", type="primary", icon=":material/play_arrow:")
        if query.strip():
            show(published, query)
        else:
            st.info("Write a select over the tables on the right, or begin with an example.")
    with right:
        tables(published)


page()
