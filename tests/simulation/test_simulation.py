"""The posting room keeps its promises whatever the seed, and a room that does not is found out."""

from __future__ import annotations

import pytest
import sim_mutants
from sim_play import play, play_seed, shrunk
from sim_store import laid_out
from sim_story import Happens, Meets, Paper, Story, story_of
from simulate import campaign

SEEDS = 2_000
OURS = Paper("invoice", "S01", 1000)


def test_every_seed_keeps_every_promise():
    told = campaign(0, SEEDS)
    assert not told.failed, f"python tests/simulation/simulate.py --replay {min(told.failed)}"
    assert told.seeds == SEEDS
    assert told.counts["orders invoiced"] > told.seeds / 10
    assert told.counts["deaths"] and told.counts["posts"] > told.seeds / 2, "the seeds must have stories"


def test_a_seed_is_always_the_same_story_and_ends_the_same():
    for seed in range(5):
        assert story_of(seed) == story_of(seed)
        assert play_seed(seed).chain_head == play_seed(seed).chain_head


def test_the_swift_connection_writes_the_chain_that_sqlalchemys_own_writes():
    database = laid_out()[0]
    swift = [play_seed(seed).chain_head for seed in range(15)]
    database.is_plain = True
    try:
        assert [play_seed(seed).chain_head for seed in range(15)] == swift
    finally:
        database.is_plain = False


def test_a_worker_that_slept_past_its_lease_before_the_post_does_not_send():
    """Another took its send for dead, looked with all patience and sent: the sleeper must not."""
    for step in range(10, 40):
        happens = (Happens(step, "stall"),)
        assert not play(Story(0, (OURS,), happens=happens, workers=2)).broken, step


@pytest.mark.parametrize("late_s", [0.0, 45.0])
def test_a_post_still_out_when_its_worker_died_is_waited_for(late_s):
    for step in range(10, 40):
        story = Story(
            0, (OURS,), (Meets(1, "timeout after commit", late_s),), happens=(Happens(step, "die"),)
        )
        assert not play(story).broken, step


@pytest.mark.parametrize("name", sorted(sim_mutants.MUTANTS))
def test_a_room_without_one_of_its_precautions_is_found_out(name, monkeypatch):
    mutant = sim_mutants.MUTANTS[name]
    mutant.put_in(monkeypatch)
    for seed in range(mutant.first, mutant.first + mutant.seeds):
        outcome = play_seed(seed)
        if outcome.broken.keys() & mutant.breaks:
            small = shrunk(outcome)
            assert small.broken.keys() & outcome.broken.keys()
            assert len(small.story.papers) <= len(outcome.story.papers)
            assert len(small.story.happens) <= len(outcome.story.happens)
            return
    pytest.fail(f"{mutant.seeds} seeds did not find it")
