"""Commands that post to Sage."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.commands.common import AsJson, Home, console, fail, settings_of, show


def post(
    home: Home = None,
    approve: Annotated[str, typer.Option(help="Your name: approve what waits for a person.")] = "",
    reason: Annotated[str, typer.Option(help="Why; required with --approve and --enable.")] = "",
    enable: Annotated[str, typer.Option(help="Your name: switch posting on for the company.")] = "",
    send: Annotated[
        bool, typer.Option("--send", help="Send what may go. Without it nothing is sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show exactly what would go to Sage and what would not (dry run); approve it; send it once and prove it."""
    from orchestration import posting_report
    from orchestration.ledgers.ledger import LedgerUnavailableError
    from orchestration.operations.errors import OperationsError
    from orchestration.posting_run import NothingPublishedError, PostingInProgressError

    try:
        report = posting_report.post(
            settings_of(home), approver=approve, enabler=enable, reason=reason, send=send
        )
    except (NothingPublishedError, PostingInProgressError, OperationsError, LedgerUnavailableError) as error:
        raise fail(str(error)) from error
    show(report, as_json, lambda told: posting_report.render(told, console))
