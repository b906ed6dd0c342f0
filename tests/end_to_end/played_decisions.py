"""What people and the poster decide between two passes of `play_days.py`, drawn from what the last one published.

Matches of what is ambiguous, and words taken back; summaries that are decided, sent and read back, later, or withdrawn,
with the rows that Sage would then have of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb

from orchestration import tranches

URN = 8_000_000
"""Added to what the documents of summaries are numbered by."""
AT = "timestamp '2011-09-01 03:00:00'"

SENT = """
    create temp table sent as
    select proposals.*, {urn} + row_number() over (order by proposals.posting_key) as urn,
        case when document_kind in ('invoice', 'payment') then 1
            when document_kind in ('credit_note', 'receipt') then -1 else 0 end as sign,
        case when document_kind in ('invoice', 'bank_receipt') then 1
            when document_kind in ('credit_note', 'bank_payment') then -1 else 0 end as sales_sign,
        case when document_kind in ('receipt', 'bank_receipt') then 1
            when document_kind in ('payment', 'bank_payment') then -1 else 0 end as bank_sign,
        periods.period_number, periods.financial_year_start_date, periods.accounting_period_id,
        customers.id as customer_id
    from {proposals} as proposals
    inner join "sage200/periods" as periods
        on proposals.document_date between periods.period_start_date and periods.period_end_date
    -- what goes through a clearing bank is on no customer
    left join (select id, reference from "sage200/customers" group by all) as customers
        on proposals.customer_reference = customers.reference
    where proposals.event_id = '{event_id}' and proposals.members_digest is not null
"""
"""The documents of a summary. Signs are of what a document adds: to the customer, to sales, to the bank."""
ENTRIES = """
    create temp table entries as
    select *, urn * 10 + row_number() over (partition by urn order by pence) as entry_id
    from (
        select urn, bank_code, bank_sign * gross_pence as pence from sent where bank_sign <> 0
        union all
        select urn, bank_code, -gross_pence from sent where document_kind = 'transfer'
        union all
        select urn, to_bank_code, gross_pence from sent where document_kind = 'transfer'
    )
"""
"""What each does in the cash book; a transfer is two."""
INTENTS = """
    select company_id, posting_key, store_id, event_id, document_kind, ordinal, revision, role, remedy,
        md5(posting_key || members_digest) as payload_digest, '{state}' as state,
        case when '{state}' = 'proven' then urn end as urn, '{state}' in ('proven', 'unknown') as truth_sent,
        '{state}' = 'proven' as truth_acknowledged, '{state}' = 'proven' as truth_present,
        '{state}' = 'proven' as truth_in_nominal, '{state}' = 'proven' as truth_right, 1 as attempts, '' as refusal,
        {number} - 1 as publication_number, business_date, members_digest, document_date, box_1_pence, box_6_pence,
        '' as reference_in_sage, md5(posting_key) as source_key
    from sent
"""
TAX_ITEMS = """
    select sent.company_id, urn, urn as transaction_id, codes.id as tax_code_id, legs.tax_code,
        sales_sign * legs.net_pence * 0.01 as goods_amount, sales_sign * legs.tax_pence * 0.01 as tax_amount,
        legs.leg_no as item_no, document_date as transaction_date
    from sent
    inner join {legs} as legs on sent.posting_key = legs.posting_key and legs.leg_type = 'tax'
    left join (select distinct id, code from "sage200/tax_codes") as codes on legs.tax_code = codes.code
    where {of}
