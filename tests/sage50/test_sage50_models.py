"""Sage 50 reaches matching in the shape Sage 200 does: the same documents, legs and accounts."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sage50_world import NOON, World, document

from orchestration.landing import Landing
from orchestration.ledgers.sage50_documents import rows_of
from orchestration.ledgers.sage50_extract import extract
from orchestration.ledgers.sage50_file import write
from sandbox.sage50 import desk
from sandbox.sage50.importing import import_file

MODELS = (
    "int_ledger_lines_classed",
    "int_ledger_documents_read",
    "int_ledger_legs_read",
    "gate_candidates",
    "sage_balances_by_document",
)


@pytest.fixture(scope="module")
def built(empty_house: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A warehouse over what a Sage 50 exported: sales, a refund, a copy, a deletion, a journal, banked money."""
    folder = tmp_path_factory.mktemp("sage50")
    world = World.make(folder)
    both = document("1001", lines={"4000": 1000, "4010": 500}, taxes={1: (1000, 200), 0: (500, 0)})
    documents = [
        *(both, document("1001", "receipt", gross=1700), document("1002", "credit_note")),
        *(document("1002", "payment"), document("1003")),
    ]
    content = write([row for one in documents for row in rows_of(one, world.settings)], world.settings)
    import_file(world.company, content, now=NOON)
    import_file(world.company, write(rows_of(both, world.settings), world.settings), now=NOON)
    others = [
        "BR,1200,4000,0,11/02/2011,Z0001,Takings,50.00,T1,10.00,1,,FAY,,",
        "BR,1200,4010,0,11/02/2011,Z0001,Takings,7.00,T0,0.00,1,,FAY,,",
        "SI,TILL01,9998,0,12/02/2011,POS-S01-1004,Sale,5.00,T1,1.00,1,,SHOPBRIDGE,,",
        "JD,,1200,0,12/02/2011,J1,Banked,30.00,T9,0.00,1,,FAY,,",
        "JC,,1235,0,12/02/2011,J1,Banked,30.00,T9,0.00,1,,FAY,,",
    ]
    assert import_file(world.company, "\r\n".join(others).encode(), now=NOON).imported == 5
    desk.delete(world.company, 6)
    desk.reconcile(world.company, 3, date(2011, 2, 28))
    world.export()
    home = folder / "home"
    shutil.copytree(empty_house.home, home)
    extract(world.exports, Landing(home / "landing", "DGS"), 1, world.settings, as_of=NOON.date())
    house = type(empty_house)(home)
    house.dbt("build", "--select", *(f"+{model}" for model in MODELS), "--exclude", "test_type:unit")
    yield house, world
    world.close()


def rows(house: Any, query: str) -> list[tuple[Any, ...]]:
    with house.warehouse.connect() as connection:
        return list(connection.execute(query).fetchall())


def test_matching_reads_the_documents_that_the_poster_reads(built: Any) -> None:
    house, world = built
    with world.books() as books:
        expected = {
            posted.urn: (
                *(posted.document_kind, posted.reference, posted.gross_pence, posted.tax_pence),
                *(
                    posted.customer_reference,
                    posted.bank_code,
                    posted.document_date,
                    posted.is_bank_reconciled,
                ),
            )
            for posted in books.posted_since(0)
        }
        days = {posted.document_date for posted in books.posted_since(0)}
        assert {posted.urn for day in days for posted in books.posted_on(day)} == set(expected)
        assert all(posted.document_date == day for day in days for posted in books.posted_on(day))
    found = {
        row[0]: row[1:]
        for row in rows(
            house,
            """select urn, document_kind, reference, gross_pence, tax_pence, customer_reference, bank_code,
                document_date, is_bank_reconciled from matching.int_ledger_documents_read
                where document_kind <> 'journal'""",
        )
    }
    assert found == expected and len(found) == 7


def test_a_copy_is_a_document_of_its_own_and_what_was_deleted_is_none(built: Any) -> None:
    house, _ = built
    key = document("1001", lines={"4000": 1000}).posting_key
    copies = rows(
        house, f"select gross_pence from matching.int_ledger_documents_read where reference = '{key}'"
    )
    assert copies == [(1700,), (1700,)]
    gone = document("1003").posting_key
    assert not rows(house, f"select * from matching.int_ledger_documents_read where reference = '{gone}'")


