"""The main job on real sales: a 5-store retailer, its tills, a connector that posts badly, and a Sage 200 to put right.

Everything is made in one folder and judged from outside: the judge is a process of its own that reads what was
published and the truth that the connector left.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from orchestration.files import put_text
from orchestration.operations import Operations
from orchestration.operations.base import utc_now
from orchestration.posting import PostingSummary, approve
from orchestration.posting_run import dry_run, send_approved
from orchestration.run_pass import PassOutcome, prepare_home, run_pass, warm_up
from orchestration.settings import FILE_NAME, Settings, load

COMPANY = "DGS"
SEED = 20111201
CATCH_UP_AS_OF = datetime(2011, 8, 17, 23, 0)  # noqa: DTZ001 - UTC, midnight in the shops
AS_OF = datetime(2011, 8, 31, 23, 0)  # noqa: DTZ001 - UTC, the end of the last trading day
APPROVER = "demo finance director"
REASON = "demo: the sandbox company's own evidence, seen in the dry run"

Say = Callable[[str], None]


@dataclass
class Story:
    """What happened, for the summary: times in seconds by stage, passes, postings and the judge's two reports."""

    seconds: dict[str, float] = field(default_factory=dict)
    passes: list[PassOutcome] = field(default_factory=list)
    receipts_exported: int = 0
    lines_exported: int = 0
    approved: int = 0
    posting: PostingSummary | None = None
    second_writes: tuple[str, ...] = ()
    second_writes_are: str = "receipts"
    look_at: str = ""
    judged: dict[str, dict[str, Any]] = field(default_factory=dict)
    judge_codes: dict[str, int] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """1 if a planted fault went unfound, a clean receipt was accused, or a posting is not proven."""
        unproven = (
            self.posting is None or not self.posting.is_settled or self.posting.right != self.posting.sent
        )
        return 1 if unproven or any(self.judge_codes.values()) else 0

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        begun = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - begun


def play(folder: Path, *, seed: int = SEED, is_quick: bool = False, say: Say = lambda _: None) -> Story:
    """Play the whole story into `folder`, which is emptied first; if quick, with a month of the sales for nine.

    Raises whatever stops it.
    """
    from app.published import Published
    from app.reports import status
    from sandbox.scenario.sales import cut_sales
    from sandbox.scenario.world import books_in, manifest_in
    from sandbox.serving import serving

    story = Story()
    world, home = folder / "world", folder / "home"
    manifest = manifest_in(world)
    emptied(folder)
    prepare_home(home)
    options = ["--folder", str(world), "--inbox", str(home / "inbox"), "--seed", str(seed)]
    if is_quick:
        options += ["--sales", str(cut_sales(folder / "sales.parquet"))]
    actors = Actors(story, options)

    months = "a month and two days" if is_quick else "nine months"
    say(f"{months} of real UK sales in 5 stores; a connector posts them to Sage 200, badly")
    with story.timed("tills and connector, catch-up"):
        catching_up = actors.begin("catch-up")
        warm_up(home)  # the graph and the libraries load while the shops trade
        actors.end("catch-up", catching_up)
    with serving(
        books_in(world),
        clock=f"{AS_OF:%Y-%m-%dT%H:%M:%S}",
        tick_ms=10,
        setting=["hidden_nominal=refuse"],
    ) as sage:
        _describe_home(home, sage)
        say("first pass: the catch-up")
        with story.timed("first pass"):
            story.passes.append(run_pass(home, as_of=CATCH_UP_AS_OF))

        say("a fortnight of hourly files, some of them broken on purpose")
        with story.timed("tills and connector, fortnight"):
            actors.end("fortnight", actors.begin("fortnight"))
        say("second pass: the fortnight")
        with story.timed("second pass"):
            story.passes.append(run_pass(home, as_of=AS_OF))
        story.before = status(Published(home / "published"))
        judging = begin_judging("before", manifest, home)

        say("posting: dry run, approval, then each document once and read back")
        sage.faults(_lock_once())
        with story.timed("posting"):
            _post(story, load(home, as_of=AS_OF))
        with story.timed("judging"):
            end_judging(story, "before", judging)
        told = actors.end("after-us", actors.begin("after-us", "--at", AS_OF.isoformat()))
        story.second_writes = tuple(told["second_writes"])
        say("third pass: what Sage holds now")
        with story.timed("third pass"):
            story.passes.append(run_pass(home, as_of=AS_OF))
        story.after = status(Published(home / "published"))
        with story.timed("judging"):
            end_judging(story, "after", begin_judging("after", manifest, home))
    return story


