"""People sign in by OpenID Connect, in a real browser, against a provider over HTTP: who they are, what they may."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, running
from real_browser import OUTPUT, Visit, free_port, served
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from synthetic_published import copied
from test_app_browser import browser  # noqa: F401  the one real browser

from orchestration.operations import Operations

pytestmark = [pytest.mark.browser, pytest.mark.long]

PEOPLE: dict[str, dict[str, object]] = {
    "Olive": {"sub": "1", "email": "olive@acme.example", "groups": ["Shop operations", "Choir"]},
    "Fay": {"sub": "2", "email": "fay@acme.example", "email_verified": True},
    "Stranger": {"sub": "3", "email": "stranger@acme.example", "groups": ["Choir"]},
    "Pretender": {"sub": "4", "email": "fay@acme.example", "email_verified": False},
}
ACCESS = """
[access]
sign_in = "oidc"
roles_claim = "groups"
local_roles = []
[access.role_names]
"Shop operations" = "operations"
[access.people]
"fay@acme.example" = ["finance", "approver"]
"""
USER, COOKIE_SECRET = "_streamlit_user", "of-a-test-that-is-long-enough-here"
SIGN_IN = """[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "{cookie_secret}"
client_id = "{client_id}"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running(Provider(PEOPLE)) as found:
        yield found


@pytest.fixture(scope="module")
def signed_home(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    return copied(home, tmp_path_factory.mktemp("signed") / "home")


@pytest.fixture(scope="module")
def address(signed_home: Path, provider: Provider) -> Iterator[str]:
    """The app, its client secret in the environment alone."""
    port = free_port()
    at = f"http://127.0.0.1:{port}"
    provider.redirect_uri = f"{at}/oauth2callback"
    with (signed_home / "tillproof.toml").open("a", encoding="utf-8") as file:
        file.write(ACCESS)
    (signed_home / "secrets").mkdir(exist_ok=True)
    (signed_home / "secrets" / "sign_in.toml").write_text(
        SIGN_IN.format(
            address=at, client_id=CLIENT_ID, provider=provider.address, cookie_secret=COOKIE_SECRET
        ),
        encoding="utf-8",
    )
    with served(signed_home, port, {"TILLPROOF_SIGN_IN__CLIENT_SECRET": CLIENT_SECRET}) as found:
        yield found


@pytest.fixture
def visit(browser: object, address: str, provider: Provider) -> Iterator[Visit]:  # noqa: F811
    """Somebody whom the app has never seen."""
    provider.signs = "well"
    provider.refused.clear()
    profile = browser.new_context()  # type: ignore[attr-defined]
    yield Visit(browser, "desk", address, profile)
    profile.close()


def sign_in(visit: Visit, name: str) -> None:
    visit.open("/", "Sign in")
    visit.page.get_by_role("button", name="Sign in").click()
    visit.page.get_by_role("heading", name="Who are you?").wait_for()
    visit.page.get_by_role("link", name=name).click()
    visit.page.wait_for_url(f"{visit.address}/")


def to(visit: Visit, page: str) -> None:
    visit.page.get_by_role("link", name=page, exact=True).first.click()
    visit.page.get_by_role("heading", level=1, name=page).wait_for()
    visit.settle()


def press(visit: Visit, to: str) -> None:
    """Assign the chosen case to somebody."""
    page = visit.page
    for label, text in (("Assign to", to), ("Why", "her store")):
        page.get_by_label(label).first.fill(text)
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Assign 1 exception").click()


def written(home: Path) -> list[tuple[str, str]]:
    with Operations.open(home / "operations.sqlite") as operations:
        return [(row["author"], row["action"]) for row in operations.audit_log("DGS")]


def test_who_signs_in_writes_by_their_role_under_their_name_and_no_further(
    visit: Visit, signed_home: Path, provider: Provider
) -> None:
    before = written(signed_home)
    sign_in(visit, "Olive")
    page = visit.page
    page.get_by_text("Signed in as olive@acme.example (operations)").wait_for()
    visit.settle()
    visit.shot(OUTPUT / "signed-in.png")

    to(visit, "Close")
    page.get_by_text("may not sign off a period: it takes approver or finance").wait_for()
    assert page.get_by_role("button", name="Sign off", exact=False).first.is_disabled()

    to(visit, "Exceptions")
    page.get_by_role("checkbox", name="Receipt").first.check(force=True)
    page.get_by_text("1 exception chosen").wait_for()
    visit.settle()
    press(visit, "Ann")
    page.get_by_text("1 exception assigned to Ann").wait_for()
    assert written(signed_home) == [*before, ("olive@acme.example", "assign")]

    # her role is taken away while the page is open, and the button in it still live: the server turns it away
    settings = signed_home / "tillproof.toml"
    text = settings.read_text(encoding="utf-8")
    page.get_by_role("checkbox", name="Receipt").first.check(force=True)
    page.get_by_text("1 exception chosen").wait_for()
    visit.settle()
    try:
        settings.write_text(text.replace('"Shop operations" = "operations"', '"Shop operations" = "viewer"'))
        press(visit, "Bob")
        page.get_by_text("who may not share out exceptions").wait_for()
    finally:
        settings.write_text(text)
    assert written(signed_home) == [*before, ("olive@acme.example", "assign")]

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", level=1, name="Sign in").wait_for()
    assert "/logout" in provider.asked and not provider.refused
    visit.open("/close", "Sign in")
    assert page.get_by_role("table").count() == 0


def test_a_person_s_own_roles_count_without_a_group(visit: Visit) -> None:
    sign_in(visit, "Fay")
    visit.page.get_by_text("Signed in as fay@acme.example (finance, approver)").wait_for()


def test_who_has_no_role_or_no_verified_address_sees_nothing(visit: Visit) -> None:
    for name in ("Stranger", "Pretender"):
        sign_in(visit, name)
        visit.page.get_by_role("heading", level=1, name="No role here").wait_for()
        assert visit.page.get_by_role("table").count() == 0
        visit.page.context.clear_cookies()


def test_a_token_or_cookie_that_nobody_may_believe_signs_nobody_in(visit: Visit, provider: Provider) -> None:
    provider.signs = "unsigned"
    sign_in(visit, "Fay")
    visit.page.get_by_role("heading", level=1, name="Sign in").wait_for()
    visit.settle()
    assert visit.page.get_by_text("Signed in as").count() == 0
    assert not provider.refused, "it is the token that is turned away"
    made = create_signed_value("of-one-who-does-not-know-it", USER, '{"email": "fay@acme.example"}')
    visit.page.context.add_cookies(
        [{"name": USER, "value": made.decode(), "url": visit.address, "httpOnly": True}]
    )
    visit.open("/", "Sign in")


@pytest.mark.parametrize(
    "signs",
    [
        "well",
        "unsigned",
        "with another key",
        "for another client",
        "expired",
        "with another nonce",
        "as another issuer",
    ],
)
def test_only_a_token_that_is_signed_for_this_visit_gives_the_cookie_of_a_person(
    address: str, provider: Provider, signs: str
) -> None:
    """The same way as the browser goes, without one."""
    provider.signs = signs
    provider.refused.clear()
    begun = jwt.encode(
        {"alg": "HS256"},
        {"provider": "default", "exp": int(time.time()) + 60},
        OctKey.import_key(COOKIE_SECRET),
    )
    with httpx.Client() as client:
        page = client.get(f"{address}/auth/login", params={"provider": begun}, follow_redirects=True)
        link = re.search(r'href="([^"]+)">Fay<', page.text)
        assert link and page.url.path == "/authorize"
        client.get(link[1].replace("&amp;", "&"))
        assert not provider.refused, "it is the token that is turned away"
        assert (USER in client.cookies) == (signs == "well")
