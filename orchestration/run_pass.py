"""One pass from the command line: the same assets as `dagster dev` shows, in this process."""

from __future__ import annotations

import importlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration import collector
from orchestration.files import put_text
from orchestration.publishing import Publication
from orchestration.settings import HOME_VARIABLE, Settings, load

if TYPE_CHECKING:
    import dagster as dg

INSTANCE = """# Written by Tillproof. Nothing is sent anywhere.
telemetry:
  enabled: false
nux:
  enabled: false
event_log_storage:
  module: orchestration.defs.event_log
  class: EventLog
  config:
    base_dir: {env: DAGSTER_HOME}
"""
RUNS_KEPT = 30
QUALIFIED_CLASS = re.compile(r"^[\w.]+\.\w+(Error|Exception): ")
"""How Dagster begins an error's words: where its class lives, which tells a person nothing."""


class PassFailedError(Exception):
    """A pass stopped part-way; the message is the first step that failed and its words."""


@dataclass(frozen=True)
class PassOutcome:
    """What a pass came to. `publication` is None when there was nothing to do.

    `fixed_seconds` is what it took beside its steps: loading the graph where it was not, planning, and Dagster's books.
    """

    publication: Publication | None
    seconds: dict[str, float]
    fixed_seconds: float


def prepare_home(home: Path) -> None:
    """Make a home known to this process, and give Dagster settings in it where it has none: edited ones stay."""
    os.environ[HOME_VARIABLE] = str(home)
    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    place = home / "dagster" / "dagster.yaml"
    if not place.exists():
        put_text(place, INSTANCE)


def warm_up(home: Path) -> None:
    """Load what a pass needs, so that the first does not wait for it: the graph with dbt, and Great Expectations."""
    prepare_home(home)
    from expectations import gx_session

    with collector.at_rest():
        importlib.import_module("orchestration.defs.receiving_graph")
        importlib.import_module("orchestration.definitions")
        importlib.import_module("orchestration.warehouse").load_project(home)
        gx_session.load()


def load_graph() -> Any:
    """The graph of all assets, with dbt's project in it; loaded once in a process."""
    with collector.at_rest():
        return importlib.import_module("orchestration.definitions").defs


def run_pass(
    home: Path, *, as_of: datetime | None = None, progress: Callable[[str], None] = lambda _: None
) -> PassOutcome:
    """Make one pass. Raises PassFailedError; what was landed before stays, and the next pass goes on from it.

    In two runs of Dagster under one lock: first what is received, then, where that is anything new, all that follows
    from it. So a pass with nothing to do never loads dbt, which takes longer to load than such a pass does.
    """
    begun = time.monotonic()
    prepare_home(home)
    progress("loading the graph")
    with collector.at_rest():
        import dagster as dg

        from orchestration import passes
        from orchestration.defs import receiving_graph
        from orchestration.defs.resources import resources

    settings = load(home, **({"as_of": as_of} if as_of else {}))
    with passes.begin(settings) as current, dg.DagsterInstance.get() as instance:
        given = {**resources(home, as_of), "current": current}
        before = current.publications.newest()
        received = _execute(receiving_graph.defs.resolve_job_def("receive"), instance, given)
        seconds = step_seconds(received)
        if passes.settle(current) is not None:
            defs = load_graph()
            seconds |= step_seconds(_execute(defs.resolve_job_def("judge"), instance, given))
        _prune(instance)
        after = current.publications.newest()
    is_new = after is not None and (before is None or after.number != before.number)
    fixed = time.monotonic() - begun - sum(seconds.values())
    return PassOutcome(after if is_new else None, seconds, fixed)


def judge_again(settings: Settings) -> Publication:
    """Judge the last pass of a home that has no publication of it; no source is asked. Raises PassFailedError."""
    prepare_home(settings.home)
    with collector.at_rest():
        import dagster as dg

        from orchestration import passes
        from orchestration.defs.resources import resources
    defs = load_graph()
    with passes.begin(settings) as current, dg.DagsterInstance.get() as instance:
        if passes.settle(current) is None:
            raise PassFailedError("there is nothing to judge again")
        job = defs.resolve_job_def("judge")
        _execute(job, instance, {**resources(settings.home), "current": current})
        made = current.publications.newest()
    if made is None:
        raise PassFailedError("nothing was published")
    return made


def _execute(job: dg.JobDefinition, instance: dg.DagsterInstance, given: dict[str, object]) -> Any:
    """Run a job in this process. Raises PassFailedError."""
    result = job.execute_in_process(
        instance=instance,
        resources=given,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    if not result.success:
        raise PassFailedError(_first_failure(result))
    return result


def step_seconds(result: Any) -> dict[str, float]:
    """How long each step took, by its name, in the order they ran."""
    return {
        event.step_key: event.step_success_data.duration_ms / 1000
        for event in result.all_events
        if event.is_step_success
    }


def _first_failure(result: Any) -> str:
    for event in result.all_events:
        if event.is_step_failure or event.is_failure:
            error = event.event_specific_data.error if event.is_step_failure else None
            while error is not None and error.cause is not None and error.message.startswith("dagster."):
                error = error.cause  # Dagster's own words around ours
            words = (
                QUALIFIED_CLASS.sub("", error.message.strip()) if error is not None else str(event.message)
            )
            return f"{event.step_key or 'the pass'}: {words}"
    return "a blocking check did not hold"


def _prune(instance: dg.DagsterInstance) -> None:
    """Dagster keeps about a megabyte a run: the oldest go."""
    for record in instance.get_run_records()[RUNS_KEPT:]:
        instance.delete_run(record.dagster_run.run_id)
