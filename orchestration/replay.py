"""A past pass judged again from what was landed by then, in a folder of its own, and held against what was published.

Nothing of the installation is changed: landing's files are linked into the folder, history is copied up to the pass,
and no source is asked. The same rules must give the same files, byte by byte; other rules would be another judgement,
so they are refused unless somebody wants just that.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.files import digest_of, put_text
from orchestration.history import History, PastPass
from orchestration.landing_files import files_of, tables_of
from orchestration.made_by import MadeBy, made_by
from orchestration.publishing import Publications
from orchestration.run_pass import judge_again
from orchestration.settings import FILE_NAME, HOME_VARIABLE, Settings, load
from orchestration.tranches import FOLDER as DECIDED


class ReplayError(Exception):
    """The pass cannot be replayed, or not as it was; the message says why and what to do."""


class OtherRulesError(ReplayError):
    """The pass was judged by other rules than those that are here."""


@dataclass(frozen=True)
class Replayed:
    """What a replay came to. `tables` has a word for each published table, and for what history kept of the pass:
    `same`, `differs`, `only_then`, `only_now`; empty where the digests of then were not kept.
    """

    past: PastPass
    here: MadeBy
    folder: Path
    tables: dict[str, str]

    @property
    def is_same(self) -> bool | None:
        """None where nothing was kept to hold it against."""
        return set(self.tables.values()) == {"same"} if self.tables else None


def replay(
    settings: Settings,
    pass_number: int,
    folder: Path,
    *,
    by_these_rules: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Replayed:
    """Judge a past pass again. Raises ReplayError, OtherRulesError, and what a pass raises."""
    history = History(settings.home / "history")
    past = history.passed(pass_number)
    if past is None:
        newest = history.last()
        known = f"the newest is {newest.pass_number}" if newest else "none was made here"
        raise ReplayError(f"there is no pass {pass_number} in history: {known}")
    here = made_by()
    if past.made_by is not None and past.made_by.rules != here.rules and not by_these_rules:
        raise OtherRulesError(_other_rules(past, past.made_by, here))
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        raise ReplayError(f"{folder} is not empty: a replay has a folder of its own")
    progress("linking what was landed by then")
    _lay_out(settings, past, folder)
    progress("judging it again")
    outside = {name: os.environ.get(name) for name in (HOME_VARIABLE, "DAGSTER_HOME")}
    try:
        judge_again(load(folder, operations_url=f"sqlite:///{(folder / 'operations.sqlite').as_posix()}"))
    finally:
        for name, value in outside.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    return Replayed(past, here, folder, _held_against(settings, past, folder))


def _other_rules(past: PastPass, then: MadeBy, here: MadeBy) -> str:
    commit = then.commit[:12]
    way = (
        f"git worktree add ../tillproof-{commit} {commit}, install it there, and replay with that one"
        if commit
        else f"install Tillproof {then.version} in an environment of its own, and replay with that one"
    )
    return (
        f"pass {past.pass_number} was judged by {then.words}; here is {here.words}. To see what it found: {way}. "
        "To judge it by the rules that are here, which is another judgement: --by-these-rules"
    )


def _lay_out(settings: Settings, past: PastPass, folder: Path) -> None:
    """A home that knows what was known before the pass was judged, and nothing later."""
    landing, history = Path(settings.landing), settings.home / "history"
    for table in tables_of(landing):
        for file in files_of(landing, table):
            if file.pass_number <= past.pass_number:
                _link(file.path, folder / "landing" / file.path.relative_to(landing))
    # what no intent of then names counts nowhere
    for decided in sorted((landing / DECIDED).glob("*.parquet")):
        _link(decided, folder / "landing" / decided.relative_to(landing))
    for kept in sorted((history / "judgements").glob("pass_*.parquet")):
        if int(kept.stem.removeprefix("pass_")) < past.pass_number:
            _link(kept, folder / "history" / "judgements" / kept.name)
    for told in sorted((history / "passes").glob("pass_*.json")):
        if int(told.stem.removeprefix("pass_")) <= past.pass_number:
            put_text(folder / "history" / "passes" / told.name, told.read_text(encoding="utf-8"))
    put_text(folder / FILE_NAME, f'company_id = "{settings.company_id}"\n')


def _link(file: Path, place: Path) -> None:
    """The same file under another name: it is never changed. A copy where the disk is another."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, place)
    except OSError:
        shutil.copyfile(file, place)


def _held_against(settings: Settings, past: PastPass, folder: Path) -> dict[str, str]:
    """Each published table, by the digests of its files; and the judgements that history kept of the pass."""
    now = Publications(folder / "published").newest()
    then = past.digests
    if now is None or then is None:
        return {}
    told = {name: _compared(then.get(name), now.digests.get(name)) for name in sorted({*then, *now.digests})}
    kept, made = (
        home / "history" / "judgements" / f"pass_{past.pass_number:06d}.parquet"
        for home in (settings.home, folder)
    )
    return {
        **told,
        "history": _compared(*(digest_of(file) if file.exists() else None for file in (kept, made))),
    }


def _compared(then: object, now: object) -> str:
    if now is None:
        return "only_then"
    if then is None:
        return "only_now"
    return "same" if then == now else "differs"
