"""Tills that drop CSV. Files of one shape are read together by DuckDB, which keeps the rows it cannot
read."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pyarrow

from orchestration.tills.delivery import Delivery
from orchestration.tills.till import Reading, ReadRows
from orchestration.tills.typing_sql import literal, typed_rows

_LONGEST_ROW = 2_097_152
_MOST_CONTINUATIONS = 50
_NEWLINES = {"\n": "\\n", "\r\n": "\\r\\n", "\r": "\\r"}
_WHY = {
    "MISSING COLUMNS": "the row has fewer columns than the header",
    "TOO MANY COLUMNS": "the row has more columns than the header",
    "UNQUOTED VALUE": "a quote is opened and not closed, or closed too early",
    "INVALID ENCODING": "a byte is not UTF-8",
}
CUT_OFF = "the file ends without a line end: this row may be cut off"


class CsvTill:
    """Reads CSV; every file of one header in one call."""

    def read(self, deliveries: Sequence[Delivery], reading: Reading) -> tuple[list[ReadRows], dict[int, str]]:
        """See `Till.read`."""
        rows: list[ReadRows] = []
        refused: dict[int, str] = {}
        by_shape = sorted(deliveries, key=lambda delivery: (*_shape(delivery), delivery.number))
        for (header, _), alike in itertools.groupby(by_shape, key=_shape):
            files = [_File(delivery.read_path, delivery, 1) for delivery in alike]
            continued: dict[int, int] = {}
            while files:
                part, tails = _read_alike(header, files, reading, refused)
                rows.append(part)
                files = []
                for tail in tails:
                    count = continued[tail.delivery.number] = continued.get(tail.delivery.number, 0) + 1
                    if count > _MOST_CONTINUATIONS:
                        refused[tail.delivery.number] = (
                            f"row {tail.rows_before + 1}: too many quotes are not closed"
                        )
                    else:
                        files.append(tail)
        refused |= _unread(deliveries, rows, refused, reading)
        if refused:
            numbers = ", ".join(map(str, refused))
            rows = [
                reading.rewritten(part, f"from {part.name} where delivery_number not in ({numbers})")
                for part in rows
            ]
        return rows, refused


def _shape(delivery: Delivery) -> tuple[tuple[str, ...], str]:
    return delivery.header, delivery.newline


def _unread(
    deliveries: Sequence[Delivery], rows: list[ReadRows], refused: dict[int, str], reading: Reading
) -> dict[int, str]:
    """Files of which the reader silently left out lines: never believed. Quoted cells may hold line ends."""
    union = " union all ".join(f"select delivery_number from {part.name}" for part in rows)
    read = dict(
        reading.connection.execute(f"select delivery_number, count(*) from ({union}) group by 1").fetchall()
    )
    lost = {}
    for delivery in deliveries:
        if delivery.number in refused or delivery.has_quotes:
            continue
        if read.get(delivery.number, 0) < delivery.lines - 1:
            with delivery.read_path.open("r", encoding="utf-8-sig", newline=None) as opened:
                lines = sum(1 for line in opened if line.strip("\r\n"))
            if read.get(delivery.number, 0) != lines - 1:
                lost[delivery.number] = f"{read.get(delivery.number, 0)} rows could be read of {lines - 1}"
    return lost


class _File:
    """A file to read, or what follows an unclosed quote in one. `rows_before` counts the header and rows
    above."""

    def __init__(self, path: Path, delivery: Delivery, rows_before: int):
        self.path = path
        self.delivery = delivery
        self.rows_before = rows_before
        self.newline = delivery.newline

    @property
    def name(self) -> str:
        return self.path.as_posix()


def _read_alike(
    header: tuple[str, ...], files: list[_File], reading: Reading, refused: dict[int, str]
) -> tuple[ReadRows, list[_File]]:
    """Read files of one header into one table; hand back also what unclosed quotes swallowed, to be read by
    itself."""
    connection = reading.connection
    profile = files[0].delivery.profile
    assert profile is not None
    table = profile.tables[0]
    places = {cell.casefold(): f"cell_{place}" for place, cell in reversed(list(enumerate(header)))}
    cells = {
        name: places[cell.casefold()] for name, cell in table.columns.items() if cell.casefold() in places
    }
    printed = f"concat_ws({literal(profile.delimiter)}, {', '.join(f'cell_{i}' for i in range(len(header)))})"
    struct = ", ".join(f"'cell_{place}': 'varchar'" for place in range(len(header)))
    name, scans, errors = (reading.new_name(stem) for stem in ("csv_rows", "csv_scans", "csv_errors"))
    # where a row begins is plain to a thread that starts in the middle of a file, unless a quote may hold a line end
    connection.execute(f"set threads = {1 if any(file.delivery.has_quotes for file in files) else 2}")
    # rows lie in the order of the files, whichever thread read them: DuckDB keeps it, and their rowid tells it
    source = f"""
        read_csv(
            ?, auto_detect = false, header = false, skip = 1, columns = {{{struct}}},
            delim = {literal(profile.delimiter)}, quote = '"', escape = '"',
            new_line = {literal(_NEWLINES[files[0].newline])}, nullstr = '\\0',
            filename = true, hive_partitioning = false,
            max_line_size = {_LONGEST_ROW}, store_rejects = true, rejects_limit = 0,
            rejects_scan = {literal(scans)}, rejects_table = {literal(errors)}
        )
    """
    connection.execute(
        f"""
        create temp table {name}_typed as
        {typed_rows(profile, table, cells, source, "filename as read_path", printed)}
        """,
        [[file.name for file in files]],
    )
    told = pyarrow.table(
        {
            "read_path": [file.name for file in files],
            "delivery_number": pyarrow.array([file.delivery.number for file in files], pyarrow.int32()),
            "rows_before": pyarrow.array([file.rows_before for file in files], pyarrow.int64()),
            "last_line": pyarrow.array([_cut_off_line(file) for file in files], pyarrow.string()),
        }
    )
    connection.from_arrow(told).create_view("told", replace=True)
    connection.execute(
        f"""
        create temp table {name}_files as
        select told.*, first_row
        from told left join (select read_path, min(rowid) as first_row from {name}_typed group by read_path)
            using (read_path)
        """
    )
    tails = _rejected(name, (scans, errors), files, reading, refused)
    is_plain = connection.execute(
        f"""
        select not exists (select 1 from {name}_rejected)
            and not exists (select 1 from {name}_files where last_line is not null)
        """
    ).fetchone() == (True,)
    (_number_rows if is_plain else _place_rows)(name, reading)
    return ReadRows(name, profile, table), tails


def _cut_off_line(file: _File) -> str | None:
    """The last line of a file that should end with a line end and does not."""
    profile = file.delivery.profile
    if file.delivery.ends_with_newline or not profile or not profile.ends_with_newline:
        return None
    with file.path.open("rb") as opened:
        opened.seek(max(0, file.path.stat().st_size - 65_536))
        return opened.read().decode("utf-8", errors="replace").rsplit("\n", 1)[-1]


def _rejected(
    name: str, rejects: tuple[str, str], files: list[_File], reading: Reading, refused: dict[int, str]
) -> list[_File]:
    """Rows the reader could not split: one each in `<name>_rejected`, with how many printed rows each
    swallowed."""
    connection = reading.connection
    scans, errors = rejects
    connection.execute(
        f"""
        create temp table {name}_rejected as
        select scans.file_path as read_path, errors.line - 1 as place, min(errors.error_type) as error_type,
            trim(min(errors.csv_line), chr(10) || chr(13)) as raw_text,
            case min(errors.error_type)
                when 'UNQUOTED VALUE' then
                    1 + len(trim(min(errors.csv_line), chr(10) || chr(13)))
                    - len(replace(trim(min(errors.csv_line), chr(10) || chr(13)), chr(10), ''))
                else 1
            end as rows_swallowed
        from {errors} as errors
        inner join {scans} as scans on scans.scan_id = errors.scan_id and scans.file_id = errors.file_id
        group by all
        """
    )
    connection.execute(f"drop table {errors}; drop table {scans}")
    by_path = {file.name: file for file in files}
    tails = []
    swallowed = connection.execute(
        f"""
        select read_path, error_type, raw_text, place + coalesce(sum(rows_swallowed - 1) over (
            partition by read_path order by place rows between unbounded preceding and 1 preceding
        ), 0) as printed_place
        from {name}_rejected qualify rows_swallowed > 1 or error_type not in ({", ".join(map(literal, _WHY))})
        order by read_path, place
        """
    ).fetchall()
    for path, error_type, raw_text, place in swallowed:
        file = by_path[path]
        row = int(file.rows_before + place)
        if error_type not in _WHY:
            refused[file.delivery.number] = f"row {row}: cannot be read as CSV ({error_type.lower()})"
            continue
        target = reading.folder / f"{reading.new_name('tail')}.csv"
        with target.open("w", encoding="utf-8", newline="") as tail:
            tail.write(file.newline + raw_text.split("\n", 1)[1] + file.newline)
        tails.append(_File(target, file.delivery, row))
    return tails


def _number_rows(name: str, reading: Reading) -> None:
    """Give every row its place in the file, where all of it was read: as a view, for there is nothing to move."""
    reading.connection.execute(
        f"""
        create temp view {name} as
        select typed.* exclude (read_path), files.delivery_number,
            cast(typed.rowid - files.first_row + 1 + files.rows_before as bigint) as source_row,
            1 as occurrence
        from {name}_typed as typed
        inner join {name}_files as files on files.read_path = typed.read_path
        """
    )


def _place_rows(name: str, reading: Reading) -> None:
    """Give every row its place in the file as printed (the header is row 1; blank lines are not counted)."""
    whys = " ".join(f"when {literal(kind)} then {literal(why)}" for kind, why in _WHY.items())
    problem = "{'column_name': cast(null as varchar), 'reason': %s}"
    connection = reading.connection
    is_cut = "cut.last_line is not null and len(printed.problems) = 0"
    place, shifted = "typed.rowid - files.first_row + 1", ""
    rejected = connection.execute(f"select count(*) from {name}_rejected").fetchone()
    if rejected and rejected[0]:
        shifted = f"""
            asof left join shifts
                on typed.read_path = shifts.read_path and {place} >= shifts.first_after
        """
        place = f"{place} + coalesce(shifts.shift, 0)"
    connection.execute(
        f"""
        create temp table {name} as
        with shifts as (
            select read_path, place - row_number() over in_file + 1 as first_after,
                sum(rows_swallowed) over in_file as shift,
                place + sum(rows_swallowed - 1) over in_file - (rows_swallowed - 1) as printed_place,
                error_type, raw_text
            from {name}_rejected window in_file as (partition by read_path order by place)
        ),

        printed as (
            select typed.*, {place} as place
            from {name}_typed as typed
            inner join {name}_files as files on files.read_path = typed.read_path
            {shifted}
            union all by name
            select read_path, printed_place as place, raw_text,
                [{problem % f"case error_type {whys} end"}] as problems
            from shifts
        ),

        cut as (
            select read_path, max(printed.place) as place, any_value(files.last_line) as last_line
            from printed inner join {name}_files as files using (read_path)
            where files.last_line is not null
            group by read_path
        )

        select printed.* exclude (read_path, place) replace (
                case when {is_cut} then [{problem % literal(CUT_OFF)}] else printed.problems end as problems,
                case when {is_cut} then cut.last_line else printed.raw_text end as raw_text
            ),
            files.delivery_number, cast(printed.place + files.rows_before as bigint) as source_row,
            1 as occurrence
        from printed
        inner join {name}_files as files on files.read_path = printed.read_path
        left join cut on cut.read_path = printed.read_path and cut.place = printed.place
        """
    )
    for part in ("typed", "files", "rejected"):
        connection.execute(f"drop table {name}_{part}")
