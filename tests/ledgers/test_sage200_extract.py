"""Extraction lands what Sage holds: once, exactly, and again from where it was killed."""

import functools
import shutil
from collections import Counter
from datetime import date, datetime
from decimal import Decimal

import pytest
from fake_sage import FakeSage, client_of, settings_for

from orchestration.landing import Landing
from orchestration.ledgers import sage200_extract
from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.ledgers.sage200_arrow import UnreadableColumnError
from orchestration.ledgers.sage200_extract import extract
from orchestration.ledgers.sage200_sources import SPECS

SALES, BANK = "sales_posted_transactions", "bank_posted_transactions"
LINES = "nominal_transaction_enquiry_views"


class KilledError(BaseException):
    """The process is gone; nothing catches this."""


def sale(n, *, updated=None, gross="12.00"):
    gross = Decimal(gross)
    return {
        "id": n,
        "customer_id": 1,
        "trader_transaction_type": "TradingAccountEntryTypeInvoice",
        "reference": f"TP{n:018d}",
        "second_reference": None,
        "transaction_date": f"2011-02-{n:02d}T00:00:00",
        "posted_date": f"2011-03-01T10:00:{n:02d}.5Z",
        "document_goods_value": gross - 2,
        "document_tax_value": Decimal("2.00"),
        "document_gross_value": gross,
        "document_allocated_value": Decimal("0.00"),
        "document_outstanding_value": gross,
        "urn": 100 + n,
        "user_name": "CONNECTOR",
        "settled_immediately": False,
        "date_time_updated": updated or f"2011-03-01T10:00:{n:02d}.5Z",
        "tax_analysis_items": [{"id": 7, "code": 1, "goods_amount": float(gross - 2), "tax_amount": 2}],
    }


def bank_row(n):
    return {
        "id": n,
        "bank_id": 3,
        "bank_transaction_type": "Receipt",
        "reference": f"B{n}",
        "transaction_date": f"2011-02-{n:02d}T00:00:00",
        "posted_date": "2011-03-01T10:00:00",
        "cheque_value": Decimal("-5.10"),
        "source": "LedgerCashBook",
        "urn": 200 + n,
        "user_name": "A",
        "last_statement_date": None,
        "date_time_updated": f"2011-03-01T10:00:{n:02d}",
        "tax_analysis_items": None,
    }


def line(n, *, day=None, debit="0.10"):
    return {
        "id": n,
        "nominal_code_id": 1,
        "transaction_date": f"{day or f'2011-02-{n:02d}'}T00:00:00",
        "period_number": 2,
        "financial_year_start_date": "2011-01-01T00:00:00",
        "accounting_period_id": 14,
        "reference": f"TP{n:018d}",
        "narrative": "till",
        "debit": Decimal(debit),
        "credit": Decimal("0.00"),
        "user_name": "CONNECTOR",
        "source": "LedgerSales",
        "urn": 100 + n,
    }


def period(n, month):
    return {
        "accounting_period_id": n,
        "period_number": n,
        "financial_year_start_date": "2011-01-01T00:00:00",
        "period_start_date": f"{month}-01T00:00:00",
        "period_end_date": f"{month}-28T00:00:00",
    }


@pytest.fixture
def sage():
    return full_sage()


def full_sage():
    fake = FakeSage()
    fake.collections = {
        SALES: [sale(n) for n in range(1, 8)],
        "sales_historical_transactions": [sale(20, updated="2010-01-01T00:00:00Z")],
        BANK: [bank_row(n) for n in range(1, 6)],
        LINES: [line(n) for n in range(1, 10)],
        "nominal_codes": [
            {"id": 1, "reference": "4000", "name": "Sales", "allow_manual_journal_entries": True}
        ],
        "tax_codes": [{"id": 7, "code": 1, "name": "Standard", "tax_rate": Decimal("20.00")}],
        "banks": [{"id": 3, "code": "CASH01", "bank_account_nominal_reference": "1230"}],
        "product_groups": [{"id": 5, "code": "GIFT"}],
        "products": [{"id": 1, "code": "85123A", "product_group_id": 5}, {"id": 2, "code": "22423"}],
        "financial_year_period_views": [period(1, "2010-12"), period(2, "2011-02")],
    }
    return fake


@pytest.fixture(scope="session")
def empty_landing(tmp_path_factory):
    root = tmp_path_factory.mktemp("landing")
    Landing(root, "DGS").ensure(*SPECS.values())
    return root


@pytest.fixture
def landing(tmp_path, empty_landing):
    shutil.copytree(empty_landing, tmp_path / "landing")
    return Landing(tmp_path / "landing", "DGS", threads=1)


@pytest.fixture
def ledgers_only(monkeypatch):
    """Leaves out the reference data, which is read whole and has no page to be killed between."""
    leave_out_reference_data(monkeypatch)


def leave_out_reference_data(patch):
    patch.setattr(sage200_extract, "REFERENCE_DATA", ())
    for name in ("_products", "_periods", "_period_states"):
        patch.setattr(sage200_extract._Extraction, name, lambda *_: None)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(sage200_extract, "BATCH_ROWS", 5)