def test_legs_are_by_account_and_tax_code_and_control_accounts_are_left_out(built: Any) -> None:
    house, _ = built
    legs = rows(
        house,
        """select leg_type, nominal_code, tax_code, legs.net_pence, legs.tax_pence
            from matching.int_ledger_legs_read as legs
            inner join matching.int_ledger_documents_read as documents using (ledger_document_id)
            where documents.urn = 1 order by all""",
    )
    assert legs == [
        ("nominal", "4000", None, 1000, 0),
        ("nominal", "4010", None, 500, 0),
        ("tax", None, 0, 500, 0),
        ("tax", None, 1, 1000, 200),
    ]
    banked = rows(
        house,
        """select leg_type, nominal_code, tax_code, legs.net_pence, legs.tax_pence
            from matching.int_ledger_legs_read as legs
            inner join matching.int_ledger_documents_read as documents using (ledger_document_id)
            where documents.document_kind = 'bank_receipt' order by all""",
    )
    assert banked == [
        ("nominal", "4000", None, 5000, 0),
        ("nominal", "4010", None, 700, 0),
        ("tax", None, 0, 700, 0),
        ("tax", None, 1, 5000, 1000),
    ]


def test_a_nominal_line_has_the_tax_code_of_its_transaction(built: Any) -> None:
    house, _ = built
    found = rows(
        house,
        """select source, nominal_code, tax_code, debit_pence - credit_pence from matching.int_ledger_lines_classed
            where transaction_date >= date '2011-02-11' and source <> 'SI' order by all""",
    )
    assert found == [
        ("BR", "1200", 0, 700),
        ("BR", "1200", 1, 6000),
        ("BR", "2200", 1, -1000),
        ("BR", "4000", 1, -5000),
        ("BR", "4010", 0, -700),
        ("LedgerNominal", "1200", 9, 3000),
        ("LedgerNominal", "1235", 9, -3000),
    ]


def test_suspense_periods_and_journals_are_seen(built: Any) -> None:
    house, _ = built
    found = rows(
        house,
        """select document_kind, is_in_suspense, period_start_date, is_in_nominal
            from matching.int_ledger_documents_read where document_date = date '2011-02-12' order by all""",
    )
    assert found == [
        ("invoice", True, date(2011, 2, 1), True),
        ("journal", False, date(2011, 2, 1), True),
    ]


def test_facts_for_the_gate(built: Any) -> None:
    house, _ = built
    query = "select nominal_code, account_type, account_status from staging.stg_ledger__nominal_codes"
    accounts = {code: (kind, status) for code, kind, status in rows(house, query)}
    assert accounts["4000"] == ("posting", "active")
    assert accounts["4015"] == ("posting", "hidden")
    assert accounts["1100"] == ("control", "active")
    rates = dict(rows(house, "select tax_code, tax_rate_thousandths from staging.stg_ledger__tax_codes"))
    assert rates == {0: 0, 1: 20000, 2: 0, 5: 5000, 9: 0}
    customers = rows(house, "select customer_reference from staging.stg_ledger__customers where is_on_hold")
    assert customers == [("STOPPED1",)]
    banks = {row[0] for row in rows(house, "select bank_code from staging.stg_ledger__banks")}
    assert banks == {"1200", "1230", "1235", "1250"}
    states = rows(
        house, "select distinct period_state, ledger_type from staging.stg_ledger__period_states order by all"
    )
    assert [ledger for _, ledger in states] == ["LedgerCashBook", "LedgerNominal", "LedgerSales"]


def test_both_ledgers_have_the_same_columns_in_the_same_order(built: Any) -> None:
    house, _ = built
    folder = Path(__file__).parents[2] / "dbt_project" / "models" / "staging" / "ledger"

    compiled = house.home / "dbt" / "compiled" / "tillproof" / "models" / "staging" / "ledger"

    def shape(model: str, name: str) -> list[tuple[Any, ...]]:
        """The columns of one half of a union, whose models are read as parts of it."""
        union = (compiled / f"stg_ledger__{name}.sql").read_text(encoding="utf-8")
        parts, halves = union.split("select * from __dbt__cte__stg_sage200__", 1)
        assert f"__dbt__cte__{model}" in "__dbt__cte__stg_sage200__" + halves
        return [row[:2] for row in rows(house, f"describe {parts} select * from __dbt__cte__{model}")]

    names = [file.stem.removeprefix("stg_ledger__") for file in sorted(folder.glob("*.sql"))]
    assert len(names) == 13
    for name in names:
        assert shape(f"stg_sage50__{name}", name) == shape(f"stg_sage200__{name}", name), name
