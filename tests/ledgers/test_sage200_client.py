"""Reads have patience; a document is sent once, whatever happens; no secret is ever said."""

import json
import logging
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote_plus

import httpx
import pytest
from fake_sage import CLIENT_SECRET, FIRST_REFRESH, FakeSage, Naps, client_of

from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.ledgers.sage200_transport import Pace, ReadRefusedError
from orchestration.ledgers.tokens import AuthorisationLostError

INVOICE = {"customer_id": 1, "document_goods_value": Decimal("10.00")}
LOCKED = httpx.Response(400, json={"message": "Account TILL01 is in use by another user"})


@pytest.fixture
def sage():
    fake = FakeSage()
    fake.collections["nominal_codes"] = [{"id": n, "reference": str(4000 + n)} for n in range(1, 8)]
    fake.collections["sales_posted_transactions"] = [
        {"id": n, "date_time_updated": stamp(n), "document_gross_value": Decimal(n)} for n in range(1, 8)
    ]
    return fake


def stamp(second):
    return f"2011-01-01T10:00:{second:02d}.5Z"


def ids(pages):
    return [[row["id"] for row in page] for page in pages]


# reads


def test_pages_follow_the_last_id_and_take_a_servers_smaller_ceiling(sage, tmp_path):
    with client_of(sage, tmp_path, page_size=3) as client:
        assert ids(client.read("nominal_codes")) == [[1, 2, 3], [4, 5, 6], [7]]
        assert sage.asked[-1] == "nominal_codes?id gt 6"
        assert ids(client.read("nominal_codes", after=5)) == [[6, 7]]
    sage.collections["nominal_codes"] = [{"id": n} for n in range(1, 251)]
    sage.greatest_top = 120
    with client_of(sage, tmp_path) as client:
        assert [len(page) for page in client.read("nominal_codes")] == [120, 120, 10]


def test_rows_inserted_and_removed_while_reading_shift_no_page(sage, tmp_path):
    def meanwhile(resource):
        rows = sage.collections[resource]
        if len(rows) == 7 and len(sage.asked) == 1:
            sage.collections[resource] = [row for row in rows if row["id"] not in (1, 2)] + [{"id": 8}]

    sage.before_answer = meanwhile
    with client_of(sage, tmp_path, page_size=3) as client:
        assert ids(client.read("nominal_codes")) == [[1, 2, 3], [4, 5, 6], [7, 8]]


def test_a_server_that_ignores_the_order_is_not_believed(sage, tmp_path):
    sage.once("nominal_codes", httpx.Response(200, json=[{"id": 3}, {"id": 2}]))
    with client_of(sage, tmp_path) as client, pytest.raises(LedgerUnavailableError, match="order of id"):
        list(client.read("nominal_codes"))


@pytest.mark.parametrize("wrapped", [False, True])
def test_both_body_shapes_are_read_and_money_stays_decimal(sage, tmp_path, wrapped):
    sage.wraps_in_value = wrapped
    sage.collections["banks"] = [{"id": 1, "balance": "0.10"}]
    with client_of(sage, tmp_path) as client:
        [row] = client.get("banks", select="id,balance")
    assert row == {"id": 1, "balance": Decimal("0.10")}
    assert isinstance(row["balance"], Decimal)


def test_reading_by_stamp_gives_each_row_once_though_stamps_tie_across_pages(sage, tmp_path):
    for row in sage.collections["sales_posted_transactions"][1:6]:
        row["date_time_updated"] = stamp(2)
    with client_of(sage, tmp_path, page_size=2) as client:
        pages = client.read_since("sales_posted_transactions", "date_time_updated", None)
        assert sorted(n for page in ids(pages) for n in page) == [1, 2, 3, 4, 5, 6, 7]
        later = client.read_since(
            "sales_posted_transactions",
            "date_time_updated",
            datetime.fromisoformat("2011-01-01T10:00:02.500"),
        )
        assert sorted(n for page in ids(later) for n in page) == [2, 3, 4, 5, 6, 7]


