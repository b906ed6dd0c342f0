"""The graph's first part by itself: what a pass runs before it knows whether there is anything to judge."""

import dagster as dg

from orchestration.defs import jobs, sources
from orchestration.defs.resources import resources

defs = dg.Definitions(
    assets=[sources.received],
    jobs=[jobs.receive],
    resources=resources(),
    executor=dg.in_process_executor,
)
