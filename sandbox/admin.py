"""`/_sandbox`: what a test or a demo may do to the sandbox while it runs. Sage has nothing like it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException

from sandbox.desk import Desk
from sandbox.faults import BadFault, Fault, read_fault


def admin_routes(desk: Desk) -> APIRouter:
    """Health, faults, clock, settings, deferred lines, and what a person does with sales orders."""
    router = APIRouter(prefix="/_sandbox")

    @router.get("/health")
    def health() -> dict[str, Any]:
        return {
            "status": "ready",
            "company": desk.company_name,
            "now": desk.clock.peek().isoformat(timespec="milliseconds"),
            "requests": dict(sorted(desk.requests.items())),
        }

    @router.get("/faults")
    def faults() -> list[dict[str, Any]]:
        return desk.faults.shown()

    @router.put("/faults")
    def replace_faults(wanted: Annotated[list[Any], Body()]) -> list[dict[str, Any]]:
        desk.faults.replace(_faults(wanted))
        return desk.faults.shown()

    @router.post("/faults")
    def add_faults(wanted: Annotated[list[Any], Body()]) -> list[dict[str, Any]]:
        desk.faults.add(_faults(wanted))
        return desk.faults.shown()

    @router.delete("/faults")
    def clear_faults() -> list[dict[str, Any]]:
        desk.faults.replace([])
        return []

    @router.put("/clock")
    def set_clock(
        now: Annotated[str | None, Body()] = None, tick_ms: Annotated[int | None, Body()] = None
    ) -> dict[str, str]:
        """`now` in naive UTC, or null to follow the machine."""
        desk.clock.set(None if now is None else datetime.fromisoformat(now.removesuffix("Z")), tick_ms)
        return {"now": desk.clock.peek().isoformat(timespec="milliseconds")}

    @router.put("/settings")
    def change_settings(wanted: Annotated[dict[str, str], Body()]) -> dict[str, str]:
        for key, value in wanted.items():
            desk.company.set_setting(key, value)
        return desk.company.lookups().settings

    @router.post("/release_deferred")
    def release_deferred(everything: Annotated[bool, Body(embed=True)] = True) -> dict[str, int]:
        return {"lines": desk.company.release_deferred(everything=everything)}

    @router.post("/invoice_orders")
    def invoice_orders(
        invoice_date: Annotated[date | None, Body(embed=True)] = None,
    ) -> dict[str, list[int]]:
        """What a person does at the end of a day: every live order leaves its warehouse and is invoiced."""
        urns = [
            desk.company.despatch_and_invoice(
                order_id, user_name="WAREHOUSE", posted_at=desk.clock.tick(), invoice_date=invoice_date
            )
            for order_id in desk.company.waiting_orders()
        ]
        return {"urns": urns}

    @router.post("/cancel_orders")
    def cancel_orders() -> dict[str, list[int]]:
        """Every live order is cancelled, as on the desktop."""
        cancelled = desk.company.waiting_orders()
        for order_id in cancelled:
            desk.company.cancel_order(order_id, at=desk.clock.tick())
        return {"orders": cancelled}

    @router.post("/refresh_tokens")
    def refresh_token() -> dict[str, str]:
        return {"refresh_token": desk.tokens.issue_refresh_token()}

    return router


def _faults(wanted: list[Any]) -> list[Fault]:
    try:
        return [read_fault(one) for one in wanted]
    except (BadFault, TypeError, ValueError) as error:
        raise HTTPException(422, str(error)) from error
