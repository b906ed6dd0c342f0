"""How each source was read, pass by pass: whether it could be, how long it took, how often it had to be asked again.

A JSON object a line in `<home>/logs/sources.jsonl`. A pass that fails publishes nothing, so this is kept beside what is
published; it says nothing that a verdict hangs on, and may be deleted. Words of an error come from rooms that strike
their secrets out.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.files import put_text
from orchestration.passes import Pass

LARGEST_BYTES = 1_000_000
LONGEST_WORDS = 300
LOG = logging.getLogger("tillproof.sources")
_ONE_AT_A_TIME = threading.Lock()


def place_of(home: Path) -> Path:
    """Where a home keeps it."""
    return home / "logs" / "sources.jsonl"


def kept(current: Pass, source: str, read: Callable[[Pass], None]) -> None:
    """Read a source and keep how it went. Raises what reading raised."""
    began_at, began = datetime.now(UTC), time.monotonic()
    failure = ""
    try:
        read(current)
    except Exception as error:
        failure = " ".join(str(error).split())[:LONGEST_WORDS] or type(error).__name__
        raise
    finally:
        requests, tries_failed = current.asked.get(source, (0, 0))
        _keep(
            place_of(current.settings.home),
            {
                "pass_number": current.pass_number,
                "source": source,
                "began_at": began_at.strftime("%Y-%m-%dT%H:%M:%S"),
                "milliseconds": round((time.monotonic() - began) * 1000),
                "requests": requests,
                "tries_failed": tries_failed,
                "failure": failure,
            },
        )


def _keep(place: Path, line: dict[str, Any]) -> None:
    """Add a line; where the file has grown, its older half goes. What cannot be kept stops no pass."""
    try:
        with _ONE_AT_A_TIME:
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.exists() and place.stat().st_size > LARGEST_BYTES:
                lines = place.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
                put_text(place, "".join(lines[len(lines) // 2 :]))
            with place.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(line) + "\n")
    except OSError as error:
        LOG.warning("%s cannot be written: %s", place, error.strerror or error)


def read_log(home: Path) -> list[dict[str, Any]]:
    """Every line that can be read, oldest first; nothing where no pass has read a source yet."""
    try:
        text = place_of(home).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return list(_lines(text.splitlines()))


def _lines(texts: Iterable[str]) -> Iterable[dict[str, Any]]:
    for text in texts:
        try:
            line = json.loads(text)
            line["began_at"] = datetime.fromisoformat(line["began_at"])
            line["source"], line["failure"] = str(line["source"]), str(line["failure"])
            for name in ("pass_number", "milliseconds", "requests", "tries_failed"):
                line[name] = int(line[name])
        except (ValueError, TypeError, KeyError):
            continue  # a line that a crash cut short
        yield line


def summed_up(lines: list[dict[str, Any]], reads: int) -> list[dict[str, Any]]:
    """One row a source over its last `reads` reads: how many failed, what was asked, the newest failure in words."""
    found = []
    for source in dict.fromkeys(line["source"] for line in lines):
        mine = [line for line in lines if line["source"] == source][-reads:]
        failed = [line for line in mine if line["failure"]]
        found.append(
            {
                "source": source,
                "reads": len(mine),
                "failed": len(failed),
                "requests": sum(line["requests"] for line in mine),
                "tries_failed": sum(line["tries_failed"] for line in mine),
                "last_read_at": mine[-1]["began_at"],
                "last_good_at": max((line["began_at"] for line in mine if not line["failure"]), default=None),
                "failure": failed[-1]["failure"] if failed else "",
                "failed_at": failed[-1]["began_at"] if failed else None,
                "is_failing": bool(mine[-1]["failure"]),
            }
        )
    return found
