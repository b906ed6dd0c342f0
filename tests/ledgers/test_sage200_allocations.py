"""An allocation in Sage 200's words: by its own ids, whole, as the settings say what is not documented."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.ledgers.ledger import AccountEntry, Allocation, AllocationLine
from orchestration.ledgers.sage200_allocations import allocated_with, allocation_of
from orchestration.ledgers.sage200_documents import UnpostableError
from orchestration.ledgers.sage200_settings import Sage200Settings

SALE = Allocation(
    "DGS",
    "TILL01",
    date(2011, 2, 10),
    (AllocationLine("K1", 1001, "invoice", 1950), AllocationLine("K2", 1002, "receipt", 1950)),
)


def entries(*ids: int | None) -> list[AccountEntry]:
    kinds = ("invoice", "receipt")
    return [
        AccountEntry(1001 + place, f"K{place + 1}", kinds[place], "TILL01", 1950, 0, entry_id)
        for place, entry_id in enumerate(ids)
    ]


def test_each_document_goes_by_its_id_with_the_whole_of_it_on_the_newest_date():
    assert allocation_of(SALE, entries(71, 72), 7, Sage200Settings()) == (
        "sales_allocations",
        {
            "customer_id": 7,
            "allocation_date": "2011-02-10T00:00:00Z",
            "allocation_lines": [
                {"posted_tran_id": 71, "value_to_allocate": Decimal("19.50")},
                {"posted_tran_id": 72, "value_to_allocate": Decimal("19.50")},
            ],
        },
    )


def test_what_is_not_documented_is_a_setting():
    settings = Sage200Settings(allocation_values="signed", allocation_date="today")
    _, body = allocation_of(SALE, entries(71, 72), 7, settings)
    assert [line["value_to_allocate"] for line in body["allocation_lines"]] == [
        Decimal("19.50"),
        Decimal("-19.50"),
    ]
    assert "allocation_date" not in body


@pytest.mark.parametrize("found", [entries(71, None), entries(71)])
def test_a_historical_document_is_refused_before_anything_is_sent(found):
    with pytest.raises(UnpostableError, match="URN 1002 is historical"):
        allocation_of(SALE, found, 7, Sage200Settings())


def test_whom_a_document_is_allocated_with_is_told_or_not_known():
    assert allocated_with({"allocation_session_items": [{"urn": 5}, {"urn": None}]}) == {5}
    assert allocated_with({"allocation_session_items": []}) is None
    assert allocated_with({}) is None
