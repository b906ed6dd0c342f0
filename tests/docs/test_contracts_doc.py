"""docs/contracts.md is what the code says: profiles, landed tables, mappings, settings, published columns."""

from __future__ import annotations

import duckdb
import pytest

from orchestration import contracts_doc, contracts_words
from orchestration.contracts_doc import MeaningMissingError, public_models, render
from orchestration.publishing import CLOCKS, Publications
from orchestration.tills.profile import load_profiles


@pytest.fixture(scope="module")
def page() -> str:
    return render()


def section(page: str, name: str) -> str:
    return page.split(f"### `{name}`\n", 1)[1].split("\n### ", 1)[0].split("\n## ", 1)[0]


def test_the_page_says_what_the_code_says(page):
    written = contracts_doc.PAGE.read_text(encoding="utf-8")
    assert written == page, "run python -m orchestration.contracts_doc"


def test_every_public_column_is_told_with_its_type(page):
    models = public_models()
    assert len(models) > 15
    for model in models:
        told = section(page, model["name"])
        for column in model["columns"]:
            assert f"| `{column['name']}` | {column['data_type']} | " in told, (model["name"], column["name"])


def test_every_header_a_till_may_print_is_told(page):
    for profile in load_profiles():
        for table in profile.tables:
            for column, place in table.columns.items():
                assert f"| `{place}` | `{column}` |" in page, (profile.name, column)


@pytest.mark.parametrize(
    "words", ["SETTINGS", "SAGE200", "PROFILE_SETTINGS", "FILE_COLUMNS", "MAPPING_FILES", "MAPPING_COLUMNS"]
)
def test_a_name_without_words_and_words_without_a_name_are_refused(words, monkeypatch):
    known = dict(getattr(contracts_words, words))
    monkeypatch.setattr(contracts_words, words, {**known, "nobody": "Words for nothing."})
    with pytest.raises(MeaningMissingError, match="nobody"):
        render()
    forgotten = next(iter(known))
    monkeypatch.setattr(
        contracts_words, words, {name: said for name, said in known.items() if name != forgotten}
    )
    with pytest.raises((MeaningMissingError, KeyError), match=forgotten):
        render()


def test_the_clocks_have_the_columns_that_publishing_writes(tmp_path):
    with duckdb.connect() as connection:
        publication = Publications(tmp_path)
        listed = list(publication._write_clocks(connection, 1, {"gate": 0.5}, None))
        told = connection.execute(
            f"describe from read_parquet('{(tmp_path / listed[0]['path']).as_posix()}')"
        ).fetchall()
    assert listed[0]["path"].startswith(CLOCKS)
    assert [(name, kind.lower()) for name, kind, *_ in told] == [
        (name, kind) for name, kind, _ in contracts_words.HEALTH_PASSES
    ]
