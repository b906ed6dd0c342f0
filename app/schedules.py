"""What starts by itself: the schedules and sensors of Dagster, and how its last runs went, as Dagster itself tells it.

Asked over Dagster's own API on this machine. Where Dagster does not run, nothing starts by itself, whatever is on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

RUNS = 30
TIMEOUT_S = 2.0
QUERY = """
query Schedules($runs: Int!) {
  repositoriesOrError {
    ... on RepositoryConnection {
      nodes {
        schedules {
          name cronSchedule executionTimezone pipelineName
          scheduleState { status ticks(limit: 1) { timestamp status } }
          futureTicks(limit: 1) { results { timestamp } }
        }
        sensors {
          name minIntervalSeconds targets { pipelineName }
          sensorState { status ticks(limit: 1) { timestamp status } nextTick { timestamp } }
        }
      }
    }
  }
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } }
  runsOrError(limit: $runs) { ... on Runs { results { pipelineName status endTime } } }
}
"""


class NotRunningError(Exception):
    """Dagster does not answer; the message says what to do."""


@dataclass(frozen=True)
class Starter:
    """A schedule or sensor. Moments are UTC without a zone; `next_at` is None while it is off."""

    name: str
    is_schedule: bool
    is_on: bool
    job: str
    when: str
    last_at: datetime | None
    last_failed: bool
    next_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """What starts by itself, and of the last RUNS runs how many ended and how many of those failed."""

    starters: tuple[Starter, ...]
    idle_daemons: tuple[str, ...]
    """Parts of Dagster that should be at work and are not: nothing of theirs starts."""
    runs: int
    failed: int
    failed_at: datetime | None


def ask(port: int, client: httpx.Client | None = None) -> Standing:
    """How things stand in the Dagster of this machine. Raises NotRunningError."""
    address = f"http://127.0.0.1:{port}/graphql"
    asked = {"query": QUERY, "variables": {"runs": RUNS}}
    try:
        with client or httpx.Client(trust_env=False, timeout=TIMEOUT_S) as http:
            told = http.post(address, json=asked).json()["data"]
        return _standing(told)
    except httpx.TimeoutException:
        raise NotRunningError(
            f"Dagster did not answer at port {port} in {TIMEOUT_S:.0f} seconds. Load this page again in a moment"
        ) from None
    except httpx.HTTPError:
        raise NotRunningError(
            f"Dagster does not run at port {port} of this machine, so no pass starts by itself. Start it and the app "
            "together with: tillproof up"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotRunningError(
            f"What answers at port {port} of this machine is not Tillproof's Dagster. Set dagster_port to a free "
            "port, and start again with: tillproof up"
        ) from None


def _standing(told: Mapping[str, Any]) -> Standing:
    nodes = told["repositoriesOrError"]["nodes"]
    starters = [_schedule(each) for node in nodes for each in node["schedules"]]
    starters += [_sensor(each) for node in nodes for each in node["sensors"]]
    idle = [
        daemon["daemonType"].capitalize()
        for daemon in told["instance"]["daemonHealth"]["allDaemonStatuses"]
        if daemon["required"] and not daemon["healthy"] and daemon["daemonType"] in ("SCHEDULER", "SENSOR")
    ]
    ended = [run for run in told["runsOrError"]["results"] if run["status"] in ("SUCCESS", "FAILURE")]
    failed = [run for run in ended if run["status"] == "FAILURE"]
    return Standing(
        starters=tuple(starters),
        idle_daemons=tuple(idle),
        runs=len(ended),
        failed=len(failed),
        failed_at=max((moment for run in failed if (moment := _utc(run["endTime"]))), default=None),
    )


def _schedule(told: Mapping[str, Any]) -> Starter:
    state, ahead = told["scheduleState"], told["futureTicks"]["results"]
    is_on = state["status"] == "RUNNING"
    return Starter(
        name=told["name"],
        is_schedule=True,
        is_on=is_on,
        job=told["pipelineName"],
        when=f"{told['cronSchedule']} {told['executionTimezone'] or 'UTC'}",
        next_at=_utc(ahead[0]["timestamp"]) if is_on and ahead else None,
        **_last_tick(state),
    )


def _sensor(told: Mapping[str, Any]) -> Starter:
    state = told["sensorState"]
    is_on, ahead = state["status"] == "RUNNING", state["nextTick"]
    return Starter(
        name=told["name"],
        is_schedule=False,
        is_on=is_on,
        job=", ".join(target["pipelineName"] for target in told["targets"] or []),
        when=f"looks every {told['minIntervalSeconds']} s",
        next_at=_utc(ahead["timestamp"]) if is_on and ahead else None,
        **_last_tick(state),
    )


def _last_tick(state: Mapping[str, Any]) -> dict[str, Any]:
    ticks = state["ticks"]
    return {
        "last_at": _utc(ticks[0]["timestamp"]) if ticks else None,
        "last_failed": bool(ticks) and ticks[0]["status"] == "FAILURE",
    }


def _utc(epoch_s: float | None) -> datetime | None:
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC).replace(tzinfo=None)
