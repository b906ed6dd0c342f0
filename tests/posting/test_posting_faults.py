"""Whatever Sage does or says, a document is there once or not at all, and we end up knowing which."""

from __future__ import annotations

import pytest
from ledger_in_memory import ANY
from publication import DAY, Publication

from orchestration.posting import Pace, PostingPolicy, approve, plan
from orchestration.posting.key import build_key


@pytest.fixture
def one() -> Publication:
    """One invoice."""
    publication = Publication()
    publication.add("536365")
    return publication


@pytest.mark.parametrize(
    ("fault", "sends"),
    [
        ("timeout after commit", 1),
        ("timeout before commit", 2),
        ("ghost", 2),
        ("breaks", 2),
        ("breaks after commit", 1),
        ("lock", 2),
        ("too many", 2),
        ("refused but saved", 1),
    ],
)
def test_a_fault_ends_in_exactly_one_document_proven(shop, one, fault, sends):
    key = next(iter(one.rows))
    shop.ledger.faults[key] = [fault]
    summary = shop.post(one)
    assert len(shop.ledger.of(key)) == 1, shop.operations.intents.events(key)
    assert (summary.right, len(shop.ledger.posts)) == (1, sends)
    assert summary.is_settled
    shop.operations.intents.verify_chain()
    assert shop.post(one).posts == 0


def test_a_lost_reply_is_looked_for_before_it_is_sent_again(shop, one):
    shop.ledger.faults[ANY] = ["timeout before commit"]
    shop.post(one)
    events = [event["event"] for event in shop.operations.intents.events(next(iter(one.rows)))]
    looks = events[events.index("silence") : events.index("absent")]
    assert looks.count("look") >= Pace().looks - 1, "absence is believed only after patience"
    assert sum(shop.slept) > Pace().longest_post_s, "and not while the POST may be on its way"


def test_a_document_seen_late_is_not_sent_again(shop, one):
    shop.ledger.faults[ANY] = ["timeout after commit"]
    shop.ledger.reads_until_visible = 3
    assert shop.post(one).right == 1
    assert len(shop.ledger.posts) == 1


def test_a_success_that_left_nothing_is_sent_again_only_after_double_patience(shop, one):
    shop.ledger.faults[ANY] = ["ghost"]
    shop.post(one)
    events = [event["event"] for event in shop.operations.intents.events(next(iter(one.rows)))]
    assert events.index("acknowledge") < events.index("vanish") < events.index("absent")
    assert events.count("look") == 2 * (Pace().looks - 1)


def test_a_document_that_never_arrives_is_left_to_a_person(shop, one):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["timeout before commit"] * 9
    summary = shop.post(one)
    assert (shop.state(key), summary.unknown, len(shop.ledger.posts)) == ("unsettled", 1, Pace().max_sends)
    assert shop.post(one).posts == 0, "no run sends it again by itself"
    shop.ledger.faults.clear()
    assert shop.post(one).posts == 0, "nor does the run after it: a person settles it (test_posting_settling)"


def test_an_unsettled_document_that_turns_up_is_proven_without_anybody(shop, one):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["timeout before commit"] * 3
    shop.post(one)
    proposals, legs = one.tables()
    shop.ledger.keep(plan(proposals, legs, shop.operations)[0].document)
    assert shop.post(one).right == 1 and shop.state(key) == "proven"


def test_a_locked_account_does_not_hold_up_the_others(shop):
    publication = Publication()
    locked = [publication.add(str(number)) for number in range(5)]
    free = [publication.add(str(n), customer_reference="TILL02") for n in range(5, 10)]
    shop.ledger.locked_customers.add("TILL01")
    rested = []
    summary = shop.post(publication, progress=lambda _done, _of, intent: rested.append(intent.posting_key))
    assert all(shop.state(key) == "proven" for key in free)
    assert rested[:5] == sorted(free), "they were done before the lock was given up on"
    assert (summary.right, summary.locked, summary.left) == (5, 2, 3)
    tried = [document.posting_key for document in shop.ledger.posts if document.posting_key in locked]
    assert len(tried) == Pace().max_locks + 1, (
        "the account is locked, not the document: the rest is not tried"
    )
    shop.ledger.locked_customers.clear()
    assert shop.post(publication).right == 5
    assert all(len(shop.ledger.of(key)) == 1 for key in [*locked, *free])


def test_lock_retries_back_off_with_jitter_and_the_same_seed_waits_the_same(new_shop, one):
    def waits(seed: int) -> list[float]:
        shop = new_shop()
        shop.ledger.faults[ANY] = ["lock"] * 4
        shop.post(one, seed=seed)
        return shop.slept

    first = waits(1)
    assert first == waits(1) and first != waits(2)
    for tries, slept in enumerate(first, start=1):
        ceiling = min(60, 2 * 2 ** (tries - 1))
        assert ceiling / 2 <= slept <= ceiling


