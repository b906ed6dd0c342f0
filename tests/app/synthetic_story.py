"""What happened in the synthetic shop: a calm October, and a November with one fault of each kind."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from synthetic_published import AS_OF, HOSTILE, STORES, Shop

MISSING = 570301
BLOCKED = 571501
DRIFTED = 570702
TWICE = 571103
SET_ASIDE = 572003
NO_TRACE = 570499
POSTED = 561202
REVERSED = 561001
HOSTILE_RECEIPT = 572801
LONG = 560503
LINES = 197


def tell(shop: Shop) -> None:
    faults = _faults(shop)
    day = date(2011, 10, 1)
    while day < date(2011, 12, 1):
        for store in STORES:
            number = 550000 + (day.month - 9) * 10000 + day.day * 100 + int(store[2])
            shop.receipt(number, store, day, **faults.get(number, {}))
        day += timedelta(days=1)
    shop.receipt(NO_TRACE, "S01", date(2011, 11, 4), no_trace="zero_value")
    _copy(shop)
    _reversed_copy(shop)
    _exceptions(shop)
    _posted(shop)
    shop.add(
        "vat_returns",
        period_start_date=date(2011, 10, 1),
        period_end_date=date(2011, 12, 31),
        filed_on=date(2012, 2, 7),
        corrections=1,
        net_error_pence=1200,
        net_error_box_6_pence=6000,
        open_exceptions=2,
        open_vat_effect_pence=400,
        open_box_6_effect_pence=2000,
    )
    _deliveries(shop)
    _long(shop)
    _add_up(shop)


def _long(shop: Shop) -> None:
    """Receipt 560503 has as many lines as a wholesale order: what was given away with the bag."""
    first = next(row for row in shop.tables["receipt_lines"] if row["event_id"].split(":")[3] == str(LONG))
    nothing = dict.fromkeys(("net_pence", "tax_pence", "gross_pence"), 0)
    for number in range(2, LINES + 1):
        described = f"Gift tag with a long name and a ribbon, number {number}"
        shop.add("receipt_lines", **{**first, **nothing, "line_no": number, "description": described})


def _faults(shop: Shop) -> dict[int, dict[str, Any]]:
    lost = {
        "verdict": "missing_in_ledger",
        "sync_claim": "accepted",
        "sync_message": "201 Created",
        "sync_claimed_at": datetime.fromisoformat("2011-11-03T12:05"),
    }
    hidden = {
        "verdict": "missing_in_ledger",
        "sync_claim": "rejected",
        "sync_message": "Nominal account is hidden",
    }
    wrong_vat = {"verdict": "drifted", "drift_kinds": "amount,tax_amount,tax_code", "held": {"tax_pence": 0}}
    penny = {"verdict": "matched_within_policy", "policy": "tax_by_receipt", "drift_kinds": "tax_amount"}
    aside = {"verdict": "not_checked", "reason": "rows_set_aside"}
    return {
        MISSING: {"sales": dict(lost), "takings": dict(lost)},
        BLOCKED: {"sales": dict(hidden)},
        DRIFTED: {"sales": wrong_vat},
        SET_ASIDE: {"sales": dict(aside), "takings": dict(aside)},
        560502: {"sales": penny},
        HOSTILE_RECEIPT: {"description": HOSTILE},
        TWICE: {"worst": "duplicate_in_ledger"},
    }


def _key(number: int, kind: str = "N") -> str:
    return f"TP{number}ABCDEFG{kind}0110"[:19] + "P"


def _name(number: int, store: str, day: date) -> dict[str, Any]:
    event = f"pos:{store}:1:{number}:{day}:1"
    return {
        "event_id": event,
        "store_id": store,
        "business_date": day,
        "receipt_no": str(number),
        "till_id": "1",
    }


def _copy(shop: Shop) -> None:
    """The connector posted receipt 571103 twice: the second invoice is a document of its own."""
    name = _name(TWICE, "S03", date(2011, 11, 11))
    copy = shop.ledger(name, "invoice", f"POS-S03-{TWICE}", None)
    survivor = next(row for row in shop.tables["ledger_documents"] if row["posting_key"] == _key(TWICE))
    shop.add(
        "document_verdicts",
        document_id=copy["ledger_document_id"],
        verdict="duplicate_in_ledger",
        reason="posted_twice",
        partner_id=survivor["ledger_document_id"],
        document_kind="invoice",
        ordinal=1,
        drift_kinds="",
        is_money=True,
        expected_gross_pence=0,
        expected_net_pence=0,
        expected_tax_pence=0,
        ledger_gross_pence=12000,
        ledger_net_pence=10000,
        ledger_tax_pence=2000,
        outside_pence=0,
        ledger_urn=copy["urn"],
        ledger_document_id=copy["ledger_document_id"],
        ledger_reference=copy["reference"],
        direction=1,
        is_sales=True,
        is_open=True,
        variance_pence=-12000,
        document_date=name["business_date"],
        **name,
    )
    shop.exception(
        "EXDDDDDDDDDD",
        copy["ledger_document_id"],
        "posted_twice",
        "integration",
        12000,
        verdict="duplicate_in_ledger",
        ledger_urn=copy["urn"],
        suggested_remedy="Reverse the copy with its equal and opposite.",
        **name,
    )
    shop.add(
        "posting_proposals",
        posting_key="TPXXXXXXXXXXXXXC0110"[:19] + "X",
        key_stem="TPXXXXXXXXXXXXXC01",
        remedy="reverse_duplicate",
        role="X",
        document_kind="credit_note",
        ordinal=1,
        revision=1,
        gross_pence=12000,
        net_pence=10000,
        tax_pence=2000,
        gate_status="passed",
        writer="connector",
        sync_claim="none",
        may_post=True,
        target_urn=copy["urn"],
        exception_id="EXDDDDDDDDDD",
        narrative=f"Reversal of URN {copy['urn']}",
        document_date=name["business_date"],
        **{**name, "event_id": f"ledger:{copy['urn']}"},
    )


def _reversed_copy(shop: Shop) -> None:
    """Receipt 561001 was posted twice too, and the copy undone: neither of the two names the event."""
    day = date(2011, 10, 10)
    name = {"event_id": None, "store_id": "S01", "business_date": day}
    copy = shop.ledger(name, "invoice", f"POS-S01-{REVERSED}", None)
    contra = shop.ledger(name, "credit_note", "TPYYYYYYYYYYYYYC011X", None, user_name="TILLPROOF")
    contra.update(gross_pence=12000, net_pence=10000, tax_pence=2000)
    for document, partner, direction in ((copy, contra, 1), (contra, copy, -1)):
        shop.add(
            "document_verdicts",
            document_id=document["ledger_document_id"],
            verdict="reversed",
            reason="contra" if document is contra else "reversed",
            partner_id=partner["ledger_document_id"],
            document_kind=document["document_kind"],
            receipt_no=str(REVERSED) if document is copy else None,
            ordinal=1,
            drift_kinds="",
            is_money=True,
            expected_gross_pence=0,
            expected_net_pence=0,
            expected_tax_pence=0,
            ledger_gross_pence=12000,
            ledger_net_pence=10000,
            ledger_tax_pence=2000,
            outside_pence=0,
            ledger_urn=document["urn"],
            ledger_document_id=document["ledger_document_id"],
            ledger_reference=document["reference"],
            direction=direction,
            is_sales=True,
            is_open=False,
            variance_pence=-12000,
            document_date=day,
            **name,
        )


def _exceptions(shop: Shop) -> None:
    said = {
        "cause_detail": "201 Created",
        "suggested_remedy": "Post the missing document.",
        "verdict": "missing_in_ledger",
    }
    missing = _name(MISSING, "S01", date(2011, 11, 3))
    shop.exception(
        "EXAAAAAAAAAA",
        _key(MISSING),
        "synced_but_not_posted",
        "integration",
        12000,
        document_kind="invoice",
        severity=1,
        days_open=27,
        **said,
        **missing,
    )
    shop.exception(
        "EXAAAAAAAAAB",
        _key(MISSING, "R"),
        "synced_but_not_posted",
        "integration",
        12000,
        document_kind="receipt",
        severity=1,
        days_open=27,
        **said,
        **missing,
    )
    blocked = _name(BLOCKED, "S01", date(2011, 11, 15))
    shop.exception(
        "EXBBBBBBBBBB",
        _key(BLOCKED),
        "nominal_hidden",
        "finance",
        12000,
        verdict="missing_in_ledger",
        cause_detail="NOM-03 4015/S01",
        rule_ids="NOM-03",
        document_kind="invoice",
        suggested_remedy="Reopen the account, or map the category to another.",
        **blocked,
    )
    shop.add(
        "gate_flags",
        rule_id="NOM-03",
        gate_row_id="1",
        posting_key=_key(BLOCKED),
        owner="finance",
        severity="block",
        title="Nominal account is hidden",
        remedy="Reopen the account, or map the category to another.",
        runbook="docs/runbooks/nominal_hidden.md",
        observed_value="4015 S01",
        **blocked,
    )
    drifted = _name(DRIFTED, "S02", date(2011, 11, 7))
    shop.exception(
        "EXCCCCCCCCCC",
        _key(DRIFTED),
        "drift_amount",
        "finance",
        2000,
        verdict="drifted",
        document_kind="invoice",
        cause_detail="amount,tax_amount,tax_code",
        suggested_remedy="Correct it in Sage, or reverse and repost.",
        **drifted,
    )
    held = next(row for row in shop.tables["ledger_documents"] if row["posting_key"] == _key(DRIFTED))
    values = {
        "amount": ("120.00", "100.00"),
        "tax_amount": ("20.00", "0.00"),
        "tax_code": ("1 100.00", "2 100.00"),
    }
    for drift, (expected, ledger) in values.items():
        shop.add(
            "document_drifts",
            document_id=_key(DRIFTED),
            posting_key=_key(DRIFTED),
            ledger_document_id=held["ledger_document_id"],
            drift_kind=drift,
            expected_value=expected,
            ledger_value=ledger,
        )
    shop.exception(
        "EXEEEEEEEEEE",
        _key(SET_ASIDE),
        "rows_set_aside",
        "operations",
        12000,
        verdict="not_checked",
        severity=3,
        cause_detail="rows_set_aside S03",
        document_kind="invoice",
        suggested_remedy="Send the file again with the rows that could not be read.",
        **_name(SET_ASIDE, "S03", date(2011, 11, 20)),
    )
    shop.exception(
        "EXFFFFFFFFFF",
        "delivery:D9:broken.csv",
        "file_refused",
        "operations",
        0,
        verdict="not_checked",
        severity=3,
        store_id="S02",
        document_kind="delivery",
        cause_detail="broken.csv: the file is empty",
        suggested_remedy="Send the file again, whole and in its agreed form.",
    )


def _posted(shop: Shop) -> None:
    """Receipt 561202 was missing in the first pass, was posted by us and is proven."""
    name = _name(POSTED, "S02", date(2011, 10, 12))
    urn = next(row["urn"] for row in shop.tables["ledger_documents"] if row["posting_key"] == _key(POSTED))
    shop.add(
        "postings",
        posting_key=_key(POSTED),
        document_kind="invoice",
        ordinal=1,
        revision=1,
        role="P",
        remedy="post_missing",
        state="proven",
        urn=urn,
        truth_sent=True,
        truth_acknowledged=True,
        truth_present=True,
        truth_in_nominal=True,
        truth_right=True,
        attempts=1,
        refusal="",
        payload_digest="ab" * 32,
        publication_number=1,
        **name,
    )
    shop.add(
        "postings",
        posting_key=_key(MISSING),
        document_kind="invoice",
        ordinal=1,
        revision=1,
        role="P",
        remedy="post_missing",
        state="unknown",
        truth_sent=True,
        truth_acknowledged=False,
        truth_present=False,
        truth_in_nominal=False,
        truth_right=False,
        attempts=1,
        refusal="",
        payload_digest="cd" * 32,
        publication_number=1,
        **_name(MISSING, "S01", date(2011, 11, 3)),
    )
    history = next(row for row in shop.tables["verdict_history"] if row["subject_id"] == _key(POSTED))
    history.update(
        verdict="missing_in_ledger", is_open=True, exception_class="never_sent", value_at_risk_pence=12000
    )
    shop.add(
        "verdict_history",
        **{
            **history,
            "verdict": "matched",
            "is_open": False,
            "exception_class": None,
            "value_at_risk_pence": 0,
            "pass_number": 2,
            "as_of": AS_OF,
        },
    )
    shop.exception(
        "EX9999999999",
        _key(POSTED),
        "never_sent",
        "integration",
        12000,
        status="resolved",
        resolved_at=AS_OF,
        verdict="missing_in_ledger",
        **name,
    )


def _deliveries(shop: Shop) -> None:
    for store in STORES:
        for month in ("201110", "201111"):
            shop.add(
                "deliveries",
                delivery_id=f"D{store}{month}",
                source_file=f"{store}_{month}.csv",
                store_code=store,
                profile="csv_comma",
                table_name="pos/receipt_lines",
                status="accepted",
                rows_read=31,
                rows_landed=31,
                rows_set_aside=0,
                message="",
                pass_number=1,
            )
    shop.add(
        "deliveries",
        delivery_id="D9",
        source_file="broken.csv",
        store_code="S02",
        profile="csv_comma",
        status="refused",
        rows_landed=0,
        message="the file is empty",
        pass_number=2,
    )
    shop.add(
        "set_aside_rows",
        delivery_id="DS03201111",
        source_file="S03_201111.csv",
        source_row=21,
        column_name="net_amount",
        reason="not a number",
        raw_text="12,oo",
        store_code="S03",
        till_id="1",
        receipt_no=str(SET_ASIDE),
        pass_number=1,
    )


def _add_up(shop: Shop) -> None:
    """Store-days, periods and debt, from the rows above."""
    days: dict[tuple[str, date], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in shop.tables["document_verdicts"]:
        slot = days[row["store_id"], row["business_date"]]
        value = max(row["expected_gross_pence"], row["ledger_gross_pence"] or 0)
        heading = {
            "matched": "matched_pence",
            "matched_within_policy": "explained_pence",
            "reversed": "explained_pence",
            "not_checked": "not_checked_pence",
        }
        slot[heading.get(row["verdict"], "open_pence")] += value
        slot["open_documents"] += row["is_open"]
        side = "sales" if row["is_sales"] else "takings"
        slot[f"till_{side}_pence"] += row["expected_gross_pence"]
        slot[f"sage_{side}_pence"] += row["direction"] * (row["ledger_gross_pence"] or 0)
    for row in shop.tables["receipts"]:
        days[row["store_id"], row["business_date"]][
            "money_receipts" if row["is_money"] else "nothing_to_post_receipts"
        ] += 1
    sums = (
        "matched_pence",
        "explained_pence",
        "open_pence",
        "not_checked_pence",
        "till_sales_pence",
        "sage_sales_pence",
        "till_takings_pence",
        "sage_takings_pence",
        "money_receipts",
        "nothing_to_post_receipts",
        "open_documents",
    )
    months: dict[date, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for (store, day), slot in sorted(days.items()):
        verdict = "open" if slot["open_pence"] else "not_checked" if slot["not_checked_pence"] else None
        verdict = verdict or ("explained" if slot["explained_pence"] else "agrees")
        period = day.replace(day=1)
        shop.add(
            "store_days",
            store_id=store,
            business_date=day,
            period=period,
            slot_verdict=verdict,
            residual_pence=0,
            expected_documents=2,
            **{column: slot[column] for column in sums},
        )
        shop.add(
            "till_closures",
            store_id=store,
            store_code=store,
            till_id="1",
            business_date=day,
            closure_verdict="agrees",
            closure_count=1,
            receipts=slot["money_receipts"],
            cash_over_short_pence=0,
        )
        shop.add(
            "till_customer_balances",
            customer_reference=f"TILL{store[1:]}",
            account_kind="till_customer",
            store_id=store,
            document_date=day,
            sales_pence=slot["sage_sales_pence"],
            takings_pence=slot["sage_takings_pence"],
            balance_pence=slot["sage_sales_pence"] - slot["sage_takings_pence"],
            document_count=2,
        )
        for column in sums:
            months[period][column] += slot[column]
        months[period]["store_days"] += 1
        months[period]["open_store_days"] += verdict == "open"
    for period, month in months.items():
        opened = [
            row
            for row in shop.tables["exceptions"]
            if row["status"] == "open"
            and row.get("business_date")
            and row["business_date"].replace(day=1) == period
        ]
        shop.add(
            "company_periods",
            period=period,
            residual_pence=0,
            open_exceptions=len(opened),
            **month,
            value_at_risk_pence=sum(row["value_at_risk_pence"] for row in opened),
            vat_at_risk_pence=sum(row["vat_effect_pence"] for row in opened),
            close_verdict="blocked" if opened else "ready",
        )
    for row in shop.tables["exceptions"]:
        if row["status"] == "open":
            shop.add(
                "debt",
                owner=row["owner"],
                exception_class=row["exception_class"],
                cause_key=row["cause_key"],
                open_exceptions=1,
                value_at_risk_pence=row["value_at_risk_pence"],
                vat_effect_pence=row["vat_effect_pence"],
                debt_pence_days=row["debt_pence_days"],
                oldest_first_seen_at=row["first_seen_at"],
                worst_severity=row["severity"],
                suggested_remedy=row.get("suggested_remedy"),
                runbook=row["runbook"],
                forecast_clear_date=date(2011, 9, 9) if row["owner"] == "finance" else None,
            )
    for number, days in ((1, 2), (2, 0)):
        for owner in ("finance", "operations", "integration"):
            mine = [
                row
                for row in shop.tables["exceptions"]
                if row["owner"] == owner and (row["status"] == "open" or number == 1)
            ]
            shop.add(
                "debt_by_pass",
                pass_number=number,
                as_of=AS_OF - timedelta(days=days),
                owner=owner,
                open_exceptions=len(mine),
                value_at_risk_pence=sum(row["value_at_risk_pence"] for row in mine),
                debt_pence_days=0 if number == 1 else 2 * sum(row["value_at_risk_pence"] for row in mine),
            )
    _bridge(shop)
    _coverage(shop)
    for rank, (mend, store) in enumerate([("4015 S01", "S01"), ("V5", "S02")], start=1):
        shop.add(
            "fix_set",
            fix_id=f"FIX{rank}",
            fix_rank=rank,
            rule_id="NOM-03" if rank == 1 else "TAX-01",
            title="Nominal account is hidden" if rank == 1 else "Tax code is not mapped",
            to_mend=mend,
            owner="finance",
            remedy="Reopen the account, or map the category to another.",
            runbook="nominal_hidden" if rank == 1 else "till_tax_code_unmapped",
            stores=store,
            documents_touched=3 - rank,
            value_touched_pence=24000 // rank,
            vat_touched_pence=4000 // rank,
            documents_freed_alone=2 - rank,
            value_freed_alone_pence=12000 * (2 - rank),
            documents_freed_so_far=rank,
            value_freed_so_far_pence=12000 + 24000 * (rank - 1),
        )
    for status, lately in (("hidden", 12000), ("open", 99900)):
        shop.add(
            "look_ahead",
            cell="goods",
            store_id="S01",
            tried_key=f"gift {status}",
            leads_to="4015/S01",
            status=status,
            last_seen_on=AS_OF.date(),
            lately_pence=lately,
        )


def _bridge(shop: Shop) -> None:
    """From tills to Sage for each store-day and measure, every difference under its verdict."""
    sums: dict[tuple[str, date, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in shop.tables["document_verdicts"]:
        if row["document_kind"] == "none":
            continue
        slot = sums[row["store_id"], row["business_date"], "sales" if row["is_sales"] else "takings"]
        tills = row["direction"] * row["expected_gross_pence"]
        sage = row["direction"] * (row["ledger_gross_pence"] or 0)
        parts = [("tills", tills, row.get("posting_key")), ("sage", sage, row["ledger_urn"])]
        for kind, amount, is_there in [*parts, (row["verdict"], sage - tills, sage != tills)]:
            if is_there:
                slot[kind][0] += amount
                slot[kind][1] += 1
    for (store, day, measure), lines in sums.items():
        order = ["tills", *sorted(set(lines) - {"tills", "sage"}), "sage", "residual"]
        for place, kind in enumerate(order):
            amount, documents = lines.get(kind, [0, 0])
            shop.add(
                "bridge_lines",
                store_id=store,
                business_date=day,
                measure=measure,
                line_order=place,
                line_kind=kind,
                amount_pence=amount,
                document_count=documents,
            )
    _period_bridge(shop)


POSTED_LATE_PENCE = 5000
"""Sales of October that Sage has in November."""


def _period_bridge(shop: Shop) -> None:
    """The days' bridges by month; what Sage had late stands in both months."""
    sums: dict[tuple[date, str], dict[tuple[int, str, date | None], list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0])
    )
    for row in shop.tables["bridge_lines"]:
        order = {"tills": 0, "sage": 98, "residual": 99}.get(row["line_kind"], 10)
        line = sums[row["business_date"].replace(day=1), row["measure"]][order, row["line_kind"], None]
        line[0] += row["amount_pence"]
        line[1] += row["document_count"]
    october, november = sorted({month for month, _ in sums})[-2:]
    sums[october, "sales"][50, "this_period_accounted_later", november] = [-POSTED_LATE_PENCE, 1]
    sums[october, "sales"][98, "sage", None][0] -= POSTED_LATE_PENCE
    sums[november, "sales"][53, "earlier_periods_accounted_here", october] = [POSTED_LATE_PENCE, 1]
    sums[november, "sales"][98, "sage", None][0] += POSTED_LATE_PENCE
    for (month, measure), lines in sums.items():
        for (order, kind, other), (amount, documents) in lines.items():
            shop.add(
                "period_bridge",
                period_start_date=month,
                measure=measure,
                line_order=order,
                line_kind=kind,
                other_period_start_date=other,
                amount_pence=amount,
                document_count=documents,
            )


def _coverage(shop: Shop) -> None:
    """How much of each store-day was checked: all but what the tills could not read."""
    for row in shop.tables["store_days"]:
        unchecked = row["not_checked_pence"] // 2
        for tender in ("CARD", "sales"):
            value = row["till_sales_pence"] if tender == "sales" else row["till_takings_pence"]
            shop.add(
                "coverage",
                store_id=row["store_id"],
                business_date=row["business_date"],
                tender_type=tender,
                documents=1,
                documents_not_checked=int(bool(unchecked)),
                value_pence=value,
                checked_pence=value - unchecked,
                pending_pence=0,
                ambiguous_pence=0,
                not_checked_pence=unchecked,
                checked_basis_points=(value - unchecked) * 10000 // value if value else 10000,
            )
