"""Which fault does what: from a receipt and its right documents to what is sent, claimed and true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sandbox.scenario.actions import ACCEPTED, SILENCE, Action, Claim
from sandbox.scenario.astray import (
    deferred,
    drifted_and_twice,
    never_sold,
    posted_twice,
    posted_twice_reversed,
    reference_lost,
    reference_lost_late,
    refund_as_sale,
    tender_posted_twice,
    to_suspense,
)
from sandbox.scenario.deeds import PLANTED, as_missing, clean
from sandbox.scenario.drifts import (
    CARD_FEE,
    OVER_COUNTED,
    amended_after_posting,
    amount_drift,
    date_drift,
    dated_next_month,
    money_drifted,
    nominal_drift,
    one_rate_for_all,
    other_basis,
    other_cost_centre,
    several_at_once,
    store_by_line,
    tax_code_drift,
    tax_left_out,
    tax_truncated,
    wrong_bank,
    wrong_customer,
)
from sandbox.scenario.misread_events import (
    account_sale_on_till,
    coupon_as_payment,
    exchange_netted,
    not_a_sale_posted,
    refund_at_new_code,
    taken_as_sale,
    tip_in_sales,
    tip_left_out,
    void_posted,
    voucher_taxed_again,
)
from sandbox.scenario.planting import Candidate, Day
from sandbox.scenario.together import (
    journal_reversed,
    journalled,
    journalled_day,
    journalled_in_part,
    journalled_tender,
    summarised_day,
    summarised_day_journal,
    summed_receipts,
)

REFUSED_HIDDEN = Claim("rejected", 400, "The nominal account 4015 is hidden.")
REFUSED_TAX = Claim("rejected", None, "No VAT code is set up for R.")
REFUSED_SKU = Claim("rejected", None, "The product is not known in Sage.")
LOCKED = Claim("rejected", 400, "The customer account is being used by another user.")
FAILED = Claim("rejected", 500, "Internal Server Error")


def _blocked(claims: Sequence[Claim], note: str) -> Callable[[Candidate], list[Action]]:
    """The gate flags every document of the receipt: none may be posted."""
    return lambda candidate: as_missing(candidate, claims, "missing_in_ledger", note)


def _goods_blocked(claims: Sequence[Claim], note: str) -> Callable[[Candidate], list[Action]]:
    """The gate flags a leg of the goods document only: its tenders may be posted, for that money was
    taken.
    """

    def missing(candidate: Candidate) -> list[Action]:
        goods, *_ = as_missing(candidate, claims, "missing_in_ledger", note)
        _, *tenders = as_missing(
            candidate, claims, "matched" if candidate.is_open else "missing_in_ledger", note
        )
        return [goods, *tenders]

    return missing


def _postable(claims: Sequence[Claim], note: str) -> Callable[[Candidate], list[Action]]:
    return lambda candidate: as_missing(candidate, claims, "matched", note)


def missing_tender_only(candidate: Candidate) -> list[Action]:
    *there, gone = candidate.drafts
    missing = Action(
        gone, None, "missing_in_ledger", "matched", part=PLANTED, note="not in the log", claims=SILENCE
    )
    return [Action(draft, draft) for draft in there] + [missing]


def missing_goods_only(candidate: Candidate) -> list[Action]:
    goods, *money = candidate.drafts
    note = "its money arrived without it"
    missing = Action(goods, None, "missing_in_ledger", "matched", part=PLANTED, note=note, claims=(FAILED,))
    return [missing, *(Action(draft, draft) for draft in money)]


def rejected_but_there(candidate: Candidate) -> list[Action]:
    """Nothing is wrong with it but the log."""
    note = "the log says rejected"
    return [Action(draft, draft, part=PLANTED, note=note, claims=(FAILED,)) for draft in candidate.drafts]


ACTS: dict[str, Callable[[Candidate], list[Action]]] = {
    "rejected_hidden_nominal": _goods_blocked([REFUSED_HIDDEN], "gate NOM-03 keeps it"),
    "rejected_tax_code": _goods_blocked([REFUSED_TAX], "gate TAX-01 keeps it"),
    "missing_unmapped_sku": _goods_blocked([REFUSED_SKU], "gate SKU-01 keeps it"),
    "missing_closed_period": _blocked(SILENCE, "gate PER-01 keeps it"),
    "missing_on_hold": _blocked(SILENCE, "gate CUS-02 keeps it"),
    "missing_receipt_whole": _postable(ACCEPTED, "the log says accepted"),
    "missing_tender_only": missing_tender_only,
    "missing_goods_only": missing_goods_only,
    "rejected_but_there": rejected_but_there,
    "rejected_locked_customer": _postable([LOCKED, LOCKED, LOCKED], "the log says rejected three times"),
    "amount_drift": amount_drift,
    "tax_code_drift": tax_code_drift,
    "tax_truncated": tax_truncated,
    "other_basis": other_basis,
    "nominal_drift": nominal_drift,
    "other_cost_centre": other_cost_centre,
    "one_rate_for_all": one_rate_for_all,
    "tax_left_out": tax_left_out,
    "card_fees_netted": money_drifted(lambda pence: pence - pence * CARD_FEE // 10_000, "net of fees"),
    "counted_cash_posted": money_drifted(lambda pence: pence + OVER_COUNTED, "as counted in the drawer"),
    "wrong_bank": wrong_bank,
    "wrong_customer": wrong_customer,
    "date_drift": date_drift,
    "dated_next_month": dated_next_month,
    "amended_after_posting": amended_after_posting,
    "several_at_once": several_at_once,
    "posted_twice": posted_twice,
    "tender_posted_twice": tender_posted_twice,
    "drifted_and_twice": drifted_and_twice,
    "posted_twice_reversed": posted_twice_reversed,
    "never_sold": never_sold,
    "to_suspense": to_suspense,
    "deferred": deferred,
    "journalled_receipt": journalled(True, "a journal with its VAT"),
    "journalled_without_vat": journalled(False, "a journal without its VAT"),
    "journalled_tender": journalled_tender,
    "journalled_in_part": journalled_in_part,
    "journal_reversed": journal_reversed,
    "reference_lost": reference_lost,
    "reference_lost_late": reference_lost_late,
    "not_a_sale_posted": not_a_sale_posted,
    "refund_as_sale": refund_as_sale,
    "gift_card_as_sale": taken_as_sale("a gift card posted as a sale"),
    "voucher_as_sale": taken_as_sale("a multi-purpose voucher posted as a sale"),
    "deposit_as_sale": taken_as_sale("a deposit posted as a sale"),
    "tip_in_sales": tip_in_sales,
    "account_sale_on_till": account_sale_on_till,
    "refund_at_new_code": refund_at_new_code,
    "coupon_as_payment": coupon_as_payment,
    "voucher_taxed_again": voucher_taxed_again,
    "tip_left_out": tip_left_out,
    "late_upload_missed": _postable(
        SILENCE, "its till was offline, and the connector had done with that day"
    ),
    "exchange_netted": exchange_netted,
    "void_posted": void_posted,
    "store_by_line": store_by_line,
}


DAY_ACTS: dict[str, Callable[[Candidate, Day], list[Action]]] = {
    "journalled_day": journalled_day,
    "summed_receipts": summed_receipts,
    "summarised_day": summarised_day(is_short=False),
    "summarised_day_short": summarised_day(is_short=True),
    "summarised_day_journal": summarised_day_journal,
}


def act(candidate: Candidate, fault: str | None) -> list[Action]:
    """Every document of the receipt, with the fault's name on the rows it touches (not on its innocent
    ones).
    """
    return clean(candidate) if fault is None else _named(fault, ACTS[fault](candidate))


def act_of_day(candidate: Candidate, day: Day) -> list[Action]:
    """The same for a receipt of a day that carries a fault as a whole."""
    return _named(day.fault, DAY_ACTS[day.fault](candidate, day))


def _named(fault: str, actions: Sequence[Action]) -> list[Action]:
    return [replace(action, fault=fault) if action.part == PLANTED else action for action in actions]
