"""A small retailer's publication, written by the product's own publishing room: three stores, October and
November 2011.

October agrees but for one penny under a policy and one receipt that was missing and has been posted. November
has one fault of each kind a reader should meet. Every receipt is £120.00 (net £100.00, VAT £20.00) unless
said.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.publishing import Publications

AS_OF = datetime.fromisoformat("2011-11-30T20:00")
COMPANY = "DGS"
STORES = ("S01", "S02", "S03")

COLUMNS = {
    "receipts": """event_id varchar, company_id varchar, store_id varchar, store_code varchar, till_id varchar,
        receipt_no varchar,
        occurrence integer, receipt_kind varchar, business_date date, document_date date, sold_at timestamp,
        sold_at_local timestamp, zone varchar, gross_pence bigint, net_pence bigint, tax_pence bigint,
        tender_pence bigint, tip_pence bigint, do_lines_add_up boolean, policy_tax_pence bigint,
        tax_off_policy_pence bigint,
        is_tax_by_policy boolean, line_count bigint, units decimal(18,3), is_money boolean,
        nothing_to_post_reason varchar, original_receipt_no varchar, original_event_id varchar,
        is_complete boolean, verdict varchar, is_partly_posted boolean,
        delivery_id varchar, source_file varchar, source_row bigint""",
    "receipt_lines": """event_id varchar, company_id varchar, store_id varchar, business_date date, line_no
    integer,
        sku_as_sent varchar, sku varchar, category varchar, description varchar, quantity decimal(18,3),
        unit_price_amount decimal(18,3), net_pence bigint, till_tax_code varchar, tax_rate_thousandths bigint,
        tax_pence bigint, gross_pence bigint, is_return boolean, source_file varchar, source_row
        bigint""",
    "receipt_tenders": """event_id varchar, company_id varchar, store_id varchar, business_date date,
        tender_no integer, tender_type varchar, tender_pence bigint, tip_pence bigint, source_file varchar, source_row
        bigint""",
    "document_verdicts": """document_id varchar, company_id varchar, store_id varchar, till_id varchar,
        business_date date, document_date date, event_id varchar, receipt_no varchar, document_kind varchar,
        ordinal integer, posting_key varchar, verdict varchar, reason varchar, drift_kinds varchar, policy
        varchar, rung integer, evidence varchar, ledger_document_id varchar, partner_id varchar, candidates
        varchar, legs_not_checked varchar, sync_claim varchar, sync_message varchar, sync_claimed_at
        timestamp, tender_type varchar, is_money boolean, expected_gross_pence bigint, expected_net_pence
        bigint, expected_tax_pence bigint, ledger_gross_pence bigint, ledger_net_pence bigint,
        ledger_tax_pence bigint, outside_pence bigint, ledger_urn bigint, ledger_reference varchar,
        ledger_date date,
        ledger_period_start_date date, direction integer, is_sales boolean, is_open boolean, variance_pence
        bigint""",
    "expected_lines": """company_id varchar, store_id varchar, business_date date, document_date date, posting_key
        varchar, leg_no integer, leg_type varchar, document_kind varchar, customer_reference varchar, is_on_account
        boolean, customer_no varchar, tender_type varchar, bank_code varchar, category varchar, till_tax_code varchar,
        nominal_code varchar, cost_centre varchar, department varchar, tax_code integer, net_pence bigint, tax_pence
        bigint""",
    "document_drifts": """company_id varchar, document_id varchar, posting_key varchar,
        ledger_document_id varchar, drift_kind varchar, expected_value varchar, ledger_value varchar""",
    "ledger_documents": """ledger_document_id varchar, company_id varchar, store_id varchar, source_ledger
    varchar,
        urn bigint, document_kind varchar, reference varchar, second_reference varchar, customer_reference
        varchar, bank_code varchar, to_bank_code varchar, document_date date, period_start_date date,
        gross_pence bigint,
        net_pence bigint, tax_pence bigint, user_name varchar, mark varchar, is_in_nominal boolean,
        is_in_suspense boolean,
        is_allocated boolean, unallocated_pence bigint, is_bank_reconciled boolean, posting_key varchar,
        rung integer""",
    "ledger_lines": """company_id varchar, ledger_document_id varchar, urn bigint, line_id bigint,
    document_date date,
        nominal_code varchar, cost_centre varchar, department varchar, leg_role varchar, debit_pence bigint,
        credit_pence bigint, reference varchar, narrative varchar, user_name varchar""",
    "bridge_lines": """company_id varchar, store_id varchar, business_date date, measure varchar,
    line_order integer,
        line_kind varchar, amount_pence bigint, document_count bigint""",
    "sage_by_slot": """company_id varchar, store_id varchar, business_date date, measure varchar,
        period_start_date date, amount_pence bigint, document_count bigint""",
    "sage_by_date": """company_id varchar, document_date date, period_start_date date, measure varchar,
        amount_pence bigint, document_count bigint""",
    "linked_days": """company_id varchar, day date, linked_day date, reason varchar""",
    "period_bridge": """company_id varchar, period_start_date date, measure varchar, line_order integer,
        line_kind varchar, other_period_start_date date, amount_pence bigint, document_count bigint""",
    "till_customer_balances": """company_id varchar, customer_reference varchar, account_kind varchar,
        store_id varchar, document_date date, sales_pence bigint, takings_pence bigint,
        balance_pence bigint, document_count bigint""",
    "till_closures": """company_id varchar, store_id varchar, store_code varchar, till_id varchar, business_date
        date, closure_verdict varchar, reason varchar, differences varchar, closure_count bigint, closure_nos
        varchar, repeated_closure_nos varchar, missing_closure_nos varchar, closed_at_local timestamp,
        closure_receipts bigint, receipts bigint, voided_receipts bigint, closure_sales_pence bigint,
        sales_pence bigint, closure_returns_pence bigint, returns_pence bigint, closure_cash_pence bigint,
        cash_pence bigint, closure_card_pence bigint, card_pence bigint, counted_cash_pence bigint,
        cash_over_short_pence bigint""",
    "store_days": """company_id varchar, store_id varchar, business_date date, money_receipts bigint,
        nothing_to_post_receipts bigint, expected_documents bigint, till_sales_pence bigint,
        sage_sales_pence bigint, till_takings_pence bigint, sage_takings_pence bigint, matched_pence
        bigint, explained_pence bigint, open_pence bigint, not_checked_pence bigint, open_documents bigint,
        residual_pence bigint,
        slot_verdict varchar, period date""",
    "exceptions": """exception_id varchar, subject_id varchar, company_id varchar, store_id varchar,
    till_id varchar,
        business_date date, document_date date, event_id varchar, receipt_no varchar, document_kind varchar,
        verdict varchar, exception_class varchar, owner varchar, cause_detail varchar, suggested_remedy
        varchar, rule_ids varchar, sync_claim varchar, sync_message varchar, ledger_urn bigint,
        takings_effect_pence bigint, vat_effect_pence bigint, box_6_effect_pence bigint, profit_effect_pence bigint,
        classification_effect_pence bigint, value_at_risk_pence bigint, status varchar, first_seen_pass
        bigint, first_seen_at timestamp, last_seen_pass bigint, last_seen_at timestamp, resolved_at
        timestamp, days_open bigint, cause_key varchar,
        severity integer, runbook varchar, due_at timestamp, debt_pence_days bigint, blocks_close boolean,
        likely_partner varchar, vat_period_start_date date, vat_return_filed_on date""",
    "debt": """company_id varchar, owner varchar, exception_class varchar, cause_key varchar,
    open_exceptions bigint,
        value_at_risk_pence bigint, vat_effect_pence bigint, debt_pence_days bigint, oldest_first_seen_at
        timestamp,
        worst_severity integer, suggested_remedy varchar, runbook varchar, resolved_exceptions bigint,
        forecast_clear_date date""",
    "debt_by_pass": """company_id varchar, pass_number bigint, as_of timestamp, owner varchar,
        open_exceptions bigint, value_at_risk_pence bigint, debt_pence_days bigint""",
    "company_periods": """company_id varchar, period date, store_days bigint, open_store_days bigint,
        money_receipts bigint, nothing_to_post_receipts bigint, till_sales_pence bigint, sage_sales_pence
        bigint, matched_pence bigint, explained_pence bigint, open_pence bigint, not_checked_pence bigint,
        residual_pence bigint, open_exceptions bigint, value_at_risk_pence bigint, vat_at_risk_pence bigint,
        close_verdict varchar""",
    "posting_proposals": """posting_key varchar, key_stem varchar, company_id varchar, store_id varchar,
        event_id varchar, receipt_no varchar, business_date date, document_date date, document_kind varchar,
        ordinal integer, revision integer, role varchar, remedy varchar, after_key varchar,
        customer_reference varchar,
        bank_code varchar, to_bank_code varchar, gross_pence bigint, net_pence bigint, tax_pence bigint,
        box_1_pence bigint,
        box_6_pence bigint, vat_period_start_date date, vat_return_filed_on date, second_reference varchar,
        narrative varchar, gate_status varchar, blocked_by varchar, writer varchar, sync_claim varchar,
        hold_reason varchar, is_connector_still_trying boolean, target_urn bigint, survivor_urn bigint,
        survivor_kind varchar, survivor_gross_pence bigint, is_beside_our_summary boolean, exception_id varchar,
        expected_period_start date,
        members_digest varchar, known_postings varchar, may_post boolean""",
    "tranche_members": """company_id varchar, tranche_key varchar, event_id varchar, tranche integer,
        store_id varchar, till_id varchar, business_date date, document_date date, customer_reference varchar,
        document_kind varchar, ordinal integer, tender_type varchar, bank_code varchar, clearing_bank_code varchar,
        direction integer, remedy varchar,
        member_key varchar, member_event_id varchar, receipt_no varchar, leg_type varchar, nominal_code varchar,
        cost_centre varchar, department varchar, tax_code integer, net_pence bigint, tax_pence bigint,
        members_digest varchar, tranche_state varchar""",
    "posting_proposal_legs": """posting_key varchar, leg_no integer, leg_type varchar, nominal_code varchar,
        cost_centre varchar, department varchar, tax_code integer, net_pence bigint, tax_pence bigint,
        sku varchar, description varchar, product_code varchar, warehouse varchar, is_text boolean,
        quantity_thousandths bigint""",
    "postings": """company_id varchar, store_id varchar, posting_key varchar, event_id varchar,
    document_kind varchar,
        ordinal integer, revision integer, role varchar, remedy varchar, state varchar, target_urn bigint,
        urn bigint, truth_sent boolean, truth_acknowledged boolean, truth_present boolean, truth_in_nominal
        boolean,
        truth_right boolean, attempts integer, refusal varchar, payload_digest varchar,
        publication_number integer, document_date date,
        box_1_pence bigint, box_6_pence bigint, vat_period_start_date date, corrects_return date""",
    "vat_returns": """company_id varchar, period_start_date date, period_end_date date, filed_on date,
        error_limit_pence bigint, corrections bigint, net_error_pence bigint, net_error_box_6_pence bigint,
        open_exceptions bigint, open_vat_effect_pence bigint, open_box_6_effect_pence bigint""",
    "verdict_history": """company_id varchar, subject_id varchar, subject_kind varchar, event_id varchar,
        store_id varchar, business_date date, verdict varchar, drift_kinds varchar, ledger_document_id
        varchar, expected_gross_pence bigint, ledger_gross_pence bigint, exception_class varchar, owner
        varchar,
        value_at_risk_pence bigint, is_open boolean, rule_version integer, pass_number bigint, as_of
        timestamp""",
    "deliveries": """company_id varchar, delivery_id varchar, source_file varchar, store_code varchar,
        profile varchar, table_name varchar, status varchar, rows_read bigint, rows_landed bigint,
        rows_set_aside bigint, duplicate_of varchar, message varchar, pass_number integer""",
    "fix_set": """company_id varchar, fix_id varchar, fix_rank bigint, rule_id varchar, title varchar,
        to_mend varchar, owner varchar, remedy varchar, runbook varchar, stores varchar,
        documents_touched bigint, value_touched_pence bigint, vat_touched_pence bigint,
        documents_freed_alone bigint, value_freed_alone_pence bigint, documents_freed_so_far bigint,
        value_freed_so_far_pence bigint""",
    "look_ahead": """company_id varchar, cell varchar, store_id varchar, tried_key varchar, leads_to varchar,
        status varchar, last_seen_on date, lately_pence bigint""",
    "coverage": """company_id varchar, store_id varchar, business_date date, tender_type varchar,
        documents bigint, documents_not_checked bigint, value_pence bigint, checked_pence bigint,
        pending_pence bigint, ambiguous_pence bigint, not_checked_pence bigint, checked_basis_points bigint""",
    "match_decisions": """company_id varchar, posting_key varchar, ledger_document_id varchar, candidates varchar,
        decided_by varchar, reason varchar, is_in_force boolean, lapsed_because varchar""",
    "set_aside_rows": """company_id varchar, delivery_id varchar, source_file varchar, source_row bigint,
        column_name varchar, reason varchar, raw_text varchar, store_code varchar, till_id varchar,
        receipt_no varchar, pass_number integer""",
    "gate_flags": """rule_id varchar, gate_row_id varchar, posting_key varchar, owner varchar,
        severity varchar,
        title varchar, remedy varchar, runbook varchar, observed_value varchar, company_id varchar,
        store_id varchar, business_date date, event_id varchar, receipt_no varchar""",
    "dirty_slots": """company_id varchar, store_id varchar, business_date date, reason varchar,
        pass_number bigint""",
}

HOSTILE = "*BIG* $5 bag $6 [free](javascript:alert(1)) <img src=x onerror=alert(1)> `x` :red[hot]"
OPEN = ("drifted", "missing_in_ledger", "missing_in_pos", "duplicate_in_ledger", "not_checked")


class Shop:
    """Gathers rows by table; what is not given is null."""

    def __init__(self) -> None:
        self.tables: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._urn = 1000

    def add(self, model: str, **row: Any) -> dict[str, Any]:
        self.tables[model].append({"company_id": COMPANY, **row})
        return row

    def urn(self) -> int:
        self._urn += 1
        return self._urn

    def receipt(
        self, number: int, store: str, day: date, *, description: str = "Party bag", **faults: Any
    ) -> str:
        """A £120.00 sale paid by card, its two documents, and what Sage holds of them unless a fault says
        otherwise.

        faults: sales / takings = {"verdict": …, other columns}, no_trace = reason,
        worst = the receipt's verdict where it is not that of its sale
        """
        event = f"pos:{store}:1:{number}:{day}:1"
        no_trace = faults.get("no_trace")
        gross, net, tax = (0, 0, 0) if no_trace else (12000, 10000, 2000)
        name = {"event_id": event, "store_id": store, "business_date": day}
        came = {"source_file": f"{store}_{day:%Y%m}.csv", "source_row": number % 1000}
        sales = faults.get("sales", {"verdict": "matched"})
        self.add(
            "receipts",
            **name,
            **came,
            till_id="1",
            receipt_no=str(number),
            occurrence=1,
            receipt_kind="sale",
            document_date=day,
            sold_at=datetime.fromisoformat(f"{day}T11:30"),
            sold_at_local=datetime.fromisoformat(f"{day}T11:30"),
            zone="Europe/London",
            gross_pence=gross,
            net_pence=net,
            tax_pence=tax,
            tender_pence=gross,
            tip_pence=0,
            line_count=1,
            units=Decimal(5),
            is_money=not no_trace,
            nothing_to_post_reason=no_trace,
            is_complete=True,
            verdict="nothing_to_post" if no_trace else faults.get("worst", sales["verdict"]),
            is_partly_posted=False,
            delivery_id=f"D{store}{day:%Y%m}",
        )
        self.add(
            "receipt_lines",
            **name,
            **came,
            line_no=1,
            sku_as_sent="22423",
            sku="22423",
            category="gift",
            description=description,
            quantity=Decimal(5),
            unit_price_amount=Decimal("20.000"),
            net_pence=net,
            till_tax_code="S",
            tax_rate_thousandths=20000,
            tax_pence=tax,
            gross_pence=gross,
        )
        if no_trace:
            self.document(
                f"TP{number}NONE0000000P"[:20], name, "none", no_trace and {"verdict": "nothing_to_post"}, 0
            )
            return event
        paid = {"tender_no": 1, "tender_type": "CARD", "tender_pence": gross, "tip_pence": 0}
        self.add("receipt_tenders", **name, **came, **paid)
        self.document(f"TP{number}ABCDEFGN0110"[:19] + "P", name, "invoice", sales, gross)
        takings = faults.get("takings", {"verdict": "matched"})
        self.document(f"TP{number}ABCDEFGR0110"[:19] + "P", name, "receipt", takings, gross)
        return event

    def document(self, key: str, name: dict[str, Any], kind: str, judged: dict[str, Any], gross: int) -> None:
        """One verdict, and the ledger document behind it where the verdict has one."""
        is_sales = kind == "invoice"
        number = name["event_id"].split(":")[3]
        tax = gross // 6 if is_sales else 0
        held = None
        if judged["verdict"] not in ("missing_in_ledger", "not_checked", "nothing_to_post"):
            held = self.ledger(name, kind, f"POS-{name['store_id']}-{number}", key, **judged.pop("held", {}))
        self.add(
            "document_verdicts",
            document_id=key,
            posting_key=key,
            till_id="1",
            receipt_no=number,
            document_date=name["business_date"],
            document_kind=kind,
            ordinal=1,
            rung=2 if held else None,
            evidence="receipt number in the reference" if held else None,
            is_money=kind != "none",
            expected_gross_pence=gross,
            expected_net_pence=gross - tax,
            expected_tax_pence=tax,
            outside_pence=0,
            ledger_document_id=held and held["ledger_document_id"],
            ledger_urn=held and held["urn"],
            ledger_reference=held and held["reference"],
            ledger_gross_pence=held and held["gross_pence"],
            ledger_net_pence=held and held["net_pence"],
            ledger_tax_pence=held and held["tax_pence"],
            ledger_date=held and held["document_date"],
            direction=1,
            is_sales=is_sales,
            is_open=judged["verdict"] in OPEN,
            variance_pence=gross - (held["gross_pence"] if held else 0),
            **{"drift_kinds": "", **name, **judged},
        )
        if kind != "none":
            self.add(
                "expected_lines",
                posting_key=key,
                document_date=name["business_date"],
                leg_no=1,
                leg_type="nominal" if is_sales else "bank",
                document_kind=kind,
                customer_reference=f"TILL{name['store_id'][1:]}",
                is_on_account=False,
                net_pence=gross - tax,
                tax_pence=tax,
                **{each: name[each] for each in ("store_id", "business_date")},
                **(
                    {"category": "gift", "till_tax_code": "S", "nominal_code": "4000", "tax_code": 1,
                     "cost_centre": name["store_id"], "department": ""}
                    if is_sales else {"tender_type": "CARD", "bank_code": "1240"}
                ),
            )  # fmt: skip
        self.add(
            "verdict_history",
            subject_id=key,
            subject_kind="document",
            pass_number=1,
            as_of=AS_OF - timedelta(days=2),
            verdict=judged["verdict"],
            drift_kinds=judged.get("drift_kinds", ""),
            expected_gross_pence=gross,
            is_open=judged["verdict"] in OPEN,
            value_at_risk_pence=0,
            rule_version=1,
            **name,
        )

    def ledger(
        self, name: dict[str, Any], kind: str, reference: str, key: str | None, **other: Any
    ) -> dict[str, Any]:
        urn = self.urn()
        tax = other.pop("tax_pence", 2000 if kind == "invoice" else 0)
        document = {
            "ledger_document_id": f"sage200:{urn}",
            "store_id": name["store_id"],
            "source_ledger": "sales",
            "urn": urn,
            "document_kind": kind,
            "reference": reference,
            "customer_reference": f"TILL{name['store_id'][1:]}",
            "bank_code": "1240" if kind == "receipt" else None,
            "second_reference": f"{name['store_id']} {reference.rpartition('-')[2]}",
            "document_date": name["business_date"],
            "period_start_date": name["business_date"].replace(day=1),
            "gross_pence": 10000 + tax if kind == "invoice" else 12000,
            "net_pence": 10000,
            "tax_pence": tax,
            "user_name": "CONNECTOR",
            "mark": "connector",
            "is_in_nominal": True,
            "is_in_suspense": False,
            "is_allocated": False,
            "is_bank_reconciled": False,
            "posting_key": key,
            "rung": 2,
            **other,
        }
        self.add("ledger_documents", **document)
        lines = [
            ("1100", "", "control", document["gross_pence"], 0),
            ("4000", name["store_id"], "analysis", 0, 10000),
        ]
        if kind == "receipt":
            lines = [("1240", name["store_id"], "bank", 12000, 0), ("1100", "", "control", 0, 12000)]
        for place, (nominal, cost_centre, role, debit, credit) in enumerate(lines):
            self.add(
                "ledger_lines",
                ledger_document_id=document["ledger_document_id"],
                urn=urn,
                line_id=urn * 10 + place,
                document_date=document["document_date"],
                nominal_code=nominal,
                cost_centre=cost_centre,
                department="",
                leg_role=role,
                debit_pence=debit,
                credit_pence=credit,
                reference=reference,
                narrative="",
                user_name=document["user_name"],
            )
        return document

    def exception(
        self, exception_id: str, subject: str, cause: str, owner: str, value: int, **row: Any
    ) -> None:
        days = row.pop("days_open", 4)
        detail = row.setdefault("cause_detail", cause)
        self.add(
            "exceptions",
            **{
                "exception_id": exception_id,
                "subject_id": subject,
                "exception_class": cause,
                "owner": owner,
                "value_at_risk_pence": value,
                "status": "open",
                "days_open": days,
                "cause_key": f"{cause}: {detail}",
                "vat_effect_pence": value // 6,
                "takings_effect_pence": 0,
                "profit_effect_pence": value,
                "classification_effect_pence": 0,
                "severity": 2,
                "first_seen_pass": 1,
                "last_seen_pass": 2,
                "first_seen_at": AS_OF - timedelta(days=days),
                "last_seen_at": AS_OF,
                "due_at": AS_OF,
                "debt_pence_days": value * days,
                "runbook": f"docs/runbooks/{cause}.md",
                "blocks_close": "business_date" in row and row.get("status", "open") == "open",
                **row,
            },
        )


def shop() -> Shop:
    """The whole story, before it is published."""
    from synthetic_story import tell

    told = Shop()
    tell(told)
    return told


def publish(root: Path, told: Shop | None = None) -> Path:
    """Publish the story (or nothing but empty tables) into `<root>/published` and return `root`, a
    TILLPROOF_HOME."""
    # one thread: the tables are too small to share, and a second one is paid for waiting
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("create schema marts")
        for model, columns in COLUMNS.items():
            connection.execute(f"create table marts.{model} ({columns})")
            names = [column.split(maxsplit=1)[0] for column in columns.replace("(18,3)", "").split(",")]
            rows = [{name: row.get(name) for name in names} for row in (told or Shop()).tables[model]]
            if rows:
                connection.register("given", pa.Table.from_pylist(rows))
                connection.execute(f"insert into marts.{model} select * from given")
        connection.execute("create schema exceptions")
        connection.execute("create view exceptions.posting_proposals as from marts.posting_proposals")
        Publications(root / "published").publish(
            connection,
            {model: f"marts.{model}" for model in COLUMNS},
            pass_number=2,
            as_of=AS_OF,
            seconds={"land": 1.25, "models": 3.5},
        )
    return root


def copied(home: Path, place: Path, settings: str = 'company_id = "DGS"\n') -> Path:
    """What a home has published in another home, with settings and so with a place for decisions."""
    shutil.copytree(home / "published", place / "published")
    (place / "tillproof.toml").write_text(settings, encoding="utf-8")
    return place
