"""The app in a real browser, at a desk and on a phone: it shows the figures, leads to receipts, is quiet."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mappings_in_force import take_in
from real_browser import FLAGS, OUTPUT, SIZES, Visit, browser_here, served
from synthetic_published import copied
from synthetic_story import HOSTILE_RECEIPT, LONG, MISSING, TWICE

pytestmark = pytest.mark.browser


ADDRESSED = [
    ("/store_days?store=S01&date=2011-11-03", "Store-days", "Nothing left over"),
    ("/mappings?part=ahead", "Mappings", "would be refused"),
    ("/analyst", "Analyst", "What each column means"),
    ("/mappings?part=coverage", "Mappings", "Days not fully checked"),
    ("/runbook?name=sku_unmapped", "Runbooks", "SKU is not mapped"),
]
"""What opens by its own address, its heading, and what stands on it when it is whole."""
MENU = {
    "Store-days": "Choose a store-day to see its bridge",
    "Exceptions": "How to mend it",
    "Receipt": "Type the number printed on a receipt",
    "Posting": "How far postings came",
    "Decide": "Nothing can be decided here",
    "Close": "Nothing can be decided here",
    "Acceptance": "Nothing can be decided here",
    "Mappings": "Nothing can be decided here",
    "Connections": "the file is empty",
    "Analyst": "6 rows.",
    "Runbooks": "For whoever closes the month",
}
"""Every page of the menu, and what stands on it when it is whole."""


def cannot(what: str) -> None:
    """Skip by name on a person's machine; never in the pipeline, where the browser must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; in CI the browser test must run")
    pytest.skip(what)


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with served(home) as at:
        yield at


