"""`tillproof posting`: whether anything may be sent, what stops it, and the hands that switch, stop and lift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.money import moment
from app.render import read_moment
from orchestration.operations import Operations, OperationsError
from orchestration.operations.mapping_import import ANY_STORE
from orchestration.operations.permissions import POSTER

Report = dict[str, Any]


def status(
    operations: Operations, company_id: str, held: Sequence[Mapping[str, Any]], publication: int | None
) -> Report:
    """How things stand; `held` are the stores that the newest publication holds by itself."""
    companies = operations.companies()
    return {
        "company_id": company_id,
        "is_known": company_id in {company.company_id for company in companies},
        "companies": [
            {
                "company_id": company.company_id,
                "name": company.name,
                "posting": "on" if company.is_on else "off",
                "since": _utc(company.recorded_at),
                "by": company.author or None,
                "reason": company.reason or None,
            }
            for company in companies
        ],
        "stops": [
            {
                "company_id": stop.company_id,
                "store_id": None if stop.store_id == ANY_STORE else stop.store_id,
                "whole_company": stop.store_id == ANY_STORE,
                "reason": stop.reason,
                "since": _utc(stop.recorded_at),
                "by": stop.author,
                "by_what": "the poster" if stop.author == POSTER else "a person",
            }
            for stop in operations.stops_in_force()
        ],
        "held_by_the_pass": [
            {
                "company_id": row["company_id"],
                "store_id": row["store_id"],
                "reason": "posted_by_two_writers",
                "open_exceptions": row["open_exceptions"],
                "since": _utc(row["first_seen_at"]),
                "publication": publication,
            }
            for row in held
        ],
        "publication": publication,
    }


def switch(operations: Operations, company_id: str, to: str, *, by: str, reason: str) -> Report:
    """Posting on or off for a company. Raises OperationsError for a company nobody described."""
    change = operations.enable_posting if to == "on" else operations.disable_posting
    changed = change(company_id, by, reason)
    words = (
        f"Posting is now {to} for {company_id}." if changed else f"Posting was {to} already: nothing changed."
    )
    return {"changed": changed, "done": words}


def stop(operations: Operations, company_id: str, store_id: str, *, by: str, reason: str) -> Report:
    """Stop a store (`*`: all). Raises OperationsError for a store nobody described: that would stop nothing."""
    _must_be_known(operations, company_id, store_id)
    changed = operations.stop_store(company_id, store_id, reason, by)
    place = _place(store_id)
    words = (
        f"Posting is stopped for {place}."
        if changed
        else f"It is stopped for {place} for that reason already."
    )
    return {"changed": changed, "done": words}


def lift(operations: Operations, company_id: str, store_id: str, *, by: str, reason: str) -> Report:
    """Lift every stop of a store (`*`: the company's own). Raises OperationsError where there is none."""
    lifted = operations.lift_stop(company_id, store_id, by, reason)
    if not lifted:
        others = [one for one in operations.stops_in_force() if one.company_id == company_id]
        told = ", ".join(dict.fromkeys(_place(one.store_id) for one in others)) or "nothing"
        raise OperationsError(f"no stop is in force for {_place(store_id)}; stopped in {company_id}: {told}")
    stops = "1 stop" if lifted == 1 else f"{lifted} stops"
    return {"changed": True, "done": f"Lifted {stops} of {_place(store_id)}."}


def _must_be_known(operations: Operations, company_id: str, store_id: str) -> None:
    stores = operations.stores(company_id)
    if not stores:
        raise OperationsError(
            f"no store of company '{company_id}' is known: tillproof mappings import stores.csv first"
        )
    if store_id not in (ANY_STORE, *stores):
        raise OperationsError(f"there is no store '{store_id}'; there are: {', '.join(stores)}")


def _place(store_id: str) -> str:
    return "the whole company" if store_id == ANY_STORE else f"store {store_id}"


def _utc(at: datetime | None) -> str | None:
    return f"{at.isoformat()}Z" if at else None


def runs(operations: Operations, company_id: str, limit: int) -> Report:
    """The newest runs, the newest first."""
    return {
        "company_id": company_id,
        "runs": [
            {
                "run": run.run_number,
                "kind": run.kind,
                "publication": run.publication_number,
                "started": _utc(run.started_at),
                "ended": _utc(run.ended_at),
                "posts": operations.runs.sent_in(run.run_number)[0],
                "stopped_because": run.stopped_because,
            }
            for run in operations.runs.newest(company_id, limit)
        ],
    }


def render_runs(report: Report, console: Console) -> None:
    """The same for a person."""
    if not report["runs"]:
        console.print(f"Nothing was ever posted for {escape(report['company_id'])}.")
    for run in report["runs"]:
        end = f"ended {_at(run['ended'])}" if run["ended"] else "never ended: the next one goes on with it"
        why = f"; stopped: {run['stopped_because']}" if run["stopped_because"] else ""
        console.print(
            escape(
                f"run {run['run']:>4}  {run['kind']:<8}publication {run['publication']}, "
                f"{run['posts']} sent, began {_at(run['started'])}, {end}{why}"
            ),
            highlight=False,
        )


def render(report: Report, console: Console) -> None:
    """The same for a person."""
    if "done" in report:
        console.print(f"[bold]{escape(report['done'])}[/bold]")
    if not report["is_known"]:
        console.print(
            f"Company {escape(report['company_id'])} is not described yet, so nothing can be posted: "
            "tillproof mappings import FOLDER"
        )
    for company in report["companies"]:
        word = "[green]on[/green]" if company["posting"] == "on" else "[yellow]off[/yellow]"
        told = "nobody ever switched it on"
        if company["by"]:
            told = f"since {_at(company['since'])} by {company['by']}: {company['reason']}"
        console.print(
            f"{escape(company['company_id'])} {escape(company['name'])}: posting is {word}, {escape(told)}",
            highlight=False,
        )
    for stop in report["stops"]:
        place = "the whole company" if stop["whole_company"] else f"store {stop['store_id']}"
        hand = "the poster itself" if stop["by_what"] == "the poster" else stop["by"]
        how = "--whole-company" if stop["whole_company"] else stop["store_id"]
        console.print(
            escape(f"stopped  {stop['company_id']}, {place}: {stop['reason']}")
            + escape(f" (since {_at(stop['since'])}, by {hand}; tillproof posting lift {how})"),
            highlight=False,
        )
    for held in report["held_by_the_pass"]:
        count = held["open_exceptions"]
        console.print(
            escape(
                f"held     {held['company_id']}, store {held['store_id']}: two writers post for it"
                f" (since {_at(held['since'])}, by the pass: {count} open exception{'s' * (count != 1)}"
                " posted_by_two_writers; it ends by itself with the last of them)"
            ),
            highlight=False,
        )
    if not report["stops"] and not report["held_by_the_pass"]:
        console.print("No stop is in force.")
    if report["publication"] is None:
        console.print("Nothing is published yet, so no pass holds anything.")


def _at(text: str | None) -> str:
    """By the clock that the command keeps to: 22 Nov 2011, 06:43 GMT."""
    return moment(read_moment(text))
