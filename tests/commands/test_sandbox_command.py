"""`tillproof sandbox`: a company from files, served with a fault switched on, and stopped by Ctrl+C without a trace."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

SEED = Path(__file__).resolve().parent.parent / "sandbox" / "seed"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl+C is no signal that a test can send on Windows")
def test_the_sandbox_passes_its_options_on_and_stops_quietly(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = ["--db", str(tmp_path / "company.sqlite"), "--port", str(port)]
    passed_on = [
        "--seed",
        str(SEED),
        "--site-id",
        "6f2a1c9e-0d34-4c7b-9a55-2b8e1f0c7d11",
        "--clock",
        "2011-08-31T23:00:00",
    ]
    serving = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "sandbox", *own, *passed_on],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert serving.stdout is not None
        told = json.loads(serving.stdout.readline())
        health = httpx.get(f"{told['admin_url']}/health").json()
        assert health["now"].startswith("2011-08-31T23:00")
    finally:
        os.killpg(serving.pid, signal.SIGINT)
        _, words = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert "Traceback" not in words


def test_a_company_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orchestration.cli", "sandbox", "--db", str(tmp_path / "none.sqlite")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "there is no sandbox company at" in told.stderr
