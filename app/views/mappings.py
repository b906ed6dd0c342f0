"""Mappings: changed in a grid or by Excel, tried, signed; what Sage would refuse; and how much was checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from app import deciding, mapped, totals, words, workbench
from app.deciding import CannotDecideError
from app.mapping_effects import effects
from app.money import counted, day, moment, month, pounds, share
from app.opening import company_of, open_published
from app.published import Published, Rows
from app.render import read_moment
from app.shown import Figures, at_a_desk, count, on_a_phone, pence, plain, table
from orchestration import mapping_changes, mappings_report
from orchestration.mapping_changes import FILES
from orchestration.operations import Operations, OperationsError

PARTS = {"change": "Change", "ahead": "Look ahead", "coverage": "Coverage", "log": "Log"}
MOST_STORES = 12
MOST_CHANGES = 40
MOST_ROWS = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AHEAD = {
    "open": ":green-badge[✓ Open]",
    "not_mapped": ":red-badge[! Not mapped]",
    "not_in_sage": ":red-badge[! Missing in Sage]",
    "hidden": ":orange-badge[⊘ Hidden]",
    "not_a_posting_account": ":red-badge[! Takes no postings]",
    "rate_differs": ":red-badge[! Rate differs]",
    "on_hold": ":orange-badge[⊘ On hold]",
}
CELLS = {"goods": "Goods", "vat": "VAT code", "tender": "Tender", "customer": "Till customer"}


def change(published: Published, operations: Operations) -> None:
    """A grid of one mapping file, or files that were edited elsewhere; then what they would do; then a signature."""
    deciding.say_done("mappings")
    names = list(FILES)
    asked = st.query_params.get("table", "tax_mappings")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Mapping file",
            names,
            index=names.index(asked) if asked in names else 0,
            format_func=words.mapping_table,
            key="mapping file",
            width=240,
        )
        find = st.text_input(
            "Show only rows with", value=st.query_params.get("find", ""), key="find rows", width=200
        )
        st.download_button(
            "CSV",
            lambda: download_csv(name),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Excel, all files",
            download_workbook,
            file_name="tillproof-mappings.xlsx",
            mime=XLSX,
            icon=":material/download:",
            on_click="ignore",
        )
    files = edited(operations, name, find)
    uploaded = st.file_uploader(
        "Or take in a file that you edited (.csv of that name, or the workbook)",
        type=["csv", "xlsx"],
        key="taken in",
    )
    try:
        if uploaded is not None:
            files = mapping_changes.read_upload(uploaded.name, uploaded.getvalue())
        preview(published, operations, files)
    except OperationsError as refusal:
        st.error(f"The file was not read: {plain(refusal)}.", icon=":material/block:")


def download_csv(name: str) -> bytes:
    with deciding.store() as (_, operations):
        return mapping_changes.csv_file(operations, name)


def download_workbook() -> bytes:
    with deciding.store() as (_, operations):
        return mapping_changes.workbook(operations)


def edited(operations: Operations, name: str, find: str) -> dict[str, str]:
    """The grid: cells are text, days YYYY-MM-DD as in the file; gives the edited rows as a file."""
    rows = mapping_changes.in_force(operations)[name]
    header = list(FILES[name].readers)
    sought = find.strip().casefold()
    mine = [row for row in rows if not sought or any(sought in cell.casefold() for cell in row.values())]
    if sought and not mine:
        st.info(f"No row has {plain(find)}: type a new one into the last line, or clear the search.")
    # as texts even where there is no row: of an empty column Streamlit would make numbers
    shown = pd.DataFrame(mine, columns=header, dtype="string")
    with at_a_desk("mappings"):
        grid = st.data_editor(
            shown,
            num_rows="dynamic",
            hide_index=True,
            height=min(420, 75 + 35 * max(len(mine), 1)),
            column_config={column: st.column_config.TextColumn(column) for column in header},
            # a grid keeps its edits by key: another file or search is another grid
            key=f"grid {name} {sought}",
        )
    rows_now = [
        {column: "" if pd.isna(cell) else str(cell) for column, cell in zip(header, cells, strict=True)}
        for cells in grid[header].itertuples(index=False)
    ]
    with on_a_phone("mappings"):
        place, row = one_row(name, header, mine)
    if place == len(mine):
        rows_now.append(row)
    elif row != mine[place]:
        rows_now[place] = row
    st.caption(
        f"{len(mine):,} of {counted(len(rows), 'row')}. Days are written YYYY-MM-DD. A row is ended by its valid_to, "
        "never by deleting it: what you take out of the grid stays as it was. To work in Excel take the workbook: of a "
        "CSV Excel loses leading noughts and rewrites days when it saves."
    )
    return mapping_changes.from_grid(name, rows_now)


def one_row(name: str, header: list[str], rows: list[dict[str, str]]) -> tuple[int, dict[str, str]]:
    """On a phone, one row at a time: which of them (one more than there are: a new one), and its cells as they are."""
    few = min(len(rows), MOST_ROWS)

    def named(place: int) -> str:
        cells = [rows[place][column] for column in header] if place < len(rows) else []
        return ", ".join(filter(None, cells[1:4])) if cells else "A new row"

    place = st.selectbox("Row", [*range(few), len(rows)], format_func=named, key=f"row of {name}")
    if len(rows) > few:
        st.caption(f"The first {few} of {len(rows):,}: show fewer with the search above.")
    was = rows[place] if place < len(rows) else {}
    of = ", ".join(was.values()) or "new"  # another row, or the row as it was changed, is another form
    cells = {
        column: st.text_input(column, value=was.get(column, ""), key=f"{name} {column} {of}")
        for column in header
    }
    return place, cells


def preview(published: Published, operations: Operations, files: dict[str, str]) -> None:
    """What taking the files would do, by the import's own dry run; and the form to take them."""
    told = mapping_changes.try_out(operations, files)
    for error in told["refused"][:MOST_CHANGES]:
        st.error(plain(_sentence(error)), icon=":material/block:")
    if told["refused"]:
        st.markdown("Nothing can be taken before that is right: one error, and no file is taken.")
        return
    for note in told["notes"]:
        st.warning(plain(_sentence(note)))
    if not told["changes"]:
        st.caption("Nothing would change. Edit a cell, add a row, or take a file in.")
        return
    changes = told["changes"]
    st.subheader(f"What would change: {counted(len(changes), 'row')}", anchor=False)
    fixes = workbench.fixes(published, company_of(published))
    table(
        changes[:MOST_CHANGES],
        {
            "File": lambda row: words.mapping_table(row["table"]),
            "Row": _row,
            "Does": lambda row: f":blue-badge[≈ {row['kind'].capitalize()}]",
            "What": lambda row: plain(_what(row)),
            "Sold through it in 90 days": Figures(lambda row: _lately(published, row), pounds),
        },
        alt="Each row that would change, what differs, and what was sold through it lately",
    )
    if len(changes) > MOST_CHANGES:
        st.caption(f"The first {MOST_CHANGES} of {len(changes):,}.")
    cleared = {fix["fix_id"]: fix for each in changes for fix in mapped.clears(fixes, each)}
    for fix in cleared.values():
        st.markdown(
            f":green-badge[✓ May clear] {plain(words.fix(fix))}: "
            f"**{counted(fix['documents_freed_alone'], 'document')}, {pounds(fix['value_freed_alone_pence'])}** by "
            f"itself, of {counted(fix['documents_touched'], 'document')} that it stops."
        )
    breaks(published, operations, changes)
    st.caption(
        "The next pass says for certain: it judges every receipt by the new mapping and tries each account, code and "
        "bank against Sage. What Sage would refuse is then under Look ahead."
    )
    with st.form("mappings", border=True):
        signed = deciding.signature("mappings", f"Take {counted(len(changes), 'row')}")
    if signed is not None:
        deciding.carry_out(
            "mappings",
            signed,
            lambda _, store: mapping_changes.take(store, files, changes, by=signed.by, reason=signed.reason),
        )


