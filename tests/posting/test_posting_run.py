"""What is missing is posted once and proven; what may not go stays, and says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from ledger_in_memory import ANY
from publication import DAY, Publication, event_of

from orchestration.operations import OperationsError
from orchestration.posting import Pace, approve, plan
from orchestration.posting.key import build_key


@pytest.fixture
def publication() -> Publication:
    """Three receipts of our store, each an invoice and its money."""
    three = Publication()
    for receipt_no in ("536365", "536366", "536367"):
        three.add(receipt_no)
        three.add(receipt_no, "receipt", net=1200)
    return three


def test_what_is_missing_is_posted_and_all_five_truths_hold(shop, publication):
    summary = shop.post(publication)
    assert (summary.posts, len(shop.ledger.posts)) == (6, 6)
    assert [summary.sent, summary.acknowledged, summary.present, summary.in_nominal, summary.right] == [6] * 5
    assert summary.is_settled and not summary.held
    tables = shop.operations.landed_tables()["intents"]
    assert set(tables.column("state").to_pylist()) == {"proven"}
    assert sorted(tables.column("urn").to_pylist()) == [posted.urn for posted in shop.ledger.documents]
    shop.operations.intents.verify_chain()


def test_a_second_run_posts_nothing(shop, publication):
    shop.post(publication)
    again = shop.post(publication)
    assert (again.posts, again.sent, again.already) == (0, 0, 6)
    assert len(shop.ledger.posts) == 6


def test_a_document_sage_already_holds_is_recorded_not_posted_again(shop, publication):
    key = next(iter(publication.rows))
    proposals, legs = publication.tables()
    shop.ledger.keep(plan(proposals, legs, shop.operations)[0].document)
    first = min(publication.rows)
    shop.post(publication)
    assert key and shop.state(first) == "proven"
    assert first not in [document.posting_key for document in shop.ledger.posts]
    assert len(shop.ledger.of(first)) == 1


def test_a_dry_run_shows_what_would_go_what_not_and_why_and_changes_nothing(shop, publication):
    blocked = publication.add("1", gate_status="blocked", blocked_by="NOM-03,TAX-01")
    early = publication.add("2", may_post=False, hold_reason="within its grace")
    proposals, legs = publication.tables()
    decisions = {one.posting_key: one for one in plan(proposals, legs, shop.operations)}
    assert sum(one.goes for one in decisions.values()) == 6
    assert decisions[blocked].reason == "gate_blocked: NOM-03,TAX-01"
    assert decisions[early].reason == "not_ready: within its grace"
    assert shop.operations.landed_tables()["intents"].num_rows == 0
    assert shop.ledger.questions == 0 and shop.ledger.posts == []


def test_nothing_goes_while_posting_is_off(shop, publication):
    shop.operations.disable_posting("DGS", "Fay", "year end")
    summary = shop.post(publication)
    assert summary.held == {"posting_off": 6} and shop.ledger.posts == []


def test_posting_turned_off_in_the_middle_stops_the_rest(shop, publication):
    def off_after_first(done, _of, _intent):
        if done == 1:
            shop.operations.disable_posting("DGS", "Fay", "stop now")

    summary = shop.post(publication, progress=off_after_first)
    assert len(shop.ledger.posts) == 1
    assert summary.held == {"posting_off": 5}


def test_where_nobody_is_named_to_post_nothing_is_sent_whatever_is_approved(shop):
    publication = Publication()
    publication.add("1", store_id="S03", writer="observe")
    proposals, legs = publication.tables()
    assert [one.code for one in plan(proposals, legs, shop.operations)] == ["observe"]
    with pytest.raises(OperationsError, match="cannot be approved"):
        approve(shop.operations, plan(proposals, legs, shop.operations), "Fay", "do it")
    assert shop.post(publication).held == {"observe": 1}


def test_where_the_connector_posts_only_what_a_person_approved_goes(shop):
    publication = Publication()
    wanted = publication.add("1", store_id="S02", writer="connector", sync_claim="rejected")
    publication.add("2", store_id="S02", writer="connector", sync_claim="rejected")
    assert shop.post(publication).held == {"needs_approval": 2}
    proposals, legs = publication.tables()
    chosen = [one for one in plan(proposals, legs, shop.operations) if one.posting_key == wanted]
    assert approve(shop.operations, chosen, "Fay", "seen the log") == 1
    summary = shop.post(publication)
    assert [document.posting_key for document in shop.ledger.posts] == [wanted]
    assert summary.held == {"needs_approval": 1}


@pytest.mark.parametrize("change", [{"narrative": "other words"}, {"sync_claim": "accepted"}])
def test_an_approval_lapses_with_the_payload_and_with_the_connectors_claim(shop, change):
    publication = Publication()
    key = publication.add("1", store_id="S02", writer="connector", sync_claim="rejected")
    proposals, legs = publication.tables()
    approve(shop.operations, plan(proposals, legs, shop.operations), "Fay", "seen")
    publication.rows[key].update(change)
    assert shop.post(publication).held == {"approval_lapsed": 1}
    assert shop.ledger.posts == []


def test_an_approval_withdrawn_before_the_send_counts(shop):
    publication = Publication()
    key = publication.add("1", store_id="S02", writer="connector")
    proposals, legs = publication.tables()
    decisions = plan(proposals, legs, shop.operations)
    approve(shop.operations, decisions, "Fay", "seen")
    digests = {key: decisions[0].payload_digest}
    shop.operations.approve("DGS", digests, approver="Gus", reason="wrong", decision="rejected")
    assert shop.post(publication).held == {"rejected": 1}
    assert shop.ledger.posts == []


def test_a_stopped_store_posts_nothing_and_the_others_go_on(shop, publication):
    other = publication.add("9", store_id="S02", writer="connector")
    proposals, legs = publication.tables()
    chosen = [one for one in plan(proposals, legs, shop.operations) if one.posting_key == other]
    approve(shop.operations, chosen, "Fay", "seen")
    shop.operations.stop_store("DGS", "S01", "posted by two writers")
    summary = shop.post(publication)
    assert [document.posting_key for document in shop.ledger.posts] == [other]
    assert summary.held == {"store_stopped": 6}
    shop.operations.lift_stop("DGS", "S01", "Fay", "settled")
    assert shop.post(publication).right == 6


def test_a_changed_writer_of_record_holds_what_was_proposed_under_the_old_one(shop):
    publication = Publication()
    publication.add("1", store_id="S02", writer="tillproof")
    assert shop.post(publication).held == {"writer_changed": 1}


def test_an_unsound_document_is_held_in_words(shop):
    publication = Publication()
    publication.rows[publication.add("1")]["gross_pence"] = 1201
    publication.rows[publication.add("2")]["event_id"] = "pos:S01:1:3:2011-02-10:1"
    publication.legs[publication.add("3")][0]["net_pence"] = 999
    publication.rows[publication.add("4")]["customer_reference"] = None
    proposals, legs = publication.tables()
    reasons = " | ".join(sorted(one.reason for one in plan(proposals, legs, shop.operations)))
    for words in (
        "do not make gross 1201",
        "the key of this event is",
        "nominal lines make 999",
        "no customer",
    ):
        assert words in reasons
    assert shop.post(publication).held == {"unsound": 4}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda ledger: ledger.hidden_nominals.add("4000"), "nominal_not_open"),
        (lambda ledger: ledger.customers_on_hold.add("TILL01"), "customer_not_open"),
        (lambda ledger: ledger.closed_months.add(DAY.replace(day=1)), "period_not_open"),
        (lambda ledger: ledger.rates.pop(1), "tax_code_changed"),
        (lambda ledger: ledger.rates.update({1: ledger.rates[3]}), "tax_code_changed"),
    ],
)
def test_what_sage_says_at_the_moment_of_sending_counts(shop, change, code):
    publication = Publication()
    key = publication.add("1")
    change(shop.ledger)
    summary = shop.post(publication)
    assert summary.held == {code: 1} and shop.ledger.posts == []
    assert shop.state(key) == "held"
    shop.ledger.hidden_nominals.clear()
    shop.ledger.customers_on_hold.clear()
    shop.ledger.closed_months.clear()
    shop.ledger.rates[1] = shop.ledger.rates[3] * 8 / 7
    assert shop.post(publication).right == 1, "once the cause is mended it goes"


def test_an_account_hidden_in_mid_batch_is_not_posted_to(shop, publication):
    def hide(_done, _of, _intent):
        shop.ledger.hidden_nominals.add("4000")
        shop.time = datetime(2011, 9, 30, 21, 0)  # noqa: DTZ001  UTC without a zone

    summary = shop.post(publication, progress=hide)
    goods = [document for document in shop.ledger.posts if document.document_kind == "invoice"]
    assert len(goods) == 1 and summary.held == {"nominal_not_open": 2}


def test_a_hidden_bank_holds_the_money_and_not_the_goods(shop, publication):
    shop.ledger.hidden_banks.add("CASH01")
    summary = shop.post(publication)
    assert (summary.right, dict(summary.held)) == (3, {"bank_not_open": 3})


def test_a_late_document_is_right_in_the_next_open_period_if_that_was_expected(shop):
    shop.ledger.closed_months.add(date(2011, 2, 1))
    publication = Publication()
    late = publication.add("1", expected_period_start=date(2011, 3, 1))
    assert shop.post(publication).right == 1
    shop.ledger.closed_months.clear()
    publication.add("2", expected_period_start=date(2011, 3, 1))
    assert shop.post(publication).held == {"period_not_open": 1}, "reopened: it would go elsewhere"
    assert shop.state(late) == "proven"


def test_an_old_receipt_of_the_same_number_keeps_no_new_one_back(shop):
    """Receipt numbers wrap: what the connector once posted under that name, with other figures, is another sale."""
    publication = Publication()
    key = publication.add("536365")
    proposals, legs = publication.tables()
    (decision,) = plan(proposals, legs, shop.operations)
    old = shop.ledger.keep(replace(decision.document, document_date=date(2010, 2, 10), gross_pence=4711))
    shop.ledger.documents.remove(old)
    shop.ledger.documents.append(replace(old, reference="POS-S01-536365"))
    assert shop.post(publication).right == 1 and shop.state(key) == "proven"


def test_what_the_connector_posted_meanwhile_is_not_posted_again(shop):
    publication = Publication()
    goods, money = publication.add("536365"), publication.add("536365", "receipt", net=1200)
    proposals, legs = publication.tables()
    for decision in plan(proposals, legs, shop.operations):
        suffix = "" if decision.posting_key == goods else "-1"
        posted = shop.ledger.keep(decision.document, user_name="CONNECTOR")
        shop.ledger.documents.remove(posted)
        named = type(posted)(**{**posted.__dict__, "reference": f"POS-S01-536365{suffix}"})
        shop.ledger.documents.append(named)
    summary = shop.post(publication)
    assert summary.held == {"connector_was_first": 2} and shop.ledger.posts == []
    assert shop.state(money) == "held"


@pytest.mark.parametrize(
    ("reference", "is_newer", "goes"),
    [
        ("BY HAND", True, False),
        ("BY HAND", False, True),
        ("POS-S01-999999", True, True),
        (build_key("DGS", event_of("999999"), "invoice", ordinal=1, revision=1, role="P"), True, True),
    ],
)
def test_a_newer_document_just_like_it_and_of_no_other_receipt_makes_it_wait(shop, reference, is_newer, goes):
    publication = Publication()
    publication.add("1")
    proposals, legs = publication.tables()
    posted = shop.ledger.keep(plan(proposals, legs, shop.operations)[0].document)
    shop.ledger.documents[:] = [replace(posted, reference=reference)]
    summary = shop.post(publication, seen_urn=posted.urn - is_newer)
    assert (summary.right, dict(summary.held)) == ((1, {}) if goes else (0, {"alike_in_ledger": 1}))


def test_what_is_no_longer_proposed_is_cancelled_and_may_come_back(shop, publication):
    key = publication.add("9")
    shop.ledger.hidden_nominals.add("4000")
    shop.post(publication)
    assert shop.state(key) == "held"
    following = publication.without(key)
    summary = shop.post(following)
    assert (shop.state(key), summary.cancelled) == ("cancelled", 1)
    shop.ledger.hidden_nominals.clear()
    back = following.without()
    back.add("9")
    assert shop.post(back).right == 4 and shop.state(key) == "proven"


def test_a_budget_ends_the_sending_but_what_was_sent_is_proven(shop, publication):
    summary = shop.post(publication, max_posts=2)
    assert (summary.posts, summary.right, summary.left) == (2, 2, 4)
    assert "2 posts were allowed" in summary.stopped_because
    assert shop.post(publication).right == 4
    assert len(shop.ledger.documents) == 6


def test_accounts_take_turns_in_the_order_of_their_keys(shop):
    publication = Publication()
    keys = [publication.add(str(number), store_id="S01") for number in range(3)]
    others = [publication.add(str(n), customer_reference="TILL02", store_id="S01") for n in range(3, 6)]
    shop.post(publication)
    sent = [document.posting_key for document in shop.ledger.posts]
    assert sent[0::2] == sorted(keys) and sent[1::2] == sorted(others)


def test_progress_tells_every_document_once(shop, publication):
    told = []
    shop.post(publication, progress=lambda done, of, intent: told.append((done, of, intent.posting_key)))
    assert [(done, of) for done, of, _ in told] == [(number, 6) for number in range(1, 7)]
    assert sorted(key for _, _, key in told) == sorted(publication.rows)


def test_two_proposals_with_one_key_are_both_held(shop):
    publication = Publication()
    key = publication.add("1")
    publication.rows["again"] = dict(publication.rows[key])
    assert shop.post(publication).held == {"key_taken": 2}


def test_a_key_that_belongs_to_another_event_is_never_used(shop):
    publication = Publication()
    key = publication.add("1")
    shop.ledger.faults[ANY] = ["refuse"]
    shop.post(publication)
    publication.rows[key]["event_id"] = "pos:S01:1:999:2011-02-10:1"
    assert shop.post(publication).held == {"key_taken": 1}


def test_refusals_in_a_row_break_the_circuit(shop):
    publication = Publication()
    for number in range(20):
        publication.add(str(number))
    shop.ledger.faults[ANY] = ["refuse"] * 20
    summary = shop.post(publication, pace=Pace(max_refusals=4))
    assert (len(shop.ledger.posts), summary.refused, summary.left) == (4, 4, 16)
    assert "4 refusals in a row" in summary.stopped_because


def test_refusals_far_apart_do_not(shop):
    publication = Publication()
    for number in range(12):
        publication.add(str(number))
    shop.ledger.faults[ANY] = ["refuse", ""] * 6
    summary = shop.post(publication, pace=Pace(max_refusals=4))
    assert (summary.refused, summary.right, summary.stopped_because) == (6, 6, "")
    assert summary.refusals == {"SageNullFieldException": 6}


@pytest.mark.parametrize("fault", ["", "timeout after commit"])
def test_what_the_connector_posted_between_look_and_send_is_seen_at_the_read_back_and_stops_the_store(
    shop, fault
):
    publication = Publication()
    keys = sorted(publication.add(str(number)) for number in range(4))
    number = next(row["receipt_no"] for key, row in publication.rows.items() if key == keys[0])
    send = shop.ledger.post

    def post(document):
        if document.posting_key == keys[0]:
            theirs = replace(document, posting_key=f"POS-S01-{number}")
            shop.ledger.keep(theirs, user_name="CONNECTOR")
        return send(document)

    shop.ledger.post = post
    shop.ledger.faults[keys[0]] = [fault] if fault else []
    summary = shop.post(publication)
    assert shop.state(keys[0]) == "proven", "ours is in Sage once, and right"
    (words,) = shop.operations.active_stops("DGS")["S01"]
    assert words == f"URN 1000 (POS-S01-{number}) and ours, URN 1001, are one receipt: two writers"
    assert (summary.posts, summary.held["store_stopped"]) == (1, 3)
    assert not [one for one in publication.rows if len(shop.ledger.of(one)) > 1]


def test_an_old_namesake_of_the_connector_stops_nothing(shop):
    publication = Publication()
    key = publication.add("1")
    proposals, legs = publication.tables()
    document = plan(proposals, legs, shop.operations)[0].document
    shop.ledger.keep(
        replace(document, posting_key="POS-S01-1", document_date=date(2010, 1, 4), gross_pence=99)
    )
    assert shop.post(publication).right == 1 and shop.state(key) == "proven"
    assert shop.operations.active_stops("DGS") == {}
