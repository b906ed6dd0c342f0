"""The main job on Sage 50: the same stores and sales, a summary for each till's day, files in, tables out."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from orchestration import sage50_report
from orchestration.demo import (
    APPROVER,
    AS_OF,
    CATCH_UP_AS_OF,
    COMPANY,
    REASON,
    SEED,
    Actors,
    Say,
    Story,
    begin_judging,
    emptied,
    end_judging,
)
from orchestration.files import put_text
from orchestration.operations import Operations
from orchestration.posting import PostingSummary
from orchestration.posting.batches import batches
from orchestration.posting_run import approve_shown, dry_run, newest
from orchestration.run_pass import prepare_home, run_pass, warm_up
from orchestration.settings import FILE_NAME, Settings, load

WORLD = "sandbox.scenario.sage50.world"
MOST_FILES = 5
BANKS = ["1200", "1230", *(f"12{kind}{store}" for kind in (3, 5) for store in range(1, 6)), "2251"]


def play(folder: Path, *, seed: int = SEED, say: Say = lambda _: None) -> Story:
    """Play the whole story into `folder`, which is emptied first. Raises whatever stops it."""
    from app.published import Published
    from app.reports import status
    from sandbox.scenario.world import manifest_in

    story = Story(second_writes_are="the day of")
    world, home = folder / "world", folder / "home"
    manifest = manifest_in(world)
    emptied(folder)
    prepare_home(home)
    places = [
        "--folder",
        str(world),
        "--inbox",
        str(home / "inbox"),
        "--export",
        str(home / "sage50" / "export"),
    ]
    actors = Actors(story, [*places, "--seed", str(seed)], WORLD)

    say("nine months of real UK sales in 5 stores; a connector imports each till's day into Sage 50, badly")
    with story.timed("tills and connector, catch-up"):
        catching_up = actors.begin("catch-up")
        warm_up(home)  # the graph and the libraries load while the shops trade
        actors.end("catch-up", catching_up)
    _describe_home(home, world / "mappings")
    say("first pass: the catch-up, against Sage's exported tables")
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

    say(
        "posting: dry run, approval, then import files: the first of one document, each found again row by row"
    )
    with story.timed("posting"):
        _post(story, actors, load(home, as_of=AS_OF), say)
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


def _describe_home(home: Path, mappings: Path) -> None:
    """Settings and mappings of the demo's company, as an accountant would give them."""
    put_text(
        home / FILE_NAME,
        "\n".join(
            [
                "# Written by `tillproof demo --ledger sage50`.",
                f'company_id = "{COMPANY}"',
                f"as_of = {AS_OF:%Y-%m-%dT%H:%M:%S}Z  # the data ends here; without it the clock counts",
                "",
                "[sage50]",
                "lock_date = 2010-12-31",
                f"bank_accounts = {BANKS}  # 2251: gift cards not yet used",
                "",
            ]
        ).replace("'", '"'),
    )
    with Operations.open(load(home).operations) as operations:
        operations.import_mappings(mappings, "demo finance", "the demo's opening mappings")


def _post(story: Story, actors: Actors, settings: Settings, say: Say) -> None:
    """Switch posting on, approve what the dry run shows, and see file after file through Sage's import screen."""
    with Operations.open(settings.operations) as operations:
        operations.enable_posting(COMPANY, APPROVER, REASON)
        waiting = [one for one in dry_run(settings, operations) if one.code == "needs_approval"]
        story.approved = approve_shown(settings, operations, waiting, APPROVER, REASON)
    left_out: list[dict[str, Any]] = []
    for _ in range(MOST_FILES):
        report = sage50_report.write(settings, apply=True)
        left_out = report["left_out"]
        if not report["written"]:
            break
        say(
            f"  {report['batch']}: {report['documents']} documents, {report['rows']} rows, imported by a person"
        )
        _into_the_next_second()
        told = actors.end(
            "import", actors.begin("import", "--file", report["file"], "--at", AS_OF.isoformat())
        )
        if told["refused"]:
            raise RuntimeError(f"Sage 50 refused rows of {report['file']}: {told['refused'][:3]}")
        if not sage50_report.verify(settings)["is_well"]:
            raise RuntimeError(f"{report['batch']} is not in Sage as it was written: tillproof sage50 verify")
    story.posting = _summary(settings, left_out)
    story.look_at = _a_posted_key(settings)


def _into_the_next_second() -> None:
    """An export of the second in which a file was written says nothing of it."""
    time.sleep(1.0 - time.time() % 1.0)


def _summary(settings: Settings, left_out: list[dict[str, Any]]) -> PostingSummary:
    """The five truths of everything that left in a file, and what did not leave by its reason."""
    summary = PostingSummary(newest(settings).number)
    with Operations.open(settings.operations) as operations:
        for _, intents in batches(operations, COMPANY):
            for intent in intents.values():
                summary.posts += 1
                summary.count(intent)
        held = Counter(one.code for one in dry_run(settings, operations) if not one.goes)
        del held["already_posted"]
        summary.held = held + Counter({"left_out": len(left_out)})
        end = operations.intents.chain_end()
        summary.chain_event_number, summary.chain_head_hash = end.event_number, end.head_hash
    return summary


def _a_posted_key(settings: Settings) -> str:
    """The key of a summary that was posted, for whoever wants to trace one."""
    with Operations.open(settings.operations) as operations:
        members = [intent for _, intents in batches(operations, COMPANY) for intent in intents.values()]
    return min((one.posting_key for one in members if one.members_digest), default="")
