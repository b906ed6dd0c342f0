"""Reading a little ahead: the next pages travel while the last ones are being landed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class _Failed:
    def __init__(self, failure: BaseException) -> None:
        self.failure = failure


_END = object()


def read_ahead(items: Iterable[T], depth: int = 2) -> Iterator[T]:
    """The same items in the same order, up to `depth` of them fetched before they are wanted.

    What fetching raises is raised here, after the items that came before it. When the caller stops early,
    fetching stops after the item it is at.
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
    is_given_up = threading.Event()

    def offer(item: object) -> bool:
        while not is_given_up.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def fetch() -> None:
        try:
            for item in items:
                if not offer(item):
                    return
        except BaseException as failure:
            offer(_Failed(failure))
        else:
            offer(_END)

    fetching = threading.Thread(target=fetch, name="read-ahead", daemon=True)
    fetching.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, _Failed):
                raise item.failure
            yield item  # type: ignore[misc]
    finally:
        is_given_up.set()
        fetching.join(timeout=5)
