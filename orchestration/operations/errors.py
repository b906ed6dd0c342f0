"""What the operations store refuses, and why."""

from __future__ import annotations

from dataclasses import dataclass


class OperationsError(Exception):
    """The store was asked for something it may not or cannot do; nothing was changed."""


class FenceLostError(OperationsError):
    """Another worker moved the intent since it was read: whoever holds it now decides, not the caller."""


class ChainBrokenError(OperationsError):
    """The record of postings is not what was written: an event was changed, removed or put in."""


@dataclass(frozen=True)
class MappingError:
    """One thing wrong in a mapping file; `row` is the line number a spreadsheet shows (1 = heading, 0 = all of it)."""

    file: str
    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        where = self.file + (f" row {self.row}" if self.row else "")
        where += f", column {self.column}" if self.column else ""
        return f"{where}: {self.reason}"


class MappingsRefusedError(OperationsError):
    """One or more mapping files have errors; not one row of any file was taken."""

    def __init__(self, errors: list[MappingError]):
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in errors))
