"""The app in a real browser, at a desk and on a phone: it shows the figures, leads to the receipt, and is
quiet."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from synthetic_story import HOSTILE_RECEIPT, MISSING

ROOT = Path(__file__).parents[2]
OUTPUT = ROOT / "test-output"
SIZES = {"desk": (1280, 800), "phone": (390, 844)}
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

pytestmark = pytest.mark.browser


def browser_here() -> str | None:
    """Any Chrome or Chromium: the one named by TILLPROOF_BROWSER, on the PATH, or where it is usually put."""
    named = os.environ.get("TILLPROOF_BROWSER")
    if named:
        return named
    return next(filter(None, map(shutil.which, NAMES)), None) or next(
        (place for place in PLACES if Path(place).exists()), None
    )


def cannot(what: str) -> None:
    """Skip by name on a person's machine; never in the pipeline, where the browser must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; in CI the browser test must run")
    pytest.skip(what)


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """The app, served over the synthetic publication on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    OUTPUT.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "streamlit_app.py")]
    with (OUTPUT / "app.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)],
            cwd=ROOT,
            env={**os.environ, "TILLPROOF_HOME": str(home)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


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


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One real browser with a fresh profile."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        cannot("Playwright's Python driver is not installed")
    found = browser_here()
    if found is None:
        cannot("no Chrome or Chromium found: install one, or name it in TILLPROOF_BROWSER")
    with sync_playwright() as driver:
        try:
            opened = driver.chromium.launch(executable_path=found, headless=True, args=FLAGS)
        except Error as error:
            cannot(f"{found} does not start: {error}")
        yield opened
        opened.close()


class Visit:
    """One page at one size, with everything it complained of or asked for."""

    def __init__(self, browser: object, size: str, address: str):
        width, height = SIZES[size]
        self.size, self.address, self.width = size, address, width
        self.page = browser.new_page(viewport={"width": width, "height": height})  # type: ignore[attr-defined]
        self.page.set_default_timeout(30_000)
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

    def open(self, path: str, heading: str) -> None:
        self.page.goto(self.address + path)
        self.page.get_by_role("heading", level=1, name=heading).wait_for()
        self.settle()

    def settle(self) -> None:
        """Until Streamlit has run the page to its end and nothing is stale."""
        busy = "[data-testid=stStatusWidget], [data-stale=true], [data-testid=stSkeleton]"
        self.page.wait_for_function(f"!document.querySelector('{busy}')")
        self.page.wait_for_timeout(300)

    def shot(self, name: str) -> None:
        self.page.screenshot(path=str(OUTPUT / f"{name}-{self.size}.png"))

    def is_well(self) -> None:
        """No complaint, nothing asked of another machine, nothing wider than the screen but what scrolls
        itself."""
        assert self.complaints == []
        assert self.elsewhere == []
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width
        too_wide = self.page.evaluate(
            """width => [...document.querySelectorAll('[data-testid=stMain] *')]
                .filter(each => each.getBoundingClientRect().right > width + 1)
                .filter(each => !each.closest('[data-testid=stTable]'))
                .map(each => each.outerHTML.slice(0, 120))""",
            self.width,
        )
        assert too_wide == []


@pytest.fixture(params=SIZES)
def visit(request: pytest.FixtureRequest, browser: object, address: str) -> Iterator[Visit]:
    opened = Visit(browser, request.param, address)
    yield opened
    opened.page.close()


def test_the_first_page_answers_and_an_exception_leads_to_its_receipt(visit: Visit) -> None:
    visit.open("/", "Can I close?")
    page = visit.page
    page.get_by_text("Not yet.").wait_for()
    for figure in ("£43,080", "£600", "£240"):
        page.get_by_text(figure, exact=True).first.wait_for()
    page.get_by_role("heading", name="Store by day").wait_for()
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
    page.get_by_role("heading", name="Worst exceptions, by cause").wait_for()
    visit.settle()
    visit.shot("can-i-close")
    visit.is_well()

    page.get_by_role("link", name=f"See receipt {MISSING}").first.click()
    page.get_by_role("heading", name=f"Receipt {MISSING}, store S01, 3 Nov 2011").wait_for()
    page.get_by_text("Sage holds nothing for it.").wait_for()
    visit.settle()
    visit.shot("receipt")
    visit.is_well()


def test_a_receipts_own_address_opens_it_and_text_from_a_till_stays_text(visit: Visit) -> None:
    visit.open(f"/receipt?find={HOSTILE_RECEIPT}", "Receipt")
    visit.page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    assert visit.page.get_by_role("link", name="free").count() == 0
    visit.is_well()


def test_the_keyboard_reaches_an_exception(browser: object, address: str) -> None:
    visit = Visit(browser, "desk", address)
    visit.open("/", "Can I close?")
    link = visit.page.get_by_role("link", name=f"See receipt {MISSING}").first
    link.wait_for()
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        if link.evaluate("each => each === document.activeElement"):
            break
    else:
        raise AssertionError("sixty presses of Tab did not reach the receipt behind the worst exception")
    visit.page.keyboard.press("Enter")
    visit.page.get_by_role("heading", name=f"Receipt {MISSING}, store S01").wait_for()
    visit.page.close()
