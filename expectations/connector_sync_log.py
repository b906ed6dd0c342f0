"""What must hold of the incumbent connector's own log as landed (`connector/sync_log`)."""

from __future__ import annotations

from expectations.suite import InSet, Present, Rule, Suite, Within

_WHICH = "run {run_id}, reference {reference}, attempt {attempt}"

RECORD_STATUSES: tuple[str, ...] = (
    "sent",
    "accepted",
    "skipped_duplicate",
    "rejected",
    "filtered",
    "unknown",
)

RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="INT-61",
        title="Sync log names no run or reference",
        why="An entry that names no document says nothing about any receipt.",
        owner="integration",
        severity="warn",
        remedy="Check the connector's log settings and the column names of its profile.",
        runbook="sync_log_unsound",
        check=Present("log_identity"),
        observed="{source_file} row {source_row}",
        failing_example={"reference": ""},
    ),
    Rule(
        rule_id="INT-62",
        title="Sync log has an unknown status",
        why="Whether the connector still means to post decides whether we may; a guess could post twice.",
        owner="integration",
        severity="block",
        remedy="Find out what the connector means by the status and map it.",
        runbook="sync_log_unsound",
        check=InSet("status_given", RECORD_STATUSES),
        observed="{status_given}: " + _WHICH,
        failing_example={"record_status": "OK-ish"},
    ),
    Rule(
        rule_id="INT-63",
        title="Connector says accepted but names no URN",
        why="A success without proof is a claim; it must not keep a missing receipt from being seen.",
        owner="integration",
        severity="warn",
        remedy="Look for the reference in Sage; have the connector log the URN it was answered.",
        runbook="sync_log_unsound",
        check=Present("target_urn"),
        when={"record_status": ("accepted",)},
        observed=_WHICH,
        failing_example={"target_urn": None},
    ),
    Rule(
        rule_id="INT-64",
        title="Sync log has no time",
        why="The retry window is counted from the last entry; without a time it never ends.",
        owner="integration",
        severity="block",
        remedy="Check the time format of the connector's log.",
        runbook="sync_log_unsound",
        check=Present("ended_at"),
        observed=_WHICH,
        failing_example={"ended_at": None},
    ),
    Rule(
        rule_id="INT-65",
        title="Sync log ends before it starts",
        why="The connector's clock or time zone is wrong, so its retry window would be too.",
        owner="integration",
        severity="warn",
        remedy="Set the connector's clock and declare the zone it logs in.",
        runbook="sync_log_unsound",
        check=InSet("order_of_times", ("in order",)),
        observed="started {started_at}, ended {ended_at}: " + _WHICH,
        failing_example={"ended_at": "2011-01-05 11:59:59"},
    ),
    Rule(
        rule_id="INT-66",
        title="HTTP status is no HTTP status",
        why="The status tells a refusal from a silence; any other number tells nothing.",
        owner="integration",
        severity="warn",
        remedy="Check which column of the connector's log holds the HTTP status.",
        runbook="sync_log_unsound",
        check=Within("http_status", 100, 599),
        observed="{http_status}: " + _WHICH,
        failing_example={"http_status": 9001},
    ),
)

SYNC_LOG = Suite(
    name="connector_sync_log",
    reads="connector/sync_log",
    promise="What must hold of each entry of the connector's own log.",
    columns={
        "source_key": "VARCHAR",
        "source_file": "VARCHAR",
        "source_row": "BIGINT",
        "run_id": "VARCHAR",
        "started_at": "TIMESTAMP",
        "ended_at": "TIMESTAMP",
        "reference": "VARCHAR",
        "attempt": "INTEGER",
        "record_status": "VARCHAR",
        "http_status": "INTEGER",
        "target_urn": "BIGINT",
    },
    facts={
        "log_identity": "run_id || '/' || reference",
        "status_given": "coalesce(record_status, 'none given')",
        "order_of_times": (
            "case when ended_at < started_at then 'reversed' "
            "when ended_at is not null and started_at is not null then 'in order' end"
        ),
    },
    row_id="source_key",
    has_tombstones=True,
    blank_is_null=True,
    rules=RULES,
    sound_row={
        "source_key": "log-1",
        "source_file": "connector_2011-01-05.csv",
        "source_row": 2,
        "run_id": "run-17",
        "started_at": "2011-01-05 12:00:00",
        "ended_at": "2011-01-05 12:00:01",
        "reference": "POS-S01-536365",
        "attempt": 1,
        "record_status": "accepted",
        "http_status": 201,
        "target_urn": 9001,
    },
)
