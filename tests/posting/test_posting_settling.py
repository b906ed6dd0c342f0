"""What no run could settle a person settles: nobody's word is taken for what Sage can be asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledger_in_memory import ANY
from publication import Publication

from orchestration.operations import OperationsError, Person
from orchestration.operations.roles import NotAllowedError
from orchestration.posting import Payload, PostingPolicy, Wanted, chosen, plan, plan_reversal, prove_again
from orchestration.posting.settling import it_is_not_there, it_is_there, put_aside, to_settle

SAID = {"by": "Ian", "reason": "looked in Sage"}


@pytest.fixture
def one() -> Publication:
    """One invoice."""
    publication = Publication()
    publication.add("536365")
    return publication


@pytest.fixture
def key(one) -> str:
    return next(iter(one.rows))


@pytest.fixture
def given_up(shop, one, key):
    """A shop whose one document was sent as often as may be, and never arrived."""
    shop.ledger.faults[ANY] = ["timeout before commit"] * 9
    shop.post(one)
    shop.ledger.faults.clear()
    assert shop.state(key) == "unsettled"
    return shop


def document(shop, key):
    return Payload.from_text(
        shop.operations.intents.payload(shop.operations.intents.get(key).payload_digest)
    ).document


def by_hand(shop, key, reference="HAND-1", **changed):
    """Somebody enters the document in Sage by hand; its URN."""
    typed = replace(document(shop, key), posting_key=reference, **changed)
    return shop.ledger.keep(typed, user_name="MARY").urn


def there(shop, key, urn, **said):
    return it_is_there(shop.ledger, shop.operations, "DGS", key, urn, **{**SAID, **said})


def not_there(shop, key, **said):
    return it_is_not_there(shop.ledger, shop.operations, "DGS", key, **{**SAID, **said})


def aside(shop, key, **said):
    return put_aside(shop.operations, "DGS", key, **{**SAID, **said})


def actions(shop) -> list[tuple[str, str, str]]:
    rows = shop.operations.audit_log("DGS")
    return [
        (row["action"], row["author"], row["row_key"]) for row in rows if row["action"].startswith("settle")
    ]


def test_what_is_not_there_is_sent_again_by_the_next_run_alone(given_up, one, key):
    assert not_there(given_up, key).state == "decided"
    assert not given_up.ledger.documents, "a word sends nothing"
    assert given_up.post(one).right == 1
    assert len(given_up.ledger.of(key)) == 1
    events = [(event["event"], event["mover"]) for event in given_up.operations.intents.events(key)]
    assert ("absent", "Ian") in events and ("release", "Ian") in events
    assert actions(given_up) == [("settle: it is not there", "Ian", key)]
    given_up.operations.intents.verify_chain()
    with pytest.raises(OperationsError, match="is proven: there is nothing to settle"):
        not_there(given_up, key)


def test_what_is_said_not_to_be_there_and_is_stays_and_the_next_run_proves_it(given_up, one, key):
    urn = given_up.ledger.keep(document(given_up, key)).urn
    with pytest.raises(OperationsError, match=f"it is in Sage: URN {urn} bears its key"):
        not_there(given_up, key)
    assert given_up.state(key) == "unsettled" and actions(given_up) == []
    assert given_up.post(one).right == 1 and len(given_up.ledger.of(key)) == 1


def test_what_nobody_proposes_any_more_is_not_sent_though_a_person_freed_it(given_up, key):
    """A person typed it in, the next pass matched that, and somebody else says that ours is not there."""
    not_there(given_up, key)
    later = Publication(2)
    assert given_up.post(later).posts == 0
    assert given_up.state(key) == "cancelled"


def test_what_a_person_entered_by_hand_is_believed_where_it_is_exactly_that(given_up, one, key):
    urn = by_hand(given_up, key)
    intent = there(given_up, key, urn)
    assert (intent.state, intent.urn, intent.reference_in_sage) == ("proven", urn, "HAND-1")
    assert intent.truth_right and intent.truth_in_nominal
    assert actions(given_up) == [("settle: it is there", "Ian", key)]
    given_up.operations.intents.verify_chain()
    assert given_up.post(one).posts == 0 and not given_up.ledger.of(key)
    assert [proof.agrees for proof in prove_again(given_up.ledger, given_up.operations, "DGS")] == [True]
    given_up.ledger.documents = [
        replace(posted, gross_pence=posted.gross_pence + 1) for posted in given_up.ledger.documents
    ]
    (proof,) = prove_again(given_up.ledger, given_up.operations, "DGS")
    assert proof.is_there and not proof.agrees


def test_what_was_shown_by_its_urn_can_be_undone_like_any_other(given_up, key):
    there(given_up, key, by_hand(given_up, key))
    intents = chosen(given_up.operations, "DGS", Wanted((key,)))
    (contra,) = plan_reversal(given_up.ledger, given_up.operations, intents, publication_number=2)
    assert contra.code == "needs_approval", contra.reason
    by_hand(given_up, key, document_kind="credit_note")
    (contra,) = plan_reversal(given_up.ledger, given_up.operations, intents, publication_number=2)
    assert contra.code == "already_reversed"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gross_pence": 1201}, "gross is 1201, not 1200"),
        ({"document_kind": "credit_note"}, "is 1 times credit note, not one invoice"),
        ({"customer_reference": "TILL02"}, "customer is TILL02, not TILL01"),
        ({"reference": "POS-S01-536365"}, "is the connector's own"),
        ({"reference": "TPS95P0ZBRDSK5YN011P"}, "bears another key of ours"),
    ],
)
def test_what_is_not_exactly_that_is_not_believed(given_up, key, changed, words):
    urn = by_hand(given_up, key, **changed)
    with pytest.raises(OperationsError, match=words):
        there(given_up, key, urn)
    assert given_up.state(key) == "unsettled" and actions(given_up) == []


def test_a_document_that_is_nowhere_or_is_another_s_is_not_believed(given_up, one, key):
    with pytest.raises(OperationsError, match="Sage has no document of URN 4711"):
        there(given_up, key, 4711)
    with pytest.raises(OperationsError, match="is not the key of a posting of DGS"):
        there(given_up, "TPS95P0ZBRDSK5YN011P", 4711)
    two = Publication(2)
    two.rows, two.legs = dict(one.rows), dict(one.legs)
    other = two.add("536366")
    given_up.ledger.faults[other] = ["timeout before commit"] * 3
    given_up.post(two, policy=PostingPolicy(canary=False))
    assert given_up.state(other) == "unsettled"
    urn = by_hand(given_up, key)
    there(given_up, key, urn)
    with pytest.raises(OperationsError, match=f"URN {urn} is the document of {key}"):
        there(given_up, other, urn)


def test_of_a_hand_s_copy_and_ours_that_came_late_neither_is_hushed_up(given_up, one, key):
    copy = by_hand(given_up, key)
    ours = given_up.ledger.keep(document(given_up, key)).urn
    with pytest.raises(OperationsError, match=f"as URN {ours}: URN {copy} is a copy"):
        there(given_up, key, copy)


def test_what_is_kept_out_of_the_nominal_ledger_is_there_and_not_proven_until_it_is_in(given_up, one, key):
    typed = replace(document(given_up, key), posting_key="HAND-1")
    urn = given_up.ledger.keep(typed, "deferred").urn
    assert there(given_up, key, urn).state == "deferred"
    given_up.ledger.documents.clear()
    given_up.ledger.documents.append(replace(given_up.ledger.keep(typed), urn=urn))
    given_up.ledger.documents.pop()
    assert given_up.ledger.documents[0].urn == urn
    assert given_up.post(one).right == 1 and given_up.state(key) == "proven"


def test_what_is_put_aside_is_sent_by_no_run_and_complained_of_by_none(given_up, one, key):
    assert not given_up.post(one).is_settled
    assert aside(given_up, key, reason="Mary enters it").state == "aside"
    summary = given_up.post(one)
    assert summary.is_settled and summary.posts == 0
    assert given_up.state(key) == "aside"
    (decision,) = plan(*one.tables(), given_up.operations)
    assert decision.reason == "set_aside: a person put it aside: Mary enters it"
    assert [intent.posting_key for intent in to_settle(given_up.operations, "DGS")] == [key]
    with pytest.raises(OperationsError, match="was put aside before: Mary enters it"):
        aside(given_up, key)
    given_up.operations.intents.verify_chain()


def test_what_was_put_aside_is_not_the_end_of_it(given_up, one, key):
    aside(given_up, key)
    given_up.ledger.keep(document(given_up, key))
    assert given_up.post(one).right == 1, "it turned up: whoever put it aside need not know"
    assert given_up.state(key) == "proven"


def test_what_was_put_aside_can_be_shown_or_freed_later(given_up, one, key):
    aside(given_up, key)
    urn = by_hand(given_up, key)
    assert there(given_up, key, urn).urn == urn


def test_what_was_put_aside_no_longer_holds_up_its_like(given_up, one, key):
    two = Publication(2)
    two.rows, two.legs = dict(one.rows), dict(one.legs)
    other = two.add("536366")
    assert given_up.post(two).held["canary_first"] == 1
    aside(given_up, key)
    assert given_up.post(two).right == 1 and given_up.state(other) == "proven"


def test_nobody_settles_without_a_name_a_reason_and_a_role(given_up, key):
    for said in ({"by": ""}, {"reason": " "}, {"by": "Tillproof"}):
        for settle in (not_there, aside):
            with pytest.raises(OperationsError):
                settle(given_up, key, **said)
        with pytest.raises(OperationsError):
            there(given_up, key, 1, **said)
    given_up.operations = given_up.operations.acting_as(Person("Ian", frozenset({"finance"})))
    with pytest.raises(NotAllowedError, match="may not settle a posting"):
        aside(given_up, key)
    with pytest.raises(NotAllowedError, match="free a posting to be sent again"):
        not_there(given_up, key)
    assert given_up.state(key) == "unsettled"


@pytest.mark.parametrize("fault", ["refuse", "lock", "suspense"])
def test_only_what_no_run_could_settle_is_a_person_s(shop, one, key, fault):
    shop.ledger.faults[ANY] = [fault] * 9
    shop.post(one)
    for settle in (not_there, aside):
        with pytest.raises(OperationsError, match=f"{key} is {shop.state(key)}: "):
            settle(shop, key)
