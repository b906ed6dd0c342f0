"""The app served for a real browser, and a visit to it at one size: for the tests and the screenshot."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "test-output"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1"
"""What a phone says it is: Streamlit closes its menu after a choice only where it is told so."""
SIDEWAYS = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 1 && each.getClientRects().length)
    .filter(each => ['auto', 'scroll'].includes(getComputedStyle(each).overflowX))
    .filter(each => !each.matches('textarea, input'))
    .map(each => each.outerHTML.slice(0, 160))"""
"""What must be moved sideways to be seen whole; code of a runbook breaks its lines."""
READY = "!document.querySelector('[data-testid=stStatusWidget], [data-stale=true], [data-testid=stSkeleton]')"
"""Whether Streamlit has run the page to its end."""
FLAGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)


def browser_here() -> str | None:
    """Any Chrome or Chromium: the one named by TILLPROOF_BROWSER, on the PATH, or where it is usually put."""
    named = os.environ.get("TILLPROOF_BROWSER")
    if named:
        return named
    return next(filter(None, map(shutil.which, NAMES)), None) or next(
        (place for place in PLACES if Path(place).exists()), None
    )


@contextmanager
def served(home: Path, port: int = 0, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The app over one home, on a free port of this machine or the given one; its address."""
    port = port or free_port()
    OUTPUT.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "streamlit_app.py")]
    with (OUTPUT / "app.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=ROOT,
            env={**os.environ, "TILLPROOF_HOME": str(home), **(environment or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(health: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, (OUTPUT / "app.log").read_text(encoding="utf-8")
        try:
            with urlopen(health, timeout=2) as reply:  # noqa: S310 - 127.0.0.1 only
                if reply.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.25)
    raise AssertionError("the app did not start: " + (OUTPUT / "app.log").read_text(encoding="utf-8"))


class Visit:
    """One page at one size, with everything it complained of or asked for."""

    def __init__(self, browser: object, size: str, address: str, profile: object = None):
        width, height = SIZES[size]
        self.size, self.address, self.width = size, address, width
        # one profile for every visit: the app's scripts are fetched and read once, as for a reader who comes back
        known = browser.contexts  # type: ignore[attr-defined]
        profile = profile or (known[0] if known else browser.new_context())  # type: ignore[attr-defined]
        self.page = profile.new_page()  # type: ignore[attr-defined]
        self.page.set_viewport_size({"width": width, "height": height})
        if size == "phone":
            self.page.add_init_script(
                f"Object.defineProperty(navigator, 'userAgent', {{get: () => '{PHONE}'}})"
            )
        self.page.emulate_media(reduced_motion="reduce")
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)

    def _heard(self, message: object) -> None:
        if message.type == "error":  # type: ignore[attr-defined]
            self.complaints.append(message.text)  # type: ignore[attr-defined]

    def _asked(self, request: object) -> None:
        url = request.url  # type: ignore[attr-defined]
        if not url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.elsewhere.append(url)

    def begin_again(self) -> None:
        """For the next story: what was complained of or asked for is the last one's."""
        self.page.goto("about:blank")
        self.complaints.clear()
        self.elsewhere.clear()

    def open(self, path: str, heading: str) -> None:
        self.page.goto(self.address + path)
        self.page.get_by_role("heading", level=1, name=heading).wait_for()
        self.settle()

    def settle(self) -> None:
        """Until Streamlit has run the page to its end and nothing is stale."""
        # asked now and then: asked before each picture, the browser would paint for nothing but the question
        self.page.wait_for_function(READY, polling=50)
        self.page.wait_for_timeout(300)

    def shot(self, place: Path) -> None:
        self.page.screenshot(path=str(place))

    def is_whole(self, seen: str, name: str) -> None:
        """Something stands on the page and all is well with it; a picture of it is left."""
        self.page.get_by_text(seen).first.wait_for()
        self.settle()
        self.shot(OUTPUT / f"{name}-{self.size}.png")
        self.is_well()

    def is_well(self) -> None:
        """No complaint, nothing asked of another machine, nothing wider than the screen but what scrolls
        itself; and no table's last column out of sight."""
        assert self.complaints == []
        assert self.elsewhere == []
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width
        too_wide = self.page.evaluate(
            """width => [...document.querySelectorAll('[data-testid=stMain] *')]
                .filter(each => each.getBoundingClientRect().right > width + 1)
                .filter(each => !each.closest('[data-testid=stTable], [data-testid=stDataFrame], [data-testid=stCode]'))
                .map(each => each.outerHTML.slice(0, 120))""",
            self.width,
        )
        assert too_wide == []
        cut = self.page.evaluate(
            """() => [...document.querySelectorAll('[data-testid=stTable]')]
                .filter(each => [each, ...each.querySelectorAll('div')].some(
                    part => part.scrollWidth > part.clientWidth + 1 && part.clientWidth))
                .map(each => each.querySelector('table').getAttribute('aria-label'))"""
        )
        assert cut == []
        if self.size == "phone":
            assert self.page.evaluate(SIDEWAYS) == []
