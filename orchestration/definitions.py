"""Dagster's entry: `dagster dev -m orchestration.definitions`. Everything that thinks lives outside `defs/`."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import checks, jobs, posting, publishing, sources, transform
from orchestration.defs.resources import resources

ASSETS = [
    sources.received,
    sources.pass_to_judge,
    transform.models_before_the_gate,
    transform.gate,
    transform.models_after_the_gate,
    publishing.recorded,
    publishing.publication,
    posting.sent,
]

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=[checks.verdicts_cover_every_receipt],
    jobs=[jobs.reconcile, jobs.receive, jobs.judge, jobs.post],
    schedules=[jobs.hourly],
    sensors=[jobs.new_till_files],
    resources=resources(),
    executor=dg.in_process_executor,  # DuckDB allows one writing process
)
