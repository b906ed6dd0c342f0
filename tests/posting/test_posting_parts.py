"""The plain parts: keys, states, payloads, the connector's names, the five truths, and the chain."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import pytest
from publication import Publication
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from orchestration.ledgers.ledger import KIND_LETTERS, Period, SplitLine
from orchestration.operations import ChainBrokenError, ChainEnd
from orchestration.posting import MOVES, Payload, Proposal, check_states, read_proposals
from orchestration.posting.connector import references
from orchestration.posting.key import build_key, event_code, is_ours, parse_key, receipt_no_of, stem_of
from orchestration.posting.states import (
    ENDS,
    LIVE,
    REPLACEABLE,
    STATES,
    UNSETTLED,
    IllegalMoveError,
    Move,
    move,
)
from orchestration.posting.verification import month_start, truths_of

PATTERN = "^POS-(S[0-9]{2})-([0-9A-Z]+)(?:-([0-9]+))?$"


def test_a_key_is_twenty_characters_of_identity_and_reads_back():
    event = "pos:S01:1:536365:2010-12-01:1"
    for kind, letter in KIND_LETTERS.items():
        key = build_key("DGS", event, kind, ordinal=7, revision=2, role="X")
        parts = parse_key(key)
        assert (len(key), key[:2], key[15]) == (20, "TP", letter)
        assert (parts.event_code, parts.document_kind) == (event_code("DGS", event), kind)
        assert (parts.ordinal, parts.revision, parts.role) == (7, 2, "X")
        assert is_ours(key) and stem_of(key) == key[:18]


def test_the_event_code_is_the_one_the_warehouse_computes():
    digest = hashlib.md5(b"DGS|pos:S01:1:536365:2010-12-01:1", usedforsecurity=False).hexdigest()
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    by_hand = "".join(alphabet[int(digest[2 * i - 2 : 2 * i], 16) % 32] for i in range(1, 14))
    assert event_code("DGS", "pos:S01:1:536365:2010-12-01:1") == by_hand == "XMGQBSDEHMSNG"


@pytest.mark.parametrize("text_", ["POS-S01-536365", "TPXMGQBSDEHMSNGN000", "TPXMGQBSDEHMSNIN000P", ""])
def test_what_is_not_a_key_is_not_taken_for_one(text_):
    assert not is_ours(text_)
    with pytest.raises(ValueError, match="not a posting key"):
        parse_key(text_)


@pytest.mark.parametrize(("ordinal", "revision"), [(100, 1), (-1, 1), (1, 10)])
def test_a_number_that_does_not_fit_a_key_is_refused(ordinal, revision):
    with pytest.raises(ValueError, match="ordinal"):
        build_key("DGS", "e", "invoice", ordinal=ordinal, revision=revision, role="P")


def test_every_state_can_be_reached_and_has_a_way_to_an_end():
    assert check_states() == []
    assert set(STATES) == ENDS | LIVE | REPLACEABLE
    assert UNSETTLED < LIVE and "locked" in LIVE & REPLACEABLE


def test_a_dead_end_and_a_forked_event_are_found():
    without_way_out = tuple(one for one in MOVES if one.state != "unsettled")
    assert check_states(without_way_out) == [
        "unsettled has no way to an end",
        "aside is never reached",
    ]
    assert any("two ways" in told for told in check_states((*MOVES, Move("sending", "refuse", "held"))))
    assert any("never reached" in told for told in check_states((*MOVES, Move("lost", "find", "proven"))))


@pytest.mark.parametrize(
    ("state", "event", "mover"),
    [
        ("sending", "send", "poster"),
        ("proven", "send", "poster"),
        ("unsettled", "absent", "poster"),
        ("aside", "absent", "poster"),
    ],
)
def test_an_illegal_move_is_refused(state, event, mover):
    with pytest.raises(IllegalMoveError):
        move(state, event, mover)


def payload_of(**changed) -> Payload:
    publication = Publication()
    publication.add("536365", **changed)
    return read_proposals(*publication.tables())[0].payload


def test_rows_are_part_of_what_is_approved_and_must_come_to_the_documents_lines():
    publication = Publication()
    publication.add("1001", "invoice", net=1000)
    (plain,) = read_proposals(*publication.tables())
    line, taxed = plain.payload.document.nominal_lines[0], plain.payload.document.tax_lines[0]

    def with_rows(*splits: SplitLine) -> Proposal:
        document = replace(plain.payload.document, splits=splits)
        return replace(plain, payload=replace(plain.payload, document=document))

    right = with_rows(
        SplitLine(line.nominal_code, taxed.tax_code, 600, taxed.tax_pence),
        SplitLine(line.nominal_code, taxed.tax_code, 400, 0),
    )
    assert right.unsound == plain.unsound == ""
    assert "splits" not in plain.payload.text, "what was approved before there were rows keeps its digest"
    assert right.payload_digest != plain.payload_digest
    assert Payload.from_text(right.payload.text) == right.payload
    on_another_code = with_rows(SplitLine(line.nominal_code, 99, 1000, taxed.tax_pence))
    assert f"T{taxed.tax_code}, T99" in on_another_code.unsound
    on_another_account = with_rows(SplitLine("9998", taxed.tax_code, 1000, taxed.tax_pence))
    assert f"{line.nominal_code}, 9998" in on_another_account.unsound


def test_a_payload_reads_back_and_its_digest_moves_with_anything_that_would_be_sent():
    payload = payload_of()
    assert Payload.from_text(payload.text) == payload
    assert Payload.from_text(payload.text).digest == payload.digest
    assert "." not in payload.text.split('"narrative"')[0], "money is whole pence"
    others = [
        payload_of(net=1005),
        payload_of(narrative="other"),
        payload_of(customer_reference="TILL02"),
        payload_of(document_date=date(2011, 2, 11)),
        payload_of(expected_period_start=date(2011, 3, 1)),
    ]
    assert len({payload.digest, *(other.digest for other in others)}) == 6
    assert (
        payload_of(exception_id="EX9", gate_status="blocked", sync_claim="accepted").digest == payload.digest
    )


def test_legs_in_another_order_give_the_same_digest():
    publication = Publication()
    publication.add("536365")
    proposals, legs = publication.tables()
    turned = legs.take(list(reversed(range(legs.num_rows))))
    one, other = read_proposals(proposals, legs)[0], read_proposals(proposals, turned)[0]
    assert one.payload_digest == other.payload_digest


def test_proposals_are_read_from_parquet_files_too(tmp_path):
    import pyarrow.parquet as pq

    publication = Publication()
    publication.add("536365")
    for name, table in zip(("proposals", "legs"), publication.tables(), strict=True):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    read = read_proposals(tmp_path / "proposals.parquet", tmp_path / "legs.parquet")
    assert read == read_proposals(*publication.tables())


@pytest.mark.parametrize(
    ("pattern", "ordinal", "expected"),
    [
        (PATTERN, None, ["POS-S01-536365"]),
        (PATTERN, 2, ["POS-S01-536365-2"]),
        (r"^(S\d+)/([0-9]+)\.([0-9]+)$", 1, ["S01/536365.1"]),
        (r"^(S\d+)/([0-9]+)\.([0-9]+)$", None, []),
        (r"^[A-Z]+-(S[0-9]{2})-([0-9]+)(?:-([0-9]+))?$", 1, []),
        (r"^POS-(T[0-9]{2})-([0-9]+)(?:-([0-9]+))?$", 1, []),
        (r"^POS.*(S01)(5)(1)$", 1, []),
    ],
)
def test_a_connectors_pattern_runs_backwards_or_says_nothing(pattern, ordinal, expected):
    assert references(pattern, "S01", "536365", ordinal) == expected


def test_the_receipt_number_is_read_out_of_the_event():
    assert receipt_no_of("pos:S01:1:536365:2010-12-01:1") == "536365"
    assert receipt_no_of("pos:S01:1:A:5:2010-12-01:1") == "A:5"
    assert receipt_no_of("ledger:1234") == ""


def test_right_means_every_line_on_its_account_to_the_penny(shop):
    payload = payload_of()
    posted = shop.ledger.keep(payload.document)
    assert truths_of(payload, [posted], "9998").is_right

    def differences(**changed) -> str:
        return " ".join(truths_of(payload, [replace(posted, **changed)], "9998").differences)

    lines = posted.nominal_lines
    elsewhere = (replace(lines[0], nominal_code="4010"), *lines[1:])
    other_store = (replace(lines[0], cost_centre="S02"), *lines[1:])
    one_sided = (lines[0], *lines[2:])
    assert "nominal 4000/S01 has 0 pence, not -1000" in differences(nominal_lines=elsewhere)
    assert "nominal 4000/S01 has 0 pence" in differences(nominal_lines=other_store)
    assert "out of balance" in differences(nominal_lines=one_sided)
    assert "customer is TILL02" in differences(customer_reference="TILL02")
    assert "date is" in differences(document_date=date(2011, 2, 11))
    assert "kind is credit_note" in differences(document_kind="credit_note")
    assert "tax is 199, not 200" in differences(tax_pence=199)
    assert "tax by code" in differences(tax_lines=(replace(posted.tax_lines[0], tax_code=2),))
    assert "period begins 2011-03-01" in differences(period=Period(date(2011, 1, 1), 3))
    assert not truths_of(payload, [replace(posted, reference="OTHER")], "9998").is_present
    assert truths_of(payload, [posted, replace(posted, urn=2)], "9998").copies == 2


def test_a_financial_year_may_begin_in_any_month():
    assert month_start(Period(date(2010, 4, 1), 1)) == date(2010, 4, 1)
    assert month_start(Period(date(2010, 4, 1), 12)) == date(2011, 3, 1)


@pytest.fixture
def posted(shop):
    """A shop that has posted two receipts."""
    publication = Publication()
    publication.add("1")
    publication.add("2")
    shop.post(publication)
    return shop


def tampered(shop, *statements: str) -> None:
    """Change the store behind its back, as somebody with the file could."""
    with shop.operations._database.write() as connection:
        for table in ("intent_events", "intent_payloads"):
            for verb in ("update", "delete"):
                connection.execute(text(f"drop trigger if exists {table}_refuses_{verb}"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            "update intent_events set mover = 'MARY' where event_number = 4",
            "event 4 .* is not what was written",
        ),
        ("update intent_events set to_state = 'held' where event_number = 2", "event 2 .* is not what was"),
        ("delete from intent_events where event_number = 3", "event 3 is not there"),
        ("delete from intent_events where event_number > 6", "the chain ends at event 6"),
        ("update intents set state = 'held'", "its last event says"),
        ("delete from intents", "its last event says"),
        ("update intent_payloads set payload = '{}'", "is not what was decided"),
    ],
)
def test_what_was_changed_behind_the_stores_back_is_found(posted, statement, words):
    posted.operations.intents.verify_chain()
    tampered(posted, statement)
    with pytest.raises(ChainBrokenError, match=words):
        posted.operations.intents.verify_chain()


def test_a_chain_rewritten_whole_no_longer_fits_what_was_sealed(posted):
    sealed = posted.operations.intents.chain_end()
    assert posted.operations.intents.verify_chain(sealed) == sealed
    with pytest.raises(ChainBrokenError, match="sealed"):
        posted.operations.intents.verify_chain(ChainEnd(sealed.event_number, "f" * 64))
    with pytest.raises(ChainBrokenError, match="sealed"):
        posted.operations.intents.verify_chain(ChainEnd(sealed.event_number + 1, sealed.head_hash))


@pytest.mark.parametrize(
    "statement", ["delete from intent_events", "update intent_payloads set payload = ''"]
)
def test_the_database_itself_refuses_to_rewrite_the_record(posted, statement):
    with pytest.raises(DatabaseError, match="only grows"), posted.operations._database.write() as connection:
        connection.execute(text(statement))
