"""Dagster and the app side by side, on this machine only, stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from orchestration.run_pass import prepare_home
from orchestration.settings import Settings

HOST = "127.0.0.1"
APP = Path(__file__).resolve().parent.parent / "app" / "streamlit_app.py"
STOP_TIMEOUT_S = 30


def serve_both(settings: Settings, console: Console) -> int:
    """Run both until Ctrl+C, a termination signal or the end of one; the exit code of the one that ended."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager stops both as Ctrl+C does
    prepare_home(settings.home)
    python = sys.executable
    dagster = [python, "-m", "dagster", "dev", "-m", "orchestration.definitions"]
    dagster += ["--host", HOST, "--port", str(settings.dagster_port)]
    streamlit = [python, "-m", "streamlit", "run", str(APP)]
    streamlit += [
        "--server.address",
        settings.app_address,
        "--server.port",
        str(settings.app_port),
        "--server.headless",
        "true",
    ]
    streamlit += ["--browser.gatherUsageStats", "false"]
    running = [
        # each leads a group of its own: Dagster starts two more
        subprocess.Popen(command, cwd=APP.parent.parent, env=dict(os.environ), start_new_session=True)
        for command in (dagster, streamlit)
    ]
    console.print(f"Dagster  http://{HOST}:{settings.dagster_port}")
    console.print(f"App      http://{settings.app_address}:{settings.app_port}    (Ctrl+C stops both)")
    try:
        while True:
            for process in running:
                code = process.poll()
                if code is not None:
                    return code
            time.sleep(0.5)
    except KeyboardInterrupt:
        return 0
    finally:
        stop(running)


def stop(running: list[subprocess.Popen[bytes]], timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Ask each to end; whoever has not in time is killed with all that it started, which would go on without it."""
    for process in running:
        process.terminate()
    until = time.monotonic() + timeout_s
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            if sys.platform == "win32":
                command = ["taskkill", "/f", "/t", "/pid", str(process.pid)]
                subprocess.run(command, capture_output=True, check=False)
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
