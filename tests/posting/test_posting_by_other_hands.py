"""Somebody else brings the sale to Sage while an intent of ours waits: it is never sent beside theirs."""

from __future__ import annotations

from dataclasses import replace

from publication import DAY, Publication
from test_posting_cases import ALLOWED, approve_all, planned, post

from orchestration.ledgers.ledger import PostedDocument
from orchestration.posting import Pace, Wanted, approve, chosen, plan, plan_reversal, run_reversal
from orchestration.posting.documents import Payload
from orchestration.posting.looks import URN_SEQUENCE
from orchestration.posting.settling import it_is_there

PATTERNS = (
    "company_id,connector,pattern,retry_window_hours,day_pattern\n"
    "DGS,shopbridge,^POS-(S[0-9]{2})-([0-9A-Z]+)(?:-([0-9]+))?$,2,^DAY-(S[0-9]{2})-([0-9]{8})(?:-([0-9]+))?$\n"
)


def by_hand(shop, key: str, reference: str = "BY HAND") -> PostedDocument:
    """A person types exactly the same document into Sage."""
    intent = shop.operations.intents.get(key)
    document = Payload.from_text(shop.operations.intents.payload(intent.payload_digest)).document
    return shop.ledger.keep(replace(document, posting_key=reference), user_name="MARY")


def references(shop) -> list[str]:
    return [posted.reference for posted in shop.ledger.documents]


def locked(shop) -> tuple[Publication, str]:
    """A document that a run could not send: somebody has its customer open."""
    publication = Publication()
    key = publication.add("1")
    shop.ledger.locked_customers.add("TILL01")
    shop.post(publication, seen_urn=0)
    assert shop.state(key) == "locked"
    shop.ledger.locked_customers.clear()
    return publication, key


def test_what_was_locked_is_held_where_the_newest_publication_knows_the_like_of_it(shop):
    publication, key = locked(shop)
    posted = by_hand(shop, key)
    shop.post(publication.without(key), seen_urn=posted.urn)
    assert references(shop) == ["BY HAND"]
    assert shop.operations.intents.get(key).hold_reason.startswith(f"alike_in_ledger: URN {posted.urn}")


def test_and_goes_when_a_later_publication_proposes_it_all_the_same(shop):
    """The like of it was another sale's."""
    publication, key = locked(shop)
    posted = by_hand(shop, key)
    later = publication.without(key)
    shop.post(later, seen_urn=posted.urn)
    last = later.without()
    last.add("1")
    shop.post(last, seen_urn=posted.urn)
    assert references(shop) == ["BY HAND", key]


def test_and_goes_where_there_is_no_like_of_it(shop):
    publication, key = locked(shop)
    shop.post(publication.without(key), seen_urn=0)
    assert references(shop) == [key]


def test_what_was_lost_on_its_way_is_held_too(shop):
    publication = Publication()
    key = publication.add("1")
    shop.ledger.faults[key] = ["timeout before commit"]
    real = shop.ledger.post

    def post_and_fall_silent(document):
        reply = real(document)
        shop.ledger.silent_reads = 5
        return reply

    shop.ledger.post = post_and_fall_silent
    shop.post(publication, seen_urn=0)
    shop.ledger.post, shop.ledger.silent_reads = real, 0
    assert shop.state(key) == "unknown"
    posted = by_hand(shop, key)
    shop.post(publication.without(key), seen_urn=posted.urn)
    assert references(shop) == ["BY HAND"]


def test_a_repost_that_is_owed_is_held_where_a_person_has_entered_what_should_stand(shop):
    publication = Publication()
    contra, repost = publication.add_case("1", 1000, there={"net": 900})
    decision = {one.posting_key: one for one in planned(shop, publication)}[contra]
    wrong = replace(decision.document, document_kind="invoice", posting_key="POS-S01-1")
    assert shop.ledger.keep(wrong, user_name="CONNECTOR").urn == 1000
    approve_all(shop, publication)
    shop.ledger.faults[repost] = ["refuse"]
    post(shop, publication, seen_urn=1000)
    assert (shop.state(contra), shop.state(repost)) == ("proven", "refused")
    posted = by_hand(shop, repost)
    post(shop, publication.without(contra, repost), seen_urn=posted.urn)
    assert references(shop) == ["POS-S01-1", contra, "BY HAND"]