def extracted(sage, landing, folder, **more):
    """One extraction under the next pass number."""
    settings = settings_for(folder, page_size=2, id_overlap=0, overlap_minutes=0)
    with client_of(sage, folder, page_size=2) as client:
        return extract(client, landing, landing.next_pass(), settings, as_of=date(2011, 3, 1), **more)


@pytest.fixture
def take(sage, landing, tmp_path):
    return functools.partial(extracted, sage, landing, tmp_path)


@pytest.fixture(scope="module")
def taken_once(empty_landing, tmp_path_factory):
    """What one extraction of the Sage that every story begins with leaves: with reference data, and without."""
    folders = {}
    for name in ("whole", "ledgers_only"):
        folders[name] = tmp_path_factory.mktemp(name)
        shutil.copytree(empty_landing, folders[name] / "landing")
        with pytest.MonkeyPatch.context() as patch:
            if name == "ledgers_only":
                leave_out_reference_data(patch)
            extracted(full_sage(), Landing(folders[name] / "landing", "DGS", threads=1), folders[name])
    return folders


@pytest.fixture
def taken(request, taken_once, landing):
    """The landing begins as one extraction left it: the story is of the next."""
    name = "ledgers_only" if "ledgers_only" in request.fixturenames else "whole"
    shutil.copytree(taken_once[name] / "landing", landing.root, dirs_exist_ok=True)


def held(landing, table, *columns, **more):
    return [tuple(row.values()) for row in landing.newest(SPECS[table], columns, **more).to_pylist()]


def landed_times(landing, table, key="id"):
    """How often each row was landed, over all passes."""
    with landing.connect() as connection:
        paths = [str(found.path) for found in landing.files(f"sage200/{table}")]
        return Counter(
            row[0] for row in connection.execute(f"select {key} from read_parquet(?)", [paths]).fetchall()
        )


def test_every_table_is_landed_with_its_values_exact(sage, landing, take):
    report = take()
    assert sorted(held(landing, "sales_posted_transactions", "id", "is_historical")) == [
        *((n, False) for n in range(1, 8)),
        (20, True),
    ]
    [row] = landing.newest(SPECS["sales_posted_transactions"], where="id = 3").to_pylist()
    assert row["document_gross_value"] == Decimal("12.00")
    assert row["date_time_updated"] == datetime.fromisoformat("2011-03-01T10:00:03.500")
    assert (row["transaction_date"], row["document_date"]) == (date(2011, 2, 3), date(2011, 2, 3))
    assert (row["source_file"], row["source_row"]) == ("sage200/sales_posted_transactions", 3)
    assert held(
        landing, "sales_tax_items", "tax_code_id", "tax_code", "goods_amount", "item_no", where="urn = 103"
    ) == [(7, 1, Decimal("10.00"), 1)]
    assert held(landing, "bank_posted_transactions", "cheque_value", where="id = 1") == [(Decimal("-5.10"),)]
    assert held(landing, "banks", "code", "nominal_reference") == [("CASH01", "1230")]
    assert sorted(held(landing, "products", "code", "product_group")) == [("22423", None), ("85123A", "GIFT")]
    assert sorted(held(landing, "period_states", "accounting_period_id", "ledger_type", "period_state")) == [
        (1, "LedgerCashBook", "closed"),
        (1, "LedgerNominal", "closed"),
        (1, "LedgerSales", "closed"),
        (2, "LedgerCashBook", "open"),
        (2, "LedgerNominal", "open"),
        (2, "LedgerSales", "open"),
    ]
    assert held(landing, "bank_tax_items") == []
    assert report.tables["sage200/nominal_transactions"].rows == 9
    assert report.requests == sum(sage.requests.values())


@pytest.mark.usefixtures("taken")
def test_a_second_extraction_of_an_unchanged_sage_lands_nothing(landing, take):
    again = take()
    assert again.rows == 0
    assert landing.rows_landed(again.pass_number) == {}


@pytest.mark.usefixtures("ledgers_only")
def test_progress_is_told_as_rows_come(take):
    told = []
    take(progress=lambda table, rows: told.append((table, rows)))
    assert [rows for table, rows in told if table == "sage200/nominal_transactions"] == [2, 4, 6, 8, 9]


@pytest.mark.usefixtures("ledgers_only", "taken")
def test_what_changed_is_read_and_what_did_not_is_not(sage, landing, take):
    sage.collections[SALES][1] |= {
        "document_allocated_value": Decimal("12.00"),
        "date_time_updated": "2011-03-02T09:00:00Z",
    }
    sage.collections[SALES].append(sale(9, updated="2011-03-02T09:00:01Z"))
    sage.collections[LINES].append(line(12))
    sage.asked.clear()
    report = take()
    assert report.tables["sage200/sales_posted_transactions"].rows == 2
    assert report.tables["sage200/nominal_transactions"].rows == 1
    assert held(landing, "sales_posted_transactions", "document_allocated_value", where="id = 2") == [(12,)]
    assert sage.asked[0] == f"{LINES}?id gt 9"
    assert "sales_posted_transactions?date_time_updated ge 2011-03-01T10:00:07.500Z" in sage.asked


