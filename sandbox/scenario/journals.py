"""Manual journals that a person enters for sales which never arrived: Sage has them on the desktop only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sandbox.scenario.connector_documents import WITHOUT_COST_CENTRE, Draft

DEBTORS, VAT_ON_SALES, BANK_CHARGES = "1100", "2200", "7900"
CLEARING = {"CASH": "1230", "CARD": "1240"}
CLERK = "JSMITH"
JournalLine = tuple[str, str, str, int, int]  # nominal, cost centre, department, debit pence, credit pence


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal as a person enters it; `key` is what the truth calls it until Sage has given it a URN."""

    key: str
    lines: tuple[JournalLine, ...]
    reference: str
    narrative: str
    day: date
    user_name: str = CLERK

    def reversed(self, day: date) -> Journal:
        """Its equal and opposite under the same reference, as Sage's own reversal has it."""
        lines = tuple((*account, credit, debit) for *account, debit, credit in self.lines)
        return Journal(f"{self.key} reversed", lines, self.reference, self.narrative, day)  # type: ignore[arg-type]


def journal_for(
    drafts: Sequence[Draft], *, day: date, has_vat: bool = True, charge_pence: int = 0
) -> Journal:
    """One journal with all that these documents would have booked; what is left over lies with the debtors.

    Without VAT, sales take the gross. A charge is booked to bank charges and is missing from sales.
    """
    first = drafts[0]
    sums: dict[tuple[str, str], int] = {}
    for account, pence in _entries(drafts, has_vat):
        sums[account] = sums.get(account, 0) + pence
    if charge_pence:
        sales = min(sums, key=sums.__getitem__)
        sums[sales] += charge_pence
        sums[BANK_CHARGES, ""] = -charge_pence
    rest = sum(sums.values())
    if rest:
        sums[DEBTORS, ""] = -rest
    lines = tuple(
        (code, cost_centre, "", max(pence, 0), max(-pence, 0))
        for (code, cost_centre), pence in sorted(sums.items())
        if pence
    )
    return Journal(
        f"{first.store_id} {first.receipt_no}",
        lines,
        f"JNL {first.store_id} {day:%d%m%y}",
        f"Takings {first.store_id} {first.document_date:%d/%m/%Y} not in the ledger",
        day,
    )


def _entries(drafts: Iterable[Draft], has_vat: bool) -> Iterable[tuple[tuple[str, str], int]]:
    """Account and debit in pence, credits negative."""
    for draft in drafts:
        sign = 1 if draft.kind in ("invoice", "receipt") else -1
        if draft.bank:
            yield (CLEARING[draft.bank[:4]], draft.store_id), sign * draft.value_pence
        for part in draft.parts:
            cost_centre = "" if part.nominal_code in WITHOUT_COST_CENTRE else draft.store_id
            booked = part.net_pence if has_vat else part.net_pence + part.tax_pence
            yield (part.nominal_code, cost_centre), -sign * booked
            if has_vat:
                yield (VAT_ON_SALES, ""), -sign * part.tax_pence