def test_a_wait_sage_asks_for_is_kept(shop, one):
    shop.ledger.faults[ANY] = ["too many"]
    shop.post(one)
    assert max(shop.slept) >= 17


def test_one_poison_record_never_stops_the_rest(shop):
    publication = Publication()
    keys = sorted(publication.add(str(number)) for number in range(6))
    shop.ledger.faults[keys[0]] = ["lock"] * 50
    shop.ledger.faults[keys[1]] = ["refuse"]
    shop.ledger.faults[keys[2]] = ["timeout before commit"] * 50
    summary = shop.post(publication, policy=PostingPolicy(canary=False))
    assert [shop.state(key) for key in keys] == ["locked", "refused", "unsettled"] + ["proven"] * 3
    assert (summary.right, summary.locked, summary.refused, summary.unknown) == (3, 1, 1, 1)


def test_a_record_that_breaks_the_poster_is_set_aside_by_name(shop, monkeypatch):
    publication = Publication()
    keys = sorted(publication.add(str(number)) for number in range(3))
    found = shop.ledger.find

    def find(stem: str):
        if stem == keys[1][:18]:
            raise ValueError("unreadable")
        return found(stem)

    monkeypatch.setattr(shop.ledger, "find", find)
    summary = shop.post(publication)
    assert [shop.state(key) for key in keys] == ["proven", "claimed", "proven"]
    assert summary.errors == [f"{keys[1]}: ValueError: unreadable"] and not summary.is_settled
    monkeypatch.undo()
    assert shop.post(publication).right == 1


def test_what_sage_refused_is_tried_again_only_by_a_later_publication_or_another_payload(shop, one):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["refuse"]
    assert shop.post(one).refusals == {"SageNullFieldException": 1}
    assert shop.post(one).held == {"refused": 1}
    assert len(shop.ledger.posts) == 1
    assert shop.post(one.without()).right == 1 and shop.state(key) == "proven"


def test_a_payload_changed_before_the_send_replaces_the_old_one(shop, one):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["refuse"]
    shop.post(one)
    one.rows[key]["narrative"] = "Till receipt 536365, mended"
    shop.post(one)
    assert shop.ledger.posts[-1].narrative.endswith("mended") and shop.state(key) == "proven"
    replaced = [event for event in shop.operations.intents.events(key) if event["event"] == "redecide"]
    assert len(replaced) == 1 and replaced[0]["detail"]["replaces_digest"] != replaced[0]["payload_digest"]


def test_a_payload_changed_after_the_send_waits_for_the_old_one_to_be_settled(shop, one):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["timeout after commit"]
    shop.ledger.reads_until_visible = 10**6
    shop.post(one, pace=Pace(max_sends=1))
    assert shop.state(key) == "unsettled"
    one.rows[key]["narrative"] = "Till receipt 536365, mended"
    proposals, legs = one.tables()
    held = plan(proposals, legs, shop.operations)[0]
    assert held.reason == "being_settled: an earlier send with another payload is unsettled"
    shop.ledger._hidden_for.clear()
    shop.post(one)
    assert (shop.state(key), len(shop.ledger.posts)) == ("proven", 1)


@pytest.mark.parametrize(
    ("fault", "state", "words"),
    [
        ("deferred", "deferred", ""),
        ("suspense", "wrong", "suspense account 9998 has"),
        ("other amount", "wrong", "gross is 1201, not 1200"),
    ],
)
def test_present_is_not_yet_right(shop, one, fault, state, words):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = [fault]
    summary = shop.post(one)
    intent = shop.operations.intents.get(key)
    assert (intent.state, intent.truth_present, intent.truth_right) == (state, True, False)
    assert intent.truth_in_nominal is (fault != "deferred")
    assert words in intent.refusal
    assert (summary.present, summary.right, getattr(summary, state)) == (1, 0, 1)
    assert shop.post(one).posts == 0, "it is never sent again"


def test_a_deferred_document_is_proven_once_sage_lets_it_into_the_nominal_ledger(shop, one):
    shop.ledger.faults[ANY] = ["deferred"]
    shop.post(one)
    document = shop.ledger.posts[0]
    shop.ledger.documents.clear()
    shop.ledger.keep(document)
    assert shop.post(one).right == 1


def test_a_second_copy_of_ours_is_wrong_and_stops_the_store(shop, one):
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["twice"]
    shop.post(one)
    assert shop.state(key) == "wrong"
    assert "S01" in shop.operations.active_stops("DGS")


