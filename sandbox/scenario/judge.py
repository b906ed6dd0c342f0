"""The judge: holds what was published against the truth, document by document. A process of its own.

    python -m sandbox.scenario.judge --manifest FILE --published FOLDER --stage before|after [--json]

It reads two things only: the truth, and of the current publication the tables `document_verdicts`, `till_closures`,
`tax_roundings` and, for what is open about closures and about receipts in themselves, `exceptions`.
Exit code 1 if a planted fault went unfound, an innocent document or till was accused or lost, or more documents were
left `ambiguous` or `not_checked` than the truth has; 2 if there is nothing to judge.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.scenario import manifest as manifests
from sandbox.scenario.judge_closures import GREY as CLOSURE_GREY
from sandbox.scenario.judge_closures import Words, judge_closures
from sandbox.scenario.judge_report import summary, text_of
from sandbox.scenario.judge_roundings import Lens, Name, judge_roundings
from sandbox.scenario.judgement import (
    ABSENT,
    GREY,
    NOTHING_SAID,
    SUMMARY_KIND,
    Finding,
    Judgement,
    Said,
    words_of,
)
from sandbox.scenario.manifest import Truth

MODEL = "document_verdicts"
COLUMNS = (
    "document_id",
    "store_id",
    "till_id",
    "business_date",
    "receipt_no",
    "document_kind",
    "ordinal",
    "verdict",
    "drift_kinds",
    "ledger_urn",
    "candidates",
    "partner_id",
)
SUMMARY = ":summary:"
PAIRED = ("matched", "matched_within_policy", "drifted", "deferred", "in_suspense")


class NothingToJudge(Exception):  # noqa: N818 - said to a person, then exit code 2
    """No publication, no such table, or no truth for the stage."""


def judge(truths: Sequence[Truth], said: Sequence[Said], *, stage: str, publication: int = 0) -> Judgement:
    """Hold every truth against what was said of it, and everything said against the truths.

    An `ambiguous` is right only where no reference decides and the true partner is among its candidates; a
    match with another document than the true one is wrong, unless the two are equal in every field, and so is
    another journal or day's document than the one that carries it.
    """
    twins: dict[int | None, int | None] = {t.urn: t.twin_urn for t in truths if t.twin_urn is not None}
    twins |= {twin: urn for urn, twin in twins.items()}
    named = {_name(row): row for row in said if row.is_expected}
    by_urn: dict[int | None, Said] = {row.ledger_urn: row for row in said if not row.is_expected}
    summaries = {row.document_id.partition(SUMMARY)[2]: row for row in said if SUMMARY in row.document_id}
    contras = _contras_by_store(truths, said)
    posted: dict[str, list[Said]] = defaultdict(list)
    for summary_row in filter(lambda one: one.is_posted_summary, said):
        measure = summary_row.document_kind.removesuffix(SUMMARY_KIND)
        posted[f"{summary_row.till_day}:{measure}"].append(summary_row)
    findings, spoken_for = [], set()
    for truth in truths:
        if truth.scope == "expected":
            row = named.get((truth.store_id, truth.receipt_no, truth.document_kind, truth.ordinal))
        elif truth.scope == "summary":
            row = summaries.get(truth.receipt_no)
        elif truth.scope == "posted":
            row = posted[truth.receipt_no].pop() if posted[truth.receipt_no] else None
        elif truth.urn is None:
            waiting = contras[truth.store_id, truth.document_kind]
            row = waiting.pop() if waiting else None
        else:
            row = by_urn.get(truth.urn) or by_urn.get(twins.get(truth.urn))
        spoken_for.add(row.document_id if row else "")
        row = row or NOTHING_SAID
        findings.append(Finding(truth, row, _is_right(truth, row, twins)))
    greys: dict[int | None, str] = {
        finding.truth.urn: finding.said.verdict
        for finding in findings
        if finding.said.verdict in GREY and finding.truth.urn is not None
    }
    accused = [
        row
        for row in said
        # the ledger's side of a document that is grey on ours is the same uncertainty, not another
        if row.document_id not in spoken_for and greys.get(row.ledger_urn) != row.verdict
    ]
    judgement = Judgement(
        stage,
        publication,
        findings,
        accused + _repeated(said),
        sum(row.verdict in GREY and row.is_expected for row in said),
        sum(_may_be_grey(finding) for finding in findings),
    )
    judgement.failures = _failures(judgement)
    return judgement


def _may_be_grey(finding: Finding) -> bool:
    """The truth itself is grey, or what was said is a rightful doubt."""
    is_rightly_ambiguous = finding.is_right and finding.said.verdict == "ambiguous"
    return finding.truth.scope == "expected" and (finding.truth.verdict in GREY or is_rightly_ambiguous)


def _name(row: Said) -> tuple[str, str, str, int]:
    return row.store_id, row.receipt_no, row.document_kind, row.ordinal


def _repeated(said: Iterable[Said]) -> list[Said]:
    """Rows that name a document another row has named already."""
    seen: set[object] = set()
    repeated = []
    for row in said:
        name = _name(row) if row.is_expected else row.ledger_urn or row.document_id
        if name in seen:
            repeated.append(row)
        seen.add(name)
    return repeated


def _contras_by_store(truths: Iterable[Truth], said: Iterable[Said]) -> Mapping[tuple[str, str], list[Said]]:
    """Reversed ledger documents the manifest cannot know by URN: our own contras, by store and kind."""
    known = {truth.urn for truth in truths} | {truth.twin_urn for truth in truths}
    contras: dict[tuple[str, str], list[Said]] = defaultdict(list)
    for row in said:
        if not row.is_expected and row.verdict == "reversed" and row.ledger_urn not in known:
            contras[row.store_id, row.document_kind].append(row)
    return contras


def _is_right(truth: Truth, row: Said, twins: Mapping[int | None, int | None]) -> bool:
    if row.verdict == "ambiguous" and truth.verdict != "ambiguous":
        return not truth.is_strict and truth.urn in row.candidates
    if words_of(row) != words_of(truth):
        return False
    if truth.partner_urn is not None:
        return truth.partner_urn in (row.candidates if row.verdict in GREY else row.partner_urns)
    if truth.scope == "expected" and truth.urn is not None and row.verdict in PAIRED:
        return row.ledger_urn in (truth.urn, twins.get(truth.urn, truth.urn))
    return True


def _failures(judgement: Judgement) -> list[str]:
    wrong = [finding for finding in judgement.findings if not finding.is_right]
    unfound = sum(finding.truth.part == "planted" for finding in wrong)
    innocent = [finding for finding in wrong if finding.truth.part != "planted"]
    lost = sum(finding.said.verdict == ABSENT for finding in innocent)
    accused = sum(finding.said.verdict not in (ABSENT, *GREY) for finding in innocent) + len(
        judgement.accused
    )
    failures = []
    if unfound:
        failures.append(f"{unfound} planted documents were not found for what they are")
    if accused:
        failures.append(f"{accused} innocent documents were accused")
    if lost:
        failures.append(f"{lost} documents of the tills have no verdict")
    if judgement.grey_said > judgement.grey_true:
        failures.append(
            f"{judgement.grey_said} documents are ambiguous, pending or not checked; "
            f"the truth has {judgement.grey_true}"
        )
    return failures


def read_publication(published: Path) -> tuple[int, list[Said]]:
    """The number of the current publication and its verdicts. Raises NothingToJudge."""
    number, rows = _rows_of(published, MODEL, COLUMNS)
    return number, [_said(row) for row in rows]


def read_closures(published: Path) -> Words:
    """What the current publication says of every till-day. Raises NothingToJudge."""
    of_day = ("store_id", "till_id", "business_date")
    _, days = _rows_of(published, "till_closures", (*of_day, "closure_verdict"))
    _, exceptions = _rows_of(published, "exceptions", (*of_day, "document_kind", "status", "exception_class"))
    said = {tuple(row[name] for name in of_day): {row["closure_verdict"]} & CLOSURE_GREY for row in days}
    for row in exceptions:
        if (row["document_kind"], row["status"]) == ("closure", "open"):
            said.setdefault(tuple(row[name] for name in of_day), set()).add(row["exception_class"])
    return {(str(store), str(till), day): frozenset(words) for (store, till, day), words in said.items()}


def read_roundings(published: Path) -> dict[Name, Lens]:
    """What the rounding lens of the current publication says, by document. Raises NothingToJudge."""
    columns = ("store_id", "receipt_no", "document_kind", "policy", "allowed_by_hmrc", "policies")
    _, rows = _rows_of(published, "tax_roundings", columns)
    return {
        (row["store_id"], row["receipt_no"], row["document_kind"]): Lens(
            row["policy"], row["allowed_by_hmrc"], frozenset((row["policies"] or "").split(","))
        )
        for row in rows
    }


def receipts_accused(published: Path) -> list[str]:
    """Open exceptions about receipts in themselves: the tills of the demo add up and keep to their rounding."""
    _, rows = _rows_of(published, "exceptions", ("document_kind", "status", "exception_class", "receipt_no"))
    return sorted(
        f"{row['exception_class']} {row['receipt_no']}"
        for row in rows
        if row["status"] == "open" and row["document_kind"] in ("till_receipt", "store_day")
    )


def _rows_of(published: Path, model: str, columns: Sequence[str]) -> tuple[int, list[dict[str, Any]]]:
    try:
        number = int((published / "current").read_text(encoding="utf-8").strip())
        listing = json.loads((published / f"{number}.json").read_text(encoding="utf-8"))
        files = [published / file["path"] for file in listing["tables"][model]]
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise NothingToJudge(f"no publication with {model} in {published}: {error!r}") from error
    if not files:
        raise NothingToJudge(f"publication {number} has no {model}")
    table = pa.concat_tables([pq.read_table(file, columns=list(columns)) for file in files])
    return number, table.to_pylist()


def _said(row: Mapping[str, Any]) -> Said:
    kinds = ",".join(sorted(filter(None, (row["drift_kinds"] or "").split(","))))
    return Said(
        row["document_id"],
        row["store_id"] or "",
        row["receipt_no"] or "",
        row["document_kind"] or "",
        int(row["ordinal"] or 0),
        row["verdict"],
        kinds,
        None if row["ledger_urn"] is None else int(row["ledger_urn"]),
        _urns(row["candidates"]),
        _urns(row["partner_id"]),
        f"{row['store_id']}:{row['business_date']}:{row['till_id'] or ''}",
    )


def _urns(candidates: object) -> frozenset[int]:
    """The URNs in a comma-separated list of ledger documents (`DGS:sales:123`); posting keys have none."""
    last_parts = (part.rpartition(":")[2].strip() for part in str(candidates or "").split(","))
    return frozenset(int(part) for part in last_parts if part.isdecimal())


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; the exit code is the verdict on the pipeline."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.scenario.judge", description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--stage", choices=("before", "after"), required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        truths = manifests.read(options.manifest, options.stage)
        if not truths:
            raise NothingToJudge(f"{options.manifest} has no truth for the stage {options.stage}")
        publication, said = read_publication(options.published)
        closures = judge_closures(manifests.read_closures(options.manifest), read_closures(options.published))
        roundings = judge_roundings(truths, read_roundings(options.published))
        accused = receipts_accused(options.published)
    except (NothingToJudge, FileNotFoundError) as error:
        print(f"nothing to judge: {error}", file=sys.stderr)
        return 2
    judgement = judge(truths, said, stage=options.stage, publication=publication)
    judgement.failures += closures["failures"] + roundings["failures"]
    if accused:
        judgement.failures.append(
            f"{len(accused)} receipts were accused in themselves: {', '.join(accused[:5])}"
        )
    report = summary(judgement) | {"closures": closures, "roundings": roundings}
    print(json.dumps(report, indent=1, default=sorted) if options.json else text_of(report))
    return 0 if judgement.has_passed else 1


if __name__ == "__main__":
    sys.exit(main())
