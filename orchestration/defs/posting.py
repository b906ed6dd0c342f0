"""Asset: the only writes to Sage."""

import dagster as dg

from orchestration.settings import Settings


@dg.asset(key=["posting", "sent"], group_name="posting", deps=[["published", "publication"]])
def sent(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """What was approved in the newest publication, sent once each and read back. Off until a company is switched on."""
    from orchestration.posting_run import send_approved

    summary = send_approved(settings)
    return dg.MaterializeResult(metadata={name: str(found) for name, found in summary.as_dict().items()})
