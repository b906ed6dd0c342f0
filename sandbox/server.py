"""A Sage 200 over HTTP: paths, verbs and who is let in; what is behind them lives in `desk`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from sandbox import answers, reads_bank_stock, reads_nominal, reads_orders, reads_sales
from sandbox.admin import admin_routes
from sandbox.catalogue import Resource
from sandbox.desk import DOCUMENTS, Desk, Struckdown, Unauthorized, not_found, parse_body
from sandbox.faults import Request
from sandbox.options import BASE_PATH, TOKEN_PATH, Options
from sandbox.refusals import Refused
from sandbox.replies import object_reply, refusal_reply
from sandbox.serving import Running, serving

__all__ = ["Running", "build_app", "serving"]

COLLECTIONS = {
    resource.name: resource
    for resource in [
        *reads_nominal.RESOURCES,
        *reads_sales.RESOURCES,
        *reads_bank_stock.RESOURCES,
        *reads_orders.RESOURCES,
    ]
}
READ_BY_ID = (
    "nominal_codes",
    "nominal_transaction_enquiry_views",
    "cost_centres",
    "departments",
    "tax_codes",
    "customers",
    "sales_posted_transactions",
    "banks",
    "bank_posted_transactions",
    "products",
    "warehouses",
    "warehouse_holdings",
    "sop_orders",
)
READ_UNDER_A_PARENT = (
    ("nominal_codes", "nominal_transaction_enquiry_views"),
    ("customers", "sales_posted_transactions"),
    ("banks", "bank_posted_transactions"),
    ("products", "warehouse_holdings"),
)
Endpoint = Callable[..., Any]


def build_app(company_path: Path, options: Options | None = None) -> FastAPI:
    """The server for one company's file. Raises FileNotFoundError."""
    desk = Desk(Path(company_path), options or Options())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(title="Sage 200 sandbox", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.desk = desk
    app.include_router(admin_routes(desk))
    app.add_api_route(TOKEN_PATH, _token(desk), methods=["POST"], response_model=None)
    router = APIRouter(prefix=BASE_PATH)
    for resource in COLLECTIONS.values():
        _route(router, "GET", f"/{resource.name}", _collection(desk, resource))
    for name in READ_BY_ID:
        _route(router, "GET", f"/{name}/{{row_id}}", _by_id(desk, COLLECTIONS[name]))
    for parent, name in READ_UNDER_A_PARENT:
        _route(
            router,
            "GET",
            f"/{parent}/{{row_id}}/{name}",
            _under(desk, COLLECTIONS[parent], COLLECTIONS[name]),
        )
    lines = reads_orders.SOP_ORDER_LINES  # Sage lists them of one order only
    _route(
        router, "GET", "/sop_orders/{row_id}/sop_order_lines", _under(desk, COLLECTIONS["sop_orders"], lines)
    )
    for name in DOCUMENTS:
        _route(router, "POST", f"/{name}", _document(desk, name))
    _route(router, "POST", "/sop_orders", _order(desk))
    _route(router, "POST", "/sales_allocations", _allocation(desk))
    _route(router, "PUT", "/sales_posted_transactions/{row_id}", _queried(desk))
    _route(router, "POST", "/transaction_date_validation", _date_validation(desk))
    _answers(router, desk)
    app.include_router(router)
    _refusals(app, desk)
    return app


def _route(router: APIRouter, method: str, path: str, endpoint: Endpoint) -> None:
    router.add_api_route(path, endpoint, methods=[method], response_model=None)


def _refusals(app: FastAPI, desk: Desk) -> None:
    @app.exception_handler(Unauthorized)
    async def unauthorized(_: HttpRequest, __: Exception) -> Response:
        return Response(b"", 401)

    @app.exception_handler(Refused)
    async def refused(_: HttpRequest, error: Refused) -> Response:
        return refusal_reply(error, desk.options.error_body)

    @app.exception_handler(Struckdown)
    async def struck_down(_: HttpRequest, error: Struckdown) -> Response:
        return refusal_reply(error.fault.refusal(), error.fault.body, error.fault.headers())

    @app.exception_handler(HTTPException)
    async def no_such_path(_: HttpRequest, error: HTTPException) -> Response:
        """Sage answers 404 for a verb it does not have (§3, §10.1)."""
        if error.status_code in (404, 405):
            return refusal_reply(not_found("such resource or verb"), desk.options.error_body)
        return object_reply({"detail": error.detail}, error.status_code)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise not_found(f"id {text}")
    return int(text)


def _token(desk: Desk) -> Endpoint:
    async def token(request: HttpRequest) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        reply = await run_in_threadpool(desk.tokens.token, form)
        return object_reply(reply.body, reply.status)

    return token


def _collection(desk: Desk, resource: Resource) -> Endpoint:
    def collection(request: HttpRequest) -> Response:
        desk.admit(request.headers)
        desk.strike(Request("GET", resource.name))
        return desk.read(resource, request.query_params)

    return collection


def _by_id(desk: Desk, resource: Resource) -> Endpoint:
    def by_id(request: HttpRequest, row_id: str) -> Response:
        desk.admit(request.headers)
        desk.strike(Request("GET", resource.name))
        return desk.read_one(resource, _number(row_id), request.query_params)

    return by_id


def _under(desk: Desk, parent: Resource, resource: Resource) -> Endpoint:
    column = resource.parents[parent.name]

    def under(request: HttpRequest, row_id: str) -> Response:
        desk.admit(request.headers)
        desk.strike(Request("GET", resource.name))
        parent_id = _number(row_id)
        desk.read_one(parent, parent_id, {"$select": "id"})
        return desk.read(resource, request.query_params, (column, parent_id))

    return under


def _document(desk: Desk, name: str) -> Endpoint:
    async def document(request: HttpRequest) -> Response:
        user_name = await run_in_threadpool(desk.admit, request.headers)
        return await run_in_threadpool(desk.post_document, name, await request.body(), user_name)

    return document


def _order(desk: Desk) -> Endpoint:
    async def order(request: HttpRequest) -> Response:
        user_name = await run_in_threadpool(desk.admit, request.headers)
        return await run_in_threadpool(desk.post_order, await request.body(), user_name)

    return order


def _allocation(desk: Desk) -> Endpoint:
    async def allocation(request: HttpRequest) -> Response:
        user_name = await run_in_threadpool(desk.admit, request.headers)
        return await run_in_threadpool(desk.post_allocation, await request.body(), user_name)

    return allocation


def _queried(desk: Desk) -> Endpoint:
    async def queried(request: HttpRequest, row_id: str) -> Response:
        await run_in_threadpool(desk.admit, request.headers)
        return await run_in_threadpool(desk.put_queried, _number(row_id), await request.body())

    return queried


def _date_validation(desk: Desk) -> Endpoint:
    def validated(raw: bytes) -> Response:
        desk.strike(Request("POST", "transaction_date_validation"))
        return object_reply(answers.validate_date(desk.company.lookups(), parse_body(raw)))

    async def date_validation(request: HttpRequest) -> Response:
        await run_in_threadpool(desk.admit, request.headers)
        return await run_in_threadpool(validated, await request.body())

    return date_validation


def _answers(router: APIRouter, desk: Desk) -> None:
    def listed(name: str, content: Callable[[str], Any], *, is_company_call: bool = True) -> None:
        def answer(request: HttpRequest) -> Response:
            user_name = desk.admit(request.headers, is_company_call=is_company_call)
            desk.strike(Request("GET", name))
            found = content(user_name)
            return object_reply({"value": found} if desk.options.wrap and isinstance(found, list) else found)

        _route(router, "GET", f"/{name}", answer)

    def settings(_: str) -> dict[str, Any]:
        return answers.system_settings(desk.company.lookups(), desk.company.next_urn())

    def system_settings_by_id(request: HttpRequest, row_id: str) -> Response:
        user_name = desk.admit(request.headers)
        desk.strike(Request("GET", "system_settings"))
        if _number(row_id) != 1:
            raise not_found(f"system_settings/{row_id}")
        return object_reply(settings(user_name))

    site = {
        "company_id": desk.company_id,
        "company_name": desk.company_name,
        "site_id": desk.site_id,
        "site_name": "Sandbox site",
        "site_short_name": "Sandbox",
    }
    listed("sites", lambda _: [site], is_company_call=False)
    listed("system_settings", lambda user: [settings(user)])
    _route(router, "GET", "/system_settings/{row_id}", system_settings_by_id)
    listed("nominal_ledger_settings", lambda _: [answers.nominal_ledger_settings()])
    listed("current_user", answers.current_user)
    for name, values in answers.ENUMS.items():
        listed(name, lambda _, values=values: answers.enum(values))  # type: ignore[misc]
