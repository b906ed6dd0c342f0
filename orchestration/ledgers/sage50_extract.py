"""What Sage 50 holds, landed: a complete export replaces what was known, and what vanished gets a tombstone.

An export that does not hold together lands nothing. Nor does one that lacks a good part of what was there before: that
is an export cut short, or an audit trail that was cleared, and `cleared_to` says which rows an export may lack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa

from orchestration.landing import Landed, Landing, Window
from orchestration.landing_tables import SAGE50_TABLES, TableSpec, arrow_schema
from orchestration.ledgers.sage50_export import (
    BY_NAME,
    ExportProblem,
    ExportRefusedError,
    Sage50Export,
    open_export,
)
from orchestration.ledgers.sage50_settings import Sage50Settings

SPECS: dict[str, TableSpec] = {spec.name.removeprefix("sage50/"): spec for spec in SAGE50_TABLES}
AUDIT_TRAIL = ("audit_headers", "audit_splits", "audit_journals")
FROM_SETTINGS = "tillproof.toml"
MONTHS_AHEAD = 12
FEWEST_VANISHED = 20  # below that a percentage says nothing


@dataclass
class ExtractReport:
    """What one extraction landed, by table, of the export with this digest."""

    pass_number: int
    digest: str = ""
    tables: dict[str, Landed] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """New or changed rows and tombstones over all tables; zero where the export said nothing new."""
        return sum(landed.rows + landed.tombstones for landed in self.tables.values())


def extract(
    folder: Path, landing: Landing, pass_number: int, settings: Sage50Settings, *, as_of: date
) -> ExtractReport:
    """Land every sage50/* table under `pass_number`. Raises ExportRefusedError, and then nothing was landed."""
    with open_export(folder, settings) as export:
        for table in AUDIT_TRAIL:
            _refuse_if_cut_short(export, landing, table, settings)
        report = ExtractReport(pass_number, export.digest)
        delivery = f"sage50-{export.digest[:16]}"
        window: Window = "all"
        if settings.cleared_to is not None:
            window = (settings.cleared_to + timedelta(days=1), date.max)
        for name in BY_NAME:
            source = export.connection.sql(_received(name, delivery))
            report.tables[name] = landing.land(
                SPECS[name],
                source,
                pass_number=pass_number,
                window=window if name in AUDIT_TRAIL else "all",
                connection=export.connection,
            )
        first = export.connection.execute("select min(transaction_date) from audit_headers").fetchone()
        begins = min(as_of, first[0]) if first and first[0] else as_of
        made = {"account_roles": _roles(settings), "periods": list(_periods(begins, as_of, settings))}
        for name, rows in made.items():
            report.tables[name] = landing.land(
                SPECS[name],
                _as_arrow(SPECS[name], rows, delivery),
                pass_number=pass_number,
                window="all",
                connection=export.connection,
            )
        return report


def _received(name: str, delivery: str) -> str:
    """The rows of a table as landing takes them, each with its place in the file."""
    equal = "partition by header_number, tran_number, split_number, nominal_code order by amount, source_row"
    made = f", row_number() over ({equal}) as line_no" if name == "audit_journals" else ""
    file = BY_NAME[name].file_name
    return f"select *, '{delivery}' as delivery_id, 'sage50/{file}' as source_file{made} from {name}"


def _refuse_if_cut_short(export: Sage50Export, landing: Landing, name: str, settings: Sage50Settings) -> None:
    """Hold the export against the rows that were landed last: a few may vanish, not many."""
    spec = SPECS[name]
    where = f"transaction_date > date '{settings.cleared_to}'" if settings.cleared_to else "true"
    known = landing.newest(spec, list(spec.key), where)
    if not known.num_rows:
        return
    export.connection.register("known_rows", known)
    key = ", ".join(key for key in spec.key if key != "line_no")
    found = export.connection.execute(
        f"select count(*) from (select distinct {key} from known_rows) anti join {name} using ({key})"
    ).fetchone()
    export.connection.unregister("known_rows")
    vanished = int(found[0]) if found else 0
    most = max(FEWEST_VANISHED, known.num_rows * settings.largest_vanished_percent // 100)
    if vanished > most or (vanished and not export.rows[name]):
        words = (
            f"{vanished:,} of the {known.num_rows:,} rows landed before are not in it: was it cut short? If the audit"
            " trail was cleared, set cleared_to; if it is right all the same, raise largest_vanished_percent"
        )
        raise ExportRefusedError([ExportProblem(BY_NAME[name].file_name, 0, "", words)])


def _roles(settings: Sage50Settings) -> list[dict[str, object]]:
    """Which account plays which part, which no exported table says."""
    roles = {
        "Debtors": (settings.debtors_account,),
        "Creditors": (settings.creditors_account,),
        "VAT": settings.vat_accounts,
        "Suspense": settings.suspense_accounts,
        "Bank": settings.bank_accounts,
    }
    return [
        {"nominal_code": code, "account_role": role}
        for role, codes in roles.items()
        for code in dict.fromkeys(codes)
    ]


def _periods(begins: date, as_of: date, settings: Sage50Settings) -> Iterator[dict[str, object]]:
    """Calendar months from the first transaction to a year ahead: Sage 50 keeps a lock date and no closed period."""
    first = begins.replace(day=1)
    last = as_of.replace(day=1)
    for _ in range(MONTHS_AHEAD):
        last = _next_month(last)
    month = first
    while month <= last:
        following = _next_month(month)
        ends = following - timedelta(days=1)
        start_month = settings.financial_year_start_month
        year = month.year if month.month >= start_month else month.year - 1
        is_locked = settings.lock_date is not None and ends <= settings.lock_date
        is_beyond = settings.latest_date is not None and month > settings.latest_date
        yield {
            "accounting_period_id": month.year * 100 + month.month,
            "period_number": (month.month - start_month) % 12 + 1,
            "financial_year_start_date": date(year, start_month, 1),
            "period_start_date": month,
            "period_end_date": ends,
            "period_state": "closed" if is_locked else "future" if is_beyond else "open",
        }
        month = following


def _next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _as_arrow(spec: TableSpec, rows: list[dict[str, object]], delivery: str) -> pa.Table:
    evidence = {"delivery_id": "varchar", "source_file": "varchar", "source_row": "bigint"}
    numbered = [
        {**row, "delivery_id": delivery, "source_file": FROM_SETTINGS, "source_row": place}
        for place, row in enumerate(rows, start=1)
    ]
    return pa.Table.from_pylist(numbered, arrow_schema({**spec.columns, **evidence}))
