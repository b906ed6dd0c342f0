"""What a pass over many till lines costs, from files to published, beside one bare outer join of the same documents.

    python benchmarks/reconciliation.py [--lines 1000000] [--memory-limit 2GB] [--keep-warehouse]
        [--folder FOLDER]

Makes its own company in a temporary folder: till exports of two stores, five lines a receipt, and a ledger that holds
them, less one receipt in 500 and with one in 700 at another amount. A day has as many lines whatever there are in all:
a million are eight months, ten million six and a half years. The ledger is landed from
Parquet files, for reading Sage over HTTP is another measurement (`sandbox_reads.py`). Three passes are timed:

1. everything is new: till files are read, ledger rows landed, all models built, gated and published;
2. one store sends one more receipt: the days that it may touch are judged, all others kept;
3. nothing is new.

The last two run in a process of their own each, as `tillproof run` does, and its start is timed with them.

What was found is compared with what was planted, and the exit code is 1 where they differ. Prints one line a figure.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from orchestration import passes  # noqa: E402
from orchestration.landing_tables import TABLES  # noqa: E402
from orchestration.operations import Operations  # noqa: E402
from orchestration.publishing import Publications  # noqa: E402
from orchestration.receiving import receive  # noqa: E402
from orchestration.run_pass import load_graph, prepare_home, step_seconds  # noqa: E402
from orchestration.settings import MEMORY_LIMIT, load  # noqa: E402
from orchestration.warehouse import Warehouse  # noqa: E402

COMPANY = "DGS"
FIRST_DAY = date(2011, 1, 4)  # the day on which the VAT of the mappings became 20 %
DAYS_OF_A_MILLION = 239
SEED = ROOT / "sandbox" / "seed"
MAPPINGS = ROOT / "sandbox" / "scenario" / "mappings"
LINES_A_RECEIPT = 5
MISSING_ONE_IN, DRIFTED_ONE_IN = 500, 700

RECEIPTS = """
create table receipts as
select
    i,
    'S0' || (i % 2 + 1) as store_id,
    i // 2 % 2 + 1 as till,
    cast(600000 + i as varchar) as receipt_no,
    date '{first_day}' + cast(i * {days} // {receipts} as integer) as sold_on,
    timestamp '{first_day} 09:00:00' + to_days(cast(i * {days} // {receipts} as integer))
        + to_seconds(cast(hash(i) % 28000 as integer)) as sold_at,
    case when hash(i, 2) % 3 = 0 then 'CASH' else 'CARD' end as tender
from range({receipts}) as made(i)
"""
LINES = """
create table lines as
with drawn as (
    select i, j, hash(i, j, 1) % 4000 as sku, 1 + hash(i, j, 2) % 5 as quantity, 50 + hash(i, j, 3) % 2000 as unit_pence
    from receipts cross join range({lines_a_receipt}) as made(j)
)
select
    i, j, 'B' || lpad(cast(sku as varchar), 5, '0') as sku, cast(quantity as bigint) as quantity,
    cast(unit_pence as bigint) as unit_pence, cast(quantity * unit_pence as bigint) as net_pence,
    sku % 10 = 0 as is_zero_rated,
    cast(case when sku % 10 = 0 then 0 else (quantity * unit_pence * 2 + 5) // 10 end as bigint) as tax_pence
from drawn
"""
EXPORT_LINES = """
select store_id as "Store", till as "Till", receipt_no as "ReceiptNo", 'SALE' as "Kind",
    strftime(sold_at, '%Y-%m-%d %H:%M:%S') as "SoldAt", sku as "SKU", 'ARTICLE ' || sku as "Description",
    quantity as "Qty",
    printf('%d.%02d0', unit_pence // 100, unit_pence % 100) as "UnitPrice",
    printf('%d.%02d', net_pence // 100, net_pence % 100) as "Net",
    case when is_zero_rated then 'Z' else 'S' end as "TaxCode",
    case when is_zero_rated then '0.0' else '20.0' end as "TaxRate",
    printf('%d.%02d', tax_pence // 100, tax_pence % 100) as "Tax",
    printf('%d.%02d', (net_pence + tax_pence) // 100, (net_pence + tax_pence) % 100) as "Gross", '' as "Customer",
    'United Kingdom' as "Destination"
from lines inner join receipts using (i)
where store_id = '{store}' and date_trunc('month', sold_on) = date '{month}' order by i, j
"""
EXPORT_TENDERS = """
select store_id as "Store", till as "Till", receipt_no as "ReceiptNo", 1 as "TenderNo",
    strftime(sold_at, '%Y-%m-%d %H:%M:%S') as "TakenAt", tender as "Tender",
    printf('%d.%02d', gross_pence // 100, gross_pence % 100) as "Amount"
from receipts inner join totals using (i)
where store_id = '{store}' and date_trunc('month', sold_on) = date '{month}' order by i
"""
TOTALS = """
create table totals as
select i, cast(sum(net_pence) as bigint) as net_pence, cast(sum(tax_pence) as bigint) as tax_pence,
    cast(sum(net_pence + tax_pence) as bigint) as gross_pence,
    cast(coalesce(sum(net_pence) filter (where is_zero_rated), 0) as bigint) as zero_rated_pence
from lines group by i
"""
DOCUMENTS = """
create table documents as
with held as (
    select receipts.*, totals.* exclude (i), i % {drifted_one_in} = 7 as is_drifted,
        case when i % {drifted_one_in} = 7 then 100 else 0 end as off_pence
    from receipts inner join totals using (i) where i % {missing_one_in} <> 3
),
of_both_kinds as (
    select *, 'invoice' as kind, 'POS-' || store_id || '-' || receipt_no as reference, net_pence + off_pence as goods,
        tax_pence as tax from held
    union all
    select *, 'receipt', 'POS-' || store_id || '-' || receipt_no || '-1', gross_pence, 0 from held
)
select *, cast(row_number() over (order by i, kind) as bigint) as urn, sold_on + interval 26 hours as posted_at
from of_both_kinds
"""
LEDGER = {
    "sage200/sales_posted_transactions": """
        select urn as id, customers.id as customer_id,
            case kind when 'invoice' then 'TradingAccountEntryTypeInvoice'
                else 'TradingAccountEntryTypePurchasePaymentSalesReceipt' end as trader_transaction_type,
            documents.reference, 'TILL ' || till as second_reference, sold_on as transaction_date,
            posted_at as posted_date,
            case kind when 'invoice' then pounds(goods) else -pounds(goods) end as document_goods_value,
            pounds(tax) as document_tax_value,
            case kind when 'invoice' then pounds(goods + tax) else -pounds(goods) end as document_gross_value,
            pounds(0) as document_allocated_value,
            case kind when 'invoice' then pounds(goods + tax) else -pounds(goods) end as document_outstanding_value,
            urn, 'CONNECTOR' as user_name, false as settled_immediately, posted_at as date_time_updated,
            false as is_historical
        from documents inner join customers on customers.reference = 'TILL0' || right(store_id, 1)""",
    "sage200/sales_tax_items": """
        select urn, urn as transaction_id, cast(null as bigint) as tax_code_id, code as tax_code,
            pounds(net) as goods_amount,
            pounds(tax_of_code) as tax_amount,
            cast(row_number() over (partition by urn order by code) as integer) as item_no,
            sold_on as transaction_date
        from (
            select urn, sold_on, 1 as code, net_pence + off_pence - zero_rated_pence as net, tax_pence as tax_of_code
            from documents where kind = 'invoice'
            union all
            select urn, sold_on, 2, zero_rated_pence, 0 from documents where kind = 'invoice' and zero_rated_pence <> 0
        )""",
    "sage200/bank_posted_transactions": """
        select urn as id, banks.id as bank_id, 'BankAccountEntryTypeReceipt' as bank_transaction_type,
            'SR / TILL0' || right(store_id, 1) as entry_description, documents.reference,
            'TILL ' || till as second_reference,
            sold_on as transaction_date, posted_at as posted_date, pounds(goods) as cheque_value,
            'LedgerSales' as source,
            urn, 'CONNECTOR' as user_name, cast(null as date) as last_statement_date, posted_at as date_time_updated
        from documents inner join banks on banks.code = tender || '0' || right(store_id, 1) where kind = 'receipt'""",
    "sage200/nominal_transactions": """
        with legs as (
            select *, '1100' as account, '' as centre, goods + tax as debit, 0 as credit, 1 as leg
            from documents where kind = 'invoice'
            union all
            select *, '4000', store_id, 0, goods, 2 from documents where kind = 'invoice'
            union all
            select *, '2200', '', 0, tax, 3 from documents where kind = 'invoice'
            union all
            select *, case tender when 'CASH' then '1230' else '1240' end, store_id, goods, 0, 4
            from documents where kind = 'receipt'
            union all
            select *, '1100', '', 0, goods, 5 from documents where kind = 'receipt'
        )
        select urn * 10 + leg as id, nominal_codes.id as nominal_code_id, sold_on as transaction_date,
            periods.period_number, periods.financial_year_start_date, periods.accounting_period_id, legs.reference,
            'Till sales' as narrative, pounds(debit) as debit, pounds(credit) as credit, 'CONNECTOR' as user_name,
            'LedgerSales' as source, urn
        from legs
        inner join nominal_codes
            on nominal_codes.reference = account and cost_centre_code = centre and department_code = ''
        inner join periods on sold_on between period_start_date and period_end_date""",
}
MASTERS = {
    "sage200/nominal_codes": """
        select row_number() over () + 3000 as id, reference, name, coalesce(cost_centre, '') as cost_centre_code,
            coalesce(department, '') as department_code, nominal_account_type, account_status_type,
            true as allow_manual_journal_entries
        from read_csv('{seed}/nominal_codes.csv', all_varchar = true)""",
    "sage200/tax_codes": """
        select row_number() over () + 1700 as id, cast(code as integer) as code, name,
            cast(tax_rate as decimal(6, 2)) as tax_rate
        from read_csv('{seed}/tax_codes.csv', all_varchar = true)""",
    "sage200/customers": """
        select row_number() over () + 27000 as id, reference, name, false as on_hold, account_status_type,
            cast(0 as decimal(18, 2)) as balance
        from read_csv('{seed}/customers.csv', all_varchar = true)""",
    "sage200/banks": """
        select row_number() over () + 500 as id, code, description, 'AccountStatusActive' as account_status_type,
            nominal_reference, coalesce(nominal_cost_centre, '') as nominal_cost_centre,
            coalesce(nominal_department, '') as nominal_department
        from read_csv('{seed}/banks.csv', all_varchar = true)""",
    "sage200/products": """
        select i + 50000 as id, 'B' || lpad(cast(i as varchar), 5, '0') as code, 'ARTICLE' as name,
            'GIFT' as product_group,
            cast(null as bigint) as tax_code_id, 'Active' as product_status_type
        from range(4000) as made(i)""",
    "sage200/periods": """
        select row_number() over (order by month) + 600 as accounting_period_id,
            cast(month(month) as integer) as period_number,
            cast(date_trunc('year', month) as date) as financial_year_start_date,
            cast(month as date) as period_start_date, last_day(month) as period_end_date
        from (
            select unnest(generate_series(
                date_trunc('month', min(sold_on)), max(sold_on) + interval 1 month, interval 1 month
            )) as month
            from receipts
        )""",
    "sage200/period_states": """
        select accounting_period_id, ledger_type, 'Acceptable' as classification, '' as message, 'open' as period_state
        from periods
        cross join (values ('LedgerSales'), ('LedgerNominal'), ('LedgerCashBook')) as ledgers(ledger_type)""",
    "sage200/control_nominal_codes": """
        select row_number() over () + 70 as id, name, account_number, control_nominal_code_type
        from read_csv('{seed}/control_nominal_codes.csv', all_varchar = true)""",
}
BARE_JOIN = """
    with expected as (
        select expected_gross_pence, 'POS-' || store_id || '-' || receipt_no
            || case document_kind when 'receipt' then '-1' else '' end as reference
        from marts.document_verdicts where posting_key is not null
    )
    select count(*), sum(coalesce(expected.expected_gross_pence, 0) - coalesce(ledger.gross_pence, 0))
    from expected full outer join matching.int_ledger_documents_read as ledger using (reference)
"""


def days_of(lines: int) -> int:
    return max(1, lines * DAYS_OF_A_MILLION // 1_000_000)


def write_world(folder: Path, lines: int) -> None:
    """Till files under `home/inbox`, ledger rows as Parquet under `ledger`. Nothing here is timed."""
    receipts = lines // LINES_A_RECEIPT
    with duckdb.connect(str(folder / "world.duckdb")) as connection:
        connection.execute(
            "create macro pounds(pence) as cast(pence * cast(0.01 as decimal(3, 2)) as decimal(18, 2))"
        )
        connection.execute(
            RECEIPTS.format(receipts=receipts, days=days_of(lines), first_day=FIRST_DAY.isoformat())
        )
        connection.execute(LINES.format(lines_a_receipt=LINES_A_RECEIPT))
        connection.execute(TOTALS)
        connection.execute(DOCUMENTS.format(missing_one_in=MISSING_ONE_IN, drifted_one_in=DRIFTED_ONE_IN))
        months = connection.execute(
            "select distinct strftime(sold_on, '%Y-%m') from receipts order by all"
        ).fetchall()
        for store in (f"S0{number}" for number in (1, 2)):
            inbox = folder / "home" / "inbox" / store
            inbox.mkdir(parents=True)
            for (month,) in months:
                for name, query in (("sales", EXPORT_LINES), ("tenders", EXPORT_TENDERS)):
                    chosen = query.format(store=store, month=f"{month}-01")
                    connection.execute(f"copy ({chosen}) to '{inbox}/{name}_{month}.csv' (header)")
        (folder / "ledger").mkdir()
        for name, query in (MASTERS | LEDGER).items():
            table = name.split("/")[1]
            connection.execute(f"create table {table} as {query.format(seed=SEED)}")
            connection.execute(
                f"""copy (select *, row_number() over () as source_row from {table})
                    to '{folder}/ledger/{table}.parquet' (format parquet)"""
            )


def land_ledger(current: passes.Pass, folder: Path) -> None:
    """Land Sage's side from its files."""
    with current.landing.connect() as connection:
        for name in MASTERS | LEDGER:
            relation = connection.sql(
                f"""select *, 'sage' as delivery_id, '{name}' as source_file
                    from read_parquet('{folder}/ledger/{name.split("/")[1]}.parquet')"""
            )
            current.landing.land(
                TABLES[name], relation, pass_number=current.pass_number, connection=connection
            )


def one_pass(home: Path, warehouse: Warehouse, ledger: Path | None) -> dict[str, float]:
    """One pass without reading Sage, its warehouse still held: seconds by what took them, in order."""
    taken: dict[str, float] = {}
    begun = time.monotonic()

    def lap(name: str) -> None:
        nonlocal begun
        taken[name] = time.monotonic() - begun
        begun = time.monotonic()

    with passes.begin(load(home)) as current:
        receive(current, read_ledger=lambda _: ledger and land_ledger(current, ledger))
        lap("till files, ledger files, decisions")
        if passes.settle(current) is None:
            return taken
        from orchestration.defs.resources import resources

        defs = load_graph()
        lap("loading the graph")
        result = defs.resolve_job_def("judge").execute_in_process(
            instance=dg.DagsterInstance.get(),
            resources={**resources(home), "current": current, "warehouse": warehouse},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        steps = step_seconds(result)
        taken |= steps
        taken["Dagster beside its steps"] = time.monotonic() - begun - sum(steps.values())
        matching = [
            event.step_materialization_data.materialization.metadata["seconds"].value
            for event in result.all_events
            if event.is_step_materialization and event.asset_key.path[0] == "matching"
        ]
        taken["(of which matching models, summed)"] = sum(matching)
    return taken


def pass_of_its_own(home: Path) -> dict[str, float]:
    """One pass over what is in the inbox, in a process of its own: as `one_pass`, and what starting takes."""
    begun = time.monotonic()
    told = subprocess.run(
        [sys.executable, __file__, "--one-pass", str(home)], check=True, capture_output=True, text=True
    )
    taken: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    timed = sum(seconds for name, seconds in taken.items() if not name.startswith("("))
    return {"starting, and ending": time.monotonic() - begun - timed, **taken}


def show(title: str, taken: dict[str, float]) -> None:
    whole = sum(seconds for name, seconds in taken.items() if not name.startswith("("))
    print(f"{title}: {whole:.1f} s")
    for name, seconds in taken.items():
        print(f"    {name:<58} {seconds:7.2f} s")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument(
        "--memory-limit", default=MEMORY_LIMIT, help="the setting memory_limit of the company"
    )
    parser.add_argument(
        "--keep-warehouse", action="store_true", help="the setting keep_warehouse of the company"
    )
    parser.add_argument("--folder", type=Path, default=None, help="kept afterwards; must not exist")
    parser.add_argument("--one-pass", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_pass is not None:
        prepare_home(options.one_pass)
        warehouse = Warehouse.of(load(options.one_pass))
        print(json.dumps(one_pass(options.one_pass, warehouse, None)))
        warehouse.let_go()
        return 0
    folder = options.folder or Path(tempfile.mkdtemp(prefix="tillproof-benchmark-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return measure(folder.resolve(), options.lines, options.memory_limit, options.keep_warehouse)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)


def measure(folder: Path, lines: int, memory_limit: str, keep_warehouse: bool) -> int:
    home = folder / "home"
    home.mkdir()
    last_day = FIRST_DAY + timedelta(days=days_of(lines) - 1)
    (home / "tillproof.toml").write_text(
        f'company_id = "{COMPANY}"\nas_of = {last_day}T23:00:00Z\nmemory_limit = "{memory_limit}"\n'
        f"keep_warehouse = {str(keep_warehouse).lower()}\n"
    )
    write_world(folder, lines)
    for file in (home / "inbox").rglob("*.csv"):
        os.utime(file, (time.time() - 3600,) * 2)  # a file that was written just now may not be whole
    prepare_home(home)
    with Operations.open(load(home).operations) as operations:
        operations.import_mappings(MAPPINGS, "benchmark", "opening mappings")

    warehouse = Warehouse.of(load(home))
    show(f"everything is new, {lines:,} till lines", one_pass(home, warehouse, folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"peak memory {peak:.2f} GB")
    published = Publications(home / "published")
    with warehouse.connect() as connection:
        begun = time.monotonic()
        connection.execute(BARE_JOIN).fetchall()
        print(f"one bare full outer join of the same documents: {time.monotonic() - begun:.2f} s")
        found = dict(
            connection.execute(
                "select verdict, count(*) from marts.document_verdicts group by verdict"
            ).fetchall()
        )
        ledger_rows = connection.execute(
            "select count(*) from staging.stg_ledger__nominal_transactions"
        ).fetchone()
    warehouse.let_go()
    assert ledger_rows is not None
    print(f"nominal ledger rows {ledger_rows[0]:,}")

    receipts = lines // LINES_A_RECEIPT
    missing = {i for i in range(receipts) if i % MISSING_ONE_IN == 3}
    drifted = sum(i not in missing for i in range(7, receipts, DRIFTED_ONE_IN))
    planted = {
        "drifted": drifted,
        "matched": 2 * (receipts - len(missing)) - drifted,
        "missing_in_ledger": 2 * len(missing),
    }
    print(f"planted {planted}, found {found}")

    one_more = home / "inbox" / "S01" / f"sales_{last_day}_18.csv"
    with (home / "inbox" / "S01" / f"sales_{last_day:%Y-%m}.csv").open(newline="") as sold:
        heading, *_, newest_line = csv.reader(sold)
    newest_line[heading.index("ReceiptNo")] = str(900_000_000)
    with one_more.open("w", newline="") as written:
        csv.writer(written).writerows([heading, newest_line])
    os.utime(one_more, (time.time() - 3600,) * 2)  # a file that was written just now may not be whole
    show("one store sends one more receipt", pass_of_its_own(home))
    show("nothing is new", pass_of_its_own(home))
    newest = published.newest()
    return int(found != planted or newest is None or newest.pass_number != 2)


if __name__ == "__main__":
    sys.exit(main())
