"""Where each page lives, and how a page's own address is opened without a complaint in the console.

Streamlit's browser side, opened at `/receipt`, first looks for its server under `/receipt/` and is answered
404 (streamlit issue 7074, open). So a page's address is answered with `/?page=receipt`, and navigation goes
on from there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

FIRST_PAGE = "views/can_i_close.py"
PAGES = {
    "store_days": "views/store_days.py",
    "exceptions": "views/exceptions.py",
    "posting": "views/posting.py",
    "decide": "views/decide.py",
    "close": "views/close.py",
    "acceptance": "views/acceptance.py",
    "mappings": "views/mappings.py",
    "connections": "views/connections.py",
    "analyst": "views/analyst.py",
    "receipt": "views/receipt.py",
    "runbook": "views/runbook.py",
}
"""Address -> file of every page but the first, which is at `/`."""

WANTED = "page"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]


class PageAddresses:
    """A page's address is answered with the first page's, the wanted page in its query; all else passes."""

    def __init__(self, app: Asgi):
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        name = scope["path"].strip("/") if scope["type"] == "http" else ""
        if name not in PAGES:
            await self._app(scope, receive, send)
            return
        query = urlencode([(WANTED, name), *parse_qsl(scope["query_string"].decode("ascii"))])
        location = (b"location", f"/?{query}".encode())
        await send({"type": "http.response.start", "status": 302, "headers": [location]})
        await send({"type": "http.response.body", "body": b""})
