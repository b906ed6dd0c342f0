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

from orchestration.serving import stop

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


@pytest.mark.long
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


@pytest.mark.skipif(sys.platform != "linux", reason="what still runs is read from /proc")
def test_what_does_not_stop_in_time_is_killed_with_all_it_started() -> None:
    deaf = "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    child = "import time; time.sleep(600)"
    words = f"{deaf} child = subprocess.Popen([sys.executable, '-c', {child!r}]);"
    words += "print(child.pid, flush=True); child.wait()"
    process = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    started = int(process.stdout.readline())
    stop([process], timeout_s=0.2)
    assert process.returncode == -signal.SIGKILL
    assert within_patience(lambda: not is_running(started))


def is_running(pid: int) -> bool:
    """Whether there is such a process, and not only its exit code waiting for whoever adopted it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
