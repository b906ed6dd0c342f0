"""A person undoes in Sage what we undid of our own: it stands again, and is never posted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from traded_house import FROM, QUICK, House, Receipt, built, mappings_of, undoing

from orchestration.operations import PostingPolicy
from orchestration.posting import Wanted
from orchestration.posting_report import reverse

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
DAY = date(2011, 2, 10)
STORES = ["S01", "S04"]
MAPPINGS = {
    **mappings_of(STORES),
    "store_grains": "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"
    f"DGS,S04,store_day,takings_clearing,CLEAR04,{FROM}",
}
SALE: Receipt = ("1", "1001", "SALE", f"{DAY} 10:00:00", [("MUG", 1000, "S")], [("CASH", 1200)])
BACK: Receipt = ("1", "1002", "REFUND", f"{DAY} 11:00:00", [("MUG", -500, "S")], [("CARD", -600)])
LATER: Receipt = ("1", "1003", "SALE", "2011-03-10 10:00:00", [("MUG", 700, "S")], [("CASH", 840)])
VERDICTS = (
    "select verdict, reason, count(*) from document_verdicts where verdict <> 'nothing_to_post' group by all"
)
RESIDUALS = "select distinct amount_pence from bridge_lines where line_kind = 'residual'"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two stores, one by receipt and one by day, of which all was posted, and undone by us."""
    with built(tmp_path_factory.mktemp("restored"), STORES, MAPPINGS, PostingPolicy(canary=False)) as made:
        made.deliver(SALE, BACK)
        made.judge()
        assert made.send().right == 8
        made.judge()
        for store in STORES:
            wanted = Wanted(store_id=store, business_date=DAY)
            report = reverse(
                made.settings, wanted, approver="Fay", reason="wrong shop", send=True, pace=QUICK
            )
            assert report["sent"]["right"] == 4, report["held"]
        made.judge()
        yield made


def test_what_we_undid_is_missing_again_and_nothing_posts_it(house: House) -> None:
    assert Counter({row[:2]: row[2] for row in house.rows(VERDICTS)}) == {
        ("missing_in_ledger", None): 8,
        ("reversed", "contra"): 8,
        ("reversed", "reversed"): 8,
    }
    assert house.planned() == {}


def test_where_a_person_undoes_our_contras_what_they_undid_stands_again(house: House) -> None:
    contras = house.documents_posted("X")
    assert len(contras) == 8
    house.enter(*(undoing(contra, DAY) for contra in contras))
    house.judge()
    assert Counter({row[:2]: row[2] for row in house.rows(VERDICTS)}) == {
        # what one store posted by receipt, what the other sold, and its summary
        ("matched", None): 4 + 4 + 4,
        ("reversed", "contra"): 8,
        ("reversed", "reversed"): 8,
    }
    assert house.rows("select count(*) from exceptions where status = 'open'") == [(0,)]
    assert house.rows(RESIDUALS) == [(0,)]
    assert house.planned() == {} and house.send().posts == 0


def test_and_stands_when_another_day_is_judged(house: House) -> None:
    house.deliver(LATER)
    house.judge()
    assert dict(house.rows("select verdict, count(*) from receipts group by 1")) == {
        "matched": 4, "missing_in_ledger": 2,
    }  # fmt: skip
    assert set(house.planned()["S01"]) == {
        ("post_missing", "invoice", 840, "goes"), ("post_missing", "receipt", 840, "goes"),
    }  # fmt: skip