@pytest.mark.usefixtures("ledgers_only", "taken")
def test_an_archived_documents_old_stamp_does_not_hide_it(sage, landing, take):
    sage.collections["sales_historical_transactions"].append(sale(21, updated="2010-06-01T00:00:00Z"))
    take()
    assert (21, True) in held(landing, "sales_posted_transactions", "id", "is_historical")


@pytest.mark.usefixtures("ledgers_only", "taken")
def test_a_line_that_vanished_from_the_window_is_entombed_and_a_late_one_is_found(sage, landing, take):
    sage.collections[LINES] = [row for row in sage.collections[LINES] if row["id"] != 4]
    sage.collections[LINES][0]["period_number"] = 3  # moved to another period without a new id
    report = take().tables["sage200/nominal_transactions"]
    assert (report.tombstones, report.rows) == (1, 1)
    assert sorted(held(landing, "nominal_transactions", "id")) == [(n,) for n in (1, 2, 3, 5, 6, 7, 8, 9)]
    assert held(landing, "nominal_transactions", "period_number", where="id = 1") == [(3,)]


@pytest.mark.usefixtures("ledgers_only")
def test_lines_older_than_the_window_stay(sage, landing, take):
    sage.collections[LINES].append(line(10, day="2010-11-01"))
    take()
    sage.collections[LINES] = [row for row in sage.collections[LINES] if row["id"] != 10]
    assert take().tables["sage200/nominal_transactions"].tombstones == 0


@pytest.mark.usefixtures("ledgers_only", "taken")
def test_a_line_posted_while_the_window_is_read_waits_for_the_next_pass(sage, landing, take):
    def meanwhile(resource):
        if resource == LINES and len(sage.asked) == 1:
            sage.collections[LINES] += [line(11, day="2010-06-01"), line(12)]

    sage.asked.clear()
    sage.before_answer = meanwhile
    take()
    sage.before_answer = lambda _: None
    take()
    assert sorted(n for (n,) in held(landing, "nominal_transactions", "id"))[-2:] == [11, 12]


@pytest.mark.usefixtures("taken")
def test_reference_data_that_is_gone_is_entombed(sage, landing, take):
    sage.collections["products"].pop()
    assert take().tables["sage200/products"].tombstones == 1


@pytest.mark.usefixtures("taken")
@pytest.mark.parametrize("resource", ["nominal_codes", LINES])
def test_an_empty_answer_where_there_was_something_is_not_believed(sage, landing, take, resource):
    sage.collections[resource] = []
    with pytest.raises(LedgerUnavailableError, match="tunnel"):
        take()
    table = "nominal_transactions" if resource == LINES else resource
    assert held(landing, table, "id") != []


@pytest.mark.usefixtures("ledgers_only")
def test_a_value_the_column_cannot_hold_exactly_is_refused_by_name(sage, take):
    sage.collections[LINES][0]["debit"] = Decimal("0.105")
    sage.collections[LINES][0]["narrative"] = "x"
    with pytest.raises(UnreadableColumnError, match="debit"):
        take()


@pytest.mark.usefixtures("ledgers_only")
@pytest.mark.parametrize(("resource", "page"), [(LINES, 4), (BANK, 3), (SALES, 4)])
@pytest.mark.usefixtures("small_batches")
def test_killed_between_pages_it_loses_and_repeats_nothing(sage, landing, take, resource, page):
    pages = Counter()

    def power_cut(asked):
        pages[asked] += 1
        if asked == resource and pages[asked] == page:
            raise KilledError

    sage.before_answer = power_cut
    with pytest.raises(KilledError):
        take()
    sage.before_answer = lambda _: None
    take()
    assert landed_times(landing, "nominal_transactions") == Counter(range(1, 10))
    assert landed_times(landing, "sales_posted_transactions") == Counter([*range(1, 8), 20])
    assert landed_times(landing, "sales_tax_items", "transaction_id") == Counter([*range(1, 8), 20])
    assert landed_times(landing, "bank_posted_transactions") == Counter(range(1, 6))


@pytest.mark.usefixtures("ledgers_only")
@pytest.mark.parametrize("landing_call", [2, 3])
@pytest.mark.usefixtures("small_batches")
def test_killed_between_two_landings_no_document_is_left_without_its_tax_items(
    landing, take, monkeypatch, landing_call
):
    calls, land = Counter(), Landing.land

    def dying(self, spec, received, **more):
        if spec.name.startswith("sage200/sales_"):
            calls["land"] += 1
            if calls["land"] == landing_call:
                raise KilledError
        return land(self, spec, received, **more)

    monkeypatch.setattr(Landing, "land", dying)
    with pytest.raises(KilledError):
        take()
    monkeypatch.setattr(Landing, "land", land)
    take()
    assert landed_times(landing, "sales_posted_transactions") == Counter([*range(1, 8), 20])
    assert landed_times(landing, "sales_tax_items", "transaction_id") == Counter([*range(1, 8), 20])
