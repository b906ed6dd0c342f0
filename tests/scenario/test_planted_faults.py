"""How single faults are committed, on receipts small enough to work out by hand."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import pytest

from sandbox.scenario.acting import ACTS, DAY_ACTS, act
from sandbox.scenario.actions import Action, truth_after
from sandbox.scenario.connector_documents import Part, draft_documents, half_even, half_up, truncated
from sandbox.scenario.connector_reading import Receipt, SoldLine, Tendered
from sandbox.scenario.planting import DAYS, FAULTS, WHERE, Candidate, candidates_of, choose, transposed


def receipt(
    number: str = "550001",
    *lines: SoldLine,
    store: str = "S01",
    day: str = "2011-05-04T10:15",
    tenders: tuple[Tendered, ...] = (),
) -> Receipt:
    made = Receipt(store, "1", number, "SALE", datetime.fromisoformat(day), is_store_known=True)
    for line in lines or (SoldLine("85123A", 1234, 247, "S", 200), SoldLine("22086", 1021, 204, "S", 200)):
        made.add(line, datetime.fromisoformat(day), "1")
    made.tenders = list(tenders) or [Tendered(1, "CASH", made.gross_pence)]
    return made


def candidate(made: Receipt | None = None, zero_rated: frozenset[str] = frozenset()) -> Candidate:
    made = made or receipt()
    drafts = {made.receipt_no: draft_documents(made, zero_rated)}
    return candidates_of([made], drafts)[0]


def one(actions: list[Action], verdict: str) -> Action:
    found = [action for action in actions if action.verdict == verdict]
    assert len(found) == 1
    return found[0]


def test_a_sale_is_an_invoice_by_nominal_and_tax_code_and_a_receipt_per_tender() -> None:
    made = receipt(
        "550002",
        SoldLine("85123A", 1000, 200, "S", 200),
        SoldLine("22665", 295, 0, "Z", 0),
        SoldLine("POST", 500, 100, "S", 200),
        tenders=(Tendered(1, "CASH", 500), Tendered(2, "CARD", 1595)),
    )
    goods, cash, card = draft_documents(made, frozenset({"22665"}))
    assert goods.parts == (Part("4000", 1, 1000, 200), Part("4010", 2, 295, 0), Part("4905", 1, 500, 100))
    assert (goods.kind, goods.reference, goods.customer) == ("invoice", "POS-S01-550002", "TILL01")
    assert (cash.bank, cash.value_pence, cash.reference) == ("CASH01", 500, "POS-S01-550002-1")
    assert (card.bank, card.value_pence, card.ordinal) == ("CARD01", 1595, 2)


def test_a_refund_is_a_credit_note_and_a_payment_with_positive_figures() -> None:
    made = receipt("C550003", SoldLine("85123A", -1000, -200, "S", 200))
    goods, money = draft_documents(made, frozenset())
    assert (goods.kind, goods.net_pence, goods.tax_pence) == ("credit_note", 1000, 200)
    assert (money.kind, money.value_pence) == ("payment", 1200)


def test_the_rate_of_its_day_decides_the_tax_code() -> None:
    old = receipt("538001", SoldLine("1", 1000, 175, "S", 175), day="2011-01-03T10:00")
    new = receipt("540001", SoldLine("1", 1000, 200, "S", 200), day="2011-01-04T10:00")
    assert [draft_documents(made, frozenset())[0].parts[0].tax_code for made in (old, new)] == [3, 1]


def test_the_old_rate_is_posted_under_the_old_code_and_all_three_kinds_show() -> None:
    drifted = one(act(candidate(), "tax_code_drift"), "drifted")
    assert drifted.drift_kinds == "amount,tax_amount,tax_code"
    assert drifted.sent is not None and drifted.expected is not None
    assert [part.tax_code for part in drifted.sent.parts] == [3]
    assert drifted.sent.tax_pence == 395  # 17.5% of 22.55
    assert drifted.sent.net_pence == drifted.expected.net_pence


def test_transposed_pence_change_the_net_and_nothing_else() -> None:
    assert [transposed(pence) for pence in (2255, 1021, 1203)] == [2255, 1012, 1230]
    made = receipt("550004", SoldLine("85123A", 1021, 204, "S", 200))
    actions = act(candidate(made), "amount_drift")
    goods = actions[0]
    assert goods.sent is not None and goods.expected is not None
    assert (goods.sent.net_pence, goods.sent.tax_pence) == (1012, 204)
    # nine pence is odd: the receipt follows the invoice
    assert actions[1].sent is not None and actions[1].sent.value_pence == 1216
    assert [action.drift_kinds for action in actions] == ["amount", "amount"]


def test_the_other_basis_is_within_policy_and_truncation_is_not() -> None:
    # three lines of 82p: by line 3 x 16p, by receipt 49p, truncated by line 3 x 16p
    lines = [SoldLine(str(n), 82, 16, "S", 200) for n in range(3)]
    by_line = candidate(receipt("550005", *lines))
    within = one(act(by_line, "other_basis"), "matched_within_policy")
    assert within.sent is not None and within.sent.tax_pence == 49
    assert WHERE["other_basis"](by_line)
    assert not WHERE["tax_truncated"](by_line), "truncation that a permitted basis explains is no fault"
    # three lines of 84p: by line 3 x 17p, by receipt 50p, truncated 3 x 16p
    lines = [SoldLine(str(n), 84, 17, "S", 200) for n in range(3)]
    cut = candidate(receipt("550006", *lines))
    assert WHERE["tax_truncated"](cut)
    drifted = one(act(cut, "tax_truncated"), "drifted")
    assert drifted.sent is not None and drifted.sent.tax_pence == 48


def test_rounding_goes_away_from_zero_to_even_or_down() -> None:
    assert [half_up(n, 10) for n in (25, 35, -25, 24)] == [3, 4, -3, 2]
    assert [half_even(n, 10) for n in (25, 35, -25, 26)] == [2, 4, -2, 3]
    assert [truncated(n, 10) for n in (29, -29)] == [2, -2]


def test_a_missing_receipt_is_put_right_and_one_on_hold_is_not() -> None:
    assert {truth_after(a) for a in act(candidate(), "missing_receipt_whole")} == {"matched"}
    held = act(candidate(receipt(store="S05")), "missing_on_hold")
    assert {truth_after(a) for a in held} == {"missing_in_ledger"}
    assert all(action.sent is None for action in held)


def test_a_flagged_leg_holds_the_invoice_back_and_not_the_money() -> None:
    reduced = candidate(receipt("550007", SoldLine("23355", 495, 25, "R", 50)))
    assert [truth_after(action) for action in act(reduced, "rejected_tax_code")] == [
        "missing_in_ledger",
        "matched",
    ]
    december = candidate(receipt("536400", SoldLine("23355", 495, 25, "R", 50), day="2010-12-02T09:00"))
    assert {truth_after(action) for action in act(december, "rejected_tax_code")} == {"missing_in_ledger"}


def test_a_fault_marks_its_own_rows_and_not_the_innocent_ones_beside_them() -> None:
    marked = {action.verdict: (action.fault, action.part) for action in act(candidate(), "wrong_bank")}
    assert marked == {"matched": ("clean", "clean"), "drifted": ("wrong_bank", "planted")}


def test_a_receipt_carries_one_fault_and_only_where_it_can_show() -> None:
    many = [receipt(str(550000 + n), SoldLine("85123A", 1000 + 7 * n, 200 + n, "S", 200)) for n in range(400)]
    drafts = {made.receipt_no: draft_documents(made, frozenset()) for made in many}
    candidates = candidates_of(many, drafts)
    quota = {"missing_receipt_whole": 50, "wrong_bank": 50, "missing_closed_period": 5, "posted_twice": None}
    chosen = choose(candidates, seed=7, quota=quota)
    counts = {fault: list(chosen.values()).count(fault) for fault in quota}
    assert counts == {
        "missing_receipt_whole": 50,
        "wrong_bank": 50,
        "missing_closed_period": 0,
        "posted_twice": 300,
    }
    assert choose(candidates, seed=7, quota=quota) == chosen
    assert choose(candidates, seed=8, quota=quota) != chosen


@pytest.mark.parametrize("first", ["missing_goods_only", "journalled_in_part"])
def test_a_journal_that_falls_short_shares_its_day_with_no_missing_sale(first: str) -> None:
    days = [f"2011-05-{1 + n % 4:02}T10:15" for n in range(40)]
    many = [
        receipt(str(550000 + n), SoldLine("85123A", 2000 + 7 * n, 400 + n, "S", 200), day=day)
        for n, day in enumerate(days)
    ]
    candidates = candidates_of(many, {made.receipt_no: draft_documents(made, frozenset()) for made in many})
    day_of = {one.receipt.receipt_no: one.day for one in candidates}
    quota = dict.fromkeys((first, "missing_goods_only", "journalled_in_part"), 6)
    for seed in range(8):
        chosen = choose(candidates, seed=seed, quota=quota)
        missing, short = (
            {day_of[number] for number, fault in chosen.items() if fault == kind}
            for kind in ("missing_goods_only", "journalled_in_part")
        )
        assert missing.isdisjoint(short)
        assert {"missing_goods_only": missing, "journalled_in_part": short}[first]


def test_several_at_once_are_two_things_or_more_and_all_kinds_come_up() -> None:
    seen: set[str] = set()
    for number in range(550000, 550060):
        actions = act(candidate(receipt(str(number))), "several_at_once")
        causes = [kind for action in actions for kind in action.drift_kinds.split(",") if kind]
        assert {action.verdict for action in actions} <= {"drifted", "missing_in_ledger"}, number
        wrong = {"tax_code", "nominal", "customer", "bank", "date"}.intersection(causes)
        lost = sum(action.verdict == "missing_in_ledger" for action in actions)
        over = any("amount" in action.drift_kinds.split(",") for action in actions if action.expected.bank)
        assert len(wrong) + lost + over >= 2, (number, causes)
        seen.update(causes)
    assert seen == {
        "amount",
        "bank",
        "customer",
        "date",
        "nominal",
        "tax_amount",
        "tax_code",
        "tender",
    }


def test_amounts_that_occur_twice_in_a_slot_never_lose_their_reference() -> None:
    twins = [receipt(number) for number in ("550010", "550011")]
    other = receipt("550012", SoldLine("85123A", 999, 200, "S", 200))
    receipts = [*twins, other]
    drafts = {made.receipt_no: draft_documents(made, frozenset()) for made in receipts}
    fits = [WHERE["reference_lost"](c) for c in candidates_of(receipts, drafts)]
    assert fits == [False, False, True]


def test_every_fault_in_the_data_has_a_place_and_an_act() -> None:
    with Path(FAULTS).open(encoding="utf-8", newline="") as file:
        faults = {row["fault"] for row in csv.DictReader(file)}
    assert faults == set(WHERE) | set(DAYS) == set(ACTS) | set(DAY_ACTS)


@pytest.mark.parametrize("fault", ["never_sold", "posted_twice_reversed", "reference_lost"])
def test_what_only_the_ledger_knows_hangs_on_no_receipt(fault: str) -> None:
    actions = act(candidate(), fault)
    assert [a.expected for a in actions if a.verdict in ("missing_in_pos", "reversed")] == [None] * sum(
        a.verdict in ("missing_in_pos", "reversed") for a in actions
    )
    assert sum(a.expected is not None for a in actions) == 2
