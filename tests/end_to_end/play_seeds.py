"""Play the demo's story over many seeds, each on a small part of the sales, and hold every verdict against the truth.

    python tests/end_to_end/play_seeds.py [--seeds 20] [--first 1] [--folder FOLDER] [--json]

Each seed is a shop of its own: other receipts carry the faults, other events and closures are odd. The code is the
demo's, three passes and the posting included; the sales are those of `tillproof demo --quick`. Prints, of each kind
that was planted, how many documents it touched before and after our postings, over all seeds, and precision and recall.
The exit code is 1 where any is below 1.0, something clean was accused, or a posting is not proven; what went wrong is
listed by seed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from orchestration.demo import Story, play  # noqa: E402


@dataclass
class Tally:
    """Documents of one kind over all seeds: how many there were, and how many were told for what they are."""

    stages: int = 0
    documents: int = 0
    right: int = 0
    said: int = 0  # documents of which the kind's words were said
    said_right: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        self.stages += 1
        self.documents += row["truth"]
        self.right += row["right"]
        self.said += row["said"]
        self.said_right += row["said_right"]

    @property
    def recall(self) -> float:
        return self.right / self.documents

    @property
    def precision(self) -> float:
        return self.said_right / self.said if self.said else 0.0

    @property
    def is_exact(self) -> bool:
        return self.right == self.documents and self.said_right == self.said


@dataclass
class Report:
    """What all seeds came to; `wrong` says in words what must not be."""

    kinds: dict[str, Tally] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def add_story(report: Report, seed: int, story: Story) -> None:
    """Add what the judge said of one seed, before and after our postings."""
    for stage, judged in story.judged.items():
        for kind, row in kinds_of(judged):
            report.kinds.setdefault(kind, Tally()).add(row)
        told = [*judged["failures"], *judged["misses"], *judged["closures"]["misses"], *judged["accused"]]
        report.wrong += [f"seed {seed}, {stage} our postings: {words}" for words in told]
    if story.exit_code and not any(story.judge_codes.values()):
        report.wrong.append(f"seed {seed}: a posting is not proven")


def kinds_of(judged: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Every kind the judge reports on: faults of receipts and days, of closures, and the roundings named."""
    yield from judged["faults"].items()
    for word, row in judged["closures"]["words"].items():
        yield f"closure: {word}", row | {"said_right": row["right"]}
    roundings = judged["roundings"]
    yield "rounding named", roundings | {"said_right": roundings["right"]}


def text_of(report: Report) -> str:
    """The table for a person."""
    lines = [f"{'kind':34}{'stages':>8}{'documents':>11}{'right':>8}{'precision':>11}{'recall':>9}"]
    lines += [
        f"{kind:34}{tally.stages:>8}{tally.documents:>11}{tally.right:>8}{tally.precision:>11.6f}{tally.recall:>9.6f}"
        for kind, tally in sorted(report.kinds.items())
    ]
    lines += report.wrong
    lines.append(
        f"{len(report.kinds)} kinds over {len(report.seconds)} seeds; "
        f"{sum(report.seconds) / max(len(report.seconds), 1):.1f} seconds a seed"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the seeds; 1 where anything is not as planted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="kept afterwards: the last seed's whole world")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    report = Report()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary) / "shop"
        for seed in range(given.first, given.first + given.seeds):
            begun = time.monotonic()
            story = play(folder, seed=seed, is_quick=True)
            report.seconds.append(time.monotonic() - begun)
            before = len(report.wrong)
            add_story(report, seed, story)
            told = f"seed {seed}: {report.seconds[-1]:.1f} s, {len(report.wrong) - before} wrong"
            print(told, file=sys.stderr, flush=True)
    if given.json:
        print(json.dumps(asdict(report), indent=1))
    else:
        print(text_of(report))
    return 1 if report.wrong or not all(tally.is_exact for tally in report.kinds.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
