"""The evidence pack of a month: one workbook with what was closed, on which figures, and what proves it.

Totals are live formulas: whoever opens the pack can see that the rows add up to the published figures. The sheet
Manifest names the publication, the digests of the files behind it and of every sheet, and the head of the chain of
postings; the digest of the manifest itself is kept in the operations store when the pack is made.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from app import close_figures, totals, words
from app.close_checklist import Item
from app.close_figures import FIGURES, POSTINGS, SETTLED, Scope
from app.published import NothingPublishedError, Published, Row, Rows
from orchestration import closing
from orchestration.close_settings import CloseSettings
from orchestration.exports import EXCEL_OPTIONS, MOST_SHEET_ROWS, write_cell
from orchestration.operations import Operations, OperationsError
from orchestration.operations.signing import check_signature
from orchestration.spreadsheets import read_workbook

Kind = Literal["text", "day", "moment", "money", "count"]
FORM = "tillproof evidence pack 1"
MOST_BYTES = 500_000_000
PENNY = Decimal("0.01")
MANIFEST = "Manifest"
FORMATS = {
    "day": "dd/mm/yyyy",
    "moment": "dd/mm/yyyy hh:mm",
    "money": "£#,##0.00;[Red]-£#,##0.00",
    "count": "#,##0",
}
TABLES = (
    "bridge_lines",
    "company_periods",
    "document_verdicts",
    "exceptions",
    "ledger_documents",
    "period_bridge",
    "postings",
    "store_days",
    "till_closures",
    "till_customer_balances",
)
"""What the sheets are made from."""


@dataclass(frozen=True)
class Formula:
    """A cell that a spreadsheet works out; `result` is what it comes to."""

    text: str
    result: Decimal | int


@dataclass(frozen=True)
class Sheet:
    """One sheet: columns (heading, kind), rows, and whether a last row sums what can be summed."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    rows: Sequence[Sequence[Any]]
    has_totals: bool = False

    def total_of(self, heading: str) -> str:
        """Where the total of a column stands, as another sheet names it."""
        place = [name for name, _ in self.columns].index(heading)
        return f"'{self.name}'!{xl_rowcol_to_cell(len(self.rows) + 1, place)}"


@dataclass(frozen=True)
class Pack:
    """A workbook, the digest of its manifest, and what it is of."""

    content: bytes
    manifest_digest: str
    publication_number: int
    file_name: str
    state: str


def make(
    published: Published,
    operations: Operations,
    settings: CloseSettings,
    scope: Scope,
    *,
    by: str,
    note: str,
) -> Pack:
    """Make the pack of a period, and keep its digest. Raises OperationsError; then nothing was kept.

    Where the period's sign-off stands, the pack is of the publication that was signed; else of this one.
    """
    check_signature(by, note)
    operations.must_be_allowed(by, "make an evidence pack")
    signed = closing.sign_offs(published, operations, scope.company_id, scope)
    whole = next((each for each in signed if each.scope == scope and each.is_in_force), None)
    source = _source(published, whole)
    items = closing.items_of(published, operations, settings, scope)
    sheets = [
        _checklist(items),
        *from_publication(source, scope),
        _sign_offs(signed),
        _moved(signed),
    ]
    end = operations.verify_chain(scope.company_id)
    manifest = [
        ["Form", FORM],
        ["Company", scope.company_id],
        ["Period", scope.date_from.strftime("%Y-%m")],
        ["State", whole.state if whole else "not_signed_off"],
        ["Sign-off", str(whole.sign_off_id) if whole else ""],
        ["Publication", str(source.number)],
        ["Pass", str(source.pass_number)],
        ["As of (UTC)", source.as_of.isoformat()],
        ["Listing of the publication", listing_digest(source)],
        ["Figures of the period", close_figures.figures(source, scope).digest],
        ["Chain of postings, events", str(end.event_number)],
        ["Chain of postings, head", end.head_hash],
        ["Made (UTC)", operations.now().isoformat(timespec="seconds")],
        ["Made by", by.strip()],
    ]
    draft = read_workbook(_written(sheets), most_bytes=MOST_BYTES, formulas=True)
    manifest += [["Sheet", sheet.name, sheet_digest(draft[sheet.name])] for sheet in sheets]
    manifest += [
        ["File", file["path"], file["digest"], str(file["rows"])] for file in files_behind(source, scope)
    ]
    digest = digest_of_manifest(manifest)
    columns: tuple[tuple[str, Kind], ...] = (
        ("What", "text"),
        ("Value", "text"),
        ("Digest", "text"),
        ("Rows", "text"),
    )
    rows = [
        [*row, *[""] * (len(columns) - len(row))] for row in [*manifest, ["Digest of this manifest", digest]]
    ]
    content = _written([Sheet(MANIFEST, columns, rows), *sheets])
    operations.record_pack(
        scope.company_id,
        scope.date_from,
        publication_number=source.number,
        manifest_digest=digest,
        author=by.strip(),
        reason=note.strip(),
    )
    name = f"evidence-{scope.company_id}-{scope.date_from:%Y-%m}-publication-{source.number}.xlsx"
    return Pack(content, digest, source.number, name, manifest[3][1])


