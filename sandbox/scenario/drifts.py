"""Documents that are there and differ: an amount, a code, an account, a customer, a bank, a date.

Drift kinds, as the verdicts mean them:

- `amount`: the document's gross differs, whatever part of it is wrong; `tax_amount`: its tax differs
- `tax_code`: the same goods under other codes; `nominal`: the same net under other accounts
- `customer`, `bank`, `date`: that account, that date; `tender`: the bank is another tender's
- `changed_after_posting`: it was right when it was posted, and somebody changed it
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sandbox.scenario.actions import SILENCE, Action
from sandbox.scenario.connector_documents import (
    MANUAL,
    SALES,
    STANDARD,
    STANDARD_UNTIL_2010,
    ZERO_RATED,
    Draft,
    Part,
    half_up,
    tax_by_line,
    truncated,
)
from sandbox.scenario.deeds import PLANTED, as_drifted, with_part, with_tax
from sandbox.scenario.planting import Candidate, other_basis_tax, transposed

ROUNDING_CAP = 5  # pence, as in mappings/companies.csv
AMENDED_BY = 7  # days
CARD_FEE = 175  # of ten thousand
OVER_COUNTED = 100  # pence
STORES = 4  # whose till customer is never on hold


def amount_drift(candidate: Candidate) -> list[Action]:
    goods, money = candidate.drafts
    change = transposed(goods.net_pence) - goods.net_pence
    largest = max(goods.parts, key=lambda part: part.net_pence)
    sent = with_part(goods, largest, largest._replace(net_pence=largest.net_pence + change))
    note = f"net {goods.net_pence} posted as {sent.net_pence} pence"
    actions = [as_drifted(goods, sent, "amount", note)]
    if change % 2:
        actions.append(
            as_drifted(money, replace(money, value_pence=money.value_pence + change), "amount", note)
        )
    else:
        actions.append(Action(money, money))
    return actions


def at_old_rate(goods: Draft) -> Draft:
    standard = [part for part in goods.parts if part.tax_code == STANDARD]
    tax = half_up(sum(part.net_pence for part in standard) * 175, 1000)
    shares = [half_up(part.net_pence * 175, 1000) for part in standard]
    shares[0] += tax - sum(shares)
    old = iter(shares)
    return replace(
        goods,
        parts=tuple(
            part._replace(tax_code=STANDARD_UNTIL_2010, tax_pence=next(old))
            if part.tax_code == STANDARD
            else part
            for part in goods.parts
        ),
    )


def tax_code_drift(candidate: Candidate) -> list[Action]:
    note = "17.5% after 3 January 2011"
    drifted = as_drifted(candidate.goods, at_old_rate(candidate.goods), "amount,tax_amount,tax_code", note)
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def tax_truncated(candidate: Candidate) -> list[Action]:
    sent = with_tax(candidate.goods, abs(tax_by_line(candidate.receipt.lines, truncated)))
    note = f"tax {candidate.goods.tax_pence} truncated to {sent.tax_pence} pence"
    return [
        as_drifted(candidate.goods, sent, "amount,tax_amount", note),
        *(Action(d, d) for d in candidate.tenders),
    ]


def other_basis(candidate: Candidate) -> list[Action]:
    sent = with_tax(candidate.goods, abs(other_basis_tax(candidate.receipt)))
    note = f"tax {candidate.goods.tax_pence} as {sent.tax_pence} pence by the other basis"
    within = Action(candidate.goods, sent, "matched_within_policy", part=PLANTED, note=note)
    return [within, *(Action(draft, draft) for draft in candidate.tenders)]


def _to_giftware(goods: Draft) -> tuple[Part, ...]:
    return tuple(
        part._replace(nominal_code=MANUAL) if part.nominal_code == SALES else part for part in goods.parts
    )


def nominal_drift(candidate: Candidate) -> list[Action]:
    sent = replace(candidate.goods, parts=_to_giftware(candidate.goods))
    return [
        as_drifted(candidate.goods, sent, "nominal", "4110 for 4000"),
        *(Action(d, d) for d in candidate.tenders),
    ]


def one_rate_for_all(candidate: Candidate) -> list[Action]:
    """Zero-rated goods beside standard-rated ones, all posted at the standard rate."""
    goods = candidate.goods
    parts = tuple(
        part._replace(tax_code=STANDARD, tax_pence=half_up(part.net_pence * 200, 1000))
        if part.tax_code == ZERO_RATED
        else part
        for part in goods.parts
    )
    drifted = as_drifted(goods, replace(goods, parts=parts), "amount,tax_amount,tax_code", "books at 20%")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def tax_left_out(candidate: Candidate) -> list[Action]:
    goods = candidate.goods
    parts = tuple(part._replace(tax_code=ZERO_RATED, tax_pence=0) for part in goods.parts)
    drifted = as_drifted(goods, replace(goods, parts=parts), "amount,tax_amount,tax_code", "all at 0%")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def _other_store(candidate: Candidate) -> int:
    """The number of another store: never S05, whose customer goes on hold."""
    return int(candidate.goods.customer[-1]) % STORES + 1


def other_cost_centre(candidate: Candidate) -> list[Action]:
    goods = candidate.goods
    other = f"S0{_other_store(candidate)}"
    return [
        as_drifted(goods, replace(goods, cost_centre=other), "nominal", f"cost centre {other}"),
        *(Action(draft, draft) for draft in candidate.tenders),
    ]


def money_drifted(change: Callable[[int], int], note: str) -> Callable[[Candidate], list[Action]]:
    def act_it(candidate: Candidate) -> list[Action]:
        goods, money = candidate.drafts
        sent = replace(money, value_pence=change(money.value_pence))
        return [Action(goods, goods), as_drifted(money, sent, "amount", note)]

    return act_it


def _in_card_bank(tender: Draft) -> Draft:
    return replace(tender, bank=tender.bank.replace("CASH", "CARD"))


def wrong_bank(candidate: Candidate) -> list[Action]:
    actions = [Action(candidate.goods, candidate.goods)]
    for tender in candidate.tenders:
        if tender.bank.startswith("CASH"):
            actions.append(as_drifted(tender, _in_card_bank(tender), "bank,tender", "cash in the card bank"))
        else:
            actions.append(Action(tender, tender))
    return actions


def wrong_customer(candidate: Candidate) -> list[Action]:
    other = f"TILL0{_other_store(candidate)}"
    return [
        as_drifted(draft, replace(draft, customer=other), "customer", f"on {other}")
        for draft in candidate.drafts
    ]


def date_drift(candidate: Candidate) -> list[Action]:
    late = timedelta(days=1 + len(candidate.receipt.lines) % 3)
    return [
        as_drifted(
            draft,
            replace(draft, document_date=draft.document_date + late),
            "date",
            f"{late.days} days late",
            late,
        )
        for draft in candidate.drafts
    ]


def amended_after_posting(candidate: Candidate) -> list[Action]:
    """Posted right; before the fortnight a person gives the invoice another date."""
    note = f"dated {AMENDED_BY} days later after it was posted"
    kinds = "changed_after_posting,date"
    return [
        as_drifted(candidate.goods, candidate.goods, kinds, note),
        *(Action(draft, draft) for draft in candidate.tenders),
    ]


def dated_next_month(candidate: Candidate) -> list[Action]:
    """Sold before the month's end, dated on the first of the next."""
    first = (candidate.day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return [
        as_drifted(draft, replace(draft, document_date=first), "date", f"dated {first}")
        for draft in candidate.drafts
    ]


GOODS_CHANGES, OTHER_CHANGES, MONEY_CHANGES = 4, 3, 5


def several_at_once(candidate: Candidate) -> list[Action]:
    """Two to five things wrong with one receipt; its number says which."""
    goods, money = candidate.drafts
    draw = int(candidate.receipt.receipt_no)
    sent_goods, sent_money = goods, money
    if draw % GOODS_CHANGES in (0, 1):
        sent_goods = at_old_rate(sent_goods)
    if draw % GOODS_CHANGES in (1, 2):
        sent_goods = replace(sent_goods, parts=_to_giftware(sent_goods))
    if draw % GOODS_CHANGES == 3:
        sent_goods = replace(sent_goods, cost_centre=f"S0{_other_store(candidate)}")
    change = draw // GOODS_CHANGES % MONEY_CHANGES  # the fourth changes nothing, the last loses it
    if change in (0, 1):
        sent_money = _in_card_bank(sent_money)
    if change in (1, 2):
        sent_money = replace(sent_money, value_pence=sent_money.value_pence + OVER_COUNTED)
    other = draw // GOODS_CHANGES // MONEY_CHANGES % OTHER_CHANGES
    late = timedelta(days=2) if other in (0, 1) else timedelta(0)
    customer = f"TILL0{_other_store(candidate)}" if other in (1, 2) else goods.customer
    actions = []
    for draft, sent in ((goods, sent_goods), (money, sent_money)):
        changed = replace(sent, document_date=draft.document_date + late, customer=customer)
        kinds = kinds_between(draft, changed)
        if draft is money and change == MONEY_CHANGES - 1:
            gone = {"verdict": "missing_in_ledger", "verdict_after": "matched", "claims": SILENCE}
            actions.append(Action(draft, None, part=PLANTED, note="and its invoice is wrong", **gone))  # type: ignore[arg-type]
        elif kinds:
            actions.append(as_drifted(draft, changed, kinds, f"{len(kinds.split(','))} at once", late))
        else:
            actions.append(Action(draft, changed))
    return actions


def kinds_between(expected: Draft, sent: Draft) -> str:
    """What a document that was sent drifts by from the one that was right, sorted."""
    is_goods = not expected.bank
    kinds = {
        "amount": expected.gross_pence != sent.gross_pence,
        "tax_amount": expected.tax_pence != sent.tax_pence,
        "tax_code": {part.tax_code for part in expected.parts} != {part.tax_code for part in sent.parts},
        "nominal": is_goods
        and (
            expected.cost_centre != sent.cost_centre
            or {part.nominal_code for part in expected.parts} != {part.nominal_code for part in sent.parts}
        ),
        "customer": expected.customer != sent.customer,
        "bank": expected.bank != sent.bank,
        # told by the bank, where the money is there in full
        "tender": expected.bank != sent.bank and expected.value_pence == sent.value_pence,
        "date": expected.document_date != sent.document_date,
    }
    return ",".join(sorted(kind for kind, is_so in kinds.items() if is_so))


def store_by_line(candidate: Candidate) -> list[Action]:
    """A store whose tills round by receipt, posted by line: within policy up to the company's cap."""
    goods = candidate.goods
    sent = with_tax(goods, abs(tax_by_line(candidate.receipt.lines, half_up)))
    note = f"tax {goods.tax_pence} as {sent.tax_pence} pence by line"
    if abs(sent.tax_pence - goods.tax_pence) <= ROUNDING_CAP:
        posted = Action(goods, sent, "matched_within_policy", part=PLANTED, note=note)
    else:
        posted = as_drifted(goods, sent, "amount,tax_amount", note)
    return [posted, *(Action(draft, draft) for draft in candidate.tenders)]
