"""What must hold of the nominal ledger's lines as read (`sage200/nominal_transactions`)."""

from __future__ import annotations

from expectations.suite import InSet, Present, Rule, Suite

_WHICH = "id {id}, URN {urn}, reference {reference}"

RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="INT-51",
        title="Nominal line is not debit or credit, but both or neither",
        why="Sage fills exactly one of the two; anything else has no sign and breaks every total.",
        owner="integration",
        severity="block",
        remedy="Read the line again and compare it with the nominal account's enquiry in Sage.",
        runbook="ledger_row_unsound",
        check=InSet("side", ("debit", "credit", "worth nothing")),
        observed="debit {debit}, credit {credit}: " + _WHICH,
        failing_example={"credit": "12.00"},
    ),
    Rule(
        rule_id="INT-52",
        title="Nominal line has a negative debit or credit",
        why="A negative debit is a credit under another name; it must not be counted on the wrong side.",
        owner="integration",
        severity="block",
        remedy="Compare the line with the nominal account's enquiry in Sage.",
        runbook="ledger_row_unsound",
        check=InSet("sign_status", ("not negative",)),
        observed="debit {debit}, credit {credit}: " + _WHICH,
        failing_example={"debit": "-12.00"},
    ),
    Rule(
        rule_id="INT-53",
        title="Nominal line has no account",
        why="Without its account a line cannot show whether takings landed where they belong.",
        owner="integration",
        severity="block",
        remedy="Read the line again; check the reader's rights to the nominal ledger.",
        runbook="ledger_row_unsound",
        check=Present("nominal_code_id"),
        observed=_WHICH,
        failing_example={"nominal_code_id": None},
    ),
    Rule(
        rule_id="INT-54",
        title="Nominal line has no date",
        why="Without a date a line belongs to no period.",
        owner="integration",
        severity="block",
        remedy="Read the line again; check the date format Sage answers with.",
        runbook="ledger_row_unsound",
        check=Present("transaction_date"),
        observed=_WHICH,
        failing_example={"transaction_date": None},
    ),
    Rule(
        rule_id="INT-55",
        title="Nominal line has no URN",
        why="The URN joins a line to its document; without it the line looks like a journal of nobody's.",
        owner="integration",
        severity="warn",
        remedy="Find the line in the nominal account's enquiry in Sage by its reference.",
        runbook="ledger_row_unsound",
        check=Present("urn"),
        observed=_WHICH,
        failing_example={"urn": None},
    ),
)

NOMINAL_LINES = Suite(
    name="sage200_nominal_lines",
    reads="sage200/nominal_transactions",
    promise="What must hold of each line read from the nominal ledger.",
    columns={
        "source_key": "VARCHAR",
        "source_file": "VARCHAR",
        "source_row": "BIGINT",
        "id": "BIGINT",
        "nominal_code_id": "BIGINT",
        "transaction_date": "DATE",
        "reference": "VARCHAR",
        "debit": "DECIMAL(18,2)",
        "credit": "DECIMAL(18,2)",
        "urn": "BIGINT",
    },
    facts={
        "side": (
            "case when debit is null and credit is null then 'neither' "
            "when coalesce(debit, 0) <> 0 and coalesce(credit, 0) <> 0 then 'both' "
            "when coalesce(debit, 0) <> 0 then 'debit' "
            "when coalesce(credit, 0) <> 0 then 'credit' else 'worth nothing' end"
        ),
        "sign_status": (
            "case when coalesce(debit, 0) < 0 or coalesce(credit, 0) < 0 "
            "then 'negative' else 'not negative' end"
        ),
    },
    row_id="source_key",
    has_tombstones=True,
    blank_is_null=True,
    rules=RULES,
    sound_row={
        "source_key": "nominal-1",
        "source_file": "nominal_transaction_enquiry_views",
        "source_row": 1,
        "id": 8001,
        "nominal_code_id": 41,
        "transaction_date": "2011-01-05",
        "reference": "POS-S01-536365",
        "debit": "12.00",
        "credit": "0.00",
        "urn": 9001,
    },
)