def from_publication(published: Published, scope: Scope) -> list[Sheet]:
    """The sheets that come from the publication alone: equal publications give equal sheets."""
    store_days = _store_days(published, scope)
    exceptions = _exceptions(published, scope)
    return [
        _summary(published, scope, store_days, exceptions),
        _bridge(published, scope),
        _period_bridge(published, scope),
        store_days,
        exceptions,
        _postings(published, scope),
    ]


def files_behind(published: Published, scope: Scope) -> list[Row]:
    """The files of the publication that hold the month's rows: path, digest, rows."""
    month = scope.date_from.strftime("%Y-%m")
    return [file for table in TABLES for file in published.files(table) if file.get("month") in (None, month)]


def listing_digest(published: Published) -> str:
    """SHA-256 of the publication's listing, which names every file by its digest."""
    return hashlib.sha256((published.root / f"{published.number}.json").read_bytes()).hexdigest()


def sheet_digest(rows: Sequence[Sequence[str]]) -> str:
    """SHA-256 of a sheet's cells as they are read back: values and formulas, no look."""
    return hashlib.sha256(json.dumps([list(row) for row in rows], ensure_ascii=False).encode()).hexdigest()


def digest_of_manifest(rows: Sequence[Sequence[str]]) -> str:
    """SHA-256 of the manifest's rows without its own digest."""
    told = [[*row, *[""] * (4 - len(row))] for row in rows]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def sheets_as_read(sheets: Sequence[Sheet]) -> dict[str, list[list[str]]]:
    """Sheets as a reader of the workbook would have their cells."""
    return read_workbook(_written(sheets), most_bytes=MOST_BYTES, formulas=True)


def _source(published: Published, whole: closing.SignOff | None) -> Published:
    if whole is None or whole.state != "stands" or whole.publication_number == published.number:
        return published
    try:
        signed = Published(published.root, whole.publication_number)
    except NothingPublishedError:
        return published  # its folder was lost and made anew: the figures are the same, or it would not stand
    still = close_figures.figures(signed, whole.scope).digest == whole.figures_digest
    return signed if still else published


# -- sheets


def _checklist(items: Sequence[Item]) -> Sheet:
    return Sheet(
        "Checklist",
        (
            ("Item", "text"),
            ("Owner", "text"),
            ("Due", "day"),
            ("State", "text"),
            ("Found", "text"),
            ("How", "text"),
        ),
        [
            [
                item.title,
                item.owner,
                item.due_on,
                item.state,
                item.seen,
                "ticked by a person" if item.is_ticked else "worked out from the figures",
            ]
            for item in items
        ],
    )


