"""Each page that writes honours roles, and a press that should not have been possible is refused by the store."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from closing_shop import made
from mappings_in_force import take_in
from streamlit.testing.v1 import AppTest

from app import signing_in
from app.addresses import PAGES
from orchestration.operations import Operations, Person

VIEWS = Path(__file__).parents[2] / "app" / "views"
VIEWER = '[access]\nlocal_user = "Val"\nlocal_roles = ["viewer"]\n'
OIDC = (
    '[access]\nsign_in = "oidc"\nroles_claim = "groups"\n[access.people]\n"fay@acme.example" = ["approver"]\n'
)


@pytest.fixture
def home(tmp_path: Path, published_home: Path) -> Path:
    return made(tmp_path / "home", published_home)


def allow(home: Path, lines: str) -> None:
    with (home / "tillproof.toml").open("a", encoding="utf-8") as file:
        file.write(lines)


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [
        *page.markdown,
        *page.caption,
        *page.info,
        *page.success,
        *page.warning,
        *page.error,
        *page.title,
    ]
    return "\n".join(str(each.value) for each in parts)


def written(home: Path) -> list[str]:
    with Operations.open(home / "operations.sqlite") as operations:
        return [row["action"] for row in operations.audit_log("DGS")]


def october(page: AppTest) -> AppTest:
    return page.selectbox(key="close period").select_index(1).run()


def close(page: AppTest) -> AppTest:
    page.checkbox(key="sign open").check()
    page.text_input(key="sign reason").set_value("month end")
    return page.button(key="sign button").click().run()


def tick(page: AppTest) -> AppTest:
    page.text_input(key="tick reason").set_value("seen")
    return page.button(key="tick button").click().run()


def pack(page: AppTest) -> AppTest:
    page.text_input(key="pack reason").set_value("for the auditor")
    return page.button(key="pack button").click().run()


def assign(page: AppTest) -> AppTest:
    page.text_input(key="assignee").set_value("Ann")
    page.text_input(key="cases reason").set_value("hers")
    return page.button(key="cases button").click().run()


def stop(page: AppTest) -> AppTest:
    page.text_input(key="stop reason").set_value("stock take")
    return page.button(key="stop button").click().run()


WRITING: dict[str, list[Callable[[AppTest], AppTest]]] = {
    "close": [close, tick, pack],
    "exceptions": [assign],
    "posting": [stop],
}


def opened(home: Path, open_page: Callable[..., AppTest], view: str, role: str) -> AppTest:
    allow(home, VIEWER.replace("viewer", role))
    page = open_page(home, view)
    if view == "close":
        return october(page)
    return page.checkbox(key="choose EXAAAAAAAAAA False").check().run() if view == "exceptions" else page


ACTS = [(view, act) for view, acts in WRITING.items() for act in acts]


@pytest.mark.parametrize(("view", "act"), ACTS)
def test_a_viewer_s_press_is_refused_where_it_is_written(home, tmp_path, open_page, monkeypatch, view, act):
    take_in(home, tmp_path / "mappings")
    before = written(home)
    # a page that forgot to ask, and shows a live button to everybody
    monkeypatch.setattr(Person, "may", lambda *_: True)
    page = act(opened(home, open_page, view, "viewer"))
    assert "Nothing was written: Val may not" in told(page)
    assert written(home) == before


@pytest.mark.parametrize(("view", "act"), ACTS)
def test_the_same_press_is_written_for_who_may(home, tmp_path, open_page, view, act):
    take_in(home, tmp_path / "mappings")
    before = written(home)
    page = act(opened(home, open_page, view, "finance"))
    assert "Nothing was written" not in told(page)
    assert len(written(home)) > len(before)
    with Operations.open(home / "operations.sqlite") as operations:
        assert operations.audit_log("DGS")[-1]["author"] == "Val"


def test_the_page_says_who_signs_and_what_it_takes(home, open_page):
    allow(home, VIEWER)
    page = open_page(home, "close")
    assert "Goes on record as **Val**, who may not sign off a period: it takes approver or finance." in told(
        page
    )
    assert page.button(key="sign button").disabled
    assert not [box for box in page.text_input if box.key.endswith(" name")], "nobody types another's name"


def test_every_page_that_writes_writes_by_carry_out_alone():
    for name in PAGES:
        text = (VIEWS / f"{name}.py").read_text(encoding="utf-8")
        assert "Operations.open" not in text, name
        assert ("deciding.signature(" in text) == ("deciding.carry_out(" in text), name


def test_what_a_page_opens_to_read_cannot_write(home, monkeypatch):
    from app import deciding
    from orchestration.operations import NotAllowedError

    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    with deciding.store() as (_, operations), pytest.raises(NotAllowedError):
        operations.stop_store("DGS", "S01", "x", "Fay")


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens a page of a home as somebody whom the sign-in brings; None: nobody yet."""

    def opened(home: Path, view: str, claims: dict | None) -> AppTest:
        monkeypatch.setenv("TILLPROOF_HOME", str(home))
        app = AppTest.from_file(str(VIEWS.parent / "navigation.py"), default_timeout=30)
        app.user = {"is_logged_in": True, "iat": time.time(), **claims} if claims else {"is_logged_in": False}
        return app.switch_page(f"views/{view}.py").run()

    return opened