"""
IN_SAGE = {
    "sage200/sales_posted_transactions": """
        select company_id, urn as id, customer_id,
            'TradingAccountEntryType' || case document_kind
                when 'invoice' then 'Invoice' when 'credit_note' then 'CreditNote'
                when 'receipt' then 'PurchasePaymentSalesReceipt' else 'PurchaseReceiptSalesPayment'
            end as trader_transaction_type,
            posting_key as reference, second_reference, document_date as transaction_date, {at} as posted_date,
            sign * net_pence * 0.01 as document_goods_value, sign * tax_pence * 0.01 as document_tax_value,
            sign * gross_pence * 0.01 as document_gross_value, 0 as document_allocated_value,
            sign * gross_pence * 0.01 as document_outstanding_value, urn, 'TILLPROOF' as user_name,
            false as settled_immediately, {at} as date_time_updated, false as is_historical
        from sent where sign <> 0""",
    "sage200/sales_tax_items": TAX_ITEMS.replace("{of}", "document_kind in ('invoice', 'credit_note')"),
    "sage200/bank_tax_items": TAX_ITEMS.replace("{of}", "document_kind in ('bank_receipt', 'bank_payment')"),
    "sage200/bank_posted_transactions": """
        select sent.company_id, entry_id as id, banks.id as bank_id, '' as entry_description, posting_key as reference,
            'BankAccountEntryType' || case document_kind when 'transfer' then 'Transfer' else
                case when bank_sign > 0 then 'Receipt' else 'Payment' end end as bank_transaction_type,
            second_reference, document_date as transaction_date, {at} as posted_date, pence * 0.01 as cheque_value,
            case sign when 0 then 'LedgerCashBook' else 'LedgerSales' end as source, urn, 'TILLPROOF' as user_name,
            {at} as date_time_updated
        from sent
        inner join entries using (urn)
        inner join (select distinct id, code from "sage200/banks") as banks on entries.bank_code = banks.code""",
    "sage200/nominal_transactions": """
        select sent.company_id, urn * 100 + row_number() over (partition by urn order by accounts.id, pence) as id,
            accounts.id as nominal_code_id, document_date as transaction_date, period_number,
            financial_year_start_date, accounting_period_id, sent.posting_key as reference,
            case when pence > 0 then pence * 0.01 else 0 end as debit,
            case when pence < 0 then -pence * 0.01 else 0 end as credit,
            'TILLPROOF' as user_name, case sign when 0 then 'LedgerCashBook' else 'LedgerSales' end as source, urn
        from sent
        inner join (
            select urn, '1100' as nominal_code, '' as cost_centre, '' as department, sign * gross_pence as pence
            from sent where sign <> 0
            union all
            select urn, legs.nominal_code, legs.cost_centre, coalesce(legs.department, ''),
                -sales_sign * legs.net_pence
            from sent inner join {legs} as legs on sent.posting_key = legs.posting_key and legs.leg_type = 'nominal'
            union all
            select urn, '2200', '', '', -sales_sign * tax_pence from sent where sales_sign * tax_pence <> 0
            union all
            select urn, nominal_reference, coalesce(nominal_cost_centre, ''), coalesce(nominal_department, ''), pence
            from entries inner join "sage200/banks" as banks on entries.bank_code = banks.code
        ) as booked using (urn)
        inner join (
            select distinct id, reference, cost_centre_code, department_code from "sage200/nominal_codes"
        ) as accounts
            on booked.nominal_code = accounts.reference
            and booked.cost_centre = coalesce(accounts.cost_centre_code, '')
            and booked.department = coalesce(accounts.department_code, '')""",
}


class Decided:
    """What is decided before each pass, written into the tables that it lands.

    `passed_over` is the pass before which nothing is decided, `last_pass` the last that is played.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, draw: random.Random, passed_over: int, last_pass: int
    ):
        self._connection = connection
        self._draw = draw
        self._next = {number: number + 1 + (number + 1 == passed_over) for number in range(1, last_pass)}

    def before(self, number: int, published: Callable[[str], str], landing: Path) -> Counter[str]:
        """Decide what the pass of this number is to find, of what is published; how much of each kind."""
        played = self._decide_matches(number, published)
        played += self._take_back(number)
        return played + self._decide_summaries(number, published, landing)

    def _decide_matches(self, number: int, published: Callable[[str], str]) -> Counter[str]:
        ambiguous = self._connection.execute(
            f"""select company_id, posting_key, candidates, reason from {published("document_verdicts")}
                where verdict = 'ambiguous' and posting_key is not null and posting_key not in (
                    select posting_key from "operations/match_decisions")
                order by posting_key"""
        ).fetchall()
        chosen = self._draw.sample(ambiguous, min(self._draw.choice((1, 2, 3)), len(ambiguous)))
        for company_id, posting_key, candidates, reason in chosen:
            several = reason == "several_sums_fit" or not candidates
            said = None if several else self._draw.choice([None, *candidates.split(",")])
            self._insert(
                "operations/match_decisions",
                number,
                f"""select '{company_id}' as company_id, '{posting_key}' as posting_key,
                        {f"'{said}'" if said else "cast(null as varchar)"} as ledger_document_id,
                        '{candidates or ""}' as candidates, 'somebody' as author, 'as the till says' as reason,
                        md5('{posting_key}') as source_key""",
            )
        return Counter(decisions=len(chosen))

    def _take_back(self, number: int) -> Counter[str]:
        """One word, of those that were given before."""
        given = self._connection.execute(
            f"""select source_key from "operations/match_decisions"
                group by source_key having not bool_or(is_tombstone) and min(pass_number) < {number}
                order by source_key"""
        ).fetchall()
        if not given:
            return Counter()
        (source_key,) = self._draw.choice(given)
        self._connection.execute(
            f"""insert into "operations/match_decisions" by name
                select * replace ({number} as pass_number, true as is_tombstone) from "operations/match_decisions"
                where source_key = '{source_key}'"""
        )
        return Counter({"decisions taken back": 1})

    def _decide_summaries(self, number: int, published: Callable[[str], str], landing: Path) -> Counter[str]:
        """Two in three of the summaries that are proposed; what waited since the pass before is sent or withdrawn."""
        proposals = published("posting_proposals")
        offered = self._connection.execute(
            f"""select event_id, max(remedy), cast(split_part(event_id, ':', -1) as integer) > 1 from {proposals}
                where members_digest is not null and event_id not in (
                    select event_id from "operations/intents" where state <> 'cancelled')
                group by event_id order by event_id"""
        ).fetchall()
        played: Counter[str] = Counter()
        for event_id, remedy, is_later in self._draw.sample(offered, -(-len(offered) * 2 // 3)):
            members = self._connection.execute(
                f"""select * from {published("tranche_members")}
                    where tranche_state = 'next' and event_id = '{event_id}'"""
            ).to_arrow_table()
            tranches.freeze(landing, members)
            played[
                "corrections" if remedy == "post_difference" else "top-ups" if is_later else "summaries"
            ] += 1
            played[self._send(number, event_id, published)] += 1
        return played

    def _send(self, number: int, event_id: str, published: Callable[[str], str]) -> str:
        """All documents of a summary: at once, or found or withdrawn by the pass after; which of it."""
        given = self._connection.execute('select count(*) from "operations/intents"').fetchone()
        assert given is not None
        self._connection.execute(
            SENT.format(
                urn=URN + 1000 * given[0], event_id=event_id, proposals=published("posting_proposals")
            )
        )
        self._connection.execute(ENTRIES)
        first, then = self._draw.choice(
            [
                ("proven", ""),
                ("proven", ""),
                ("unknown", "proven"),
                ("decided", "proven"),
                ("decided", "cancelled"),
            ]
        )
        self._insert("operations/intents", number, INTENTS.format(state=first, number=number))
        later = self._next.get(number, 0)
        if then and later:
            self._insert("operations/intents", later, INTENTS.format(state=then, number=number))
        if first == "proven" or (then == "proven" and later):
            for table, rows in IN_SAGE.items():
                numbered = "item_no" if "tax_items" in table else "id"
                filled = rows.format(at=AT, legs=published("posting_proposal_legs"))
                told = f"""select *, cast(urn as varchar) as unit, transaction_date as document_date,
                        md5('{table}' || urn || ' ' || {numbered}) as source_key
                    from ({filled})"""
                self._insert(
                    table, number if first == "proven" else later, told, "strftime(transaction_date, '%Y-%m')"
                )
        self._connection.execute("drop table sent; drop table entries")
        if not then or not later:
            return "summaries " + ("sent" if first == "proven" else first)
        return "summaries withdrawn" if then == "cancelled" else "summaries found later"

    def _insert(self, table: str, number: int, rows: str, folder: str = "'unknown'") -> None:
        self._connection.execute(
            f"""insert into "{table}" by name
                select {folder} as folder, false as is_tombstone, 'played' as delivery_id, 'played' as source_file,
                    1 as source_row, {number} as pass_number, rows.* from ({rows}) as rows"""
        )
