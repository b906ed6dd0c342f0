"""The app settles down with a publication by itself, so that no visitor waits for what is the same for all of them.

In the background, once when it starts and after each publication: what pages import, the small tables in memory, and
the questions that pages ask before anybody has chosen anything. A page asks them all the same, and is answered from
memory (`app/published.py`); one that comes sooner is answered as if nobody had asked before.
"""

from __future__ import annotations

import ast
import gc
import importlib
import logging
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import pandas.io.formats.style  # type: ignore[import-untyped]  # noqa: F401  compiles its templates

from app import (
    ambiguities,
    charts,
    close_figures,
    deciding,
    finding,
    mapped,
    shop_clock,
    sources,
    totals,
    workbench,
)
from app.life import life
from app.opening import company_of, published_folder
from app.published import NothingPublishedError, PublicationIncompleteError, Published, newest
from app.workbench import Asked
from orchestration import acceptance, closing

VIEWS = Path(__file__).parent / "views"
LOOK_EVERY_S = 5.0
LOG = logging.getLogger("tillproof.app")


def begin() -> None:
    """Look for a new publication from now on, in a thread that ends with the app."""
    threading.Thread(target=_go_on, name="warming", daemon=True).start()


def _go_on() -> None:
    done = -1
    while True:
        try:
            if done < 0:
                done = 0
                warm_up()
            if (number := newest(published_folder())) != done:
                done = number  # whatever comes of it: it is not tried again
                published = Published(published_folder(), number)
                ask_ahead(published)
                published.settle_down()
        except NothingPublishedError:
            pass  # a page says so
        except Exception:  # whatever it is, the page that asks for it says so to somebody
            LOG.warning("the app could not ask ahead", exc_info=True)
        time.sleep(LOOK_EVERY_S)


def warm_up() -> None:
    """Import all that the views import, and draw once: both take longer the first time.

    Then all of it is put out of the collector's sight: Streamlit collects garbage after every run of a page, which
    would look through every module again and hold the answer up by a quarter of a second.
    """
    for view in sorted(VIEWS.glob("*.py")):
        for each in ast.walk(ast.parse(view.read_text(encoding="utf-8"))):
            if isinstance(each, ast.ImportFrom) and each.module:
                importlib.import_module(each.module)
    figures = {"debt_pence_days": 1, "value_at_risk_pence": 1, "open_exceptions": 1}
    charts.debt([{"owner": "finance", **figures}]).to_dict()
    gc.collect()
    gc.freeze()


def ask_ahead(published: Published) -> None:
    """What the pages ask when they are opened and nothing was chosen."""
    periods = totals.periods(published)
    if not periods:
        return
    company = company_of(published)
    for period in _first_months(periods):
        totals.store_days(published, company, period["period"])
        totals.stores_in(published, company, period["period"])
    shop_clock.zone_of(published)
    totals.checked(published)
    totals.blockers(published)
    since = published.as_of - timedelta(days=1)
    totals.changed(published, since)
    totals.judged_since(published, since)
    totals.debt_by_owner(published)
    totals.undated_exceptions(published)
    for cause in totals.worst_causes(published, None, company)[:1]:
        # the first receipt that the first page leads to; with it the index and what files say of themselves are read
        for subject in finding.find(published, cause["worst_event_id"] or cause["worst_exception_id"])[:1]:
            life(published, subject)
    finding.find(published, "a number that nobody has")
    sources.tills(published)
    sources.sage(published)
    sources.connector(published)
    sources.folders_without_a_store(published)
    sources.troubled_files(published)
    totals.passes(published)
    totals.posting_truths(published)
    totals.stores_with_two_writers(published)
    ambiguities.ambiguous(published, company)
    ambiguities.decisions(published, company)
    mapped.look_ahead(published, company)
    _lanes(published, company)
    _decisions(published, company, periods)


def _first_months(periods: list[dict]) -> list[dict]:
    """The month that each page with months begins with: the newest that is blocked, or has something open."""
    blocked = [row for row in periods if row["close_verdict"] != "ready"]
    with_open = [row for row in periods if row["open_store_days"]]
    return [*(blocked or periods)[:1], *(with_open or periods)[:1]]


def _lanes(published: Published, company: str) -> None:
    workbench.lanes(published, company)
    workbench.stores(published, company)
    for owner in (None, *sorted(row["owner"] for row in workbench.lanes(published, company))):
        workbench.fixes(published, company, owner)
        causes = workbench.causes(published, Asked(company, owner=owner))
        if causes:
            first = Asked(company, owner=causes[0]["owner"], exception_class=causes[0]["exception_class"])
            workbench.cases(published, first, "value", 10)
        workbench.ages(published, company, owner)
        workbench.debt_trend(published, company, owner)
    for fix in workbench.fixes(published, company)[:1]:
        workbench.fix_documents(published, fix)


def _decisions(published: Published, company: str, periods: list[dict]) -> None:
    """What Close and Acceptance ask, where there is a store of decisions."""
    try:
        with deciding.store() as (settings, operations):
            scope = closing.period_of(company, periods[0]["period"])
            totals.period_bridge(published, company, scope.date_from, scope.date_to)
            totals.vat_returns(published, company, scope.date_from, scope.date_to)
            now = close_figures.figures(published, scope)
            closing.sign_offs(published, operations, company, scope, now)
            closing.items_of(published, operations, settings.close, scope)
            if now.slots:  # the store-day that the page begins with: the first store's last
                store = min(store for store, _ in now.slots)
                last = max(day for each, day in now.slots if each == store)
                day = closing.store_day_of(company, store, date.fromisoformat(last))
                closing.items_of(published, operations, settings.close, day)
            for name in settings.acceptance.windows:
                acceptance.standing(published, operations, settings.acceptance, company, name)
    except (deciding.CannotDecideError, PublicationIncompleteError):
        return  # the pages say so
