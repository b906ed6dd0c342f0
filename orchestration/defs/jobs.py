"""What runs together, and when. The schedule and the sensor are stopped until somebody starts them."""

from collections.abc import Iterator

import dagster as dg

from orchestration.landing_tables import TABLES
from orchestration.settings import load

POSTING = dg.AssetSelection.groups("posting")
RECEIVING = dg.AssetSelection.keys(*(name.split("/") for name in TABLES))

reconcile = dg.define_asset_job(
    "reconcile",
    selection=dg.AssetSelection.all() - POSTING,
    description="One pass: land, judge, gate, publish. Posts nothing.",
)

receive = dg.define_asset_job(
    "receive", selection=RECEIVING, description="The first half of a pass: land what is new."
)

judge = dg.define_asset_job(
    "judge",
    selection=dg.AssetSelection.all() - RECEIVING - POSTING,
    description="The second half: judge what was landed, gate, publish. Does nothing where nothing is new.",
)

post = dg.define_asset_job(
    "post", selection=POSTING, description="The only writes to Sage, of what was approved in one publication."
)

hourly = dg.ScheduleDefinition(
    name="reconcile_hourly",
    job=reconcile,
    cron_schedule="5 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)


@dg.sensor(
    name="new_till_files",
    job=reconcile,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def new_till_files(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Asks for a pass when a watched folder holds a file younger than any seen before."""
    inbox = load().inbox
    newest = max((file.stat().st_mtime_ns for file in inbox.rglob("*") if file.is_file()), default=0)
    if newest <= int(context.cursor or 0):
        yield dg.SkipReason(f"no new file in {inbox}")
        return
    context.update_cursor(str(newest))
    yield dg.RunRequest(run_key=str(newest))