def _summary(published: Published, scope: Scope, store_days: Sheet, exceptions: Sheet) -> Sheet:
    """Each published figure of the month beside what the rows of this pack come to, and the difference."""
    totals = close_figures.totals(close_figures.figures(published, scope))
    months = published.rows(
        "select * from company_periods where company_id = $company and period = $first",
        {"company": scope.company_id, "first": scope.date_from},
    )
    month = months[0] if months else {}
    wanted = [
        (called, name, store_days.total_of(called), int(month.get(name, totals[name])))
        for name, called in FIGURES.items()
        # what the published month counts, it counts by its own model; the rest by these store-days
    ]
    wanted += [
        (
            "Value at risk, by exception",
            "value_at_risk_pence",
            exceptions.total_of("At risk, blocking"),
            int(month.get("value_at_risk_pence", totals["value_at_risk_pence"])),
        ),
    ]
    rows: list[list[Any]] = []
    for place, (called, name, total, published_figure) in enumerate(wanted, start=2):
        scale = PENNY if name.endswith("_pence") else 1
        told = published_figure * scale
        summed = totals[name] * scale
        rows.append(
            [called, told, Formula(f"={total}", summed), Formula(f"=B{place}-C{place}", told - summed)]
        )
    kinds = ["money" if name.endswith("_pence") else "count" for _, name, *_ in wanted]
    return Sheet(
        "Summary",
        (("Figure", "text"), ("Published", "money"), ("Rows of this pack", "money"), ("Difference", "money")),
        [[row[0], *(_as(kind, cell) for cell in row[1:])] for row, kind in zip(rows, kinds, strict=True)],
    )


@dataclass(frozen=True)
class _As:
    """A cell of another kind than its column."""

    kind: Kind
    value: Any


def _as(kind: str, value: Any) -> _As:
    return _As("money" if kind == "money" else "count", value)


BRIDGE: tuple[tuple[str, Kind], ...] = (
    ("Measure", "text"),
    ("Line", "text"),
    ("Amount", "money"),
    ("Documents", "count"),
)


def _bridge(published: Published, scope: Scope) -> Sheet:
    """From the tills to Sage, sales and takings apart; what is left over is worked out in the sheet."""
    found = published.rows(
        """
        select measure, min(line_order) as line_order, line_kind, cast(sum(amount_pence) as bigint) as amount_pence,
            cast(sum(document_count) as bigint) as documents
        from bridge_lines
        where company_id = $company and business_date between $first and $last and line_kind <> 'residual'
        group by measure, line_kind order by line_order, line_kind
        """,
        {"company": scope.company_id, "first": scope.date_from, "last": scope.date_to},
    )
    rows: list[list[Any]] = []
    for measure in ("sales", "takings"):
        rows += _left_over([row for row in found if row["measure"] == measure], len(rows) + 2)
    return Sheet("Bridge", BRIDGE, rows)


def _left_over(found: Rows, first: int) -> list[list[Any]]:
    """The rows of one bridge and what it leaves over, worked out in the sheet whose row `first` its first one is."""
    if not found:
        return []
    lines = [row for row in found if row["line_kind"] != "sage"]
    sage = [row for row in found if row["line_kind"] == "sage"]
    rows: list[list[Any]] = [
        [row["measure"], words.bridge_line(row["line_kind"]), row["amount_pence"] * PENNY, row["documents"]]
        for row in [*lines, *sage]
    ]
    last = first + len(lines) - 1
    minus = f"-C{last + 1}" if sage else ""
    left = sum(row["amount_pence"] for row in lines) - sum(row["amount_pence"] for row in sage)
    formula = Formula(f"=SUM(C{first}:C{last}){minus}", left * PENNY)
    return [*rows, [found[0]["measure"], "Left over", formula, None]]


def _period_bridge(published: Published, scope: Scope) -> Sheet:
    """The same by Sage's own periods: what Sage has in another period than its store-day stands in both."""
    found = [
        {**row, "documents": row["document_count"]}
        for row in totals.period_bridge(published, scope.company_id, scope.date_from, scope.date_to)
        if row["line_kind"] != "residual"
    ]
    rows: list[list[Any]] = []
    for (period, _), lines in groupby(found, key=lambda row: (row["period_start_date"], row["measure"])):
        mine = sorted(lines, key=lambda row: row["line_kind"] == "sage")
        others = [*(row["other_period_start_date"] for row in mine), None]
        told = _left_over(mine, len(rows) + 2)
        rows += [[*row, period, other] for row, other in zip(told, others, strict=True)]
    return Sheet("Period bridge", (*BRIDGE, ("Period from", "day"), ("Other period from", "day")), rows)


