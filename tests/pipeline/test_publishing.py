"""What readers are given: whole publications, named by content, swapped in one step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration import publishing
from orchestration.publishing import Publications

AS_OF = datetime(2011, 8, 31, 23)  # noqa: DTZ001  clocks here are UTC without a zone
MODELS = {"document_verdicts": "marts.document_verdicts", "stores": "marts.stores"}


@pytest.fixture
def published(tmp_path) -> Publications:
    return Publications(tmp_path / "published", kept=2)


@pytest.fixture
def warehouse():
    """Two months of verdicts, one of them pending, and a table without dates."""
    with duckdb.connect() as connection:
        connection.execute(
            """create schema marts;
               create table marts.document_verdicts
                   (document_id text, business_date date, document_date date, verdict text);
               insert into marts.document_verdicts values
                   ('B', '2011-01-31', '2011-02-01', 'matched'), ('A', '2011-01-31', '2011-01-31', 'matched'),
                   ('D', '2011-02-01', '2011-02-01', 'pending'), ('E', null, '2011-02-01', 'matched');
               create table marts.stores as select 'S01' as store_id;
               create schema exceptions;
               create table exceptions.posting_proposals (posting_key text, is_connector_still_trying boolean)"""
        )
        yield connection


def publish(published: Publications, warehouse, pass_number: int = 1, **more):
    return published.publish(
        warehouse, MODELS, pass_number=pass_number, as_of=AS_OF, seconds={"intake": 1.25}, **more
    )


def paths(publication, model: str) -> dict:
    return {file["month"]: file["path"] for file in publication.tables[model]}


def rows(published: Publications, path: str) -> list:
    with duckdb.connect() as connection:
        return connection.execute(
            f"select document_id from read_parquet('{(published.root / path).as_posix()}')"
        ).fetchall()


def test_before_the_first_there_is_no_publication(published):
    assert published.newest() is None


def test_a_publication_has_a_file_a_month_of_the_trading_day_and_says_what_it_is(published, warehouse):
    first = publish(published, warehouse)
    assert (first.number, first.pass_number, first.as_of, first.pending_documents) == (1, 1, AS_OF, 1)
    assert set(paths(first, "document_verdicts")) == {None, "2011-01", "2011-02"}
    assert set(paths(first, "stores")) == {None}
    assert rows(published, paths(first, "document_verdicts")["2011-01"]) == [("A",), ("B",)]
    assert rows(published, paths(first, "document_verdicts")[None]) == [("E",)]
    assert published.newest() == first


def test_where_the_folder_was_lost_or_put_back_numbers_go_on_from_what_was_decided_on(published, warehouse):
    assert publish(published, warehouse, known_number=41).number == 42
    assert publish(published, warehouse, 2, known_number=41).number == 43
    assert publish(published, warehouse, 3, known_number=50).number == 51
    assert published.newest().number == 51


def test_for_one_row_of_a_big_month_only_a_part_of_its_file_is_read(published, warehouse):
    warehouse.execute(
        """insert into marts.document_verdicts
           select 'M' || i, '2011-03-31', '2011-03-31', 'matched' from range(70000) as t (i)"""
    )
    path = published.root / paths(publish(published, warehouse), "document_verdicts")["2011-03"]
    parts = warehouse.execute(
        f"select distinct row_group_id, row_group_num_rows from parquet_metadata('{path.as_posix()}')"
    ).fetchall()
    assert sum(rows for _, rows in parts) == 70000
    assert max(rows for _, rows in parts) <= publishing.ROW_GROUP < 70000


def test_what_waits_for_the_connector_to_give_up_is_pending_too(published, warehouse):
    warehouse.execute("insert into exceptions.posting_proposals values ('P', true), ('Q', false)")
    assert publish(published, warehouse).pending_documents == 2


def test_an_unchanged_month_is_listed_again_not_rewritten(published, warehouse):
    first = publish(published, warehouse)
    january = published.root / paths(first, "document_verdicts")["2011-01"]
    written = january.stat().st_mtime_ns
    warehouse.execute("update marts.document_verdicts set verdict = 'matched' where document_id = 'D'")
    second = publish(published, warehouse, 2)
    assert paths(second, "document_verdicts")["2011-01"] == paths(first, "document_verdicts")["2011-01"]
    assert january.stat().st_mtime_ns == written
    assert paths(second, "document_verdicts")["2011-02"] != paths(first, "document_verdicts")["2011-02"]
    assert second.pending_documents == 0


def test_the_same_rows_in_another_order_have_the_same_digests_and_clocks_do_not_count(
    published, warehouse, tmp_path
):
    first = publish(published, warehouse)
    warehouse.execute(
        """create table marts.turned as from marts.document_verdicts order by document_id desc;
           drop table marts.document_verdicts; alter table marts.turned rename to document_verdicts"""
    )
    again = publish(Publications(tmp_path / "elsewhere"), warehouse, 9)
    assert again.digests == first.digests
    assert publishing.CLOCKS in again.tables
    assert publishing.CLOCKS not in again.digests


def test_a_model_without_rows_is_still_published_with_its_columns(published, warehouse):
    warehouse.execute("delete from marts.document_verdicts")
    (only,) = publish(published, warehouse).tables["document_verdicts"]
    assert only["rows"] == 0
    assert rows(published, only["path"]) == []


def test_the_time_of_every_pass_stays_on_record(published, warehouse):
    publish(published, warehouse, 1)
    second = publish(published, warehouse, 2)
    (clocks,) = second.tables[publishing.CLOCKS]
    with duckdb.connect() as connection:
        told = connection.execute(
            f"""select pass_number, stage, milliseconds
                from read_parquet('{(published.root / clocks["path"]).as_posix()}') order by all"""
        ).fetchall()
    assert told == [(1, "intake", 1250), (2, "intake", 1250)]


def test_analysts_get_a_file_of_views_over_the_published_rows(published, warehouse):
    publish(published, warehouse)
    with duckdb.connect(str(published.root / "tillproof-1.duckdb"), read_only=True) as views:
        assert views.execute("select count(*) from document_verdicts").fetchone() == (4,)


@pytest.mark.parametrize("dies_at", ["1st listing", "current"])
def test_a_crash_before_current_leaves_readers_on_the_publication_they_had(
    published, warehouse, monkeypatch, dies_at
):
    first = publish(published, warehouse)
    before = {model: rows_of(published, first, model) for model in first.tables}
    put_text = publishing.put_text

    def dies(place: Path, text: str) -> None:
        if dies_at == "1st listing" or place.name == "current":
            raise OSError("the power went")
        put_text(place, text)

    monkeypatch.setattr(publishing, "put_text", dies)
    warehouse.execute(
        "insert into marts.document_verdicts values ('F', '2011-02-02', '2011-02-02', 'drifted')"
    )
    with pytest.raises(OSError, match="the power went"):
        publish(published, warehouse, 2)
    monkeypatch.undo()
    assert published.newest() == first
    assert {model: rows_of(published, first, model) for model in first.tables} == before
    second = publish(published, warehouse, 2)
    assert (second.number, second.pass_number) == (2, 2)
    assert published.newest() == second


def rows_of(published: Publications, publication, model: str) -> list:
    with duckdb.connect() as connection:
        listed = [(published.root / file["path"]).as_posix() for file in publication.tables[model]]
        return connection.execute("select * from read_parquet($1) order by all", [listed]).fetchall()


def test_old_publications_go_with_the_files_only_they_list_and_signed_off_ones_stay(published, warehouse):
    told = []
    for number in range(1, 5):
        warehouse.execute(
            f"update marts.document_verdicts set verdict = 'v{number}' where business_date = '2011-02-01'"
        )
        told.append(publish(published, warehouse, number, signed_off=[1]))
    assert sorted(file.name for file in published.root.glob("*.json")) == ["1.json", "3.json", "4.json"]
    assert not (published.root / "tillproof-2.duckdb").exists()
    assert (published.root / "tillproof-1.duckdb").exists()
    for publication in (told[0], told[2], told[3]):
        for model in publication.tables:
            assert rows_of(published, publication, model)
    february = published.root / "document_verdicts" / "2011-02"
    listed = {Path(paths(told[n], "document_verdicts")["2011-02"]).name for n in (0, 2, 3)}
    assert {file.name for file in february.iterdir()} == listed
    assert len(list((published.root / "document_verdicts" / "2011-01").iterdir())) == 1


def test_a_file_in_use_is_left_for_next_time(published, warehouse, monkeypatch):
    publish(published, warehouse, 1)
    unlink = Path.unlink

    def held(file: Path, missing_ok: bool = False) -> None:
        if file.name == "1.json":
            raise PermissionError(f"{file} is open in a reader")
        unlink(file, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", held)
    publish(published, warehouse, 2)
    publish(published, warehouse, 3)
    assert (published.root / "1.json").exists()
    monkeypatch.undo()
    publish(published, warehouse, 4)
    assert not (published.root / "1.json").exists()


def test_a_name_is_listed_with_its_store_and_day_and_an_unchanged_month_keeps_its_index(published, warehouse):
    warehouse.execute(
        """create table marts.receipts (receipt_no text, store_id text, business_date date);
           insert into marts.receipts values ('a1', 'S01', '2011-01-31'), ('a2', 'S02', '2011-02-01')"""
    )

    def listed(number: int) -> dict:
        told = published.publish(
            warehouse,
            {**MODELS, "receipts": "marts.receipts"},
            pass_number=number,
            as_of=AS_OF,
            seconds={},
        )
        assert "name_index" in told.digests
        return paths(told, "name_index")

    first = listed(1)
    with duckdb.connect() as connection:
        found = connection.execute(
            "select name, store_id, day::varchar from read_parquet($1) order by all",
            [[str(published.root / path) for path in first.values()]],
        ).fetchall()
    assert found == [("A1", "S01", "2011-01-31"), ("A2", "S02", "2011-02-01")]
    warehouse.execute("update marts.receipts set receipt_no = 'b2' where receipt_no = 'a2'")
    second = listed(2)
    assert second["2011-01"] == first["2011-01"] and second["2011-02"] != first["2011-02"]


def test_the_index_is_kept_whatever_the_relations_are_called_in_which_the_rows_lie(
    published, warehouse, monkeypatch
):
    """A pass that keeps days publishes the same rows from relations of another name."""
    warehouse.execute(
        """create table marts.receipts as
               select 'a1' as receipt_no, 'S01' as store_id, date '2011-01-31' as business_date;
           create schema whole; create view whole.receipts as select * from marts.receipts"""
    )
    told = [
        published.publish(warehouse, {**MODELS, "receipts": relation}, pass_number=1, as_of=AS_OF, seconds={})
        for relation in ("marts.receipts", "whole.receipts")
    ]
    assert told[0].tables["name_index"] == told[1].tables["name_index"]

    written = []
    wrote = Publications._file
    monkeypatch.setattr(
        Publications, "_file", lambda self, *asked: written.append(asked[1]) or wrote(self, *asked)
    )
    published.publish(
        warehouse, {**MODELS, "receipts": "marts.receipts"}, pass_number=1, as_of=AS_OF, seconds={}
    )
    assert written == ["health_passes"], "what is as it was is not written again"


@pytest.mark.parametrize("one_by_one", [0, 99])
def test_many_months_are_published_like_few(published, warehouse, monkeypatch, one_by_one):
    monkeypatch.setattr(publishing, "MONTHS_READ_ONE_BY_ONE", one_by_one)
    told = publish(published, warehouse)
    listed = paths(told, "document_verdicts")
    assert {month: rows(published, path) for month, path in listed.items()} == {
        None: [("E",)],
        "2011-01": [("A",), ("B",)],
        "2011-02": [("D",)],
    }
    assert rows_of(published, told, "stores") == [("S01",)]
    again = publish(published, warehouse)
    assert paths(again, "document_verdicts") == listed
