"""`tillproof mappings`: a dry run first, then all or nothing, and always who and why."""

from __future__ import annotations

import re

from commands_home import COMPANIES, SIGNED, STORES


def kinds(report: dict) -> dict[str, list[str]]:
    return {change["kind"]: [change["table"], change["key"]] for change in report["changes"]}


def test_a_dry_run_shows_what_would_change_and_writes_nothing(told, tillproof, folder):
    report = told("mappings", "import", folder)
    assert (report["applied"], report["refused"]) == (False, [])
    assert [(row["table"], row["added"]) for row in report["tables"]] == [("companies", 1), ("stores", 2)]
    assert "dry run" in tillproof("mappings", "import", folder).stdout
    assert told("mappings", "log")["changes"] == []


def test_what_is_applied_is_written_with_who_and_why(told, folder):
    assert told("mappings", "import", folder, "--apply", *SIGNED)["applied"]
    assert told("mappings", "import", folder)["changes"] == []
    newest = told("mappings", "log", "--limit", "1")["changes"][0]
    assert (newest["by"], newest["reason"]) == ("Fay Finance", "go live [agreed]")


def test_nothing_is_applied_without_a_name_and_a_reason(tillproof, told, folder):
    for signed in ([], ["--by", "Fay"], ["--by", "Fay", "--reason", " "], ["--reason", "go live"]):
        result = tillproof("mappings", "import", folder, "--apply", *signed)
        assert result.exit_code == 2
        assert "--by NAME --reason TEXT" in result.stderr
    assert told("mappings", "log")["changes"] == []


def test_one_file_alone_is_enough_and_added_changed_and_ended_are_told_apart(
    told, tillproof, described, folder
):
    file = folder / "stores.csv"
    file.write_text(
        STORES.replace("York", "York Minster").replace("S01,,2010-01-01,", "S01,,2010-01-01,2011-05-31")
        + "DGS,S03,S03,Bath,Europe/London,0,GBP,TILL03,S03,,2011-06-01,\n",
        encoding="utf-8",
    )
    assert kinds(told("mappings", "import", file)) == {
        "changed": ["stores", "DGS|S02|2010-01-01"],
        "ended": ["stores", "DGS|S01|2010-01-01"],
        "added": ["stores", "DGS|S03|2011-06-01"],
    }
    words = " ".join(tillproof("mappings", "import", file).stdout.split())
    assert "name York → York Minster" in words
    assert "valid_to nothing → 2011-05-31" in words
    told("mappings", "import", file, "--apply", *SIGNED)
    actions = [
        change["action"] for change in told("mappings", "log", "--table", "stores", "--limit", "3")["changes"]
    ]
    assert sorted(actions) == ["add mapping", "change mapping", "end mapping"]
    words = " ".join(tillproof("mappings", "log").stdout.split())
    assert "Fay Finance: go live [agreed]" in words and "name York → York Minster" in words


def test_every_refused_row_is_told_by_file_row_column_and_reason_and_nothing_is_taken(
    told, tillproof, folder
):
    (folder / "companies.csv").write_text(COMPANIES.replace("hold", "today"), encoding="utf-8")
    (folder / "stores.csv").write_text(STORES.replace("Europe/London", "London"), encoding="utf-8")
    report = told("mappings", "import", folder, "--apply", *SIGNED, code=2)
    assert [(row["file"], row["row"], row["column"]) for row in report["refused"]] == [
        ("companies.csv", 2, "late_policy"),
        ("stores.csv", 2, "zone"),
        ("stores.csv", 3, "zone"),
    ]
    assert not report["applied"]
    result = tillproof("mappings", "import", folder)
    assert result.exit_code == 2
    assert "stores.csv row 3, column zone: 'London' is not a time zone" in " ".join(result.stdout.split())
    assert told("mappings", "log")["changes"] == []


def test_a_refused_row_is_not_told_as_added_too(told, described, folder):
    (folder / "cutovers.csv").write_text(
        "company_id,store_id,cutover_date\nDGS,S01,2010-12-01\nDGS,S09,2010-12-01\n", encoding="utf-8"
    )
    report = told("mappings", "import", folder / "cutovers.csv", code=2)
    assert [(row["row"], row["column"]) for row in report["refused"]] == [(3, "store_id")]
    assert [change["row"] for change in report["changes"]] == [2]
    assert report["tables"] == [{"table": "cutovers", "added": 1, "changed": 0, "ended": 0, "unchanged": 0}]


def test_a_column_that_nothing_reads_is_told(told, tillproof, folder):
    old = COMPANIES.replace("grace_hours,", "rounding_nominal_code,grace_hours,").replace(
        "9998,", "9998,4999,"
    )
    (folder / "companies.csv").write_text(old, encoding="utf-8")
    (note,) = told("mappings", "import", folder)["notes"]
    assert (note["file"], note["column"]) == ("companies.csv", "rounding_nominal_code")
    assert "is read by nothing" in " ".join(tillproof("mappings", "import", folder).stdout.split())


def test_a_place_that_is_not_there_says_so(tillproof, folder):
    result = tillproof("mappings", "import", folder / "nowhere")
    assert result.exit_code == 2
    assert "is not there" in " ".join(result.stdout.split())


def test_what_is_exported_is_imported_without_a_change(told, tillproof, described, tmp_path):
    out = tmp_path / "out"
    report = told("mappings", "export", out)
    assert {"file": "stores.csv", "rows": 2} in report["files"]
    back = told("mappings", "import", out)
    assert (back["changes"], back["refused"]) == ([], [])
    assert sum(row["unchanged"] for row in back["tables"]) == 3
    (out / "stores.csv").write_text("mine", encoding="utf-8")
    refused = tillproof("mappings", "export", out)
    assert refused.exit_code == 2 and "--force" in refused.stderr
    assert (out / "stores.csv").read_text("utf-8") == "mine"
    told("mappings", "export", out, "--force")
    assert (out / "stores.csv").read_text("utf-8") != "mine"


def test_a_table_nobody_knows_is_refused_with_those_there_are(tillproof):
    result = tillproof("mappings", "log", "--table", "shops")
    assert result.exit_code == 2
    assert "tender_mappings" in result.stderr


def test_the_log_is_told_by_the_shops_clock_and_in_json_in_utc(told, tillproof, described, in_paris):
    at = told("mappings", "log", "--limit", "1")["changes"][0]["at"]
    assert at.endswith("Z")
    shown = tillproof("mappings", "log", "--limit", "1").stdout
    assert shown.startswith(f"{in_paris(at)}  Fay Finance: go live") and "UTC" not in shown


def test_before_a_publication_the_log_is_told_by_the_uks_clock(tillproof, described):
    assert re.search(r"^\d+ \w+ \d{4}, \d\d:\d\d (GMT|BST)  Fay", tillproof("mappings", "log").stdout)
