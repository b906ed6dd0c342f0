"""Where nobody signs in, this machine alone is answered: whoever could reach the port could type any name.

Asked of each connection: the address it came to, the address it came from, and the host that it names. The last keeps
out a page in somebody's browser whose name was made to lead here, and a proxy that stands before the app.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from app.addresses import Asgi, Message, Receive, Send

REFUSAL = (
    b"Tillproof answers this machine alone, at 127.0.0.1, because nobody signs in here. "
    b"docs/signing-in.md says how people sign in.\n"
)


class OnlyHere:
    """Answers 403 to everything that does not come from this machine to this machine, unless people sign in."""

    def __init__(self, app: Asgi, people_sign_in: Callable[[], bool]):
        self._app = app
        self._people_sign_in = people_sign_in

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or is_local(scope) or self._people_sign_in():
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "this machine alone is answered"})
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSAL})


def is_local(scope: Message) -> bool:
    """Whether a connection is from this machine, to its loopback address, under a name of it."""
    ends = [scope.get(end) for end in ("server", "client")]
    named = [value.decode("latin-1") for name, value in scope.get("headers", []) if name == b"host"]
    return all(end and _is_loopback(str(end[0])) for end in ends) and all(map(_is_own_name, named))


def _is_own_name(host: str) -> bool:
    """127.0.0.1:8501, localhost, [::1]:8501."""
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    return name.casefold() == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
