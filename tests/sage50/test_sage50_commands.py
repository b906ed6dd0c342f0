"""`tillproof sage50`, as the person at the import screen meets it: written, rehearsed, imported, found again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sage50_world import MAPPINGS, document, tables
from typer.testing import CliRunner, Result

from orchestration import sage50_report
from orchestration.cli import app
from orchestration.files import put_text
from orchestration.operations import Operations
from orchestration.settings import load
from sandbox.sage50.company import Sage50Company
from sandbox.sage50.exporting import export
from sandbox.sage50.importing import import_file

Run = Callable[..., Result]
SIGNED = ("--by", "Fay Finance", "--reason", "the file is deleted")


def publish(home: Path, documents: list, number: int = 1) -> None:
    """The tables that posting reads of a publication."""
    proposals, legs = tables(documents)
    given = {
        "posting_proposals": proposals,
        "posting_proposal_legs": legs,
        "ledger_documents": pa.table({"urn": pa.array([], pa.int64())}),
    }
    listed = {}
    for model, table in given.items():
        place = home / "published" / f"{model}-{number}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, place)
        listed[model] = [{"path": place.name, "rows": table.num_rows, "digest": "", "month": None}]
    told = {
        "publication": number,
        "pass_number": number,
        "as_of": "2011-02-11T12:00:00",
        "pending_documents": 0,
    }
    put_text(home / "published" / f"{number}.json", json.dumps({**told, "tables": listed}))
    put_text(home / "published" / "current", str(number))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    (place / "tillproof.toml").write_text('company_id = "DGS"\n[sage50]\ncanary = false\n', encoding="utf-8")
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    for name, text in MAPPINGS.items():
        (mappings / f"{name}.csv").write_text(text, encoding="utf-8")
    with Operations.open(load(place).operations) as operations:
        operations.import_mappings(mappings, "Ann", "set-up")
        operations.enable_posting("DGS", "Fay", "go live")
    publish(place, [document("1001"), document("1001", "receipt"), document("1002", store_id="S02")])
    return place


@pytest.fixture
def company(tmp_path: Path, home: Path) -> Sage50Company:
    made = Sage50Company.create(tmp_path / "sage50.sqlite")
    export(made, home / "sage50" / "export")
    return made


@pytest.fixture
def tillproof(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str | Path, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["sage50", *map(str, words)])
        assert result.exit_code == code, result.output
        return result

    return run


def later(home: Path, time_s: float | None = None) -> None:
    """The export is of that time (seconds since 1970), or from a minute after now, whatever the clock said."""
    import os
    import time

    at = time.time() + 60 if time_s is None else time_s
    for file in (home / "sage50" / "export").iterdir():
        os.utime(file, (at, at))


def test_a_file_goes_the_whole_way(home: Path, company: Sage50Company, tillproof: Run) -> None:
    dry = tillproof("write")
    assert "would be written: 2 documents, 2 rows" in dry.stdout and "Nothing was written" in dry.stdout
    assert "held     1  writer_changed" in dry.stdout
    assert not (home / "sage50" / "import").exists()
    told = json.loads(tillproof("write", "--apply", "--json").stdout)
    file, page = Path(told["file"]), Path(told["sheet"]).read_text(encoding="utf-8")
    assert [path.suffix for path in sorted(file.parent.iterdir())] == [".csv", ".txt"]
    for words in (
        told["batch"],
        told["file_digest"],
        "2 rows of 2 documents",
        "Back up",
        "Never import this file",
    ):
        assert words in page
    assert f"{'SI sales invoice':<30}{'T1':<10}{1:>7}{'100.00':>15}{'20.00':>13}" in page
    assert f"{'SA sales receipt on account':<30}{'T9':<10}{1:>7}{'120.00':>15}{'0.00':>13}" in page
    assert max(map(len, page.splitlines())) <= 100

    assert "Nothing speaks against importing it" in tillproof("rehearse", file).stdout
    assert f"It is the file of batch {told['batch']}" in tillproof("rehearse", file).stdout
    (batch,) = json.loads(tillproof("verify", "--json", code=1).stdout)["batches"]
    written_at = datetime.fromisoformat(batch["written_at"] + "+00:00").timestamp()
    for time_s in (written_at - 60, written_at):
        later(home, time_s)
        assert "The export is older than the file" in tillproof("verify", code=1).stdout
    assert import_file(company, file.read_bytes(), now=_now()).imported == 2
    export(company, home / "sage50" / "export")
    later(home)
    assert "imported: every row is in Sage once, and right" in tillproof("verify").stdout
    again = tillproof("rehearse", file, code=1)
    assert "row 2, column Extra Reference" in again.stdout and "as transaction 1" in again.stdout
    assert "There is nothing to write" in tillproof("write").stdout


def _now():
    return datetime(2011, 2, 12, 9)  # noqa: DTZ001


def test_a_file_nobody_imported_is_given_up_by_name(
    home: Path, company: Sage50Company, tillproof: Run
) -> None:
    batch = json.loads(tillproof("write", "--apply", "--json").stdout)["batch"]
    assert "say who does it" in tillproof("release", batch, code=2).output
    assert "export Sage's tables again" in " ".join(
        tillproof("release", batch, *SIGNED, code=2).output.split()
    )
    later(home)
    released = tillproof("release", batch.lower(), *SIGNED)
    assert "2 documents" in released.stdout and "Delete " in released.stdout
    assert "there is no batch B-NONE" in " ".join(
        tillproof("release", "B-NONE", *SIGNED, code=2).output.split()
    )
    assert "2 documents" in tillproof("write").stdout


def test_killed_between_the_store_and_the_file_the_next_command_finishes(
    home: Path, company: Sage50Company, tillproof: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sage50_report, "_show", killed)
        with pytest.raises(KeyboardInterrupt):
            sage50_report.write(load(home), apply=True)
    folder = home / "sage50" / "import"
    assert [file.suffix for file in sorted(folder.iterdir())] == [".unfinished", ".txt"]
    tillproof("verify", code=1)
    (file,) = folder.glob("*.csv")
    assert file.read_bytes().count(b"\r\n") == 3
    assert "There is nothing to write" in tillproof("write", "--apply").stdout, (
        "what is in a file goes in no other"
    )


def test_killed_before_the_store_nothing_is_left_to_import(
    home: Path, company: Sage50Company, tillproof: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.operations.intents import IntentStore

    record = IntentStore.record_many

    def killed(self: IntentStore, steps: list, payloads: dict, durable: bool = True) -> list:
        if any(step.event == "silence" for step in steps):
            raise KeyboardInterrupt
        return record(self, steps, payloads, durable)

    with monkeypatch.context() as patched:
        patched.setattr(IntentStore, "record_many", killed)
        with pytest.raises(KeyboardInterrupt):
            sage50_report.write(load(home), apply=True)
    assert "2 documents" in tillproof("write").stdout
    assert list((home / "sage50" / "import").iterdir()) == []


def test_a_bad_export_is_refused_line_by_line(home: Path, company: Sage50Company, tillproof: Run) -> None:
    assert "holds together" in tillproof("export").stdout
    file = home / "sage50" / "export" / "NOMINAL_LEDGER.csv"
    file.write_text(file.read_text().replace(",0\n", ",x\n"))
    for words in (("export",), ("write",), ("verify",)):
        refused = " ".join(tillproof(*words, code=2).output.split())
        assert "NOMINAL_LEDGER.csv, row 2, column INACTIVE_FLAG: 'x' is no whole number" in refused
        assert "NOMINAL_LEDGER.csv, row 3" in refused


def test_a_file_that_is_not_there_is_said(home: Path, company: Sage50Company, tillproof: Run) -> None:
    assert "nowhere.csv" in tillproof("rehearse", "nowhere.csv", code=2).output


def test_beside_a_file_that_the_store_knows_nothing_of_none_is_written(
    home: Path, company: Sage50Company, tillproof: Run
) -> None:
    """An older backup of the store was put back; what the file holds may be in Sage, and the export may be older."""
    store, backup = home / "operations.sqlite", home / "backup.sqlite"
    with sqlite3.connect(store) as held, sqlite3.connect(backup) as kept:
        held.backup(kept)
    file = Path(json.loads(tillproof("write", "--apply", "--json").stdout)["file"])
    for left in home.glob("operations.sqlite*"):
        left.unlink()
    backup.rename(store)
    refused = tillproof("write", "--apply", code=2)
    told = " ".join(refused.stderr.split())
    assert file.name in told and "was an older backup of it put back" in told
    assert list(file.parent.glob("*.csv")) == [file]
    file.rename(file.with_suffix(".seen"))
    assert json.loads(tillproof("write", "--apply", "--json").stdout)["written"]