def receipt_of_a_day_that_is_posted(shop, tmp_path) -> tuple[Publication, str, PostedDocument]:
    """A publication with one receipt, the receipt's key, and the connector's document of its whole day."""
    patterns = tmp_path / "connector_patterns.csv"
    patterns.write_text(PATTERNS)
    shop.operations.import_mappings(patterns, "Ann", "it posts days as well")
    publication = Publication()
    key = publication.add("1")
    (decision,) = planned(shop, publication)
    day = replace(decision.document, posting_key=f"DAY-S01-{DAY:%Y%m%d}", gross_pence=99900)
    return publication, key, shop.ledger.keep(day, user_name="CONNECTOR")


def test_a_receipt_is_held_where_the_connector_has_posted_its_whole_day_since(shop, tmp_path):
    publication, key, posted = receipt_of_a_day_that_is_posted(shop, tmp_path)
    shop.post(publication, seen_urn=posted.urn - 1)
    assert shop.ledger.of(key) == []
    held = shop.operations.intents.get(key).hold_reason
    assert held == f"connector_was_first: URN {posted.urn} ({posted.reference}) is of the same day"
    # what the publication knew, it was proposed beside
    shop.post(publication, seen_urn=posted.urn)
    assert len(shop.ledger.of(key)) == 1


def test_so_it_is_where_a_urn_begins_with_its_user(shop, tmp_path):
    publication, key, _ = receipt_of_a_day_that_is_posted(shop, tmp_path)
    # the connector's number is below that of the user who posted last, and its sequence above
    newest = 202 * URN_SEQUENCE + 4000
    posted = replace(shop.ledger.documents[-1], urn=101 * URN_SEQUENCE + 4001)
    shop.ledger.documents[-1] = posted
    shop.post(publication, seen_urn=newest)
    assert shop.ledger.of(key) == []
    assert f"URN {posted.urn}" in shop.operations.intents.get(key).hold_reason
    shop.post(publication, seen_urn=newest + 1)
    assert len(shop.ledger.of(key)) == 1


def test_what_a_contra_of_another_key_undoes_is_undone_once(shop):
    """A person showed it to be ours; the pass undoes it by its URN, and somebody asks for it by its key."""
    first = Publication()
    key = first.add("1", net=900)
    shop.ledger.faults[key] = ["timeout before commit"] * 9
    shop.post(first)
    assert shop.state(key) == "unsettled"
    urn = by_hand(shop, key, "HAND-1").urn
    it_is_there(shop.ledger, shop.operations, "DGS", key, urn, by="Ian", reason="seen")
    second = Publication(2)
    what = {"role": "X", "remedy": "reverse_duplicate", "target_urn": urn}
    contra = second.add("1", "credit_note", net=900, event_id=f"ledger:{urn}", **what)
    policy = replace(ALLOWED, remedies=ALLOWED.remedies | {"reverse_posting"})
    proposed = plan(*second.tables(), shop.operations, publication_number=2, policy=policy)
    approve(shop.operations, [one for one in proposed if one.code == "needs_approval"], "Fay", "a copy")
    shop.ledger.faults[contra] = ["deferred"]
    shop.post(second, policy=policy)
    assert shop.state(contra) == "deferred"

    def asked():
        intents = chosen(shop.operations, "DGS", Wanted((key,)))
        return plan_reversal(shop.ledger, shop.operations, intents, publication_number=2, policy=policy)

    approve(shop.operations, [one for one in asked() if one.code == "needs_approval"], "Gus", "undo it")
    run_reversal(
        shop.ledger, shop.operations, asked(), company_id="DGS", publication_number=2, pace=Pace(), alone=True,
        sleep=shop.sleep, policy=policy,
    )  # fmt: skip
    assert [posted.document_kind for posted in shop.ledger.documents] == ["invoice", "credit_note"]
