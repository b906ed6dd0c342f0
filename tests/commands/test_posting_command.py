"""`tillproof posting`: whether anything may be sent is one person's word, on record, and told whole."""

from __future__ import annotations

import pytest
from commands_home import SIGNED

from orchestration.operations import Operations


@pytest.fixture
def store(home, described):
    with Operations.open(home / "operations.sqlite") as operations:
        yield operations


def actions(store: Operations) -> list[tuple[str, str, str]]:
    return [
        (row["action"], row["author"], row["reason"])
        for row in store.audit_log("DGS")
        if "mapping" not in row["action"]
    ]


def test_before_anything_is_described_the_status_says_how_to_begin(told, tillproof):
    assert not told("posting", "status")["is_known"]
    assert "tillproof mappings import" in " ".join(tillproof("posting", "status").stdout.split())


def test_posting_is_off_until_it_is_switched_on_and_says_by_whom(told, tillproof, store):
    (company,) = told("posting", "status")["companies"]
    assert (company["posting"], company["by"]) == ("off", None)
    report = told("posting", "on", *SIGNED)
    assert report["changed"] and report["companies"][0]["posting"] == "on"
    assert (report["companies"][0]["by"], report["companies"][0]["reason"]) == (
        "Fay Finance",
        "go live [agreed]",
    )
    assert store.is_posting_enabled("DGS")
    assert not told("posting", "on", *SIGNED)["changed"]
    told("posting", "off", "--by", "Ann", "--reason", "year end")
    assert not store.is_posting_enabled("DGS")
    assert actions(store) == [
        ("enable posting", "Fay Finance", "go live [agreed]"),
        ("disable posting", "Ann", "year end"),
    ]
    words = " ".join(tillproof("posting", "status").stdout.split())
    assert "posting is off, since" in words and "by Ann: year end" in words


def test_each_hand_needs_a_name_and_a_reason(tillproof, store):
    for command in (["on"], ["off"], ["stop", "S01"], ["lift", "S01"]):
        result = tillproof("posting", *command, "--by", "Fay")
        assert result.exit_code == 2
        assert "--by NAME --reason TEXT" in result.stderr
    assert actions(store) == []


def test_nobody_signs_as_the_poster_or_with_more_than_the_log_holds(tillproof, store):
    for name, words in (("Tillproof", "your own name"), ("F" * 81, "longer than 80")):
        result = tillproof("posting", "on", "--by", name, "--reason", "go live")
        assert result.exit_code == 2
        assert words in " ".join(result.stderr.split())
    assert actions(store) == []


def test_a_store_that_cannot_be_opened_is_a_clear_end(tillproof, home):
    (home / "tillproof.toml").write_text(
        'company_id = "DGS"\noperations_url = "no-such-database://x"\n', encoding="utf-8"
    )
    result = tillproof("posting", "status")
    assert result.exit_code == 2
    assert "the operations store no-such-database://x cannot be used" in " ".join(result.stderr.split())


def test_a_stop_is_told_with_its_hand_and_lifted_by_another(told, tillproof, store):
    store.stop_store("DGS", "S02", "2 copies of TPA")
    told("posting", "stop", "S01", "--by", "Ann", "--reason", "till [3] is broken")
    stops = {stop["store_id"]: stop for stop in told("posting", "status")["stops"]}
    assert (stops["S01"]["by"], stops["S01"]["by_what"]) == ("Ann", "a person")
    assert stops["S02"]["by_what"] == "the poster"
    words = " ".join(tillproof("posting", "status").stdout.split())
    assert "store S01: till [3] is broken" in words and "by the poster itself" in words
    report = told("posting", "lift", "S01", *SIGNED)
    assert [stop["store_id"] for stop in report["stops"]] == ["S02"]
    assert store.active_stops("DGS") == {"S02": ("2 copies of TPA",)}
    assert actions(store)[-1] == ("lift stop", "Fay Finance", "go live [agreed]")
    assert "till [3] is broken" in store.audit_log("DGS")[-1]["before"]


def test_the_stop_of_the_whole_company_is_its_own(told, tillproof, store):
    told("posting", "stop", "--whole-company", "--by", "Ann", "--reason", "stocktake")
    assert store.active_stops("DGS") == {"*": ("stocktake",)}
    refused = tillproof("posting", "lift", "S01", *SIGNED)
    assert refused.exit_code == 2 and "the whole company" in refused.stderr
    assert told("posting", "lift", "--whole-company", *SIGNED)["stops"] == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["stop", "S09"], "there are: S01, S02"),
        (["lift", "S01"], "no stop is in force for store S01"),
        (["stop"], "name one store, or say --whole-company"),
        (["lift", "S01", "--whole-company"], "name one store, or say --whole-company"),
        (["on", "--company", "ELSE"], "company 'ELSE' is not known"),
        (["stop", "S01", "--company", "ELSE"], "no store of company 'ELSE' is known"),
    ],
)
def test_what_would_do_nothing_is_refused_with_the_way_out(tillproof, store, command, words):
    result = tillproof("posting", *command, *SIGNED)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert actions(store) == []
