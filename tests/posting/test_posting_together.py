"""Documents are looked for, sent and read back together, and every promise of one alone still holds."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ledger_in_memory import ANY
from publication import Publication
from test_posting_deaths import FAULTS, QUICK, QUICK_AND_LONG, Death, Mortal

from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.posting import Pace, plan
from orchestration.posting.looks import URN_SEQUENCE, URNS_IN_FLIGHT, Looks
from orchestration.posting_run import newest_urn


class Counting:
    """A ledger that remembers which questions were put to it."""

    def __init__(self, ledger: Any):
        self.ledger = ledger
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self.ledger, name)


def goods_of(stores: int, each: int) -> Publication:
    """So many invoices on each of so many customers."""
    publication = Publication()
    for number in range(stores * each):
        publication.add(str(number), customer_reference=f"TILL0{number % stores + 1}")
    return publication


def batches(shop, publication: Publication, **options: Any) -> list[int]:
    """How many were sent before each time some were read back, the first four times."""
    seen: list[int] = []
    shop.post(publication, progress=lambda *_: seen.append(len(shop.ledger.posts)), **options)
    return list(dict.fromkeys(seen))[:4]


def test_a_run_begins_with_one_and_sends_more_at_once_while_all_goes_well(shop):
    assert batches(shop, goods_of(2, 12), pace=Pace(at_once=4)) == [1, 3, 7, 11]


@pytest.mark.parametrize("fault", ["suspense", "other amount", "twice"])
def test_after_a_document_that_is_not_right_the_next_goes_alone(shop, fault):
    publication = goods_of(1, 12)
    third = sorted(publication.rows)[2]
    shop.ledger.faults[third] = [fault]
    seen = batches(shop, publication)
    assert shop.state(third) == "wrong"
    assert seen[:3] == ([1, 3] if fault == "twice" else [1, 3, 4]), "a copy stops the store"


def test_many_are_found_with_few_questions(shop):
    counting = Counting(shop.ledger)
    shop.ledger = counting
    assert shop.post(goods_of(5, 30), seen_urn=0).right == 150
    assert counting.asked["post"] == 150
    assert not counting.asked["find"] + counting.asked["find_by_reference"] + counting.asked["find_alike"]
    assert counting.asked["find_many"] <= 2 * 150 / Pace().at_once + 10


@pytest.mark.parametrize("fault", QUICK_AND_LONG)
def test_death_at_any_step_of_many_at_once_leaves_exactly_one_document_each(new_shop, monkeypatch, fault):
    # each fault begins at another step; the simulator dies at all of them
    dies_at, died = FAULTS.index(fault), True
    while died:
        dies_at += 7
        shop, publication = new_shop(), goods_of(2, 4)
        shop.ledger.faults[sorted(publication.rows)[5]] = [fault] if fault else []
        died = _dies(shop, publication, dies_at, monkeypatch)
        shop.post(publication, pace=QUICK)
        shop.post(publication, pace=QUICK)
        doubled = [key for key in publication.rows if len(shop.ledger.of(key)) != 1]
        assert not doubled, shop.operations.intents.events(doubled[0])
        assert {shop.state(key) for key in publication.rows} == {"proven"}
        shop.operations.intents.verify_chain()
    assert dies_at > 60


def _dies(shop, publication: Publication, dies_at: int, monkeypatch) -> bool:
    mortal = Mortal(dies_at)
    walked = (
        (shop.operations.intents, ("record", "record_many")),
        (shop.ledger, ("post", "find", "find_many", "posted_since")),
    )
    with monkeypatch.context() as patch:
        for owner, names in walked:
            for name in names:
                patch.setattr(owner, name, mortal.wrap(getattr(owner, name)))
        try:
            shop.post(publication, pace=QUICK, seen_urn=0)
        except Death:
            return True
    return False


@pytest.mark.parametrize("live_facts_s", [0.0, 5.0])
def test_what_is_not_there_at_the_read_back_keeps_its_customer_waiting_and_no_other(shop, live_facts_s):
    publication = goods_of(2, 8)
    mine = sorted(key for key, row in publication.rows.items() if row["customer_reference"] == "TILL01")
    shop.ledger.faults[mine[3]] = ["ghost"]
    rested: list[str] = []
    shop.post(
        publication,
        pace=Pace(live_facts_s=live_facts_s),
        progress=lambda _done, _of, intent: rested.append(intent.posting_key),
    )
    assert {shop.state(key) for key in publication.rows} == {"proven"}
    sent = [document.posting_key for document in shop.ledger.posts]
    assert sent.count(mine[3]) == 2
    before = sent[: len(sent) - sent[::-1].index(mine[3])]
    assert set(publication.rows) - set(mine) <= set(before), "the other customer did not wait"
    assert [key for key in rested if key in mine].index(mine[3]) <= 5


def test_a_ledger_silent_at_the_read_back_is_waited_for_and_nothing_is_sent_again(shop):
    publication = goods_of(2, 8)

    def silence(done: int, *_: Any) -> None:
        shop.ledger.silent_reads = 2 if done == 3 else 0

    assert shop.post(publication, progress=silence).right == 16
    assert len(shop.ledger.posts) == 16


def test_silence_that_lasts_leaves_what_was_sent_for_the_next_run(shop):
    publication = goods_of(2, 8)

    def silence(done: int, *_: Any) -> None:
        shop.ledger.silent_reads = 10**6 if done == 3 else 0

    summary = shop.post(publication, progress=silence)
    assert "does not answer" in summary.stopped_because and not summary.is_settled
    shop.ledger.silent_reads = 0
    assert shop.post(publication).is_settled
    assert all(len(shop.ledger.of(key)) == 1 for key in publication.rows)


def test_locks_and_refusals_among_many_are_told_apart(shop):
    publication = goods_of(3, 6)
    keys = sorted(publication.rows)
    shop.ledger.locked_customers.add("TILL02")
    shop.ledger.faults[ANY] = []
    refused = next(key for key in keys if publication.rows[key]["customer_reference"] == "TILL03")
    shop.ledger.faults[refused] = ["refuse"]
    summary = shop.post(publication)
    assert (summary.right, summary.refused, summary.locked, summary.left) == (11, 1, 2, 4)


@pytest.fixture
def looks(shop) -> Looks:
    """Looks at the shop's ledger, as after a publication that knew nothing."""
    return Looks(shop.ledger, lambda: shop.time, 5.0, 0)


