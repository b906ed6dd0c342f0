"""Tills that drop XML. Read as a stream; nothing is fetched and nothing expanded: a file with a DOCTYPE is
refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import pyarrow
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from orchestration.landing_tables import RECEIPT_LINES, TENDERS
from orchestration.tills.delivery import Delivery, Refusal
from orchestration.tills.profile import DATED_BY, MUST_BE_FILLED, Profile, TableMap
from orchestration.tills.till import Reading, ReadRows
from orchestration.tills.typing_sql import typed_columns

_BATCH = 20_000
Cells = dict[str, str | None]
Find = Callable[[Element, list[Element]], str | None]


class XmlTill:
    """Reads XML; one `unit` element after the other."""

    def read(self, deliveries: Sequence[Delivery], reading: Reading) -> tuple[list[ReadRows], dict[int, str]]:
        """See `Till.read`. `source_row` counts row elements from the top of the file, of all tables together."""
        profile = deliveries[0].profile
        assert profile is not None
        spools = [_Spool(profile, table, reading) for table in profile.tables]
        units = _Units(reading)
        refused: dict[int, str] = {}
        for delivery in deliveries:
            try:
                _read_file(profile, delivery, spools, units)
            except Refusal as refusal:
                refused[delivery.number] = str(refusal)
            for spool in spools:
                spool.flush()
            units.flush()
        for name in (*(spool.name for spool in spools), units.name):
            for number in refused:
                reading.connection.execute(f"delete from {name} where delivery_number = ?", [number])
        return [spool.typed(units) for spool in spools], refused


def _read_file(profile: Profile, delivery: Delivery, spools: list[_Spool], units: _Units) -> None:
    """Spool every row of a file. Raises Refusal; what was spooled of the file by then is taken out by the caller."""
    by_element: dict[str, list[_Spool]] = {}
    for spool in spools:
        by_element.setdefault(spool.table.element, []).append(spool)
        spool.start_file()
    path: list[Element] = []
    row = unit_number = 0
    found: set[str] = set()
    rows: list[tuple[_Spool, int, Cells]] = []
    try:
        for event, element in _events(delivery):
            tag = _plain(element.tag)
            if event == "start":
                path.append(element)
                continue
            path.pop()
            for spool in by_element.get(tag, ()):
                row += 1
                rows.append((spool, row, spool.cells(element, path)))
                found.update(f"@{_plain(name)}" for name in element.attrib)
            if tag == profile.unit:
                unit_number += 1
                units.add(delivery.number, unit_number, rows)
                for spool, place, cells in rows:
                    spool.add(delivery.number, unit_number, place, cells)
                rows = []
                element.clear()
                if path:
                    path[-1].remove(element)
    except ParseError as error:
        line, column = error.position
        raise Refusal(
            f"row {line}, column {column + 1}: not well formed: {str(error).split(':')[0]}"
        ) from error
    except DefusedXmlException as error:
        why = "it has a DOCTYPE or entities; such a file may fetch or expand things and is never read"
        raise Refusal(f"row 1: {why}") from error
    except (LookupError, ValueError) as error:
        raise Refusal(f"row 1: cannot be read as XML: {error}") from error
    for spool in spools:
        spool.check(row, found, profile)


def _events(delivery: Delivery) -> Iterator[tuple[str, Element]]:
    with delivery.path.open("rb") as opened:
        yield from iterparse(opened, events=("start", "end"), forbid_dtd=True)


def _plain(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def _finder(place: str) -> Find:
    """How a profile's place is found: `@x` of the row, `Parent@x`, or the text of the row's child `Name`."""
    if "@" not in place:
        return lambda element, path: next(
            ("".join(child.itertext()) for child in element if _plain(child.tag) == place), None
        )
    owner, attribute = place.split("@", 1)
    if not owner:
        return lambda element, path: element.get(attribute)

    def around(element: Element, path: list[Element]) -> str | None:
        return next((one.get(attribute) for one in reversed(path) if _plain(one.tag) == owner), None)

    return around


class _Spool:
    """Rows of one landed table as text, in a temporary table."""

    def __init__(self, profile: Profile, table: TableMap, reading: Reading):
        self.profile = profile
        self.table = table
        self._reading = reading
        self.name = reading.new_name("xml_text")
        self._finders = {name: _finder(place) for name, place in table.columns.items()}
        self._rows: list[tuple[Any, ...]] = []
        self._filled: set[str] = set()
        self._columns = ["delivery_number", "unit_number", "source_row", *self._finders]
        types = ["integer", "integer", "bigint", *(["varchar"] * len(self._finders))]
        self._schema = pyarrow.schema(
            [
                (name, {"integer": pyarrow.int32(), "bigint": pyarrow.int64()}.get(type_, pyarrow.string()))
                for name, type_ in zip(self._columns, types, strict=True)
            ]
        )
        declared = ", ".join(f"{name} {type_}" for name, type_ in zip(self._columns, types, strict=True))
        reading.connection.execute(f"create temp table {self.name} ({declared})")

    def start_file(self) -> None:
        """Forget which columns the file before had."""
        self._filled = set()

    def cells(self, element: Element, path: list[Element]) -> Cells:
        """The text of every column of one row element."""
        return {name: find(element, path) for name, find in self._finders.items()}

    def add(self, delivery_number: int, unit_number: int, source_row: int, cells: Cells) -> None:
        """Keep one row."""
        if len(self._filled) < len(self._finders):
            self._filled.update(name for name, cell in cells.items() if cell is not None)
        self._rows.append((delivery_number, unit_number, source_row, *cells.values()))
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand what was kept to DuckDB."""
        _insert(self._reading, self.name, self._schema, self._rows)
        self._rows = []

    def check(self, rows: int, found: set[str], profile: Profile) -> None:
        """Hold the file to the profile once it is read. Raises Refusal where no row has a column it must have."""
        if rows == 0 or not self._filled:
            if rows == 0 and self.table is profile.tables[0]:
                raise Refusal(f"row 1: there is no {self.table.element} inside a {profile.unit}")
            return
        needed = [name for name in self.table.columns if name not in self.table.optional]
        missing = [self.table.columns[name] for name in needed if name not in self._filled]
        if missing:
            known = {place for table in profile.tables for place in table.columns.values()}
            extra = sorted(found - known)
            unknown = f"; not in the profile: {', '.join(extra)}" if extra else ""
            raise Refusal(f"no {self.table.element} has {', '.join(missing)}{unknown}")

    def typed(self, units: _Units) -> ReadRows:
        """The rows typed, with their problems and the occurrence of their unit."""
        name = self._reading.new_name("xml_rows")
        columns, problems = typed_columns(
            self.profile, self.table, {column: column for column in self._finders}
        )
        cells = ", ".join(f"'{place}=' || {column}" for column, place in self.table.columns.items())
        self._reading.connection.execute(
            f"""
            create temp table {name} as
            select delivery_number, unit_number, source_row, {", ".join(columns)}, problems,
                case when len(problems) > 0 then concat_ws(' ', {cells}) end as raw_text,
                coalesce(repeated.occurrence, 1) as occurrence
            from (select *, {problems} as problems from {self.name}) as printed
            left join ({units.repeated()}) as repeated using (delivery_number, unit_number)
            """
        )
        self._reading.connection.execute(f"drop table {self.name}")
        return ReadRows(name, self.profile, self.table)


