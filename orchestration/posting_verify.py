"""`tillproof verify`: the record of postings held against itself, and against what Sage says now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.money import counted, pounds
from orchestration.ledgers.ledger import Ledger, LedgerUnavailableError, can_allocate, orders_of
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import ChainBrokenError, Operations
from orchestration.posting import Proof, prove_again
from orchestration.posting.allocations import changed_since
from orchestration.posting.orders import waiting_orders
from orchestration.settings import Settings
from orchestration.tranches import altered

Report = dict[str, Any]
SHOWN = 25


def verify(settings: Settings, *, offline: bool) -> Report:
    """The chain recomputed, and the files of what summaries were decided with; unless `offline`, every confirmed
    posting read back anew. Changes nothing.

    Raises LedgerUnavailableError when Sage does not answer, and OperationsError.
    """
    with Operations.open(settings.operations) as operations:
        report = verify_chain(operations, settings.company_id)
        report |= {"altered": altered(Path(settings.landing))}
        report |= {"agrees": report["agrees"] and not report["altered"]}
        if offline:
            return report
        with Sage200Client(settings.sage200_at_home()) as client:
            must_be_connected(client)
            report |= verify_postings(Sage200Ledger(client), operations, settings.company_id)
            if report["not_there"]:
                must_be_connected(client)
    return report | {"agrees": report["agrees"] and not report["differing"]}


def verify_chain(operations: Operations, company_id: str) -> Report:
    """What the chain came to; `broken` says at which event it is not what was written."""
    seals = len(operations.sign_offs(company_id))
    chain: Report = {"holds": True, "events": 0, "head_hash": "", "sign_offs": seals, "broken": ""}
    try:
        end = operations.verify_chain(company_id)
        chain |= {"events": end.event_number, "head_hash": end.head_hash}
    except ChainBrokenError as broken:
        chain |= {"holds": False, "broken": str(broken)}
    return {"company_id": company_id, "agrees": chain["holds"], "chain": chain, "confirmed": None}


def verify_postings(ledger: Ledger, operations: Operations, company_id: str) -> Report:
    """Every confirmed posting against Sage; `differing` has those that no longer agree, and in what."""
    confirmed, differing = 0, []
    for proof in prove_again(ledger, operations, company_id):
        confirmed += 1
        if not proof.agrees:
            differing.append(proof)
    not_there = sum(not proof.is_there for proof in differing)
    return {
        "confirmed": confirmed,
        "not_there": not_there,
        "differing": [_told(one) for one in differing],
        "allocations_changed": _allocations_changed(ledger, operations, company_id),
        "orders_waiting": _orders_waiting(ledger, operations, company_id),
    }


def _allocations_changed(ledger: Ledger, operations: Operations, company_id: str) -> list[Report]:
    """Allocations of ours that a person undid or changed since: told, and no fault of the record."""
    if not can_allocate(ledger):
        return []
    return [
        {"allocation": intent.posting_key, "event_id": intent.event_id, "differences": list(differences)}
        for intent, differences in changed_since(ledger, operations, company_id)
    ]


def _orders_waiting(ledger: Ledger, operations: Operations, company_id: str) -> list[Report]:
    """Sales orders of ours that the record does not know to be invoiced: told, and no fault of the record."""
    if orders_of(ledger) is None:
        return []
    return [
        {
            "posting_key": order.posting_key,
            "store_id": order.store_id,
            "business_date": order.business_date.isoformat() if order.business_date else None,
            "gross_pence": order.gross_pence,
            "told": order.told,
        }
        for order in waiting_orders(ledger, operations, company_id)
    ]


def must_be_connected(client: Sage200Client) -> None:
    """Sage answers with nothing when its tunnel is down: that is no proof that anything has gone."""
    if not client.sites():
        raise LedgerUnavailableError("Sage names no company: its connection to the customer's server is down")


def _told(proof: Proof) -> Report:
    return {
        "posting_key": proof.posting_key,
        "urn": proof.urn,
        "state": proof.state,
        "store_id": proof.store_id,
        "receipt_no": proof.receipt_no,
        "business_date": proof.business_date.isoformat() if proof.business_date else None,
        "document_kind": proof.document_kind,
        "gross_pence": proof.gross_pence,
        "differences": list(proof.differences),
    }


def render(report: Report, console: Console) -> None:
    """The same for a person."""
    chain = report["chain"]
    if chain["holds"]:
        seals = f" and the seals of {counted(chain['sign_offs'], 'sign-off')}" if chain["sign_offs"] else ""
        console.print(
            f"The record holds: {counted(chain['events'], 'step')}{seals}, each as it was written "
            f"(ends in {chain['head_hash'][:12]}).",
            highlight=False,
        )
    else:
        console.print(
            f"[red]The record is not what was written:[/red] {escape(chain['broken'])}", highlight=False
        )
    for name in report["altered"]:
        console.print(
            f"[red]What summaries were decided with is not what was written:[/red] {escape(name)}",
            highlight=False,
        )
    if report["confirmed"] is None:
        console.print("Sage was not asked (--offline).")
        return
    for changed in report["allocations_changed"][:SHOWN]:
        console.print(
            f"allocation {changed['allocation']} of {escape(changed['event_id'])}: "
            f"{'; '.join(changed['differences'])}",
            highlight=False,
        )
    for order in report["orders_waiting"][:SHOWN]:
        console.print(
            f"order {order['posting_key']} of {escape(order['store_id'])}, {pounds(order['gross_pence'])}: "
            f"{escape(order['told'])}",
            highlight=False,
        )
    differing = report["differing"]
    if not differing:
        console.print(
            f"Sage agrees with {counted(report['confirmed'], 'confirmed posting')}.", highlight=False
        )
        return
    console.print(
        f"[red]Sage no longer agrees with {len(differing):,} of {report['confirmed']:,} confirmed postings:[/red]",
        highlight=False,
    )
    table = Table()
    for heading in ("posting", "URN", "store", "receipt", "date", "document", "gross", "now"):
        table.add_column(heading, justify="right" if heading == "gross" else "left")
    for row in differing[:SHOWN]:
        table.add_row(
            row["posting_key"], str(row["urn"]), row["store_id"], row["receipt_no"], row["business_date"] or "",
            row["document_kind"], pounds(row["gross_pence"]), escape("; ".join(row["differences"])),
        )  # fmt: skip
    console.print(table)
    if len(differing) > SHOWN:
        console.print(f"… and {len(differing) - SHOWN} more; --json lists them all.")
