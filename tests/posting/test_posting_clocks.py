"""Late commits, clocks that were wrong, and a Sage that asks for a month's patience."""

from __future__ import annotations

from datetime import timedelta

import pytest
from publication import Publication

from orchestration.ledgers.ledger import Reply


@pytest.mark.parametrize("seed", range(5))
def test_what_a_gateway_gave_up_is_not_believed_absent_before_it_must_have_come(shop, seed):
    """A gateway says 504 after 30 s; Sage commits 110 s after the POST left, which may take 120."""
    publication = Publication()
    key = publication.add("1")
    coming = []
    post, visible = shop.ledger.post, shop.ledger._visible

    def commit_what_is_due():
        while coming and shop.time >= coming[0][0]:
            shop.ledger.keep(coming.pop(0)[1])

    def visible_by_now(wanted):
        commit_what_is_due()
        return visible(wanted)

    def post_slowly(document):
        commit_what_is_due()
        if shop.ledger.posts:
            return post(document)
        shop.ledger.posts.append(document)
        coming.append((shop.time + timedelta(seconds=110), document))
        shop.time += timedelta(seconds=30)
        return Reply("unknown", 504, None, "gateway timeout")

    shop.ledger.post, shop.ledger._visible = post_slowly, visible_by_now
    shop.post(publication, seed=seed)
    assert len(shop.ledger.posts) == 1 and len(shop.ledger.of(key)) == 1
    assert shop.state(key) == "proven"


def test_a_clock_that_was_set_back_puts_no_run_to_sleep(shop):
    publication = Publication()
    key = publication.add("1")
    shop.time += timedelta(days=365)
    shop.ledger.locked_customers.add("TILL01")
    shop.post(publication)
    assert shop.state(key) == "locked"
    shop.ledger.locked_customers.clear()
    shop.time -= timedelta(days=366)
    shop.slept.clear()
    shop.post(publication)
    assert shop.state(key) == "proven" and sum(shop.slept) < 60


def test_no_wait_is_longer_than_a_lease_whatever_sage_asks(shop):
    publication = Publication()
    publication.add("1")
    shop.ledger.post = lambda document: Reply(
        "locked", 429, None, "too many requests", retry_after_s=30 * 86400.0
    )
    shop.post(publication, max_seconds=600)
    assert 0 < sum(shop.slept) <= 2 * 900
