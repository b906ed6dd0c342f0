"""A pass: its number and as-of time, the lock that only one may hold, and whether there is anything to do."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from orchestration.file_lock import locked
from orchestration.files import put_text, sql_path
from orchestration.history import History
from orchestration.landing import Landing
from orchestration.landing_tables import DELIVERIES, TABLES
from orchestration.publishing import Publications
from orchestration.settings import Settings
from orchestration.warehouse import rules_digest

T = TypeVar("T")


class PassInProgressError(Exception):
    """Another pass holds this installation; the message says who."""


@dataclass
class Pass:
    """One pass in progress. `seconds` gathers how long each stage took."""

    settings: Settings
    landing: Landing
    history: History
    publications: Publications
    pass_number: int
    as_of: datetime
    started_at: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)
    asked: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Source -> requests it was sent, and how many tries failed; of sources that are asked over a network."""
    beside: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _begun: dict[str, Future[Any]] = field(default_factory=dict)

    def begin_beside(self, name: str, work: Callable[[], Any]) -> None:
        """Begin work that a later step takes up, while the steps between go on."""
        self._begun[name] = self.beside.submit(work)

    def outcome(self, name: str, work: Callable[[], T]) -> T:
        """What work came to that a step before may have begun; else it is done now. Raises what it raised."""
        begun: Future[T] | None = self._begun.pop(name, None)
        return begun.result() if begun else work()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - begun


@contextmanager
def begin(settings: Settings) -> Iterator[Pass]:
    """Hold the installation for one pass. Raises PassInProgressError naming the holder."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with _holding(settings.home):
        landing = Landing(settings.landing, settings.company_id)
        landing.ensure(*TABLES.values())
        history = History(settings.home / "history")
        history.ensure()
        publications = Publications(settings.published, kept=settings.publications_kept)
        current = Pass(settings, landing, history, publications, landing.next_pass(), settings.now())
        with current.beside:
            yield current


@contextmanager
def _holding(home: Path) -> Iterator[None]:
    """The operating system's lock on the installation, with the holder's name beside it; it goes with the process."""
    holder = home / "pass.holder.json"
    entered = False
    try:
        with locked(home / "pass.lock", timeout_s=0.0):
            entered = True
            put_text(holder, json.dumps({"process": os.getpid(), "machine": platform.node()}))
            yield
    except TimeoutError as error:
        if entered:
            raise
        held_by = holder.read_text(encoding="utf-8") if holder.exists() else "unknown"
        raise PassInProgressError(f"a pass is in progress here, held by {held_by}") from error


def settle(current: Pass) -> str | None:
    """Decide what this pass judges, after landing; the reason, or None when there is nothing to do.

    What was landed since the last publication makes a new pass, and so does time that moves a verdict or an age, or an
    upgrade that brings other models. Where only the disposable rooms are gone, the last pass is judged again under its
    own number and as-of time.
    """
    published = current.publications.newest()
    past = current.history.last()
    if published is None and past is not None and not _landed_since(current.landing, past.pass_number):
        current.pass_number, current.as_of = past.pass_number, past.as_of
        return "nothing is published: the last pass is judged again"
    known = published.pass_number if published else 0
    if _landed_since(current.landing, known):
        return "something new was landed"
    if published is None:
        return "nothing is published yet"
    if published.rules_digest != rules_digest():
        # a pass of its own: they may find what the last did not
        return "the models are others than they were"
    if current.as_of.date() > published.as_of.date():
        return "a day has passed: ages move"
    if published.pending_documents and current.as_of > published.as_of:
        return "documents in a grace or a retry window may have passed it"
    return None


def _landed_since(landing: Landing, pass_number: int) -> bool:
    """Whether anything that can change a verdict was landed after a pass: a mere copy of a file cannot."""
    found = landing.dirty_since(pass_number)
    if any(file.table != DELIVERIES.name for file in found):
        return True
    paths = [str(file.path) for file in found]
    if not paths:
        return False
    listed = ", ".join(f"'{sql_path(Path(path))}'" for path in paths)
    with duckdb.connect() as connection:
        row = connection.execute(
            f"select count(*) from read_parquet([{listed}]) where status <> 'duplicate'"
        ).fetchone()
    return bool(row and row[0])


def write_inputs(current: Pass) -> Path:
    """Give the models the pass they judge: one row, `gate/pass.parquet`."""
    place = current.settings.home / "gate" / "pass.parquet"
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_suffix(".unfinished")
    with duckdb.connect() as connection:
        connection.execute(
            f"""copy (select cast({current.pass_number} as bigint) as pass_number,
                             timestamp '{current.as_of:%Y-%m-%d %H:%M:%S}' as as_of)
                to '{sql_path(unfinished)}' (format parquet)"""
        )
    unfinished.replace(place)
    return place
