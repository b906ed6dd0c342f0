"""Assets: what tills, Sage and people gave, as received, and whether any of it is new."""

from collections.abc import Iterator

import dagster as dg

from orchestration import passes
from orchestration.landing_tables import OPERATIONS_TABLES, SAGE200_TABLES, SYNC_LOG, TABLES, TILL_TABLES
from orchestration.passes import Pass

TILL_ASSETS = [spec.name for spec in TILL_TABLES] + [
    SYNC_LOG.name,
    "intake/deliveries",
    "intake/set_aside_rows",
]


def _specs(names: list[str]) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            name.split("/"), group_name="landing", description=f"`{name}` as received, one row a version."
        )
        for name in names
    ]


def _landed(current: Pass, names: list[str]) -> Iterator[dg.MaterializeResult]:
    rows = current.landing.rows_landed(current.pass_number)
    for name in names:
        yield dg.MaterializeResult(
            asset_key=name.split("/"),
            metadata={"rows_landed": rows.get(name, 0), "pass_number": current.pass_number},
        )


@dg.multi_asset(specs=_specs(TILL_ASSETS), can_subset=False)
def till_exports(current: dg.ResourceParam[Pass]) -> Iterator[dg.MaterializeResult]:
    """What the tills and the connector left in the watched folders; what was landed before adds nothing."""
    from orchestration.tills.intake import intake

    with current.timed("intake"):
        intake(current.settings.inbox, current.landing, current.pass_number)
    yield from _landed(current, TILL_ASSETS)


@dg.multi_asset(specs=_specs([spec.name for spec in SAGE200_TABLES]), can_subset=False)
def sage200_ledger(current: dg.ResourceParam[Pass]) -> Iterator[dg.MaterializeResult]:
    """What Sage holds, read over its API from where landing left off."""
    from orchestration.ledgers.sage200_client import Sage200Client
    from orchestration.ledgers.sage200_extract import extract

    settings = current.settings.sage200_at_home()
    with current.timed("sage extraction"), Sage200Client(settings) as client:
        extract(client, current.landing, current.pass_number, settings, as_of=current.as_of.date())
    yield from _landed(current, [spec.name for spec in SAGE200_TABLES])


@dg.multi_asset(specs=_specs([spec.name for spec in OPERATIONS_TABLES]), can_subset=False)
def decisions(current: dg.ResourceParam[Pass]) -> Iterator[dg.MaterializeResult]:
    """What people and the poster decided, from the operations store; changed rows only."""
    from orchestration.operations.landing import land_operations

    with current.timed("operations"):
        land_operations(current.settings.operations, current.landing, current.pass_number)
    yield from _landed(current, [spec.name for spec in OPERATIONS_TABLES])


@dg.asset(
    key=["run", "pass"],
    group_name="landing",
    deps=[name.split("/") for name in TABLES],
    output_required=False,
)
def pass_to_judge(current: dg.ResourceParam[Pass]) -> Iterator[dg.MaterializeResult]:
    """The pass that the models judge. Yields nothing when there is nothing to do, and all that follows is skipped."""
    reason = passes.settle(current)
    if reason is None:
        return
    passes.write_inputs(current)
    yield dg.MaterializeResult(
        metadata={"pass_number": current.pass_number, "as_of": current.as_of.isoformat(), "reason": reason}
    )
