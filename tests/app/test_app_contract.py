"""The made-up publication has the columns that the models promise: a page that passes reads the real one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from synthetic_published import COLUMNS

from orchestration.contracts_doc import read_yaml

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


@cache
def promised() -> dict[str, dict[str, str]]:
    """Column -> type of every published model, from the contracts beside the models."""
    found = {}
    for file in sorted(MODELS.rglob("*.yml")):
        for model in (read_yaml(file) or {}).get("models", []):
            columns = {column["name"]: column.get("data_type", "") for column in model.get("columns", [])}
            found[model["name"]] = columns
    return found


def told(columns: str) -> dict[str, str]:
    """Column -> type, from the text that makes the table."""
    parts = (column.split(maxsplit=1) for column in columns.replace("(18,3)", "").split(","))
    return {name: kind.strip() for name, kind in parts}


@pytest.mark.parametrize("model", sorted(COLUMNS))
def test_the_story_is_told_in_the_columns_that_are_published(model: str) -> None:
    columns = promised()[model]
    assert told(COLUMNS[model]) == {name: kind.partition("(")[0] for name, kind in columns.items()}
