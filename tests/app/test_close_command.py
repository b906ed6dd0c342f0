"""`tillproof close`: the whole month from the command line, its refusals and its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from closing_shop import again, made, till_sales_move
from typer.testing import CliRunner, Result

from orchestration.cli import app

SIGNED = ("--by", "Fay", "--reason", "month end")


@pytest.fixture
def home(tmp_path: Path, published_home: Path) -> Path:
    return made(tmp_path / "home", published_home)


@pytest.fixture
def close(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("TILLPROOF_HOME", str(home))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, ["close", *map(str, arguments)])

    return run


@pytest.fixture
def told(close: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    def run(*arguments: object, code: int = 0) -> dict[str, Any]:
        result = close(*arguments, "--json")
        assert result.exit_code == code, result.output
        return dict(json.loads(result.stdout))

    return run


def words(result: Result) -> str:
    return " ".join((result.stdout + result.stderr).split())


def test_a_month_from_its_checklist_to_a_pack_that_holds(home, close, told, tmp_path):
    assert told("status", "2011-10")["state"] == "not_signed_off"
    refused = close("sign", "2011-10", *SIGNED)
    assert refused.exit_code == 2 and "not done: Statements agreed" in words(refused)
    assert "Ticked: bank_agreed" in told("tick", "2011-10", "bank_agreed", *SIGNED)["done"]
    assert "Signed off: October 2011" in told("sign", "2011-10", *SIGNED)["done"]
    report = told("status", "2011-10")
    assert (report["state"], report["open_items"]) == ("stands", 0)
    assert (report["sign_offs"][0]["by"], report["sign_offs"][0]["role"]) == ("Fay", "approver")
    pack = tmp_path / "october.xlsx"
    made_of = told("pack", "2011-10", "--to", pack, *SIGNED)
    assert made_of["state"] == "stands" and pack.stat().st_size > 10_000
    assert told("verify", pack)["complete"]
    assert "The pack holds." in words(close("verify", pack))
    again_to = close("pack", "2011-10", "--to", pack, *SIGNED)
    assert again_to.exit_code == 2 and "is there already" in words(again_to)


def test_what_moved_is_told_with_both_figures_and_renewed(home, close, told):
    told("sign", "2011-10", "--with-open-items", *SIGNED)
    again(home, till_sales_move)
    report = told("status", "2011-10")
    assert report["state"] == "suspended"
    assert [(each["figure"], each["now"] - each["signed"]) for each in report["sign_offs"][0]["moved"]] == [
        ("till_sales_pence", 500),
        ("sage_sales_pence", 500),
    ]
    assert "Sales by the tills was £120.00, is £125.00" in words(close("status", "2011-10"))
    assert "Renewed" in told("sign", "2011-10", "--with-open-items", *SIGNED)["done"]
    assert "Taken back" in told("withdraw", "2011-10", *SIGNED)["done"]


def test_a_store_day_is_signed_and_taken_back(home, close, told):
    slot = ("--store", "S02", "--day", "2011-10-12")
    assert "store S02, 12 Oct 2011" in told("sign", "2011-10", *slot, *SIGNED)["done"]
    assert told("status", "2011-10")["state"] == "not_signed_off"
    assert "store S02" in told("withdraw", "2011-10", *slot, *SIGNED)["done"]


def test_a_pack_that_was_changed_ends_with_1(home, close, told, tmp_path):
    pack = tmp_path / "october.xlsx"
    told("pack", "2011-10", "--to", pack, *SIGNED)
    (home / "operations.sqlite").unlink()
    report = told("verify", pack, code=1)
    assert not report["holds"]
    assert "The pack does not hold." in words(close("verify", pack))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "10/2011"), "write it YYYY-MM"),
        (("sign", "2011-10", "--by", "Fay"), "--by NAME --reason TEXT"),
        (("sign", "2011-10", "--store", "S01", *SIGNED), "--store and --day together"),
        (("sign", "2011-10", "--store", "S01", "--day", "12/10", *SIGNED), "is no date"),
        (("sign", "2011-10", "--store", "S01", "--day", "2011-11-01", *SIGNED), "does not lie in 2011-10"),
        (("withdraw", "2011-10", *SIGNED), "not signed off: there is nothing to take back"),
        (("tick", "2011-10", "bridge_zero", *SIGNED), "nobody can tick it"),
        (("pack", "2011-10", "--to", "pack.pdf", *SIGNED), "must end in .xlsx"),
        (("verify", "nowhere.xlsx"), "cannot be read"),
    ],
)
def test_what_cannot_be_ends_clearly(close, arguments, said):
    result = close(*arguments)
    assert result.exit_code == 2 and said in words(result)


def test_the_command_line_asks_roles_too(home, close):
    with (home / "tillproof.toml").open("a", encoding="utf-8") as file:
        file.write('[access]\nlocal_roles = []\n[access.people]\nVal = ["viewer"]\nFay = ["finance"]\n')
    for name in ("Val", "Nobody"):
        refused = close("sign", "2011-10", "--with-open-items", "--by", name, "--reason", "x")
        assert refused.exit_code == 2 and f"{name} may not sign off a period" in words(refused)
    assert close("sign", "2011-10", "--with-open-items", *SIGNED).exit_code == 0
