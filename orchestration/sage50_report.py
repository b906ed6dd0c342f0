"""`tillproof sage50`: a file written, rehearsed, looked for and given up, each told as a report."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from orchestration.files import put_text
from orchestration.ledgers.sage50_books import Sage50Books
from orchestration.ledgers.sage50_export import open_export
from orchestration.ledgers.sage50_file import amount, digest_of, read
from orchestration.ledgers.sage50_rehearsal import rehearse
from orchestration.ledgers.sage50_sheet import sheet, totals
from orchestration.operations import Operations
from orchestration.posting import batches
from orchestration.posting.batches import OUTCOMES, Batch, ReadBack
from orchestration.posting_run import alone, dry_run, members_of, newest, newest_urn
from orchestration.settings import Settings

Report = dict[str, Any]
SHOWN = 25
UNFINISHED = ".unfinished"


class FileThereError(Exception):
    """A file of that name is there and is another."""


class UnknownFileError(Exception):
    """An import file of ours lies there that the store knows nothing of: it may have been imported."""


def look_at_export(settings: Settings, folder: Path | None = None) -> Report:
    """What an export holds. Raises ExportRefusedError; changes nothing."""
    sage = settings.sage50_at_home()
    with open_export(folder or sage.export_folder, sage) as export:
        return {
            "folder": str(export.folder),
            "exported_at": export.exported_at.isoformat(),
            "digest": export.digest,
            "rows": export.rows,
        }


def rehearsed(settings: Settings, file: Path) -> Report:
    """Everything that speaks against importing a file, whoever wrote it. Raises ExportRefusedError, OSError."""
    sage = settings.sage50_at_home()
    content = file.read_bytes()
    with open_export(sage.export_folder, sage) as export, Operations.open(settings.operations) as operations:
        books = Sage50Books(export, sage)
        refusals = rehearse(content, books, sage)
        rows, _ = read(content, sage)
        known = [batch for batch, _ in batches.batches(operations, settings.company_id)]
    same = [batch.name for batch in known if batch.file_digest == digest_of(content)]
    return {
        "file": str(file),
        "rows": len(rows),
        "batch": same[0] if same else None,
        "exported_at": books.exported_at.isoformat(),
        "refused": [vars(refusal) for refusal in refusals],
    }


def write(settings: Settings, *, apply: bool) -> Report:
    """The next import file with its sheet: what it holds and what is left out; with `apply` it is written.

    Raises NothingPublishedError, PostingInProgressError, ExportRefusedError, NotRehearsedError, FileThereError,
    UnknownFileError.
    """
    sage = settings.sage50_at_home()
    publication = newest(settings)
    with (
        alone(settings.home),
        Operations.open(settings.operations) as operations,
        open_export(sage.export_folder, sage) as export,
    ):
        folder = sage.import_folder
        _finish(operations, settings.company_id, folder)
        _must_know_all(operations, folder)
        books = Sage50Books(export, sage)
        decisions = dry_run(settings, operations)
        seen = newest_urn(settings.published, publication)
        found = batches.draft(
            operations, books, decisions, sage, company_id=settings.company_id, seen_urn=seen
        )
        batch = found.batch
        if apply and batch is not None:
            batches.commit(
                operations,
                found,
                decisions,
                publication_number=publication.number,
                members=members_of(settings, publication),
                before=lambda one: _put_aside(folder, one, _sheet_of(one, sage)),
            )
            _show(folder, batch)
    held = Counter(one.code for one in decisions if not one.goes)
    return {
        "publication": publication.number,
        "exported_at": books.exported_at.isoformat(),
        "batch": batch.name if batch else None,
        "is_canary": found.is_canary and batch is not None,
        "file": str(folder / batch.file_name) if batch else None,
        "sheet": str(folder / _sheet_name(batch)) if batch else None,
        "file_digest": batch.file_digest if batch else None,
        "written": apply and batch is not None,
        "documents": len(found.chosen),
        "rows": len(batch.rows) if batch else 0,
        "totals": [list(total) for total in totals(batch.rows)] if batch else [],
        "waiting": found.waiting,
        "left_out": [
            {
                "posting_key": one.decision.posting_key,
                "store_id": one.decision.proposal.store_id,
                "receipt_no": one.decision.proposal.receipt_no,
                "reason": one.reason,
                "refusals": [vars(refusal) for refusal in one.refusals],
            }
            for one in found.unwritten
        ],
        "held": dict(held),
    }


def _sheet_of(batch: Batch, sage: Any) -> str:
    return sheet(
        name=batch.name,
        file_name=batch.file_name,
        file_digest=batch.file_digest,
        company_id=batch.company_id,
        documents=len(batch.members),
        rows=batch.rows,
        written_at=batch.written_at,
        exported_at=batch.exported_at,
        settings=sage,
    )


def _sheet_name(batch: Batch) -> str:
    return f"{Path(batch.file_name).stem}.txt"


def _put_aside(folder: Path, batch: Batch, page: str) -> None:
    """The file under a name no import screen shows, and its sheet: the store is written after them."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / batch.file_name
    if place.exists() and place.read_bytes() != batch.content:
        raise FileThereError(f"{place} is there already, and is another file")
    unfinished = place.with_name(place.name + UNFINISHED)
    with unfinished.open("wb") as file:
        file.write(batch.content)
        file.flush()
        os.fsync(file.fileno())
    put_text(folder / _sheet_name(batch), page)


