"""The company's SQLite file: tables, guards and how a connection is opened.

Money is whole pence, debit positive. Dates are `YYYY-MM-DD`, times are UTC `YYYY-MM-DDTHH:MM:SS.mmm`, both
text, so that comparing the text compares the time.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

BUSY_TIMEOUT_S = 60

DDL = """
create table settings (key text primary key, value text not null) strict, without rowid;

create table report_categories (
    id integer primary key, code text not null unique, description text not null
) strict;

create table cost_centres (
    id integer primary key, code text not null unique, name text not null,
    created_at text not null, updated_at text not null
) strict;

create table departments (
    id integer primary key, code text not null unique, name text not null,
    created_at text not null, updated_at text not null
) strict;

create table nominal_codes (
    id integer primary key, reference text not null, cost_centre text not null, department text not null,
    name text not null, nominal_account_type text not null, account_status_type text not null,
    report_category text not null, allow_manual_journal_entries integer not null,
    created_at text not null, updated_at text not null,
    unique (reference, cost_centre, department)
) strict;

create table control_nominal_codes (
    id integer primary key, control_nominal_code_type text not null unique, name text not null,
    account_number text not null, nominal_reporting_type text not null,
    created_at text not null, updated_at text not null
) strict;

create table tax_codes (
    id integer primary key, code integer not null unique, name text not null,
    rate_hundredths integer not null, created_at text not null, updated_at text not null
) strict;

create table customers (
    id integer primary key, reference text not null unique, name text not null, on_hold integer not null,
    account_status_type text not null, default_nominal_reference text not null, default_tax_code_id integer,
    balance_pence integer not null default 0, created_at text not null, updated_at text not null
) strict;

create table banks (
    id integer primary key, code text not null unique, description text not null, sort_code text not null,
    account_no text not null, account_status_type text not null, nominal_id integer not null,
    nominal_reference text not null, nominal_cost_centre text not null, nominal_department text not null,
    balance_pence integer not null default 0, created_at text not null, updated_at text not null
) strict;

create table periods (
    id integer primary key, financial_year_id integer not null, financial_year_start_date text not null,
    financial_year_end_date text not null, year_relative integer not null, periods_in_year integer not null,
    period_number integer not null, start_date text not null unique, end_date text not null,
    sales_state text not null check (sales_state in ('Open', 'Closed', 'Future')),
    cash_book_state text not null check (cash_book_state in ('Open', 'Closed', 'Future')),
    nominal_state text not null check (nominal_state in ('Open', 'Closed', 'Future'))
) strict;

create table nominal_lines (
    id integer primary key, nominal_id integer not null, transaction_date text not null,
    period_id integer not null, reference text not null, narrative text not null,
    value_pence integer not null, user_name text not null, source text not null, urn integer not null
) strict;
create index nominal_lines_by_urn on nominal_lines (urn);
create index nominal_lines_by_nominal on nominal_lines (nominal_id);
create index nominal_lines_by_date on nominal_lines (transaction_date);
create index nominal_lines_by_reference on nominal_lines (reference);

create table deferred_lines (
    id integer primary key, nominal_id integer not null, transaction_date text not null,
    period_id integer not null, reference text not null, narrative text not null,
    value_pence integer not null, user_name text not null, source text not null, urn integer not null,
    reason text not null check (reason in ('future_period', 'waiting_update'))
) strict;
create index deferred_lines_by_urn on deferred_lines (urn);

create table nominal_period_values (
    nominal_id integer not null, period_id integer not null,
    debit_pence integer not null, credit_pence integer not null,
    primary key (nominal_id, period_id)
) strict, without rowid;

create table postings (
    urn integer primary key, resource text not null, source text not null, user_name text not null,
    posted_at text not null
) strict;

create table sales_transactions (
    id integer primary key, customer_id integer not null, trader_transaction_type text not null,
    reference text not null, second_reference text not null, queried text not null default '',
    transaction_date text not null, due_date text not null, posted_at text not null,
    goods_pence integer not null, tax_pence integer not null, gross_pence integer not null,
    discount_pence integer not null, allocated_pence integer not null default 0,
    full_settlement_date text, settled_immediately integer not null, urn integer not null,
    user_name text not null, is_historical integer not null default 0,
    created_at text not null, updated_at text not null
) strict;
create index sales_transactions_by_reference on sales_transactions (reference);
create index sales_transactions_by_customer on sales_transactions (customer_id);
create index sales_transactions_by_urn on sales_transactions (urn);
create index sales_transactions_by_date on sales_transactions (transaction_date);
create index sales_transactions_by_update on sales_transactions (updated_at);

