"""`tillproof posting policy`, `posting runs` and `reverse`: one person's word, on record, and clear ends."""

from __future__ import annotations

from commands_home import SIGNED

from orchestration.operations import Operations


def test_a_policy_is_shown_set_and_kept_with_its_author(described, told, tillproof):
    before = told("posting", "policy")
    assert (
        before["by"] is None and before["policy"]["document_limit"] == "none" and before["policy"]["canary"]
    )
    after = told("posting", "policy", "document_limit=£1,500.00", "canary=no", *SIGNED)
    assert after["changed"] and (after["by"], after["policy"]["document_limit"]) == ("Fay Finance", "1500.00")
    words = " ".join(tillproof("posting", "policy").stdout.split())
    assert "set by Fay Finance: go live [agreed]" in words and "1500.00" in words


def test_a_change_needs_a_name_a_reason_and_a_value_that_can_be(described, tillproof):
    unsigned = tillproof("posting", "policy", "canary=no", "--by", "Fay")
    assert unsigned.exit_code == 2 and "--by NAME --reason TEXT" in unsigned.stderr
    odd = tillproof("posting", "policy", "canary=perhaps", *SIGNED)
    assert odd.exit_code == 2 and "yes or no" in " ".join(odd.stderr.split())
    for comma in ("500,00", "1,50", "12,3456", "1,500,00"):
        continental = tillproof("posting", "policy", f"document_limit={comma}", *SIGNED)
        assert continental.exit_code == 2 and "is no amount in pounds" in " ".join(continental.stderr.split())


def test_filed_returns_are_told_with_their_limit_and_what_finance_does(described, told, tillproof, tmp_path):
    assert "No VAT period is entered" in tillproof("posting", "returns").stdout
    periods = tmp_path / "vat_periods.csv"
    periods.write_text(
        "company_id,valid_from,valid_to,filed_on,error_limit_pence\n"
        "DGS,2011-01-01,2011-03-31,2011-05-07,\nDGS,2011-04-01,2011-06-30,2011-08-07,2500000\nDGS,2011-07-01,2011-09-30,,\n"
    )
    assert tillproof("mappings", "import", periods, "--apply", *SIGNED).exit_code == 0
    told("posting", "policy", "vat_error_limit=9000.00", *SIGNED)
    rows = told("posting", "returns")["returns"]
    assert [(row["filed_on"], row["limit_pence"]) for row in rows] == [
        ("2011-05-07", 900000),
        ("2011-08-07", 2500000),
        (None, 900000),
    ]
    assert {(row["net_error_pence"], row["is_at_limit"]) for row in rows} == {(0, False)}
    odd = tillproof("posting", "policy", "vat_error_limit=none", *SIGNED)
    assert odd.exit_code == 2 and "no amount in pounds" in " ".join(odd.stderr.split())


def test_before_anything_was_posted_there_are_no_runs(described, told, tillproof):
    assert told("posting", "runs")["runs"] == []
    assert "Nothing was ever posted" in tillproof("posting", "runs").stdout


def test_runs_and_switches_are_told_by_the_shops_clock_and_in_json_in_utc(
    home, described, told, tillproof, in_paris
):
    with Operations.open(home / "operations.sqlite") as operations:
        begun = operations.runs.begin("DGS", "post", 1, "a worker")
        operations.runs.end(begun.run_number, 1, "")
    (run,) = told("posting", "runs")["runs"]
    assert run["started"].endswith("Z") and run["ended"].endswith("Z")
    shown = " ".join(tillproof("posting", "runs").stdout.split())
    assert f"began {in_paris(run['started'])}, ended {in_paris(run['ended'])}" in shown and "UTC" not in shown
    since = told("posting", "on", *SIGNED)["companies"][0]["since"]
    assert f"since {in_paris(since)} by Fay" in " ".join(tillproof("posting", "status").stdout.split())


def test_a_date_that_is_none_ends_clearly(described, tillproof):
    result = tillproof("reverse", "--store", "S01", "--day", "1/8/2011")
    assert result.exit_code == 2 and "YYYY-MM-DD" in result.stderr


def test_a_reversal_of_nothing_in_particular_ends_clearly(home, described, tillproof):
    result = tillproof("reverse")
    assert result.exit_code == 2 and "say what to reverse" in " ".join(result.stderr.split())


def test_allocations_are_off_until_the_policy_names_them(described, told, tillproof):
    words = " ".join(tillproof("posting", "allocations").stdout.split())
    assert "DGS allocates nothing: the policy does not name allocate_sale" in words
    told("posting", "policy", "remedies=post_missing,allocate_sale", *SIGNED)
    report = told("posting", "allocations")
    assert (report["is_allowed"], report["waiting"], report["states"]) == (True, 0, {})
    odd = tillproof("posting", "policy", "four_eyes=allocate_sale", *SIGNED)
    assert odd.exit_code == 2 and "waits for nobody" in " ".join(odd.stderr.split())
