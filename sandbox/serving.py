"""Running the sandbox: in this process for `python -m sandbox`, or in a child process while a block lasts."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.options import BASE_PATH, TOKEN_PATH
from sandbox.replies import KeepTransport

if TYPE_CHECKING:
    import httpx

HOST = "127.0.0.1"
STOP_TIMEOUT_S = 10
GRACE_S = 3
KEEP_ALIVE_S = (
    600  # longer than any client idles: a connection closed under a POST would look like a lost reply
)


class SandboxNotStarted(RuntimeError):  # noqa: N818
    """The child process ended before it was ready; its own words are on stderr."""


class _Announcing(uvicorn.Server):
    """Tells when it can be called."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.when_ready()


def run(app: ASGIApp, *, port: int, when_ready: Callable[[int], None], stop_with_stdin: bool = False) -> None:
    """Serve on 127.0.0.1 until told to stop; port 0 takes a free one, handed to `when_ready`."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name != "nt":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    taken: int = listener.getsockname()[1]
    config = uvicorn.Config(
        KeepTransport(app),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Announcing(config, lambda: when_ready(taken))
    if stop_with_stdin:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


def _stop_at_end_of_input(server: uvicorn.Server) -> None:
    """Whoever started this process holds its standard input; when that closes, or they die, it ends too."""
    while sys.stdin.buffer.read(1):
        pass
    server.should_exit = True


@dataclass
class Running:
    """A sandbox in a child process, and all a client needs to call it."""

    base_url: str
    token_url: str
    admin_url: str
    site_id: str
    company_id: int
    client_id: str
    client_secret: str
    refresh_token: str
    process: subprocess.Popen[str]

    def __post_init__(self) -> None:
        import httpx  # the server itself calls nobody

        # plain HTTP to this machine only: loading the certificate store would cost more than the calls
        self.calls = httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), timeout=60)

    def faults(self, *faults: dict[str, Any] | str) -> None:
        """Replace the faults switched on; none clears them."""
        self.calls.put(f"{self.admin_url}/faults", json=list(faults)).raise_for_status()

    def client(self) -> httpx.Client:
        """A client with a token of its own and the company's headers; its base URL is the API's."""
        import httpx

        fresh = self.calls.post(f"{self.admin_url}/refresh_tokens").raise_for_status().json()["refresh_token"]
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": fresh,
        }
        token = self.calls.post(self.token_url, data=form).raise_for_status().json()["access_token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "X-Site": self.site_id,
            "X-Company": str(self.company_id),
        }
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=60, verify=plain)

    def health(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.calls.get(f"{self.admin_url}/health").raise_for_status().json()
        return answer

    def stop(self) -> None:
        """End it in order; what it was doing is finished or rolled back."""
        self.calls.close()
        if self.process.poll() is None and self.process.stdin:
            self.process.stdin.close()
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.kill()
        self.process.wait(STOP_TIMEOUT_S)


def start(db: Path, *, port: int = 0, arguments: Sequence[str] = ()) -> Running:
    """Start a sandbox in a child process and wait until it can be called. Raises SandboxNotStarted."""
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    command = [sys.executable, "-m", "sandbox", "--db", str(db), "--port", str(port), "--stop-with-stdin"]
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SandboxNotStarted(f"the sandbox over {db} ended with code {process.wait(STOP_TIMEOUT_S)}")
    return Running(**json.loads(line), process=process)


@contextmanager
def serving(db: Path, **options: Any) -> Iterator[Running]:
    """Run a sandbox for as long as the block lasts.

    Options are those of the command line: `clock="2011-10-02T18:00:00"`, `latency_ms=5`, `wrap=True`,
    `fault=["lock:count=2"]`, `setting=["hidden_nominal=refuse"]`, `port=0` and so on.
    """
    port = options.pop("port", 0)
    running = start(Path(db), port=port, arguments=command_line(options))
    try:
        yield running
    finally:
        running.stop()
        if running.process.stdout:
            running.process.stdout.close()


def command_line(options: dict[str, Any]) -> list[str]:
    """`latency_ms=5, wrap=True, fault=[a, b]` as `--latency-ms 5 --wrap --fault a --fault b`."""
    arguments = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            arguments.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            text = (
                json.dumps(one)
                if isinstance(one, dict)
                else getattr(one, "isoformat", lambda o=one: str(o))()
            )
            arguments += [flag, text]
    return arguments


def announcement(port: int, **identity: Any) -> str:
    """The one line a ready sandbox prints: everything a client needs, as JSON."""
    origin = f"http://{HOST}:{port}"
    urls = {
        "base_url": f"{origin}{BASE_PATH}/",
        "token_url": f"{origin}{TOKEN_PATH}",
        "admin_url": f"{origin}/_sandbox",
    }
    return json.dumps({**urls, **identity})
