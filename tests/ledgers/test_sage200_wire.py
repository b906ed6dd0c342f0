"""What Sage's answers prove, in every form they are known to take."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from orchestration.ledgers.sage200_wire import (
    both,
    from_json,
    message_of,
    reply_of,
    retry_after_s,
    rows_of,
    stamp_literal,
    text_literal,
    to_json,
    urn_of,
)


def test_money_is_never_a_float_in_either_direction():
    parsed = from_json(b'[{"debit": 0.10, "credit": 1e2, "id": 7}]')
    assert parsed == [{"debit": Decimal("0.10"), "credit": Decimal("1E+2"), "id": 7}]
    assert not any(isinstance(value, float) for row in parsed for value in row.values())
    body = {"value": Decimal("1234567.10"), "on": True, "lines": ({"narrative": 'a "b"'},)}
    assert to_json(body) == '{"value":1234567.10,"on":true,"lines":[{"narrative":"a \\"b\\""}]}'
    with pytest.raises(TypeError):
        to_json({"value": 0.1})


@pytest.mark.parametrize("body", [[{"id": 1}], {"value": [{"id": 1}]}])
def test_a_collection_comes_bare_or_wrapped(body):
    assert rows_of(body) == [{"id": 1}]


@pytest.mark.parametrize("body", [{"message": "no"}, "text", None, [1], {"value": None}])
def test_what_is_no_collection_is_never_taken_for_an_empty_one(body):
    with pytest.raises(ValueError, match="array"):
        rows_of(body)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf", ""),
        (b'"The account is locked."', "The account is locked."),
        (b"Service Unavailable", "Service Unavailable"),
        (b"<html><body>Bad\n gateway</body></html>", "<html><body>Bad gateway</body></html>"),
        (b'{"type":"SageNullFieldException","message":"Id is null"}', "Id is null | SageNullFieldException"),
        (b'{"Message":"An error","ExceptionType":"Ex20319Exception"}', "An error | Ex20319Exception"),
        (b'{"error":"invalid_grant","error_description":"expired"}', "expired | invalid_grant"),
        (b'{"error":{"code":"5","message":"nested"}}', "nested"),
        (b'{"errors":[{"message":"one"},{"message":"two"}]}', "one | two"),
        (b'[{"message":"in a list"}]', "in a list"),
        (b'{"statusCode":400,"odd":true}', '{"statusCode": 400, "odd": true}'),
        (b"{}", ""),
    ],
)
def test_every_form_of_error_body_is_read(content, message):
    assert message_of(content) == message


@pytest.mark.parametrize(
    ("status", "content", "kind", "urn"),
    [
        (200, b'{"urn":"42"}', "accepted", 42),
        (201, b'{"urn":42}', "accepted", 42),
        (200, b'{"urn":"002010000168"}', "accepted", 168),
        (200, b"", "unknown", None),
        (200, b'{"urn":', "unknown", None),
        (200, b'{"id":42}', "unknown", None),
        (200, b"[]", "unknown", None),
        (204, b"", "unknown", None),
        (302, b"", "unknown", None),
        (400, b'{"message":"The nominal account 4015 does not exist."}', "refused", None),
        (400, b"", "refused", None),
        (400, b'{"message":"Date is blocked by the calendar"}', "refused", None),
        (403, b"", "refused", None),
        (404, b"", "refused", None),
        (409, b'{"message":"A duplicate was found"}', "refused", None),
        (400, b'"Account TILL01 is being used by another user"', "locked", None),
        (400, b'{"type":"SageLockException","message":"Cannot continue"}', "locked", None),
        (400, b"The record is in use", "locked", None),
        (409, b"Already open on PC7", "locked", None),
        (423, b"", "locked", None),
        (429, b"", "locked", None),
        (401, b"", "unknown", None),
        (408, b"", "unknown", None),
        (500, b'{"message":"the account is locked"}', "unknown", None),
        (502, b"", "unknown", None),
        (504, b"<html>", "unknown", None),
    ],
)
def test_only_a_proven_refusal_is_called_one(status, content, kind, urn):
    reply = reply_of(status, content)
    assert (reply.kind, reply.urn, reply.status) == (kind, urn, status)


def test_retry_after_is_read_as_seconds_or_as_a_date():
    now = datetime(2011, 12, 9, 12, 0, tzinfo=UTC)
    assert retry_after_s("7", now) == 7
    assert retry_after_s("Fri, 09 Dec 2011 12:00:30 GMT", now) == 30
    assert retry_after_s("Fri, 09 Dec 2011 11:00:00 GMT", now) == 0
    assert retry_after_s("soon", now) is None
    assert retry_after_s(None, now) is None


def test_a_urn_of_twelve_digits_loses_user_and_module():
    assert (urn_of("002010000168"), urn_of("31"), urn_of(31), urn_of("x"), urn_of(None)) == (
        168,
        31,
        31,
        None,
        None,
    )


def test_literals_say_what_odata_wants():
    assert text_literal("O'Neil") == "'O''Neil'"
    assert stamp_literal(datetime.fromisoformat("2016-02-24T09:52:11.452900")) == "2016-02-24T09:52:11.452Z"
    assert stamp_literal("2016-02-24T09:52:11") == "2016-02-24T09:52:11Z"
    assert both("a eq 1 or b eq 2", None, "id gt 5") == "(a eq 1 or b eq 2) and id gt 5"
    assert both(None, "") is None
