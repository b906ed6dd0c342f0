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
from orchestration.posting.verification import ABSENT

FAULTS = ("", "timeout after commit", "timeout before commit", "lock", "ghost")


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


def one_receipt() -> Publication:
    publication = Publication()
    publication.add("536365")
    publication.add("536365", "receipt", net=1200)
    return publication


def play(shop, fault: str, dies_at: int, monkeypatch) -> bool:
    """Run, die at that step, run again as a new process; whether death came at all."""
    publication = one_receipt()
    shop.ledger.faults[min(publication.rows)] = [fault] if fault else []
    mortal = Mortal(dies_at)
    with monkeypatch.context() as patch:
        for owner, names in (
            (shop.operations.intents, ("record", "record_many")),
            (shop.ledger, ("post", "find")),
        ):
            for name in names:
                patch.setattr(owner, name, mortal.wrap(getattr(owner, name)))
        try:
            shop.post(publication)
        except Death:
            died = True
        else:
            died = False
    shop.post(publication)
    return died


def assert_one_effect(shop) -> None:
    for key in one_receipt().rows:
        assert len(shop.ledger.of(key)) == 1, shop.operations.intents.events(key)
        assert shop.state(key) == "proven"
    shop.operations.intents.verify_chain()


@pytest.mark.parametrize("fault", FAULTS)
def test_death_at_any_step_leaves_exactly_one_document_each(new_shop, monkeypatch, fault):
    dies_at = 1
    while True:
        shop = new_shop()
        died = play(shop, fault, dies_at, monkeypatch)
        assert_one_effect(shop)
        if not died:
            break
        dies_at += 1
    assert dies_at > 20, "the story must have had steps to die at"


def test_without_the_probe_the_same_story_doubles(new_shop, monkeypatch):
    """The story above has teeth: a poster that does not look before it sends is caught by it."""

    def blind(poster, payload, found):
        return ABSENT

    doubled = 0
    for dies_at in range(1, 30):
        shop = new_shop()
        with monkeypatch.context() as patch:
            patch.setattr(Poster, "_truths", blind)
            play(shop, "", dies_at, monkeypatch)
        doubled += any(len(shop.ledger.of(key)) > 1 for key in one_receipt().rows)
    assert doubled


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
