"""What was proven once is proven again, and whatever has changed in Sage since is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from publication import Publication
from sqlalchemy import text
from test_posting_together import Counting

from orchestration.operations import ChainBrokenError
from orchestration.posting import prove_again
from orchestration.posting_verify import verify_chain, verify_postings


@pytest.fixture
def posted(shop):
    """A shop with three receipts posted and proven, and one document that Sage holds back."""
    publication = Publication()
    for receipt_no in ("1", "2", "3"):
        publication.add(receipt_no)
        publication.add(receipt_no, "receipt", net=1200)
    deferred = publication.add("4")
    shop.ledger.faults[deferred] = ["deferred"]
    assert shop.post(publication).right == 6
    return shop


def differing(shop) -> dict[str, tuple[str, ...]]:
    return {
        proof.posting_key: proof.differences
        for proof in prove_again(shop.ledger, shop.operations, "DGS")
        if not proof.agrees
    }


def change(shop, place: int, **changed) -> str:
    """Somebody changes a document in Sage."""
    was = shop.ledger.documents[place]
    shop.ledger.documents[place] = replace(was, **changed)
    return was.reference


def test_what_was_proven_and_still_is_agrees_and_what_never_was_is_not_asked_for(posted):
    proofs = list(prove_again(posted.ledger, posted.operations, "DGS"))
    assert len(proofs) == 6 and all(proof.agrees for proof in proofs)
    assert not list(prove_again(posted.ledger, posted.operations, "ANOTHER"))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gross_pence": 1199}, "gross is 1199, not 1200"),
        ({"tax_pence": 0}, "tax is 0, not 200"),
        ({"customer_reference": "TILL09"}, "customer is TILL09, not TILL01"),
        ({"nominal_lines": (), "is_in_nominal": False}, "it is not in the nominal ledger"),
        ({"reference": "MOVED"}, "it is not there"),
        ({"urn": 77}, "its URN is 77, not "),
    ],
)
def test_each_way_in_which_a_posting_no_longer_agrees_is_named(posted, changed, words):
    place = next(place for place, one in enumerate(posted.ledger.documents) if one.document_kind == "invoice")
    key = change(posted, place, **changed)
    (told,) = differing(posted).items()
    assert told[0] == key and told[1][0].startswith(words)


def test_a_line_moved_to_another_account_and_a_copy_are_named(posted):
    first = posted.ledger.documents[0]
    moved = tuple(
        replace(line, nominal_code="9998") if line.nominal_code == "4000" else line
        for line in first.nominal_lines
    )
    moved_key = change(posted, 0, nominal_lines=moved)
    posted.ledger.documents.append(replace(posted.ledger.documents[1], urn=5000))
    copied_key = posted.ledger.documents[1].reference
    told = differing(posted)
    assert set(told) == {moved_key, copied_key}
    assert "Sage holds 2 copies" in told[copied_key]
    assert "suspense account 9998 has -1000 pence" in told[moved_key] or "4000" in told[moved_key][0]


def test_many_are_asked_for_together(shop):
    publication = Publication()
    for number in range(75):
        publication.add(str(number))
    assert shop.post(publication).right == 75
    counting = Counting(shop.ledger)
    assert len(list(prove_again(counting, shop.operations, "DGS"))) == 75
    assert counting.asked == {"find_many": 3}


def test_the_report_counts_and_names_and_is_not_fooled_by_a_changed_urn_in_the_store(posted):
    report = verify_postings(posted.ledger, posted.operations, "DGS")
    assert (report["confirmed"], report["differing"], report["not_there"]) == (6, [], 0)
    assert verify_chain(posted.operations, "DGS")["chain"]["holds"]
    with posted.operations._database.write() as connection:
        connection.execute(text("update intents set urn = 4711 where state = 'proven'"))
    told = verify_chain(posted.operations, "DGS")["chain"]
    assert not told["holds"] and "says URN 4711, it was seen under URN" in told["broken"]
    assert len(verify_postings(posted.ledger, posted.operations, "DGS")["differing"]) == 6


def test_a_record_cut_short_no_longer_holds_what_a_sign_off_sealed(posted):
    posted.operations.sign_off(
        "DGS", "S01", date_from=date(2011, 2, 1), date_to=date(2011, 2, 28), publication_number=1,
        author="Fay", reason="month end",
    )  # fmt: skip
    assert verify_chain(posted.operations, "DGS")["chain"]["sign_offs"] == 1
    with posted.operations._database.write() as connection:
        connection.execute(text("drop trigger sign_offs_refuses_update"))
        connection.execute(text("update sign_offs set chain_head_hash = 'not' || substr(chain_head_hash, 4)"))
    with pytest.raises(ChainBrokenError, match="sealed"):
        posted.operations.verify_chain("DGS")
