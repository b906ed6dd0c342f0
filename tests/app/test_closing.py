"""A month is signed off on figures, and the sign-off is suspended by nobody but a figure of its own that moves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from closing_shop import DAY, NOVEMBER, OCTOBER, SLOT, again, made, till_sales_move
from sqlalchemy import text
from synthetic_published import Shop

from app import close_figures
from app.close_checklist import checklist, is_over, working_day
from app.published import Published
from orchestration import closing
from orchestration.close_settings import CloseSettings
from orchestration.operations import Operations, OperationsError, Tick
from orchestration.settings import SettingsError, load

FAY = {"by": "Fay", "note": "month end"}


@pytest.fixture
def home(tmp_path: Path, published_home: Path) -> Path:
    return made(tmp_path / "home", published_home)


@pytest.fixture
def operations(home: Path) -> Iterator[Operations]:
    with Operations.open(home / "operations.sqlite") as store:
        yield store


@pytest.fixture
def settings(home: Path) -> CloseSettings:
    return load(home).close


def newest(home: Path) -> Published:
    return Published(home / "published")


def signed(home: Path, operations: Operations, settings: CloseSettings, scope=OCTOBER) -> str:
    if scope.is_period:
        ann = {"by": "Ann", "note": "seen"}
        closing.tick(newest(home), operations, settings, scope, "bank_agreed", is_done=True, **ann)
    return closing.sign(newest(home), operations, settings, scope, **FAY)


def states(home: Path, operations: Operations, period=OCTOBER) -> list[tuple[str, str]]:
    found = closing.sign_offs(newest(home), operations, "DGS", period)
    return [(closing.named(each.scope), each.state) for each in found]


def item(home: Path, name: str, scope=NOVEMBER, **given):
    found = checklist(newest(home), scope, CloseSettings(**given), {})
    return next(each for each in found if each.name == name)


def test_the_figures_of_a_month_are_what_its_own_row_says(home):
    totals = close_figures.totals(close_figures.figures(newest(home), NOVEMBER))
    month = newest(home).row("select * from company_periods where period = date '2011-11-01'")
    for name in ("till_sales_pence", "sage_sales_pence", "matched_pence", "open_pence", "not_checked_pence"):
        assert totals[name] == month[name], name
    assert totals["blocking_exceptions"] == month["open_exceptions"] > 0
    assert totals["value_at_risk_pence"] == month["value_at_risk_pence"]
    assert totals["till_vat_pence"] - totals["sage_vat_pence"] > 0


def test_a_month_is_signed_once_its_items_are_done(home, operations, settings):
    with pytest.raises(
        OperationsError, match=r"1 item of the checklist of October 2011 not done: Statements agreed"
    ):
        closing.sign(newest(home), operations, settings, OCTOBER, **FAY)
    assert operations.sign_offs("DGS") == []
    assert "Signed off: October 2011, as sign-off 1 on publication 1" in signed(home, operations, settings)
    row = operations.sign_offs("DGS")[0]
    figures = close_figures.figures(newest(home), OCTOBER)
    assert (row["figures_digest"], row["publication_number"]) == (figures.digest, 1)
    assert row["chain_head_hash"] == operations.intents.chain_end().head_hash
    assert operations.signed_figures(figures.digest) == figures
    assert {told["state"] for told in json.loads(row["checklist"])} == {"done"}
    with pytest.raises(OperationsError, match="signed off already, by Fay"):
        closing.sign(newest(home), operations, settings, OCTOBER, **FAY)


def test_open_items_are_signed_only_on_purpose_and_named(home, operations, settings):
    told = closing.sign(newest(home), operations, settings, OCTOBER, with_open_items=True, **FAY)
    assert "with 1 open item" in told
    assert closing.sign_offs(newest(home), operations, "DGS", OCTOBER)[0].open_items == ("Statements agreed",)


def test_a_month_that_is_not_over_is_not_signed(home, operations, settings):
    with pytest.raises(OperationsError, match="30 Nov 2011 is not over in these figures"):
        closing.sign(newest(home), operations, settings, NOVEMBER, with_open_items=True, **FAY)
    assert is_over(datetime(2011, 8, 31, 23), date(2011, 8, 31)), "midnight of a summer day in the UK"  # noqa: DTZ001
    assert not is_over(datetime(2011, 10, 31, 23), date(2011, 10, 31))  # noqa: DTZ001


def test_a_figure_that_moves_suspends_and_says_which(home, operations, settings):
    signed(home, operations, settings)
    again(home)
    assert states(home, operations) == [("October 2011", "stands")], "the same month again moves nothing"
    again(home, till_sales_move)
    found = closing.sign_offs(newest(home), operations, "DGS", OCTOBER)[0]
    assert found.state == "suspended"
    assert [(each.store_id, each.day, each.figure, each.now - each.signed) for each in found.moved] == [
        ("S02", "2011-10-12", "till_sales_pence", 500),
        ("S02", "2011-10-12", "sage_sales_pence", 500),
    ]
    again(home)
    assert states(home, operations) == [("October 2011", "stands")]


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("document_verdicts", "ledger_tax_pence"),
        ("till_customer_balances", "balance_pence"),
        ("till_closures", "cash_over_short_pence"),
        ("store_days", "explained_pence"),
    ],
)
def test_every_kind_of_figure_suspends(home, operations, settings, table, column):
    signed(home, operations, settings)

    def change(told: Shop) -> None:
        row = next(
            row
            for row in told.tables[table]
            if DAY in (row.get("business_date"), row.get("document_date")) and row.get(column) is not None
        )
        row[column] += 1

    again(home, change)
    assert states(home, operations) == [("October 2011", "suspended")]


def test_figures_that_cancel_out_over_the_month_suspend_all_the_same(home, operations, settings):
    signed(home, operations, settings)

    def change(told: Shop) -> None:
        days = [row for row in told.tables["store_days"] if row["period"] == OCTOBER.date_from]
        days[0]["matched_pence"] += 100
        days[1]["matched_pence"] -= 100

    again(home, change)
    assert states(home, operations) == [("October 2011", "suspended")]


def test_another_month_s_figure_suspends_nothing(home, operations, settings):
    signed(home, operations, settings)
    signed(home, operations, settings, SLOT)
    again(home, lambda told: till_sales_move(told, date(2011, 11, 3)))
    assert {state for _, state in states(home, operations)} == {"stands"}
    again(home, lambda told: till_sales_move(told, date(2011, 10, 13)))
    assert states(home, operations) == [("store S02, 12 Oct 2011", "stands"), ("October 2011", "suspended")]


def test_a_suspended_sign_off_is_renewed_or_taken_back(home, operations, settings):
    signed(home, operations, settings)
    again(home, till_sales_move)
    told = closing.sign(newest(home), operations, settings, OCTOBER, by="Fay", note="late receipt")
    assert told.startswith("Renewed: October 2011, as sign-off 2 on publication 2")
    assert [state for _, state in states(home, operations)] == ["stands", "renewed"]
    closing.withdraw(newest(home), operations, OCTOBER, by="Val", note="too early")
    found = closing.sign_offs(newest(home), operations, "DGS", OCTOBER)
    assert [each.state for each in found] == ["withdrawn", "suspended"]
    assert (found[0].withdrawn_by, found[0].withdrawn_because) == ("Val", "too early")
    closing.withdraw(newest(home), operations, OCTOBER, by="Val", note="that too")
    with pytest.raises(OperationsError, match="October 2011 is not signed off"):
        closing.withdraw(newest(home), operations, OCTOBER, by="Val", note="again")


def test_a_store_day_is_signed_by_itself(home, operations, settings):
    assert "store S02, 12 Oct 2011" in signed(home, operations, settings, SLOT)
    again(home, till_sales_move)
    assert states(home, operations) == [("store S02, 12 Oct 2011", "suspended")]
    nowhere = replace(SLOT, store_id="S77")
    with pytest.raises(OperationsError, match="nothing is known of store S77"):
        closing.sign(newest(home), operations, settings, nowhere, **FAY)


def test_only_the_newest_figures_are_signed(home, operations, settings):
    old = newest(home)
    again(home)
    with pytest.raises(OperationsError, match="publication 1 and the newest is 2"):
        closing.sign(old, operations, settings, SLOT, **FAY)


def test_a_worked_out_item_cannot_be_ticked(home, operations, settings):
    with pytest.raises(OperationsError, match="worked out from the figures: nobody can tick it"):
        closing.tick(newest(home), operations, settings, OCTOBER, "bridge_zero", is_done=True, **FAY)
    with pytest.raises(OperationsError, match="there is no item 'files_read'"):
        closing.tick(newest(home), operations, settings, OCTOBER, "files_read", is_done=True, **FAY)


def test_a_tick_is_taken_off_and_both_stay_on_record(home, operations, settings):
    for is_done in (True, False):
        closing.tick(newest(home), operations, settings, OCTOBER, "bank_agreed", is_done=is_done, **FAY)
    assert not operations.ticks("DGS", OCTOBER.date_from)["bank_agreed"].is_done
    assert operations.ticks("DGS", NOVEMBER.date_from) == {}
    assert [row["action"] for row in operations.audit_log("DGS")] == ["tick", "untick"]


def test_what_was_signed_cannot_be_rewritten(home, operations, settings):
    signed(home, operations, settings)
    for table in ("sign_offs", "sign_off_figures", "close_ticks"):
        with pytest.raises(Exception, match="only grows"), operations._database.write() as connection:
            connection.execute(text(f"delete from {table}"))
    with operations._database.write() as connection:
        connection.execute(text("drop trigger sign_off_figures_refuses_update"))
        connection.execute(text("update sign_off_figures set figures = replace(figures, '12000', '12001')"))
    again(home, till_sales_move)
    with pytest.raises(OperationsError, match="not what was signed"):
        closing.sign_offs(newest(home), operations, "DGS", OCTOBER)


def test_publications_behind_a_sign_off_are_told_until_it_is_taken_back(home, operations, settings):
    signed(home, operations, settings)
    assert operations.signed_publications() == [1]
    again(home, till_sales_move)
    closing.sign(newest(home), operations, settings, OCTOBER, **FAY)
    assert operations.signed_publications() == [1, 2]
    closing.withdraw(newest(home), operations, OCTOBER, **FAY)
    assert operations.signed_publications() == [1]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("nothing_pending", "30 Nov 2011 is not over"),
        ("store_days_checked", "1 of 90 store-days, £240.00, not checked"),
        ("files_read", "file"),
        ("closures_tied", "All 90 closures agree"),
        ("till_customers_zero", "3 days of a till customer not at zero, £260.00"),
        ("takings_banked", "tills took £240.00 more than Sage holds"),
        ("vat_on_return", "with VAT"),
        ("exceptions_within_limit", "none may be open"),
        ("bank_agreed", "Nobody has ticked it"),
    ],
)
def test_an_item_says_what_was_found(home, name, seen):
    found = item(home, name)
    assert seen in found.seen
    assert found.state == ("done" if name == "closures_tied" else "open")


def test_the_limit_lets_small_exceptions_stay_open(home):
    worst = newest(home).row("select max(value_at_risk_pence) as worst from exceptions where blocks_close")[
        "worst"
    ]
    assert item(home, "exceptions_within_limit", exception_limit=f"{worst / 100:.2f}").state == "done"
    over = item(home, "exceptions_within_limit", exception_limit=f"{(worst - 1) / 100:.2f}")
    assert over.state == "open" and "of them over £" in over.seen


def test_a_posting_that_is_not_proven_keeps_its_month_open(home, settings):
    def change(told: Shop) -> None:
        for row in told.tables["postings"]:
            row.update(state="unknown", truth_right=False)

    again(home, change)
    found = checklist(newest(home), OCTOBER, settings, {})
    told = next(each for each in found if each.name == "postings_proven")
    assert told.state == "open" and "not proven" in told.seen


def test_owners_and_due_days_are_the_settings(home, settings):
    told = {each.name: each for each in checklist(newest(home), OCTOBER, settings, {})}
    assert "files_read" not in told and "vat_agreed" not in told
    assert (told["bank_agreed"].owner, told["bank_agreed"].due_on) == ("Ann", date(2011, 11, 2))
    assert told["bank_agreed"].is_overdue, "the figures are of 30 November"
    ticked = Tick("bank_agreed", True, "Ann", "finance", datetime(2011, 11, 2), "agreed", 1)  # noqa: DTZ001
    done = next(
        each
        for each in checklist(newest(home), OCTOBER, settings, {"bank_agreed": ticked})
        if each.name == "bank_agreed"
    )
    assert done.state == "done" and "Ticked by Ann (finance) on 2 Nov 2011" in done.seen


def test_a_working_day_is_monday_to_friday():
    assert working_day(date(2011, 9, 30), 1) == date(2011, 10, 3)
    assert working_day(date(2011, 9, 30), 6) == date(2011, 10, 10)


@pytest.mark.parametrize(
    "lines",
    ["exception_limit = -1", 'items.Bank = {title = "x"}', "items.bank_agreed = {due_day = 0}", "other = 1"],
)
def test_settings_that_no_checklist_honours_are_refused(tmp_path, lines):
    (tmp_path / "tillproof.toml").write_text(f'company_id = "DGS"\n[close]\n{lines}\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="close"):
        load(tmp_path)


def test_a_period_is_a_month():
    assert closing.period_of("DGS", "2011-02").date_to == date(2011, 2, 28)
    with pytest.raises(OperationsError, match="write it YYYY-MM"):
        closing.period_of("DGS", "2/2011")
