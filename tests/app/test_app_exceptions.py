"""The workbench: lanes, causes, fixes with their preview, and what may be done about a case."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

from app import words, workbench
from app.money import pounds
from app.published import Published
from app.workbench import Asked
from orchestration import casework
from orchestration.operations import Operations, OperationsError

DGS = Asked("DGS")


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


def store(home: Path) -> Operations:
    return Operations.open(home / "operations.sqlite")


def test_lanes_add_up_to_everything_open(published: Published) -> None:
    lanes = workbench.lanes(published, "DGS")
    assert [(row["owner"], row["exceptions"]) for row in lanes] == [
        ("finance", 2),
        ("integration", 3),
        ("operations", 2),
    ]
    assert sum(row["exceptions"] for row in lanes) == workbench.summed(published, DGS)["exceptions"]


def test_the_causes_worth_most_are_listed_and_the_rest_are_folded_and_summed_up(
    tmp_path: Path, open_page
) -> None:
    story = shop()
    first = next(row for row in story.tables["exceptions"] if row["status"] == "open")
    for place, cause in enumerate(sorted(words.CAUSES)[:10]):
        told_of = {"exception_id": f"EX{place:010d}", "exception_class": cause, "value_at_risk_pence": 100}
        story.tables["exceptions"].append({**first, **told_of})
    page = open_page(publish(tmp_path, story), "exceptions")
    causes = len(
        {
            (row["exception_class"], row["owner"])
            for row in story.tables["exceptions"]
            if row["status"] == "open"
        }
    )
    (folded,) = [each.label.replace("\\", "") for each in page.expander if "more causes" in each.label]
    listed, rest = [table.value for table in page.table if "Cause" in table.value]
    assert (len(listed), len(rest)) == (8, causes - 8)
    assert folded == (
        f"{len(rest)} more causes: {rest['Exceptions'].sum()} exceptions, {pounds(int(rest['At risk'].sum()))} at risk"
    )


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        (Asked("DGS", owner="finance"), ["EXBBBBBBBBBB", "EXCCCCCCCCCC"]),
        (Asked("DGS", store_id="S03"), ["EXDDDDDDDDDD", "EXEEEEEEEEEE"]),
        (Asked("DGS", text="571103"), ["EXDDDDDDDDDD"]),
        (Asked("DGS", text="the FILE is empty"), ["EXFFFFFFFFFF"]),
        (Asked("DGS", among=("EXDDDDDDDDDD", "EXNOSUCH")), ["EXDDDDDDDDDD"]),
        (Asked("DGS", owner="integration", but=("EXDDDDDDDDDD",)), ["EXAAAAAAAAAA", "EXAAAAAAAAAB"]),
        (Asked("DGS", among=()), []),
        (Asked("OTHER"), []),
    ],
)
def test_what_was_asked_for_is_what_comes(published: Published, asked: Asked, ids: list[str]) -> None:
    assert sorted(row["exception_id"] for row in workbench.cases(published, asked)) == ids
    assert workbench.summed(published, asked)["exceptions"] == len(ids)
    assert sum(row["exceptions"] for row in workbench.causes(published, asked)) == len(ids)
    assert sorted(workbench.case_ids(published, asked, 500)[0]) == ids


def test_cases_come_in_the_order_and_the_page_asked_for(published: Published) -> None:
    oldest = workbench.cases(published, DGS, "oldest", limit=2)
    assert {row["days_open"] for row in oldest} == {27}
    whole = [row["exception_id"] for row in workbench.cases(published, DGS, "value", 100)]
    pages = [workbench.cases(published, DGS, "value", 3, offset) for offset in (0, 3, 6)]
    assert [row["exception_id"] for page in pages for row in page] == whole


def test_every_open_exception_is_in_one_age(published: Published) -> None:
    ages = {row["age"]: row["exceptions"] for row in workbench.ages(published, "DGS")}
    assert ages == {"today": 0, "1 to 7 days": 5, "8 to 30 days": 2, "31 to 90 days": 0, "over 90 days": 0}


def test_a_fix_lists_what_it_touches_and_what_else_stops_it(published: Published) -> None:
    fix = {"company_id": "DGS", "rule_id": "NOM-03", "to_mend": "4015 S01"}
    found = workbench.fix_documents(published, fix)
    assert [(row["receipt_no"], row["also"], row["value_at_risk_pence"]) for row in found] == [
        ("571501", None, 12000)
    ]


def test_the_page_lists_causes_worst_first_with_the_runbook_beside(home: Path, open_page) -> None:
    page = open_page(home, "exceptions")
    assert page.title[0].value == "Exceptions"
    assert page.button_group(key="lane").options[1] == "Finance: 2, £140"
    causes = page.selectbox(key="cause").options
    assert causes[0] == "Said to be sent, not in Sage (2, £240.00)"
    assert "**How to mend it**" in told(page)
    assert (
        "Reopen nominal account 4015 S01 in Sage, or map to another" in page.selectbox(key="fix").options[0]
    )


def test_a_lane_shows_its_own_and_the_address_can_name_it(home: Path, open_page) -> None:
    page = open_page(home, "exceptions", lane="operations")
    assert [option.partition(" (")[0] for option in page.selectbox(key="cause").options] == [
        "Rows that could not be read",
        "File that could not be read",
    ]


def test_a_search_without_a_hit_says_what_to_do(home: Path, open_page) -> None:
    page = open_page(home, "exceptions")
    page.text_input(key="search").set_value("no such thing").run()
    assert "No exception answers to that. Clear the search" in told(page)


def test_without_a_store_the_page_shows_and_says_why_nothing_can_be_decided(home: Path, open_page) -> None:
    assert "Nothing can be decided here" in told(open_page(home, "exceptions"))


def choose(page: AppTest, *ids: str) -> AppTest:
    for each in ids:
        page.checkbox(key=f"choose {each} False").check()
    return page.run()


def sign(page: AppTest, name: str, reason: str) -> AppTest:
    page.text_input(key="cases name").set_value(name)
    page.text_input(key="cases reason").set_value(reason)
    return page.button(key="cases button").click().run()


def test_chosen_cases_are_assigned_together_signed_and_audited(deciding_home: Path, open_page) -> None:
    page = choose(open_page(deciding_home, "exceptions"), "EXAAAAAAAAAA", "EXAAAAAAAAAB")
    assert "**2 exceptions** chosen, **£240.00** at risk." in told(page)
    page.text_input(key="assignee").set_value("Ann")
    page = sign(page, "Fay", "her store")
    assert "2 exceptions assigned to Ann" in told(page)
    assert told(page).count("With Ann") == 2
    with store(deciding_home) as operations:
        assert {row["author"] for row in operations.audit_log("DGS")} == {"Fay"}
        assert len(operations.audit_log("DGS")) == 2


def test_a_snoozed_case_leaves_the_list_but_not_the_total(deciding_home: Path, open_page) -> None:
    page = open_page(deciding_home, "exceptions", lane="finance", cause="drift_amount")
    page = choose(page, "EXCCCCCCCCCC")
    page.button_group(key="act").set_value("snooze").run()
    page = sign(page, "Fay", "the credit note comes on Friday")
    assert "1 exception snoozed until 7 Dec 2011" in told(page)
    assert [option.partition(" (")[0] for option in page.selectbox(key="cause").options] == [
        "Nominal account hidden in Sage"
    ]
    assert page.button_group(key="lane").options[1] == "Finance: 2, £140", "it still counts"
    assert "1 exception snoozed: not listed here, still open" in told(page)
    page.selectbox(key="state").set_value("snoozed").run()
    assert "Snoozed until 7 Dec 2011" in told(page)
    assert "the credit note comes on Friday" in told(page)


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [("", "why", "say who does it and why"), ("Fay", "", "say who"), ("TillProof", "why", "your own name")],
)
def test_what_is_not_signed_by_a_person_is_refused(
    deciding_home: Path, open_page, name: str, reason: str, words: str
) -> None:
    page = sign(choose(open_page(deciding_home, "exceptions"), "EXAAAAAAAAAA"), name, reason)
    assert words in page.error[0].value
    with store(deciding_home) as operations:
        assert operations.audit_log("DGS") == []


def test_where_the_app_is_served_to_others_nothing_is_written(
    deciding_home: Path, open_page, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app import deciding

    page = choose(open_page(deciding_home, "exceptions"), "EXAAAAAAAAAA")
    monkeypatch.setattr(deciding.st, "get_option", lambda name: "0.0.0.0")  # noqa: S104
    page = sign(page, "Fay", "why")
    assert "decisions are taken only where it is served at 127" in page.error[0].value
    with store(deciding_home) as operations:
        assert operations.audit_log("DGS") == []


def test_the_server_decides_what_may_be_written_not_the_page(
    deciding_home: Path, published: Published
) -> None:
    day = published.as_of.date()
    signed = {"by": "Fay", "reason": "why"}
    with store(deciding_home) as operations:
        for wakes_on in (day, day + casework.LONGEST_SNOOZE + timedelta(days=1), date(2011, 1, 1)):
            with pytest.raises(OperationsError, match="is no day to wait for"):
                casework.snooze(published, operations, "DGS", ["EXAAAAAAAAAA"], wakes_on=wakes_on, **signed)
        for ids, words in (
            ([], "at least one"),
            (["EXAAAAAAAAAA", "EXNOSUCH"], "EXNOSUCH is not open in publication"),
            ([f"EX{place:010d}" for place in range(501)], "too many at once"),
        ):
            with pytest.raises(OperationsError, match=words):
                casework.assign(published, operations, "DGS", ids, assignee="Ann", **signed)
        with pytest.raises(OperationsError, match="is not open"):
            casework.note(published, operations, "OTHER", ["EXAAAAAAAAAA"], by="Fay", text="rang")
        assert operations.audit_log("DGS") == []
        assert "woken" in casework.wake(published, operations, "DGS", ["EXAAAAAAAAAA"], **signed)


def test_every_runbook_is_shown_and_its_links_lead_to_pages_of_the_app(home: Path, open_page) -> None:
    page = open_page(home, "runbook", name="sku_unmapped")
    text = told(page)
    assert "### SKU is not mapped" in text
    assert "[posting_rejected](/runbook?name=posting_rejected)" in text
    assert ".md)" not in text
    assert len(page.selectbox(key="page").options) > 40
