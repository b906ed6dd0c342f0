"""Assets: history and the publication."""

import dagster as dg

from orchestration import judged_days, kept_days
from orchestration.defs.transform import MANIFEST
from orchestration.made_by import made_by
from orchestration.operations import Operations
from orchestration.passes import Pass
from orchestration.warehouse import Warehouse, public_models, rules_digest

PUBLIC_MODELS = public_models(MANIFEST)


@dg.asset(key=["history", "recorded"], group_name="history", deps=[["exceptions", "verdict_history"]])
def recorded(current: dg.ResourceParam[Pass], warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult:
    """What this pass judged otherwise than the one before, kept for good."""
    with current.timed("history"), warehouse.connect() as connection:
        rows = current.history.record(connection, current.pass_number, current.as_of)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


@dg.asset(
    key=["published", "publication"],
    group_name="published",
    deps=[["history", "recorded"], *(relation.split(".") for relation in PUBLIC_MODELS.values())],
)
def publication(
    current: dg.ResourceParam[Pass], warehouse: dg.ResourceParam[Warehouse]
) -> dg.MaterializeResult:
    """The public models, listed and swapped: what the app and analysts read."""
    with Operations.open(current.settings.operations) as operations:
        signed_off = operations.signed_publications()
        known_number = operations.newest_publication()
    with current.timed("publishing"), warehouse.connect(read_only=False) as connection:
        relations, months = dict(PUBLIC_MODELS), {}
        if warehouse.keeps_days():
            relations = kept_days.lay_whole(connection, PUBLIC_MODELS)
            months = kept_days.touched_months(connection)
        published = current.publications.publish(
            connection,
            relations,
            months=months,
            rules_digest=rules_digest(),
            pass_number=current.pass_number,
            as_of=current.as_of,
            seconds=current.seconds,
            signed_off=signed_off,
            known_number=known_number,
        )
        (current.settings.home / "gate" / judged_days.UNFINISHED).unlink(missing_ok=True)
        current.history.keep_published(current.pass_number, published.digests, made_by())
    return dg.MaterializeResult(
        metadata={
            "publication": published.number,
            "pass_number": published.pass_number,
            "tables": len(published.tables),
        }
    )
