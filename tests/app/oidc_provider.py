"""A small OpenID Connect provider on loopback: discovery, JWKS, authorization code with PKCE, logout.

It keeps to the letter what a client must get right (redirect address, client secret, code used once, verifier) and can
be told to give tokens that no client may believe.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "tillproof", "what-only-the-client-knows"


@dataclass
class Provider:
    """What it knows, and how it behaves just now."""

    people: dict[str, dict[str, object]]
    """Name on its page -> the claims of that person, `sub` among them."""
    redirect_uri: str = ""
    signs: str = "well"
    """`well`, or as no client may believe: `unsigned`, `with another key`, `for another client`, `expired`,
    `with another nonce`, `as another issuer`."""
    address: str = ""
    asked: list[str] = field(default_factory=list)
    """Paths that were asked for, in order."""
    refused: list[str] = field(default_factory=list)
    """What it would not do, and why."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, object]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "end_session_endpoint": f"{self.address}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def jwks(self) -> dict[str, object]:
        return {"keys": [self.key.as_dict(private=False)]}

    def sign_in_page(self, asked: dict[str, str]) -> str:
        """One link for each person."""
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") != self.redirect_uri:
            raise ValueError("no such client, or another redirect address than the registered one")
        if asked.get("code_challenge_method") != "S256" or not asked.get("state") or not asked.get("nonce"):
            raise ValueError("a request without PKCE, state or nonce")
        links = []
        for name in self.people:
            code = secrets.token_urlsafe(24)
            self.codes[code] = {**asked, "person": name}
            back = f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state']})}"
            links.append(f'<p><a href="{back.replace("&", "&amp;")}">{name}</a></p>')
        return f"<!doctype html><title>Who are you?</title><h1>Who are you?</h1>{''.join(links)}"

    def token(self, asked: dict[str, str], authorization: str) -> dict[str, object]:
        """The tokens of a code, which is good once and for the client that began."""
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if given != f"{CLIENT_ID}:{CLIENT_SECRET}":
            raise ValueError("another client secret")
        begun = self.codes.pop(asked.get("code", ""), None)
        if begun is None or asked.get("redirect_uri") != begun["redirect_uri"]:
            raise ValueError("a code that was never given, or was used")
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != begun["code_challenge"]:
            raise ValueError("another code verifier")
        return {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": self._id_token(begun["person"], begun["nonce"]),
        }

    def _id_token(self, person: str, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 3600, "nonce": nonce}
        claims |= self.people[person]
        claims |= {
            "for another client": {"aud": "somebody-else"},
            "expired": {"iat": now - 9000, "exp": now - 5400},
            "with another nonce": {"nonce": "of-another-visit"},
            "as another issuer": {"iss": "http://127.0.0.1:1"},
        }.get(self.signs, {})
        if self.signs == "unsigned":
            parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims))
            return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
        key = self.other if self.signs == "with another key" else self.key
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, key, algorithms=["RS256"])


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    """The provider, listening on a free port of this machine."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            where = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(where.query).items()}
            provider.asked.append(where.path)
            try:
                match where.path:
                    case "/.well-known/openid-configuration":
                        self.tell(provider.discovery())
                    case "/jwks":
                        self.tell(provider.jwks())
                    case "/authorize":
                        self.give(200, "text/html; charset=utf-8", provider.sign_in_page(asked))
                    case "/logout":
                        self.send_response(302)
                        self.send_header("Location", asked["post_logout_redirect_uri"])
                        self.end_headers()
                    case _:
                        self.give(404, "text/plain", "nothing here")
            except (ValueError, KeyError) as refusal:
                provider.refused.append(str(refusal))
                self.give(400, "text/plain", str(refusal))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body).items()}
            provider.asked.append(urlsplit(self.path).path)
            try:
                self.tell(provider.token(asked, self.headers.get("Authorization", "")))
            except ValueError as refusal:
                provider.refused.append(str(refusal))
                self.give(400, "application/json", json.dumps({"error": "invalid_grant"}))

        def tell(self, what: dict[str, object]) -> None:
            self.give(200, "application/json", json.dumps(what))

        def give(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
