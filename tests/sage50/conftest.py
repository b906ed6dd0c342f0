"""One world for each test, a copy of one that was made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sage50_world import World


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that was made and closed again."""
    made = World.make(tmp_path_factory.mktemp("sage50_world"))
    made.close()
    return made


@pytest.fixture
def world(made_world: World, tmp_path: Path) -> Iterator[World]:
    world = made_world.copied_to(tmp_path)
    yield world
    world.close()
