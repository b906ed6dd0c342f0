"""Who is looking: the person whom Streamlit's own sign-in (OpenID Connect) brings, or the one user of this machine."""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.auth_util import get_secrets_auth_section, is_authlib_installed

from app.money import counted
from app.opening import home
from app.shown import plain
from orchestration.access_settings import AccessSettings
from orchestration.operations import ROLES, Person
from orchestration.settings import SettingsError, load

LEAST_COOKIE_SECRET = 32


def access() -> AccessSettings:
    """The settings of who may what; where they cannot be read, nobody signs in and this machine alone is served."""
    try:
        return load(home()).access
    except SettingsError:
        return AccessSettings()


CALLBACK = "/oauth2callback"
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")
AUTH_KEYS = ("redirect_uri", "cookie_secret", *PROVIDER_KEYS)
ENVIRONMENT = "TILLPROOF_SIGN_IN__"


def secrets(of_home: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What Streamlit signs people in with, {"auth": {...}}: `secrets/sign_in.toml` of the home, and above it what the
    environment says, TILLPROOF_SIGN_IN__CLIENT_SECRET or, of the provider `entra`,
    TILLPROOF_SIGN_IN__ENTRA__CLIENT_SECRET. Empty where neither says anything, or the file is no TOML.
    """
    try:
        told = tomllib.loads((of_home / "secrets" / "sign_in.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        told = {}
    found = told.get("auth")
    auth: dict[str, Any] = dict(found) if isinstance(found, Mapping) else {}
    for variable, value in environment.items():
        if not variable.upper().startswith(ENVIRONMENT):
            continue
        *provider, name = variable[len(ENVIRONMENT) :].casefold().split("__")
        if name in AUTH_KEYS and not provider:
            auth[name] = value
        elif name in PROVIDER_KEYS and len(provider) == 1:
            part = auth.get(provider[0])
            auth[provider[0]] = {**(part if isinstance(part, Mapping) else {}), name: value}
    return {"auth": auth} if auth else {}


def lacking(provider: str = "") -> list[str]:
    """What sign-in still needs of this installation, in words; empty where people can sign in. `provider` as in the
    settings: the part of [auth] that names it."""
    missing = []
    if not is_authlib_installed():
        missing.append("the package Authlib, 1.3.2 or later: install what the lock file pins")
    section = get_secrets_auth_section()
    if not section:
        return [*missing, "[auth] in secrets/sign_in.toml of the home, in TOML: see docs/signing-in.md"]
    missing += [f"{name} in [auth]" for name in ("redirect_uri", "cookie_secret") if not section.get(name)]
    if section.get("redirect_uri") and not str(section["redirect_uri"]).endswith(CALLBACK):
        missing.append(f"a redirect_uri that ends in {CALLBACK}")
    place, mine = (f"[auth.{provider}]", section.get(provider) or {}) if provider else ("[auth]", section)
    missing += [f"{name} in {place}" for name in PROVIDER_KEYS if not mine.get(name)]
    secret = str(section.get("cookie_secret") or "")
    if secret and len(secret) < LEAST_COOKIE_SECRET:
        missing.append(
            f"a cookie_secret of {LEAST_COOKIE_SECRET} characters or more: it seals who somebody is"
        )
    return missing


def is_signed_in() -> bool:
    return bool(st.user.get("is_logged_in", False))


def person(found: AccessSettings, typed: str = "") -> Person | None:
    """Who asks for a write; None where nobody has said who they are. `typed` counts where nobody signs in and no
    local user is named."""
    if found.sign_in == "oidc":
        return found.signed_in(dict(st.user.to_dict()), time.time()) if is_signed_in() else None
    name = found.local_user or typed
    return found.local(name) if name.strip() else None


def let_in() -> None:
    """Where people sign in: end the page here until somebody with a role has. Elsewhere nothing."""
    found = access()
    if found.sign_in != "oidc":
        return
    if not is_signed_in():
        _ask_to_sign_in(found)
        st.stop()
    if found.has_lapsed(dict(st.user.to_dict()), time.time()):
        _ask_to_sign_in(
            found,
            f"You signed in more than {counted(found.sign_in_hours, 'hour')} ago. Sign in again: your roles are "
            "asked of the provider anew.",
        )
        st.stop()
    who = person(found)
    if who is None or not who.roles:
        st.title("No role here", anchor=False)
        told = (
            f"You are signed in as {who.name}, who"
            if who
            else "Your sign-in brings no name that counts here, so it"
        )
        st.error(
            f"{plain(told)} has no role in Tillproof. Whoever keeps it gives roles in its settings, under "
            "access, or in your sign-in's groups.",
            icon=":material/block:",
        )
        st.button("Sign out", on_click=st.logout)
        st.stop()
    roles = ", ".join(role for role in ROLES if role in who.roles)
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        st.caption(f"Signed in as **{plain(who.name)}** ({roles})", width="content")
        st.button("Sign out", type="tertiary", on_click=st.logout, key="sign out")


def _ask_to_sign_in(
    found: AccessSettings, why: str = "Tillproof shows and takes decisions only from people it knows."
) -> None:
    st.title("Sign in", anchor=False)
    missing = lacking(found.provider)
    if missing:
        st.error(
            "People are to sign in here, and cannot yet. It still needs " + plain("; ".join(missing)) + ".",
            icon=":material/key_off:",
        )
        return
    st.markdown(why)
    st.button("Sign in", type="primary", on_click=st.login, args=[found.provider or None])
