"""The reckoning over many seeds: what one seed got wrong is in the table and in the exit code."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from orchestration.demo import Story

SCRIPT = Path(__file__).parents[1] / "end_to_end" / "play_seeds.py"


def play_seeds() -> Any:
    spec = importlib.util.spec_from_file_location("play_seeds", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["play_seeds"] = module
    spec.loader.exec_module(module)
    return module


def judged(right: int, said: int, misses: tuple[str, ...] = ()) -> dict[str, Any]:
    nothing = {"truth": 1, "said": 1, "right": 1}
    return {
        "faults": {"wrong_bank": {"truth": 10, "right": right, "said": said, "said_right": right}},
        "closures": {"words": {"closure_missing": nothing}, "misses": []},
        "roundings": nothing,
        "failures": [],
        "misses": list(misses),
        "accused": [],
    }


def test_what_one_seed_got_wrong_lowers_recall_and_precision_and_is_told() -> None:
    script = play_seeds()
    report = script.Report()
    for seed, told in ((1, judged(10, 10)), (2, judged(9, 12, ("S01 536365",)))):
        story = Story(judged={"before": told}, judge_codes={"before": 0 if seed == 1 else 1})
        script.add_story(report, seed, story)
    tally = report.kinds["wrong_bank"]
    assert (tally.stages, tally.documents, tally.right, tally.is_exact) == (2, 20, 19, False)
    assert (tally.recall, round(tally.precision, 6)) == (0.95, round(19 / 22, 6))
    assert report.kinds["closure: closure_missing"].is_exact
    assert report.wrong == ["seed 1: a posting is not proven", "seed 2, before our postings: S01 536365"]
    assert "wrong_bank" in script.text_of(report)
    assert "0.950000" in script.text_of(report)
