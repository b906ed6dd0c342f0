"""A home with one synthetic publication, made once for all of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_published import publish, shop

from app.published import Published


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("home"), shop())


@pytest.fixture(scope="session")
def published(home: Path) -> Published:
    return Published(home / "published")
