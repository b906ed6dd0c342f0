"""What people decide is kept, signed, logged, and shown to the models without a clock."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from unittest.mock import Mock

import pyarrow as pa
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from mapping_folder import write_folder
from sqlalchemy import inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError

import orchestration.operations.database as database_room
from orchestration.operations import LANDED_TABLES, Operations, OperationsError
from orchestration.operations.base import Base
from orchestration.operations.database import MIGRATION_LOCK, Database, hold_apart

OPEN_FOUR_TIMES_AT_ONCE = """
import sys, threading
from orchestration.operations import Operations
refused = []
def open_it():
    try:
        Operations.open(f"sqlite:///{sys.argv[1]}").close()
    except Exception as error:
        refused.append(repr(error))
sys.stdin.readline()
visitors = [threading.Thread(target=open_it) for _ in range(4)]
for each in visitors: each.start()
for each in visitors: each.join()
sys.exit("; ".join(refused) or None)
"""


@pytest.fixture
def described(operations, tmp_path):
    """A store that knows the company."""
    operations.import_mappings(write_folder(tmp_path / "mappings"), "Ann", "first import")
    return operations


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'operations.sqlite'}")
    database.migrate()
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_on_postgresql_a_migration_waits_for_another_processs_and_on_sqlite_nothing_is_asked():
    for dialect, asked in ((postgresql.dialect(), 1), (sqlite.dialect(), 0)):
        connection = Mock(dialect=dialect)
        hold_apart(connection)
        statements = [call.args[0] for call in connection.exec_driver_sql.call_args_list]
        assert statements == [f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"] * asked


def test_a_migration_takes_its_lock_before_it_changes_anything(tmp_path, monkeypatch):
    seen = []

    def look(connection):
        seen.append(inspect(connection).get_table_names())

    monkeypatch.setattr(database_room, "hold_apart", look)
    place = tmp_path / "operations.sqlite"
    place.touch()  # one that is there is migrated, not copied
    Database(f"sqlite:///{place}").migrate()
    assert seen == [[]]


def test_visitors_and_commands_may_open_a_new_store_at_the_same_moment(tmp_path):
    command = [sys.executable, "-c", OPEN_FOUR_TIMES_AT_ONCE, str(tmp_path / "operations.sqlite")]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in running] == ["", ""]
    assert [process.returncode for process in running] == [0, 0]


def test_landed_tables_show_no_clock_and_no_row_number(described):
    for name, table in described.landed_tables().items():
        assert {"id", "recorded_at", "updated_at", "decided_at"}.isdisjoint(table.column_names), name
        assert not any(pa.types.is_timestamp(field.type) for field in table.schema), name
        assert set(LANDED_TABLES[name].key) <= set(table.column_names)


def test_the_same_decisions_in_another_order_land_the_same_rows(tmp_path, clock):
    def store(name: str) -> Operations:
        opened = Operations.open(tmp_path / name / "operations.sqlite", clock)
        opened.import_mappings(write_folder(tmp_path / name / "mappings"), "Ann", "first import")
        return opened

    one, other = store("one"), store("other")
    digests = {"TPB": "2" * 64, "TPA": "1" * 64}
    one.stop_store("DGS", "S01", "two writers")
    one.approve("DGS", digests, approver="Fay", reason="seen")
    clock.advance(86_400)
    other.approve("DGS", {"TPA": "1" * 64}, approver="Fay", reason="seen")
    other.approve("DGS", {"TPB": "2" * 64}, approver="Fay", reason="seen")
    other.stop_store("DGS", "S01", "two writers")
    first, second = one.landed_tables(), other.landed_tables()
    assert all(first[name].equals(second[name]) for name in first)
    assert first["approvals"].num_rows == 2


def test_an_empty_store_lands_every_table_with_its_columns(operations):
    tables = operations.landed_tables()
    assert set(tables) == set(LANDED_TABLES)
    assert tables["intents"].schema.field("urn").type == pa.int64()
    assert tables["tax_mappings"].schema.field("required_rate").type == pa.decimal128(6, 3)


def test_posting_is_off_until_somebody_turns_it_on(described):
    assert not described.is_posting_enabled("DGS")
    with pytest.raises(OperationsError, match="reason"):
        described.enable_posting("DGS", "Fay", " ")
    with pytest.raises(OperationsError, match="not known"):
        described.enable_posting("ELSE", "Fay", "go live")
    described.enable_posting("DGS", "Fay", "go live")
    assert described.is_posting_enabled("DGS")
    assert described.landed_tables()["companies"].column("posting_enabled").to_pylist() == [True]
    assert described.audit_log("DGS")[-1]["action"] == "enable posting"
    described.disable_posting("DGS", "Fay", "year end")
    assert not described.is_posting_enabled("DGS")


def test_the_writer_of_record_goes_by_store_then_date_and_nobody_is_the_default(described):
    assert described.writer_of_record("DGS", "S01", date(2011, 2, 10)) == "connector"
    assert described.writer_of_record("DGS", "S02", date(2011, 2, 1)) == "tillproof"
    assert described.writer_of_record("DGS", "S02", date(2011, 2, 28)) == "tillproof"
    assert described.writer_of_record("DGS", "S02", date(2011, 3, 1)) == "connector"
    assert described.writer_of_record("DGS", "S01", date(2009, 12, 31)) == "observe"
    assert described.cutover("DGS", "S02") == date(2010, 12, 1)


def test_a_stop_holds_until_a_person_lifts_it(described):
    assert described.stop_store("DGS", "S01", "posted by two writers")
    assert not described.stop_store("DGS", "S01", "posted by two writers"), "the same stop twice is one"
    assert described.active_stops("DGS") == {"S01": ("posted by two writers",)}
    assert described.lift_stop("DGS", "S01", "Fay", "connector is off") == 1
    assert described.active_stops("DGS") == {}
    assert described.lift_stop("DGS", "S01", "Fay", "again") == 0
    assert described.landed_tables()["store_stops"].column("is_lifted").to_pylist() == [True]


def test_the_newest_word_on_a_payload_counts(described):
    described.approve(
        "DGS", {"TPA": "1" * 64}, approver="Fay", reason="seen", sync_claims={"TPA": "rejected"}
    )
    described.approve("DGS", {"TPA": "1" * 64}, approver="Fay", reason="no", decision="rejected")
    given = described.approvals(["TPA", "TPB"])
    assert given[("TPA", "1" * 64)].decision == "rejected"
    assert described.landed_tables()["approvals"].column("decision").to_pylist() == ["rejected"]


def test_a_sign_off_seals_the_end_of_the_chain(described):
    days = {"date_from": date(2011, 2, 1), "date_to": date(2011, 2, 28)}
    described.sign_off("DGS", "*", **days, publication_number=3, author="Fay", reason="February")
    end = described.intents.chain_end()
    signed = described.sign_offs("DGS")[0]
    assert (signed["chain_event_number"], signed["chain_head_hash"]) == (end.event_number, end.head_hash)


@pytest.mark.parametrize("statement", ["delete from audit_log", "update audit_log set author = 'nobody'"])
def test_the_audit_log_cannot_be_rewritten(described, statement):
    with (
        pytest.raises(DatabaseError, match="only grows"),
        described._database.write() as connection,
    ):
        connection.execute(text(statement))


def test_a_change_and_its_log_are_one(described, monkeypatch):
    def lost(*_: object) -> None:
        raise RuntimeError("died")

    monkeypatch.setattr("orchestration.operations.signed_store.write_audit", lost)
    with pytest.raises(RuntimeError):
        described.stop_store("DGS", "S01", "two writers")
    assert described.active_stops("DGS") == {}


CHOICE = {"candidates": ["DGS:sales:8", "DGS:sales:7"], "publication_number": 3}


def test_a_decided_match_is_landed_until_it_is_revoked_and_both_words_stay_on_record(described):
    described.decide_match("DGS", "TPA", "DGS:sales:7", **CHOICE, author="Fay", reason="till roll")
    described.decide_match("DGS", "TPB", None, **CHOICE, author="Fay", reason="never banked")
    landed = described.landed_tables()["match_decisions"].to_pylist()
    assert [(row["posting_key"], row["ledger_document_id"]) for row in landed] == [
        ("TPA", "DGS:sales:7"),
        ("TPB", None),
    ]
    assert landed[0]["candidates"] == "DGS:sales:7,DGS:sales:8"
    was = described.revoke_match("DGS", "TPA", author="Ann", reason="read the wrong roll")
    assert (was.ledger_document_id, was.author) == ("DGS:sales:7", "Fay")
    assert [row["posting_key"] for row in described.landed_tables()["match_decisions"].to_pylist()] == ["TPB"]
    log = [(row["action"], row["author"], row["row_key"]) for row in described.audit_log("DGS")[-3:]]
    assert log == [
        ("decide match", "Fay", "TPA"),
        ("decide match", "Fay", "TPB"),
        ("revoke match", "Ann", "TPA"),
    ]
    assert "till roll" in described.audit_log("DGS")[-1]["before"]
    described.decide_match("DGS", "TPA", "DGS:sales:8", **CHOICE, author="Ann", reason="the other roll")
    with pytest.raises(OperationsError, match="nobody has decided TPX"):
        described.revoke_match("DGS", "TPX", author="Ann", reason="tidy")


def test_neither_side_of_a_decided_match_is_decided_again(described):
    described.decide_match("DGS", "TPA", "DGS:sales:7", **CHOICE, author="Fay", reason="till roll")
    for key, document in (("TPA", "DGS:sales:8"), ("TPA", None), ("TPB", "DGS:sales:7")):
        with pytest.raises(OperationsError, match="decide TPA --revoke"):
            described.decide_match("DGS", key, document, **CHOICE, author="Ann", reason="no, mine")
    described.decide_match("ELSE", "TPA", "DGS:sales:7", **CHOICE, author="Ann", reason="another company")
    assert [one.author for one in described.match_decisions("DGS")] == ["Fay"]


def test_nothing_was_decided_on_any_publication_of_a_new_store(operations):
    assert operations.newest_publication() == 0
