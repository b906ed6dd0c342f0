"""What a person does in Sage by hand: delete or amend a transaction, reconcile the bank, hide an account."""

from __future__ import annotations

from datetime import date, datetime

from sandbox.sage50.company import Sage50Company, stamp


class NotThereError(LookupError):
    """Sage has no such transaction or account."""


def header_of(company: Sage50Company, tran_number: int) -> int:
    """The header of a transaction number."""
    found = company.rows("select header_number from splits where tran_number = ?", tran_number)
    if not found:
        raise NotThereError(f"there is no transaction {tran_number}")
    return int(found[0]["header_number"])


def delete(company: Sage50Company, tran_number: int) -> None:
    """Delete a transaction: it stays in the audit trail, marked."""
    header = header_of(company, tran_number)
    company.database.execute("update headers set deleted = 1 where header_number = ?", (header,))


def amend_details(company: Sage50Company, tran_number: int, details: str, *, by: str, now: datetime) -> None:
    """Change the words of a transaction; Sage keeps who and when."""
    header = header_of(company, tran_number)
    company.database.execute(
        "update headers set details = ?, amended_at = ?, amended_by = ? where header_number = ?",
        (details, stamp(now), by, header),
    )
    company.database.execute("update splits set details = ? where header_number = ?", (details, header))


def amend_date(company: Sage50Company, tran_number: int, day: date, *, by: str, now: datetime) -> None:
    """Change the date of a transaction; Sage keeps who and when."""
    header = header_of(company, tran_number)
    company.database.execute(
        "update headers set date = ?, amended_at = ?, amended_by = ? where header_number = ?",
        (day.isoformat(), stamp(now), by, header),
    )


def reconcile(company: Sage50Company, tran_number: int, on: date) -> None:
    """Mark a bank transaction as on a statement."""
    header = header_of(company, tran_number)
    company.database.execute(
        "update headers set bank_reconciled_on = ? where header_number = ?", (on.isoformat(), header)
    )


def hide_nominal(company: Sage50Company, code: str, *, hidden: bool = True) -> None:
    """Make an account inactive, or active again."""
    changed = company.database.execute(
        "update nominal_ledger set inactive = ? where account_ref = ?", (int(hidden), code)
    )
    if not changed.rowcount:
        raise NotThereError(f"there is no nominal account {code}")