@dataclass
class Actors:
    """Tills and connector, in a process of their own for each act."""

    story: Story
    options: list[str]
    world: str = "sandbox.scenario.world"

    def begin(self, act: str, *more: str) -> subprocess.Popen[str]:
        return _child(self.world, act, *self.options, *more)

    def end(self, act: str, playing: subprocess.Popen[str]) -> dict[str, Any]:
        """What the act came to. Raises RuntimeError with its own words where it failed."""
        answer, words = playing.communicate()
        if playing.returncode:
            raise RuntimeError(f"the demo's world could not play {act}: {words.strip()}")
        told: dict[str, Any] = json.loads(answer)
        self.story.receipts_exported += told.get("receipts", 0)
        self.story.lines_exported += told.get("lines", 0)
        for part, taken in told["seconds"].items():
            name = f"  {part}, {act}"
            self.story.seconds[name] = self.story.seconds.get(name, 0.0) + taken
        return told


def _describe_home(home: Path, sage: Any) -> None:
    """Settings and mappings of the demo's company, as an accountant would give them."""
    put_text(
        home / FILE_NAME,
        "\n".join(
            [
                "# Written by `tillproof demo`.",
                f'company_id = "{COMPANY}"',
                f"as_of = {AS_OF:%Y-%m-%dT%H:%M:%S}Z  # the data ends here; without it the clock counts",
                "",
                "[sage200]",
                f'base_url = "{sage.base_url}"',
                f'token_url = "{sage.token_url}"',
                f'client_id = "{sage.client_id}"',
                f'client_secret = "{sage.client_secret}"  # opens only the sandbox',
                f'refresh_token = "{sage.refresh_token}"',
                f'site_id = "{sage.site_id}"',
                f"company_id = {sage.company_id}",
                "",
            ]
        ),
    )
    mappings = Path(__file__).resolve().parent.parent / "sandbox" / "scenario" / "mappings"
    with Operations.open(load(home).operations) as operations:
        operations.import_mappings(mappings, "demo finance", "the demo's opening mappings")


def _post(story: Story, settings: Settings) -> None:
    """Switch posting on for the sandbox company, approve what the dry run shows, and send it."""
    with Operations.open(settings.operations) as operations:
        operations.enable_posting(COMPANY, APPROVER, REASON)
        waiting = [
            decision for decision in dry_run(settings, operations) if decision.code == "needs_approval"
        ]
        story.approved = approve(operations, waiting, APPROVER, REASON)
    time_there = TimeThatWaits(utc_now())
    story.posting = send_approved(settings, clock=time_there.now, sleep=time_there.sleep)


@dataclass
class TimeThatWaits:
    """Time that passes only while somebody waits: the sandbox's locks end after so many tries, not after so long, and
    whose turn it is next, and with it every URN, must not depend on how fast this machine is."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def _lock_once() -> dict[str, Any]:
    """Somebody has one till customer open: the first two posts to it are refused as locked."""
    return {"kind": "lock", "count": 2, "account": "TILL03"}


def begin_judging(stage: str, manifest: Path, home: Path) -> subprocess.Popen[str]:
    """Have the judge compare what is published with the truth, in its own process."""
    options = ["--json", "--stage", stage, "--manifest", str(manifest)]
    return _child("sandbox.scenario.judge", *options, "--published", str(home / "published"))


def end_judging(story: Story, stage: str, judging: subprocess.Popen[str]) -> None:
    answer, words = judging.communicate()
    if not answer.strip():
        raise RuntimeError(f"the judge could not judge: {words.strip()}")
    story.judged[stage] = json.loads(answer)
    story.judge_codes[stage] = judging.returncode


def _child(module: str, *arguments: str) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", module, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=root, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def emptied(folder: Path) -> None:
    """Start from nothing; only a folder that a demo made is emptied."""
    mark = folder / "made-by-tillproof-demo"
    if folder.exists() and any(folder.iterdir()):
        if not mark.exists():
            raise FileExistsError(f"{folder} holds something that no demo made; give another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    put_text(mark, "")