@pytest.fixture(scope="module")
def deciding_address(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[str]:
    """The same publication where decisions may be written."""
    folder = tmp_path_factory.mktemp("deciding")
    deciding_home = copied(home, folder / "home")
    take_in(deciding_home, folder / "mappings")
    with served(deciding_home) as at:
        yield at


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


@pytest.fixture(scope="module")
def visit_at(browser: object) -> Callable[[str, str], Visit]:
    """A visit of a size to an address, as if just come: each story loads the app anew, in a page that was read once.

    A page of its own for each story would be a process of the browser's that reads all of the app's scripts.
    """
    begun: dict[tuple[str, str], Visit] = {}

    def visit(size: str, address: str) -> Visit:
        if (size, address) not in begun:
            begun[size, address] = Visit(browser, size, address)
        begun[size, address].begin_again()
        return begun[size, address]

    return visit


@pytest.fixture(params=SIZES)
def visit(request: pytest.FixtureRequest, visit_at: Callable[[str, str], Visit], address: str) -> Visit:
    return visit_at(request.param, address)


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
    visit.shot(OUTPUT / f"can-i-close-{visit.size}.png")
    visit.is_well()

    page.get_by_role("link", name=f"See receipt {MISSING}").first.click()
    page.get_by_role("heading", name=f"Receipt {MISSING}, store S01, 3 Nov 2011").wait_for()
    page.get_by_text("Sage holds nothing for it.").wait_for()
    visit.settle()
    visit.shot(OUTPUT / f"receipt-{visit.size}.png")
    visit.is_well()


def test_a_cause_of_the_first_page_leads_to_its_exceptions(visit: Visit) -> None:
    visit.open("/", "Can I close?")
    visit.page.get_by_role("link", name="See all 2").first.click()
    visit.page.get_by_role("heading", level=1, name="Exceptions").wait_for()
    visit.page.get_by_text("Choose all 2 of this cause").wait_for()
    visit.is_well()


def test_on_a_phone_a_wide_table_is_a_list_with_every_heading(
    visit_at: Callable[[str, str], Visit], deciding_address: str
) -> None:
    visit = visit_at("phone", deciding_address)
    visit.open("/close", "Close")
    item = visit.page.locator("[data-testid=stTable] tbody tr").first
    item.wait_for()
    visit.settle()
    headings = item.locator("td").evaluate_all(
        "cells => cells.map(each => getComputedStyle(each, '::before').content)"
    )
    assert headings[1:] == [f'"{name} "' for name in ("State", "Owner", "Due", "Found")]
    right = item.locator("td").evaluate_all("cells => cells.map(each => each.getBoundingClientRect().right)")
    assert max(right) <= visit.width
    visit.is_well()


def test_a_receipt_of_two_hundred_lines_is_a_list_on_a_phone_and_a_table_at_a_desk(visit: Visit) -> None:
    visit.open(f"/receipt?find={LONG}", "Receipt")
    page = visit.page
    tag = page.get_by_text("Gift tag with a long name and a ribbon, number 2", exact=True)
    lines = page.locator("[data-testid=stTable]").filter(has=tag)
    lines.wait_for()
    assert lines.locator("tbody tr").count() == 30
    shown = (
        lines.locator("tbody tr")
        .nth(1)
        .locator("td")
        .evaluate_all("cells => cells.map(each => each.getBoundingClientRect().right)")
    )
    assert max(shown) <= visit.width, "every cell of a line is on the screen"
    if visit.size == "phone":
        page.goto(f"{visit.address}/receipt?find={TWICE}")
        copy = page.locator("[data-testid=stTable] tr").filter(has_text="Only in Sage").first
        copy.wait_for()
        seen = copy.locator("td").evaluate_all("cells => cells.filter(each => each.offsetParent).length")
        assert seen == 3, "a heading without a value is left out"
        visit.open(f"/receipt?find={LONG}", "Receipt")
    assert page.get_by_role("combobox", name="Lines").input_value() == "1 to 30 of 197"
    visit.settle()
    visit.shot(OUTPUT / f"long-receipt-{visit.size}.png")
    visit.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_a_mapping_is_changed_in_a_grid_at_a_desk_and_row_by_row_on_a_phone(
    visit_at: Callable[[str, str], Visit], deciding_address: str, size: str
) -> None:
    visit = visit_at(size, deciding_address)
    visit.open("/mappings?table=tax_mappings", "Mappings")
    page = visit.page
    page.get_by_text("Nothing would change.").wait_for()
    field = page.get_by_label("till_tax_code", exact=True)
    assert page.locator("[data-testid=stDataFrame]").is_visible() == (size == "desk")
    assert field.is_visible() == (size == "phone")
    if size == "phone":
        cells = {"company_id": "DGS", "till_tax_code": "V5", "tax_code": "5", "required_rate": "5"}
        for name, cell in {**cells, "valid_from": "2011-01-04"}.items():
            page.get_by_label(name, exact=True).fill(cell)
            page.keyboard.press("Enter")
            visit.settle()
        page.get_by_text("What would change: 1 row").wait_for()
        visit.settle()
    visit.shot(OUTPUT / f"mapping-change-{size}.png")
    visit.is_well()


def test_a_receipts_own_address_opens_it_and_text_from_a_till_stays_text(visit: Visit) -> None:
    visit.open(f"/receipt?find={HOSTILE_RECEIPT}", "Receipt")
    visit.page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    assert visit.page.get_by_role("link", name="free").count() == 0
    visit.is_well()


def test_a_click_on_a_cell_looks_into_that_store_day(visit: Visit) -> None:
    visit.open("/", "Can I close?")
    cell = visit.page.locator('path[aria-label*="Store: S01; Day: 3 Nov 2011"]')
    cell.wait_for()
    visit.settle()
    cell.click()
    visit.page.get_by_text("Store S01, 3 Nov 2011").wait_for()
    visit.settle()
    visit.shot(OUTPUT / f"store-day-{visit.size}.png")
    visit.is_well()


@pytest.mark.parametrize(("path", "heading", "seen"), ADDRESSED, ids=[path for path, *_ in ADDRESSED])
def test_an_address_opens_its_page(visit: Visit, path: str, heading: str, seen: str) -> None:
    visit.open(path, heading)
    visit.is_whole(seen, path.strip("/").replace("?", "-").replace("=", "-").replace("&", "-"))


def test_the_menu_leads_to_every_page(visit: Visit) -> None:
    visit.open("/", "Can I close?")
    for name, seen in MENU.items():
        if visit.size == "phone":
            visit.page.get_by_test_id("stExpandSidebarButton").click()
        visit.page.get_by_role("link", name=name, exact=True).first.click()
        visit.page.get_by_role("heading", level=1, name=name).wait_for()
        visit.is_whole(seen, name.lower())


def test_from_a_store_day_to_the_lines_of_a_receipt_in_three_clicks(visit: Visit) -> None:
    visit.open("/store_days", "Store-days")
    page = visit.page
    cell = page.locator('path[aria-label*="Store: S01; Day: 3 Nov 2011"]')
    cell.wait_for()
    visit.settle()
    cell.click()
    page.get_by_text("Nothing left over").wait_for()
    visit.settle()
    page.get_by_role("radio", name="Till 1").click()
    page.get_by_role("button", name=str(MISSING)).click()
    page.get_by_text("Party bag").first.wait_for()
    visit.settle()
    visit.shot(OUTPUT / f"store-day-lines-{visit.size}.png")
    visit.is_well()


@pytest.mark.parametrize("size", SIZES)
def test_a_month_to_close_is_quiet_and_fits(
    visit_at: Callable[[str, str], Visit], deciding_address: str, size: str
) -> None:
    visit = visit_at(size, deciding_address)
    visit.open("/close", "Close")
    visit.page.get_by_text("is not signed off.").wait_for()
    visit.page.get_by_role("button", name="Make the pack").wait_for()
    visit.settle()
    visit.shot(OUTPUT / f"close-signing-{size}.png")
    visit.is_well()


def test_a_case_is_assigned_by_keyboard_alone(
    visit_at: Callable[[str, str], Visit], deciding_address: str
) -> None:
    visit = visit_at("desk", deciding_address)
    visit.open("/exceptions?lane=finance", "Exceptions")
    page = visit.page
    # what is not there yet is passed over for good
    page.locator("[class*=st-key-case-] input[type=checkbox]").first.wait_for(state="attached")
    press_tab_until(visit, "input[type=checkbox]", 80, past="Choose all")
    page.keyboard.press("Space")
    page.get_by_text("1 exception chosen").wait_for()
    page.get_by_label("Why").last.wait_for()
    visit.settle()
    for label, text in (("Assign to", "Ann"), ("Your name", "Fay"), ("Why", "her store")):
        press_tab_until(visit, f"input[aria-label^='{label}']", 80)
        page.keyboard.type(text)
    press_tab_until(visit, "button[kind^=primary]", 20)
    page.keyboard.press("Enter")
    page.get_by_text("1 exception assigned to Ann").wait_for()
    visit.is_well()


def press_tab_until(visit: Visit, selector: str, most: int, past: str = "") -> None:
    """Tab on to what a selector finds, not to one whose label begins with `past`."""
    for _ in range(most):
        visit.page.keyboard.press("Tab")
        found = visit.page.evaluate(
            """([selector, past]) => {
                const here = document.activeElement;
                if (!here || !here.matches(selector)) return false;
                return !past || !(here.closest('label')?.innerText || '').trim().startsWith(past);
            }""",
            [selector, past],
        )
        if found:
            return
    raise AssertionError(f"{most} presses of Tab did not reach {selector}")


def test_the_keyboard_reaches_an_exception(visit_at: Callable[[str, str], Visit], address: str) -> None:
    visit = visit_at("desk", address)
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