def _store_days(published: Published, scope: Scope) -> Sheet:
    found = close_figures.store_days(published, scope)
    kinds: list[tuple[str, Kind]] = [
        (called, "money" if name.endswith("_pence") else "count") for name, called in FIGURES.items()
    ]
    return Sheet(
        "Store-days",
        (("Store", "text"), ("Day", "day"), *kinds),
        [
            [
                row["store_id"],
                row["business_date"],
                *(row[name] * PENNY if name.endswith("_pence") else row[name] for name in FIGURES),
            ]
            for row in found
        ],
        has_totals=True,
    )


def _exceptions(published: Published, scope: Scope) -> Sheet:
    found = published.rows(
        """
        select *, case when blocks_close then value_at_risk_pence else 0 end as blocking_pence
        from exceptions
        where company_id = $company and business_date between $first and $last and status = 'open'
        order by blocks_close desc, value_at_risk_pence desc, exception_id
        """,
        {"company": scope.company_id, "first": scope.date_from, "last": scope.date_to},
    )
    _must_fit("Exceptions", found)
    columns: tuple[tuple[str, Kind], ...] = (
        ("Exception", "text"),
        ("Store", "text"),
        ("Day", "day"),
        ("Receipt", "text"),
        ("Cause", "text"),
        ("Detail", "text"),
        ("Owner", "text"),
        ("Severity", "text"),
        ("First seen (UTC)", "moment"),
        ("Blocks the close", "text"),
        ("At risk", "money"),
        ("At risk, blocking", "money"),
        ("VAT effect", "money"),
        ("Remedy", "text"),
    )
    rows = [
        [
            row["exception_id"],
            row["store_id"],
            row["business_date"],
            row["receipt_no"],
            words.cause(row["exception_class"]),
            row["cause_detail"],
            row["owner"],
            str(row["severity"]),
            row["first_seen_at"],
            "yes" if row["blocks_close"] else "no",
            row["value_at_risk_pence"] * PENNY,
            row["blocking_pence"] * PENNY,
            (row["vat_effect_pence"] or 0) * PENNY,
            row["suggested_remedy"],
        ]
        for row in found
    ]
    return Sheet("Exceptions", columns, rows, has_totals=True)


TRUTHS = {
    "truth_sent": "Sent",
    "truth_acknowledged": "Acknowledged",
    "truth_present": "Present",
    "truth_in_nominal": "In the nominal ledger",
    "truth_right": "Right",
}


def _postings(published: Published, scope: Scope) -> Sheet:
    """What was posted for the month's receipts and documents, each with its five truths as 1 or 0."""
    found = published.rows(
        f"""
        select * from ({POSTINGS}) as dated
        where business_date between $first and $last or (business_date is null and state not in {SETTLED})
        order by business_date nulls last, store_id, posting_key
        """,
        {"company": scope.company_id, "first": scope.date_from, "last": scope.date_to},
    )
    _must_fit("Postings", found)
    columns: tuple[tuple[str, Kind], ...] = (
        ("Posting", "text"),
        ("Store", "text"),
        ("Day", "day"),
        ("Receipt", "text"),
        ("Document", "text"),
        ("Remedy", "text"),
        ("State", "text"),
        ("URN", "text"),
        ("Gross", "money"),
        *((called, "count") for called in TRUTHS.values()),
    )
    rows = [
        [
            row["posting_key"],
            row["store_id"],
            row["business_date"],
            row["receipt_no"],
            words.kind(row["document_kind"]),
            row["remedy"],
            row["state"],
            str(row["urn"]) if row["urn"] is not None else None,
            (row["gross_pence"] or 0) * PENNY,
            *(int(bool(row[name])) for name in TRUTHS),
        ]
        for row in found
    ]
    return Sheet("Postings", columns, rows, has_totals=True)


