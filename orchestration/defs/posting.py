"""Asset: the only writes to Sage."""

from __future__ import annotations

import dagster as dg

from orchestration.settings import Settings


@dg.asset(key=["posting", "sent"], group_name="posting")
def sent(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """What was approved in the newest publication, sent once each and read back. Off until a company is switched on."""
    from orchestration.posting_room import send_approved

    summary = send_approved(settings)
    return dg.MaterializeResult(metadata={name: count for name, count in summary.counts().items()})
