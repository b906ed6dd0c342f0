"""What must hold of a till's Z closures as landed (`pos/till_closures`)."""

from __future__ import annotations

from expectations.suite import InSet, Present, Rule, Suite, Within

_WHERE = "{source_file} row {source_row}"

RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="INT-31",
        title="Closure names no store or till",
        why="A Z that belongs to no till cannot prove that all its receipts arrived.",
        owner="operations",
        severity="block",
        remedy="Have the till export store and till code with each closure.",
        runbook="till_row_unsound",
        check=Present("till_identity"),
        observed=_WHERE,
        failing_example={"till_code": ""},
    ),
    Rule(
        rule_id="INT-32",
        title="Closure has no number or business date",
        why="The running Z number is what shows that a closure in between is missing.",
        owner="operations",
        severity="block",
        remedy="Have the till export the Z number and its business date.",
        runbook="till_row_unsound",
        check=Present("closure_identity"),
        observed=_WHERE,
        failing_example={"closure_no": None},
    ),
    Rule(
        rule_id="INT-33",
        title="Closure counts a negative number of receipts",
        why="The count is the control total for missing receipts; negative or absent it controls nothing.",
        owner="operations",
        severity="warn",
        remedy="Check the count column in the source's profile against the file.",
        runbook="till_totals_differ",
        check=Within("receipts_counted", 0, 1_000_000),
        observed="{receipts_count}: " + _WHERE,
        failing_example={"receipts_count": -1},
    ),
    Rule(
        rule_id="INT-34",
        title="Closure has no sales or returns total",
        why="Without its totals a closure cannot be tied to the receipts of the day.",
        owner="operations",
        severity="block",
        remedy="Check the totals' columns in the source's profile against the file.",
        runbook="till_row_unsound",
        check=Present("least_total"),
        observed=_WHERE,
        failing_example={"sales_amount": None},
    ),
    Rule(
        rule_id="INT-35",
        title="Closure ends before it begins",
        why="A till whose clock ran backwards has receipts in the wrong closure.",
        owner="operations",
        severity="warn",
        remedy="Set the till's clock and compare the day's receipts with the Z by hand.",
        runbook="till_row_unsound",
        check=InSet("order_of_times", ("in order",)),
        observed="opened {opened_at_local}, closed {closed_at_local}: " + _WHERE,
        failing_example={"closed_at_local": "2011-01-05 08:59:59"},
    ),
    Rule(
        rule_id="INT-36",
        title="Counted cash is negative",
        why="A drawer cannot hold less than nothing; the over-and-short of the day would be wrong.",
        owner="operations",
        severity="warn",
        remedy="Have the store count again and correct the closure.",
        runbook="till_totals_differ",
        check=Within("counted_cash_amount", 0, 10_000_000),
        observed="{counted_cash_amount}: " + _WHERE,
        failing_example={"counted_cash_amount": "-5.00"},
    ),
)

TILL_CLOSURES = Suite(
    name="pos_till_closures",
    reads="pos/till_closures",
    promise="What must hold of each Z closure a till delivered.",
    columns={
        "source_key": "VARCHAR",
        "source_file": "VARCHAR",
        "source_row": "BIGINT",
        "store_code": "VARCHAR",
        "till_code": "VARCHAR",
        "closure_no": "INTEGER",
        "business_date": "DATE",
        "opened_at_local": "TIMESTAMP",
        "closed_at_local": "TIMESTAMP",
        "receipts_count": "INTEGER",
        "sales_amount": "DECIMAL(18,2)",
        "returns_amount": "DECIMAL(18,2)",
        "counted_cash_amount": "DECIMAL(18,2)",
    },
    facts={
        "till_identity": "store_code || '/' || till_code",
        "closure_identity": "cast(closure_no as varchar) || '/' || cast(business_date as varchar)",
        "receipts_counted": "coalesce(receipts_count, -1)",
        "least_total": (
            "case when sales_amount is not null and returns_amount is not null "
            "then least(sales_amount, returns_amount) end"
        ),
        "order_of_times": (
            "case when closed_at_local < opened_at_local then 'reversed' "
            "when closed_at_local is not null and opened_at_local is not null then 'in order' end"
        ),
    },
    row_id="source_key",
    has_tombstones=True,
    blank_is_null=True,
    rules=RULES,
    sound_row={
        "source_key": "closure-1",
        "source_file": "s01_closures_2011-01-05.csv",
        "source_row": 2,
        "store_code": "S01",
        "till_code": "1",
        "closure_no": 5,
        "business_date": "2011-01-05",
        "opened_at_local": "2011-01-05 09:00:00",
        "closed_at_local": "2011-01-05 17:30:00",
        "receipts_count": 40,
        "sales_amount": "1200.00",
        "returns_amount": "-20.00",
        "counted_cash_amount": "310.00",
    },
)
