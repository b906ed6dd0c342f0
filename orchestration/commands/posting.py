"""`tillproof post` sends; `tillproof posting` says whether anything may be sent, and settles what no run could."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.commands.common import (
    AsJson,
    By,
    Home,
    Reason,
    console,
    fail,
    keep_to_shop_time,
    must_be_signed,
    settings_of,
    show,
    store_of,
)

app = typer.Typer(
    name="posting",
    help="Whether anything may be sent to Sage: switched on or off, stopped for a store, lifted.",
    no_args_is_help=True,
)
Company = Annotated[str, typer.Option("--company", metavar="CODE", help="Another than the settings name.")]
Store = Annotated[str, typer.Argument(metavar="[STORE]", help="Our code of the store.")]
WholeCompany = Annotated[
    bool, typer.Option("--whole-company", help="The stop of every store at once, instead of one store's.")
]


def post(
    home: Home = None,
    approve: Annotated[str, typer.Option(help="Your name: approve what waits for a person.")] = "",
    reason: Annotated[str, typer.Option(help="Why; required with --approve and --enable.")] = "",
    enable: Annotated[
        str, typer.Option(help="Your name: switch posting on first, as `posting on` does.")
    ] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send what may go. Without it nothing is sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show exactly what would go to Sage and what would not (dry run); approve it; send it once and prove it."""
    from orchestration import posting_report
    from orchestration.ledgers.ledger import LedgerUnavailableError
    from orchestration.operations.errors import OperationsError
    from orchestration.posting_run import NothingPublishedError, PostedByFileError, PostingInProgressError

    try:
        report = posting_report.post(
            settings_of(home), approver=approve, enabler=enable, reason=reason, send=send
        )
    except (
        *(NothingPublishedError, PostingInProgressError, PostedByFileError),
        *(OperationsError, LedgerUnavailableError),
    ) as error:
        raise fail(str(error)) from error
    show(report, as_json, lambda told: posting_report.render(told, console))


def reverse(
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...", help="Posting keys.")] = None,
    home: Home = None,
    store: Annotated[str, typer.Option("--store", help="Our code of the store; with --day.")] = "",
    day: Annotated[str, typer.Option("--day", help="A business date, YYYY-MM-DD; with --store.")] = "",
    run: Annotated[
        int | None, typer.Option("--run", help="What one run sent: `posting runs` lists them.")
    ] = None,
    approve: Annotated[str, typer.Option(help="Your name: approve what waits for a person.")] = "",
    reason: Annotated[str, typer.Option(help="Why; required with --approve.")] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send what may go. Without it nothing is sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Undo what was posted: the exact opposite of each document (dry run); approve them; send them once, prove them."""
    from orchestration import posting_report
    from orchestration.ledgers.ledger import LedgerUnavailableError
    from orchestration.operations.errors import OperationsError
    from orchestration.posting import Wanted
    from orchestration.posting_run import PostingInProgressError

    try:
        business_date = date.fromisoformat(day) if day else None
    except ValueError:
        raise fail(f"--day '{day}' is no date: write it YYYY-MM-DD") from None
    wanted = Wanted(tuple(keys or ()), store, business_date, run)
    try:
        report = posting_report.reverse(settings_of(home), wanted, approver=approve, reason=reason, send=send)
    except (PostingInProgressError, OperationsError, LedgerUnavailableError) as error:
        raise fail(str(error)) from error
    show(report, as_json, lambda told: posting_report.render(told, console))


def verify(
    home: Home = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="The record alone: its chain of hashes. Sage is not asked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hold the record of postings against itself, and each confirmed posting against Sage as it is now.

    Exit code 1: the record was changed, or a posting no longer agrees; which, and in what, is told.
    """
    from orchestration import posting_verify
    from orchestration.ledgers.ledger import LedgerUnavailableError
    from orchestration.operations.errors import OperationsError

    settings = settings_of(home)
    try:
        report = posting_verify.verify(settings, offline=offline)
    except (OperationsError, LedgerUnavailableError) as error:
        raise fail(str(error)) from error
    show(report, as_json, lambda told: posting_verify.render(told, console))
    if not report["agrees"]:
        raise typer.Exit(1)


@app.command("status")
def posting_status(home: Home = None, as_json: AsJson = False) -> None:
    """On or off for each company, and every stop in force: why, since when, by whom or by what."""
    with store_of(home) as (settings, operations):
        _tell(settings, operations, {}, as_json)


@app.command("policy")
def posting_policy(
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME=VALUE]...", help="What to change; with --by and --reason."),
    ] = None,
    home: Home = None,
    by: By = "",
    reason: Reason = "",
    company: Company = "",
    as_json: AsJson = False,
) -> None:
    """What the company lets the poster do, and how to change it: `document_limit=500.00 canary=no`."""
    from orchestration import posting_policies

    if changes:
        must_be_signed(by, reason)
    with store_of(home, by if changes else "") as (settings, operations):
        report = posting_policies.policy(
            operations, company or settings.company_id, changes or [], by=by, reason=reason
        )
    show(report, as_json, lambda told: posting_policies.render(told, console))


