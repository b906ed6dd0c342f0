"""Events that a connector takes for something else: gift cards, vouchers, tips, coupons, exchanges, voids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sandbox.scenario.actions import SILENCE, Action
from sandbox.scenario.connector_documents import MANUAL, SALES, STANDARD, Part, half_up
from sandbox.scenario.deeds import PLANTED, as_drifted
from sandbox.scenario.planting import Candidate

TIPS, MONEY_OFF = "2270", "4100"


def not_a_sale_posted(candidate: Candidate) -> list[Action]:
    """Only the ledger's document: the receipt's own row says nothing_to_post, whatever was posted."""
    receipt = candidate.receipt
    net = -receipt.gross_pence
    sent = replace(candidate.goods, parts=(Part(MANUAL, 2, net, 0),))
    return [Action(None, sent, "missing_in_pos", part=PLANTED, note="a fee posted as a credit note")]


def taken_as_sale(note: str) -> Callable[[Candidate], list[Action]]:
    """VAT taken out of what is no sale yet: a gift card's or a voucher's is due when it is used."""

    def act_it(candidate: Candidate) -> list[Action]:
        goods = candidate.goods
        tax = half_up(goods.gross_pence, 6)
        sent = replace(goods, parts=(Part(SALES, STANDARD, goods.gross_pence - tax, tax),))
        drifted = as_drifted(goods, sent, "nominal,tax_amount,tax_code", note)
        return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]

    return act_it


def tip_in_sales(candidate: Candidate) -> list[Action]:
    """What the staff are owed, booked as the shop's own."""
    parts = tuple(
        part._replace(nominal_code=SALES) if part.nominal_code == TIPS else part
        for part in candidate.goods.parts
    )
    sent = replace(candidate.goods, parts=parts)
    drifted = as_drifted(candidate.goods, sent, "nominal", "a tip posted as a sale")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def account_sale_on_till(candidate: Candidate) -> list[Action]:
    """The customer who owes it is not told."""
    sent = replace(candidate.goods, customer=f"TILL0{candidate.receipt.store_id[-1]}")
    return [as_drifted(candidate.goods, sent, "customer", "a sale on account posted on the till customer")]


def refund_at_new_code(candidate: Candidate) -> list[Action]:
    """VAT at last year's rate, given back under this year's code."""
    parts = tuple(part._replace(tax_code=STANDARD) for part in candidate.goods.parts)
    drifted = as_drifted(
        candidate.goods, replace(candidate.goods, parts=parts), "tax_code", "17.5% under code 1"
    )
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def coupon_as_payment(candidate: Candidate) -> list[Action]:
    """The shop's own coupon is money off; here it is a payment by somebody who never pays."""
    goods, *money = candidate.drafts
    off = [part for part in goods.parts if part.nominal_code == MONEY_OFF]
    sent = replace(goods, parts=tuple(part for part in goods.parts if part.nominal_code != MONEY_OFF))
    pence = -sum(part.net_pence + part.tax_pence for part in off)
    paid = replace(money[0], ordinal=2, bank="COUPON", reference=f"{goods.reference}-2", value_pence=pence)
    note = "the shop's own coupon posted as a payment"
    return [
        as_drifted(goods, sent, "amount,nominal,tax_amount", note),
        *(Action(draft, draft) for draft in money),
        Action(None, paid, "missing_in_pos", part=PLANTED, note=note),
    ]


def voucher_taxed_again(candidate: Candidate) -> list[Action]:
    """Its VAT was due when it was sold; taken for money, the VAT of what it pays for is due once more."""
    goods, back, *money = candidate.drafts
    paid = replace(
        goods,
        kind="receipt",
        bank="VOUCHER",
        reference=f"{goods.reference}-1",
        parts=(),
        value_pence=back.gross_pence,
    )
    note = "a single-purpose voucher posted as a payment"
    return [
        Action(goods, goods),
        Action(back, None, "missing_in_ledger", "matched", part=PLANTED, note=note, claims=SILENCE),
        *(Action(draft, draft) for draft in money),
        Action(None, paid, "missing_in_pos", part=PLANTED, note=note),
    ]


def tip_left_out(candidate: Candidate) -> list[Action]:
    """What the customer paid above the goods stays on the till customer; the staff are owed it."""
    goods = candidate.goods
    sent = replace(goods, parts=tuple(part for part in goods.parts if part.nominal_code != TIPS))
    drifted = as_drifted(goods, sent, "amount,nominal,tax_code", "a tip on the tender alone left out")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def exchange_netted(candidate: Candidate) -> list[Action]:
    """One invoice over the difference where there should be a credit note and an invoice."""
    back, out, *money = candidate.drafts
    (gone,), (sold,) = back.parts, out.parts
    netted = sold._replace(
        net_pence=sold.net_pence - gone.net_pence, tax_pence=sold.tax_pence - gone.tax_pence
    )
    note = "an exchange posted as its difference"
    return [
        Action(back, None, "missing_in_ledger", "matched", part=PLANTED, note=note, claims=SILENCE),
        as_drifted(out, replace(out, parts=(netted,)), "amount,tax_amount", note),
        *(Action(draft, draft) for draft in money),
    ]


def void_posted(candidate: Candidate) -> list[Action]:
    """Only the ledger's document: the receipt's own row says nothing_to_post."""
    return [Action(None, candidate.goods, "missing_in_pos", part=PLANTED, note="posted although never sold")]
