"""Ambiguous documents decided on a page: what `tillproof decide` does, by the same room."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from synthetic_published import Shop, publish

from orchestration.operations import Operations

DAY = date(2011, 11, 3)


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


@pytest.fixture
def ambiguous_home(tmp_path: Path) -> Path:
    """Two equal receipts of a till, and one document in Sage without a reference that either may be."""
    publish(tmp_path / "home", unpaired({570001: "ambiguous", 570002: "ambiguous"}))
    (tmp_path / "home" / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    return tmp_path / "home"


def unpaired(verdicts: dict[int, str]) -> Shop:
    story = Shop()
    name = {"event_id": None, "store_id": "S01", "business_date": DAY}
    held = story.ledger(name, "invoice", "BY HAND", None, user_name="CLERK")
    for number, verdict in verdicts.items():
        unsure = {"verdict": verdict, "candidates": held["ledger_document_id"], "held": {"mark": None}}
        story.receipt(number, "S01", DAY, sales=unsure)
    for row in story.tables["document_verdicts"]:
        if row["verdict"] != "matched":
            row.update(ledger_document_id=None, ledger_urn=None, ledger_gross_pence=None)
    return story


def sign(page: AppTest, form: str) -> AppTest:
    page.text_input(key=f"{form} name").set_value("Fay")
    page.text_input(key=f"{form} reason").set_value("asked the shop")
    return page.button(key=f"{form} button").click().run()


def in_force(home: Path) -> list[tuple[str, str | None, str]]:
    with Operations.open(home / "operations.sqlite") as operations:
        return [
            (each.posting_key, each.ledger_document_id, each.author)
            for each in operations.match_decisions("DGS")
        ]


def test_what_is_ambiguous_is_shown_beside_its_candidates(ambiguous_home: Path, open_page) -> None:
    page = open_page(ambiguous_home, "decide")
    assert "**2 documents** cannot be paired by figures alone" in told(page)
    assert page.selectbox(key="group").options == [
        "S01, 3 Nov 2011, £120.00: 2 documents at the tills, 1 in Sage"
    ]
    assert page.table[0].value["Receipt"].tolist() == ["**570001**", "**570002**"]
    assert page.table[0].value["Document"].tolist() == ["Invoice", "Invoice"]
    assert page.table[1].value["Reference"].tolist() == ["BY HAND"]
    assert "copies at the till" not in told(page)


def test_a_copy_at_the_till_is_told_apart_and_asked_last(tmp_path: Path, open_page) -> None:
    home = tmp_path / "home"
    publish(home, unpaired({570001: "duplicate_in_pos", 570002: "ambiguous"}))
    (home / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    page = open_page(home, "decide")
    assert "**1 document** cannot be paired by figures alone" in told(page)
    assert "**1 document** of copies at the till: the same sale under another number" in told(page)
    assert page.selectbox(key="group").options == [
        "S01, 3 Nov 2011, £120.00: 1 document at the tills, 1 in Sage",
        "S01, 3 Nov 2011, £120.00: 1 document at the tills, copied, 1 in Sage",
    ]
    assert page.table[0].value["Receipt"].tolist() == ["**570002**"]


def test_a_person_says_which_one_it_is_and_takes_it_back(ambiguous_home: Path, open_page) -> None:
    page = open_page(ambiguous_home, "decide")
    key = page.selectbox(key="decided receipt").value
    candidate = page.radio(key="decided candidate").options[0]
    assert candidate.startswith("URN ")
    page.radio(key="decided candidate").set_value("sage200:1001")
    page = sign(page, "decide")
    assert f"Decided\\: {key} is sage200\\:1001" in told(page)
    assert in_force(ambiguous_home) == [(key, "sage200:1001", "Fay")]
    assert "**1 document** cannot be paired by figures alone" in told(page), (
        "what waits for a pass is not asked again"
    )
    assert page.table[-1].value["State"].tolist() == [":blue-badge[≈ Waits for the next pass]"]
    page = sign(page, "revoke")
    assert "Taken back" in told(page)
    assert in_force(ambiguous_home) == []


def test_none_of_them_is_a_decision_and_nothing_chosen_is_none(ambiguous_home: Path, open_page) -> None:
    page = sign(open_page(ambiguous_home, "decide"), "decide")
    assert "say which document it is" in page.error[0].value
    assert in_force(ambiguous_home) == []
    page.radio(key="decided candidate").set_value("none")
    page = sign(page, "decide")
    assert [(document, author) for _, document, author in in_force(ambiguous_home)] == [(None, "Fay")]


def test_one_document_is_not_given_to_two_receipts(ambiguous_home: Path, open_page) -> None:
    page = open_page(ambiguous_home, "decide")
    for _ in range(2):
        page.radio(key="decided candidate").set_value("sage200:1001")
        page = sign(page, "decide")
    assert "Nothing was written" in page.error[0].value
    assert len(in_force(ambiguous_home)) == 1


def test_where_nothing_is_ambiguous_the_page_says_so(deciding_home: Path, open_page) -> None:
    assert "Nothing is left to decide" in told(open_page(deciding_home, "decide"))
