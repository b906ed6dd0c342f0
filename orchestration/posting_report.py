"""`tillproof post` and `tillproof reverse`: the dry run, the approval and the sending, told as one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from app.money import counted
from orchestration.operations import Operations
from orchestration.operations.errors import OperationsError
from orchestration.posting import WAITING, Decision, Pace, Wanted, allocations, approve
from orchestration.posting.holds import HOLD_CODES
from orchestration.posting.vat import Returns
from orchestration.posting_run import approve_shown, dry_run, newest, reversing, send_approved
from orchestration.settings import Settings

Report = dict[str, Any]
SHOWN = 25
REASONS_SHOWN = 5


def post(
    settings: Settings, *, approver: str = "", enabler: str = "", reason: str = "", send: bool = False
) -> Report:
    """Do what was asked, in that order: switch on, approve, send; and show the dry run as it stands before sending.

    Raises OperationsError where a name comes without a reason, and what `send_approved` raises.
    """
    if (approver or enabler) and not reason:
        raise OperationsError("say why with --reason: it goes on record with the name")
    with Operations.open(settings.operations) as operations:
        if enabler:
            acting = operations.acting_as(settings.access.local(enabler))
            acting.enable_posting(settings.company_id, enabler.strip(), reason)
        decisions = dry_run(settings, operations)
        waiting = [decision for decision in decisions if decision.code in WAITING]
        acting = operations.acting_as(settings.access.local(approver))
        approved = (
            approve_shown(settings, acting, waiting, approver.strip(), reason) if approver and waiting else 0
        )
        if approved:
            decisions = dry_run(settings, operations)
        returns = Returns(operations)
        report = {
            "publication": newest(settings).number,
            "approved": approved,
            "goes": [_told(decision, returns) for decision in decisions if decision.goes],
            "held": [_told(decision, returns) for decision in decisions if not decision.goes],
            "to_allocate": allocations.waiting(operations, settings.company_id),
            "sent": None,
        }
    if send:
        report["sent"] = send_approved(settings).as_dict()
    return report


def reverse(
    settings: Settings,
    wanted: Wanted,
    *,
    approver: str = "",
    reason: str = "",
    send: bool = False,
    pace: Pace | None = None,
) -> Report:
    """The same for the contras of what was posted: show them, approve them, send them once and prove them.

    Raises OperationsError and what `reversing` raises.
    """
    if approver and not reason:
        raise OperationsError("say why with --reason: it goes on record with the name")
    with reversing(settings, wanted, pace=pace) as pack:
        decisions = pack.dry_run()
        waiting = [decision for decision in decisions if decision.code in WAITING]
        acting = pack.operations.acting_as(settings.access.local(approver))
        approved = approve(acting, waiting, approver.strip(), reason) if approver and waiting else 0
        if approved:
            decisions = pack.dry_run()
        returns = Returns(pack.operations)
        return {
            "publication": None,
            "approved": approved,
            "goes": [_told(decision, returns) for decision in decisions if decision.goes],
            "held": [_told(decision, returns) for decision in decisions if not decision.goes],
            "to_allocate": 0,
            "sent": pack.send().as_dict() if send else None,
        }


def _told(decision: Decision, returns: Returns) -> Report:
    proposal, document = decision.proposal, decision.document
    effect, period = returns.effect(document), returns.period_of(document)
    return {
        "posting_key": decision.posting_key,
        "box_1_pence": effect.box_1_pence,
        "box_6_pence": effect.box_6_pence,
        "vat_period": str(period) if period else None,
        "remedy": proposal.remedy,
        "target_urn": proposal.payload.target_urn,
        "document_kind": proposal.document_kind,
        "is_order": document.is_order,
        "order_lines": [
            [line.product_code, line.warehouse, line.quantity_thousandths, line.net_pence, line.description]
            for line in document.order_lines
        ],
        "store_id": proposal.store_id,
        "receipt_no": proposal.receipt_no or (document.second_reference if proposal.members_digest else ""),
        "document_date": document.document_date.isoformat(),
        "customer": document.customer_reference,
        "bank": document.bank_code,
        "gross_pence": document.gross_pence,
        "tax_pence": document.tax_pence,
        "nominal_lines": [
            [line.nominal_code, line.cost_centre, line.department, line.net_pence]
            for line in document.nominal_lines
        ],
        "tax_lines": [[line.tax_code, line.net_pence, line.tax_pence] for line in document.tax_lines],
        "payload_digest": decision.payload_digest,
        "code": decision.code,
        "reason": decision.reason,
    }


def _document_of(row: Report) -> str:
    """What is entered, in words."""
    if not row["is_order"]:
        return str(row["document_kind"])
    return f"sales order, {counted(len(row['order_lines']), 'line')}"


def _list(title: str, rows: Sequence[Report], console: Console) -> None:
    """The first of some documents, a row each."""
    table = Table(title=title, title_justify="left")
    for heading in ("remedy", "document", "store", "receipt", "date", "account"):
        table.add_column(heading)
    table.add_column("gross £", justify="right")
    for row in rows[:SHOWN]:
        account = row["bank"] or row["customer"] or ""
        table.add_row(
            row["remedy"], _document_of(row), row["store_id"], row["receipt_no"], row["document_date"], account,
            f"{row['gross_pence'] // 100:,}.{row['gross_pence'] % 100:02d}",
        )  # fmt: skip
    console.print(table)
    if len(rows) > SHOWN:
        console.print(f"… and {len(rows) - SHOWN} more; --json lists them all.")


def _reasons(held: Sequence[Report]) -> Iterator[tuple[int, str]]:
    """How many are held for what, the commonest code first: each of a few reasons, or one of many as an example."""
    for code, count in Counter(row["code"] for row in held).most_common():
        reasons = Counter(row["reason"] for row in held if row["code"] == code).most_common()
        if len(reasons) <= REASONS_SHOWN:
            yield from ((each, reason) for reason, each in reasons)
        else:
            yield count, f"{code}: {HOLD_CODES[code]}; for example {reasons[0][0].removeprefix(f'{code}: ')}"


def render(report: Report, console: Console) -> None:
    """The same for a person."""
    source = (
        f"from publication {report['publication']}" if report["publication"] else "to undo what was posted"
    )
    _list(f"What would go, {source}", report["goes"], console)
    waiting = [row for row in report["held"] if row["code"] in WAITING]
    if waiting:
        _list("What waits for a person, whom --approve names", waiting, console)
    for count, told in _reasons(report["held"]):
        console.print(f"held {count:>5}  {told}", highlight=False)
    if report["to_allocate"]:
        console.print(
            f"{counted(report['to_allocate'], 'sale')} posted before would be allocated.", highlight=False
        )
    if report["approved"]:
        console.print(f"approved {report['approved']}")
    if report["sent"] is None:
        console.print("Nothing was sent: this is a dry run. --send sends what may go.")
        return
    sent = report["sent"]
    if sent["allocated"] or sent["not_allocated"]:
        others = ", ".join(
            f"{code.replace('_', ' ')} {count}" for code, count in sent["not_allocated"].items()
        )
        console.print(f"allocated {sent['allocated']}{'; ' + others if others else ''}", highlight=False)
    if sent["orders_waiting"]:
        console.print(
            f"{counted(sent['orders_waiting'], 'sales order')} in Sage to be despatched and invoiced there.",
            highlight=False,
        )
    for key in sent["half_corrected"]:
        console.print(
            f"[red]half corrected:[/red] {key} is owed, what it replaces is undone", highlight=False
        )
    truths = ("sent", "acknowledged", "present", "in_nominal", "right")
    console.print(
        "  →  ".join(f"{truth.replace('_', ' ')} {sent[truth]}" for truth in truths), highlight=False
    )