create table bank_transactions (
    id integer primary key, bank_id integer not null, bank_transaction_type text not null,
    entry_description text not null, reference text not null, second_reference text not null,
    transaction_date text not null, posted_at text not null, cheque_pence integer not null,
    last_statement_date text, statement_page_number integer, source text not null, urn integer not null,
    user_name text not null, created_at text not null, updated_at text not null
) strict;
create index bank_transactions_by_reference on bank_transactions (reference);
create index bank_transactions_by_bank on bank_transactions (bank_id);
create index bank_transactions_by_urn on bank_transactions (urn);
create index bank_transactions_by_date on bank_transactions (transaction_date);
create index bank_transactions_by_update on bank_transactions (updated_at);

create table tax_items (
    id integer primary key, urn integer not null, item_no integer not null, tax_code_id integer not null,
    entry_type text not null, goods_pence integer not null, tax_pence integer not null
) strict;
create index tax_items_by_urn on tax_items (urn);

create table allocations (
    id integer primary key, session_urn integer not null, sales_transaction_id integer not null,
    value_pence integer not null, allocation_date text not null, user_name text not null,
    created_at text not null
) strict;
create index allocations_by_transaction on allocations (sales_transaction_id);
create index allocations_by_session on allocations (session_urn);

create table product_groups (
    id integer primary key, code text not null unique, description text not null,
    created_at text not null, updated_at text not null
) strict;

create table products (
    id integer primary key, code text not null unique, name text not null, product_group_id integer not null,
    tax_code_id integer, product_status_type text not null, created_at text not null, updated_at text not null
) strict;

create table warehouses (
    id integer primary key, name text not null unique, description text not null,
    created_at text not null, updated_at text not null
) strict;

create table warehouse_holdings (
    id integer primary key, warehouse_id integer not null, product_id integer not null,
    quantity_thousandths integer not null default 0, created_at text not null, updated_at text not null,
    unique (product_id, warehouse_id)
) strict;

create table product_transactions (
    id integer primary key, product_id integer not null, warehouse_id integer not null,
    transaction_type text not null, transaction_date text not null, quantity_thousandths integer not null,
    reference text not null, second_reference text not null, user_name text not null, updated_at text not null
) strict;

create table sop_orders (
    id integer primary key, document_no text not null, customer_document_no text not null,
    customer_id integer not null, document_date text not null, document_status text not null,
    invoice_credit_status text not null, cancelled_status text not null, is_draft integer not null,
    net_pence integer not null, tax_pence integer not null, gross_pence integer not null,
    analysis_code_1 text not null, created_by text not null, created_at text not null, updated_at text not null
) strict;
create index sop_orders_by_customer_document on sop_orders (customer_document_no);
create index sop_orders_by_document on sop_orders (document_no);

create table sop_order_lines (
    id integer primary key, sop_order_id integer not null, line_number integer not null, line_type text not null,
    product_id integer, warehouse_id integer, description text not null, quantity_thousandths integer not null,
    price_hundredthousandths integer not null, tax_code_id integer not null, nominal_reference text not null,
    nominal_cost_centre text not null, nominal_department text not null, net_pence integer not null,
    tax_pence integer not null, created_at text not null, updated_at text not null
) strict;
create index sop_order_lines_by_order on sop_order_lines (sop_order_id);

create table access_tokens (token text primary key, user_name text not null, expires_at real not null) strict;
create table refresh_tokens (
    token text primary key, user_name text not null, is_used integer not null
) strict;

create trigger a_posting_must_balance before insert on postings
when (select coalesce(sum(value_pence), 0) from nominal_lines where urn = new.urn)
   + (select coalesce(sum(value_pence), 0) from deferred_lines where urn = new.urn) <> 0
begin select raise(abort, 'the posting does not balance'); end;

create trigger a_posted_line_is_never_changed before update on nominal_lines
begin select raise(abort, 'a posted line is never changed'); end;

create trigger a_posted_line_is_never_deleted before delete on nominal_lines
begin select raise(abort, 'a posted line is never deleted'); end;
"""


def stamp(moment: datetime) -> str:
    """A naive UTC datetime as this file stores it: `2011-09-30T18:00:00.000`."""
    return moment.isoformat(timespec="milliseconds")


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open the company's file; transactions are begun by hand. Raises FileNotFoundError."""
    if not path.is_file():
        raise FileNotFoundError(f"there is no sandbox company at {path}")
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("pragma synchronous = normal")
    connection.execute("pragma temp_store = memory")
    connection.execute("pragma cache_size = -16000")
    if read_only:
        connection.execute("pragma query_only = on")
    return connection


def create_file(path: Path) -> sqlite3.Connection:
    """Make an empty company file in WAL mode. Raises FileExistsError rather than write over books."""
    if path.exists():
        raise FileExistsError(f"a sandbox company already exists at {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    connection.executescript(DDL)
    return connection
