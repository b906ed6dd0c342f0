"""The audit-trail import file itself: rows to bytes and back, cell by cell. It knows the layout and no rule.

No blank after a comma, `DD/MM/YYYY`, two decimals, no thousands separator, no currency sign, no byte-order mark,
Windows lines, Windows-1252 or less (sage50 reference: pySage50, splitforge).
"""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from orchestration.ledgers.sage50_layout import BY_NAME, COLUMNS, NOT_IMPORTED, TYPES
from orchestration.ledgers.sage50_settings import DATE_FORMATS, Sage50Settings


@dataclass(frozen=True)
class ImportRow:
    """One row of an import file, that is one split. Money in whole pence, positive: the type gives the direction."""

    type: str
    account: str
    nominal: str
    date: date
    reference: str
    details: str
    net_pence: int
    tax_code: int
    tax_pence: int
    extra_reference: str = ""
    department: int = 0
    user_name: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a row would not go in: the row as a spreadsheet numbers it (0: the file), its column, and the reason."""

    row: int
    column: str
    reason: str
    rule: str

    def __str__(self) -> str:
        place = f"row {self.row}" if self.row else "the file"
        return f"{place}, column {self.column}: {self.reason}" if self.column else f"{place}: {self.reason}"


@dataclass(frozen=True)
class RawRow:
    """One row as it stands in a file: its number as a spreadsheet shows it, and its cells by column name."""

    row: int
    cells: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def digest_of(content: bytes) -> str:
    """What identifies a file, whatever it is called: SHA-256."""
    return hashlib.sha256(content).hexdigest()


def plain(text: str, settings: Sage50Settings, length: int) -> str:
    """Free text as an import file can hold it: no quotes, no breaks, nothing the encoding lacks, cut to its width."""
    said = " ".join(text.replace('"', "'").split())
    kept = []
    for sign in said:
        try:
            sign.encode(settings.encoding)
            kept.append(sign)
        except UnicodeEncodeError:
            folded = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
            kept.append(folded or "?")
    return "".join(kept)[:length].strip()


def write(rows: Sequence[ImportRow], settings: Sage50Settings) -> bytes:
    """The file. ValueError for a code that the encoding lacks: a code is never mended."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    if settings.has_header_row:
        writer.writerow([column.heading for column in COLUMNS])
    writer.writerows(_cells(row, settings) for row in rows)
    try:
        return written.getvalue().encode(settings.encoding)
    except UnicodeEncodeError as error:
        raise ValueError(f"{error.object[error.start]!r} is not in {settings.encoding}") from error


def _cells(row: ImportRow, settings: Sage50Settings) -> list[str]:
    return [
        row.type,
        row.account,
        row.nominal,
        str(row.department),
        row.date.strftime(DATE_FORMATS[settings.date_format]),
        plain(row.reference, settings, settings.reference_length),
        plain(row.details, settings, BY_NAME["details"].length),
        amount(row.net_pence),
        f"T{row.tax_code}",
        amount(row.tax_pence),
        "1",
        row.extra_reference,
        row.user_name,
        "",
        "",
    ]


def amount(pence: int) -> str:
    """Whole pence as Sage reads them: 1234.50."""
    sign = "-" if pence < 0 else ""
    return f"{sign}{abs(pence) // 100}.{abs(pence) % 100:02d}"


def pence_of(text: str) -> int | None:
    """The pence of such a cell; None where it is none."""
    whole, point, part = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or (point and not (part.isascii() and part.isdigit())):
        return None
    return int(whole) * 100 + int(part.ljust(2, "0")) if len(part) <= 2 else None


def date_of(text: str, settings: Sage50Settings) -> date | None:
    """The date of a cell in the format of the settings; None where it is none."""
    try:
        found = datetime.strptime(text, DATE_FORMATS[settings.date_format]).date()  # noqa: DTZ007  a day
    except ValueError:
        return None
    # strptime also takes 1/2/11, which Sage may read another way
    return found if found.strftime(DATE_FORMATS[settings.date_format]) == text else None


def read(content: bytes, settings: Sage50Settings) -> tuple[list[RawRow], list[Refusal]]:
    """A file as it stands, and what keeps it from being read as one. Cells come back exactly as written."""
    text, refusals = _decoded(content, settings)
    rows: list[RawRow] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            row = reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if settings.has_header_row and row == 1:
                refusals += _header_refusals(cells)
                continue
            if len(cells) > len(COLUMNS):
                words = f"it has {len(cells)} cells, the layout {len(COLUMNS)}: is there a comma too many?"
                refusals.append(Refusal(row, "", words, "layout"))
            named = zip((column.name for column in COLUMNS), cells, strict=False)
            rows.append(RawRow(row, dict(named)))
    except csv.Error as error:
        refusals.append(Refusal(reader.line_num, "", f"it is no CSV: {error}", "layout"))
    if not rows:
        refusals.append(Refusal(0, "", "it holds no transaction", "layout"))
    return rows, refusals


def _header_refusals(cells: Iterable[str]) -> list[Refusal]:
    """Sage's screen maps columns by these texts; in another order the amounts would go astray."""
    cells = [cell.strip() for cell in cells]
    if cells[0] in TYPES or cells[0] in NOT_IMPORTED:
        words = "it is a transaction and not the column names, which has_header_row says come first"
        return [Refusal(1, "", words, "layout")]
    return [
        Refusal(1, column.heading, f"the column is called {cell!r}", "layout")
        for column, cell in zip(COLUMNS, cells, strict=False)
        if cell != column.heading
    ]


def _decoded(content: bytes, settings: Sage50Settings) -> tuple[str, list[Refusal]]:
    if content.startswith(b"\xef\xbb\xbf"):
        words = "it begins with a UTF-8 mark, which Sage takes for text: save it as plain CSV"
        return content[3:].decode("utf-8", "replace"), [Refusal(1, "", words, "encoding")]
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        sign = content[error.start]
    else:
        return text, []
    try:
        as_utf8 = content.decode("utf-8")
    except UnicodeDecodeError:
        as_utf8 = ""
    if as_utf8:
        words = "it is UTF-8, of which Sage makes other signs: save it as ANSI (Windows-1252)"
        return as_utf8, [Refusal(row, "", words, "encoding")]
    try:
        return content.decode(settings.encoding), []
    except UnicodeDecodeError:
        words = f"the byte 0x{sign:02X} is not {settings.encoding}"
        return content.decode("windows-1252", "replace"), [Refusal(row, "", words, "encoding")]
