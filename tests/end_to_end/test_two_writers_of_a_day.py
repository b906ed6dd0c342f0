"""The connector posts receipts that a summary of ours holds: theirs is undone, never our summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from traded_house import FROM, House, Receipt, built, mappings_of

from orchestration.ledgers.ledger import Document, NominalLine, TaxLine
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import Operations, PostingPolicy
from orchestration.posting import Payload
from orchestration.posting_report import post

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
MAPPINGS = {
    **mappings_of(["S03"]),
    "store_grains": f"company_id,store_id,grain,valid_from,valid_to\nDGS,S03,store_day,{FROM}",
    "connector_patterns": "company_id,connector,pattern,retry_window_hours\n"
    "DGS,shopbridge,^POS-(S[0-9]{2})-([0-9]+)(?:-([0-9]+))?$,0\n",
}
DAY: list[Receipt] = [
    ("1", "1001", "SALE", "2011-02-10 10:00:00", [("MUG", 1000, "S")], [("CASH", 1200)]),
    ("1", "1002", "SALE", "2011-02-10 11:00:00", [("MUG", 500, "S")], [("CARD", 600)]),
]
BY_ITSELF = PostingPolicy(
    canary=False,
    remedies=frozenset({"post_missing", "reverse_duplicate"}),
    by_itself=frozenset({("tillproof", "post_missing"), ("tillproof", "reverse_duplicate")}),
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The day's summary is in Sage, and then the connector posts one of its receipts."""
    with built(tmp_path_factory.mktemp("two_of_a_day"), ["S03"], MAPPINGS, BY_ITSELF) as made:
        made.deliver(*DAY)
        made.judge()
        assert made.send().right == 3
        with (
            Operations.open(made.settings.operations) as operations,
            Sage200Client(made.settings.sage200_at_home()) as client,
        ):
            for intent in operations.intents.in_states(["proven"], "DGS"):
                ours = Payload.from_text(operations.intents.payload(intent.payload_digest)).document
                for theirs in of_the_connector(ours):
                    assert Sage200Ledger(client).post(theirs).kind == "accepted"
        made.judge()
        yield made


def of_the_connector(ours: Document) -> list[Document]:
    """Receipt 1001 as the connector posts it: an invoice, and its cash."""
    if ours.document_kind == "invoice":
        lines = {
            "nominal_lines": (replace(ours.nominal_lines[0], net_pence=1000),),
            "tax_lines": (replace(ours.tax_lines[0], net_pence=1000, tax_pence=200),),
        }
        assert isinstance(ours.nominal_lines[0], NominalLine) and isinstance(ours.tax_lines[0], TaxLine)
        figures = {"gross_pence": 1200, "net_pence": 1000, "tax_pence": 200}
        return [replace(ours, posting_key="POS-S03-1001", **figures, **lines)]
    return [replace(ours, posting_key="POS-S03-1001-1")] if ours.gross_pence == 1200 else []


def test_theirs_is_proposed_to_be_undone_and_waits_for_a_person_whatever_goes_by_itself(house: House) -> None:
    copies = house.rows(
        "select reason, document_kind from document_verdicts where verdict = 'duplicate_in_ledger'"
    )
    assert sorted(copies) == [("posted_by_two_writers", "invoice"), ("posted_by_two_writers", "receipt")]
    proposed = house.rows(
        "select document_kind, event_id like 'ledger:%', is_beside_our_summary, may_post from posting_proposals"
    )
    assert sorted(proposed) == [("credit_note", True, True, True), ("payment", True, True, True)]
    assert {row["code"] for row in post(house.settings)["held"]} == {"needs_approval"}
    assert house.send().posts == 0


def test_once_a_person_says_so_theirs_is_undone_and_our_summary_stands(house: House) -> None:
    assert post(house.settings, approver="Fay", reason="the connector was switched off")["approved"] == 2
    assert house.send().right == 2
    house.judge()
    verdicts = Counter(house.rows("select verdict, coalesce(reason, '') from document_verdicts"))
    assert verdicts["reversed", "contra"] == verdicts["reversed", "reversed"] == 2
    assert not verdicts["duplicate_in_ledger", "posted_by_two_writers"]
    assert set(house.rows("select verdict from receipts")) == {("matched",)}
    assert house.rows("select count(*) from exceptions where status = 'open'") == [(0,)]
    assert house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'") == [(0,)]
    assert house.rows("select sum(balance_pence) from till_customer_balances") == [(0,)]
    assert house.planned() == {} and house.send().posts == 0
