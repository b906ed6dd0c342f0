"""What one export says Sage 50 holds, asked as the poster asks any Sage: documents, accounts, tax codes, dates.

It is a look at one moment: what was posted after the export it cannot know. A document is what `sage50_export` made of
the audit trail's rows; its URN is its first transaction number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from orchestration.ledgers.ledger import (
    AccountStatus,
    CustomerFacts,
    Document,
    LedgerType,
    Period,
    PeriodState,
    PostedDocument,
    PostedHeader,
    PostedNominalLine,
    Reply,
    TaxLine,
)
from orchestration.ledgers.sage50_documents import DOCUMENT_KINDS
from orchestration.ledgers.sage50_export import Sage50Export
from orchestration.ledgers.sage50_rehearsal import TrailRow
from orchestration.ledgers.sage50_settings import Sage50Settings

CUSTOMER_TYPES = ("SI", "SC", "SA", "SR", "SP")
_SPLITS = """
    select splits.document_tran, splits.tran_number, splits.header_number, splits.type, splits.transaction_date,
        splits.account_ref, splits.bank_code, coalesce(splits.inv_ref, '') as inv_ref,
        coalesce(splits.extra_ref, '') as extra_ref, splits.nominal_code, splits.tax_code,
        cast(abs(splits.net_amount) * 100 as bigint) as net_pence,
        cast(abs(splits.tax_amount) * 100 as bigint) as tax_pence,
        coalesce(splits.user_name, '') as user_name, splits.posting_key, coalesce(splits.details, '') as details,
        cast(abs(coalesce(headers.amount_paid, 0)) * 100 as bigint) as paid_pence,
        headers.date_bank_reconciled is not null as is_reconciled
    from audit_splits as splits inner join audit_headers as headers using (header_number)
    where splits.deleted_flag = 0 and headers.deleted_flag = 0
