"""Assets: what dbt builds, before the gate and after it, and the gate between."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from orchestration import warehouse as warehouse_room
from orchestration.passes import Pass
from orchestration.settings import home_from_environment
from orchestration.warehouse import Warehouse, dbt_environment

MANIFEST: Path = warehouse_room.manifest(home_from_environment())


def _build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, current: Pass, stage: str
) -> Iterator[object]:
    """Run dbt over what the asset selects. Its target folder is kept, so that the next pass parses in part only."""
    home = current.settings.home
    os.environ.update(dbt_environment(home))
    with current.timed(stage):
        invocation = dbt.cli(
            ["build"],
            context=context,
            target_path=home / "dbt" / stage.replace(" ", "_"),
        )
        yield from invocation.stream()


@dbt_assets(manifest=MANIFEST, selector="before_the_gate", name="models_before_the_gate")
def models_before_the_gate(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, current: dg.ResourceParam[Pass]
) -> Iterator[object]:
    """What arrived, cleaned, and what Sage should hold for it."""
    yield from _build(context, dbt, current, "models before the gate")


@dg.multi_asset(
    specs=[
        dg.AssetSpec(["gate", "posting_flags"], group_name="gate", deps=[["expected", "gate_candidates"]]),
        dg.AssetSpec(["gate", "intake_flags"], group_name="gate", deps=[["run", "pass"]]),
    ]
)
def gate(
    current: dg.ResourceParam[Pass], warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.MaterializeResult]:
    """What may not leave for Sage, and which received rows are doubtful: every key, not a sample."""
    from expectations.validation import run_intake, run_posting_gate

    folder = current.settings.home / "gate"
    with current.timed("gate"):
        warehouse.copy_out("expected.gate_candidates", folder / "gate_candidates.parquet")
        posting = run_posting_gate(
            folder / "gate_candidates.parquet",
            folder / "posting_flags.parquet",
            pass_number=current.pass_number,
        )
        received = run_intake(
            current.landing.root, pass_number=current.pass_number, out=folder / "intake_flags.parquet"
        )
    yield dg.MaterializeResult(
        asset_key=["gate", "posting_flags"],
        metadata={"legs": posting.rows, **{rule: count for rule, count in posting.flagged.items() if count}},
    )
    yield dg.MaterializeResult(
        asset_key=["gate", "intake_flags"],
        metadata={**{rule: count for rule, count in received.flagged.items() if count}},
    )


@dbt_assets(manifest=MANIFEST, selector="after_the_gate", name="models_after_the_gate")
def models_after_the_gate(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, current: dg.ResourceParam[Pass]
) -> Iterator[object]:
    """What Sage holds, how the two pair, the verdicts, and whose each difference is."""
    yield from _build(context, dbt, current, "models after the gate")
