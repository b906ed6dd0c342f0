"""A copy is undone only while what is to stay stands: looked for just before its contra leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from publication import DAY, Publication

from orchestration.ledgers.ledger import Document
from orchestration.operations import PostingPolicy
from orchestration.posting import Payload, approve, plan, read_proposals

NAME = "POS-S01-1"
ALLOWED = PostingPolicy(remedies=frozenset({"post_missing", "reverse_duplicate"}), canary=False)


@dataclass
class Copied:
    """An invoice of the connector's that is in Sage twice; the second is to be undone, and a person said yes."""

    shop: Any
    publication: Publication
    contra: str
    invoice: Document
    survivor_urn: int
    copy_urn: int

    def enter(self, document: Document, reference: str = NAME) -> int:
        """Somebody enters it in Sage."""
        return self.shop.ledger.keep(replace(document, posting_key=reference)).urn

    def undo(self, reference: str = NAME) -> int:
        """Somebody enters the opposite of the invoice."""
        return self.enter(replace(self.invoice, document_kind="credit_note"), reference)

    def post(self) -> tuple[int, str]:
        """A run: how many documents left, and why the contra did not."""
        self.shop.post(self.publication, policy=ALLOWED)
        intent = self.shop.operations.intents.get(self.contra)
        assert intent is not None
        return len(self.shop.ledger.posts), intent.hold_reason

    def approve(self) -> None:
        tables = self.publication.tables()
        waiting = plan(
            *tables, self.shop.operations, policy=ALLOWED, publication_number=self.publication.number
        )
        approve(self.shop.operations, waiting, "Fay", "posted twice")


@pytest.fixture
def copied(shop) -> Copied:
    return twice(shop)


def twice(shop, kind: str = "credit_note", **changed: object) -> Copied:
    publication = Publication()
    stays = {"survivor_urn": 1000, "survivor_kind": "invoice", "survivor_gross_pence": 1200}
    key = publication.add("1", kind, event_id="ledger:1001", role="X", target_urn=1001, **(stays | changed))
    (contra,) = read_proposals(*publication.tables())
    invoice = replace(contra.payload.document, document_kind="invoice")
    made = Copied(shop, publication, key, invoice, 1000, 1001)
    assert [made.enter(invoice), made.enter(invoice)] == [1000, 1001]
    made.approve()
    return made


def test_while_the_other_stands_its_copy_is_undone(copied: Copied) -> None:
    assert copied.post() == (1, "")
    assert copied.shop.state(copied.contra) == "proven"


def test_nothing_leaves_when_the_other_is_gone(copied: Copied) -> None:
    copied.shop.ledger.documents = [one for one in copied.shop.ledger.documents if one.urn != 1000]
    sent, why = copied.post()
    assert sent == 0 and why == "survivor_gone: Sage has 0 such documents of URN 1000, which is to stay"
    assert copied.shop.state(copied.contra) == "held"


def test_nothing_leaves_when_the_other_is_no_longer_what_was_published(copied: Copied) -> None:
    documents = copied.shop.ledger.documents
    documents[0] = replace(documents[0], gross_pence=1199)
    assert copied.post() == (0, "survivor_gone: URN 1000, which is to stay, is over 1199 pence, not 1200")


def test_nothing_leaves_when_a_person_undid_one_of_the_two(copied: Copied) -> None:
    undone_by = copied.undo()
    assert copied.post() == (
        0,
        f"survivor_gone: URN 1000 ({NAME}) is to stay; URN {undone_by} undoes it, or its copy",
    )


def test_nothing_leaves_while_the_other_is_undone_by_us_in_whatever_state(copied: Copied) -> None:
    other = twice_over(copied)
    assert copied.shop.state(other) == "proven"
    assert copied.post() == (1, f"survivor_gone: URN 1000, which is to stay, is undone by {other}")


def twice_over(copied: Copied) -> str:
    """Another publication has the first undone, and the second stay."""
    publication = Publication(2)
    stays = {"survivor_urn": 1001, "survivor_kind": "invoice", "survivor_gross_pence": 1200}
    key = publication.add("1", "credit_note", event_id="ledger:1000", role="X", target_urn=1000, **stays)
    first = replace(copied, publication=publication, contra=key)
    first.approve()
    assert first.post() == (1, "")
    copied.publication.number = 3
    return key


def test_a_third_copy_that_we_undid_counts_for_nothing(copied: Copied) -> None:
    """Three copies, one undone by us, one by a person: the last stays."""
    third = copied.enter(copied.invoice)
    publication = Publication(2)
    stays = {"survivor_urn": 1000, "survivor_kind": "invoice", "survivor_gross_pence": 1200}
    key = publication.add("1", "credit_note", event_id=f"ledger:{third}", role="X", target_urn=third, **stays)
    of_third = replace(copied, publication=publication, contra=key)
    of_third.approve()
    assert of_third.post() == (1, "")
    copied.undo()
    copied.publication.number = 3
    sent, why = copied.post()
    assert sent == 1 and why.startswith("survivor_gone: URN 1000")


def test_an_older_sale_of_the_number_and_what_undid_it_are_another_sale(shop) -> None:
    """Two of a year ago, one of them undone then: neither counts for the two of today, nor against them."""
    old = Copied(shop, Publication(), "", read_proposals(*_of_old().tables())[0].payload.document, 0, 0)
    a_year_ago = replace(old.invoice, document_kind="invoice", document_date=DAY - timedelta(days=365))
    old.enter(a_year_ago)
    old.enter(replace(a_year_ago, document_kind="credit_note"))
    publication = Publication()
    stays = {"survivor_urn": 1002, "survivor_kind": "invoice", "survivor_gross_pence": 1200}
    key = publication.add("1", "credit_note", event_id="ledger:1003", role="X", target_urn=1003, **stays)
    today = Copied(shop, publication, key, replace(a_year_ago, document_date=DAY), 1002, 1003)
    assert [today.enter(today.invoice), today.enter(today.invoice)] == [1002, 1003]
    today.approve()
    undone_by = today.undo()
    sent, why = today.post()
    assert sent == 0 and f"URN {undone_by} undoes it" in why
    shop.ledger.documents.pop()
    publication.number = 2
    assert today.post() == (1, "")


def _of_old() -> Publication:
    publication = Publication()
    publication.add("1", "credit_note", event_id="ledger:1001", role="X", target_urn=1001)
    return publication


def test_an_opposite_through_another_bank_undoes_nothing(shop) -> None:
    copied = twice(shop, "payment", net=1200, survivor_kind="receipt")
    assert copied.invoice.bank_code == "CASH01"
    receipts = [replace(one, document_kind="receipt") for one in shop.ledger.documents]
    shop.ledger.documents[:] = receipts
    copied.enter(replace(copied.invoice, document_kind="payment", bank_code="CARD01"))
    assert copied.post() == (1, "")


def test_what_stays_is_part_of_what_was_approved(copied: Copied) -> None:
    (bound,) = read_proposals(*copied.publication.tables())
    assert Payload.from_text(bound.payload.text) == bound.payload
    copied.publication.rows[copied.contra]["survivor_urn"] = 1002
    (other,) = read_proposals(*copied.publication.tables())
    assert other.payload_digest != bound.payload_digest
    codes = {
        one.code
        for one in plan(
            *copied.publication.tables(), copied.shop.operations, policy=ALLOWED, publication_number=1
        )
    }
    assert codes == {"approval_lapsed"}
