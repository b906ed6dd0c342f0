"""How long each page of the app and its main clicks take over many published receipts, in a real browser.

    python benchmarks/app_pages.py [--receipts 5000000] [--folder FOLDER] [--rounds 3] [--only WORD]

Makes a publication of its own, in a folder that it leaves nowhere unless named: 50 stores over two years, every receipt
an invoice and the money for it, both in Sage with their nominal lines; one receipt in a thousand missing there, one
different, one with nothing to post, one that was missing and came. The rows are made by SQL over the published schema
and written by the product's own publishing room. A folder that holds such a publication already is measured as it is.

For each page, by menu and by address with the browser begun anew: seconds from the click until what stands last on it
is seen, the first time since the app was started and the best of all rounds, each with the seconds of processor that
the app's server spent meanwhile. On a machine with other work, judge by the latter.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "tests" / "app"))

from mappings_in_force import take_in  # noqa: E402
from playwright.sync_api import TimeoutError as Timeout  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from real_browser import FLAGS, Visit, browser_here, served  # noqa: E402
from synthetic_published import COLUMNS  # noqa: E402

from orchestration.publishing import Publications  # noqa: E402

COMPANY, STORES, DAYS = "DGS", 50, 730
FIRST_DAY, AS_OF = date(2009, 12, 1), datetime(2011, 11, 30, 23)  # noqa: DTZ001  UTC without a zone
TILLS, PATIENCE_S, SETTLED_S = 4, 30, 10
SETTINGS = f"""company_id = "{COMPANY}"
[acceptance.windows.first_30_days]
first_day = 2011-10-25
[acceptance.limits.value_checked]
limit = 99
agreed_by = "Fay"
[acceptance.limits.open_debt]
limit = 1000
agreed_by = "Fay"
[acceptance.limits.postings_proven]
limit = 100
agreed_by = "Fay"
"""

SOLD = f"""
create table sold as
with numbered as (
    select
        i,
        'S' || lpad(cast(i % {STORES} + 1 as varchar), 2, '0') as store_id,
        cast(i // {STORES} % {TILLS} + 1 as varchar) as till_id,
        cast(1000000 + i as varchar) as receipt_no,
        date '{FIRST_DAY}' + cast(i * {DAYS} // {{receipts}} as integer) as business_date,
        hash(i) % 1000 as fate,
        500 + cast(hash(i, 1) % 20000 as bigint) * 6 as gross_pence
    from range({{receipts}}) as numbers (i)
),
named as (
    select *, 'pos:' || store_id || ':' || till_id || ':' || receipt_no || ':' || business_date || ':1' as event_id
    from numbered
)
select *, '{COMPANY}' as company_id, 'TP' || upper(left(md5(event_id), 13)) as stem, gross_pence // 6 as tax_pence,
    gross_pence - gross_pence // 6 as net_pence,
    business_date + interval 9 hour + to_seconds(cast(hash(i, 2) % 30000 as integer)) as sold_at,
    fate <> 2 as is_money
from named
"""
"""fate: 0 missing in Sage, 1 drifted, 2 nothing to post, 3 was missing and came; all others match."""

DOCUMENTS = """
create table documents as
select sold.*, kinds.*, case when is_money then document_kind else 'none' end as kind,
    stem || letter || '011P' as posting_key,
    case when not is_money then 'nothing_to_post' when fate = 0 then 'missing_in_ledger'
        when fate = 1 and is_sales then 'drifted' else 'matched' end as verdict,
    1000 + 2 * i + place as urn
from sold
inner join (values ('invoice', 'N', true, 0), ('receipt', 'R', false, 1)) as kinds (document_kind, letter, is_sales,
    place)
    on sold.is_money or kinds.place = 0
order by i, place
"""

ROWS: dict[str, str] = {
    "receipts": """select *, 1 as occurrence, 'sale' as receipt_kind, business_date as document_date,
        sold_at as sold_at_local, 'Europe/London' as zone, gross_pence as tender_pence, 0 as tip_pence,
        true as do_lines_add_up,
        2 as line_count, 3 as units, case when not is_money then 'void' end as nothing_to_post_reason,
        null as original_receipt_no, null as original_event_id, true as is_complete,
        case fate when 0 then 'missing_in_ledger' when 1 then 'drifted'
            when 2 then 'nothing_to_post' else 'matched' end as verdict,
        false as is_partly_posted, 'D' || store_id || strftime(business_date, '%Y%m') as delivery_id,
        store_id || '_' || strftime(business_date, '%Y%m') || '.csv' as source_file,
        i % 5000 as source_row from sold""",
    "receipt_lines": """select sold.*, line_no, cast(20000 + hash(i, line_no) % 4000 as varchar) as sku_as_sent,
        cast(20000 + hash(i, line_no) % 4000 as varchar) as sku, 'gift' as category,
        'Party bag ' || hash(i, line_no) % 4000 as description, 1 as quantity, 1 as unit_price_amount,
        'S' as till_tax_code, 20000 as tax_rate_thousandths, false as is_return,
        store_id || '_' || strftime(business_date, '%Y%m') || '.csv' as source_file, i % 5000 as source_row
        from sold cross join (values (1), (2)) as lines (line_no)""",
    "receipt_tenders": """select *, 1 as tender_no, 'CARD' as tender_type, gross_pence as tender_pence, 0 as tip_pence,
        store_id || '_' || strftime(business_date, '%Y%m') || '.csv' as source_file, i % 5000 as source_row
        from sold where is_money""",
    "document_verdicts": """select *, posting_key as document_id, business_date as document_date, kind as document_kind,
        case when is_money then 1 else 0 end as ordinal, case when verdict = 'drifted' then 'amount' else '' end
        as drift_kinds, case when verdict in ('matched', 'drifted') then 2 end as rung,
        case when verdict in ('matched', 'drifted') then 'DGS:sales:' || urn end as ledger_document_id,
        case when not is_sales then 'CARD' end as tender_type, case when is_money then gross_pence else 0 end
        as expected_gross_pence, net_pence as expected_net_pence, tax_pence as expected_tax_pence,
        case verdict when 'matched' then gross_pence when 'drifted' then gross_pence - 100 end as ledger_gross_pence,
        case verdict when 'matched' then net_pence when 'drifted' then net_pence - 100 end as ledger_net_pence,
        case when verdict in ('matched', 'drifted') then tax_pence end as ledger_tax_pence, 0 as outside_pence,
        case when verdict in ('matched', 'drifted') then urn end as ledger_urn,
        case when verdict in ('matched',
        'drifted') then 'POS-' || store_id || '-' || receipt_no end as ledger_reference,
        business_date as ledger_date, 'accepted' as sync_claim, sold_at as sync_claimed_at, 1 as direction,
        verdict in ('missing_in_ledger', 'drifted') as is_open,
        case verdict when 'drifted' then 100 when 'missing_in_ledger' then gross_pence else 0 end as variance_pence
        from documents""",
    "ledger_documents": """select *, 'DGS:sales:' || urn as ledger_document_id, 'sales' as source_ledger, kind as
        document_kind, 'POS-' || store_id || '-' || receipt_no as reference, 'TILL ' || till_id as second_reference,
        'TILL' || right(store_id, 2) as customer_reference, case when not is_sales then 'CARD01' end as bank_code,
        business_date as document_date, cast(date_trunc('month', business_date) as date) as period_start_date,
        'CONNECTOR' as user_name, 'connector' as mark, true as is_in_nominal, false as is_in_suspense, 2 as rung
        from documents where verdict in ('matched', 'drifted')""",
    "ledger_lines": """select documents.*, 'DGS:sales:' || urn as ledger_document_id, 2 * urn + leg as line_id,
        business_date as document_date, case leg when 0 then '1100' else '4000' end as nominal_code,
        store_id as cost_centre, '' as department, case leg when 0 then 'control' else 'analysis' end as leg_role,
        case leg when 0 then gross_pence else 0 end as debit_pence, case leg when 1 then gross_pence else 0 end
        as credit_pence, 'POS-' || store_id || '-' || receipt_no as reference, 'Till sales' as narrative,
        'CONNECTOR' as user_name
        from documents cross join (values (0), (1)) as legs (leg) where verdict in ('matched', 'drifted')""",
    "expected_lines": """select documents.* replace (
        case when is_sales then net_pence else gross_pence end as net_pence,
        case when is_sales then tax_pence else 0 end as tax_pence), business_date as document_date, 1 as leg_no,
        kind as document_kind, 'TILL' || right(store_id, 2) as customer_reference, false as is_on_account,
        case when is_sales then 'nominal' else 'bank' end as leg_type,
        case when not is_sales then 'CARD' end as tender_type, case when not is_sales then 'CARD01' end as bank_code,
        case when is_sales then 'gift' end as category, case when is_sales then 'S' end as till_tax_code,
        case when is_sales then '4000' end as nominal_code, case when is_sales then store_id end as cost_centre,
        '' as department, case when is_sales then 1 end as tax_code from documents where is_money""",
    "verdict_history": """select *, posting_key as subject_id, 'document' as subject_kind, '' as drift_kinds,
        case when verdict in ('matched', 'drifted') then 'DGS:sales:' || urn end as ledger_document_id,
        gross_pence as expected_gross_pence, case when verdict = 'missing_in_ledger' then 'never_sent' end
        as exception_class, 0 as value_at_risk_pence, verdict in ('missing_in_ledger', 'drifted') as is_open,
        1 as rule_version, date_diff('day', date '2009-11-30', business_date) as pass_number,
        business_date + interval 23 hour as as_of from documents""",
    "exceptions": """select *, 'EX' || upper(left(md5(posting_key), 10)) as exception_id, posting_key as subject_id,
        business_date as document_date, kind as document_kind,
        case when fate = 1 then 'drift_amount' else 'never_sent' end as exception_class,
        case hash(i, 3) % 3 when 0 then 'finance' when 1 then 'operations' else 'integration' end as owner,
        'never sent ' || store_id as cause_detail, 'Post it.' as suggested_remedy, gross_pence as value_at_risk_pence,
        gross_pence as takings_effect_pence, tax_pence as vat_effect_pence,
        case when fate = 3 then 'resolved' else 'open' end as status, 1 as first_seen_pass,
        business_date + interval 23 hour as first_seen_at, 1 as last_seen_pass,
        business_date + interval 47 hour as last_seen_at,
        case when fate = 3 then business_date + interval 47 hour end as resolved_at,
        date_diff('day', business_date, date '2011-11-30') as days_open, 'never sent: ' || store_id as cause_key,
        2 as severity, 'docs/runbooks/never_sent.md' as runbook, business_date + interval 95 hour as due_at,
        case when fate = 3 then 0 else gross_pence * date_diff('day', business_date, date '2011-11-30') end
        as debt_pence_days, fate <> 3 as blocks_close
        from documents where is_sales and fate in (0, 1, 3)""",
    "store_days": """select company_id, store_id, business_date, cast(date_trunc('month',
        business_date) as date) as period,
        count(*) filter (is_sales and is_money) as money_receipts,
        count(*) filter (not is_money) as nothing_to_post_receipts, count(*) filter (is_money) as expected_documents,
        sum(gross_pence) filter (is_sales and is_money) as till_sales_pence,
        sum(gross_pence) filter (is_sales and verdict in ('matched', 'drifted')) as sage_sales_pence,
        sum(gross_pence) filter (not is_sales) as till_takings_pence,
        sum(gross_pence) filter (not is_sales and verdict = 'matched') as sage_takings_pence,
        coalesce(sum(gross_pence) filter (verdict = 'matched'), 0) as matched_pence, 0 as explained_pence,
        coalesce(sum(gross_pence) filter (verdict in ('missing_in_ledger', 'drifted')), 0) as open_pence,
        0 as not_checked_pence, count(*) filter (verdict in ('missing_in_ledger', 'drifted')) as open_documents,
        0 as residual_pence,
        case when bool_or(verdict in ('missing_in_ledger', 'drifted')) then 'open' else 'agrees' end as slot_verdict
        from documents group by all order by business_date, store_id""",
    "company_periods": """select company_id, period, count(*) as store_days,
        count(*) filter (slot_verdict = 'open') as open_store_days, sum(money_receipts) as money_receipts,
        sum(nothing_to_post_receipts) as nothing_to_post_receipts, sum(till_sales_pence) as till_sales_pence,
        sum(sage_sales_pence) as sage_sales_pence, sum(matched_pence) as matched_pence, 0 as explained_pence,
        sum(open_pence) as open_pence, 0 as not_checked_pence, 0 as residual_pence,
        sum(open_documents) as open_exceptions, sum(open_pence) as value_at_risk_pence, 0 as vat_at_risk_pence,
        case when sum(open_pence) > 0 then 'blocked' else 'ready' end as close_verdict
        from marts.store_days group by all""",
    "bridge_lines": """select company_id, store_id, business_date, 'sales' as measure, line_order, line_kind,
        case line_kind when 'tills' then till_sales_pence when 'sage' then sage_sales_pence when 'residual' then 0
            else sage_sales_pence - till_sales_pence end as amount_pence, money_receipts as document_count
        from marts.store_days cross join (values (0, 'tills'), (1, 'missing_in_ledger'), (2, 'sage'), (3, 'residual'))
            as parts (line_order, line_kind)""",
    "till_customer_balances": """select *, 'TILL' || right(store_id, 2) as customer_reference,
        business_date as document_date, sage_sales_pence as sales_pence, sage_takings_pence as takings_pence,
        0 as balance_pence, expected_documents as document_count from marts.store_days""",
    "till_closures": f"""select *, store_id as store_code, cast(till as varchar) as till_id,
        'agrees' as closure_verdict,
        '' as differences, 1 as closure_count, money_receipts as receipts, 0 as cash_over_short_pence
        from marts.store_days cross join range(1, {TILLS + 1}) as tills (till)""",
    "coverage": """select *, tender as tender_type, expected_documents as documents, 0 as documents_not_checked,
        till_sales_pence as value_pence, till_sales_pence as checked_pence, 10000 as checked_basis_points
        from marts.store_days cross join (values ('CARD'), ('sales')) as tenders (tender)""",
    "debt": """select company_id, owner, exception_class, cause_key, count(*) as open_exceptions,
        sum(value_at_risk_pence) as value_at_risk_pence, sum(vat_effect_pence) as vat_effect_pence,
        sum(debt_pence_days) as debt_pence_days, min(first_seen_at) as oldest_first_seen_at, 2 as worst_severity,
        'Post it.' as suggested_remedy, 'docs/runbooks/never_sent.md' as runbook
        from marts.exceptions where status = 'open' group by all""",
    "debt_by_pass": """select company_id, pass_number,
        cast(date '2009-11-30' + cast(pass_number as integer) as timestamp) as as_of, owner,
        pass_number * 10 as open_exceptions, pass_number * 100000 as value_at_risk_pence,
        pass_number * pass_number * 1000 as debt_pence_days
        from (select company_id, owner from marts.exceptions group by all) as owners
        cross join range(701, 731) as passes (pass_number)""",
    "deliveries": """select company_id, delivery_id, source_file, store_id as store_code, 'csv' as profile,
        'pos/receipt_lines' as table_name, 'accepted' as status, count(*) as rows_read, count(*) as rows_landed,
        0 as rows_set_aside, '' as message, date_diff('month', date '2009-11-30', min(business_date)) as pass_number
        from marts.receipts group by all""",
    "document_drifts": """select *, document_id, 'amount' as drift_kind, '2.00' as expected_value,
        '1.00' as ledger_value
        from marts.document_verdicts where verdict = 'drifted'""",
    "postings": """select *, posting_key, document_kind, 1 as ordinal, 1 as revision, 'P' as role,
        'post_missing' as remedy, 'proven' as state, true as truth_sent, true as truth_acknowledged,
        true as truth_present,
        true as truth_in_nominal, true as truth_right, 1 as attempts, '' as refusal, 1 as publication_number
        from documents where fate = 3 and is_sales""",
    "posting_proposals": """select *, document_id as posting_key, left(document_id, 18) as key_stem, 1 as revision,
        'P' as role,
        'post_missing' as remedy, expected_gross_pence as gross_pence, expected_net_pence as net_pence,
        expected_tax_pence as tax_pence, 'open' as gate_status, '' as blocked_by, 'tillproof' as writer,
        '' as hold_reason, false as is_connector_still_trying, true as may_post
        from marts.document_verdicts where verdict = 'missing_in_ledger' and business_date >= date '2011-11-01'""",
}
"""Model -> its rows, by name; what is not named is null. Models that are not here are published empty."""


def publish(home: Path, receipts: int) -> None:
    """Make the rows and publish them. Needs about 2 GB of disk for a million receipts while it works."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "tillproof.toml").write_text(SETTINGS, encoding="utf-8")
    place = home / "rows.duckdb"
    with duckdb.connect(str(place)) as connection:
        connection.execute(
            "set preserve_insertion_order = true; create schema marts; create schema exceptions"
        )
        for statement in (SOLD, DOCUMENTS):
            connection.execute(statement.replace("{receipts}", str(receipts)))
        for model, columns in COLUMNS.items():
            connection.execute(f"create table marts.{model} ({columns})")
        for model, query in ROWS.items():
            names = _names(connection, model)
            given = [row[0] for row in connection.execute(f"describe {query}").fetchall()]
            # of two columns of one name the later one is meant
            places = {name: place for place, name in enumerate(given)}
            listed = ", ".join(f"c{places[name]} as {name}" for name in names if name in places)
            heads = ", ".join(f"c{place}" for place in range(len(given)))
            connection.execute(
                f"insert into marts.{model} by name select {listed} from ({query}) as made ({heads})"
            )
        connection.execute("drop table sold; drop table documents")
        connection.execute("create view exceptions.posting_proposals as from marts.posting_proposals")
        Publications(home / "published").publish(
            connection,
            {model: f"marts.{model}" for model in COLUMNS},
            pass_number=DAYS,
            as_of=AS_OF,
            seconds={"models": 1.0},
        )
    place.unlink()


def _names(connection: duckdb.DuckDBPyConnection, model: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe marts.{model}").fetchall()]


def one_receipt(home: Path) -> dict[str, str]:
    """The newest receipt that is missing in Sage: its number, store, till, day and posting key."""
    from app.published import Published

    row = Published(home / "published").rows(
        "select receipt_no, store_id, till_id, posting_key, business_date from document_verdicts "
        "where verdict = 'missing_in_ledger' order by business_date desc, receipt_no limit 1"
    )[0]
    return {name: str(value) for name, value in row.items()}


def three_others(home: Path) -> list[dict[str, str]]:
    """Drifted receipts from all over the publication, to be found by posting key, URN and reference."""
    from app.published import Published

    rows = Published(home / "published").rows(
        "select receipt_no, store_id, posting_key, ledger_urn, ledger_reference from document_verdicts "
        "where verdict = 'drifted' order by md5(posting_key) limit 3"
    )
    return [{name: str(value) for name, value in row.items()} for row in rows]


LAST = {
    "Can I close?": ("/", "Worst exceptions, by cause"),
    "Store-days": ("/store_days", "Choose a store-day to see its bridge"),
    "Exceptions": ("/exceptions", "Debt, pass by pass"),
    "Receipt": ("/receipt", "Type the number printed on a receipt"),
    "Posting": ("/posting", "Locks, refusals and silence by account and hour"),
    "Decide": ("/decide", "What was decided"),
    "Close": ("/close", "Make the pack"),
    "Acceptance": ("/acceptance", "Who signs"),
    "Mappings": ("/mappings", "Nothing would change."),
    "Connections": ("/connections", "Longest stage"),
    "Analyst": ("/analyst", "What each column means"),
}
"""Page -> its address, and what stands last on it."""

ANEW = "(anew)"

SEEN = """last => {
    const holds = each => each.tagName != 'STYLE' && each.textContent.replace(/\\s+/g, ' ').includes(last);
    const shows = each => {
        const inner = [...each.children].filter(holds);
        return inner.length ? inner.some(shows) : each.getClientRects().length > 0;
    };
    return [...document.querySelectorAll('[data-testid=stMain]')].filter(holds).some(shows);
}"""
"""Whether a text stands on the page and can be seen."""


def steps(
    visit: Visit, receipt: dict[str, str], others: list[dict[str, str]]
) -> dict[str, Callable[[], None]]:
    """What a reader does, in order, each until what stands last is seen."""
    page = visit.page
    store, till, number = receipt["store_id"], receipt["till_id"], receipt["receipt_no"]
    store_day = f"/store_days?store={store}&date={receipt['business_date']}"

    def menu(name: str) -> Callable[[], None]:
        def go() -> None:
            page.get_by_role("link", name=name, exact=True).first.click()
            seen(LAST[name][1])

        return go

    def address(path: str, last: str) -> Callable[[], None]:
        def go() -> None:
            page.goto(visit.address + path)
            seen(last)

        return go

    def seen(last: str) -> None:
        # asked at each frame: a locator asks every half second once it has waited a little
        page.wait_for_function(SEEN, arg=last, polling="raf")

    def till_chosen() -> None:
        page.get_by_role("radio", name=f"Till {till}").click()
        seen(number)

    def receipt_chosen() -> None:
        page.get_by_role("button", name=number).first.click()
        seen("Party bag")

    def typed(text: str, last: str) -> Callable[[], None]:
        def go() -> None:
            page.get_by_role("textbox").first.fill(text)
            page.keyboard.press("Enter")
            seen(last)

        return go

    def run_to_its_end() -> None:
        page.wait_for_timeout(50)
        page.wait_for_function("!document.querySelector('[data-stale=true]')")

    def only_the_month() -> None:
        page.get_by_text("Only November 2011").click()
        run_to_its_end()

    def found(text: str, which: dict[str, str]) -> Callable[[], None]:
        return typed(text, f"Receipt {which['receipt_no']}, store {which['store_id']}")

    def one_lane() -> None:
        page.get_by_role("radio", name="Finance:").click()
        run_to_its_end()

    def another_month() -> None:
        page.get_by_role("combobox").first.click()
        page.get_by_role("option", name="April 2011").click()
        seen("April 2011 is not signed off")

    clicks = {
        "Can I close?": menu("Can I close?"),
        "  only one month": only_the_month,
        "Store-days": menu("Store-days"),
        f"  a store-day {ANEW}": address(store_day, "Nothing left over"),
        "  a till of it": till_chosen,
        "  the lines of a receipt": receipt_chosen,
        "Exceptions": menu("Exceptions"),
        "  one lane": one_lane,
        "Receipt": menu("Receipt"),
        "  a receipt by its number": typed(number, f"Receipt {number}, store {store}"),
        "  by its posting key": found(others[0]["posting_key"], others[0]),
        "  by its URN": found(f"URN {others[1]['ledger_urn']}", others[1]),
        "  by Sage's reference, in small letters": found(others[2]["ledger_reference"].lower(), others[2]),
        "  what nobody knows": typed("nobody-knows-this", "Nothing is known as nobody-knows-this"),
        "Posting": menu("Posting"),
        "Decide": menu("Decide"),
        "Close": menu("Close"),
        "  another month": another_month,
        "Acceptance": menu("Acceptance"),
        "Mappings": menu("Mappings"),
        "Connections": menu("Connections"),
        "Analyst": menu("Analyst"),
    }
    at_addresses = {f"{path:36}{ANEW}": address(path, last) for path, last in LAST.values()}
    return clicks | at_addresses


def measure(home: Path, rounds: int, only: str = "") -> dict[str, list[tuple[float, float]]]:
    """Step -> (seconds, seconds of the server's processor) of each round."""
    receipt, others = one_receipt(home), three_others(home)
    told: dict[str, list[tuple[float, float]]] = {}
    with served(home.resolve()) as address, sync_playwright() as driver:
        server = _child_of(os.getpid(), "streamlit")
        browser = driver.chromium.launch(executable_path=browser_here(), headless=True, args=FLAGS)
        visit = Visit(browser, "desk", address)
        visit.page.set_default_timeout(PATIENCE_S * 1000)
        visit.open("/runbook", "Runbooks")  # a page that is not measured
        time.sleep(
            SETTLED_S
        )  # the app asks ahead in the background: processor seconds are of the clicks alone
        for _ in range(rounds):
            for name, go in steps(visit, receipt, others).items():
                if only and only.casefold() not in name.casefold() and not name.startswith("  "):
                    continue
                spent, begun = _processor_s(server), time.monotonic()
                try:
                    go()
                except Timeout:
                    print(f"{name}: not seen in {PATIENCE_S} s", file=sys.stderr)
                    continue
                told.setdefault(name, []).append((time.monotonic() - begun, _processor_s(server) - spent))
                visit.settle()
        if visit.complaints:
            print("complaints:", *visit.complaints, file=sys.stderr)
        browser.close()
    return told


def _child_of(parent: int, word: str) -> int:
    """The process that we started; 0 where that cannot be told."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
            command = (status.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(fields[1]) == parent and word in command:
            return int(status.parent.name)
    return 0


def _processor_s(process: int) -> float:
    """Processor seconds that a process has spent, its threads together; 0 where that cannot be told."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--receipts", type=int, default=5_000_000)
    words.add_argument("--folder", type=Path)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", default="")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() if asked.folder is None else nullcontext(asked.folder) as folder:
        home = Path(folder)
        if not (home / "published" / "current").exists():
            begun = time.monotonic()
            publish(home, asked.receipts)
            take_in(home, home / "mappings")
            print(f"published {asked.receipts:,} receipts in {time.monotonic() - begun:.0f} s", flush=True)
        for name, rounds in measure(home, asked.rounds, asked.only).items():
            first, best = rounds[0], min(rounds)
            print(
                f"{name:48} first {first[0]:5.2f} s (processor {first[1]:5.2f})   "
                f"best {best[0]:5.2f} s (processor {best[1]:5.2f})"
            )


if __name__ == "__main__":
    main()
