"""Take the picture that the README opens with: `python tests/app/take_screenshot.py HOME FILE`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from playwright.sync_api import sync_playwright
from real_browser import FLAGS, Visit, browser_here, served


def take(home: Path, place: Path) -> None:
    """The first page at 1280 x 800, its charts drawn. Raises where the page complains of anything."""
    with served(home.resolve()) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_here(), headless=True, args=FLAGS)
        visit = Visit(browser, "desk", address)
        visit.open("/", "Can I close?")
        visit.page.locator("[data-testid=stVegaLiteChart] svg").first.wait_for()
        visit.settle()
        visit.is_well()
        visit.shot(place)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
