"""What docs/contracts.md says of each published table, for who writes a query over it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

CONTRACTS = Path(__file__).parents[1] / "docs" / "contracts.md"
_TABLE = re.compile(r"^### `(\w+)`$", re.MULTILINE)
_COLUMN = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", re.MULTILINE)

Columns = list[dict[str, str]]


@cache
def published_tables() -> dict[str, tuple[str, Columns]]:
    """Table -> what it is, and its columns with type and meaning. Empty where the documents are not beside the app."""
    if not CONTRACTS.exists():
        return {}
    _, _, text = CONTRACTS.read_text(encoding="utf-8").partition("\n## Published tables\n")
    parts = _TABLE.split(text)[1:]
    return {
        name: (
            " ".join(body.partition("| Column |")[0].split()).replace("`", ""),
            [
                {"column": column, "type": kind, "meaning": meaning.replace("`", "")}
                for column, kind, meaning in _COLUMN.findall(body)
            ],
        )
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }
