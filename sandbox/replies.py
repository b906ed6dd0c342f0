"""The shapes of a reply: collections, objects, refusals in three styles, and the reply that never comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.refusals import Refused

JSON = "application/json; charset=utf-8"
TRANSPORT = "sandbox.transport"


def object_reply(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type=JSON)


def collection_reply(blocks: Iterator[bytes], *, is_wrapped: bool, count: int | None) -> Response:
    """Rows as a bare array, or in `{"value": []}`; a long page is sent block by block.

    A counted page is wrapped with `@odata.count`, as OData has it; Sage's own shape is not confirmed (§14).
    """
    opening, closing = b"[", b"]"
    if count is not None:
        opening, closing = b'{"@odata.count":%d,"value":[' % count, b"]}"
    elif is_wrapped:
        opening, closing = b'{"value":[', b"]}"
    first = next(blocks, b"")
    second = next(blocks, None)
    if second is None:
        return Response(opening + first + closing, media_type=JSON)
    return StreamingResponse(chain([opening, first, second], blocks, [closing]), media_type=JSON)


def refusal_reply(refused: Refused, style: str, headers: dict[str, str] | None = None) -> Response:
    """An error in the wanted style; the exact JSON of Sage is not documented (§10.2)."""
    if style == "empty":
        return Response(b"", refused.status, headers=headers)
    if style == "text":
        return Response(refused.message, refused.status, headers=headers, media_type="text/plain")
    body = json.dumps({"type": refused.type_name, "message": refused.message})
    return Response(body, refused.status, headers=headers, media_type=JSON)


class LostReply(Response):
    """Closes the connection without a byte: the work is done and nobody is told."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = scope.get(TRANSPORT)
        if transport is None:
            raise ConnectionResetError("the reply was lost")
        transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


class KeepTransport:
    """Outermost ASGI layer: leaves the connection itself where `LostReply` finds it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope[TRANSPORT] = getattr(getattr(send, "__self__", None), "transport", None)
        await self.app(scope, receive, send)
