"""Killed between any two steps and started again, every document is in Sage exactly once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ledger_in_memory import LedgerInMemory
from publication import Publication

from orchestration.operations import FenceLostError
from orchestration.posting import Pace, Poster, decide, plan
from orchestration.posting.poster import HeldElsewhereError

QUICK = Pace(looks=2)  # fewer looks, so that there are fewer steps to die at
FAULTS = ("", "timeout after commit", "timeout before commit", "lock", "ghost")
QUICK_AND_LONG = FAULTS[:2] + tuple(pytest.param(fault, marks=pytest.mark.long) for fault in FAULTS[2:])


class Death(BaseException):
    """The process is gone; no handler of ours may catch it."""


class Mortal:
    """Counts every step that touches the world or the store, and dies at the one it was told."""

    def __init__(self, dies_at: int):
        self.step = 0
        self.dies_at = dies_at

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def walked(*args: Any, **kwargs: Any) -> Any:
            self.tick()
            result = method(*args, **kwargs)
            self.tick()
            return result

        return walked

    def tick(self) -> None:
        self.step += 1
        if self.step == self.dies_at:
            raise Death


def one_receipt(receipt_no: str) -> Publication:
    publication = Publication()
    publication.add(receipt_no)
    publication.add(receipt_no, "receipt", net=1200)
    return publication


def play(shop, publication: Publication, fault: str, dies_at: int, monkeypatch) -> bool:
    """Run, die at that step, run again as a new process; whether death came at all."""
    shop.ledger.faults[min(publication.rows)] = [fault] if fault else []
    mortal = Mortal(dies_at)
    walked = ((shop.operations.intents, ("record", "record_many")), (shop.ledger, ("post", "find")))
    with monkeypatch.context() as patch:
        for owner, names in walked:
            for name in names:
                patch.setattr(owner, name, mortal.wrap(getattr(owner, name)))
        try:
            shop.post(publication, pace=QUICK)
        except Death:
            died = True
        else:
            died = False
    shop.post(publication, pace=QUICK)
    return died


@pytest.mark.parametrize("fault", QUICK_AND_LONG)
def test_death_at_any_step_leaves_exactly_one_document_each(shop, monkeypatch, fault):
    dies_at, died = 0, True
    while died:
        dies_at += 1
        publication = one_receipt(str(dies_at))
        died = play(shop, publication, fault, dies_at, monkeypatch)
        for key in publication.rows:
            assert len(shop.ledger.of(key)) == 1, shop.operations.intents.events(key)
            assert shop.state(key) == "proven"
    assert dies_at > 20, "the story must have had steps to die at"
    shop.operations.intents.verify_chain()


class BlindBeforeSending:
    """A ledger that answers everything but the probe."""

    def __init__(self, ledger: LedgerInMemory):
        self.ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    def find(self, _key_stem: str) -> list:
        return []


@pytest.mark.parametrize("looks_before_it_sends", [True, False])
def test_a_store_that_forgot_everything_doubles_nothing_because_the_poster_looks(
    new_shop, monkeypatch, looks_before_it_sends
):
    """The same story with the probe taken out must double, else it proves nothing."""
    first, second = new_shop(), new_shop()
    publication = one_receipt("536365")
    first.post(publication)
    second.ledger = first.ledger
    send = Poster._send

    def blindly(poster: Poster, intent: Any) -> Any:
        seeing = poster._ledger
        poster._ledger = BlindBeforeSending(seeing)
        try:
            return send(poster, intent)
        finally:
            poster._ledger = seeing

    if not looks_before_it_sends:
        monkeypatch.setattr(Poster, "_send", blindly)
    second.post(publication)
    copies = [len(first.ledger.of(key)) for key in publication.rows]
    assert (max(copies) == 1) is looks_before_it_sends


def claimed_by_two(shop) -> tuple[Poster, Poster, Any]:
    """One decided intent and two workers who both know of it."""
    publication = Publication()
    publication.add("536365")
    proposals, legs = publication.tables()
    decide(shop.operations, plan(proposals, legs, shop.operations), company_id="DGS", publication_number=1)
    workers = [Poster(shop.ledger, shop.operations, worker=name, pace=Pace()) for name in ("a", "b")]
    return workers[0], workers[1], shop.operations.intents.get(next(iter(publication.rows)))


def test_of_two_workers_only_one_claims(shop):
    first, second, intent = claimed_by_two(shop)
    first.advance(intent)
    with pytest.raises(FenceLostError):
        second.advance(intent)


def test_a_worker_that_sends_is_left_alone_while_its_lease_runs(shop):
    first, second, intent = claimed_by_two(shop)
    claimed = first.advance(intent)
    with pytest.raises(HeldElsewhereError):
        second.advance(claimed)
    shop.time += timedelta(seconds=Pace().lease_s)
    assert second.advance(claimed).state == "decided"


def test_a_worker_that_lost_its_claim_can_send_nothing(shop):
    first, second, intent = claimed_by_two(shop)
    stale = first.advance(intent)
    shop.time += timedelta(seconds=Pace().lease_s - 1)
    second._alone = True
    current = second.advance(second.advance(stale))
    assert current.worker == "b"
    with pytest.raises(FenceLostError):
        first.advance(stale)
    assert shop.ledger.posts == []
    while (after := second.advance(current)) != current:
        current = after
    assert current.state == "proven" and len(shop.ledger.posts) == 1


def test_a_send_found_unfinished_is_doubted_never_repeated(shop, monkeypatch):
    first, second, intent = claimed_by_two(shop)
    claimed = first.advance(intent)

    def killed(self, document):
        self.keep(document)
        raise Death

    with monkeypatch.context() as patch:
        patch.setattr(LedgerInMemory, "post", killed)
        with pytest.raises(Death):
            first.advance(claimed)
    second._alone = True
    sending = shop.operations.intents.get(intent.posting_key)
    assert sending.state == "sending"
    doubted = second.advance(sending)
    assert doubted.state == "unknown"
    assert second.advance(doubted).state == "proven"
    assert shop.ledger.posts == [] and len(shop.ledger.documents) == 1


def test_two_runs_at_once_never_double(shop):
    """A second run starts inside the first, at every document it brings to rest."""
    publication = Publication()
    keys = [publication.add(str(number)) for number in range(4)]

    def another_run(_done, _of, _intent):
        shop.post(publication, alone=False, worker="other")

    shop.post(publication, alone=False, worker="first", progress=another_run)
    shop.post(publication)
    assert all(len(shop.ledger.of(key)) == 1 for key in keys)
    assert all(shop.state(key) == "proven" for key in keys)


def test_what_was_read_before_a_step_cannot_take_it_a_second_time(shop):
    first, _, intent = claimed_by_two(shop)
    claimed = first.advance(intent)
    shop.ledger.reads_until_visible = 1
    first.advance(claimed)
    with pytest.raises(FenceLostError):
        first.advance(claimed)
    assert len(shop.ledger.posts) == 1
