"""A delivery: one file as it lay in the inbox, looked at once from its first byte to its last before it is
read."""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from orchestration.tills.profile import Profile

_CHUNK = 1 << 20
UNFINISHED_NAMES = (".part", ".tmp", ".filepart", ".crdownload", ".partial", "~")


class Refusal(Exception):  # noqa: N818 - said to a person about a file, not an error of ours
    """The whole file cannot be taken; the text says where and why, for the person who can mend it."""


@dataclass
class Delivery:
    """One file of one profile. `number` orders deliveries of one intake; `read_path` is what is read
    (UTF-8)."""

    path: Path
    source_file: str
    file_bytes: int
    modified_ns: int
    profile: Profile | None = None
    delivery_id: str = ""
    number: int = 0
    header: tuple[str, ...] = ()
    ends_with_newline: bool = True
    lines: int = 0
    newline: str = "\n"
    has_quotes: bool = False
    read_path: Path = field(default_factory=Path)
    notes: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """The watched folder, which is named for the store."""
        return PurePosixPath(self.source_file).parts[0] if "/" in self.source_file else ""


def find_files(inbox: Path) -> list[Delivery]:
    """Every file under the inbox, oldest change first; names that begin with a dot are not anybody's
    export."""
    found = []
    for folder, subfolders, names in os.walk(inbox):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in names:
            if name.startswith("."):
                continue
            path = Path(folder) / name
            state = path.stat()
            source_file = path.relative_to(inbox).as_posix()
            found.append(Delivery(path, source_file, state.st_size, state.st_mtime_ns, read_path=path))
    found.sort(key=lambda delivery: (delivery.modified_ns, delivery.source_file))
    for number, delivery in enumerate(found, start=1):
        delivery.number = number
    return found


def is_unfinished(delivery: Delivery, now: float) -> bool:
    """Whether the file is still being written: by its name, or because it changed a moment ago."""
    if delivery.source_file.casefold().endswith(UNFINISHED_NAMES):
        return True
    settle = delivery.profile.settle_seconds if delivery.profile else 0.0
    return now - delivery.modified_ns / 1e9 < settle


def identify(delivery: Delivery) -> None:
    """Give the delivery its id: the first 16 hex digits of the SHA-256 of its bytes."""
    whole = hashlib.sha256()
    with delivery.path.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            whole.update(chunk)
    delivery.delivery_id = whole.hexdigest()[:16]


def as_utf8(delivery: Delivery, unfinished: Path) -> None:
    """Make sure of the profile's encoding, byte by byte, and learn how lines end and how many there are.

    A file in another encoding, or with line ends of several kinds, is rewritten to `unfinished` and read from
    there. Raises Refusal, naming the row and the byte.
    """
    assert delivery.profile is not None
    encoding = delivery.profile.encoding
    with delivery.path.open("rb") as opened:
        start = opened.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not encoding.startswith("utf-16"):
        raise Refusal(f"row 1, byte 0: the file is UTF-16, the profile says {encoding}; save it as UTF-8")
    if start.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    feeds = returns = pairs = 0
    last = ""
    for text in _decoded(delivery.path, encoding):
        feeds += text.count("\n")
        returns += text.count("\r")
        pairs += text.count("\r\n") + (last == "\r" and text.startswith("\n"))
        delivery.has_quotes = delivery.has_quotes or '"' in text
        last = text[-1:] or last
    delivery.ends_with_newline = last in ("\n", "\r")
    delivery.lines = (feeds or returns) + (not delivery.ends_with_newline)
    is_mixed = feeds > 0 and returns > 0 and not feeds == returns == pairs
    delivery.newline = "\n" if returns == 0 or is_mixed else "\r\n" if feeds else "\r"
    if is_mixed or encoding not in ("utf-8", "utf-8-sig", "ascii"):
        with unfinished.open("w", encoding="utf-8", newline="") as target:
            carried = ""
            for text in _decoded(delivery.path, encoding):
                whole = carried + text
                carried = "\r" if is_mixed and whole.endswith("\r") else ""
                whole = whole.removesuffix(carried)
                target.write(whole.replace("\r\n", "\n") if is_mixed else whole)
            target.write(carried)
        delivery.read_path = unfinished
    elif any(sign in delivery.path.as_posix() for sign in "*?["):
        # the reader would take the name for a pattern
        shutil.copyfile(delivery.path, unfinished)
        delivery.read_path = unfinished


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    """The file as text, a piece at a time. Raises Refusal, naming the row and the byte."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    row, before = 1, 0
    with path.open("rb") as opened:
        while True:
            chunk = opened.read(_CHUNK)
            held = len(decoder.getstate()[0])
            try:
                yield decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                raise Refusal(_undecodable(error, encoding, row, before - held)) from error
            row += chunk.count(b"\n")
            before += len(chunk)
            if not chunk:
                return


def _undecodable(error: UnicodeDecodeError, encoding: str, row: int, before: int) -> str:
    bad = error.object[error.start]
    here = row + error.object[: error.start].count(b"\n")
    said = "UTF-8" if encoding.startswith("utf-8") else encoding
    text = f"row {here}, byte {before + error.start}: 0x{bad:02X} is not {said}"
    if encoding.startswith("utf-8"):
        likely = bytes([bad]).decode("windows-1252", errors="replace")
        text += f"; it looks like windows-1252 or latin-1 ({likely!r})."
        text += " Save the file as UTF-8, or set the profile's encoding"
    return text


def read_header(delivery: Delivery) -> None:
    """Take the headers of a CSV file and hold them to the profile. Raises Refusal, naming what is missing."""
    profile = delivery.profile
    assert profile is not None
    with delivery.read_path.open("r", encoding="utf-8-sig", newline="") as opened:
        first = opened.readline(_CHUNK)
    cells = _split(first, profile.delimiter)
    wanted = profile.tables[0].headers
    delivery.header = tuple(cells)
    found = {cell.casefold() for cell in cells}
    missing = [header for header in wanted if header.casefold() not in found]
    if missing:
        for other in (",", ";", "\t", "|"):
            others = {cell.casefold() for cell in _split(first, other)}
            if other != profile.delimiter and all(header.casefold() in others for header in wanted):
                raise Refusal(
                    f"row 1: wrong delimiter: columns are separated by {other!r}, not {profile.delimiter!r}"
                )
        known = {header.casefold() for header in profile.tables[0].columns.values()}
        extra = [cell for cell in cells if cell.casefold() not in known]
        unknown = f"; not in the profile: {', '.join(extra)}" if extra else ""
        raise Refusal(f"row 1: columns missing: {', '.join(missing)}{unknown}")
    twice = sorted(
        {cell for cell in cells if cells.count(cell) > 1 and cell in profile.tables[0].columns.values()}
    )
    if twice:
        raise Refusal(f"row 1: column {', '.join(twice)} is there more than once")
    known = {header.casefold() for header in profile.tables[0].columns.values()}
    extra = [cell for cell in cells if cell.casefold() not in known]
    if extra:
        delivery.notes.append(f"{len(extra)} further column(s) not in the profile: {', '.join(extra)}")


def _split(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])]
