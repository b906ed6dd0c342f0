"""The tables that Sage 50 exports, read as one: whole and consistent, or refused with file, row, column and reason.

A folder holds `AUDIT_HEADER.csv`, `AUDIT_SPLIT.csv`, `AUDIT_JOURNAL.csv`, `NOMINAL_LEDGER.csv`, `TAX_CODE.csv` and
`SALES_LEDGER.csv`, whatever the case of their names, taken at one moment while nobody posts. Columns are called as the
ODBC driver calls them, and may be more and in any order. Amounts are doubles there: a double's dust is brushed off,
anything else that is no whole penny is refused.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb

from orchestration.files import sql_path
from orchestration.ledgers.sage50_layout import KEY
from orchestration.ledgers.sage50_settings import DATE_FORMATS, Sage50Settings

Kind = Literal["text", "code", "int", "date", "money", "rate"]
SHOWN = 50


@dataclass(frozen=True)
class ExportColumn:
    """One column: Sage's name, ours, what it holds, and whether the table is of no use without it or its value."""

    heading: str
    name: str
    kind: Kind = "text"
    needed: bool = True
    filled: bool = False


@dataclass(frozen=True)
class ExportTable:
    """One exported table; `key` identifies its rows and `may_be_empty` says whether a company can have none."""

    file: str
    name: str
    columns: tuple[ExportColumn, ...]
    key: tuple[str, ...]
    may_be_empty: bool = False

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return f"{self.file}.csv"


_C = ExportColumn
_ROW = (
    _C("TRAN_NUMBER", "tran_number", "int", filled=True),
    _C("HEADER_NUMBER", "header_number", "int", filled=True),
)
_SPLIT = (*_ROW, _C("SPLIT_NUMBER", "split_number", "int", filled=True))
_SAID = (
    _C("TYPE", "type", "code", filled=True),
    _C("DATE", "transaction_date", "date", filled=True),
    _C("ACCOUNT_REF", "account_ref", "code"),
    _C("BANK_CODE", "bank_code", "code", needed=False),
    _C("INV_REF", "inv_ref"),
    _C("DETAILS", "details"),
    _C("USER_NAME", "user_name", needed=False),
    _C("DATE_ENTERED", "date_entered", "date", needed=False),
    _C("DELETED_FLAG", "deleted_flag", "int", filled=True),
)

TABLES: tuple[ExportTable, ...] = (
    ExportTable(
        "AUDIT_HEADER",
        "audit_headers",
        (
            *_ROW,
            _C("ITEM_COUNT", "item_count", "int", filled=True),
            *_SAID,
            _C("NET_AMOUNT", "net_amount", "money", filled=True),
            _C("TAX_AMOUNT", "tax_amount", "money", filled=True),
            _C("GROSS_AMOUNT", "gross_amount", "money", filled=True),
            _C("AMOUNT_PAID", "amount_paid", "money", needed=False),
            _C("OUTSTANDING", "outstanding", "money", needed=False),
            _C("DATE_BANK_RECONCILED", "date_bank_reconciled", "date", needed=False),
            _C("DATE_AMENDED", "date_amended", "date", needed=False),
            _C("USER_NAME_AMENDED", "user_name_amended", needed=False),
        ),
        ("header_number",),
        may_be_empty=True,
    ),
    ExportTable(
        "AUDIT_SPLIT",
        "audit_splits",
        (
            *_SPLIT,
            *_SAID,
            _C("NOMINAL_CODE", "nominal_code", "code", filled=True),
            _C("EXTRA_REF", "extra_ref"),
            _C("DEPT_NUMBER", "dept_number", "int", needed=False),
            _C("TAX_CODE", "tax_code", "code", filled=True),
            _C("NET_AMOUNT", "net_amount", "money", filled=True),
            _C("TAX_AMOUNT", "tax_amount", "money", filled=True),
            _C("GROSS_AMOUNT", "gross_amount", "money", filled=True),
            _C("VAT_RECONCILED_DATE", "vat_reconciled_date", "date", needed=False),
        ),
        ("header_number", "tran_number", "split_number"),
        may_be_empty=True,
    ),
    ExportTable(
        "AUDIT_JOURNAL",
        "audit_journals",
        (
            *_SPLIT,
            *_SAID,
            _C("NOMINAL_CODE", "nominal_code", "code", filled=True),
            _C("AMOUNT", "amount", "money", filled=True),
        ),
        (),  # Sage's own key is not confirmed: equal lines are counted
        may_be_empty=True,
    ),
    ExportTable(
        "NOMINAL_LEDGER",
        "nominal_ledger",
        (
            _C("ACCOUNT_REF", "account_ref", "code", filled=True),
            _C("NAME", "name"),
            _C("ACCOUNT_TYPE", "account_type", "int", needed=False),
            _C("INACTIVE_FLAG", "inactive_flag", "int", filled=True),
        ),
        ("account_ref",),
    ),
    ExportTable(
        "TAX_CODE",
        "tax_codes",
        (
            _C("TAX_CODE", "tax_code", "code", filled=True),
            _C("DESCRIPTION", "description", needed=False),
            _C("TAX_RATE", "tax_rate", "rate", filled=True),
        ),
        ("tax_code",),
    ),
    ExportTable(
        "SALES_LEDGER",
        "sales_ledger",
        (
            _C("ACCOUNT_REF", "account_ref", "code", filled=True),
            _C("NAME", "name"),
            _C("BALANCE", "balance", "money", needed=False),
            _C("ACCOUNT_ON_HOLD", "account_on_hold", "int", needed=False),
            _C("INACTIVE_FLAG", "inactive_flag", "int", needed=False),
        ),
        ("account_ref",),
    ),
)
BY_NAME = {table.name: table for table in TABLES}
TYPES_IN_SQL = {
    "text": "varchar",
    "code": "varchar",
    "int": "bigint",
    "date": "date",
    "money": "decimal(18,2)",
    "rate": "decimal(6,3)",
}


