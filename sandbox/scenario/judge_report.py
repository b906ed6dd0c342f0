"""The judgement as figures for a program and as lines for a person; ratios are of documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from sandbox.scenario.judgement import ABSENT, Finding, Judgement, words_of


def summary(judgement: Judgement) -> dict[str, Any]:
    """Everything a person or a program asks of the judgement; ratios are of documents."""
    truth_count = Counter(finding.truth.verdict for finding in judgement.findings)
    right_count = Counter(finding.truth.verdict for finding in judgement.findings if finding.is_right)
    said_count = Counter(
        finding.said.verdict for finding in judgement.findings if finding.said.verdict != ABSENT
    )
    said_count.update(row.verdict for row in judgement.accused)
    hit_count = Counter(finding.said.verdict for finding in judgement.findings if finding.is_right)
    verdicts = {
        verdict: {
            "truth": truth_count[verdict],
            "said": said_count[verdict],
            "right": right_count[verdict],
            "precision": _ratio(hit_count[verdict], said_count[verdict]),
            "recall": _ratio(right_count[verdict], truth_count[verdict]),
        }
        for verdict in sorted(truth_count | said_count)
    }
    wrong = [finding for finding in judgement.findings if not finding.is_right]
    return {
        "stage": judgement.stage,
        "publication": judgement.publication,
        "documents": len(judgement.findings),
        "right": len(judgement.findings) - len(wrong),
        "verdicts": verdicts,
        "faults": _by_fault(judgement),
        "grey": {"said": judgement.grey_said, "true": judgement.grey_true},
        "misses": [_miss(finding) for finding in wrong],
        "accused": [row._asdict() | {"candidates": sorted(row.candidates)} for row in judgement.accused],
        "failures": judgement.failures,
        "has_passed": judgement.has_passed,
    }


def _by_fault(judgement: Judgement) -> dict[str, dict[str, Any]]:
    """Recall of each fault's documents; precision of what was said in its words (verdict and drift kinds)."""
    words: dict[str, set[str]] = defaultdict(set)
    for finding in judgement.findings:
        words[finding.truth.fault].add(words_of(finding.truth))
    said = Counter(words_of(finding.said) for finding in judgement.findings)
    said.update(words_of(row) for row in judgement.accused)
    hits = Counter(words_of(finding.said) for finding in judgement.findings if finding.is_right)
    faults = {}
    for fault, spoken in sorted(words.items()):
        rows = [finding for finding in judgement.findings if finding.truth.fault == fault]
        right = sum(finding.is_right for finding in rows)
        faults[fault] = {
            "truth": len(rows),
            "right": right,
            "said": sum(said[word] for word in spoken),
            "said_right": sum(hits[word] for word in spoken),
            "recall": _ratio(right, len(rows)),
            "precision": _ratio(sum(hits[word] for word in spoken), sum(said[word] for word in spoken)),
        }
    return faults


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _miss(finding: Finding) -> dict[str, Any]:
    truth, said = finding.truth, finding.said
    return {
        "store_id": truth.store_id,
        "receipt_no": truth.receipt_no,
        "document_kind": truth.document_kind,
        "ordinal": truth.ordinal,
        "urn": truth.urn,
        "fault": truth.fault,
        "part": truth.part,
        "note": truth.note,
        "truth": words_of(truth),
        "said": words_of(said),
        "said_urn": said.ledger_urn,
    }


def text_of(report: Mapping[str, Any]) -> str:
    """The report for a person: a line per verdict and fault, then every miss."""
    lines = [
        f"Judged publication {report['publication']}, {report['stage']} our postings: "
        f"{report['right']} of {report['documents']} documents right",
        f"{'verdict':26}{'truth':>8}{'said':>8}{'right':>8}{'precision':>11}{'recall':>9}",
    ]
    for verdict, row in report["verdicts"].items():
        lines.append(
            f"{verdict:26}{row['truth']:>8}{row['said']:>8}{row['right']:>8}"
            f"{_percent(row['precision']):>11}{_percent(row['recall']):>9}"
        )
    lines.append(f"{'fault':34}{'truth':>8}{'right':>8}{'precision':>11}{'recall':>9}")
    for fault, row in report["faults"].items():
        lines.append(
            f"{fault:34}{row['truth']:>8}{row['right']:>8}"
            f"{_percent(row['precision']):>11}{_percent(row['recall']):>9}"
        )
    closures = report.get("closures", {"words": {}, "misses": []})
    for word, row in closures["words"].items():
        lines.append(
            f"{word:34}{row['truth']:>8}{row['right']:>8}"
            f"{_percent(row['precision']):>11}{_percent(row['recall']):>9}"
        )
    for miss in closures["misses"]:
        lines.append(
            f"closure of {miss['store_id']} till {miss['till_id']} on {miss['business_date']}:"
            f" truth {miss['truth'] or 'agrees'}, said {miss['said'] or 'agrees'}"
        )
    if roundings := report.get("roundings"):
        lines.append(
            f"{'roundings named':34}{roundings['truth']:>8}{roundings['right']:>8}"
            f"{_percent(roundings['precision']):>11}{_percent(roundings['recall']):>9}"
        )
    for miss in report["misses"]:
        lines.append(
            f"missed: {miss['store_id']} {miss['receipt_no']} {miss['document_kind']} {miss['ordinal']}"
            f" urn {miss['urn']} ({miss['fault']}): truth {miss['truth']},"
            f" said {miss['said']} urn {miss['said_urn']}"
        )
    for row in report["accused"]:
        lines.append(
            f"accused: {row['store_id']} {row['receipt_no']} {row['document_kind']} {row['ordinal']}"
            f" urn {row['ledger_urn']}: said {row['verdict']} {row['drift_kinds']}"
        )
    lines.extend(report["failures"] or ["Nothing planted went unfound and nobody innocent was accused."])
    return "\n".join(lines)


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2%}"