class _Units:
    """What each unit is called and a hash of all it says, so that two of one name are told apart whatever their order."""

    def __init__(self, reading: Reading):
        self._reading = reading
        self.name = reading.new_name("xml_units")
        self._rows: list[tuple[Any, ...]] = []
        self._schema = pyarrow.schema(
            [("delivery_number", pyarrow.int32()), ("unit_number", pyarrow.int32())]
            + [("identity", pyarrow.string()), ("content", pyarrow.string())]
        )
        reading.connection.execute(
            f"create temp table {self.name} "
            "(delivery_number integer, unit_number integer, identity varchar, content varchar)"
        )

    def add(self, delivery_number: int, unit_number: int, rows: list[tuple[_Spool, int, Cells]]) -> None:
        """Name one unit by store, till, number and date as printed; only receipts have occurrences."""
        if not rows or rows[0][0].table.table not in (RECEIPT_LINES.name, TENDERS.name):
            return
        spool, _, first = rows[0]
        named = [first.get(name) or "" for name in ("store_code", "till_code", "receipt_no")]
        dated = (first.get(DATED_BY[spool.table.table]) or "")[:10]
        said = sorted("\x1f".join(f"{place}" for place in cells.values()) for _, _, cells in rows)
        content = hashlib.md5("\x1e".join(said).encode(), usedforsecurity=False).hexdigest()
        self._rows.append((delivery_number, unit_number, "\x1f".join([*named, dated]), content))
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand what was kept to DuckDB."""
        _insert(self._reading, self.name, self._schema, self._rows)
        self._rows = []

    def repeated(self) -> str:
        """SQL: the occurrence of each unit whose name is in its delivery more than once."""
        return f"""
            select delivery_number, unit_number, cast(row_number() over (
                partition by delivery_number, identity order by content, unit_number
            ) as integer) as occurrence
            from {self.name} qualify count(*) over (partition by delivery_number, identity) > 1
        """


def _insert(reading: Reading, table: str, schema: pyarrow.Schema, rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns = [
        pyarrow.array(column, field.type)
        for column, field in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    batch = pyarrow.Table.from_arrays(columns, schema=schema)
    reading.connection.from_arrow(batch).insert_into(f"temp.{table}")