@dataclass(frozen=True)
class ExportProblem:
    """One thing wrong with an export. `row` as a spreadsheet numbers it; 0 is the file as a whole."""

    file: str
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = [self.file, *([f"row {self.row}"] if self.row else [])]
        return f"{', '.join([*place, *([f'column {self.column}'] if self.column else [])])}: {self.reason}"


class ExportRefusedError(Exception):
    """The export cannot be believed: nothing of it was taken, and what was known before still stands."""

    def __init__(self, problems: list[ExportProblem], more: int = 0):
        self.problems = problems
        said = "; ".join(str(problem) for problem in problems[:5])
        rest = len(problems) - 5 + more
        super().__init__(f"the Sage 50 export is refused: {said}{f' (and {rest} more)' if rest > 0 else ''}")


@dataclass
class Sage50Export:
    """An export that holds together: its typed tables in a DuckDB of its own, each row with its place in the file.

    `exported_at` is when the oldest file was written, UTC without a zone; `digest` identifies the content.
    """

    folder: Path
    connection: duckdb.DuckDBPyConnection
    exported_at: datetime
    digest: str
    rows: dict[str, int] = field(default_factory=dict)


@contextmanager
def open_export(folder: Path, settings: Sage50Settings) -> Iterator[Sage50Export]:
    """Read the tables of a folder. Raises ExportRefusedError with everything that is wrong."""
    with duckdb.connect() as connection, TemporaryDirectory() as work:
        yield _Reading(folder, settings, connection, Path(work)).run()


