"""What `tillproof post` shows a person: what would go, what waits for them, and why the rest is held."""

from __future__ import annotations

import io

from publication import Publication
from rich.console import Console

from orchestration.posting import plan
from orchestration.posting.vat import Returns
from orchestration.posting_report import _told, render


def shown(shop, publication) -> str:
    returns = Returns(shop.operations)
    decisions = plan(*publication.tables(), shop.operations, publication_number=1)
    report = {
        "publication": 1,
        "approved": 0,
        "goes": [_told(one, returns) for one in decisions if one.goes],
        "held": [_told(one, returns) for one in decisions if not one.goes],
        "to_allocate": 0,
        "sent": None,
    }
    words = io.StringIO()
    render(report, Console(file=words, width=200))
    return words.getvalue()


def test_what_waits_for_a_person_is_listed_before_they_approve_it(shop):
    publication = Publication()
    publication.add("1001")
    what = {"role": "X", "remedy": "reverse_duplicate", "target_urn": 5}
    publication.add("1002", "credit_note", event_id="ledger:5", **what)
    before, after = shown(shop, publication).split("What waits for a person, whom --approve names")
    assert "1001" in before and "1002" not in before
    assert "1002" in after and "held     1  needs_approval: a person has to approve it" in after


def test_each_of_a_few_reasons_is_told_with_its_count_and_of_many_an_example(shop):
    publication = Publication()
    for number in range(9):
        rules = "PER-01" if number < 6 else f"NOM-0{number}"
        publication.add(f"10{number}", gate_status="blocked", blocked_by=rules)
    told = shown(shop, publication)
    assert "held     6  gate_blocked: PER-01" in told and "held     1  gate_blocked: NOM-08" in told
    for number in range(9):
        publication.rows[list(publication.rows)[number]]["blocked_by"] = f"NOM-0{number}"
    told = shown(shop, publication)
    assert "held     9  gate_blocked: the posting gate does not let it through; for example NOM-0" in told
