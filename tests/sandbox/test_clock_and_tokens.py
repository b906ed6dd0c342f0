"""Time that can be fixed, and tokens that rotate."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from paperwork import AT, sale

from sandbox.auth import TokenDesk
from sandbox.clock import SandboxClock


def test_a_fixed_clock_moves_one_tick_per_post(company):
    clock = SandboxClock(company, AT, tick_ms=500)
    assert [clock.tick() - AT for _ in range(3)] == [timedelta(milliseconds=500 * n) for n in range(3)]
    assert clock.peek() == clock.tick()


def test_a_clock_started_again_goes_on_after_the_last_stamp(clerk):
    clerk.company.post(
        "sales_invoices", sale(clerk.company), user_name="X", posted_at=AT + timedelta(hours=1)
    )
    assert SandboxClock(clerk.company, AT).tick() == AT + timedelta(hours=1, seconds=1)


def test_without_a_start_the_clock_follows_the_machine(company):
    assert SandboxClock(company, None).tick() > datetime(2024, 1, 1)  # noqa: DTZ001


@pytest.fixture
def desk(company):
    desk = TokenDesk(company.path, client_id="c", client_secret="s", user_name="TILLPROOF")
    yield desk
    desk.close()


def refresh(desk, token, **changes):
    form = {"grant_type": "refresh_token", "client_id": "c", "client_secret": "s", "refresh_token": token}
    return desk.token({**form, **changes})


def test_a_refresh_token_is_good_once_and_gives_the_next(desk):
    first = desk.issue_refresh_token()
    reply = refresh(desk, first)
    assert reply.status == 200
    assert reply.body["expires_in"] == 28_800
    assert desk.user_of("Bearer " + reply.body["access_token"]) == "TILLPROOF"
    again = refresh(desk, first)
    assert (again.status, again.body["error"]) == (403, "invalid_grant")
    assert refresh(desk, reply.body["refresh_token"]).status == 200


def test_a_wrong_secret_or_grant_spends_nothing(desk):
    token = desk.issue_refresh_token()
    assert refresh(desk, token, client_secret="x").status == 401
    assert refresh(desk, token, grant_type="password").status == 400
    assert refresh(desk, token).status == 200


def test_an_access_token_ends_with_its_life_or_when_it_is_expired(desk):
    desk.life_s = 0
    assert desk.user_of("Bearer " + refresh(desk, desk.issue_refresh_token()).body["access_token"]) is None
    desk.life_s = 60
    token = refresh(desk, desk.issue_refresh_token()).body["access_token"]
    desk.expire_access_tokens()
    assert desk.user_of("Bearer " + token) is None


def test_refreshing_too_early_may_be_refused(desk):
    reply = refresh(desk, desk.issue_refresh_token())
    desk.refuses_early_refresh = True
    early = refresh(desk, reply.body["refresh_token"])
    assert (early.status, early.body["error_description"]) == (
        429,
        "Rate limit exceeded: access_token not expired",
    )
    desk.expire_access_tokens()
    assert refresh(desk, reply.body["refresh_token"]).status == 200
