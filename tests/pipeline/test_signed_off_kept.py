"""A pass tells publishing which publications people signed, so that they are kept, and how far their numbers went."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from orchestration.defs.publishing import publication
from orchestration.operations import Operations


def test_a_pass_keeps_what_was_signed_until_it_is_taken_back_and_counts_on_from_what_is_known(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{(tmp_path / 'operations.sqlite').as_posix()}"
    days = {"date_from": date(2011, 2, 1), "date_to": date(2011, 2, 28)}
    with Operations.open(url) as operations:
        for number in (3, 7):
            operations.sign_off("DGS", "*", **days, publication_number=number, author="Fay", reason="x")
        operations.withdraw_sign_off("DGS", 1, author="Fay", reason="too early")
        assert operations.newest_publication() == 7
        operations.runs.begin("DGS", "post", 9, "a worker")
    asked: list[tuple[list[int], int]] = []

    def publish(*_: Any, signed_off: list[int], known_number: int, **__: Any) -> Any:
        asked.append((signed_off, known_number))
        return SimpleNamespace(number=8, pass_number=8, tables={}, digests={})

    @contextmanager
    def connect(*, read_only: bool) -> Any:
        yield None

    current = SimpleNamespace(
        settings=SimpleNamespace(operations=url, home=tmp_path),
        timed=lambda _: nullcontext(),
        publications=SimpleNamespace(publish=publish),
        history=SimpleNamespace(keep_published=lambda *_: None),
        pass_number=8,
        as_of=datetime(2011, 8, 31),  # noqa: DTZ001
        seconds={},
    )
    warehouse = SimpleNamespace(connect=connect, keeps_days=lambda: False)
    publication(current=current, warehouse=warehouse)
    assert asked == [([7], 9)]
