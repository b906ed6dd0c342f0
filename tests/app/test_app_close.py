"""The page Close: a month is ticked, signed, suspended, renewed and packed there, by the room that the command uses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from closing_shop import OCTOBER, again, made, till_sales_move
from streamlit.testing.v1 import AppTest
from synthetic_published import Shop, publish, shop

from orchestration import pack_verify
from orchestration.operations import Operations


@pytest.fixture
def home(tmp_path: Path, published_home: Path) -> Path:
    return made(tmp_path / "home", published_home)


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [
        *page.markdown,
        *page.caption,
        *page.info,
        *page.success,
        *page.warning,
        *page.error,
        *page.header,
    ]
    return "\n".join(str(each.value) for each in parts)


def october(page: AppTest) -> AppTest:
    box = page.selectbox(key="close period")
    return box.select_index(1).run()


def press(page: AppTest, form: str, note: str = "month end") -> AppTest:
    page.text_input(key=f"{form} name").set_value("Fay")
    page.text_input(key=f"{form} reason").set_value(note)
    return page.button(key=f"{form} button").click().run()


def signed(home: Path) -> list[tuple[str, str, str]]:
    with Operations.open(home / "operations.sqlite") as operations:
        return [(row["store_id"], row["author"], row["reason"]) for row in operations.sign_offs("DGS")]


def test_the_checklist_says_what_is_open_whose_it_is_and_by_when(home, open_page):
    page = open_page(home, "close")
    assert "**November 2011 is not signed off.**" in told(page)
    found = next(table.value for table in page.table if "Found" in table.value)
    rows = dict(
        zip(found["Item"], zip(found["State"], found["Owner"], found["Due"], strict=True), strict=True)
    )
    assert rows["**Till closures tie to their receipts**"] == (
        ":green-badge[✓ Done]",
        "Shop operations",
        "2\N{NO-BREAK SPACE}Dec\N{NO-BREAK SPACE}2011",
    )
    assert rows["**Statements agreed**"] == (
        ":orange-badge[○ Open]",
        "Ann",
        "2\N{NO-BREAK SPACE}Dec\N{NO-BREAK SPACE}2011",
    )
    assert "**Every till file was read**" not in rows, "the settings leave it out"
    returns = next(table.value for table in page.table if "Net error" in table.value)
    between = next(table.value for table in page.table if "Takings" in table.value)
    lines = {row["Line"]: row for row in between.to_dict("records")}
    assert lines["Here from an earlier period, October 2011"]["Sales"] == 5000
    left_over = lines["Residual :green-badge[✓ Nothing left over]"]
    assert (left_over["Sales"], left_over["Takings"]) == (0, 0)
    assert "Left on the accounts" not in between, "no store has a cutover"
    assert returns["Filed"].tolist() == ["7 Feb 2012"] and returns["Net error"].tolist() == [1200]


def test_the_bridge_of_the_accounts_starts_from_the_opening_position(home, open_page):
    def with_a_cutover(told_again: Shop) -> None:
        for place, (kind, pence) in enumerate(
            [
                ("opening_agreed", 600),
                ("opening_apart", -50),
                ("charged", 2000),
                ("sage", 2550),
                ("residual", 0),
            ]
        ):
            told_again.add(
                "period_bridge",
                period_start_date=date(2011, 11, 1),
                measure="balance",
                line_order={"sage": 98, "residual": 99}.get(kind, 2 + place),
                line_kind=kind,
                amount_pence=pence,
                document_count=1,
            )

    again(home, with_a_cutover)
    page = open_page(home, "close")
    between = next(table.value for table in page.table if "Takings" in table.value)
    left = {row["Line"]: row["Left on the accounts"] for row in between.to_dict("records")}
    assert left["Opening position, as agreed"] == 600
    assert left["Before the cutover, other than agreed"] == -50
    assert left["**Sage**"] == 2550
    assert left["Residual :green-badge[✓ Nothing left over]"] == 0
    lines = between["Line"].tolist()
    assert lines[0] == "**Tills**"
    assert lines[-5:] == [
        "Opening position, as agreed",
        "Before the cutover, other than agreed",
        "Charged",
        "**Sage**",
        "Residual :green-badge[✓ Nothing left over]",
    ], "what is on the accounts alone stands together, between the differences and Sage"


def test_a_month_is_ticked_and_signed_and_says_so(home, open_page):
    page = press(october(open_page(home, "close")), "sign")
    assert "Nothing was written: 1 item of the checklist" in told(page)
    page = press(page, "tick", "statements seen")
    assert "**October 2011 is ready to sign off.**" in told(page)
    page = press(page, "sign")
    assert "**October 2011 is signed off,** by Fay (approver)" in told(page)
    assert signed(home) == [("*", "Fay", "month end")]
    assert not [box for box in page.button if box.key == "sign button"], "there is nothing left to sign"


def test_open_items_are_signed_on_purpose(home, open_page):
    page = october(open_page(home, "close"))
    page.checkbox(key="sign open").check()
    assert "With 1 open item." in told(press(page, "sign"))


def test_what_moved_is_shown_with_both_figures_and_the_sign_off_renewed(home, open_page):
    page = october(open_page(home, "close"))
    page.checkbox(key="sign open").check()
    press(page, "sign")
    again(home, till_sales_move)
    page = october(open_page(home, "close"))
    assert "**The sign-off of October 2011 is suspended:** 2 figures moved" in told(page)
    moved = next(table.value for table in page.table if "Signed" in table.value)
    assert moved["Figure"].tolist() == ["Sales by the tills", "Sales in Sage"]
    assert moved["Signed"].tolist() == ["£120\\.00"] * 2 and moved["Now"].tolist() == ["£125\\.00"] * 2
    page.checkbox(key="sign open").check()
    page = press(page, "sign", "late receipt seen")
    assert "**October 2011 is signed off,**" in told(page)
    record = next(table.value for table in page.table if "No." in table.value)
    assert record["State"].tolist() == [":green-badge[✓ Stands]", ":gray-badge[· Renewed since]"]
    page = press(page, "withdraw", "too early")
    assert "Taken back" in told(page) and "**October 2011 is not signed off.**" not in told(page)
    assert "is suspended" in told(page), "the sign-off before it is the last word again"


def test_a_store_day_is_signed_by_itself(home, open_page):
    page = october(open_page(home, "close"))
    page.selectbox(key="close store").select("S02").run()
    page.selectbox(key="close day").select("2011-10-12").run()
    assert "Nothing open" in told(page)
    page = press(page, "sign day", "till counted")
    assert signed(home) == [("S02", "Fay", "till counted")]
    page.selectbox(key="close store").select("S02").run()
    page.selectbox(key="close day").select("2011-10-12").run()
    assert ":green-badge[✓ Stands] Signed by Fay" in told(page)


def test_a_pack_is_made_and_can_be_verified(home, open_page):
    page = press(october(open_page(home, "close")), "pack", "for the auditor")
    assert "Made on publication 1" in told(page)
    scope, name, content = page.session_state["evidence pack"]
    assert (scope, name) == (OCTOBER, "evidence-DGS-2011-10-publication-1.xlsx")
    with Operations.open(home / "operations.sqlite") as operations:
        assert pack_verify.verify(content, home / "published", operations)["holds"]


def test_without_settings_the_page_says_why_nothing_can_be_signed(tmp_path, open_page):
    assert "No store-day has been checked yet" in told(open_page(publish(tmp_path), "close"))
    publish(tmp_path, shop())
    assert "Nothing can be decided here" in told(open_page(tmp_path, "close"))
