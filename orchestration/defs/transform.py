"""Assets: what dbt builds, before the gate and after it, and the gate between."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration import collector, judged_days
from orchestration import warehouse as warehouse_room
from orchestration.passes import Pass
from orchestration.settings import home_from_environment
from orchestration.warehouse import Warehouse

if TYPE_CHECKING:
    from expectations.validation import IntakeResult

MANIFEST: Path = warehouse_room.manifest(home_from_environment())


def _build(
    context: dg.AssetExecutionContext, current: Pass, warehouse: Warehouse, selector: str
) -> Iterator[object]:
    """Have dbt build what a selector names, and tell Dagster of each model and each test."""
    checks = {spec.name: spec for spec in context.assets_def.check_specs}
    keys = {key.path[-1]: key for key in context.selected_asset_keys}
    tests = []
    with current.timed(f"models {selector.replace('_', ' ')}"):
        for built in warehouse.build(selector):
            rows = warehouse.row_counts()
            for node in built:
                if node.is_test:
                    tests.append(node)
                    continue
                held = rows.get(".".join(keys[node.name].path))  # a view holds none
                counted = {} if held is None else {"dagster/row_count": held}
                yield dg.MaterializeResult(
                    asset_key=keys[node.name], metadata={"seconds": node.seconds, **counted}
                )
    for node in tests:
        if node.name in checks:
            yield dg.AssetCheckResult(
                asset_key=checks[node.name].asset_key, check_name=node.name, passed=node.has_passed
            )


def begin_warehouse(current: Pass, warehouse: Warehouse) -> judged_days.JudgedDays:
    """An empty warehouse, with what is kept laid beside it, and which days are judged."""
    warehouse.start_over()
    unfinished = current.settings.home / "gate" / judged_days.UNFINISHED
    with current.timed("choosing days"), warehouse.connect(read_only=False) as connection:
        days = judged_days.choose(
            connection,
            current.landing,
            current.publications.newest(),
            current.publications.root,
            pass_number=current.pass_number,
            rules=warehouse_room.rules_digest(),
            keep_from=current.settings.keep_days_from,
            is_trusted=not unfinished.exists(),
        )
    if days.are_some_kept:
        unfinished.touch()
    else:
        warehouse.start_over(landed_bytes=current.landing.size_bytes())
    return days


@dbt_assets(manifest=MANIFEST, selector="before_the_gate", name="models_before_the_gate")
def models_before_the_gate(
    context: dg.AssetExecutionContext, current: dg.ResourceParam[Pass], warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[object]:
    """What arrived, what Sage should hold, what it holds, the verdicts. The rows received are judged meanwhile."""
    current.begin_beside("intake suites", lambda: _judge_received(current))
    days = begin_warehouse(current, warehouse)
    context.log.info(f"judged: {days}")
    yield from _build(context, current, warehouse, "before_the_gate")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(["gate", "posting_flags"], group_name="gate", deps=[["gate", "gate_candidates"]]),
        dg.AssetSpec(["gate", "intake_flags"], group_name="gate", deps=[["run", "pass"]]),
    ]
)
def gate(
    current: dg.ResourceParam[Pass], warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.MaterializeResult]:
    """What may not leave for Sage, and which received rows are doubtful: every key, not a sample."""
    from expectations.validation import Table, run_posting_gate

    with current.timed("gate"):
        received = current.outcome("intake suites", lambda: _judge_received(current))
        with warehouse.connect(read_only=False) as connection:
            posting = run_posting_gate(
                Table(connection, "gate.gate_candidates"),
                current.settings.home / "gate" / "posting_flags.parquet",
                pass_number=current.pass_number,
            )
    yield dg.MaterializeResult(
        asset_key=["gate", "posting_flags"],
        metadata={"legs": posting.rows, **{rule: count for rule, count in posting.flagged.items() if count}},
    )
    yield dg.MaterializeResult(
        asset_key=["gate", "intake_flags"],
        metadata={**{rule: count for rule, count in received.flagged.items() if count}},
    )


def _judge_received(current: Pass) -> "IntakeResult":
    """The intake suites over what this pass landed: they ask landing alone, and need not wait for a model."""
    from expectations import gx_session
    from expectations.validation import run_intake

    out = current.settings.home / "gate" / "intake_flags.parquet"
    with current.timed("intake suites"):
        with collector.at_rest():
            gx_session.load()
        return run_intake(current.landing.root, pass_number=current.pass_number, out=out)


@dbt_assets(manifest=MANIFEST, selector="after_the_gate", name="models_after_the_gate")
def models_after_the_gate(
    context: dg.AssetExecutionContext, current: dg.ResourceParam[Pass], warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[object]:
    """Whose each difference is, what stops it, and what would put it right."""
    yield from _build(context, current, warehouse, "after_the_gate")
