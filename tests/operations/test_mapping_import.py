"""Mappings are taken whole or not at all, and every refusal says where and why."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from mapping_folder import FILES, write_folder

from orchestration.operations import MappingsRefusedError, Operations
from orchestration.operations.mapping_columns import MAPPING_FILES, OUTSIDE_SCOPE
from orchestration.operations.mapping_import import read

MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"


def refusals(operations: Operations, folder: Path) -> list[str]:
    with pytest.raises(MappingsRefusedError) as refused:
        operations.import_mappings(folder, "Ann", "first import")
    return [str(error) for error in refused.value.errors]


def test_a_right_folder_is_taken_and_taking_it_again_changes_nothing(operations, tmp_path):
    folder = write_folder(tmp_path / "mappings")
    first = {done.table: done for done in operations.import_mappings(folder, "Ann", "first import")}
    assert (first["stores"].added, first["tax_mappings"].added) == (2, 2)
    logged = len(operations.audit_log("DGS"))
    again = operations.import_mappings(folder, "Ann", "again")
    assert all(done.added == done.changed == 0 for done in again)
    assert len(operations.audit_log("DGS")) == logged
    rates = operations.landed_tables()["tax_mappings"].column("required_rate").to_pylist()
    assert rates == [Decimal("17.500"), Decimal("20.000")]


CUSTOMERS = "company_id,customer_no,customer_reference,valid_from,valid_to\n"


@pytest.mark.parametrize(
    ("table", "text", "is_another"),
    [
        ("customer_mappings", f"{CUSTOMERS}DGS,7,ACME,2010-01-01,\n", True),
        ("tax_mappings", FILES["tax_mappings"].replace("DGS,S,1,20,", "DGS,S,7,20,"), True),
        ("cutovers", FILES["cutovers"].replace("2010-12-01", "2010-12-02"), False),
    ],
)
def test_what_makes_other_documents_begins_a_posting_run_anew(operations, tmp_path, table, text, is_another):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")
    before = operations.runs.mapping_change("DGS")
    operations.import_mappings(write_folder(tmp_path / "b", **{table: text}), "Ann", "another")
    assert (operations.runs.mapping_change("DGS") > before) is is_another


def test_a_changed_row_is_logged_with_what_it_was_and_who_changed_it(operations, tmp_path):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")
    changed = FILES["tax_mappings"].replace("DGS,S,1,20,", "DGS,S,7,20,")
    done = operations.import_mappings(
        write_folder(tmp_path / "b", tax_mappings=changed), "Bob", "code 7 is right"
    )
    assert [(one.table, one.changed) for one in done if one.changed] == [("tax_mappings", 1)]
    entry = operations.audit_log("DGS")[-1]
    assert (entry["author"], entry["action"], entry["reason"]) == ("Bob", "change mapping", "code 7 is right")
    assert '"tax_code": 1' in entry["before"] and '"tax_code": 7' in entry["after"]


@pytest.mark.parametrize(
    ("table", "right", "wrong", "expected"),
    [
        ("tax_mappings", "17.5", "17,5", "tax_mappings.csv row 2: has 7 cells, the heading has 6"),
        ("tax_mappings", "17.5", "x", "row 2, column required_rate: 'x' is not a percentage"),
        ("tax_mappings", "17.5", "nan", "row 2, column required_rate: 'nan' is not a percentage"),
        ("tax_mappings", "2011-01-04", "04/01/2011", "row 3, column valid_from: '04/01/2011' is not a date"),
        ("tax_mappings", "2011-01-04", "04/01/2011", "write 2011-01-04 if 4 January 2011 is meant"),
        ("tax_mappings", "2011-01-04", "01/13/2011", "'01/13/2011' is not a date written YYYY-MM-DD"),
        ("tax_mappings", "2011-01-04", "2011-02-30", "is not a day of the calendar"),
        ("tax_mappings", "2011-01-03", "2009-01-03", "row 2, column valid_to: is before valid_from"),
        ("tax_mappings", "2011-01-03", "2011-01-04", "row 3, column valid_from: 'S' would hold twice"),
        (
            "tax_mappings",
            "2011-01-03\nDGS,S",
            "2011-01-04\nDGS,s",
            "row 3, column valid_from: 'S' would hold twice",
        ),
        ("tax_mappings", "S,3,", "S,three,", "column tax_code: 'three' is not a whole number"),
        ("tax_mappings", "2011-01-04", "2010-01-01", "row 3: says again what row 2 says"),
        ("tax_mappings", "DGS,S,1", "DSG,S,1", "row 3, column company_id: 'DSG' is not in companies"),
        ("tax_mappings", "required_rate", "rate", "row 1: column 'required_rate' is missing"),
        ("stores", "Europe/London", "London", "row 2, column zone: 'London' is not a time zone"),
        ("stores", "TILL01", "TILLSTORE01", "'TILLSTORE01' has 11 characters, at most 8 fit"),
        (
            "stores",
            "DGS,S02,S02",
            "DGS,S02,S01",
            "row 3, column store_code: 'S01' is printed by the tills of store 'S01' too",
        ),
        ("stores", "DGS,S01,S01", "DGS,,S01", "row 2, column store_id: is empty"),
        ("writers_of_record", "tillproof", "us", "'us' is not one of connector, tillproof, observe"),
        ("writers_of_record", "S02", "S09", "row 3, column store_id: 'S09' is not in stores"),
        ("connector_patterns", "(?:-([0-9]+))?", "", "has 2 groups, needs three"),
        ("connector_patterns", "^POS", "^(POS", "is not a regular expression"),
        ("connector_patterns", "DAY-(S[0-9]{2})", "DAY-S01", "has 2 groups, needs three: store, date, till"),
        ("companies", "original_date", "later", "'later' is not one of original_date, hold"),
        (
            "companies",
            "original_date",
            "today",
            "column late_policy: 'today' is refused, for it would move the sale's tax point",
        ),
        ("companies", "sage200", "sage100", "'sage100' is not one of sage200, sage50"),
    ],
)
def test_what_is_wrong_is_named_by_file_row_column_and_reason(
    operations, tmp_path, *, table, right, wrong, expected
):
    folder = write_folder(tmp_path / "mappings", **{table: FILES[table].replace(right, wrong, 1)})
    assert any(expected in line for line in refusals(operations, folder)), refusals(operations, folder)
    assert operations.landed_tables()["stores"].num_rows == 0, "one error and nothing is taken"
    assert operations.audit_log("DGS") == []


def test_a_column_that_nothing_reads_is_told_and_not_kept(operations, tmp_path):
    old = (
        FILES["companies"]
        .replace("grace_hours,", "grace_hours,rounding_nominal_code,")
        .replace(",24,", ",24,4999,")
    )
    given = read(write_folder(tmp_path / "mappings", companies=old))
    assert [str(note).split(":")[0] for note in given.notes] == [
        "companies.csv row 1, column rounding_nominal_code"
    ]
    changes = operations.take_mappings(given, "Ann", "first import")
    kept = next(change.after for change in changes if change.table == "companies")
    assert kept["suspense_nominal_code"] == "9998"
    assert "rounding_nominal_code" not in kept


def stores_with_policies(*policies: str) -> str:
    """The stores, each with the three columns of how its tills round."""
    heading, *rows = FILES["stores"].splitlines()
    heading += ",tax_basis,tax_rounding,price_basis"
    return "\n".join([heading, *(f"{row},{policy}" for row, policy in zip(rows, policies, strict=True)), ""])


def test_a_store_declares_how_its_tills_round_and_silence_declares_nothing(operations, tmp_path):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")
    stores = operations.landed_tables()["stores"].to_pylist()
    assert {(row["tax_basis"], row["tax_rounding"], row["price_basis"]) for row in stores} == {
        ("given", "half_up", "net")
    }
    declared = stores_with_policies("line,half_even,gross", ",,")
    operations.import_mappings(write_folder(tmp_path / "b", stores=declared), "Ann", "declared")
    operations.import_mappings(write_folder(tmp_path / "c"), "Ann", "the columns left out again")
    stores = {row["store_id"]: row for row in operations.landed_tables()["stores"].to_pylist()}
    assert (stores["S01"]["tax_basis"], stores["S01"]["tax_rounding"]) == ("line", "half_even")
    assert (stores["S02"]["tax_basis"], stores["S02"]["price_basis"]) == ("given", "net")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("month,,", "column tax_basis: 'month' is not one of given, line, receipt, store_day"),
        ("line,down,", "column tax_rounding: 'down' is not one of half_up, half_even, truncate"),
        ("line,,vat", "column price_basis: 'vat' is not one of net, gross, gross_net_first"),
    ],
)
def test_a_rounding_nobody_knows_is_refused(operations, tmp_path, policy, expected):
    folder = write_folder(tmp_path / "mappings", stores=stores_with_policies(policy, ",,"))
    assert any(expected in line for line in refusals(operations, folder)), refusals(operations, folder)


def test_only_a_tender_that_goes_on_account_has_no_bank(operations, tmp_path):
    heading = "company_id,tender_type,store_id,bank_code,settlement,valid_from,valid_to\n"
    right = f"{heading}DGS,ACCOUNT,*,,account,2010-01-01,\nDGS,CASH,*,CASH01,,2010-01-01,\n"
    operations.import_mappings(write_folder(tmp_path / "a", tender_mappings=right), "Ann", "first import")
    landed = operations.landed_tables()["tender_mappings"].to_pylist()
    assert [(row["tender_type"], row["settlement"]) for row in landed] == [
        ("ACCOUNT", "account"),
        ("CASH", "bank"),
    ]
    wrong = right.replace(",account,", ",,")
    folder = write_folder(tmp_path / "b", tender_mappings=wrong)
    assert any("bank_code: is empty" in line for line in refusals(operations, folder))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (",nominal,,S", "column category: is empty, and settlement nominal gives back what was sold"),
        (
            ",nominal,voucher,",
            "column till_tax_code: is empty, and VAT was due on 'voucher' when it was sold",
        ),
        (",nominal,gift_card,S", "column till_tax_code: is given, and no VAT was due on 'gift_card'"),
        (
            "VOU01,nominal,voucher,S",
            "column bank_code: is given, and settlement nominal goes through no bank",
        ),
        ("VOU01,bank,voucher,", "column category: is given, and only settlement nominal has one"),
        (",account,,S", "column till_tax_code: is given, and only settlement nominal has one"),
    ],
)
def test_a_tender_that_is_no_bank_says_what_it_gives_back(operations, tmp_path, cells, expected):
    heading = (
        "company_id,tender_type,store_id,bank_code,settlement,category,till_tax_code,valid_from,valid_to\n"
    )
    folder = write_folder(tmp_path / "a", tender_mappings=f"{heading}DGS,SPV,*,{cells},2010-01-01,\n")
    assert any(expected in line for line in refusals(operations, folder)), refusals(operations, folder)
    right = f"{heading}DGS,SPV,*,,nominal,voucher,S,2010-01-01,\nDGS,GIFT,*,,nominal,gift_card,,2010-01-01,\n"
    operations.import_mappings(write_folder(tmp_path / "b", tender_mappings=right), "Ann", "first import")
    landed = operations.landed_tables()["tender_mappings"].to_pylist()
    assert [(row["category"], row["till_tax_code"]) for row in landed] == [
        ("gift_card", ""),
        ("voucher", "S"),
    ]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            "sku_mappings",
            "company_id,sku,category,valid_from,valid_to\nDGS,OVER,Cash_Over_Short,2010-01-01,\n",
        ),
        (
            "tender_mappings",
            "company_id,tender_type,store_id,bank_code,settlement,category,till_tax_code,valid_from,valid_to\n"
            "DGS,OVER,*,,nominal,cash_over_short,S,2010-01-01,\n",
        ),
    ],
)
def test_only_a_closure_is_over_or_short_and_no_sku_or_tender(operations, tmp_path, table, text):
    folder = write_folder(tmp_path / "mappings", **{table: text})
    told = "row 2, column category: is cash_over_short, which only closures have: map its account"
    assert any(told in line for line in refusals(operations, folder)), refusals(operations, folder)


def test_what_is_outside_the_scope_is_the_same_for_an_import_and_for_the_models():
    macro = (MODELS.parent / "macros" / "categories.sql").read_text(encoding="utf-8")
    listed = re.search(r"macro is_outside_scope.*? in \(([^)]*)\)", macro, re.DOTALL)
    assert listed and tuple(re.findall(r"'(\w+)'", listed[1])) == OUTSIDE_SCOPE


GRAINS = "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"


@pytest.mark.parametrize(
    ("row", "kind", "expected"),
    [
        ("store_day,takings_clearing,CLEAR01", "sage200", ""),
        ("store_day,,", "sage50", ""),
        (
            "store_day,takings_clearing,",
            "sage200",
            "column clearing_bank_code: is empty, and takings_clearing",
        ),
        ("receipt,takings_clearing,CLEAR01", "sage200", "column recipe: 'takings_clearing' is of a day"),
        ("store_day,till_customer,CLEAR01", "sage200", "only takings_clearing has a clearing bank"),
        ("store_day,journal,", "sage200", "'journal' is not one of till_customer, takings_clearing"),
        (
            "store_day,takings_clearing,CLEAR01",
            "sage50",
            "column recipe: 'takings_clearing' needs bank transfers",
        ),
    ],
)
def test_takings_are_cleared_through_a_bank_that_is_named(operations, tmp_path, row, kind, expected):
    companies = FILES["companies"].replace("sage200", kind)
    grains = f"{GRAINS}DGS,S01,{row},2010-01-01,\n"
    folder = write_folder(tmp_path / "mappings", companies=companies, store_grains=grains)
    if expected:
        assert any(expected in line for line in refusals(operations, folder)), refusals(operations, folder)
    else:
        operations.import_mappings(folder, "Ann", "first import")
        (kept,) = operations.landed_tables()["store_grains"].to_pylist()
        assert [kept["grain"], kept["recipe"] + "," + kept["clearing_bank_code"]] == [
            "store_day",
            row.removeprefix("store_day,") if "CLEAR" in row else "till_customer,",
        ]


def test_every_setting_that_is_kept_is_read_by_something_beyond_the_door():
    """A setting that is accepted and ignored is a defect: each column is named by a model or refused at the door."""
    models = " ".join(
        path.read_text("utf-8")
        for path in MODELS.rglob("*.sql")
        if "staging/operations" not in path.relative_to(MODELS).as_posix()
    )
    decides_what_is_received = {"ledger_kind"}
    for_people = {("companies", "name"), ("stores", "name")}
    shared = {"company_id", "valid_from", "valid_to"}
    for file in MAPPING_FILES:
        for column in set(file.readers) - shared - decides_what_is_received:
            if (file.name, column) not in for_people:
                assert re.search(rf"\b{column}(_thousandths)?\b", models), (
                    f"{file.name}.{column} is read by no model"
                )


def test_an_optional_column_that_a_file_leaves_out_stays_as_it_was_and_empties_where_it_is_empty(
    operations, tmp_path
):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")

    def day_pattern() -> str | None:
        return operations.landed_tables()["connector_patterns"]["day_pattern"].to_pylist()[0]

    said = day_pattern()
    assert said is not None
    older = "company_id,connector,pattern,retry_window_hours\nDGS,CONNECTOR,^POS-(S01)-([0-9]+)()$,6\n"
    operations.import_mappings(write_folder(tmp_path / "b", connector_patterns=older), "Ann", "other pattern")
    assert day_pattern() == said
    none = "company_id,connector,pattern,retry_window_hours,day_pattern\nDGS,CONNECTOR,^POS-(S01)-([0-9]+)()$,6,\n"
    operations.import_mappings(write_folder(tmp_path / "c", connector_patterns=none), "Ann", "no days")
    assert day_pattern() is None


def test_a_dry_run_says_what_each_row_would_do_and_writes_nothing(operations, tmp_path):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")
    logged = len(operations.audit_log("DGS"))
    changed = FILES["tax_mappings"].replace("S,1,20,2011-01-04,", "S,1,20,2011-01-04,2011-06-30")
    changed = changed.replace("S,3,", "S,4,") + "DGS,Z,2,0,2010-01-01,\n"
    given = read(write_folder(tmp_path / "b", tax_mappings=changed) / "tax_mappings.csv")
    changes, errors = operations.compare_mappings(given)
    assert errors == []
    assert [(change.line, change.kind) for change in changes] == [(2, "changed"), (3, "ended"), (4, "added")]
    assert len(operations.audit_log("DGS")) == logged
    assert operations.compare_mappings(given) == (changes, [])
    operations.take_mappings(given, "Bob", "new codes")
    assert [row["action"] for row in operations.audit_log("DGS")[logged:]] == [
        "change mapping",
        "end mapping",
        "add mapping",
    ]
    assert {change.kind for change in operations.compare_mappings(given)[0]} == {"unchanged"}


def test_a_row_that_is_extended_is_changed_not_ended(operations, tmp_path):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")
    longer = FILES["writers_of_record"].replace("2011-02-28", "2011-03-31")
    changes, _ = operations.compare_mappings(read(write_folder(tmp_path / "b", writers_of_record=longer)))
    assert [change.kind for change in changes if change.kind != "unchanged"] == ["changed"]


def test_what_a_broken_file_would_hold_is_not_guessed(operations, tmp_path):
    """One bad date in stores.csv is one error, not one for every row that names the store."""
    folder = write_folder(tmp_path / "a", stores=FILES["stores"].replace("2010-01-01,", "soon,", 1))
    _, errors = operations.compare_mappings(read(folder))
    assert [str(error)[:24] for error in errors] == ["stores.csv row 2, column"]


def test_what_is_exported_is_imported_without_a_change(operations, tmp_path):
    evil = (
        FILES["stores"]
        .replace("High Street", '"=HYPERLINK(""x"",""y"")"')
        .replace("Station", '"\'=plain, text"')
    )
    operations.import_mappings(write_folder(tmp_path / "a", stores=evil), "Ann", "first import")
    written = operations.export_mappings(tmp_path / "out")
    assert written["stores"] == 2 and written["sku_mappings"] == 0
    text = (tmp_path / "out" / "stores.csv").read_text("utf-8-sig")
    assert ",=" not in text and '"=' not in text, "no cell of the export runs"
    changes, errors = operations.compare_mappings(read(tmp_path / "out"))
    assert errors == []
    assert len(changes) == sum(written.values())
    assert {change.kind for change in changes} == {"unchanged"}


def test_every_error_of_every_file_is_told_at_once(operations, tmp_path):
    folder = write_folder(
        tmp_path / "mappings",
        tax_mappings=FILES["tax_mappings"].replace("17.5", "x").replace(",20,", ",y,"),
        cutovers="company_id,store_id,cutover_date\nDGS,*,soon\n",
    )
    assert len(refusals(operations, folder)) == 3


def test_a_file_nobody_reads_is_not_passed_over_in_silence(operations, tmp_path):
    folder = write_folder(tmp_path / "mappings")
    (folder / "tax_mapping.csv").write_text("company_id\n", encoding="utf-8")
    assert any("tax_mapping.csv" in line for line in refusals(operations, folder))


def test_a_latin1_file_is_refused_by_name(operations, tmp_path):
    folder = write_folder(tmp_path / "mappings")
    (folder / "stores.csv").write_bytes(FILES["stores"].replace("Station", "Café").encode("latin-1"))
    assert any("stores.csv" in line and "UTF-8" in line for line in refusals(operations, folder))


def test_no_file_can_turn_posting_on(operations, tmp_path):
    turned_on = "".join(
        line + end
        for line, end in zip(FILES["companies"].splitlines(), (",posting_enabled\n", ",true\n"), strict=True)
    )
    folder = write_folder(tmp_path / "mappings", companies=turned_on)
    assert any("its own command" in line for line in refusals(operations, folder))
    off = turned_on.replace(",true", ",false")
    operations.import_mappings(write_folder(tmp_path / "off", companies=off), "Ann", "first import")
    operations.enable_posting("DGS", "Fay", "go live")
    renamed = off.replace("Demo Gift Stores", "Gift Stores")
    operations.import_mappings(write_folder(tmp_path / "off", companies=renamed), "Ann", "new name")
    assert operations.is_posting_enabled("DGS"), "and none turns it off by being imported again"


def test_sales_as_orders_are_of_sage_200_and_unless_said_a_sale_is_an_invoice(operations, tmp_path):
    operations.import_mappings(write_folder(tmp_path / "a"), "Ann", "first import")
    tables = operations.landed_tables()
    assert tables["companies"].column("sales_posted_as").to_pylist() == ["invoice"]
    assert set(tables["stores"].column("warehouse").to_pylist()) == {""}
    heading, row = FILES["companies"].splitlines()
    ordering = f"{heading},sales_posted_as\n{row},order\n"
    operations.import_mappings(write_folder(tmp_path / "b", companies=ordering), "Ann", "stock is in Sage")
    assert operations.landed_tables()["companies"].column("sales_posted_as").to_pylist() == ["order"]
    on_50 = ordering.replace("sage200", "sage50")
    assert refusals(operations, write_folder(tmp_path / "c", companies=on_50)) == [
        "companies.csv row 2, column sales_posted_as: is order, and Sage 50 imports no sales order: leave it invoice"
    ]
    other = ordering.replace(",order\n", ",orders\n")
    assert refusals(operations, write_folder(tmp_path / "d", companies=other)) == [
        "companies.csv row 2, column sales_posted_as: 'orders' is not one of invoice, order"
    ]
