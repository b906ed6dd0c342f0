"""What the documents tell a person to run by hand can be run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(
    [
        *(ROOT / "benchmarks").glob("*.py"),
        *(ROOT / "tests" / "end_to_end").glob("play_*.py"),
        ROOT / "tests" / "posting" / "kill_workers.py",
        ROOT / "tests" / "simulation" / "simulate.py",
    ]
)


@pytest.mark.long
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_loads_all_it_needs_and_says_what_it_does(script: Path) -> None:
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout
    assert len(done.stdout.splitlines()) > 3