"""


class Sage50Books:
    """A `Ledger` over one export. It cannot post: a person imports the file."""

    def __init__(self, export: Sage50Export, settings: Sage50Settings):
        self._connection = export.connection
        self._settings = settings
        self.exported_at = export.exported_at
        self.digest = export.digest
        self._nominals = dict(self._rows("select account_ref, inactive_flag from nominal_ledger"))
        self._rates = dict(self._rows("select tax_code, tax_rate from tax_codes"))
        self._customers = {
            reference: (bool(hidden), bool(held))
            for reference, hidden, held in self._rows(
                "select account_ref, coalesce(inactive_flag, 0), coalesce(account_on_hold, 0) from sales_ledger"
            )
        }

    def _rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(parameters)).fetchall()

    # documents

    def find(self, key_stem: str) -> list[PostedDocument]:
        """Every document whose key or reference begins with the stem."""
        return self.find_many([key_stem], [])

    def find_by_reference(self, reference: str) -> list[PostedDocument]:
        """Every document with exactly this reference, in either column."""
        return self.find_many([], [reference])

    def find_many(self, key_stems: Sequence[str], references: Sequence[str]) -> list[PostedDocument]:
        """Every document of one of the stems, or with one of the references."""
        self._ask("stems", key_stems)
        self._ask("wanted", references)
        return self._documents(
            "left(coalesce(splits.posting_key, ''), 18) in (select text from stems)"
            " or splits.extra_ref in (select text from wanted) or splits.inv_ref in (select text from wanted)"
        )

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        """The document whose first transaction has this number."""
        return self._documents(f"splits.document_tran = {int(urn)}")

    def posted_since(self, urn: int) -> list[PostedHeader]:
        """Every document whose first transaction has a greater number."""
        return list(self._documents(f"splits.document_tran > {int(urn)}"))

    def posted_on(self, day: date) -> list[PostedHeader]:
        """Every document of that date."""
        return list(self._documents(f"splits.transaction_date = date '{day}'"))

    def find_alike(self, document: Document) -> list[PostedDocument]:
        """Documents of the same kind, date, customer or bank, gross and tax."""
        day = f"splits.transaction_date = date '{document.document_date}'"
        return [found for found in self._documents(day) if found.is_like(document)]

    def _ask(self, name: str, texts: Iterable[str]) -> None:
        asked = pa.table({"text": pa.array(sorted(set(texts)), pa.string())})
        self._connection.register(f"{name}_given", asked)
        self._connection.execute(f"create or replace temp table {name} as select text from {name}_given")
        self._connection.unregister(f"{name}_given")

    def _documents(self, where: str) -> list[PostedDocument]:
        """The documents that a condition on their rows names, whole."""
        self._connection.execute(
            "create or replace temp table found as select distinct document_tran from audit_splits as splits"
            f" where deleted_flag = 0 and ({where})"
        )
        rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for row in self._rows(
            f"select * from ({_SPLITS}) semi join found using (document_tran) order by document_tran, tran_number"
        ):
            rows[row[0]].append(row)
        lines: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for urn, nominal, pence in self._rows(
            "select document_tran, nominal_code, cast(amount * 100 as bigint) from audit_journals"
            " semi join found using (document_tran) where deleted_flag = 0 order by document_tran, nominal_code, amount"
        ):
            lines[urn].append((nominal, pence))
        return [
            self._document(rows[urn], lines[urn]) for urn in sorted(rows) if rows[urn][0][3] in DOCUMENT_KINDS
        ]

    def _document(self, rows: list[tuple[Any, ...]], lines: list[tuple[str, int]]) -> PostedDocument:
        (urn, _, _, type_, day, account, bank, inv_ref, extra_ref, nominal, *_) = rows[0]
        user, key = rows[0][13], rows[0][14]
        net, tax = sum(row[11] for row in rows), sum(row[12] for row in rows)
        is_customer = type_ in CUSTOMER_TYPES
        is_money = type_ in ("SA", "SR", "SP")
        taxed: dict[int, tuple[int, int]] = {}
        for row in rows:
            code = _number(row[10])
            has = taxed.get(code, (0, 0))
            taxed[code] = (has[0] + row[11], has[1] + row[12])
        return PostedDocument(
            urn=urn,
            reference=key or inv_ref or extra_ref,
            document_kind=DOCUMENT_KINDS[type_],
            document_date=day,
            gross_pence=net + tax,
            tax_pence=tax,
            customer_reference=account if is_customer else None,
            bank_code=(bank or nominal) if is_money else None if is_customer else account,
            second_reference=inv_ref if key == extra_ref else extra_ref,
            net_pence=net,
            user_name=user,
            is_in_nominal=bool(lines),
            nominal_lines=tuple(PostedNominalLine(code, "", "", pence) for code, pence in lines),
            tax_lines=() if is_money else tuple(TaxLine(code, *sums) for code, sums in sorted(taxed.items())),
            period=self._period(day),
            allocated_pence=sum({row[2]: row[16] for row in rows}.values()) if is_customer else 0,
            is_bank_reconciled=any(row[17] for row in rows),
        )

    def _period(self, day: date) -> Period:
        """The calendar month of a date: Sage 50 puts a transaction where its date is."""
        begins = self._settings.financial_year_start_month
        year = day.year if day.month >= begins else day.year - 1
        return Period(date(year, begins, 1), (day.month - begins) % 12 + 1)

    def trail_rows(self, references: Iterable[str], dates: Iterable[date] = ()) -> list[TrailRow]:
        """Live rows that carry one of the references in either column, or are of one of the dates."""
        self._ask("wanted", references)
        self._ask("days", (day.isoformat() for day in dates))
        return [
            TrailRow(
                tran_number=row[1],
                type=row[3],
                account=(row[5] or "") if row[3] not in ("JD", "JC") else "",
                nominal=row[9],
                date=row[4],
                reference=row[7],
                extra_reference=row[8],
                details=row[15],
                net_pence=row[11],
                tax_code=_number(row[10]),
                tax_pence=row[12],
            )
            for row in self._rows(
                f"select * from ({_SPLITS}) where extra_ref in (select text from wanted)"
                " or inv_ref in (select text from wanted)"
                " or transaction_date in (select cast(text as date) from days) order by tran_number"
            )
        ]

    # facts

    def account_status(self, nominal_code: str) -> AccountStatus:
        """Whether a nominal account is there, and active."""
        if nominal_code not in self._nominals:
            return "missing"
        return "hidden" if self._nominals[nominal_code] else "active"

    def nominal_status(self, nominal_code: str, cost_centre: str, department: str) -> AccountStatus:
        """The same for an account of ours: Sage 50 has no cost centre and no department in its chart."""
        return "missing" if cost_centre or department else self.account_status(nominal_code)

    def nominal_type(self, nominal_code: str, cost_centre: str, department: str) -> str | None:
        """`posting` for what is there; a control account takes no posting of ours."""
        if self.nominal_status(nominal_code, cost_centre, department) == "missing":
            return None
        return "memo" if nominal_code in self._settings.control_accounts else "posting"

    def tax_code(self, code: int) -> Decimal | None:
        """The rate in percent of T`code`; None when it is not set up."""
        rate: Decimal | None = self._rates.get(f"T{code}")
        return rate

    def period_state(self, document_date: date, ledger: LedgerType) -> PeriodState:
        """Whether the lock date and the last date, as the settings have them, leave the date open."""
        if self._settings.lock_date and document_date <= self._settings.lock_date:
            return "closed"
        if self._settings.latest_date and document_date > self._settings.latest_date:
            return "future"
        return "open"

    def customer(self, reference: str) -> CustomerFacts:
        """The account's status and hold."""
        if reference not in self._customers:
            return CustomerFacts(reference, "missing", False)
        is_hidden, is_on_hold = self._customers[reference]
        return CustomerFacts(reference, "hidden" if is_hidden else "active", is_on_hold)

    def bank_status(self, bank_code: str) -> AccountStatus:
        """Whether the bank account is there and active, and named as one in the settings."""
        return self.account_status(bank_code) if bank_code in self._settings.bank_accounts else "missing"

    def post(self, document: Document) -> Reply:
        """Nothing is sent to Sage 50: a person imports a file."""
        return Reply("refused", None, None, "Sage 50 takes files: tillproof sage50 write")


def _number(tax_code: str) -> int:
    """T1 as 1; a code that is none of Sage's as -1."""
    digits = tax_code[1:]
    return int(digits) if tax_code.startswith("T") and digits.isascii() and digits.isdigit() else -1
