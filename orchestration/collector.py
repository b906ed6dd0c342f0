"""Python's collector of garbage, kept from looking through what lasts as long as the process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def at_rest() -> Iterator[None]:
    """Loading makes a million lasting objects and no garbage: looking for some, then and later, costs a second.

    Where nothing had to be imported, nothing is put out of sight: a process that makes many passes must not keep
    each one's garbage.
    """
    imported = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > imported:
            gc.freeze()
        gc.enable()
