"""What a document adds to a VAT return, and whether that return may still be corrected.

Box 1 is VAT due on sales, box 6 sales without VAT; both signed, in whole pence: a credit note takes off. The tax point
is the document's date. What is outside the scope of VAT is on no return; money against an account is in neither box.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from orchestration.ledgers.ledger import Document
from orchestration.operations import NetError, Operations, PostingPolicy, StoredIntent, VatReturn
from orchestration.posting.holds import Hold, pounds

SIGNS = {"invoice": 1, "bank_receipt": 1, "credit_note": -1, "bank_payment": -1}

FINANCE_TELLS = (
    "finance tells HMRC of the error (VAT652, or its online service), and then gives this return an error_limit_pence "
    "of its own in vat_periods.csv"
)


@dataclass(frozen=True)
class VatEffect:
    """What a document adds to boxes 1 and 6 of the return of its tax point."""

    box_1_pence: int = 0
    box_6_pence: int = 0

    @property
    def is_any(self) -> bool:
        """Whether it is on a return at all."""
        return bool(self.box_1_pence or self.box_6_pence)


def vat_effect(document: Document, outside_scope_code: int | None) -> VatEffect:
    """The effect of a document, by its tax lines."""
    sign = SIGNS.get(document.document_kind, 0)
    taxed = [line for line in document.tax_lines if line.tax_code != outside_scope_code]
    return VatEffect(
        sign * sum(line.tax_pence for line in taxed), sign * sum(line.net_pence for line in taxed)
    )


class Returns:
    """Which filed return a document corrects, as the store says now; keep no instance for long."""

    def __init__(self, operations: Operations):
        self._return_of = cache(operations.vat_return)
        self._outside_scope = cache(operations.outside_scope_tax_code)

    def effect(self, document: Document) -> VatEffect:
        """What it adds to a return."""
        return vat_effect(document, self._outside_scope(document.company_id))

    def period_of(self, document: Document) -> VatReturn | None:
        """The VAT period of its tax point; None where finance has entered none."""
        return self._return_of(document.company_id, document.document_date)

    def corrected_by(self, document: Document) -> VatReturn | None:
        """The filed return that it would correct; None where its return is not filed, or it is on none."""
        found = self.period_of(document)
        is_filed = found is not None and found.filed_on is not None
        return found if is_filed and self.effect(document).is_any else None

    def key_of(self, intent: StoredIntent) -> date | None:
        """The same for what an intent remembers of its document: the first day of the return."""
        if intent.document_date is None or not (intent.box_1_pence or intent.box_6_pence):
            return None
        found = self._return_of(intent.company_id, intent.document_date)
        return found.valid_from if found and found.filed_on else None


def hold_by_return(
    policy: PostingPolicy, of: VatReturn, error: NetError, more_pence: int, also_pence: int = 0
) -> Hold | None:
    """Whether a correction would bring the net error of a filed return over its limit, and away from nought.

    `also_pence` is what other documents of the same dry run add before it.
    """
    limit = limit_of(policy, of)
    before = error.settled_pence + also_pence
    after = error.after(more_pence) + also_pence
    if not more_pence or abs(after) <= limit or abs(after) < abs(before):
        return None
    return Hold("return_over_limit", words_over(of, after, limit))


def limit_of(policy: PostingPolicy, of: VatReturn) -> int:
    """What the net error of a return may come to, in pence: its own limit, else the policy's."""
    return policy.vat_error_limit_pence if of.error_limit_pence is None else of.error_limit_pence


def words_over(of: VatReturn, error_pence: int, limit_pence: int) -> str:
    """What stops it, and who does what."""
    return (
        f"the VAT return of {of}, filed on {of.filed_on}, would have a net error of {pounds(error_pence)}, over its "
        f"limit of {pounds(limit_pence)}: {FINANCE_TELLS}"
    )
