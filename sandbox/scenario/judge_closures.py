"""The judge's other half: what was said of each till's closures against the truth, to the till-day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

TillDay = tuple[str, str, date]
Words = Mapping[TillDay, frozenset[str]]
"""Of each till-day the exceptions that are open, and `not_checked` or `pending`; nothing where all agrees."""
GREY = frozenset({"not_checked", "pending"})
ABSENT = frozenset({"absent"})


def judge_closures(truths: Words, said: Words) -> dict[str, Any]:
    """The report, with `failures` where a planted fault went unfound, a till was accused or a day left out."""
    truth_count = Counter(word for words in truths.values() for word in words)
    said_count = Counter(word for words in said.values() for word in words)
    hits = Counter(word for day, words in truths.items() for word in words & said.get(day, ABSENT))
    misses = [
        {
            "store_id": day[0],
            "till_id": day[1],
            "business_date": day[2].isoformat(),
            "truth": ",".join(sorted(truths.get(day, ABSENT))),
            "said": ",".join(sorted(said.get(day, ABSENT))),
        }
        for day in sorted({*truths, *said})
        if truths.get(day, ABSENT) != said.get(day, ABSENT)
    ]
    unfound = sum((truth_count - hits)[word] for word in truth_count if word not in GREY)
    accused = sum((said_count - hits)[word] for word in said_count if word not in GREY)
    grey = sum((said_count - hits)[word] for word in GREY)
    failures = []
    if unfound:
        failures.append(f"{unfound} planted faults of till closures were not found")
    if accused:
        failures.append(f"{accused} tills were accused over closures that are right")
    if grey:
        failures.append(f"{grey} till-days are not checked or pending; the truth knows why of none of them")
    if misses and not failures:
        failures.append(f"{len(misses)} till-days are not told as they are")
    return {
        "till_days": len(truths),
        "right": len(truths) - sum(said.get(day, ABSENT) != words for day, words in truths.items()),
        "words": {
            word: {
                "truth": truth_count[word],
                "said": said_count[word],
                "right": hits[word],
                "precision": _ratio(hits[word], said_count[word]),
                "recall": _ratio(hits[word], truth_count[word]),
            }
            for word in sorted(truth_count | said_count)
        },
        "misses": misses,
        "failures": failures,
    }


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