def breaks(published: Published, operations: Operations, changes: list[dict[str, Any]]) -> None:
    """What goes by these rows today and would lead elsewhere, or nowhere; and what of it Sage holds already."""
    rows_now = mapping_changes.in_force(operations)
    for name in dict.fromkeys(change["table"] for change in changes):
        mine = [change for change in changes if change["table"] == name]
        found = effects(published, name, rows_now[name], mine)
        file = words.mapping_table(name)
        if not found.is_counted:
            st.caption(
                f"{file}: what goes by this file cannot be counted here; the next pass says what became of it."
            )
            continue
        since = f" since {day(found.since)}; older days were not counted" if found.since else ""
        if not found.rows:
            st.markdown(
                f":green-badge[✓ Breaks nothing] {file}: no receipt goes by what would change{since}."
            )
            continue
        lost = [row for row in found.rows if row["new_target"] is None]
        moved = [row for row in found.rows if row["new_target"] is not None]
        for badge, those, what in (
            (":red-badge[! Breaks]", lost, "would lose their mapping"),
            (":orange-badge[! Moves]", moved, "would lead elsewhere"),
        ):
            if those:
                st.markdown(f"{badge} {file}: {_in_all(those)} {what}{since}.")
        table(
            found.rows[:MOST_CHANGES],
            {
                "What": lambda row: f"**{plain(row['code'])}**",
                "Leads to": lambda row: plain(row["old_target"]),
                "Would lead to": lambda row: plain(row["new_target"]) if row["new_target"] else "Nowhere",
                "Documents": count("documents"),
                "Value": pence("value_pence"),
                "In Sage already": count("in_sage"),
                "Their value": pence("in_sage_pence"),
                "Posted by us": count("posted_by_us"),
            },
            alt=f"{file}: what would lead elsewhere or nowhere, and how much of it is in Sage already",
        )
        if any(row["in_sage"] for row in found.rows):
            st.caption(
                "What is in Sage already stays there as it is: the next pass would call it different from the tills, "
                "unless the row begins on a later day."
            )


