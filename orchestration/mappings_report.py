"""`tillproof mappings`: what an import would change or did, what was written out, and the log, told as reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from app.money import moment
from app.render import read_moment
from orchestration.operations import MappingError, MappingsRefusedError, Operations, RowChange
from orchestration.operations.mapping_columns import MAPPING_FILES
from orchestration.operations.mapping_import import counted, read

Report = dict[str, Any]
SHOWN = 40
KINDS = ("added", "changed", "ended", "unchanged")


class ExportRefusedError(Exception):
    """Files are in the way; nothing was written."""


def tables() -> list[str]:
    """The mapping files there are."""
    return [file.name for file in MAPPING_FILES]


def take_in(
    operations: Operations, place: Path, *, apply: bool, author: str = "", reason: str = ""
) -> Report:
    """What the files would change, and with `apply` change it, all or nothing."""
    given = read(place)
    changes, refused = operations.compare_mappings(given)
    if apply and not refused:
        try:
            changes = operations.take_mappings(given, author, reason)
        except MappingsRefusedError as error:  # somebody else changed the store in between
            refused = list(error.errors)
    bad = {(error.file, error.row) for error in refused}
    changes = [change for change in changes if (f"{change.table}.csv", change.line) not in bad]
    return {
        "from": str(place),
        "applied": apply and not refused,
        "tables": [
            {"table": done.table, **{kind: getattr(done, kind) for kind in KINDS}}
            for done in counted(changes)
        ],
        "changes": [_told(change) for change in changes if change.kind != "unchanged"],
        "refused": [_place(error) for error in refused],
        "notes": [_place(note) for note in given.notes],
    }


def write_out(operations: Operations, folder: Path, *, overwrite: bool = False) -> Report:
    """Write every mapping file. Raises ExportRefusedError where one is there and may not be overwritten."""
    if folder.exists() and not folder.is_dir():
        raise ExportRefusedError(f"{folder} is a file: name a folder")
    there = [f"{name}.csv" for name in tables() if (folder / f"{name}.csv").exists()]
    if there and not overwrite:
        raise ExportRefusedError(
            f"{folder} has {', '.join(there)} already: name another folder, or overwrite with --force"
        )
    written = operations.export_mappings(folder)
    files = [{"file": f"{table}.csv", "rows": rows} for table, rows in written.items()]
    return {"folder": str(folder), "files": files}


def log(operations: Operations, table: str | None, limit: int) -> Report:
    """The newest changes: who, when, which row, what differs from what it was, and why."""
    return {
        "table": table,
        "limit": limit,
        "changes": [
            {
                "at": f"{row['recorded_at'].isoformat()}Z",
                "by": row["author"],
                "reason": row["reason"],
                "action": row["action"],
                "table": row["table_name"],
                "key": row["row_key"],
                "before": json.loads(row["before"]) if row["before"] else None,
                "after": json.loads(row["after"]),
            }
            for row in operations.mapping_log(table, limit)
        ],
    }


def _told(change: RowChange) -> Report:
    return {
        "table": change.table,
        "row": change.line,
        "kind": change.kind,
        "key": change.row_key,
        "before": _plain(change.before),
        "after": _plain(change.after),
    }


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {name: value if isinstance(value, int | None) else str(value) for name, value in values.items()}


def _place(error: MappingError) -> Report:
    return {
        "file": error.file,
        "row": error.row or None,
        "column": error.column or None,
        "reason": error.reason,
    }


def differences(before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    """What is another than it was: `tax_code 1 → 7`; of a new row all that it says."""
    if before is None:
        return ", ".join(f"{name} {value}" for name, value in after.items() if value not in (None, ""))
    return ", ".join(
        f"{name} {_or_nothing(before.get(name))} → {_or_nothing(value)}"
        for name, value in after.items()
        if value != before.get(name)
    )


def _or_nothing(value: Any) -> str:
    return "nothing" if value in (None, "") else str(value)


def render_import(report: Report, console: Console) -> None:
    """The same for a person."""
    if report["tables"]:
        table = Table(title=f"Mappings from {escape(report['from'])}", title_justify="left")
        table.add_column("file")
        for kind in KINDS:
            table.add_column(kind, justify="right")
        for row in report["tables"]:
            table.add_row(f"{row['table']}.csv", *(str(row[kind]) for kind in KINDS))
        console.print(table)
    for change in report["changes"][:SHOWN]:
        told = differences(change["before"], change["after"])
        console.print(
            escape(f"{change['kind']:<8} {change['table']} row {change['row']}, {change['key']}: {told}"),
            highlight=False,
        )
    if len(report["changes"]) > SHOWN:
        console.print(f"… and {len(report['changes']) - SHOWN} more; --json lists them all.")
    for note in report["notes"]:
        console.print(f"[yellow]note[/yellow]     {escape(_sentence(note))}", highlight=False)
    for error in report["refused"]:
        console.print(f"[red]refused[/red]  {escape(_sentence(error))}", highlight=False)
    console.print(_outcome(report))


def _outcome(report: Report) -> str:
    if report["refused"]:
        return "Nothing was taken: mend what is refused and import again. One error and no file is taken."
    if report["applied"]:
        return "Taken. The next pass goes by it: tillproof run"
    if not report["changes"]:
        return "Nothing would change."
    return "Nothing was written: this is a dry run. --apply --by NAME --reason TEXT takes it."


def _sentence(told: Report) -> str:
    return str(MappingError(told["file"], told["row"] or 0, told["column"] or "", told["reason"]))


def render_export(report: Report, console: Console) -> None:
    """The same for a person."""
    for file in report["files"]:
        console.print(f"{file['rows']:>7} rows  {file['file']}", highlight=False)
    console.print(f"Written to {escape(report['folder'])}. tillproof mappings import takes them in again.")


def render_log(report: Report, console: Console) -> None:
    """The same for a person."""
    if not report["changes"]:
        console.print("No mapping was ever changed here.")
        return
    for change in report["changes"]:
        at = moment(read_moment(change["at"]))
        console.print(
            f"[bold]{at}  {escape(change['by'])}[/bold]: {escape(change['reason'])}", highlight=False
        )
        told = differences(change["before"], change["after"])
        console.print(
            escape(f"    {change['action']} in {change['table']}, {change['key']}: {told}"), highlight=False
        )
    if len(report["changes"]) == report["limit"]:
        console.print(f"Shown: the newest {report['limit']}. --limit shows more.")
