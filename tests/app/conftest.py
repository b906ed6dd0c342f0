"""A home with one synthetic publication, made once for all of these tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from synthetic_published import copied, publish, shop

from app.published import Published


@pytest.fixture(scope="session", autouse=True)
def installed_once() -> Iterator[None]:
    """What is installed in this Python is read once: Streamlit reads it again for every page that a test opens."""
    with pytest.MonkeyPatch.context() as patch:
        read = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", read)
        yield


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story as publication 1, which no test writes to."""
    return publish(tmp_path_factory.mktemp("home"), shop())


@pytest.fixture(scope="session")
def home(published_home: Path) -> Path:
    return published_home


@pytest.fixture(scope="session")
def published(home: Path) -> Published:
    return Published(home / "published")


@pytest.fixture
def deciding_home(tmp_path: Path, home: Path) -> Path:
    """A home of its own over the same publication, with settings and so with an operations store to decide in."""
    return copied(home, tmp_path / "home")


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Opens one page of a home's app, by the name in its address, as a reader comes to it."""

    def opened(home: Path, view: str, /, **query: str) -> AppTest:
        monkeypatch.setenv("TILLPROOF_HOME", str(home))
        app = AppTest.from_file(str(Path(__file__).parents[2] / "app" / "navigation.py"), default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        page = app.switch_page(f"views/{view}.py").run()
        assert not page.exception, page.exception[0].message
        return page

    return opened
