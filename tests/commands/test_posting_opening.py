"""`tillproof posting opening`: what lay on a till customer before the cutover, against what finance agreed."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from commands_home import SIGNED

from orchestration.publishing import Publications

# account, kind, store, day, pence
LEDGER = (
    ("TILL01", "till_customer", "S01", date(2010, 12, 30), 5000),
    ("TILL01", "till_customer", "S01", date(2010, 12, 31), -4875),
    ("TILL01", "till_customer", "S01", date(2011, 1, 1), 99),
    ("TILL02", "till_customer", "S02", date(2010, 12, 31), 100),
    ("CLEAR02", "clearing_bank", "S02", date(2010, 12, 31), 250),
)


@pytest.fixture
def published(home: Path) -> None:
    """What Sage holds on the accounts, published."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema exceptions")
        connection.execute("create table marts.document_verdicts (verdict varchar)")
        connection.execute("create table exceptions.posting_proposals (is_connector_still_trying boolean)")
        connection.execute(
            "create table marts.till_customer_balances (company_id varchar, customer_reference varchar,"
            " account_kind varchar, store_id varchar, document_date date, balance_pence bigint, document_count bigint)"
        )
        for account, kind, store_id, day, pence in LEDGER:
            connection.execute(
                "insert into marts.till_customer_balances values ('DGS', $1, $2, $3, $4, $5, 2)",
                [account, kind, store_id, day, pence],
            )
        Publications(home / "published").publish(
            connection,
            {"till_customer_balances": "marts.till_customer_balances"},
            pass_number=1,
            as_of=datetime.fromisoformat("2011-03-02T20:00"),
            seconds={},
        )


def agree(tillproof, folder: Path, *rows: str) -> None:
    place = folder / "cutovers.csv"
    header = "company_id,store_id,cutover_date,opening_balance_pence\n"
    place.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    assert tillproof("mappings", "import", place, "--apply", *SIGNED).exit_code == 0


def test_each_account_is_told_as_it_stood_before_its_stores_cutover(
    described, published, told, tillproof, tmp_path
):
    assert "No store has a cutover" in tillproof("posting", "opening").stdout
    agree(tillproof, tmp_path, "DGS,*,2011-01-01,")
    report = told("posting", "opening")
    rows = {row["account"]: row for row in report["positions"]}
    figures = {
        account: (row["documents"], row["balance_pence"], row["stands"]) for account, row in rows.items()
    }
    assert figures == {
        "TILL01": (4, 125, "not_agreed"),
        "TILL02": (2, 100, "not_agreed"),
        "CLEAR02": (2, 250, "shown"),
    }
    assert (report["owner"], report["not_agreed"], report["differs"]) == ("finance", 2, 0)


def test_what_differs_from_what_finance_agreed_ends_with_one_and_says_by_how_much(
    described, published, told, tillproof, tmp_path
):
    agree(tillproof, tmp_path, "DGS,S01,2011-01-01,125", "DGS,S02,2011-01-01,0")
    rows = {row["store_id"]: row for row in told("posting", "opening", code=1)["positions"][:2]}
    assert (rows["S01"]["stands"], rows["S01"]["agreed_by"]) == ("agrees", "Fay Finance")
    assert (rows["S02"]["stands"], rows["S02"]["apart_pence"]) == ("differs", 100)
    words = " ".join(tillproof("posting", "opening").stdout.split())
    assert "£1.25" in words and "finance finds the documents dated before the cutover" in words
    agree(tillproof, tmp_path, "DGS,S02,2010-12-31,0")
    assert told("posting", "opening")["differs"] == 0, "an earlier cutover has none of it before"


def test_an_opening_balance_that_is_no_figure_is_refused_and_without_a_publication_nothing_is_said(
    described, tillproof, tmp_path
):
    place = tmp_path / "cutovers.csv"
    place.write_text("company_id,store_id,cutover_date,opening_balance_pence\nDGS,S01,2011-01-01,1.25\n")
    refused = tillproof("mappings", "import", place, "--apply", *SIGNED)
    assert refused.exit_code == 2 and "is not a whole number" in " ".join(refused.output.split())
    assert tillproof("posting", "opening").exit_code == 2
