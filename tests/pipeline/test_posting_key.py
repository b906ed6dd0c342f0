"""One key, two builders: what the models write into a proposal is what the poster looks for in Sage."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.ledgers.ledger import KIND_LETTERS
from orchestration.posting.key import build_key, is_ours, stem_of


@pytest.fixture
def warehouse(empty_house, tmp_path):
    """A warehouse to put documents into, of the same name: compiled models name it."""
    shutil.copy(empty_house.warehouse.file, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        yield connection


def compiled(empty_house, model: str) -> str:
    folder = empty_house.home / "dbt" / "compiled" / "tillproof" / "models"
    (place,) = (file for file in folder.rglob(f"{model}.sql") if file.parent.suffix != ".yml")
    return Path(place).read_text(encoding="utf-8")


def events() -> list[str]:
    """Receipts of the real range of numbers, and the odd texts that tills print."""
    chance = random.Random(20111209)  # noqa: S311
    odd = ["pos:S01:1:C536379:2010-12-01:1", "pos:São:1:'x':2010-12-01:2", "a|b", "🎁 " * 40, " "]
    return odd + [
        f"pos:S0{chance.randint(1, 5)}:{chance.randint(1, 2)}:{number}:2011-0{chance.randint(1, 9)}-11:1"
        for number in chance.sample(range(536365, 581587), 500)
    ]


def test_expected_documents_carry_the_keys_the_poster_builds(empty_house, warehouse):
    told = [
        ("DGS" if place % 3 else "Ä", event, sorted(KIND_LETTERS)[place % len(KIND_LETTERS)], place % 99 + 1)
        for place, event in enumerate(events())
    ]
    warehouse.execute(
        "create temp table told (company_id text, event_id text, document_kind text, ordinal integer)"
    )
    warehouse.executemany("insert into told values (?, ?, ?, ?)", told)
    warehouse.execute(
        "insert into expected.int_receipts_totalled by name select company_id, event_id from told"
    )
    warehouse.execute("insert into expected.int_documents_from_tenders by name select * from told")
    warehouse.execute(
        """insert into expected.int_nominal_legs_mapped by name
           select company_id, event_id, document_kind from told"""
    )
    built = warehouse.execute(
        f"""select posting_key, company_id, event_id, document_kind, ordinal
            from ({compiled(empty_house, "expected_documents")}) as documents"""
    ).fetchall()
    assert len(built) >= 2 * len(told)
    for key, company, event, kind, ordinal in built:
        assert key == build_key(company, event, kind, ordinal=ordinal, revision=1, role="P")
        assert is_ours(key)


def test_a_reversal_carries_the_key_of_what_it_undoes(empty_house, warehouse):
    undone = [
        ("invoice", "credit_note"),
        ("credit_note", "invoice"),
        ("receipt", "payment"),
        ("payment", "receipt"),
    ]
    for urn, (kind, _) in enumerate(undone, start=4711):
        warehouse.execute(
            """insert into exceptions.int_documents_classed by name
               select 'DGS' as company_id, 'S01' as store_id, $1 as document_id, $1 as ledger_document_id,
                      true as is_sales, 'duplicate_in_ledger' as verdict""",
            [f"DGS:sales:{urn}"],
        )
        warehouse.execute(
            """insert into matching.int_ledger_documents_read by name
               select $1 as ledger_document_id, $2 as urn, $3 as document_kind""",
            [f"DGS:sales:{urn}", urn, kind],
        )
    built = warehouse.execute(
        f"""select target_urn, posting_key, key_stem, document_kind, event_id
            from ({compiled(empty_house, "posting_proposals")}) as proposals order by target_urn"""
    ).fetchall()
    expected = [
        build_key("DGS", f"ledger:{urn}", opposite, ordinal=1, revision=1, role="X")
        for urn, (_, opposite) in enumerate(undone, start=4711)
    ]
    assert [key for _, key, *_ in built] == expected
    assert [stem for _, _, stem, *_ in built] == [stem_of(key) for key in expected]
    assert [kind for *_, kind, _ in built] == [opposite for _, opposite in undone]


def test_the_key_of_the_first_receipt_stays_what_it_always_was():
    """Keys that Sage already holds are found again only while this text never changes."""
    event = "pos:S01:1:536365:2010-12-01:1"
    assert build_key("DGS", event, "invoice", ordinal=1, revision=1, role="P") == "TPXMGQBSDEHMSNGN011P"
