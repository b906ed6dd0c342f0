"""Take the pictures of docs/images from a finished demo: `python tests/app/take_screenshot.py HOME FOLDER`.

Each page at 1280 x 800, its charts drawn, in 128 colours: a third of the bytes, and no eye sees it. With `--seconds` it
says besides how long each took to open by its menu.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from PIL import Image
from playwright.sync_api import sync_playwright
from real_browser import FLAGS, Visit, browser_here, served

PICTURES = {
    "can-i-close": ("/", "Can I close?"),
    "store-days": ("/store_days?store=S04&date=2010-12-06", "Store-days"),
    "exceptions": ("/exceptions?lane=finance", "Exceptions"),
    "posting": ("/posting", "Posting"),
    "close": ("/close", "Close"),
    "mappings": ("/mappings?part=ahead", "Mappings"),
    "connections": ("/connections", "Connections"),
    "analyst": ("/analyst", "Analyst"),
}
MENU = {
    "Store-days": "Choose a store-day to see its bridge",
    "Exceptions": "Debt, pass by pass",
    "Receipt": "Type the number printed on a receipt",
    "Posting": "Locks, refusals and silence by account and hour",
    "Decide": "What was decided",
    "Close": "Make the pack",
    "Mappings": "Nothing would change.",
    "Connections": "Passes",
    "Analyst": "What each column means",
}
"""Page -> what stands last on it, so that it is seen when all is."""


def take(home: Path, folder: Path) -> None:
    """Every picture. Raises where a page complains of anything."""
    with served(home.resolve()) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_here(), headless=True, args=FLAGS)
        for name, (path, heading) in PICTURES.items():
            visit = Visit(browser, "desk", address)
            visit.open(path, heading)
            visit.settle()
            visit.is_well()
            visit.shot(folder / f"{name}.png")
            with Image.open(folder / f"{name}.png") as taken:
                small = taken.convert("RGB").quantize(128, dither=Image.Dither.NONE)
            small.save(folder / f"{name}.png", optimize=True)
            visit.page.close()
        browser.close()


def seconds(home: Path, rounds: int = 3) -> dict[str, list[float]]:
    """How long each page takes from the click in the menu until what stands last on it is seen."""
    told: dict[str, list[float]] = {name: [] for name in MENU}
    with served(home.resolve()) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=browser_here(), headless=True, args=FLAGS)
        visit = Visit(browser, "desk", address)
        visit.open("/", "Can I close?")
        for _ in range(rounds):
            for name, last in MENU.items():
                link = visit.page.get_by_role("link", name=name, exact=True).first
                begun = time.monotonic()
                link.click()
                visit.page.get_by_role("heading", level=1, name=name).wait_for()
                visit.page.get_by_text(last).first.wait_for()
                told[name].append(round(time.monotonic() - begun, 2))
                visit.settle()
        browser.close()
    return told


if __name__ == "__main__":
    if "--seconds" in sys.argv:
        for page, taken in seconds(Path(sys.argv[1])).items():
            print(page, *taken)
    else:
        take(Path(sys.argv[1]), Path(sys.argv[2]))
