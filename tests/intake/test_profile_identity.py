"""A profile's identity is its settings, in every process alike: else unread files would be read again each pass."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
from orchestration.tills.profile import load_profiles
print(sorted(profile.version for profile in load_profiles([])))
"""


def identities(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_profile_is_the_same_in_every_process() -> None:
    first, second = identities("1"), identities("2")
    assert "comma_till" in first
    assert first == second