def _show(folder: Path, batch: Batch) -> None:
    place = folder / batch.file_name
    place.with_name(place.name + UNFINISHED).replace(place)


def _finish(operations: Operations, company_id: str, folder: Path) -> None:
    """Take up what a killed process left: a file the store knows is shown, another was never meant for anyone."""
    left = list(folder.glob(f"*.csv{UNFINISHED}")) if folder.is_dir() else []
    if not left:
        return
    known = {batch.file_name: batch for batch, _ in batches.batches(operations, company_id)}
    for unfinished in left:
        name = unfinished.name.removesuffix(UNFINISHED)
        batch = known.get(name)
        if batch is not None and unfinished.read_bytes() == batch.content:
            unfinished.replace(folder / name)
        else:
            unfinished.unlink()
            (folder / name).with_suffix(".txt").unlink(missing_ok=True)


def _must_know_all(operations: Operations, folder: Path) -> None:
    """Refuse to write beside a file that no batch accounts for, as after a backup of the store was put back."""
    there = sorted(file.name for file in folder.glob("tillproof-B-*.csv"))
    strange = [name for name in there if not batches.was_written(operations, name)]
    if strange:
        raise UnknownFileError(
            f"{folder} has {', '.join(strange)}, of which operations.sqlite knows nothing: was an older backup of it "
            "put back? What is in that file may be in Sage: look there, export anew if it is, then move the file away"
        )


def verify(settings: Settings) -> Report:
    """Every file held against the newest export, row by row. Raises ExportRefusedError, PostingInProgressError."""
    sage = settings.sage50_at_home()
    with (
        alone(settings.home),
        Operations.open(settings.operations) as operations,
        open_export(sage.export_folder, sage) as export,
    ):
        _finish(operations, settings.company_id, sage.import_folder)
        books = Sage50Books(export, sage)
        found = batches.read_back(operations, books, settings.company_id)
    return {
        "exported_at": books.exported_at.isoformat(),
        "batches": [_told(one) for one in found],
        "is_well": all(one.outcome == "imported" for one in found),
    }


def _told(one: ReadBack) -> Report:
    batch = one.batch
    return {
        "batch": batch.name,
        "file": batch.file_name,
        "written_at": batch.written_at.isoformat(),
        "outcome": one.outcome,
        "is_export_older": one.is_export_older,
        "documents": sum(one.states.values()),
        "states": dict(one.states),
        "rows": dict(Counter(row.state for row in one.rows)),
        "not_as_written": [
            {
                "row": row.row,
                "state": row.state,
                "posting_key": row.posting_key,
                "type": batch.row(row.row).type,
                "nominal": batch.row(row.row).nominal,
                "net": amount(batch.row(row.row).net_pence),
                "tax": amount(batch.row(row.row).tax_pence),
                "transactions": list(row.transactions),
            }
            for row in one.rows
            if row.state != "once"
        ],
        "differences": one.differences,
    }


