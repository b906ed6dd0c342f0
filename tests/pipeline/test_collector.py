"""What a pass imports is out of the collector's sight; what it makes is not."""

from __future__ import annotations

import gc
import importlib
from pathlib import Path

import pytest

from orchestration import collector


def test_what_is_imported_is_put_out_of_sight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lasting_things.py").write_text("THINGS = [[i] for i in range(5000)]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before = gc.get_freeze_count()
    with collector.at_rest():
        assert not gc.isenabled()
        importlib.import_module("lasting_things")
    assert gc.isenabled()
    assert gc.get_freeze_count() - before >= 5000
    gc.unfreeze()


def test_where_nothing_is_imported_garbage_stays_in_sight() -> None:
    before = gc.get_freeze_count()
    with collector.at_rest():
        made: list[object] = [[i] for i in range(5000)]
        made.append(made)
        del made
    assert gc.get_freeze_count() == before
    assert gc.collect() >= 5000


def test_the_collector_works_again_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collector.at_rest():
        raise ZeroDivisionError
    assert gc.isenabled()