def test_a_row_changed_while_reading_comes_again_and_none_is_missed(sage, tmp_path):
    def meanwhile(_):
        if len(sage.asked) == 1:
            sage.collections["sales_posted_transactions"][0]["date_time_updated"] = stamp(50)

    sage.before_answer = meanwhile
    with client_of(sage, tmp_path, page_size=3) as client:
        pages = client.read_since("sales_posted_transactions", "date_time_updated", None)
        assert [n for page in ids(pages) for n in page] == [1, 2, 3, 4, 5, 6, 7, 1]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(504, text="<html>"),
        httpx.Response(429),
        httpx.Response(200, text='[{"id": 1'),
        httpx.ReadTimeout,
        httpx.ConnectError,
        httpx.RemoteProtocolError,
    ],
)
def test_a_read_outlasts_what_may_pass(sage, tmp_path, fault):
    naps = Naps()
    sage.once("nominal_codes", fault, times=3)
    with client_of(sage, tmp_path, naps) as client:
        assert len(client.get("nominal_codes")) == 7
    assert len(naps) == 3
    assert 0.25 <= naps[0] <= 0.5 <= naps[1] <= 1 <= naps[2] <= 2


def test_the_wait_sage_asks_for_is_kept(sage, tmp_path):
    naps = Naps()
    sage.once("nominal_codes", httpx.Response(429, headers={"Retry-After": "7"}))
    with client_of(sage, tmp_path, naps) as client:
        client.get("nominal_codes")
    assert len(naps) == 1
    assert 7 <= naps[0] < 7.1


def test_a_read_gives_up_after_its_tries_and_within_its_budget(sage, tmp_path):
    sage.once("nominal_codes", httpx.Response(503), times=9)
    with client_of(sage, tmp_path) as client, pytest.raises(LedgerUnavailableError, match="HTTP 503"):
        client.get("nominal_codes")
    assert sage.requests["nominal_codes"] == 4
    naps = Naps()
    sage.once("banks", httpx.Response(429, headers={"Retry-After": "86400"}))
    with client_of(sage, tmp_path, naps) as client, pytest.raises(LedgerUnavailableError):
        client.get("banks")
    assert naps == []


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refused_read_is_not_asked_again(sage, tmp_path, status):
    sage.once("banks", httpx.Response(status, json={"message": "no property balanse"}))
    with client_of(sage, tmp_path) as client, pytest.raises(ReadRefusedError, match="no property") as refused:
        client.get("banks")
    assert refused.value.status == status
    assert sage.requests["banks"] == 1


def test_a_token_that_ended_early_is_exchanged_once_and_the_read_goes_on(sage, tmp_path):
    with client_of(sage, tmp_path) as client:
        client.get("banks")
        sage.access_token = "ended"
        client.get("banks")
    assert sage.requests["token"] == 2


def test_a_wrong_site_is_named_and_not_hammered(sage, tmp_path):
    with client_of(sage, tmp_path, site_id="wrong") as client:
        assert client.sites()[0]["company_name"] == "Demo"
        with pytest.raises(ReadRefusedError, match="site_id"):
            client.get("banks")
    assert sage.requests["banks"] == 2


def test_a_token_endpoint_that_stumbles_is_asked_again(sage, tmp_path):
    sage.once("token", httpx.Response(503))
    sage.once("token", httpx.ReadTimeout)
    with client_of(sage, tmp_path) as client:
        client.get("banks")
    assert sage.requests["token"] == 3


def test_date_validation_is_a_question_and_so_may_be_asked_again(sage, tmp_path):
    sage.once("transaction_date_validation", httpx.Response(504))
    with client_of(sage, tmp_path) as client:
        assert client.validate_date(date(2010, 12, 31), "LedgerSales")["classification"] == "Acceptable"
    assert sage.requests["transaction_date_validation"] == 2


# documents


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(200, json={"urn": "900"}), "accepted"),
        (httpx.Response(400, json={"message": "The nominal account 4015 is hidden"}), "refused"),
        (LOCKED, "locked"),
        (httpx.Response(423), "locked"),
        (httpx.Response(429, headers={"Retry-After": "3"}), "locked"),
        (httpx.Response(200, text="{"), "unknown"),
        (httpx.Response(401), "unknown"),
        (httpx.Response(500), "unknown"),
        (httpx.Response(504), "unknown"),
        (httpx.ReadTimeout, "unknown"),
        (httpx.WriteTimeout, "unknown"),
        (httpx.ConnectTimeout, "unknown"),
        (httpx.ConnectError, "unknown"),
        (httpx.RemoteProtocolError, "unknown"),
        (httpx.ReadError, "unknown"),
    ],
)
def test_a_document_is_sent_once_whatever_comes_back(sage, tmp_path, answer, kind):
    naps = Naps()
    sage.once("sales_invoices", answer)
    with client_of(sage, tmp_path, naps) as client:
        reply = client.post_once("sales_invoices", INVOICE)
    assert reply.kind == kind
    assert sage.requests["sales_invoices"] == 1
    assert naps == []


