"""Where nobody signs in the app answers this machine alone, whatever stands before it."""

from __future__ import annotations

import asyncio
import http.client
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from real_browser import served

from app.only_here import OnlyHere
from orchestration.settings import SettingsError, load

HERE = ("127.0.0.1", 8501)


def answered(kind: str = "http", *, people_sign_in: bool = False, **scope: Any) -> list[dict[str, Any]]:
    """What one connection is answered with."""
    sent: list[dict[str, Any]] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "served"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asked = {"type": kind, "server": HERE, "client": ("127.0.0.1", 50000), "headers": [], **scope}
    asyncio.run(OnlyHere(app, lambda: people_sign_in)(asked, receive, send))
    return sent


def host(name: str) -> list[tuple[bytes, bytes]]:
    return [(b"host", name.encode())]


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"headers": host("127.0.0.1:8501")},
        {"headers": host("localhost:8501")},
        {"headers": host("LOCALHOST")},
        {"headers": host("[::1]:8501"), "server": ("::1", 8501), "client": ("::1", 5)},
        {"server": ("::ffff:127.0.0.1", 8501), "client": ("::ffff:127.0.0.1", 5)},
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_this_machine_is_served(kind, scope):
    assert answered(kind, **scope) == [{"type": "served"}]


@pytest.mark.parametrize(
    "scope",
    [
        {"server": ("192.168.1.20", 8501)},
        {"client": ("192.168.1.77", 50000)},
        {"client": None},
        {"server": None},
        {"headers": host("tillproof.acme.example")},
        {"headers": host("127.0.0.1.evil.example:8501")},
        {"headers": host("localhost.evil.example")},
        {"headers": host("")},
        {"headers": [*host("127.0.0.1:8501"), *host("evil.example")]},
    ],
)
def test_any_other_way_in_is_refused(scope):
    start, body = answered(**scope)
    assert start["status"] == 403 and b"nobody signs in" in body["body"]
    assert answered("websocket", **scope)[0]["type"] == "websocket.close"
    assert answered(people_sign_in=True, **scope) == [{"type": "served"}]


def test_the_served_app_refuses_another_name_and_answers_its_own(home: Path) -> None:
    with served(home) as address:
        place = urlsplit(address)

        def status(**headers: str) -> int:
            connection = http.client.HTTPConnection(place.hostname or "", place.port or 0, timeout=20)
            connection.request("GET", "/", headers=headers)
            return connection.getresponse().status

        assert status() == 200
        assert status(Host="tillproof.acme.example") == 403
        assert status(Host="tillproof.acme.example", **{"X-Forwarded-Host": "127.0.0.1"}) == 403


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.20", "::", ""])  # noqa: S104
def test_another_address_is_no_setting_until_people_sign_in(tmp_path, address):
    settings = tmp_path / "tillproof.toml"
    settings.write_text(f'company_id = "DGS"\napp_address = "{address}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"where nobody signs in the app is served at 127\.0\.0\.1 only"):
        load(tmp_path)
    with settings.open("a", encoding="utf-8") as file:
        file.write('[access]\nsign_in = "oidc"\nroles_claim = "groups"\n')
    assert load(tmp_path).app_address == address