def release(settings: Settings, name: str, *, by: str, reason: str) -> Report:
    """Free what Sage lacks of a batch for a new file. Raises OperationsError, ExportRefusedError."""
    sage = settings.sage50_at_home()
    with (
        alone(settings.home),
        Operations.open(settings.operations) as operations,
        open_export(sage.export_folder, sage) as export,
    ):
        books = Sage50Books(export, sage)
        acting = operations.acting_as(settings.access.local(by))
        batch, freed = batches.release(acting, books, settings.company_id, name, by=by, reason=reason)
    place = sage.import_folder / batch.file_name
    return {"batch": batch.name, "freed": len(freed), "file_is_there": place.exists(), "file": str(place)}


# for a person


def render_write(report: Report, console: Console) -> None:
    if report["batch"]:
        said = "was written" if report["written"] else "would be written"
        console.print(
            f"Batch {report['batch']} {said}: {report['documents']} documents, {report['rows']} rows."
        )
        for type_, code, count, net, tax in report["totals"]:
            console.print(
                f"  {type_} {code:<4}{count:>6} rows  net {amount(net):>14}  tax {amount(tax):>12}",
                highlight=False,
            )
        if report["is_canary"]:
            console.print("The first file holds one document: when it is read back, the rest goes.")
    else:
        console.print("There is nothing to write.")
    if report["waiting"]:
        console.print(f"{report['waiting']} more documents wait for the next file.")
    for one in report["left_out"][:SHOWN]:
        console.print(
            escape(f"left out  {one['store_id']} {one['receipt_no']}: {one['reason']}"), highlight=False
        )
    if len(report["left_out"]) > SHOWN:
        console.print(f"… and {len(report['left_out']) - SHOWN} more; --json lists them all.")
    for code, count in sorted(report["held"].items()):
        console.print(f"held {count:>5}  {code}", highlight=False)
    if report["written"]:
        console.print(f"File  {report['file']}\nSheet {report['sheet']}", highlight=False, soft_wrap=True)
    elif report["batch"]:
        console.print("Nothing was written: this is a dry run. --apply writes it.")


def render_rehearsal(report: Report, console: Console) -> None:
    console.print(escape(f"{report['file']}: {report['rows']} rows"), highlight=False, soft_wrap=True)
    if report["batch"]:
        console.print(f"It is the file of batch {report['batch']}, written before.")
    for one in report["refused"]:
        place = f"row {one['row']}" if one["row"] else "the file"
        place += f", column {one['column']}" if one["column"] else ""
        console.print(escape(f"{place}: {one['reason']}"), highlight=False, soft_wrap=True)
    if not report["refused"]:
        console.print(
            f"Nothing speaks against importing it, as of the export of {report['exported_at']} UTC."
        )


def render_verify(report: Report, console: Console) -> None:
    if not report["batches"]:
        console.print("No file was written yet.")
    for one in report["batches"]:
        rows = ", ".join(f"{count} {state}" for state, count in sorted(one["rows"].items()))
        words = OUTCOMES[one["outcome"]]
        console.print(f"{one['batch']}  {one['outcome']}: {words}. Rows: {rows}.", highlight=False)
        if one["is_export_older"]:
            console.print("  The export is older than the file and knows nothing of it: export again.")
        for row in one["not_as_written"][:SHOWN]:
            where = ", ".join(map(str, row["transactions"])) or "no transaction"
            console.print(
                f"  row {row['row']}: {row['type']} {row['nominal']} {row['net']} + {row['tax']} is {row['state']}"
                f" ({where}), {row['posting_key']}",
                highlight=False,
                soft_wrap=True,
            )
        for key, words in sorted(one["differences"].items())[:SHOWN]:
            console.print(escape(f"  {key}: {words}"), highlight=False, soft_wrap=True)


def render_release(report: Report, console: Console) -> None:
    console.print(f"{report['freed']} documents of {report['batch']} may go in a new file.", highlight=False)
    if report["file_is_there"]:
        console.print(f"Delete {report['file']}: imported now, it would post them twice.", soft_wrap=True)


def render_export(report: Report, console: Console) -> None:
    console.print(f"The export in {report['folder']} holds together.", highlight=False, soft_wrap=True)
    for name, count in report["rows"].items():
        console.print(f"  {name:<16}{count:>9} rows", highlight=False)
