"""Which code judges: its version, its commit where it is a checkout, and a digest of the rules themselves."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
RULES = (("dbt_project/models", "*.sql"), ("dbt_project/macros", "*.sql"), ("expectations", "*.py"))


@dataclass(frozen=True)
class MadeBy:
    """`rules` is the SHA-256 of every model, macro and gate rule; `commit` is empty where there is no checkout."""

    version: str
    commit: str
    rules: str
    duckdb: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)

    @property
    def words(self) -> str:
        """In one line, for a person."""
        commit = f", commit {self.commit[:12]}" if self.commit else ""
        return f"Tillproof {self.version}{commit}, rules {self.rules[:12]}, DuckDB {self.duckdb}"


def made_by(root: Path = ROOT) -> MadeBy:
    """The code that runs now."""
    return MadeBy(_version(), _commit(root), _rules(root), duckdb.__version__)


def _version() -> str:
    try:
        return metadata.version("tillproof")
    except metadata.PackageNotFoundError:
        return "not installed"


def _rules(root: Path) -> str:
    digest = hashlib.sha256()
    for folder, pattern in RULES:
        for file in sorted((root / folder).rglob(pattern), key=lambda found: found.as_posix()):
            text = file.read_bytes().replace(b"\r\n", b"\n")  # as on any machine
            digest.update(f"{file.relative_to(root).as_posix()}\0{len(text)}\0".encode())
            digest.update(text)
    return digest.hexdigest()


def _commit(root: Path) -> str:
    """What is checked out, read from git's own files: a program of that name need not be there."""
    place = root / ".git"
    if place.is_file():  # a worktree
        place = root / place.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    head = place / "HEAD"
    if not head.exists():
        return ""
    named = head.read_text(encoding="utf-8").strip()
    if not named.startswith("ref:"):
        return named
    ref = named.removeprefix("ref:").strip()
    common = place / "commondir"
    shared = place / common.read_text(encoding="utf-8").strip() if common.exists() else place
    for folder in (place, shared):
        if (folder / ref).exists():
            return (folder / ref).read_text(encoding="utf-8").strip()
    packed = shared / "packed-refs"
    lines = packed.read_text(encoding="utf-8").splitlines() if packed.exists() else []
    return next((line.split()[0] for line in lines if line.endswith(f" {ref}")), "")
