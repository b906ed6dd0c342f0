"""`tillproof up`: Dagster and the app answer side by side, and a termination signal stops both."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

PATIENCE_S = 90


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def within_patience(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.2)
    return False


@pytest.mark.skipif(
    os.name == "nt", reason="SIGTERM ends a process on Windows before it can stop what it started"
)
def test_both_answer_and_both_stop_together(home: Path) -> None:
    dagster_port, app_port = free_port(), free_port()
    settings = home / "tillproof.toml"
    settings.write_text(
        f'company_id = "DGS"\ndagster_port = {dagster_port}\napp_port = {app_port}\n', encoding="utf-8"
    )
    dagster = f"http://127.0.0.1:{dagster_port}/server_info"
    streamlit = f"http://127.0.0.1:{app_port}/_stcore/health"
    up = subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", "up", "--home", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert within_patience(lambda: answers(dagster) and answers(streamlit))
        up.send_signal(signal.SIGTERM)
        assert up.wait(PATIENCE_S) == 0
        assert within_patience(lambda: not answers(dagster) and not answers(streamlit))
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGKILL)