class _Reading:
    def __init__(
        self, folder: Path, settings: Sage50Settings, connection: duckdb.DuckDBPyConnection, work: Path
    ):
        self._folder, self._settings, self._connection, self._work = folder, settings, connection, work
        self._problems: list[ExportProblem] = []
        self._more = 0

    def run(self) -> Sage50Export:
        files = self._files()
        self._stop_where_wrong()
        rows, digests = {}, hashlib.sha256()
        for table in TABLES:
            content = files[table.name].read_bytes()
            digests.update(hashlib.sha256(content).digest())
            if self._load(table, content):
                rows[table.name] = self._type(table)
        self._stop_where_wrong()
        self._hold_together()
        self._stop_where_wrong()
        for query in DOCUMENTS:
            self._connection.execute(query)
        oldest = min(file.stat().st_mtime for file in files.values())
        taken = datetime.fromtimestamp(oldest, UTC).replace(tzinfo=None, microsecond=0)
        return Sage50Export(self._folder, self._connection, taken, digests.hexdigest(), rows)

    def _stop_where_wrong(self) -> None:
        if self._problems:
            raise ExportRefusedError(self._problems, self._more)

    def _wrong(self, table: ExportTable, row: int, column: str, reason: str) -> None:
        self._problems.append(ExportProblem(table.file_name, row, column, reason))

    def _files(self) -> dict[str, Path]:
        if not self._folder.is_dir():
            words = "there is no such folder: export Sage's tables into it"
            raise ExportRefusedError([ExportProblem(str(self._folder), 0, "", words)])
        there = {file.name.casefold(): file for file in self._folder.iterdir() if file.is_file()}
        found = {}
        for table in TABLES:
            file = there.get(table.file_name.casefold())
            if file is None:
                self._wrong(table, 0, "", f"it is not in {self._folder}")
            else:
                found[table.name] = file
        return found

    # one file

    def _load(self, table: ExportTable, content: bytes) -> bool:
        """The cells as text in `raw_<table>`, by our names; False where the file cannot be read as a table."""
        text = self._decoded(table, content)
        if text is None:
            return False
        reader = csv.reader(io.StringIO(text[: 1 << 20], newline=""))
        headings = [cell.strip().upper() for cell in next(reader, [])]
        wanted = {column.heading for column in table.columns}
        missing = [c.heading for c in table.columns if c.needed and c.heading not in headings]
        twice = sorted({name for name in headings if headings.count(name) > 1 and name in wanted})
        if missing or twice:
            for name in missing:
                self._wrong(table, 1, name, "the column is not there")
            for name in twice:
                self._wrong(table, 1, name, "the column is there more than once")
            return False
        file = self._work / table.file_name
        file.write_text(text, encoding="utf-8", newline="")
        names = ", ".join(f"'c{place}': 'varchar'" for place in range(len(headings)))
        self._connection.execute("set preserve_insertion_order = true")
        self._connection.execute(
            f"""
            create table cells as
            select *, row_number() over () as source_row from read_csv(
                '{sql_path(file)}', delim = ',', quote = '"', escape = '"', header = false, skip = 0,
                columns = {{{names}}}, auto_detect = false, parallel = false, strict_mode = true,
                ignore_errors = true, store_rejects = true, rejects_table = 'rejected',
                rejects_scan = 'rejected_scans', null_padding = false, max_line_size = 10000000
            )
            """
        )
        rejected = self._connection.execute(
            "select line, any_value(error_message) from rejected group by line order by line"
        ).fetchall()
        for line, message in rejected[:SHOWN]:
            self._wrong(table, int(line), "", _rejection(str(message)))
        self._more += max(0, len(rejected) - SHOWN)
        self._connection.execute("drop table rejected; drop table rejected_scans")
        chosen = ", ".join(
            f"nullif(trim(c{headings.index(column.heading)}), '') as {column.name}"
            if column.heading in headings
            else f"cast(null as varchar) as {column.name}"
            for column in table.columns
        )
        self._connection.execute(
            f"create table raw_{table.name} as select {chosen}, source_row from cells where source_row > 1"
        )
        self._connection.execute("drop table cells")
        return not rejected

    def _decoded(self, table: ExportTable, content: bytes) -> str | None:
        try:
            return content.decode("utf-8-sig")  # plain ASCII too
        except UnicodeDecodeError:
            pass
        try:
            return content.decode(self._settings.export_encoding)
        except UnicodeDecodeError as error:
            row = content[: error.start].count(b"\n") + 1
            words = (
                f"the byte 0x{content[error.start]:02X} is neither UTF-8 nor {self._settings.export_encoding}"
            )
            self._wrong(table, row, "", words)
            return None

    def _type(self, table: ExportTable) -> int:
        """The typed table from its cells, with every cell that its type cannot hold told."""
        typed = {column.name: self._typed(column) for column in table.columns}
        doubts = []
        for column in table.columns:
            said = f"'{column.heading}'"
            reason = f"'''' || {column.name} || ''' is no {_PLAINLY[column.kind]}'"
            doubts.append(
                f"select source_row, {said} as heading, {reason} as reason from raw_{table.name}"
                f" where {column.name} is not null and {typed[column.name]} is null"
            )
            if column.filled:
                doubts.append(
                    f"select source_row, {said}, 'it is empty' from raw_{table.name} where {column.name} is null"
                )
        if table.key:
            key = ", ".join(table.key)
            heading = next(c.heading for c in table.columns if c.name == table.key[-1])
            doubts.append(
                f"select source_row, '{heading}', 'row ' || first_row || ' has the same ' from ("
                f"select source_row, min(source_row) over (partition by {key}) as first_row from raw_{table.name}"
                f" where {' and '.join(f'{name} is not null' for name in table.key)}"
                ") where source_row <> first_row"
            )
        self._tell(table, " union all ".join(doubts))
        listed = ", ".join(f"{expression} as {name}" for name, expression in typed.items())
        self._connection.execute(
            f"create table {table.name} as select {listed}, cast(source_row as bigint) as source_row"
            f" from raw_{table.name}"
        )
        self._connection.execute(f"drop table raw_{table.name}")
        counted = self._connection.execute(f"select count(*) from {table.name}").fetchone()
        count = int(counted[0]) if counted else 0
        if not count and not table.may_be_empty:
            self._wrong(table, 0, "", "it has no rows: was the export cut short?")
        return count

    def _typed(self, column: ExportColumn) -> str:
        name = column.name
        match column.kind:
            case "int":
                return f"try_cast({name} as bigint)"
            case "date":
                format_ = DATE_FORMATS[self._settings.export_date_format]
                day = f"regexp_extract({name}, '^(.{{10}})([ T].*)?$', 1)"
                return f"cast(try_strptime({day}, '{format_}') as date)"
            case "money":
                exact = f"try_cast({name} as decimal(28,10))"
                near = f"abs({exact} - round({exact}, 2)) < 0.00001"
                return f"case when {near} then cast(round({exact}, 2) as decimal(18,2)) end"
            case "rate":
                return f"cast(round(try_cast({name} as decimal(28,10)), 3) as decimal(6,3))"
            case _:
                return name

    def _tell(self, table: ExportTable, query: str) -> None:
        found = self._connection.execute(f"select * from ({query}) order by all limit 100000").fetchall()
        for row, heading, reason in found[:SHOWN]:
            self._wrong(table, int(row), heading, reason)
        self._more += max(0, len(found) - SHOWN)

    # the tables together

    def _hold_together(self) -> None:
        """Files of one moment fit each other; of two moments, or cut short, they do not."""
        moment = "were the files exported at one moment?"
        for name in ("audit_splits", "audit_journals"):
            self._tell(
                BY_NAME[name],
                f"select lines.source_row, 'HEADER_NUMBER', 'AUDIT_HEADER.csv has no header ' || lines.header_number"
                f" || ': {moment}' from {name} as lines"
                " anti join audit_headers using (header_number)",
            )
            self._tell(
                BY_NAME[name],
                f"select lines.source_row, 'NOMINAL_CODE', 'NOMINAL_LEDGER.csv has no account ' || lines.nominal_code"
                f" || ': {moment}' from {name} as lines"
                " anti join nominal_ledger on lines.nominal_code = nominal_ledger.account_ref",
            )
        self._tell(
            BY_NAME["audit_headers"],
            "select headers.source_row, 'ITEM_COUNT', 'it says ' || headers.item_count || ' splits, AUDIT_SPLIT.csv"
            f" has ' || coalesce(counted.splits, 0) || ': {moment}' from audit_headers as headers left join ("
            "select header_number, count(*) as splits from audit_splits group by header_number"
            ") as counted using (header_number) where headers.item_count <> coalesce(counted.splits, 0)",
        )
        self._tell(
            BY_NAME["audit_headers"],
            "select headers.source_row, 'NET_AMOUNT', 'its splits make ' || counted.net_amount || ' and '"
            " || counted.tax_amount || ' tax' from audit_headers as headers inner join ("
            "select header_number, sum(net_amount) as net_amount, sum(tax_amount) as tax_amount"
            " from audit_splits group by header_number) as counted using (header_number)"
            " where headers.type not in ('JD', 'JC')"  # how a journal's header is signed is not confirmed
            " and (headers.net_amount <> counted.net_amount or headers.tax_amount <> counted.tax_amount)",
        )
        self._tell(
            BY_NAME["audit_journals"],
            "select min(source_row), 'AMOUNT', 'header ' || header_number || ' is out of balance by ' || sum(amount)"
            " from audit_journals where deleted_flag = 0 group by header_number having sum(amount) <> 0",
        )


