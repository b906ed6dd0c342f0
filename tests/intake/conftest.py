"""One house per test."""

from __future__ import annotations

from pathlib import Path

import pytest
from house import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    """An empty inbox and an empty landing."""
    return House(tmp_path)
