"""Faults that can be switched on. One that strikes once is gone when it has struck; nothing is random."""

from __future__ import annotations

from sandbox.sage50.company import Sage50Company

KINDS = {
    "hide_nominal": "CODE: the account is made inactive just before the next import",
    "close_period": "YYYY-MM-DD: the ledger is locked to that day just before the next import",
    "stop_after": "ROWS: the next import ends after so many rows, and those stay",
    "export_cut": "TABLE: the next export loses the second half of that table",
    "export_torn": "TABLE: the next export has that table as it was before the last import",
    "export_encoding": "ENCODING: the next export is written so, whatever the setting says",
}


class BadFaultError(ValueError):
    """A fault that cannot be understood; said to whoever switched it on."""


def switch_on(company: Sage50Company, fault: str) -> None:
    """`kind:value`, as `python -m sandbox.sage50 fault` takes it."""
    kind, _, value = fault.partition(":")
    if kind not in KINDS or not value:
        said = "; ".join(f"{name}:{words}" for name, words in KINDS.items())
        raise BadFaultError(f"{fault!r} is none of: {said}")
    company.insert("faults", [{"kind": kind, "value": value}])


def taken(company: Sage50Company, kind: str) -> str | None:
    """The value of the oldest such fault, which is gone with that; None where none is on."""
    found = company.rows("select * from faults where kind = ? order by fault_no limit 1", kind)
    if not found:
        return None
    company.database.execute("delete from faults where fault_no = ?", (found[0]["fault_no"],))
    return str(found[0]["value"])


def before_import(company: Sage50Company) -> None:
    """What changed in Sage between the rehearsal and the import."""
    while (code := taken(company, "hide_nominal")) is not None:
        company.database.execute("update nominal_ledger set inactive = 1 where account_ref = ?", (code,))
    while (lock := taken(company, "close_period")) is not None:
        company.set_setting("lock_date", lock)