# An import makes a header for each row, or one for all rows of an account, date and reference; a document of ours is
# neither, it is the rows of one type that carry its key. Another's document is the rows of one type, account, date and
# references, or the header where it has none. A header or a row that is there twice belongs to two documents.
DOCUMENTS = (
    f"""
    create table keyed as
    select header_number, tran_number, split_number,
        case when regexp_full_match(extra_ref, '{KEY.pattern}') then extra_ref
            when regexp_full_match(inv_ref, '{KEY.pattern}') then inv_ref end as posting_key
    from audit_splits
    """,
    """
    create table headers_signed as
    select header_number,
        list_sort(list({n: nominal_code, t: tax_code, p: net_amount, v: tax_amount, d: details})) as signature,
        min(extra_ref) as extra_ref
    from audit_splits group by header_number
    """,
    """
    create table headers_counted as
    select headers.header_number, headers.type, headers.account_ref, headers.bank_code, headers.transaction_date,
        headers.inv_ref, headers_signed.extra_ref,
        row_number() over (
            partition by deleted_flag, type, account_ref, bank_code, transaction_date, inv_ref, extra_ref, signature
            order by header_number
        ) as copy_no
    from audit_headers as headers inner join headers_signed using (header_number)
    """,
    """
    create table splits_named as
    select splits.header_number, splits.tran_number, splits.split_number, keyed.posting_key,
        case when keyed.posting_key is not null then
            struct_pack(a := 'key', b := concat_ws('|', splits.deleted_flag, splits.type, keyed.posting_key))
        when coalesce(counted.inv_ref, counted.extra_ref) is not null then
            struct_pack(a := 'reference', b := concat_ws('|', splits.deleted_flag, counted.type,
                coalesce(counted.account_ref, ''), coalesce(counted.bank_code, ''), counted.transaction_date,
                coalesce(counted.inv_ref, ''), coalesce(counted.extra_ref, '')))
        else struct_pack(a := 'header', b := cast(splits.header_number as varchar)) end as document,
        case when keyed.posting_key is not null then row_number() over (
            partition by keyed.posting_key, splits.deleted_flag, splits.type, splits.nominal_code, splits.tax_code,
                splits.net_amount, splits.tax_amount
            order by splits.tran_number, splits.split_number
        ) else counted.copy_no end as copy_no
    from audit_splits as splits
    inner join keyed using (header_number, tran_number, split_number)
    inner join headers_counted as counted using (header_number)
    """,
    """
    create or replace table audit_splits as
    select splits.*, min(named.tran_number) over (partition by named.document, named.copy_no) as document_tran,
        named.posting_key
    from audit_splits as splits inner join splits_named as named using (header_number, tran_number, split_number)
    """,
    """
    create or replace table audit_journals as
    with of_rows as (
        select header_number, tran_number, min(document_tran) as document_tran from audit_splits
        group by header_number, tran_number
    ),
    of_headers as (
        select header_number, min(document_tran) as document_tran from audit_splits group by header_number
    )
    select lines.*, coalesce(of_rows.document_tran, of_headers.document_tran, lines.tran_number) as document_tran
    from audit_journals as lines
    left join of_rows using (header_number, tran_number)
    left join of_headers using (header_number)
    """,
)

_PLAINLY = {
    "int": "whole number",
    "date": "date in the format of the setting export_date_format",
    "money": "amount in whole pence",
    "rate": "rate",
    "text": "text",
    "code": "text",
}


def _rejection(message: str) -> str:
    """DuckDB's reason, in one line."""
    first = message.splitlines()[0]
    if "Expected Number of Columns" in message or "columns" in message.lower():
        return "it has more or fewer cells than the first row"
    return first