def test_a_ledger_that_goes_silent_leaves_everything_as_it_was_for_the_next_run(shop):
    publication = Publication()
    keys = [publication.add(str(number)) for number in range(4)]

    def silence(done, _of, _intent):
        if done == 2:
            shop.ledger.silent_reads = 10**6

    summary = shop.post(publication, progress=silence)
    assert "does not answer" in summary.stopped_because and not summary.is_settled
    shop.ledger.silent_reads = 0
    shop.post(publication)
    assert all(shop.state(key) == "proven" for key in keys)
    assert len(shop.ledger.documents) == 4


def test_a_short_silence_is_waited_out(shop, one):
    shop.ledger.silent_reads = 3
    assert shop.post(one).right == 1


def reversal(shop, target_urn: int, **changed):
    """A contra of a ledger document that is not ours, approved."""
    publication = Publication(2)
    event = f"ledger:{target_urn}"
    key = publication.add("536365", "credit_note", event_id=event, role="X", target_urn=target_urn, **changed)
    return publication, key


def copy_of_connector(shop, **changed):
    """An invoice the connector posted."""
    publication = Publication()
    publication.add("536365", **changed)
    proposals, legs = publication.tables()
    posted = shop.ledger.keep(plan(proposals, legs, shop.operations)[0].document, user_name="CONNECTOR")
    named = type(posted)(**{**posted.__dict__, "reference": "POS-S01-536365"})
    shop.ledger.documents[-1] = named
    return named


def approve_all(shop, publication) -> None:
    proposals, legs = publication.tables()
    approve(shop.operations, plan(proposals, legs, shop.operations), "Fay", "a copy indeed")


def test_a_duplicate_is_reversed_once_and_only_with_a_persons_word(shop):
    target = copy_of_connector(shop)
    publication, key = reversal(shop, target.urn)
    assert shop.post(publication).held == {"needs_approval": 1}
    approve_all(shop, publication)
    assert shop.post(publication).right == 1
    assert [posted.document_kind for posted in shop.ledger.of(key)] == ["credit_note"]
    assert shop.post(publication).posts == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"allocated_pence": 1200}, "allocated"),
        ({"is_bank_reconciled": True}, "reconciled"),
        ({"gross_pence": 1300}, "is over 1300 pence"),
        ({"tax_pence": 100}, "is over 1200 pence"),
        ({"customer_reference": "TILL02"}, "TILL02"),
        (None, "Sage has 0 such documents"),
    ],
)
def test_a_target_that_changed_is_not_reversed(shop, change, words):
    target = copy_of_connector(shop)
    publication, key = reversal(shop, target.urn)
    approve_all(shop, publication)
    changed = [] if change is None else [type(target)(**{**target.__dict__, **change})]
    shop.ledger.documents[:] = changed
    assert shop.post(publication).held == {"target_changed": 1}
    assert words in shop.operations.intents.get(key).hold_reason


def test_a_reversed_document_of_ours_says_so_and_its_revision_is_used_up(shop):
    publication = Publication()
    event = f"pos:S01:1:536365:{DAY}:1"
    ours = publication.add("536365")
    shop.post(publication)
    urn = shop.ledger.of(ours)[0].urn
    contra = Publication(2)
    key = contra.add("536365", "credit_note", event_id=event, role="X", target_urn=urn)
    as_ours = build_key("DGS", event, "invoice", ordinal=1, revision=1, role="X")
    contra.rows[as_ours] = {**contra.rows.pop(key), "posting_key": as_ours}
    contra.legs[as_ours] = [{**leg, "posting_key": as_ours} for leg in contra.legs.pop(key)]
    approve_all(shop, contra)
    shop.post(contra)
    assert (shop.state(as_ours), shop.state(ours)) == ("proven", "reversed")
    assert shop.post(publication).already == 1, "revision 1 is spent"
    second = Publication(3)
    second.add("536365", revision=2)
    assert shop.post(second).right == 1, "revision 2 may exist now that the contra is read back"


def test_a_second_revision_waits_until_the_first_is_reversed(shop):
    publication = Publication()
    publication.add("536365")
    shop.post(publication)
    second = Publication(2)
    second.add("536365", revision=2)
    assert shop.post(second).held == {"revision_live": 1}


@pytest.mark.parametrize("is_there_after_all", [True, False])
def test_a_refused_document_nobody_proposes_any_more_is_looked_for_before_it_is_cancelled(
    shop, one, is_there_after_all
):
    """Sage said no, saved it, and showed it later: the publication saw it, and the store must not deny it."""
    key = next(iter(one.rows))
    shop.ledger.faults[ANY] = ["refuse"]
    shop.post(one)
    if is_there_after_all:
        shop.ledger.keep(shop.ledger.posts[0])
    summary = shop.post(one.without(key))
    wanted = ("proven", 0) if is_there_after_all else ("cancelled", 1)
    assert (shop.state(key), summary.cancelled) == wanted
