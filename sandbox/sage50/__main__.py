"""`python -m sandbox.sage50 --db FILE …`: what a person does at a Sage 50, one command at a time."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from pathlib import Path

from sandbox.sage50 import desk
from sandbox.sage50.company import SEED, BadSeedError, Sage50Company
from sandbox.sage50.exporting import export
from sandbox.sage50.faults import KINDS, BadFaultError, switch_on
from sandbox.sage50.importing import import_file


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(
        prog="python -m sandbox.sage50", description="A Sage 50 on this machine."
    )
    arguments.add_argument("--db", type=Path, required=True, help="the company's file")
    arguments.add_argument(
        "--now", help="the clock, UTC, for example 2011-10-02T18:00:00; else the machine's"
    )
    commands = arguments.add_subparsers(dest="command", required=True)
    make = commands.add_parser("seed", help="make a company from a folder of CSV files")
    make.add_argument("folder", type=Path, nargs="?", default=SEED)
    commands.add_parser("import", help="import an audit-trail file").add_argument("file", type=Path)
    commands.add_parser("export", help="write the tables as CSV").add_argument("folder", type=Path)
    commands.add_parser("set", help="change a setting of the company").add_argument(
        "setting", help="name=value"
    )
    fault = commands.add_parser("fault", help="switch a fault on")
    fault.add_argument("fault", help="; ".join(f"{kind}:{words}" for kind, words in KINDS.items()))
    for name in ("delete", "reconcile"):
        commands.add_parser(name, help=f"{name} a transaction").add_argument("transaction", type=int)
    for name in ("hide", "show"):
        commands.add_parser(name, help=f"{name} a nominal account").add_argument("code")
    return arguments


def main() -> None:
    """Exit code 0: done. 1: the import was refused. 2: said in one line what was wrong with the command."""
    arguments = parser()
    given = arguments.parse_args()
    try:
        code = act(given)
    except (OSError, BadSeedError, BadFaultError, desk.NotThereError, KeyError, ValueError) as error:
        arguments.error(str(error))
    sys.exit(code)


def act(given: argparse.Namespace) -> int:
    now = datetime.fromisoformat(given.now) if given.now else datetime.now(UTC).replace(tzinfo=None)
    if given.command == "seed":
        Sage50Company.create(given.db, given.folder).close()
        return 0
    with Sage50Company.open(given.db) as company:
        match given.command:
            case "import":
                return _import(company, given.file, now)
            case "export":
                for name, rows in export(company, given.folder).items():
                    print(f"{name}.csv: {rows} rows")
            case "set":
                name, _, value = given.setting.partition("=")
                company.set_setting(name, value)
            case "fault":
                switch_on(company, given.fault)
            case "delete":
                desk.delete(company, given.transaction)
            case "reconcile":
                desk.reconcile(company, given.transaction, date(now.year, now.month, now.day))
            case "hide" | "show":
                desk.hide_nominal(company, given.code, hidden=given.command == "hide")
    return 0


def _import(company: Sage50Company, file: Path, now: datetime) -> int:
    result = import_file(company, file.read_bytes(), now=now, file_name=file.name)
    for line, words in result.refused:
        print(f"row {line}: {words}")
    for note in result.notes:
        print(note)
    print(f"{result.imported} transactions imported, {len(result.refused)} rows refused")
    return 1 if result.refused else 0


if __name__ == "__main__":
    main()
