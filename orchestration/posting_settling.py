"""`tillproof posting settle`: what no run could settle, and a person's word on what became of it, asked of Sage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

from rich.console import Console
from rich.markup import escape

from app.money import counted, pounds
from orchestration.ledgers.ledger import Ledger, LedgerUnavailableError
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import ALLOCATES, Operations, OperationsError, StoredIntent
from orchestration.posting.allocations import allocation_from
from orchestration.posting.documents import Payload
from orchestration.posting.settling import it_is_not_there, it_is_there, put_aside, to_settle
from orchestration.posting_run import PostingInProgressError, alone
from orchestration.posting_verify import must_be_connected
from orchestration.settings import Settings

Report = dict[str, Any]
Said = Literal["there", "not_there", "aside"]
AskSage = Callable[[Settings], AbstractContextManager[Ledger]]
GREATEST_URN = 2**63 - 1


@contextmanager
def sage_of(settings: Settings) -> Iterator[Ledger]:
    """Sage, open, and its company there. Raises LedgerUnavailableError."""
    with Sage200Client(settings.sage200_at_home()) as client:
        must_be_connected(client)
        yield Sage200Ledger(client)


def listing(operations: Operations, company_id: str) -> Report:
    """What waits for a person, with all that is needed to look for it in Sage; and what was put aside."""
    intents = to_settle(operations, company_id)
    texts = operations.intents.payloads(intent.payload_digest for intent in intents)
    return {
        "company_id": company_id,
        "to_settle": [_told(intent, texts[intent.payload_digest]) for intent in intents],
    }


def settle(
    settings: Settings,
    operations: Operations,
    posting_key: str,
    said: Said,
    *,
    urn: int | None = None,
    by: str,
    reason: str,
    sage: AskSage | None = None,
) -> str:
    """Take a person's word, where Sage agrees; what was done, in words. Nobody posts meanwhile.

    Raises OperationsError, in words, for whatever stands against it, a Sage that does not answer included.
    """
    company = settings.company_id
    if operations.ledger_kind(company) == "sage50":
        raise OperationsError(
            "Sage 50 takes files: `tillproof sage50 release BATCH` says that one was not imported"
        )
    if said == "there" and not 0 < (urn or 0) <= GREATEST_URN:
        raise OperationsError(f"'{urn}' is no URN: it is the number that Sage gave the document")
    signed = {"by": by.strip(), "reason": reason.strip()}
    key = posting_key.strip().upper()
    try:
        with alone(settings.home):
            if said == "aside":
                put_aside(operations, company, key, **signed)
                return f"{key} is put aside: nothing sends it again, and each run only looks whether it has turned up."
            with (sage or sage_of)(settings) as ledger:
                if said == "not_there":
                    it_is_not_there(ledger, operations, company, key, **signed)
                    return (
                        f"{key} is not in Sage, and may be sent again: run a pass (tillproof run), then "
                        "`tillproof post` shows whether it would go."
                    )
                found = it_is_there(ledger, operations, company, key, urn or 0, **signed)
    except PostingInProgressError as busy:
        raise OperationsError(f"{busy}: wait until it has ended") from busy
    except LedgerUnavailableError as silent:
        raise OperationsError(f"Sage could not be asked, so nothing is believed yet: {silent}") from silent
    under = f" under the reference {found.reference_in_sage}" if found.reference_in_sage else ""
    is_held_back = "" if found.state == "proven" else ", though Sage keeps it out of the nominal ledger still"
    return f"{key} is URN {found.urn}{under}, read back and exactly as it was to be{is_held_back}."


def _told(intent: StoredIntent, text: str) -> Report:
    """One of them; of an allocation what would be set against each other."""
    told: Report = {
        "posting_key": intent.posting_key,
        "state": intent.state,
        "document_kind": intent.document_kind,
        "store_id": intent.store_id,
        "business_date": intent.business_date.isoformat() if intent.business_date else None,
        "account": intent.account,
        "gross_pence": intent.gross_pence,
        "times_sent": intent.attempts,
        "why": intent.refusal,
    }
    if intent.role == ALLOCATES:
        urns = [line.urn for line in allocation_from(text).lines]
        return {**told, "document_date": None, "second_reference": "", "urns": urns}
    document = Payload.from_text(text).document
    return {
        **told,
        "document_date": document.document_date.isoformat(),
        "second_reference": document.second_reference,
        "urns": [],
    }


def render(report: Report, console: Console) -> None:
    """The same for a person."""
    waiting = [row for row in report["to_settle"] if row["state"] == "unsettled"]
    aside = [row for row in report["to_settle"] if row["state"] == "aside"]
    if not waiting:
        console.print("Nothing waits for a person to look for it in Sage.")
    else:
        console.print(f"{counted(len(waiting), 'document')} to be looked for in Sage, by a person:")
    for row in waiting:
        console.print(escape(_line(row)), highlight=False)
    if waiting:
        console.print(
            "Found it: tillproof posting settle KEY --there URN. It is not there: --not-there. Somebody sees to it in "
            "Sage: --aside. Each with --by NAME --reason TEXT.",
            highlight=False,
        )
    for row in aside:
        console.print(escape(f"put aside  {_line(row)}"), highlight=False)


def _line(row: Report) -> str:
    """How it is found in Sage: by reference, account, date and amount."""
    what = row["document_kind"].replace("_", " ")
    where = f"URNs {', '.join(map(str, row['urns']))}" if row["urns"] else f"of {row['document_date']}"
    second = f", second reference {row['second_reference']}" if row["second_reference"] else ""
    why = f" ({row['why']})" if row["why"] else ""
    return f"{row['posting_key']}  {what} {where}, account {row['account']}, {pounds(row['gross_pence'])}{second}{why}"
