"""Sage says our secrets back: none is in a log, the store, Dagster's books, a publication or a pack."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from traded_house import House, Receipt, built, mappings_of

from app.published import Published
from orchestration import closing, evidence_pack
from orchestration.close_settings import CloseSettings
from orchestration.files import sql_path
from orchestration.operations import Operations, PostingPolicy
from orchestration.posting_report import post
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
DAY: list[Receipt] = [
    ("1", f"100{number}", "SALE", f"2011-02-10 1{number}:00:00", [("MUG", 1000, "S")], [("CASH", 1200)])
    for number in range(3)
]
FEBRUARY = closing.period_of("DGS", "2011-02")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A shop whose Sage says every secret back, in reads and in replies to documents, until its documents are there."""
    policy = PostingPolicy(canary=False)
    with built(tmp_path_factory.mktemp("no_secret"), ["S01"], mappings_of(["S01"]), policy) as made:
        made.be_impatient()
        made.deliver(*DAY)
        made.judge()
        yield made


def secrets_of(house: House) -> list[str]:
    """What may be said nowhere: as it was configured, and as Sage has given it since."""
    kept = json.loads((house.home / "secrets" / "sage200_token.json").read_text(encoding="utf-8"))
    given = [kept["refresh_token"], kept["access_token"]]
    found = [house.running.client_secret, house.running.refresh_token, *given]
    assert all(len(one) > 8 for one in found)
    return found


def texts(file: Path) -> Iterator[str]:
    """What a file says: Parquet row by row, a workbook part by part, all else as it lies."""
    if file.suffix == ".parquet":
        with duckdb.connect() as connection:
            rows = connection.execute(f"select one::varchar from read_parquet('{sql_path(file)}') as one")
            yield "\n".join(row[0] or "" for row in rows.fetchall())
    elif file.suffix == ".duckdb":
        with duckdb.connect(file.as_posix(), read_only=True) as connection:
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables() where not internal"
            ).fetchall():
                rows = connection.execute(f'select one::varchar from "{schema}"."{name}" as one')
                yield "\n".join(row[0] or "" for row in rows.fetchall())
    else:
        content = file.read_bytes()
        yield content.decode("utf-8", errors="replace")
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                yield from (packed.read(name).decode("utf-8", errors="replace") for name in packed.namelist())


def test_no_secret_is_in_anything_that_is_kept_or_said(
    house: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secrets = secrets_of(house)
    echo = "cannot use " + " nor ".join(secrets)
    with caplog.at_level(logging.DEBUG):
        house.running.faults(
            {"kind": "lock", "message": f"locked by another user: {echo}", "count": 2},
            {"kind": "server_error", "message": echo, "method": "POST", "count": 1, "body": "text"},
            {"kind": "error_but_saved", "message": echo, "status": 400, "count": 1, "after": 1},
            {"kind": "server_error", "message": echo, "method": "GET", "count": 2},
            {"kind": "token_expired", "count": 1},
        )
        summaries = [house.send() for _ in range(3)]
        house.running.faults({"kind": "server_error", "message": echo, "method": "GET", "count": 2})
        house.judge()
        told = [post(house.settings), verify(house.settings, offline=False), summaries]
        with Operations.open(house.settings.operations) as operations:
            pack = evidence_pack.make(
                Published(house.home / "published"),
                operations,
                CloseSettings(),
                FEBRUARY,
                by="Fay",
                note="audit",
            )
            replies = [
                str(event)
                for intent in operations.intents.in_states(["proven"], "DGS")
                for event in operations.intents.events(intent.posting_key)
            ]
    secrets += secrets_of(house)
    (house.home / "pack.xlsx").write_bytes(pack.content)
    assert any("***" in reply for reply in replies), "Sage's words were never kept: nothing is tested"
    assert house.rows("select count(*) from postings where truth_right") == [(6,)]
    said = {"the log": caplog.text, "the screen": "".join(capfd.readouterr()), "the reports": repr(told)}
    own = {house.home / "tillproof.toml", house.home / "secrets" / "sage200_token.json"}
    files = [file for file in sorted(house.home.rglob("*")) if file.is_file() and file not in own]
    rooms = {file.relative_to(house.home).parts[0] for file in files}
    assert {"landing", "history", "published", "dagster", "operations.sqlite", "pack.xlsx"} <= rooms
    for file in files:
        said[str(file.relative_to(house.home))] = "\n".join(texts(file))
    assert [name for name, text in said.items() if any(secret in text for secret in secrets)] == []