def document_of(shop, receipt_no: str = "1", **changed: Any) -> Any:
    """A document as it would be sent."""
    publication = Publication()
    publication.add(receipt_no, **changed)
    proposals, legs = publication.tables()
    return plan(proposals, legs, shop.operations)[0].document


def test_an_answer_serves_one_decision_and_is_asked_anew_for_the_next(shop, looks):
    document = document_of(shop)
    stem = document.posting_key[:18]
    looks.ahead([stem], [document.posting_key], newcomers=False)
    shop.ledger.keep(document)
    assert looks.find(stem) == [] and looks.find_by_reference(document.posting_key) == []
    assert len(looks.find(stem)) == 1 and len(looks.find_by_reference(document.posting_key)) == 1


def test_an_answer_is_good_for_seconds_only(shop, looks):
    document = document_of(shop)
    looks.ahead([document.posting_key[:18]], [], newcomers=True)
    shop.ledger.keep(document)
    assert looks.find_alike(document) == []
    shop.time += timedelta(seconds=5)
    assert not looks.has(document.posting_key[:18])
    assert len(looks.find(document.posting_key[:18])) == 1 and len(looks.find_alike(document)) == 1


def test_what_was_seen_of_a_stem_is_forgotten_once_something_is_sent_under_it(shop, looks):
    document = document_of(shop)
    looks.ahead([document.posting_key[:18]], [], newcomers=False)
    looks.post(document)
    assert len(looks.find(document.posting_key[:18])) == 1


def test_newcomers_are_read_once_and_remembered_and_ours_are_not_among_them(shop, looks):
    stranger, ours = document_of(shop), document_of(shop, "2", net=2000)
    named = shop.ledger.keep(stranger, user_name="MARY")
    shop.ledger.documents[-1] = type(named)(**{**vars(named), "reference": "BY HAND"})
    shop.ledger.keep(ours)
    since: list[int] = []
    posted_since = shop.ledger.posted_since
    shop.ledger.posted_since = lambda urn: since.append(urn) or posted_since(urn)
    for _ in range(2):
        looks.ahead(["TP"], [], newcomers=True)
        assert [header.reference for header in looks.find_alike(stranger)] == ["BY HAND"]
        assert looks.find_alike(ours) == []
    assert since == [0, 1001 - URNS_IN_FLIGHT]


def test_where_a_urn_tells_the_user_too_each_document_is_compared_by_itself(shop):
    document = document_of(shop)
    shop.ledger.keep(document)
    looks = Looks(shop.ledger, lambda: shop.time, 5.0, 101 * URN_SEQUENCE)
    looks.ahead([document.posting_key[:18]], [], newcomers=True)
    assert len(looks.find_alike(document)) == 1


def test_a_look_that_failed_teaches_nothing(shop, looks):
    shop.ledger.silent_reads = 1
    with pytest.raises(LedgerUnavailableError):
        looks.ahead([document_of(shop).posting_key[:18]], [], newcomers=True)
    assert not looks.has(document_of(shop).posting_key[:18])


def test_the_newest_urn_of_a_publication_is_by_its_sequence_where_it_begins_with_its_user(tmp_path):
    urns = [101 * URN_SEQUENCE + 41, None, 202 * URN_SEQUENCE + 40]
    for name, given in (("a", urns), ("b", [7]), ("c", [])):
        pq.write_table(pa.table({"urn": pa.array(given, pa.int64())}), tmp_path / f"{name}.parquet")

    def newest_of(*names: str) -> int:
        listed = {"ledger_documents": [{"path": f"{name}.parquet"} for name in names]}
        return newest_urn(tmp_path, SimpleNamespace(tables=listed))

    assert newest_of("a", "b") == newest_of("b", "a") == 101 * URN_SEQUENCE + 41
    assert (newest_of("b"), newest_of("c"), newest_of()) == (7, 0, 0)