def test_a_redirect_is_not_followed_with_a_document(sage, tmp_path):
    sage.once("sales_invoices", httpx.Response(307, headers={"Location": "sales_invoices"}))
    with client_of(sage, tmp_path) as client:
        assert client.post_once("sales_invoices", INVOICE).kind == "unknown"
    assert sage.requests["sales_invoices"] == 1


def test_a_document_turned_away_for_its_token_leaves_a_good_token_for_the_probe(sage, tmp_path):
    with client_of(sage, tmp_path) as client:
        client.get("banks")
        sage.access_token = "ended"
        assert client.post_once("sales_invoices", INVOICE).kind == "unknown"
        client.get("banks")
    assert sage.requests["sales_invoices"] == 1
    assert sage.requests["banks"] == 2
    assert sage.requests["token"] == 2


def test_without_a_token_nothing_is_sent(sage, tmp_path):
    sage.refresh_number = 9
    with client_of(sage, tmp_path) as client:
        reply = client.post_once("sales_invoices", INVOICE)
    assert (reply.kind, sage.requests["sales_invoices"]) == ("locked", 0)
    assert "nothing was sent" in reply.message


def test_the_body_of_a_document_carries_exact_money(sage, tmp_path):
    sent = []
    sage.faults.append(lambda request: sent.append(request.content))
    with client_of(sage, tmp_path) as client:
        client.get("banks")
        client.post_once("sales_invoices", {"document_goods_value": Decimal("1234567890123.10")})
    assert sent[-1] == b'{"document_goods_value":1234567890123.10}'


# secrets and pace


def test_no_secret_is_said_in_a_log_an_error_a_reply_or_a_repr(sage, tmp_path, caplog):
    secrets = (
        CLIENT_SECRET,
        quote_plus(CLIENT_SECRET),
        FIRST_REFRESH,
        "refresh-1-s3cret",
        "access-1-s3cret",
        "access-2-s3cret",
    )
    said = []
    with caplog.at_level(logging.DEBUG), client_of(sage, tmp_path) as client:
        client.get("banks")
        echo = f"cannot use {client._way._tokens.access_token().get_secret_value()} with {CLIENT_SECRET}"
        echo += f" as {quote_plus(CLIENT_SECRET)} or {json.dumps(CLIENT_SECRET)}"
        sage.once("banks", httpx.Response(400, text=echo))
        with pytest.raises(ReadRefusedError) as refused:
            client.get("banks")
        sage.once("sales_invoices", httpx.Response(400, json={"message": echo}))
        said += [refused.value, client.post_once("sales_invoices", INVOICE)]
        said += [client, client._way, client.settings, vars(client), vars(client._way)]
        sage.refresh_number = 9  # what was kept is no longer accepted, and the refusal repeats it
        sage.access_token = "ended"
        with pytest.raises(AuthorisationLostError) as lost:
            client.get("banks")
        said.append(lost.value)
    everything = " ".join([caplog.text, *(f"{thing} {thing!r}" for thing in said)])
    assert "***" in str(refused.value)
    assert "***" in str(lost.value)
    assert [secret for secret in secrets if secret in everything] == []


def test_a_token_of_another_process_is_struck_out_of_what_sage_says_and_its_words_are_left(sage, tmp_path):
    words = "Sage.Accounting.Exceptions.Ex20319Exception: TPS95P0ZBRDSK5YN011P of 2011-02-10 in /uk/sage200/accounts/v1"
    of_before = "Zx9_" + 10 * "aB3-" + "q"
    with client_of(sage, tmp_path) as client:
        sage.once("banks", httpx.Response(400, text=f"{words} (Bearer {of_before})"))
        with pytest.raises(ReadRefusedError) as refused:
            client.get("banks")
    assert f"{words} (Bearer ***)" in str(refused.value)


def test_a_speed_limit_spreads_requests_evenly():
    now, naps = [100.0], Naps()
    pace = Pace(4, clock=lambda: now[0], sleep=naps)
    for _ in range(3):
        pace.wait()
    assert naps == [0.25, 0.5]
    now[0] += 60
    pace.wait()
    assert len(naps) == 2
    Pace(None, clock=lambda: now[0], sleep=naps).wait()
    assert len(naps) == 2