def _in_all(rows: Rows) -> str:
    documents, value, in_sage = (
        sum(row[name] for row in rows) for name in ("documents", "value_pence", "in_sage")
    )
    held = f", {in_sage:,} of them in Sage already," if in_sage else ""
    return f"**{counted(documents, 'document')}, {pounds(value)}**{held}"


def _row(row: Mapping[str, Any]) -> str:
    """Which row of its file, without the company that all of them are of: S01, 1 Dec 2010."""
    return plain(words.uk_days(", ".join((row["key"].partition("|")[2] or row["key"]).split("|"))))


def _what(row: Mapping[str, Any]) -> str:
    """What differs; of a new row what its name does not say already."""
    named = set(row["key"].split("|"))
    after = row["after"]
    if row["before"] is None:
        after = {name: value for name, value in after.items() if str(value) not in named} or after
    return words.uk_days(mappings_report.differences(row["before"], after))


def _lately(published: Published, row: Mapping[str, Any]) -> int | None:
    found = mapped.touched(published, row)
    return found["lately_pence"] if found else None


def _sentence(told: dict[str, Any]) -> str:
    row = f" row {told['row']}" if told["row"] else ""
    column = f", column {told['column']}" if told["column"] else ""
    return f"{told['file']}{row}{column}: {told['reason']}"


def ahead(published: Published) -> None:
    """Everything configured or lately sold, tried against Sage as it is: open, missing or hidden."""
    rows = mapped.look_ahead(published, company_of(published))
    closed = [row for row in rows if row["status"] != "open"]
    if not rows:
        st.info("Nothing is configured yet. Take the mapping files in under Change, then run a pass.")
        return
    if closed:
        st.error(
            f"**{len(closed):,} of {len(rows):,}** combinations would be refused by Sage as it is now; "
            f"**{pounds(sum(row['lately_pence'] for row in closed))}** was sold through them in the last 90 days.",
            icon=":material/block:",
        )
    else:
        st.success(f"All {len(rows):,} combinations are open in Sage.", icon=":material/check_circle:")
    only = st.toggle("Only what would be refused", key="only closed", value=bool(closed))
    stores, lines = mapped.as_grid(closed if only else rows)
    shown = stores[:MOST_STORES]
    table(
        lines,
        {
            "Tried": lambda line: f"**{plain(_named(line))}**",
            "What": lambda line: "" if line["cell"] == "customer" else words.said(CELLS, line["cell"]),
            "Every store": lambda line: _tried(line, "*"),
            **{store: lambda line, store=store: _tried(line, store) for store in shown},  # type: ignore[misc]
        },
        alt="What is tried against Sage, store by store: open, missing or hidden",
    )
    st.caption(
        "A sale passes when its goods, VAT code, tender and till customer are all open. An empty cell is not tried "
        "there: not configured, and not sold in 90 days."
    )
    if len(stores) > MOST_STORES:
        st.caption(f"The first {MOST_STORES} stores of {len(stores):,}.")
    if not closed:
        return
    st.subheader("What would be refused, most sold first", anchor=False)
    table(
        sorted(closed, key=lambda row: -row["lately_pence"])[:MOST_CHANGES],
        {
            "Tried": lambda row: f"**{plain(row['tried_key'])}**",
            "What": lambda row: words.said(CELLS, row["cell"]),
            "Store": lambda row: "Every store" if row["store_id"] == "*" else plain(row["store_id"]),
            "State": lambda row: AHEAD.get(row["status"], plain(row["status"])),
            "Leads to": lambda row: plain(row["leads_to"]) if row["leads_to"] else "Nowhere",
            "Sold in 90 days": pence("lately_pence"),
            "Last sold": lambda row: day(row["last_seen_on"]) if row["last_seen_on"] else "Not in 90 days",
        },
        alt="What Sage would refuse: where it leads, what was sold through it lately, and when last",
    )
    if len(closed) > MOST_CHANGES:
        st.caption(f"The first {MOST_CHANGES} of {len(closed):,}.")


