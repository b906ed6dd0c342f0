"""`tillproof verify`: 0 when the record holds, 1 when it does not, 2 when Sage could not be asked."""

from __future__ import annotations

from sqlalchemy import text

from orchestration.operations import Operations
from orchestration.tranches import FOLDER, NO_MEMBERS, freeze


def test_a_record_that_holds_ends_well_and_says_how_far_it_goes(home, described, told, tillproof):
    report = told("verify", "--offline")
    assert report["agrees"] and report["chain"]["holds"] and report["confirmed"] is None
    assert "The record holds: 0 steps" in tillproof("verify", "--offline").stdout


def test_a_record_that_was_changed_is_named_and_ends_in_one(home, described, told, tillproof):
    with (
        Operations.open(home / "operations.sqlite") as operations,
        operations._database.write() as connection,
    ):
        connection.execute(text("update chain_heads set event_number = 7"))
    report = told("verify", "--offline", code=1)
    assert report["chain"]["broken"] == "the chain ends at event 0, its head says 7"
    assert "The record is not what was written" in tillproof("verify", "--offline").stdout


def test_what_a_summary_was_decided_with_and_is_not_what_was_written_ends_in_one(
    home, described, told, tillproof
):
    digest = freeze(home / "landing", NO_MEMBERS)
    assert told("verify", "--offline")["altered"] == []
    file = home / "landing" / FOLDER / f"{digest}.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert told("verify", "--offline", code=1)["altered"] == [file.name]
    assert f"is not what was written: {digest[:12]}" in " ".join(
        tillproof("verify", "--offline").stdout.split()
    )


def test_a_sage_that_cannot_be_asked_is_said_and_proves_nothing(home, described, tillproof):
    settings = home / "tillproof.toml"
    settings.write_text(
        settings.read_text()
        + '[sage200]\nbase_url = "http://127.0.0.1:9/"\ntoken_url = "http://127.0.0.1:9/t"\n'
        'client_id = "a"\nclient_secret = "b"\nrefresh_token = "c"\nsite_id = "d"\ncompany_id = 1\nmax_attempts = 1\n'
    )
    result = tillproof("verify")
    assert result.exit_code == 2 and "Sage did not answer" in " ".join(result.stderr.split())