def test_nothing_is_shown_before_somebody_signs_in(home, visit, monkeypatch):
    allow(home, OIDC)
    page = visit(home, "close", None)
    assert [each.value for each in page.title] == ["Sign in"]
    assert "sign_in.toml of the home" in told(page).replace("\\", "") and not page.table
    monkeypatch.setattr(signing_in, "lacking", lambda _: [])
    page = visit(home, "close", None)
    assert [each.label for each in page.button] == ["Sign in"]


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@acme.example"},
        {"email": "fay@acme.example", "email_verified": False},
        {"email": "stranger@acme.example", "groups": ["Choir"]},
    ],
)
def test_whoever_signs_in_without_a_role_sees_nothing(home, visit, claims):
    allow(home, OIDC)
    page = visit(home, "close", claims)
    assert [each.value for each in page.title] == ["No role here"] and not page.table


def test_who_signs_in_writes_under_that_name_and_role(home, visit):
    allow(home, OIDC)
    page = visit(home, "close", {"email": "fay@acme.example"})
    assert "Signed in as **fay@acme\\.example** (approver)" in told(page)
    assert "Nothing was written" not in told(close(october(page)))
    with Operations.open(home / "operations.sqlite") as operations:
        signed = operations.sign_offs("DGS")[0]
    assert (signed["author"], signed["role"]) == ("fay@acme.example", "approver")


def test_a_sign_in_of_yesterday_is_asked_for_again(home, visit, monkeypatch):
    allow(home, OIDC)
    monkeypatch.setattr(signing_in, "lacking", lambda _: [])
    page = visit(home, "close", {"email": "fay@acme.example", "iat": time.time() - 13 * 3600})
    assert "You signed in more than 12 hours ago" in told(page) and not page.table
    assert [each.label for each in page.button] == ["Sign in"]


def test_the_environment_stands_above_the_file_of_the_home(tmp_path):
    (tmp_path / "secrets").mkdir()
    assert signing_in.secrets(tmp_path, {}) == {}
    file = tmp_path / "secrets" / "sign_in.toml"
    file.write_text('[auth]\nclient_id = "a"\nclient_secret = "old"\n[auth.entra]\nclient_id = "b"\n')
    said = {
        "TILLPROOF_SIGN_IN__CLIENT_SECRET": "new",
        "TILLPROOF_SIGN_IN__ENTRA__CLIENT_SECRET": "c",
        "TILLPROOF_SIGN_IN__WHAT": "x",
        "TILLPROOF_HOME": "x",
    }
    auth = {"client_id": "a", "client_secret": "new", "entra": {"client_id": "b", "client_secret": "c"}}
    assert signing_in.secrets(tmp_path, said) == {"auth": auth}
    file.write_text("[auth")
    assert signing_in.secrets(tmp_path, {}) == {}, "the page then says what is lacking"


def test_who_signs_in_as_a_viewer_is_refused(home, visit):
    allow(home, OIDC)
    page = visit(home, "close", {"email": "val@acme.example", "groups": ["viewer"]})
    assert page.table, "a viewer looks"
    assert page.button(key="sign button").disabled and page.button(key="pack button").disabled


def test_what_sign_in_lacks_is_named(home, monkeypatch):
    monkeypatch.setattr(signing_in, "is_authlib_installed", lambda: True)
    client = {"client_id": "x", "client_secret": "x", "server_metadata_url": "x"}
    section = {"redirect_uri": "x/oauth2callback", "cookie_secret": "short", **client}
    monkeypatch.setattr(signing_in, "get_secrets_auth_section", lambda: section)
    assert signing_in.lacking() == ["a cookie_secret of 32 characters or more: it seals who somebody is"]
    section["cookie_secret"] = "s" * 32
    assert signing_in.lacking() == []
    assert signing_in.lacking("entra") == [f"{name} in [auth.entra]" for name in client]
    section |= {"entra": client, "client_secret": "", "redirect_uri": "x"}
    assert signing_in.lacking("entra") == ["a redirect_uri that ends in /oauth2callback"]
    assert "client_secret in [auth]" in signing_in.lacking()
    monkeypatch.setattr(signing_in, "get_secrets_auth_section", dict)
    assert "[auth] in secrets/sign_in.toml" in signing_in.lacking()[0]
