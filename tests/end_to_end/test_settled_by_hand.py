"""What Sage swallowed again and again a person enters by hand, says so, and every later pass knows it for ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from traded_house import House, Receipt, built, mappings_of

from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import Operations, OperationsError, PostingPolicy
from orchestration.posting import Payload
from orchestration.posting_settling import listing, settle
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
# two of the same figures, so that nothing but the word tells which of them the one by hand is
SALES: list[Receipt] = [
    ("1", number, "SALE", f"2011-02-10 1{place}:00:00", [("MUG", 1000, "S")], [("CASH", 1200)])
    for place, number in enumerate(("1001", "1002"))
]
SAID = {"by": "Ian", "reason": "entered by hand"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two like sales are posted but for one invoice, whose every POST is lost."""
    policy = PostingPolicy(canary=False)
    with built(tmp_path_factory.mktemp("settled"), ["S01"], mappings_of(["S01"]), policy) as made:
        made.deliver(*SALES)
        made.judge()
        ((stem,),) = made.rows(
            "select key_stem from posting_proposals where receipt_no = '1001' and document_kind = 'invoice'"
        )
        made.running.faults({"kind": "gateway_timeout_before_commit", "method": "POST", "reference": stem})
        assert (made.send().unknown, made.send().posts) == (1, 0)
        made.running.faults()
        made.judge()
        yield made


def test_what_waits_is_listed_and_nobody_is_believed_without_sage(house: House) -> None:
    with Operations.open(house.settings.operations) as operations:
        (waiting,) = listing(operations, "DGS")["to_settle"]
        assert (waiting["state"], waiting["account"], waiting["gross_pence"]) == ("unsettled", "TILL01", 1200)
        (theirs,) = [
            intent
            for intent in operations.intents.in_states(["proven"], "DGS")
            if intent.document_kind == "invoice"
        ]
        for urn, words in ((999, "no document of URN"), (theirs.urn, "is the document of")):
            with pytest.raises(OperationsError, match=words):
                settle(house.settings, operations, waiting["posting_key"], "there", urn=urn, **SAID)
    told = house.rows("select exception_class from exceptions where status = 'open' and receipt_no = '1001'")
    assert told == [("posting_key_used",)]


def test_what_was_entered_by_hand_is_known_for_ours_by_every_later_pass(house: House) -> None:
    with (
        Operations.open(house.settings.operations) as operations,
        Sage200Client(house.settings.sage200_at_home()) as client,
    ):
        (waiting,) = listing(operations, "DGS")["to_settle"]
        key = waiting["posting_key"]
        payload = Payload.from_text(operations.intents.payload(operations.intents.get(key).payload_digest))
        reply = Sage200Ledger(client).post(replace(payload.document, posting_key="TILL 10 FEB"))
        done = settle(house.settings, operations, key, "there", urn=reply.urn, **SAID)
        assert done.startswith(f"{key} is URN {reply.urn} under the reference TILL 10 FEB")
    house.judge()
    verdicts = house.rows(
        "select receipt_no, verdicts.verdict, verdicts.rung, documents.reference, documents.urn"
        " from document_verdicts as verdicts inner join ledger_documents as documents using (ledger_document_id)"
        " where verdicts.document_kind = 'invoice' order by 1"
    )
    assert [row[:3] for row in verdicts] == [("1001", "matched", 1), ("1002", "matched", 1)]
    assert verdicts[0][3:] == ("TILL 10 FEB", reply.urn)
    assert house.rows("select count(*) from exceptions where status = 'open'") == [(0,)]
    assert house.planned() == {} and house.send().posts == 0
    report = verify(house.settings, offline=False)
    assert report["agrees"] and report["confirmed"] == 4
