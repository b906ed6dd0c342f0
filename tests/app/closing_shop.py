"""A month that can be closed, and the same month published again with one figure moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from synthetic_published import Shop, copied, publish, shop

from app.published import Published
from orchestration import closing

OCTOBER = closing.period_of("DGS", "2011-10")
NOVEMBER = closing.period_of("DGS", "2011-11")
DAY = date(2011, 10, 12)
SLOT = closing.store_day_of("DGS", "S02", DAY)
SETTINGS = """company_id = "DGS"
[close.items.files_read]
is_needed = false
[close.items.vat_agreed]
is_needed = false
[close.items.bank_agreed]
title = "Statements agreed"
owner = "Ann"
due_day = 2
"""
"""A checklist whose October is done but for one item, which Ann ticks."""


def made(root: Path, published_home: Path) -> Path:
    """A home with the story as publication 1, a copy of one that was published for all tests."""
    return copied(published_home, root, SETTINGS)


def again(home: Path, change: Callable[[Shop], None] = lambda _: None) -> Published:
    """The story published once more, with something changed in it."""
    told = shop()
    change(told)
    publish(home, told)
    return Published(home / "published")


def till_sales_move(told: Shop, day: date = DAY, store: str = "S02") -> None:
    """A late receipt of £5.00 in one store-day, that Sage holds too."""
    for row in told.tables["store_days"]:
        if (row["store_id"], row["business_date"]) == (store, day):
            row["till_sales_pence"] += 500
            row["sage_sales_pence"] += 500
