"""Python's collector of garbage, kept from looking through what lasts as long as the process."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """Loading makes a million lasting objects and no garbage: looking for some, then and later, costs a second."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