def _sign_offs(signed: Sequence[closing.SignOff]) -> Sheet:
    columns: tuple[tuple[str, Kind], ...] = (
        ("Sign-off", "text"),
        ("Of", "text"),
        ("State", "text"),
        ("By", "text"),
        ("Role", "text"),
        ("At (UTC)", "moment"),
        ("Note", "text"),
        ("Publication", "text"),
        ("Figures", "text"),
        ("Chain event", "text"),
        ("Chain head", "text"),
        ("Open items", "text"),
        ("Taken back by", "text"),
        ("Because", "text"),
        ("Figures moved", "count"),
    )
    rows = [
        [
            str(each.sign_off_id),
            closing.named(each.scope),
            each.state,
            each.author,
            each.role,
            each.at,
            each.note,
            str(each.publication_number),
            each.figures_digest,
            str(each.chain_event_number),
            each.chain_head_hash,
            "; ".join(each.open_items),
            each.withdrawn_by,
            each.withdrawn_because,
            len(each.moved),
        ]
        for each in signed
    ]
    return Sheet("Sign-offs", columns, rows)


def _moved(signed: Sequence[closing.SignOff]) -> Sheet:
    """What suspends a sign-off: the figure that was signed and the figure now."""
    columns: tuple[tuple[str, Kind], ...] = (
        ("Sign-off", "text"),
        ("Store", "text"),
        ("Day", "day"),
        ("Figure", "text"),
        ("Signed", "money"),
        ("Now", "money"),
    )
    rows: list[list[Any]] = []
    for each in signed:
        for moved in each.moved:
            scale = PENNY if moved.is_money else 1
            rows.append(
                [
                    str(each.sign_off_id),
                    moved.store_id,
                    date.fromisoformat(moved.day),
                    FIGURES.get(moved.figure, moved.figure),
                    *(
                        _As("money" if moved.is_money else "count", None if value is None else value * scale)
                        for value in (moved.signed, moved.now)
                    ),
                ]
            )
    return Sheet("Moved figures", columns, rows)


def _must_fit(sheet: str, rows: Rows) -> None:
    if len(rows) >= MOST_SHEET_ROWS:
        raise OperationsError(
            f"{sheet} would have {len(rows):,} rows, a sheet of Excel holds {MOST_SHEET_ROWS:,}"
        )


# -- the workbook


def _written(sheets: Sequence[Sheet]) -> bytes:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {**EXCEL_OPTIONS, "in_memory": True}) as workbook:
        # a workbook's own clock would make two of the same content differ
        workbook.set_properties({"title": "Tillproof evidence pack", "created": datetime(2000, 1, 1)})  # noqa: DTZ001
        formats = {kind: workbook.add_format({"num_format": form}) for kind, form in FORMATS.items()}
        totals = {
            kind: workbook.add_format({"num_format": form, "bold": True, "top": 1})
            for kind, form in FORMATS.items()
        }
        bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        for sheet in sheets:
            _write_sheet(workbook, sheet, formats, totals, bold)
    return content.getvalue()


def _write_sheet(workbook: Any, sheet: Sheet, formats: Any, totals: Any, bold: Any) -> None:
    page = workbook.add_worksheet(sheet.name)
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    for column, (heading, kind) in enumerate(sheet.columns):
        longest = max((len(str(row[column])) for row in sheet.rows if kind == "text"), default=0)
        page.set_column(column, column, min(max(longest + 2, 12 if kind != "money" else 15), 60))
        write_cell(page, 0, column, heading, bold)
    for place, row in enumerate(sheet.rows, start=1):
        for column, value in enumerate(row):
            kind = sheet.columns[column][1]
            if isinstance(value, _As):
                kind, value = value.kind, value.value  # noqa: PLW2901
            shape = formats.get(kind)
            if isinstance(value, Formula):
                page.write_formula(place, column, value.text, shape, value.result)
            elif value is not None and value != "":
                write_cell(page, place, column, value, shape)
    if sheet.has_totals:
        _write_totals(page, sheet, totals, bold)


def _write_totals(page: Any, sheet: Sheet, totals: Any, bold: Any) -> None:
    """A last row that sums every column of money or counts."""
    place = len(sheet.rows) + 1
    write_cell(page, place, 0, "Total", bold)
    for column, (_, kind) in enumerate(sheet.columns):
        if kind in ("money", "count"):
            name = xl_col_to_name(column)
            summed = sum((row[column] for row in sheet.rows), start=Decimal(0) if kind == "money" else 0)
            # with no row above it, a sum of its own heading: a text, which counts for nothing
            text = f"=SUM({name}{2 if sheet.rows else 1}:{name}{max(place, 1)})"
            page.write_formula(place, column, text, totals[kind], summed)
