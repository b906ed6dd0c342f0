"""Putting files in place whole, or not at all."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def put_text(place: Path, text: str) -> None:
    """Write a text so that a reader meets the old one or the new one, never half of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(place.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(place)


def digest_of(file: Path) -> str:
    """The first 32 hex digits of a file's SHA-256."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:32]


def sql_path(path: Path) -> str:
    """A path as a SQL text holds it, on Windows too."""
    return path.as_posix().replace("'", "''")
