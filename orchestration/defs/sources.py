"""Assets: what tills, Sage and people gave, as received, and whether any of it is new."""

from collections.abc import Iterator

import dagster as dg

from orchestration import passes, receiving
from orchestration.landing_tables import TABLES
from orchestration.passes import Pass


def _specs(names: list[str]) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            name.split("/"), group_name="landing", description=f"`{name}` as received, one row a version."
        )
        for name in names
    ]


@dg.multi_asset(specs=_specs(list(TABLES)), can_subset=False)
def received(current: dg.ResourceParam[Pass]) -> Iterator[dg.MaterializeResult]:
    """What tills, Sage and people gave, each read beside the others; what was landed before adds nothing."""
    receiving.receive(current)
    rows = current.landing.rows_landed(current.pass_number)
    for name in TABLES:
        yield dg.MaterializeResult(
            asset_key=name.split("/"),
            metadata={"rows_landed": rows.get(name, 0), "pass_number": current.pass_number},
        )


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
