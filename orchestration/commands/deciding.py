"""`tillproof decide`: a person says what the machine may not, which of several equal candidates a document is."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.commands.common import (
    AsJson,
    By,
    Home,
    Reason,
    console,
    fail,
    must_be_signed,
    published,
    show,
    store_of,
)


def decide(
    posting_key: Annotated[
        str, typer.Argument(metavar="[POSTING_KEY]", help="An ambiguous document; without it all are listed.")
    ] = "",
    home: Home = None,
    ledger_document: Annotated[
        str, typer.Option("--ledger-document", metavar="ID", help="The candidate that it is.")
    ] = "",
    none: Annotated[bool, typer.Option("--none", help="It is none of its candidates.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take back what was decided.")] = False,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """List ambiguous documents with their candidates; say which one it is, or none; or take that back."""
    from orchestration import match_deciding

    key, document = posting_key.strip().upper(), ledger_document.strip()
    choices = sum((bool(document), none, revoke))
    is_signed = bool(by or reason)
    if choices > 1 or (is_signed and not choices):
        raise fail("say one of --ledger-document ID, --none and --revoke")
    if choices and not key:
        raise fail("name the document: tillproof decide POSTING_KEY. Without options, `decide` lists them")
    if choices:
        must_be_signed(by, reason)
    with store_of(home, by if choices else "") as (settings, operations):
        company = settings.company_id
        if revoke:
            report = match_deciding.revoke(operations, company, key, by=by, reason=reason)
        elif choices:
            report = match_deciding.decide(
                published(home), operations, company, key, document or None, by=by, reason=reason
            )
        else:
            report = match_deciding.listing(published(home), operations, company, key)
    if choices:
        show(report, as_json, lambda told: console.print(told["done"], markup=False, highlight=False))
    else:
        show(report, as_json, lambda told: match_deciding.render(told, console))