def _named(line: Mapping[str, Any]) -> str:
    """What a line of the grid tries; its till customer is each store's own."""
    return "Till customer" if line["cell"] == "customer" else str(line["tried"])


def _tried(line: Mapping[str, Any], store: str) -> str:
    found = line["by_store"].get(store)
    return AHEAD.get(found["status"], plain(found["status"])) if found else ""


def covered(published: Published) -> None:
    """How much of what the tills took was really checked."""
    if "coverage" not in published.models:
        st.info("This publication tells no coverage yet. Run a pass: tillproof run")
        return
    periods = totals.periods(published)
    if not periods:
        st.info("No store-day has been checked yet. Put a till's files in its inbox, then run: tillproof run")
        return
    period = st.selectbox(
        "Month", periods, format_func=lambda row: month(row["period"]), key="coverage month", width=200
    )
    rows = mapped.coverage(published, period["company_id"], period["period"])
    days = mapped.uncovered_days(published, period["company_id"], period["period"])
    lacking = how_much(rows)
    if not days:
        st.success(f"Every penny of {month(period['period'])} was checked.")
    only = st.toggle("Only what was not fully checked", key="only lacking", value=True) if lacking else False
    table(
        lacking if only else rows,
        {
            "Store": lambda row: f"**{plain(row['store_id'])}**",
            "Tender": lambda row: "Sales" if row["tender_type"] == "sales" else plain(row["tender_type"]),
            "Documents": count("documents"),
            "Value": pence("value_pence"),
            "Checked": _checked,
            "Not yet due": pence("pending_pence", nothing=""),
            "Ambiguous": pence("ambiguous_pence", nothing=""),
            "Not checked": pence("not_checked_pence", nothing=""),
        },
        alt="By store and tender: documents, their value, and how much of it was checked",
    )
    st.caption(
        "Value is what the tills say. The first page and Close count a document at the larger of that and what Sage "
        "holds."
    )
    if not days:
        return
    st.subheader("Days not fully checked", anchor=False)
    table(
        days,
        {
            "Store": lambda row: f"**{plain(row['store_id'])}**",
            "Day": lambda row: day(row["business_date"]),
            "Tender": lambda row: "Sales" if row["tender_type"] == "sales" else plain(row["tender_type"]),
            "Documents": count("documents"),
            "Not checked": count("documents_not_checked"),
            "Value": pence("value_pence"),
            "Checked": _checked,
        },
        alt="Days of which not everything was checked, the most value first",
    )


def how_much(rows: Rows) -> Rows:
    """Says how much of a month was checked; gives the stores and tenders of which not all was."""
    lacking = [row for row in rows if row["documents_not_checked"]]
    value, checked = (sum(row[name] for row in rows) for name in ("value_pence", "checked_pence"))
    if lacking:
        st.markdown(
            f"**{share(checked, value)}** of {pounds(value)} in sales and takings was checked; "
            f"**{pounds(value - checked)}** was not, in {counted(len(lacking), 'line')} of "
            f"{counted(len({row['store_id'] for row in lacking}), 'store')}."
        )
    return lacking


def _checked(row: Mapping[str, Any]) -> str:
    told = share(row["checked_pence"], row["value_pence"])
    return f":green-badge[✓ {told}]" if not row["documents_not_checked"] else f":gray-badge[? {told}]"


def log(operations: Operations) -> None:
    """Who changed which mapping, when, and why."""
    names = ["every file", *FILES]
    name = st.selectbox("Of", names, format_func=words.mapping_table, key="log of", width=240)
    told: Rows = mappings_report.log(operations, None if name == names[0] else name, 50)["changes"]
    if not told:
        st.info("No mapping was ever changed here. Take mapping files in under Change.")
        return
    table(
        told,
        {
            "When": lambda row: moment(read_moment(row["at"])),
            "Who": lambda row: plain(row["by"]),
            "File": lambda row: words.mapping_table(row["table"]),
            "Row": _row,
            "What": lambda row: plain(_what(row)),
            "Why": lambda row: plain(row["reason"]),
        },
        alt="Changes to mappings, the newest first",
    )
    if len(told) == 50:
        st.caption("The newest 50. tillproof mappings log --limit shows more.")


def page() -> None:
    published = open_published("Mappings")
    asked = st.query_params.get("part", "change")
    part = st.segmented_control(
        "Part",
        list(PARTS),
        default=asked if asked in PARTS else "change",
        format_func=PARTS.__getitem__,
        key="part",
        required=True,
        label_visibility="collapsed",
    )
    try:
        if part == "ahead":
            ahead(published)
        elif part == "coverage":
            covered(published)
        else:
            with deciding.store() as (_, operations):
                change(published, operations) if part == "change" else log(operations)
    except CannotDecideError as refusal:
        deciding.say_why_not(refusal)


page()
