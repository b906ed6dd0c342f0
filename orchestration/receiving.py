"""Receiving: what tills, Sage and people gave, read beside each other, because one waits for disks and one for Sage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from orchestration import source_log
from orchestration.passes import Pass


class NotReceivedError(Exception):
    """A source could not be read; what the others gave is landed, and the next pass goes on from it."""


def receive(current: Pass, *, read_ledger: Callable[[Pass], None] | None = None) -> None:
    """Land whatever is new in every source. Raises NotReceivedError naming each source that failed.

    `read_ledger` stands for the company's own way of reading its Sage.
    """
    sources = {"till exports": _tills, "Sage": read_ledger or _ledger_of(current), "decisions": _decisions}
    with ThreadPoolExecutor(len(sources)) as pool:
        reading = {name: pool.submit(source_log.kept, current, name, read) for name, read in sources.items()}
    failures = {name: future.exception() for name, future in reading.items() if future.exception()}
    if failures:
        words = "; ".join(f"{name}: {failure}" for name, failure in failures.items())
        raise NotReceivedError(words) from next(iter(failures.values()))


def _ledger_of(current: Pass) -> Callable[[Pass], None]:
    """How the company's ledger is read. Asked before any source is read, so that one alone makes a new store."""
    from orchestration.operations import Operations

    try:
        with current.timed("operations"), Operations.open(current.settings.operations) as operations:
            kind = operations.ledger_kind(current.settings.company_id)
    except Exception as error:
        untold = NotReceivedError(f"which Sage it is cannot be told: {error}")

        def refuse(_: Pass) -> None:
            raise untold

        return refuse
    return _sage50 if kind == "sage50" else _sage


def _tills(current: Pass) -> None:
    """What the tills and the connector left in the watched folders."""
    from orchestration.tills.intake import intake

    with current.timed("intake"):
        intake(current.settings.inbox, current.landing, current.pass_number)


def _sage(current: Pass) -> None:
    """What Sage holds, over its API."""
    from orchestration.ledgers.sage200_client import Sage200Client
    from orchestration.ledgers.sage200_extract import extract

    settings = current.settings.sage200_at_home()
    with current.timed("sage extraction"), Sage200Client(settings) as client:
        try:
            extract(client, current.landing, current.pass_number, settings, as_of=current.as_of.date())
        finally:
            current.asked["Sage"] = (client.requests_sent, client.tries_failed)


def _sage50(current: Pass) -> None:
    """What Sage 50 holds, from the tables it exported."""
    from orchestration.ledgers.sage50_extract import extract

    settings = current.settings.sage50_at_home()
    with current.timed("sage extraction"):
        extract(
            settings.export_folder,
            current.landing,
            current.pass_number,
            settings,
            as_of=current.as_of.date(),
        )


def _decisions(current: Pass) -> None:
    """What people and the poster decided, from the operations store."""
    from orchestration.operations.landing import land_operations

    with current.timed("operations"):
        land_operations(current.settings.operations, current.landing, current.pass_number)
