"""Judge only the days that something touches, seed after seed, and hold what is published against judging all of them.

    python tests/end_to_end/play_days.py [--seeds 3] [--passes 5] [--months 3] [--home HOME]

A home (that of a demo, unless one is given), or some months of it, is strewn over several passes
(`strewn_landing.py`), and between the passes people and the poster decide (`played_decisions.py`): which candidate a
document is, and that it is not; summaries, their top-ups and corrections, sent, found later, or withdrawn. With four
passes or more the last but one brings nothing but edits with dates, of a mapping, a grain and the end of a trading day:
every day is judged then.

Each pass is judged twice from the same landing and the same history, once keeping every day that it may and once whole.
Every digest must be the same. The exit code is 1 where one is not, and the first rows that differ are printed with the
seed; and where a kind of what touches days was not played at all, or most passes kept no day. What takes luck (a
top-up, a word taken back) must have been played from three seeds on.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import dagster as dg
import duckdb

ROOT = Path(__file__).resolve().parents[2]
for place in (ROOT, Path(__file__).parent):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

from strewn_landing import Strewn  # noqa: E402

from orchestration import judged_days, passes  # noqa: E402
from orchestration.publishing import Publication, Publications  # noqa: E402
from orchestration.run_pass import prepare_home  # noqa: E402
from orchestration.settings import load  # noqa: E402
from orchestration.warehouse import Warehouse  # noqa: E402

KINDS = (
    *(
        "receipts late",
        "documents late",
        "changed documents",
        "copies",
        "nominal lines late",
        "log lines late",
    ),
    *("intents late", "closures over or short late", "closures counted again", "products regrouped"),
    *("documents as near", "names lost", "decisions", "summaries"),
)
"""What is played in two passes."""
LATER_KINDS = (
    *("decisions taken back", "top-ups", "corrections", "summaries found later", "summaries withdrawn"),
    *("mapping edits", "grain edits", "cut-off edits", "returns filed", "copies gone in their grace"),
)
"""What takes more of them, and some luck."""
ENOUGH = 3
"""Of so many seeds one has each of these."""


def judge(home: Path, pass_number: int, arrive: Callable[[], None], *, keep: bool) -> tuple[Publication, int]:
    """Judge what has arrived, as this pass: what is published, and how many days were kept."""
    from orchestration.definitions import defs
    from orchestration.defs.resources import resources

    prepare_home(home)
    settings = load(home, keep_days_from=0 if keep else 10**12)
    warehouse = Warehouse(home)
    with passes.begin(settings) as current:
        arrive()
        current.pass_number = pass_number
        if passes.settle(current) is None:
            raise RuntimeError("nothing to judge")
        current.pass_number = pass_number
        passes.write_inputs(current)
        result = defs.resolve_job_def("judge").execute_in_process(
            instance=dg.DagsterInstance.get(),
            resources={**resources(home), "current": current, "warehouse": warehouse},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert result.success
        judged, known, kept = _days(warehouse)
        warehouse.let_go()
        print(f"    pass {pass_number}: {f'{judged} of {known}' if kept else 'all'} days", flush=True)
    newest = Publications(home / "published").newest()
    assert newest is not None
    return newest, kept


def _days(warehouse: Warehouse) -> tuple[int, int, int]:
    """How many days that were published were judged, how many there were, and how many were kept; zeros where all."""
    if not warehouse.keeps_days():
        return 0, 0, 0
    with warehouse.connect() as connection:
        counted = connection.execute(
            """select (select count(*) from kept.judged_days
                       where day in (select business_date from before.document_verdicts)),
                      (select count(distinct business_date) from before.document_verdicts),
                      (select count(distinct business_date) from kept.document_verdicts)"""
        ).fetchone()
    judged, known, kept = counted or (0, 0, 0)
    return judged, known, kept


def differences(kept_home: Path, kept: Publication, whole_home: Path, whole: Publication) -> list[str]:
    """What of two publications is not the same, with the first rows of each side."""
    found = []
    for model, digests in whole.digests.items():
        if kept.digests.get(model) == digests:
            continue
        sides = []
        for home, publication in ((kept_home, kept), (whole_home, whole)):
            paths = ", ".join(
                f"'{home / 'published' / str(file['path'])}'" for file in publication.tables[model]
            )
            sides.append(f"select * from read_parquet([{paths}])")
        with duckdb.connect() as connection:
            for name, these, those in (("kept", *sides), ("whole", *reversed(sides))):
                rows = connection.execute(f"{these} except all {those} order by all").fetchall()
                found += [f"{model}: {len(rows)} rows only where days are {name}"]
                found += [f"        {row}" for row in rows[:3]]
    return found


@dataclass
class Played:
    """What differed; what was played, by pass and kind; and how many passes kept days, of those that might."""

    differences: list[str] = field(default_factory=list)
    kinds: Counter[tuple[int, str]] = field(default_factory=Counter)
    keeping: int = 0
    passes: int = 0


def play(home: Path, folder: Path, seed: int, last_pass: int, months: int = 0) -> Played:
    """Strew a home by a seed and judge each pass both ways."""
    company = load(home)
    strewn = Strewn(home / "landing", seed, last_pass, company.now(), months)
    kept_home, whole_home = folder / "kept", folder / "whole"
    kept_home.mkdir(parents=True)
    shutil.copy(home / "operations.sqlite", kept_home / "operations.sqlite")
    unlanded = shutil.ignore_patterns("pass_*.parquet", "decided")
    shutil.copytree(home / "landing", kept_home / "landing", ignore=unlanded)
    played = Played(kinds=strewn.played)
    kept: Publication | None = None
    for number in range(1, last_pass + 1):
        settings = f'company_id = "{company.company_id}"\nas_of = {strewn.as_of(number):%Y-%m-%dT%H:%M:%S}Z\n'
        (kept_home / "tillproof.toml").write_text(settings)
        whole: Publication | None = None
        if kept is not None:
            strewn.decide(number, kept_home, kept)
            shutil.copytree(kept_home, whole_home)
            arrive = partial(strewn.write, whole_home / "landing", number)
            whole, _ = judge(whole_home, number, arrive, keep=False)
        arrive = partial(strewn.write, kept_home / "landing", number)
        kept, kept_days = judge(kept_home, number, arrive, keep=True)
        if whole is None:
            continue
        came = sorted((kind, count) for (of_pass, kind), count in strewn.played.items() if of_pass == number)
        print("        " + ", ".join(f"{count} {kind}" for kind, count in came), flush=True)
        if number != strewn.edited:
            played.passes += 1
            played.keeping += kept_days > 0
        if told := differences(kept_home, kept, whole_home, whole):
            played.differences = [f"seed {seed}, pass {number}: {line}" for line in told]
            break
        shutil.rmtree(whole_home)
    return played


def unplayed(stories: Sequence[Played], last_pass: int) -> list[str]:
    """What no story played, and whether most of their passes kept nothing: then they prove little."""
    played = {kind for story in stories for (_, kind), count in story.kinds.items() if count}
    wanted = (*KINDS, *LATER_KINDS) if last_pass > 3 and len(stories) >= ENOUGH else KINDS
    found = [f"not played: {kind}" for kind in wanted if kind not in played]
    keeping, passes = sum(story.keeping for story in stories), sum(story.passes for story in stories)
    return found if 2 * keeping > passes else [*found, f"{keeping} of {passes} passes kept days"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--months", type=int, default=3, help="of the home, drawn by the seed; 0: all")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--folder", type=Path, help="kept afterwards; must not exist")
    options = parser.parse_args()
    judged_days.LARGEST_SHARE = 1  # keep a single day, if that is all that may be kept
    folder = options.folder or Path(tempfile.mkdtemp(prefix="tillproof-days-"))
    home = options.home
    if home is None:
        command = [sys.executable, "-m", "orchestration.cli", "demo", "--folder", str(folder / "demo")]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        home = folder / "demo" / "home"
    stories = []
    for seed in range(options.first, options.first + options.seeds):
        begun = time.process_time()
        story = play(home.resolve(), folder / str(seed), seed, options.passes, options.months)
        told = f"{story.keeping} of {story.passes} passes kept days, {time.process_time() - begun:.0f} s of processor"
        print(f"seed {seed}: {len(story.differences)} differences, {told}", flush=True)
        print("\n".join(story.differences[:60]), flush=True)
        stories.append(story)
    counted = Counter[str]()
    for story in stories:
        for (_, kind), count in story.kinds.items():
            counted[kind] += count
    print("played: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())))
    lacking = unplayed(stories, options.passes)
    print("\n".join(lacking))
    if options.folder is None:
        shutil.rmtree(folder)
    return int(bool(lacking) or any(story.differences for story in stories))


if __name__ == "__main__":
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    sys.exit(main())
