"""Files that are wrong on purpose. Each is a copy of something delivered well elsewhere, so that no money
is lost.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_flawed(inbox: Path) -> int:
    """Drop the bad files of FORMATS.md among the fortnight's good ones; returns how many."""
    duplicate = _first(inbox, "S01/sales_2011-08-19_*.csv")
    shutil.copy2(duplicate, duplicate.with_name(f"{duplicate.stem} (1).csv"))

    empty = inbox / "S01" / "sales_2011-08-23_00.csv"
    empty.write_bytes(b"")

    whole = _first(inbox, "S05/receipts_2011-08-24_*.xml")
    truncated = inbox / "S05" / "receipts_2011-08-24_resend.xml"
    content = whole.read_bytes()
    truncated.write_bytes(content[: content.rindex(b"<Line") + 20])

    drifted_from = _first(inbox, "S02/sales_2011-08-25_*.csv")
    drifted = inbox / "S02" / "sales_2011-08-25_resend.csv"
    head, _, rows = drifted_from.read_bytes().partition(b"\n")
    drifted.write_bytes(
        head.replace(b",Qty,", b",Quantity,").replace(b",Net,", b",NetAmount,") + b"\n" + rows
    )

    delimited_from = _first(inbox, "S03/sales_2011-08-26_*.csv")
    delimited = inbox / "S03" / "sales_2011-08-26_resend.csv"
    delimited.write_bytes(delimited_from.read_bytes().replace(b",", b" ").replace(b";", b","))

    encoded_from = inbox / "S02" / "products.csv"
    encoded = inbox / "S02" / "products_resend.csv"
    encoded.write_bytes(encoded_from.read_text(encoding="utf-8").encode("latin-1"))

    made = {
        empty: duplicate,
        truncated: whole,
        drifted: drifted_from,
        delimited: delimited_from,
        encoded: encoded_from,
    }
    for path, source in made.items():
        shutil.copystat(source, path)
        os.utime(path, ns=(source.stat().st_mtime_ns, source.stat().st_mtime_ns))
    return len(made) + 1


def _first(inbox: Path, pattern: str) -> Path:
    return min(path for path in inbox.glob(pattern) if "(" not in path.name and "resend" not in path.name)
