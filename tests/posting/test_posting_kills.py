"""Workers killed for real, over real HTTP: nothing is doubled and nothing is lost. `kill_workers.py` kills more."""

from __future__ import annotations

from kill_workers import kill_many

KILLS = 3


def test_workers_killed_at_random_moments_double_nothing_and_lose_nothing(tmp_path):
    told = kill_many(tmp_path, KILLS, seed=1)
    assert told.wrong == []
    assert told.kills == KILLS and told.documents >= 60
