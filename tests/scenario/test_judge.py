"""A judge that cannot fail is no judge: each wrong verdict must cost, and only the right ones pass."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sandbox.scenario import judge, manifest
from sandbox.scenario.judge_closures import judge_closures
from sandbox.scenario.judge_report import summary, text_of
from sandbox.scenario.judge_roundings import Lens, judge_roundings
from sandbox.scenario.judgement import Judgement, Said
from sandbox.scenario.manifest import Truth


def truth(number: str, verdict: str, urn: int | None = None, **more: object) -> Truth:
    values: dict[str, object] = {
        "stage": "before",
        "scope": "expected",
        "store_id": "S01",
        "receipt_no": number,
        "document_kind": "invoice",
        "ordinal": 1,
        "urn": urn,
        "verdict": verdict,
        "fault": "clean",
        "part": "clean",
        "document_date": date(2011, 5, 4),
        "gross_pence": 1200,
    }
    return Truth(**(values | more))  # type: ignore[arg-type]


PLANTED = {"part": "planted"}
TRUTHS = [
    truth("1", "matched", 101),
    truth("1", "matched", 102, document_kind="receipt"),
    truth("2", "drifted", 103, drift_kinds="amount,tax_amount", fault="tax_truncated", **PLANTED),
    truth("3", "missing_in_ledger", fault="missing_receipt_whole", **PLANTED),
    truth("4", "matched", 104, fault="reference_lost", is_strict=False, **PLANTED),
    truth("5", "not_checked", document_kind="invoice", fault="unknown_store", store_id="S09", **PLANTED),
    truth("6", "nothing_to_post", document_kind="none", ordinal=0, fault="natural", part="natural"),
    truth("7", "matched", 105),
    truth("7", "duplicate_in_ledger", 106, scope="ledger", fault="posted_twice", **PLANTED),
    truth("8", "matched", 107),
    truth("8", "reversed", 108, scope="ledger", twin_urn=107, fault="posted_twice_reversed", **PLANTED),
    truth("900", "missing_in_pos", 110, scope="ledger", fault="never_sold", **PLANTED),
    truth("10", "covered_by_journal", partner_urn=120, fault="journalled_receipt", **PLANTED),
    truth(
        "S01:2011-05-04::sales:", "drifted", scope="summary", partner_urn=130, drift_kinds="amount", **PLANTED
    ),
    truth("12", "matched", partner_urn=130, fault="summarised_day", **PLANTED),
    truth("11", "ambiguous", partner_urn=121, fault="journalled_in_part", is_strict=False, **PLANTED),
    # two tenders of a till's day that was posted by us
    truth("S01:2011-05-05:1:takings", "matched", scope="posted", document_kind="takings_summary", **PLANTED),
    truth("S01:2011-05-05:1:takings", "matched", scope="posted", document_kind="takings_summary", **PLANTED),
]


def key(number: int) -> str:
    return f"TP{number:018d}"


def said_of(truths: list[Truth]) -> list[Said]:
    """A pipeline that knows everything."""
    return [
        Said(
            {
                "expected": key(position),
                "posted": key(position),
                "summary": f"DGS:summary:{t.receipt_no}",
            }.get(t.scope, f"DGS:sales:{t.urn or 900 + position}"),
            t.store_id,
            t.receipt_no,
            t.document_kind,
            t.ordinal,
            t.verdict,
            t.drift_kinds,
            t.urn or 900 + position if t.scope == "ledger" else t.urn,
            frozenset({t.partner_urn} if t.verdict == "ambiguous" and t.partner_urn else ()),
            frozenset({t.partner_urn} if t.verdict != "ambiguous" and t.partner_urn else ()),
            t.receipt_no.rpartition(":")[0] if t.scope == "posted" else "",
        )
        for position, t in enumerate(truths)
    ]


def judged(said: list[Said], truths: list[Truth] = TRUTHS) -> Judgement:
    return judge.judge(truths, said, stage="before", publication=2)


def changed(position: int, **change: object) -> list[Said]:
    said = said_of(TRUTHS)
    said[position] = said[position]._replace(**change)  # type: ignore[arg-type]
    return said


def test_the_whole_truth_passes() -> None:
    judgement = judged(said_of(TRUTHS))
    assert judgement.has_passed
    assert all(finding.is_right for finding in judgement.findings)
    report = summary(judgement)
    assert {row["precision"] for row in report["verdicts"].values()} == {1.0}
    assert {row["recall"] for row in report["faults"].values()} == {1.0}
    assert report["misses"] == report["accused"] == []


WRONG: dict[str, Callable[[], list[Said]]] = {
    "a drift taken for a match": lambda: changed(2, verdict="matched", drift_kinds=""),
    "a drift of another kind": lambda: changed(2, drift_kinds="amount"),
    "a missing document taken for a match": lambda: changed(3, verdict="matched", ledger_urn=999),
    "a missing document passed over as pending": lambda: changed(3, verdict="pending"),
    "a match with another document than the true one": lambda: changed(0, ledger_urn=102),
    "an innocent document accused": lambda: changed(0, verdict="missing_in_ledger", ledger_urn=None),
    "an innocent match excused by a policy": lambda: changed(0, verdict="matched_within_policy"),
    "a receipt of an unknown store judged all the same": lambda: changed(5, verdict="missing_in_ledger"),
    "a receipt that leaves no trace called missing": lambda: changed(6, verdict="missing_in_ledger"),
    "a copy taken for a stranger": lambda: changed(8, verdict="missing_in_pos"),
    "a stranger taken for a copy": lambda: changed(11, verdict="duplicate_in_ledger"),
    "another journal than the one that carries it": lambda: changed(12, partner_urns=frozenset({121})),
    "a journal that nobody names": lambda: changed(12, partner_urns=frozenset()),
    "a journalled document called missing": lambda: changed(12, verdict="missing_in_ledger"),
    "an ambiguous that does not name the journal": lambda: changed(15, candidates=frozenset({120})),
    "a day of which nothing is said": lambda: [*said_of(TRUTHS)[:13], *said_of(TRUTHS)[14:]],
    "a day that differs called equal": lambda: changed(13, verdict="matched", drift_kinds=""),
    "a receipt taken for one of another day": lambda: changed(14, partner_urns=frozenset({131})),
    "a summary of ours that is not there": lambda: said_of(TRUTHS)[:-1],
    "a summary of ours called drifted": lambda: changed(16, verdict="drifted", drift_kinds="amount"),
    "a summary of ours that nobody asked for": lambda: [
        *said_of(TRUTHS),
        said_of(TRUTHS)[-1]._replace(document_id=key(98)),
    ],
    "a document without a verdict": lambda: said_of(TRUTHS)[1:],
    "a planted fault without a verdict": lambda: [*said_of(TRUTHS)[:15], *said_of(TRUTHS)[16:]],
    "a ledger document accused that nobody knows": lambda: [
        *said_of(TRUTHS),
        Said("DGS:sales:500", "S01", "77", "invoice", 1, "missing_in_pos", "", 500, frozenset()),
    ],
    "an expected document nobody sold": lambda: [
        *said_of(TRUTHS),
        Said(key(99), "S01", "77", "invoice", 1, "missing_in_ledger", "", None, frozenset()),
    ],
    "the same document twice": lambda: [*said_of(TRUTHS), said_of(TRUTHS)[0]],
    "an ambiguous where the reference decides": lambda: changed(
        0, verdict="ambiguous", ledger_urn=None, candidates=frozenset({101, 102})
    ),
    "an ambiguous without the truth among its candidates": lambda: changed(
        4, verdict="ambiguous", ledger_urn=None, candidates=frozenset({101, 102})
    ),
}


@pytest.mark.parametrize("story", WRONG)
def test_the_judge_fails(story: str) -> None:
    judgement = judged(WRONG[story]())
    assert not judgement.has_passed, story
    assert judgement.failures


def test_an_ambiguous_that_names_the_truth_is_right_where_nothing_decides() -> None:
    said = changed(4, verdict="ambiguous", ledger_urn=None, candidates=frozenset({104, 333}))
    # the ledger's own side of that uncertainty is no accusation
    said.append(Said("DGS:sales:104", "S01", "", "invoice", 1, "ambiguous", "", 104, frozenset()))
    assert judged(said).has_passed


def test_what_differs_matters_of_a_drifted_document_only() -> None:
    said = changed(0, drift_kinds="amount,tax_amount")
    assert judged(said).has_passed


def test_more_grey_than_the_truth_has_fails_even_if_nobody_is_accused() -> None:
    truths = TRUTHS + [truth(str(number), "matched", number) for number in range(2000, 2010)]
    said = said_of(truths)
    for position in range(len(TRUTHS), len(truths)):
        said[position] = said[position]._replace(verdict="not_checked")
    failures = judged(said, truths).failures
    assert len(failures) == 1
    assert "ambiguous, pending or not checked" in failures[0]


def test_of_two_equal_documents_either_may_be_the_one_undone() -> None:
    said = said_of(TRUTHS)
    said[9] = said[9]._replace(ledger_urn=108)
    said[10] = said[10]._replace(ledger_urn=107, document_id="DGS:sales:107")
    assert judged(said).has_passed


def test_our_own_contras_are_counted_by_store_and_kind() -> None:
    truths = [
        truth("7", "reversed", 106, scope="ledger", fault="posted_twice", **PLANTED),
        truth(
            "7",
            "reversed",
            None,
            scope="ledger",
            document_kind="credit_note",
            fault="posted_twice",
            **PLANTED,
        ),
    ]
    contra = Said("DGS:sales:700", "S01", "", "credit_note", 1, "reversed", "", 700, frozenset())
    copy = said_of(truths)[0]
    assert judged([copy, contra], truths).has_passed
    assert not judged([copy], truths).has_passed
    assert not judged(
        [copy, contra, contra._replace(document_id="DGS:sales:701", ledger_urn=701)], truths
    ).has_passed
    assert not judged([copy, contra._replace(store_id="S02")], truths).has_passed


def test_recall_and_precision_are_of_documents() -> None:
    said = changed(3, verdict="matched", ledger_urn=999)
    report = summary(judged(said))
    matched, missing = report["verdicts"]["matched"], report["verdicts"]["missing_in_ledger"]
    assert (matched["truth"], matched["said"], matched["right"]) == (8, 9, 8)
    assert matched["precision"] == round(8 / 9, 6)
    assert missing["recall"] == 0
    assert report["faults"]["missing_receipt_whole"]["recall"] == 0
    assert report["misses"] == [
        {
            "store_id": "S01",
            "receipt_no": "3",
            "document_kind": "invoice",
            "ordinal": 1,
            "urn": None,
            "fault": "missing_receipt_whole",
            "part": "planted",
            "note": "",
            "truth": "missing_in_ledger",
            "said": "matched",
            "said_urn": 999,
        }
    ]
    assert "missed: S01 3 invoice" in text_of(report)


DAYS = {
    ("S01", "1", date(2011, 8, 22)): "",
    ("S01", "1", date(2011, 8, 23)): "closure_missing",
    ("S01", "2", date(2011, 8, 23)): "cash_over_short,closure_repeated",
    ("S09", "1", date(2011, 8, 23)): "not_checked",
}


def words_of_days(**change: str | None) -> dict[tuple[str, str, date], frozenset[str]]:
    """The truth about the till-days, but for the one of a store and till: `S01_1_23="closure_unequal"`."""
    told = dict(DAYS)
    for name, words in change.items():
        store, till, day = name.split("_")
        del told[store, till, date(2011, 8, int(day))]
        if words is not None:
            told[store, till, date(2011, 8, int(day))] = words
    return {day: frozenset(filter(None, words.split(","))) for day, words in told.items()}


def test_the_whole_truth_about_the_closures_passes() -> None:
    report = judge_closures(words_of_days(), words_of_days())
    assert (report["till_days"], report["right"]) == (4, 4)
    assert report["failures"] == report["misses"] == []
    assert {row["recall"] for row in report["words"].values()} == {1.0}


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"S01_1_23": ""}, "1 planted faults"),
        ({"S01_1_23": "closure_unequal"}, "1 planted faults"),
        ({"S01_2_23": "cash_over_short"}, "1 planted faults"),
        ({"S01_1_22": "cash_over_short"}, "1 tills were accused"),
        ({"S09_1_23": "closure_missing"}, "1 tills were accused"),
        ({"S01_1_22": "not_checked"}, "1 till-days are not checked"),
        ({"S01_1_23": "pending"}, "1 planted faults"),
        ({"S01_1_22": None}, "1 till-days are not told"),
        ({"S09_1_23": ""}, "1 till-days are not told"),
    ],
)
def test_the_judge_of_closures_fails(change: dict[str, str | None], failure: str) -> None:
    report = judge_closures(words_of_days(), words_of_days(**change))
    assert failure in " ".join(report["failures"])
    assert len(report["misses"]) == 1


LENSES = [
    {
        "receipt_no": "2",
        "policy": "tax_rounded_truncate_by_line",
        "allowed_by_hmrc": "no",
        "policies": "tax_rounded_truncate_by_line,tax_rounded_truncate_by_receipt",
    },
    {"receipt_no": "8", "policy": None, "allowed_by_hmrc": None, "policies": None},
]


def publish(
    folder: Path,
    said: list[Said],
    number: int = 2,
    days: dict[tuple[str, str, date], str] = DAYS,
    in_themselves: Sequence[dict[str, str]] = (),
) -> Path:
    """A publication of the verdicts, in two files, beside an older one that must not be read."""
    rows = [
        row._asdict()
        | {"candidates": ",".join(f"DGS:sales:{urn}" for urn in sorted(row.candidates))}
        | {"partner_urns": None}
        | {"partner_id": ",".join(f"DGS:nominal:{urn}" for urn in sorted(row.partner_urns))}
        | dict(zip(("business_date", "till_id"), (row.till_day or "::").split(":")[1:], strict=True))
        for row in said
    ]
    of_day = [
        {"store_id": store, "till_id": till, "business_date": day, "words": words}
        for (store, till, day), words in days.items()
    ]
    verdicts = [row | {"closure_verdict": row["words"] or "agrees"} for row in of_day]
    closure = {"document_kind": "closure", "status": "open", "receipt_no": ""}
    open_ones = [
        row | closure | {"exception_class": word}
        for row in of_day
        for word in row["words"].split(",")
        if word not in ("", "not_checked")
    ]
    other = {**of_day[0], **closure, "document_kind": "invoice", "exception_class": "never_sent"}
    closed = {**other, "document_kind": "closure", "status": "resolved"}
    open_ones += [row | {"receipt_no": "1"} for row in in_themselves]
    tables = {
        "document_verdicts": (rows[:5], rows[5:]),
        "tax_roundings": ([{"store_id": "S01", "document_kind": "invoice", **lens} for lens in LENSES],),
        "till_closures": (verdicts,),
        "exceptions": ([*open_ones, other, closed],),
    }
    listed: dict[str, list[dict[str, object]]] = {}
    for model, parts in tables.items():
        for part, members in enumerate(parts):
            path = folder / model / f"2011-05-0{part + 1}" / f"{part}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(members), path)
            file = {"path": path.relative_to(folder).as_posix(), "rows": len(members), "digest": "x"}
            listed.setdefault(model, []).append(file)
    (folder / f"{number}.json").write_text(json.dumps({"tables": listed}), encoding="utf-8")
    (folder / f"{number - 1}.json").write_text(json.dumps({"tables": {}}), encoding="utf-8")
    (folder / "current").write_text(f"{number}\n", encoding="utf-8")
    return folder


def write_closure_truth(truth_file: Path) -> None:
    rows = [
        {"store_id": store, "till_id": till, "business_date": day, "words": words}
        for (store, till, day), words in DAYS.items()
    ]
    pq.write_table(pa.Table.from_pylist(rows), manifest.closures_beside(truth_file))


def run(truth_file: Path, published: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox.scenario.judge", "--manifest", str(truth_file)]
    return subprocess.run(
        [*command, "--published", str(published), "--stage", "before", *more],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


def test_the_judge_in_its_own_process_reads_the_current_publication_and_says_so(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.parquet"
    after = [replace(t, stage="after", verdict="missing_in_pos") for t in TRUTHS]
    manifest.append(truth_file, TRUTHS)
    manifest.append(truth_file, after)
    write_closure_truth(truth_file)
    passed = run(truth_file, publish(tmp_path / "right", said_of(TRUTHS)), "--json")
    assert passed.returncode == 0, passed.stderr
    report = json.loads(passed.stdout)
    assert (report["publication"], report["documents"], report["right"]) == (2, 18, 18)
    failed = run(truth_file, publish(tmp_path / "wrong", changed(2, drift_kinds="amount")))
    assert failed.returncode == 1
    assert "1 planted documents were not found" in failed.stdout
    quiet = {day: "" if words == "closure_missing" else words for day, words in DAYS.items()}
    failed = run(truth_file, publish(tmp_path / "quiet", said_of(TRUTHS), days=quiet))
    assert failed.returncode == 1
    assert "1 planted faults of till closures were not found" in failed.stdout
    assert "closure of S01 till 1 on 2011-08-23: truth closure_missing, said agrees" in failed.stdout


def test_a_receipt_accused_in_itself_fails_the_pipeline(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.parquet"
    manifest.append(truth_file, TRUTHS)
    write_closure_truth(truth_file)
    accused = {"document_kind": "till_receipt", "status": "open", "exception_class": "till_rounding_broken"}
    failed = run(truth_file, publish(tmp_path / "wrong", said_of(TRUTHS), in_themselves=[accused]))
    assert failed.returncode == 1
    assert "1 receipts were accused in themselves: till_rounding_broken 1" in failed.stdout
    resolved = publish(tmp_path / "right", said_of(TRUTHS), in_themselves=[accused | {"status": "resolved"}])
    assert run(truth_file, resolved).returncode == 0


ROUNDED = [
    truth("2", "drifted", 103, drift_kinds="amount,tax_amount", fault="tax_truncated", **PLANTED),
    truth("9", "matched_within_policy", 109, fault="store_by_line", store_id="S04", **PLANTED),
    truth("9", "matched", 110, fault="store_by_line", store_id="S04", document_kind="receipt", **PLANTED),
    truth("11", "matched_within_policy", 111, fault="other_basis", **PLANTED),
    truth("12", "drifted", 112, drift_kinds="amount", fault="amount_drift", **PLANTED),
]
NAMED = {
    ("S01", "2", "invoice"): Lens(
        "tax_rounded_truncate_by_line", "no", frozenset({"tax_rounded_truncate_by_line"})
    ),
    ("S04", "9", "invoice"): Lens(
        "tax_rounded_half_even_by_line",
        "yes",
        frozenset({"tax_rounded_half_even_by_line", "tax_rounded_half_up_by_line"}),
    ),
    ("S01", "11", "invoice"): Lens(
        "tax_rounded_half_up_by_receipt", "yes", frozenset({"tax_rounded_half_up_by_receipt"})
    ),
}


def test_every_rounding_named_as_it_was_planted_passes() -> None:
    report = judge_roundings(ROUNDED, NAMED)
    assert (report["truth"], report["right"], report["failures"]) == (3, 3, [])
    assert (report["precision"], report["recall"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("name", "lens", "failure"),
    [
        (("S01", "2", "invoice"), Lens(None, None, frozenset({""})), "1 planted roundings were not named"),
        (
            ("S01", "2", "invoice"),
            Lens("tax_rounded_half_up_by_line", "yes", frozenset({"tax_rounded_half_up_by_line"})),
            "1 planted roundings were not named",
        ),
        # the right name, and HMRC's word on it the wrong way round
        (
            ("S01", "2", "invoice"),
            NAMED["S01", "2", "invoice"]._replace(allowed_by_hmrc="yes"),
            "1 planted roundings were not named",
        ),
        (
            ("S01", "12", "invoice"),
            NAMED["S01", "11", "invoice"],
            "1 documents were told a rounding: S01/12/invoice",
        ),
    ],
)
def test_the_judge_of_roundings_fails(name: tuple[str, str, str], lens: Lens, failure: str) -> None:
    report = judge_roundings(ROUNDED, NAMED | {name: lens})
    assert any(failure in line for line in report["failures"]), report["failures"]


def test_kinds_in_another_order_are_the_same_kinds(tmp_path: Path) -> None:
    published = publish(tmp_path, changed(2, drift_kinds="tax_amount,amount"))
    _, said = judge.read_publication(published)
    assert judged(said).has_passed


def test_no_publication_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth_file = tmp_path / "truth.parquet"
    manifest.append(truth_file, TRUTHS)
    arguments = ["--manifest", str(truth_file), "--published", str(tmp_path), "--stage"]
    assert judge.main([*arguments, "before"]) == 2
    write_closure_truth(truth_file)
    publish(tmp_path, said_of(TRUTHS))
    assert judge.main([*arguments, "after"]) == 2
    assert "no truth for the stage after" in capsys.readouterr().err
