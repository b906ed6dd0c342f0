"""Which days a pass judges: all that something new may touch, and no others."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration import judged_days, kept_days, touched_days, warehouse
from orchestration.landing import Landing
from orchestration.landing_tables import TABLES
from orchestration.publishing import Publications

MANIFEST = warehouse.manifest(warehouse.PROJECT)
COLUMNS = {
    node["name"]: ", ".join(f"{name} {column['data_type']}" for name, column in node["columns"].items())
    for node in json.loads(MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    if node["resource_type"] == "model" and node["access"] == "public"
}
"""Each published model with its columns, as its contract has them."""
AS_OF = datetime(2011, 2, 28, 20)  # noqa: DTZ001  clocks here are UTC without a zone
DAYS = range(1, 21)
RULES = "the same rules"
STORE = {"store_id": "S01", "store_code": "S01", "day_cutoff_minutes": 0, "till_customer_reference": "TILL01"}
TILL = {"id": 1, "reference": "TILL01", "name": "Till", "on_hold": False}
PATTERN = {
    "connector": "shop",
    "pattern": "POS-([^-]+)-([0-9]+)()",
    "day_pattern": "DAY-([^-]+)-([0-9]{8})()",
}


def day(number: int) -> date:
    return date(2011, 2, number)


class Installation:
    """Twenty days of February, a receipt and its invoice each, published by pass 1; and what pass 2 lands."""

    def __init__(self, folder: Path, tolerance_days: int = 0, grace_hours: int = 0):
        self.landing = Landing(folder / "landing", "DGS")
        self.landing.ensure(*TABLES.values())
        self.published = Publications(folder / "published")
        self.rows: dict[str, list[dict]] = {model: [] for model in COLUMNS}
        for number in DAYS:
            self.publishes(
                "receipts",
                event_id=f"pos:S01:1:{number}:{day(number)}:1",
                store_id="S01",
                store_code="S01",
                till_id="1",
                receipt_no=str(number),
                business_date=day(number),
                document_date=day(number),
                is_complete=True,
            )
            self.publishes(
                "document_verdicts",
                document_id=f"TPAAAAAAAAAAA{number:02}N011P",
                posting_key=f"TPAAAAAAAAAAA{number:02}N011P",
                store_id="S01",
                receipt_no=str(number),
                event_id=f"pos:S01:1:{number}:{day(number)}:1",
                business_date=day(number),
                document_date=day(number),
                ledger_date=day(number),
                verdict="matched",
                ledger_document_id=f"DGS:sales:{number}",
                ledger_urn=number,
            )
            self.publishes(
                "ledger_documents",
                ledger_document_id=f"DGS:sales:{number}",
                urn=number,
                reference=f"POS-S01-{number}",
                gross_pence=1000 + number,
                document_date=day(number),
                customer_reference="TILL01" if number != 7 else "ACME01",
            )
            self.publishes(
                "receipt_lines",
                event_id=f"pos:S01:1:{number}:{day(number)}:1",
                store_id="S01",
                business_date=day(number),
                sku="MUG" if number != 9 else "BAG",
            )
        self.lands("operations/stores", 1, **STORE)
        rules = {"match_tolerance_days": tolerance_days, "grace_hours": grace_hours}
        self.lands("operations/companies", 1, name="D", **rules)
        self.lands("operations/connector_patterns", 1, **PATTERN)
        self.lands("sage200/customers", 1, **TILL, balance=Decimal(5))
        self.lands("sage200/customers", 1, id=2, reference="ACME01", name="Acme", on_hold=False)

    def publishes(self, model: str, **row: object) -> None:
        self.rows[model].append({"company_id": "DGS", **row})

    def lands(self, table: str, pass_number: int = 2, **row: object) -> None:
        spec = TABLES[table]
        whole = dict.fromkeys(spec.columns) | row
        whole |= {"delivery_id": f"d{pass_number}", "source_file": "a.csv", "source_row": 1}
        schema = {**spec.columns, "delivery_id": "varchar", "source_file": "varchar", "source_row": "bigint"}
        with duckdb.connect() as connection:
            columns = ", ".join(f'cast(${name} as {kind}) as "{name}"' for name, kind in schema.items())
            received = connection.execute(f"select {columns}", whole).to_arrow_table()
        self.landing.land(spec, received, pass_number=pass_number)

    def chosen(
        self, *, keep_from: int = 1, rules: str = RULES, pass_number: int = 2, is_trusted: bool = True
    ) -> str | dict[date, str]:
        """Each day that is judged with its reason, or why all are."""
        relations = {}
        with duckdb.connect() as connection:
            connection.execute("create schema marts; create schema exceptions")
            for model, columns in COLUMNS.items():
                schema = "exceptions" if model == "posting_proposals" else "marts"
                relations[model] = f"{schema}.{model}"
                connection.execute(f"create table {schema}.{model} ({columns})")
                for row in self.rows[model]:
                    names = ", ".join(row)
                    given = ", ".join(f"${name}" for name in row)
                    connection.execute(f"insert into {schema}.{model} ({names}) values ({given})", row)
            self.published.publish(
                connection, relations, pass_number=1, as_of=AS_OF, seconds={}, rules_digest=RULES
            )
        with duckdb.connect() as connection:
            chosen = judged_days.choose(
                connection, self.landing, self.published.newest(), self.published.root,
                pass_number=pass_number, rules=rules, keep_from=keep_from, largest_share=1,
                is_trusted=is_trusted,
            )  # fmt: skip
            schemas = {
                name for (name,) in connection.execute("select schema_name from duckdb_schemas()").fetchall()
            }
            assert ("kept" in schemas) == chosen.are_some_kept
            if chosen.all_because:
                return chosen.all_because
            kept = {
                found
                for (found,) in connection.execute(
                    "select business_date from kept.document_verdicts"
                ).fetchall()
            }
            judged = dict(connection.execute("select day, reason from kept.judged_days").fetchall())
            assert kept == {day(number) for number in DAYS} - judged.keys()
            return judged


@pytest.fixture
def installation(tmp_path) -> Installation:
    return Installation(tmp_path)


def line(number: int, on: int, **more: object) -> dict:
    """A till line of a receipt."""
    printed = {
        "store_code": "S01",
        "till_code": "1",
        "receipt_no": str(number),
        "receipt_kind": "SALE",
        "sku": "MUG",
    }
    return {**printed, "document_date": day(on), "occurrence": 1, "line_occurrence": 1, **more}


def tender(number: int, on: int) -> dict:
    """What was paid on a receipt."""
    printed = {"store_code": "S01", "till_code": "1", "receipt_no": str(number), "tender_type": "CASH"}
    return {**printed, "document_date": day(on), "occurrence": 1, "tender_no": 1}


def invoice(urn: int, on: int, **more: object) -> dict:
    """A document on the sales ledger."""
    return {"id": urn, "urn": urn, "transaction_date": day(on), "is_historical": False,
            "document_gross_value": Decimal("9.99"), **more}  # fmt: skip


MISSING = {"verdict": "missing_in_ledger", "ledger_document_id": None}
TOUCHES = {
    "nothing": ([], {}),
    "a line of a day": ([("pos/receipt_lines", line(900, 5))], {5: "new_rows"}),
    "a line of a number that another day has": (
        [("pos/receipt_lines", line(3, 5))],
        {5: "new_rows", 3: "named_by_new_rows"},
    ),
    "a tender of its day's receipt": ([("pos/tenders", tender(5, 5))], {5: "new_rows"}),
    "a tender of a new receipt": (
        [("pos/tenders", tender(900, 5)), ("pos/receipt_lines", line(900, 5))],
        {5: "new_rows"},
    ),
    "a tender after the midnight of a receipt": (
        [("pos/tenders", tender(4, 5))],
        {5: "new_rows", 4: "named_by_new_rows"},
    ),
    "a return that names its sale": (
        [("pos/receipt_lines", line(900, 12, original_receipt_no="4"))],
        {12: "new_rows", 4: "named_by_new_rows"},
    ),
    "a row set aside of a receipt": (
        [("intake/set_aside_rows", {"source_row": 1, "store_code": "S01", "receipt_no": "6"})],
        {6: "named_by_new_rows"},
    ),
    "a document that names a receipt": (
        [("sage200/sales_posted_transactions", invoice(99, 12, reference="POS-S01-3"))],
        {12: "new_rows", 3: "named_by_new_rows"},
    ),
    "a document that names a receipt, and says more": (
        [("sage200/sales_posted_transactions", invoice(99, 12, reference="POS-S01-3 again"))],
        {12: "new_rows", 3: "named_by_new_rows"},
    ),
    "a document that names a day": (
        [("sage200/sales_posted_transactions", invoice(99, 12, reference="DAY-S01-20110214"))],
        {12: "new_rows", 14: "named_by_new_rows"},
    ),
    "a document that bears our key": (
        [("sage200/sales_posted_transactions", invoice(99, 12, reference="TPAAAAAAAAAAA08N012P"))],
        {12: "new_rows", 8: "named_by_new_rows"},
    ),
    "an invoice that bears our key as the number of its order": (
        [
            (
                "sage200/sales_posted_transactions",
                invoice(99, 12, reference="17", second_reference="TPAAAAAAAAAAA08N011P"),
            )
        ],
        {12: "new_rows", 8: "named_by_new_rows"},
    ),
    "a document with another's reference and value": (
        [
            (
                "sage200/bank_posted_transactions",
                {
                    "id": 99,
                    "urn": 99,
                    "transaction_date": day(12),
                    "reference": "POS-S01-11",
                    "cheque_value": "-10.11",
                },
            )
        ],
        {12: "new_rows", 11: "named_by_new_rows"},
    ),
    "a nominal line that comes late": (
        [
            (
                "sage200/nominal_transactions",
                {"id": 1, "urn": 10, "transaction_date": day(12), "source": "LedgerSales"},
            )
        ],
        {12: "new_rows", 10: "new_rows"},
    ),
    "a line of the connector's log": (
        [("connector/sync_log", {"run_id": "r", "reference": "POS-S01-13", "attempt": 1, "ended_at": AS_OF})],
        {13: "named_by_new_rows"},
    ),
    "an intent": (
        [
            (
                "operations/intents",
                {"posting_key": "TPAAAAAAAAAAA15N011P", "business_date": day(15), "target_urn": 16},
            )
        ],
        {15: "posting", 16: "posting"},
    ),
    "a person's word": (
        [
            (
                "operations/match_decisions",
                {"posting_key": "TPAAAAAAAAAAA17N011P", "ledger_document_id": "DGS:sales:18"},
            )
        ],
        {17: "decision", 18: "decision"},
    ),
    "a product": ([("sage200/products", {"id": 1, "code": "bag"})], {9: "new_rows"}),
    "a customer's balance": ([("sage200/customers", {**TILL, "balance": Decimal(6)})], {}),
    "a customer that no till posts to": (
        [("sage200/customers", {"id": 2, "reference": "ACME01", "name": "Acme", "on_hold": True})],
        {7: "new_rows"},
    ),
}


@pytest.mark.parametrize("name", TOUCHES)
def test_a_day_is_judged_where_something_new_may_touch_it(installation, name):
    landed, judged = TOUCHES[name]
    for table, row in landed:
        installation.lands(table, **row)

    assert installation.chosen() == {day(number): reason for number, reason in judged.items()}


def test_what_time_alone_may_move_is_judged_every_time(installation):
    installation.rows["document_verdicts"][3]["verdict"] = "pending"
    installation.rows["receipts"][5]["is_complete"] = False
    installation.publishes(
        "posting_proposals", posting_key="K", business_date=day(8), is_connector_still_trying=True
    )
    of_ours = {"document_date": day(10), "mark": "ours", "ledger_document_id": "DGS:sales:77"}
    installation.publishes("ledger_documents", **of_ours)
    installation.publishes(
        "document_verdicts", document_id="DGS:sales:77", verdict="missing_in_pos", business_date=day(10)
    )

    assert installation.chosen() == {
        day(4): "waiting", day(6): "rows_set_aside", day(8): "waiting", day(10): "unexplained",
    }  # fmt: skip


def test_what_sage_has_nothing_of_is_judged_again_while_its_grace_may_last(tmp_path):
    installation = Installation(tmp_path, grace_hours=9 * 24)
    for number in (15, 17, 19):
        gone = {"verdict": "missing_in_ledger", "ledger_document_id": None, "ledger_urn": None}
        installation.rows["document_verdicts"][number - 1] |= gone
    # the document of this one is there, whatever the time
    installation.rows["document_verdicts"][17]["verdict"] = "drifted"
    void = {"verdict": "nothing_to_post", "ledger_document_id": None}
    installation.rows["document_verdicts"][19] |= void

    assert installation.chosen() == {day(17): "waiting", day(19): "waiting"}


def test_linked_days_are_judged_together_from_link_to_link(installation):
    for one, other in ((5, 9), (9, 14)):
        installation.publishes("linked_days", day=day(one), linked_day=day(other), reason="partner")
        installation.publishes("linked_days", day=day(other), linked_day=day(one), reason="partner")
    installation.lands("pos/receipt_lines", **line(900, 14))

    assert installation.chosen() == {day(14): "new_rows", day(9): "linked", day(5): "linked"}


CLOSURE = {"store_code": "S01", "till_code": "1", "counted_cash_amount": Decimal(5)}
OVER_SHORT = {"category": "cash_over_short", "store_id": "*", "nominal_code": "4990"}


def test_a_closure_touches_its_day_where_what_it_counts_is_posted(installation):
    installation.lands("operations/nominal_mappings", 1, **OVER_SHORT)
    installation.lands("pos/till_closures", 1, **CLOSURE, closure_no=4, business_date=day(4))
    installation.lands("pos/till_closures", **CLOSURE, closure_no=8, business_date=day(8))
    assert installation.chosen() == {day(8): "new_rows"}


def test_a_closure_touches_the_days_of_one_number(installation):
    """Which of two that bear one number counts may turn on a third."""
    installation.lands("operations/nominal_mappings", 1, **OVER_SHORT)
    for number, of_day in ((4, 4), (4, 5), (6, 6)):
        installation.lands("pos/till_closures", 1, **CLOSURE, closure_no=number, business_date=day(of_day))
    installation.lands("pos/till_closures", **CLOSURE, closure_no=1, business_date=day(8))
    assert installation.chosen() == dict.fromkeys((day(4), day(5), day(8)), "new_rows")


def test_a_closure_touches_nothing_where_what_it_counts_is_told_alone(installation):
    installation.lands("pos/till_closures", **CLOSURE, closure_no=8, business_date=day(8))
    assert installation.chosen() == {}


def test_a_version_that_moved_to_another_day_touches_both(installation):
    installation.lands("sage200/sales_posted_transactions", 1, **invoice(99, 3))
    installation.lands("sage200/sales_posted_transactions", 2, **invoice(99, 12))

    assert installation.chosen() == {day(3): "new_rows", day(12): "new_rows"}


def test_a_manual_journal_touches_the_days_before_it_that_lack_something(installation):
    for number in (2, 15):
        installation.rows["document_verdicts"][number - 1] |= MISSING
    manual = {"id": 1, "urn": 99, "transaction_date": day(12), "source": "LedgerNominal"}
    installation.lands("sage200/nominal_transactions", **manual)

    assert installation.chosen() == {day(12): "new_rows", day(2): "journal"}


def test_a_manual_journal_touches_one_that_it_may_undo(installation):
    installation.publishes("ledger_documents", document_kind="journal", gross_pence=500, document_date=day(3))
    installation.publishes("ledger_documents", document_kind="journal", gross_pence=501, document_date=day(4))
    manual = {"id": 1, "urn": 99, "transaction_date": day(12), "source": "LedgerNominal", "debit": Decimal(5)}
    installation.lands("sage200/nominal_transactions", **manual)

    assert installation.chosen() == {day(12): "new_rows", day(3): "journal"}


def test_a_receipt_touches_the_next_day_where_its_tender_is_already(installation):
    installation.lands("pos/tenders", 1, **tender(900, 6))
    installation.lands("pos/tenders", 1, **tender(901, 8))
    installation.lands("pos/receipt_lines", **line(900, 5))
    assert installation.chosen() == {day(5): "new_rows", day(6): "named_by_new_rows"}


@pytest.mark.parametrize("table", ["sage200/nominal_transactions", "pos/tenders"])
def test_where_rows_bear_no_date_every_day_is_judged(installation, table):
    installation.lands(table, **{"urn": 99} if "sage200" in table else {"receipt_no": "1"})

    assert installation.chosen() == "some rows bear no date"


def test_where_something_published_bears_no_day_every_day_is_judged(installation):
    installation.publishes("gate_flags", rule_id="PER-01")

    assert installation.chosen() == "some rows bear no date"


def test_a_journal_of_the_days_after_is_judged_with_what_it_may_carry(installation):
    installation.publishes("linked_days", day=day(12), linked_day=day(12), reason="journal")
    installation.lands("pos/receipt_lines", **line(900, 5))

    assert installation.chosen() == {day(5): "new_rows", day(12): "journal"}


@pytest.mark.parametrize(("tolerance_days", "near"), [(0, {}), (3, {day(7): "near"})])
def test_what_may_match_some_days_apart_is_judged_with_what_is_left_over_so_near(
    tmp_path, tolerance_days, near
):
    installation = Installation(tmp_path, tolerance_days)
    for number in (7, 10):
        installation.rows["document_verdicts"][number - 1] |= MISSING
    installation.lands("pos/receipt_lines", **line(900, 5))

    assert installation.chosen() == {day(5): "new_rows", **near}


@pytest.mark.parametrize(("tolerance_days", "near"), [(0, {}), (3, {day(7): "near", day(9): "near"})])
def test_what_was_the_only_one_so_near_is_judged_with_another_that_is_as_near(tmp_path, tolerance_days, near):
    installation = Installation(tmp_path, tolerance_days)
    installation.rows["document_verdicts"][8] |= {"ledger_date": day(7), "rung": 4}
    installation.lands("pos/receipt_lines", **line(900, 5))

    assert installation.chosen() == {day(5): "new_rows", **near}


def test_a_customer_that_comes_after_its_documents_touches_their_days(installation):
    installation.rows["ledger_documents"][3] |= {"source_ledger": "sales", "customer_reference": None}
    installation.rows["ledger_documents"][4] |= {"source_ledger": "bank", "customer_reference": None}
    installation.lands("sage200/customers", id=3, reference="NEW01", name="New", on_hold=False)

    assert installation.chosen() == {day(4): "new_rows"}


def test_after_midnight_it_may_still_be_yesterday(installation):
    late = {"store_code": "S02", "store_id": "S02", "day_cutoff_minutes": 180}
    installation.lands("operations/stores", 1, **{**STORE, **late})
    installation.lands("pos/receipt_lines", **line(900, 5))

    assert installation.chosen() == {day(5): "new_rows", day(4): "new_rows"}


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("operations/tax_mappings", {"till_tax_code": "S", "tax_code": 1}),
        ("sage200/nominal_codes", {"id": 1, "reference": "4000"}),
        (
            "sage200/period_states",
            {"accounting_period_id": 1, "ledger_type": "LedgerSales", "period_state": "closed"},
        ),
        ("operations/companies", {"name": "Other"}),
    ],
)
def test_what_stands_above_all_days_makes_every_day_judged(installation, table, row):
    installation.lands(table, **row)

    assert installation.chosen() == f"{table} changed"


def test_a_till_customer_on_hold_makes_every_day_judged(installation):
    installation.lands("sage200/customers", id=1, reference="TILL01", name="Till", on_hold=True)

    assert installation.chosen() == "a customer that tills post to changed"


def test_no_day_is_kept_of_what_other_rules_judged_or_this_pass_or_a_small_history(installation, tmp_path):
    assert installation.chosen(rules="newer rules") == "other rules judged what is published"
    assert installation.chosen(pass_number=1) == "the pass is judged again"
    assert installation.chosen(keep_from=21) == "history is small"
    assert installation.chosen(is_trusted=False) == "the last pass that kept days came to no end"
    with duckdb.connect() as connection:
        chosen = judged_days.choose(
            connection, installation.landing, None, tmp_path, pass_number=2, rules=RULES, keep_from=1
        )
    assert chosen.all_because == "nothing is published yet"


def test_a_published_file_that_is_gone_makes_every_day_judged(installation):
    assert installation.chosen() == {}
    publish = installation.published.publish

    def published_and_lost(*arguments, **more):
        made = publish(*arguments, **more)
        (installation.published.root / made.tables["receipts"][0]["path"]).unlink()
        return made

    installation.published.publish = published_and_lost
    assert installation.chosen() == "what is published is not whole"


def test_sage_50_is_read_whole(installation):
    installation.lands("sage50/tax_codes", 1)

    assert installation.chosen() == "Sage 50 is read whole"


def test_where_most_days_are_touched_all_are_judged(installation):
    for number in range(1, 6):
        installation.lands("pos/receipt_lines", number + 1, **line(900 + number, number))
    assert len(installation.chosen()) == 5

    with duckdb.connect() as connection:
        chosen = judged_days.choose(
            connection, installation.landing, installation.published.newest(), installation.published.root,
            pass_number=9, rules=RULES, keep_from=1,
        )  # fmt: skip
        assert chosen.all_because == "most days are touched"
        assert connection.execute(
            "select count(*) from duckdb_schemas() where schema_name = 'kept'"
        ).fetchone() == (0,)


def test_every_published_model_is_made_by_day_or_whole():
    """A new one has to say which: what asks above days must not be made of some."""
    named = [*kept_days.carried(), *kept_days.WHOLE]
    assert sorted(named) == sorted(warehouse.public_models(MANIFEST))


def test_what_staging_reads_by_day_is_what_days_are_chosen_by():
    staging = (warehouse.PROJECT / "models" / "staging").rglob("*.sql")
    dated = {
        f"{found[1]}/{found[2]}": found[3]
        for file in staging
        for found in re.finditer(r"newest_versions\(source\('(\w+)', '(\w+)'\), '(\w+)'\)", file.read_text())
    }
    assert dated == touched_days.DATED
    assert {table: TABLES[table].date_column for table in dated} == dated


def test_journals_are_sought_as_far_as_they_look_back():
    """The rung, the links between days and the choice of days name one number."""
    looks_back = touched_days.DAYS_A_JOURNAL_LOOKS_BACK
    models = warehouse.PROJECT / "models"
    rung = (models / "matching" / "int_documents_covered_by_journal.sql").read_text()
    links = (models / "marts" / "linked_days.sql").read_text()
    assert f"sums.business_date + {looks_back}\n" in rung
    assert f"journals.document_date - {looks_back} and" in links


def test_beside_them_lie_the_landed_months_of_judged_days_and_what_the_tills_of_others_came_to(installation):
    installation.lands("pos/receipt_lines", 1, **line(900, 3))
    installation.lands("pos/receipt_lines", 1, **line(901, 3) | {"document_date": date(2011, 3, 3)})
    installation.lands("pos/receipt_lines", **line(902, 14))
    for number in DAYS:
        installation.publishes("till_closures", till_id="1", business_date=day(number), receipts=number)
    assert installation.chosen() == {day(14): "new_rows"}

    with duckdb.connect() as connection:
        judged_days.choose(
            connection, installation.landing, installation.published.newest(), installation.published.root,
            pass_number=2, rules=RULES, keep_from=1,
        )  # fmt: skip
        landed = connection.execute(
            "select receipt_no, pass_number from kept.landed_pos_receipt_lines order by all"
        ).fetchall()
        tills = connection.execute("select receipts from kept.till_closures order by all").fetchall()
    assert landed == [("900", 1), ("902", 2)]
    assert tills == [(number,) for number in DAYS if number != 14]
