"""Great Expectations over a throw-away DuckDB file: no telemetry, no progress bars, nothing left behind.

Great Expectations takes seconds to import, so it is imported inside the functions, when there is
something to judge.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.suite import InSet, Present, Rule, Suite, Within

ROW_INDEX = ("landed_file", "landed_row")
"""The two columns of every table that name a row: its Parquet file and its place in it."""


class SuiteNotJudgedError(RuntimeError):
    """Great Expectations could not judge a rule, so nothing may pass by it."""


@dataclass(frozen=True)
class Judgement:
    """What Great Expectations says of one rule: how many rows break it, and the query that finds them.

    The query does not hold the rule's `when`: Great Expectations leaves a row condition out of it.
    """

    rule: Rule
    unexpected_count: int
    query: str


def load() -> None:
    """Import Great Expectations now, so that the first judgement does not wait for it."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    importlib.import_module("great_expectations")


def judge(database: Path, suites: Sequence[Suite]) -> dict[str, list[Judgement]]:
    """Judge each suite's table in the DuckDB file; judgements by suite name, in the order of its rules.

    Raises SuiteNotJudgedError when a rule has no result or ended in an error.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    with _results_outlive_their_connection():
        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                analytics_enabled=False,
                progress_bars=ProgressBarsConfig(globally=False),
            ),
        )
        source = context.data_sources.add_sql(
            "throw_away", connection_string=f"duckdb:///{database.as_posix()}?threads=1"
        )
        try:
            return {suite.name: _judge_suite(source, suite) for suite in suites}
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()


def _judge_suite(source: Any, suite: Suite) -> list[Judgement]:
    import great_expectations as gx

    asset = source.add_table_asset(suite.name, table_name=suite.name)
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    expectations = gx.ExpectationSuite(
        name=suite.name, expectations=[expectation(rule) for rule in suite.rules]
    )
    result = batch.validate(
        expectations,
        result_format={
            "result_format": "BASIC",
            "return_unexpected_index_query": True,
            "unexpected_index_column_names": list(ROW_INDEX),
            "partial_unexpected_count": 0,
        },
    )
    results = {each.expectation_config.meta["rule_id"]: each for each in result.results}
    judgements = []
    for rule in suite.rules:
        outcome = results.get(rule.rule_id)
        reason = "no result" if outcome is None else _error(outcome.exception_info)
        if outcome is None or reason:
            raise SuiteNotJudgedError(f"{rule.rule_id} ({suite.name}): {reason}")
        judgements.append(
            Judgement(
                rule=rule,
                unexpected_count=int(outcome.result.get("unexpected_count") or 0),
                query=str(outcome.result["unexpected_index_query"]).rstrip().removesuffix(";"),
            )
        )
    return judgements


def _error(told: Mapping[str, Any]) -> str | None:
    """What went wrong with one rule; None when nothing did.

    Great Expectations tells either one outcome, or one for each metric it could not compute.
    """
    outcomes = [told] if "raised_exception" in told else list(told.values())
    messages = sorted({str(each.get("exception_message")) for each in outcomes if each["raised_exception"]})
    return "; ".join(messages) if messages else None


def expectation(rule: Rule) -> Any:
    """The rule as a Great Expectations column expectation, with its meta and row condition."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    given: dict[str, Any] = {"column": rule.check.column, "meta": rule.meta()}
    for column, values in rule.when.items():
        condition = Column(column).is_in(list(values))
        given["row_condition"] = given["row_condition"] & condition if "row_condition" in given else condition
    match rule.check:
        case InSet(allowed=allowed):
            return gxe.ExpectColumnValuesToBeInSet(value_set=list(allowed), **given)
        case Within(least=least, most=most):
            return gxe.ExpectColumnValuesToBeBetween(min_value=least, max_value=most, **given)
        case Present():
            return gxe.ExpectColumnValuesToNotBeNull(**given)


@contextmanager
def _results_outlive_their_connection() -> Iterator[None]:
    """Fetch DuckDB results at once: Great Expectations reads them after closing the connection.

    DuckDB empties an open result then ("list index out of range", great_expectations issues 10738 and
    11579). Engines of other dialects are left alone, and the listener goes when the work is done.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    def fetch_at_once(**executed: Any) -> None:
        cursor = executed["cursor"]
        if executed["conn"].dialect.name == "duckdb" and cursor.description:
            executed["context"].cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                cursor, initial_buffer=cursor.fetchall()
            )

    event.listen(Engine, "after_cursor_execute", fetch_at_once, named=True)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", fetch_at_once)
