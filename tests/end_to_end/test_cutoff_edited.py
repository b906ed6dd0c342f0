"""A cut-off is edited between a decision and its next try: the day moves, the key does not, nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from traded_house import House, Receipt, built, mappings_of

from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import Operations, PostingPolicy
from sandbox.company import SageCompany

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
POSTED: Receipt = ("1", "1001", "SALE", "2011-02-10 00:20:00", [("MUG", 1000, "S")], [("CASH", 1200)])
HELD: Receipt = ("1", "1002", "SALE", "2011-02-10 00:40:00", [("MUG", 500, "S")], [("CARD", 600)])
BY_NIGHT, BY_MORNING = date(2011, 2, 9), date(2011, 2, 10)
"""Of a sale after midnight, with a cut-off at three and with none."""


def set_nominal(house: House, status: str) -> None:
    with SageCompany.open(house.books) as company:
        company.set_nominal_status("4000", "S01", "", f"AccountStatus{status}")


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One sale after midnight is posted; of another the invoice was decided on, and is held by what Sage says."""
    policy = PostingPolicy(canary=False)
    with built(tmp_path_factory.mktemp("cutoff"), ["S01"], mappings_of(["S01"]), policy) as made:
        made.deliver(POSTED)
        made.judge()
        assert made.send().right == 2
        made.deliver(HELD)
        made.judge()
        set_nominal(made, "Hidden")
        assert made.send().held == {"nominal_not_open": 1}
        yield made


def days_and_keys(house: House) -> tuple[set[date], dict[str, str]]:
    """The business dates of what the tills sold, and the key of each document."""
    told = house.rows(
        "select business_date, receipt_no || ' ' || document_kind, posting_key from document_verdicts"
    )
    return {row[0] for row in told}, {row[1]: row[2] for row in told}


def copies_in_sage(house: House, keys: dict[str, str]) -> dict[str, int]:
    with Sage200Client(house.settings.sage200_at_home()) as client:
        ledger = Sage200Ledger(client)
        return {what: len(ledger.find(key[:18])) for what, key in keys.items()}


def test_what_was_held_goes_once_and_what_was_posted_stays_matched(house: House) -> None:
    days, keys = days_and_keys(house)
    assert days == {BY_NIGHT}
    assert copies_in_sage(house, keys) == {**dict.fromkeys(keys, 1), "1002 invoice": 0}
    with Operations.open(house.settings.operations) as operations:
        assert operations.intents.get(keys["1002 invoice"]).state == "held"

    edited = house.home.parent / "edited"
    edited.mkdir()
    stores = mappings_of(["S01"])["stores"].replace(",180,", ",0,")
    (edited / "stores.csv").write_text(stores, encoding="utf-8")
    with Operations.open(house.settings.operations) as operations:
        operations.import_mappings(edited, "Ann", "the shop's day begins at midnight")
    set_nominal(house, "Active")
    house.judge()
    assert days_and_keys(house) == ({BY_MORNING}, keys)
    assert house.send().right == 1
    house.judge()
    assert house.send().posts == 0
    assert copies_in_sage(house, keys) == dict.fromkeys(keys, 1)
    assert set(house.rows("select verdict from document_verdicts")) == {("matched",)}
