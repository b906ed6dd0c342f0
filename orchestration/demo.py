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
from datetime import date, datetime
from pathlib import Path
from typing import Any

from orchestration.files import put_text
from orchestration.operations import Operations
from orchestration.posting import Pace, PostingSummary, approve
from orchestration.posting_run import dry_run, send_approved
from orchestration.run_pass import PassOutcome, prepare_home, run_pass
from orchestration.settings import FILE_NAME, Settings, load

COMPANY = "DGS"
SEED = 20111201
CATCH_UP_END = date(2011, 8, 17)
CATCH_UP_AS_OF = datetime(2011, 8, 17, 23, 0)  # noqa: DTZ001 - UTC, midnight in the shops
AS_OF = datetime(2011, 8, 31, 23, 0)  # noqa: DTZ001 - UTC, the end of the last trading day
SITE_ID = "6f2a1c9e-0d34-4c7b-9a55-2b8e1f0c7d11"
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


def play(folder: Path, *, seed: int = SEED, say: Say = lambda _: None) -> Story:
    """Play the whole story into `folder`, which is emptied first. Raises whatever stops it."""
    from app.published import Published
    from app.reports import status
    from sandbox.company import SageCompany
    from sandbox.scenario import connector, tills
    from sandbox.serving import serving

    story = Story()
    world, home = folder / "world", folder / "home"
    _empty(folder)
    prepare_home(home)
    inbox, manifest, books = home / "inbox", world / "manifest.parquet", world / "sage200.sqlite"

    say("the tills trade and export nine months: 5 stores, 10 tills, real UK sales")
    with story.timed("tills export the catch-up"):
        first = tills.write_exports(inbox, seed=seed, until=CATCH_UP_END)
        tills.write_company_seed(world / "company")
    with SageCompany.create(
        books, world / "company", site_id=SITE_ID, company_id=1, company_name="Demo Gift Stores"
    ) as company:
        say("the incumbent connector posts them to Sage 200, badly")
        with story.timed("connector posts the catch-up"):
            connector.load(company, inbox, "catch_up", seed=seed, manifest=manifest)
        with serving(
            books, clock=f"{AS_OF:%Y-%m-%dT%H:%M:%S}", tick_ms=10, setting=["hidden_nominal=refuse"]
        ) as sage:
            _describe_home(home, sage)
            say("first pass: the catch-up")
            with story.timed("first pass"):
                story.passes.append(run_pass(home, as_of=CATCH_UP_AS_OF))

            say("a fortnight of hourly files, some of them broken on purpose")
            with story.timed("tills export the fortnight"):
                second = tills.write_exports(inbox, seed=seed, since=date(2011, 8, 18))
            with story.timed("connector posts the fortnight"):
                connector.load(company, inbox, "fortnight", seed=seed, manifest=manifest)
            story.receipts_exported = first.receipts + second.receipts
            story.lines_exported = first.lines + second.lines
            say("second pass: the fortnight")
            with story.timed("second pass"):
                story.passes.append(run_pass(home, as_of=AS_OF))
            story.before = status(Published(home / "published"))
            with story.timed("judging"):
                _judge(story, "before", manifest, home)

            say("posting: dry run, approval, then each document once and read back")
            sage.faults(_lock_once())
            with story.timed("posting"):
                _post(story, load(home, as_of=AS_OF))
            story.second_writes = connector.post_after_us(
                company, inbox, seed=seed, manifest=manifest, posted_at=AS_OF
            )
            say("third pass: what Sage holds now")
            with story.timed("third pass"):
                story.passes.append(run_pass(home, as_of=AS_OF))
            story.after = status(Published(home / "published"))
            with story.timed("judging"):
                _judge(story, "after", manifest, home)
    return story


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
    story.posting = send_approved(settings, pace=Pace(first_wait_s=0.2, longest_wait_s=1.0))


def _lock_once() -> dict[str, Any]:
    """Somebody has one till customer open: the first two posts to it are refused as locked."""
    return {"kind": "lock", "count": 2, "account": "TILL03"}


def _judge(story: Story, stage: str, manifest: Path, home: Path) -> None:
    """Have the judge compare what was published with the truth, in its own process."""
    command = [sys.executable, "-m", "sandbox.scenario.judge", "--json", "--stage", stage]
    command += ["--manifest", str(manifest), "--published", str(home / "published")]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise RuntimeError(f"the judge could not judge: {done.stderr.strip()}")
    story.judged[stage] = json.loads(done.stdout)
    story.judge_codes[stage] = done.returncode


def _empty(folder: Path) -> None:
    """Start from nothing; only a folder that a demo made is emptied."""
    mark = folder / "made-by-tillproof-demo"
    if folder.exists() and any(folder.iterdir()):
        if not mark.exists():
            raise FileExistsError(f"{folder} holds something that no demo made; give another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    put_text(mark, "")