@app.command("runs")
def posting_runs(
    home: Home = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="So many, the newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The newest runs that sent or undid documents: when, from which publication, how many, how they ended."""
    from orchestration import posting_switches

    with store_of(home) as (settings, operations):
        report = posting_switches.runs(operations, settings.company_id, limit)
        keep_to_shop_time(settings)
    show(report, as_json, lambda told: posting_switches.render_runs(told, console))


@app.command("returns")
def posting_returns(home: Home = None, as_json: AsJson = False) -> None:
    """The VAT returns that are filed: what corrections have added to each since, and how much it may come to."""
    from orchestration import posting_returns

    with store_of(home) as (settings, operations):
        report = posting_returns.returns(operations, settings.company_id)
    show(report, as_json, lambda told: posting_returns.render(told, console))


@app.command("allocations")
def posting_allocations(home: Home = None, as_json: AsJson = False) -> None:
    """The sales whose documents were set against each other in Sage, and why others were not."""
    from orchestration import posting_allocations

    with store_of(home) as (settings, operations):
        report = posting_allocations.report(operations, settings.company_id)
    show(report, as_json, lambda told: posting_allocations.render(told, console))


@app.command("opening")
def posting_opening(home: Home = None, as_json: AsJson = False) -> None:
    """Where each till customer stood in Sage before its store's cutover, against what finance agreed.

    Exit code 1: one differs from what was agreed.
    """
    from app.published import NothingPublishedError, PublicationIncompleteError, Published
    from orchestration import posting_opening

    with store_of(home) as (settings, operations):
        try:
            report = posting_opening.report(Published(settings.published), operations, settings.company_id)
        except (NothingPublishedError, PublicationIncompleteError) as error:
            raise fail(str(error)) from error
    show(report, as_json, lambda told: posting_opening.render(told, console))
    if report["differs"]:
        raise typer.Exit(1)


@app.command("on")
def switch_on(
    home: Home = None, by: By = "", reason: Reason = "", company: Company = "", as_json: AsJson = False
) -> None:
    """Switch posting on for the company. What may then go, writers of record, approvals and stops still say."""
    _switch(home, "on", by=by, reason=reason, company=company, as_json=as_json)


@app.command("off")
def switch_off(
    home: Home = None, by: By = "", reason: Reason = "", company: Company = "", as_json: AsJson = False
) -> None:
    """Switch posting off for the company: nothing more is sent; what was sent before is still read back."""
    _switch(home, "off", by=by, reason=reason, company=company, as_json=as_json)


@app.command("stop")
def stop(
    store: Store = "",
    whole_company: WholeCompany = False,
    home: Home = None,
    by: By = "",
    reason: Reason = "",
    company: Company = "",
    as_json: AsJson = False,
) -> None:
    """Stop posting for one store, or for all of them, until somebody lifts it."""
    from orchestration import posting_switches

    must_be_signed(by, reason)
    place = _place_of(store, whole_company)
    with store_of(home, by) as (settings, operations):
        done = posting_switches.stop(operations, company or settings.company_id, place, by=by, reason=reason)
        _tell(settings, operations, done, as_json)


@app.command("lift")
def lift(
    store: Store = "",
    whole_company: WholeCompany = False,
    home: Home = None,
    by: By = "",
    reason: Reason = "",
    company: Company = "",
    as_json: AsJson = False,
) -> None:
    """Lift the stops of one store, or the company's own; what a pass holds by itself ends with its cause."""
    from orchestration import posting_switches

    must_be_signed(by, reason)
    place = _place_of(store, whole_company)
    with store_of(home, by) as (settings, operations):
        done = posting_switches.lift(operations, company or settings.company_id, place, by=by, reason=reason)
        _tell(settings, operations, done, as_json)


@app.command("settle")
def settle(
    posting_key: Annotated[
        str, typer.Argument(metavar="[POSTING_KEY]", help="A document to settle; without it all are listed.")
    ] = "",
    home: Home = None,
    there: Annotated[
        int | None,
        typer.Option("--there", metavar="URN", help="It is in Sage, under this URN: read back first."),
    ] = None,
    not_there: Annotated[
        bool,
        typer.Option(
            "--not-there", help="It is not in Sage, and may be sent again: looked for once more first."
        ),
    ] = False,
    aside: Annotated[
        bool, typer.Option("--aside", help="Somebody sees to it in Sage: nothing sends it again.")
    ] = False,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """What no run could settle, and what a person found out in Sage: it is there, it is not, or leave it be."""
    from orchestration import posting_settling

    choices = sum((there is not None, not_there, aside))
    if choices > 1 or (choices == 0 and (posting_key or by or reason)):
        raise fail("say one of --there URN, --not-there and --aside; without a key and these, `settle` lists")
    if not choices:
        with store_of(home) as (settings, operations):
            report = posting_settling.listing(operations, settings.company_id)
        show(report, as_json, lambda told: posting_settling.render(told, console))
        return
    if not posting_key.strip():
        raise fail(
            "name the document: tillproof posting settle POSTING_KEY. Without options, `settle` lists them"
        )
    must_be_signed(by, reason)
    with store_of(home, by) as (settings, operations):
        said: posting_settling.Said = "not_there" if not_there else "aside" if aside else "there"
        done = posting_settling.settle(
            settings, operations, posting_key, said, urn=there, by=by, reason=reason
        )
    show({"done": done}, as_json, lambda told: console.print(told["done"], markup=False, highlight=False))


def _switch(home: Path | None, to: str, *, by: str, reason: str, company: str, as_json: bool) -> None:
    from orchestration import posting_switches

    must_be_signed(by, reason)
    with store_of(home, by) as (settings, operations):
        done = posting_switches.switch(operations, company or settings.company_id, to, by=by, reason=reason)
        _tell(settings, operations, done, as_json)


def _place_of(store: str, whole_company: bool) -> str:
    if bool(store) == whole_company:
        raise fail("name one store, or say --whole-company")
    return "*" if whole_company else store


def _tell(settings: Any, operations: Any, done: dict[str, Any], as_json: bool) -> None:
    """What was done, then how things stand after it."""
    from app import totals
    from app.published import NothingPublishedError, PublicationIncompleteError, Published
    from orchestration import posting_switches

    try:
        newest = Published(settings.published)
        held, number = totals.stores_with_two_writers(newest), newest.number
    except (NothingPublishedError, PublicationIncompleteError):
        held, number = [], None
    report = posting_switches.status(operations, settings.company_id, held, number) | done
    keep_to_shop_time(settings)
    show(report, as_json, lambda told: posting_switches.render(told, console))
