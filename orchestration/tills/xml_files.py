"""Tills that drop XML. Read as a stream; nothing is fetched and nothing expanded: a file with a DOCTYPE is
refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import pyarrow
from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from orchestration.landing_tables import RECEIPT_LINES, TENDERS
from orchestration.tills.delivery import Delivery, Refusal
from orchestration.tills.profile import DATED_BY, Profile, TableMap
from orchestration.tills.till import Reading, ReadRows
from orchestration.tills.typing_sql import typed_rows

_BATCH = 20_000
_CHUNK = 1 << 20


class XmlTill:
    """Reads XML; one `unit` element after the other."""

    def read(self, deliveries: Sequence[Delivery], reading: Reading) -> tuple[list[ReadRows], dict[int, str]]:
        """See `Till.read`. `source_row` counts row elements from the top of the file, of all tables
        together."""
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
    """Spool every row of a file. Raises Refusal; what was spooled of the file by then is taken out by the
    caller."""
    for spool in spools:
        spool.start_file()
    walk = _Walk(profile, delivery.number, spools, units)
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(walk)
    try:
        with delivery.path.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                parser.feed(chunk)
        parser.close()
    except SAXParseException as error:
        where = f"row {error.getLineNumber()}, column {(error.getColumnNumber() or 0) + 1}"
        raise Refusal(f"{where}: not well formed: {error.getMessage()}") from error
    except DefusedXmlException as error:
        why = "it has a DOCTYPE or entities; such a file may fetch or expand things and is never read"
        raise Refusal(f"row {parser.getLineNumber()}: {why}") from error
    except (LookupError, ValueError) as error:
        raise Refusal(f"row {parser.getLineNumber()}: cannot be read as XML: {error}") from error
    walk.check()
    for spool in spools:
        spool.check(walk.rows_of[spool.name], walk.found)


class _Walk(ContentHandler):
    """Walks one file; hands each row to its spool when its unit ends. Holds one unit at a time."""

    def __init__(self, profile: Profile, delivery_number: int, spools: list[_Spool], units: _Units):
        super().__init__()
        self._unit = profile.unit
        self._delivery_number = delivery_number
        self._units = units
        self._by_element: dict[str, list[_Spool]] = {}
        self._owners: dict[str, set[str]] = {}
        for spool in spools:
            self._by_element.setdefault(spool.table.element, []).append(spool)
            for place in spool.table.columns.values():
                owner, _, attribute = place.rpartition("@")
                if owner:
                    self._owners.setdefault(owner, set()).add(attribute)
        self._around: dict[str, str | None] = {}
        self._own: list[dict[str, str]] = []
        self._text: list[list[str]] = []
        self._rows: list[tuple[_Spool, int, tuple[str | None, ...]]] = []
        self._row = self._unit_number = 0
        self._elements: set[str] = set()
        self.found: set[str] = set()
        self.rows_of = dict.fromkeys((spool.name for spool in spools), 0)

    def check(self) -> None:
        """Nothing may be left over once the file is read. Raises Refusal."""
        if self._rows:
            row, spool = self._rows[0][1], self._rows[0][0]
            raise Refusal(f"row {row}: {spool.table.element} stands outside a {self._unit}")
        if not self._unit_number and len(self._elements) > 1:
            raise Refusal(f"there is no {self._unit} in it; found: {', '.join(sorted(self._elements))}")

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 - SAX calls it so
        tag = name.rpartition(":")[2]
        self._elements.add(tag)
        if tag in self._owners:
            for attribute in self._owners[tag]:
                self._around[f"{tag}@{attribute}"] = attrs.get(attribute)
        if tag in self._by_element:
            self._own.append({f"@{attribute}": value for attribute, value in attrs.items()})
        self._text.append([])

    def characters(self, content: str) -> None:
        self._text[-1].append(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - SAX calls it so
        tag = name.rpartition(":")[2]
        text = "".join(self._text.pop())
        if tag in self._by_element:
            said = self._own.pop()
            self.found.update(said)
            places = {**self._around, **said}
            for spool in self._by_element[tag]:
                self._row += 1
                self.rows_of[spool.name] += 1
                self._rows.append((spool, self._row, tuple(map(places.get, spool.places))))
        elif self._own and text.strip():
            self._own[-1][tag] = text.strip()
        if tag == self._unit:
            self._unit_number += 1
            self._units.add(self._delivery_number, self._unit_number, self._rows)
            for spool, row, cells in self._rows:
                spool.add(self._delivery_number, self._unit_number, row, cells)
            self._rows = []


class _Spool:
    """Rows of one landed table as text, in a temporary table."""

    def __init__(self, profile: Profile, table: TableMap, reading: Reading):
        self.profile = profile
        self.table = table
        self.name = reading.new_name("xml_text")
        self.columns = list(table.columns)
        self.places = list(table.columns.values())
        self._reading = reading
        self._rows: list[tuple[Any, ...]] = []
        self._empty: set[str] = set()
        texts = [(name, pyarrow.string()) for name in self.columns]
        numbers = [
            ("delivery_number", pyarrow.int32()),
            ("unit_number", pyarrow.int32()),
            ("source_row", pyarrow.int64()),
        ]
        self._schema = pyarrow.schema(numbers + texts)
        declared = ", ".join(f"{name} varchar" for name in self.columns)
        reading.connection.execute(
            f"create temp table {self.name} "
            f"(delivery_number integer, unit_number integer, source_row bigint, {declared})"
        )

    def start_file(self) -> None:
        """Until a row says otherwise, the file lacks every column."""
        self._empty = set(self.places)

    def add(
        self, delivery_number: int, unit_number: int, source_row: int, cells: tuple[str | None, ...]
    ) -> None:
        """Keep one row; `cells` in the order of `places`."""
        if self._empty:
            self._empty -= {place for place, cell in zip(self.places, cells, strict=True) if cell is not None}
        self._rows.append((delivery_number, unit_number, source_row, *cells))
        if len(self._rows) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand what was kept to DuckDB."""
        _insert(self._reading, self.name, self._schema, self._rows)
        self._rows = []

    def check(self, rows: int, found: set[str]) -> None:
        """Hold the file to the profile once it is read. Raises Refusal where no row has a column it must
        have."""
        if rows == 0:
            return
        missing = [place for place in self.table.headers if place in self._empty]
        if missing:
            known = {place for table in self.profile.tables for place in table.columns.values()}
            extra = sorted(found - known)
            unknown = f"; not in the profile: {', '.join(extra)}" if extra else ""
            raise Refusal(f"no {self.table.element} has {', '.join(missing)}{unknown}")

    def typed(self, units: _Units) -> ReadRows:
        """The rows typed, with their problems and the occurrence of their unit."""
        name = self._reading.new_name("xml_rows")
        cells = ", ".join(f"'{place}=' || {column}" for column, place in self.table.columns.items())
        typed = typed_rows(
            self.profile,
            self.table,
            {column: column for column in self.columns},
            self.name,
            "delivery_number, unit_number, source_row",
            f"concat_ws(' ', {cells})",
        )
        self._reading.connection.execute(
            f"""
            create temp table {name} as
            select typed.* exclude (unit_number), coalesce(repeated.occurrence, 1) as occurrence
            from ({typed}) as typed
            left join ({units.repeated()}) as repeated using (delivery_number, unit_number)
            """
        )
        self._reading.connection.execute(f"drop table {self.name}")
        return ReadRows(name, self.profile, self.table)


