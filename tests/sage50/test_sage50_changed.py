"""What Sage 50 shows otherwise than when it was first seen, from two of its exports to the words of the models."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from sage50_world import NOON, World, document

from orchestration.files import sql_path
from orchestration.history import History
from orchestration.landing import Landing
from orchestration.ledgers.sage50_documents import rows_of
from orchestration.ledgers.sage50_extract import extract
from orchestration.ledgers.sage50_file import write
from orchestration.passes import Pass, write_inputs
from orchestration.publishing import Publications
from orchestration.settings import Settings
from sandbox.sage50 import desk
from sandbox.sage50.importing import import_file

CHANGED = "int_ledger_documents_changed"


def changes(empty_house: Any, home: Path, pass_number: int) -> list[tuple[Any, ...]]:
    """What the models say of changes in a pass."""
    landing, settings = Landing(home / "landing", "DGS"), Settings(home=home, company_id="DGS")
    publications, history = Publications(home / "published"), History(home / "history")
    write_inputs(Pass(settings, landing, history, publications, pass_number, NOON))
    house = type(empty_house)(home)
    house.dbt("run", "--select", f"+{CHANGED}")
    with house.warehouse.connect() as connection:
        columns = "posting_key, ledger_document_id, was_text, now_text"
        return connection.execute(f"select {columns} from matching.{CHANGED} order by all").fetchall()


def remember(home: Path, key: str, ledger_document_id: str) -> None:
    """History as pass 1 would have left it: the document was held against a receipt."""
    anchor, place = (
        sql_path(home / "history" / "judgements" / name) for name in ("anchor.parquet", "1.parquet")
    )
    with duckdb.connect() as connection:
        connection.execute(
            f"""copy (
                select * from read_parquet('{anchor}') union all by name
                select 'DGS' as company_id, '{key}' as subject_id, 'document' as subject_kind,
                    '{ledger_document_id}' as ledger_document_id, 12000::bigint as ledger_gross_pence,
                    1::bigint as pass_number
            ) to '{place}' (format parquet)"""
        )


def test_a_date_that_was_amended_and_a_document_that_was_deleted_are_seen_by_the_next_export(
    empty_house: Any, tmp_path: Path
) -> None:
    world, home = World.make(tmp_path), tmp_path / "home"
    documents = [document("1001"), document("1002"), document("1003")]
    rows = [row for one in documents for row in rows_of(one, world.settings)]
    import_file(world.company, write(rows, world.settings), now=NOON)
    world.export()
    shutil.copytree(empty_house.home, home)
    landing = Landing(home / "landing", "DGS")
    extract(world.exports, landing, 1, world.settings, as_of=NOON.date())
    assert changes(empty_house, home, 1) == []

    desk.amend_date(world.company, 1, date(2011, 2, 17), by="FAY", now=NOON)
    desk.delete(world.company, 2)
    desk.reconcile(world.company, 3, date(2011, 2, 28))  # ordinary life
    world.export()
    extract(world.exports, landing, 2, world.settings, as_of=NOON.date())
    remember(home, documents[1].posting_key, "DGS:sales:2")
    world.close()

    by_id = {row[1]: row for row in changes(empty_house, home, 2)}
    assert by_id.keys() == {"DGS:sales:1", "DGS:sales:2"}
    _, _, was, now = by_id["DGS:sales:1"]
    assert "document_date 2011-02-10" in was and "document_date 2011-02-17" in now
    assert "amended 2011-02-11 by FAY" in now
    assert by_id["DGS:sales:2"] == (documents[1].posting_key, "DGS:sales:2", "120.00 as DGS:sales:2", "gone")