class _Units:
    """What each unit is called and a hash of what it says: two of one name are told apart in any order."""

    def __init__(self, reading: Reading):
        self._reading = reading
        self.name = reading.new_name("xml_units")
        self._rows: list[tuple[Any, ...]] = []
        self._schema = pyarrow.schema(
            [
                ("delivery_number", pyarrow.int32()),
                ("unit_number", pyarrow.int32()),
                ("identity", pyarrow.string()),
                ("content", pyarrow.string()),
            ]
        )
        reading.connection.execute(
            f"create temp table {self.name} "
            "(delivery_number integer, unit_number integer, identity varchar, content varchar)"
        )

    def add(
        self, delivery_number: int, unit_number: int, rows: list[tuple[_Spool, int, tuple[str | None, ...]]]
    ) -> None:
        """Name one unit by store, till, number and date as printed; only receipts have occurrences."""
        if not rows or rows[0][0].table.table not in (RECEIPT_LINES.name, TENDERS.name):
            return
        spool, _, cells = rows[0]
        first = dict(zip(spool.columns, cells, strict=True))
        named = [first.get(name) or "" for name in ("store_code", "till_code", "receipt_no")]
        dated = (first.get(DATED_BY[spool.table.table]) or "")[:10]
        said = sorted(map(str, (cells for _, _, cells in rows)))
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
