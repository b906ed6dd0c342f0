"""A published table leaves for a spreadsheet: in pounds, by UK days, harmless, whole, and never over another file."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest
from synthetic_published import Shop, publish, shop
from typer.testing import CliRunner, Result

from app import published as published_room
from app import table_export, totals
from app.published import Published
from app.table_export import ExportRefusedError, export
from orchestration.cli import app

FORMULA = '=HYPERLINK("http://127.0.0.1","win")'


@pytest.fixture(scope="module")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two publications: an empty one, then the story with a till that prints a formula."""
    told = shop()
    told.tables["receipt_lines"][0] |= {"description": FORMULA, "net_pence": -1205, "quantity": None}
    place = tmp_path_factory.mktemp("shop")
    publish(place, Shop())
    return publish(place, told)


@pytest.fixture
def newest(shop_home: Path) -> Published:
    return Published(shop_home / "published")


def tillproof(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments, "--home", str(home)])


def read_csv(place: Path) -> list[dict[str, str]]:
    with place.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def test_a_csv_has_every_row_in_pounds_and_uk_days(newest: Published, tmp_path: Path) -> None:
    report = export(newest, "receipts", tmp_path / "receipts.csv")
    rows = read_csv(tmp_path / "receipts.csv")
    assert report["rows"] == len(rows) == newest.row("select count(*) as n from receipts")["n"] > 100
    kept = newest.rows("select receipt_no, business_date, sold_at, gross_pence, is_money from receipts")
    for told, row in zip(rows, kept, strict=True):
        assert told["receipt_no"] == row["receipt_no"]
        assert told["business_date"] == row["business_date"].strftime("%d/%m/%Y")
        assert told["sold_at_utc"] == row["sold_at"].strftime("%d/%m/%Y %H:%M:%S")
        assert told["gross_pounds"] == f"{row['gross_pence'] / 100:.2f}"
        assert told["is_money"] == str(row["is_money"]).upper()
    assert not [name for name in rows[0] if "pence" in name]


def test_a_text_that_would_run_leaves_as_text_and_money_keeps_its_sign(
    newest: Published, tmp_path: Path
) -> None:
    export(newest, "receipt_lines", tmp_path / "lines.csv")
    (told,) = [row for row in read_csv(tmp_path / "lines.csv") if "HYPERLINK" in row["description"]]
    assert (told["description"], told["net_pounds"], told["quantity"]) == (f"'{FORMULA}", "-12.05", "")
    export(newest, "receipt_lines", tmp_path / "lines.xlsx")
    with zipfile.ZipFile(tmp_path / "lines.xlsx") as opened:
        sheet = opened.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>-12.05</v>" in sheet and "HYPERLINK" in sheet


def test_a_workbook_has_days_that_excel_can_sort_and_money_with_two_places(
    newest: Published, tmp_path: Path
) -> None:
    export(newest, "store_days", tmp_path / "days.xlsx")
    with zipfile.ZipFile(tmp_path / "days.xlsx") as opened:
        styles = opened.read("xl/styles.xml").decode()
        sheet = opened.read("xl/worksheets/sheet1.xml").decode()
    assert "dd/mm/yyyy" in styles and ("#,##0.00" in styles or 'numFmtId="4"' in styles)
    assert sheet.count("<row ") == newest.count("store_days") + 1


def test_debt_leaves_in_pounds_days(newest: Published, tmp_path: Path) -> None:
    export(newest, "exceptions", tmp_path / "e.csv")
    owed = sum(row["debt_pence_days"] for row in totals.exceptions(newest, status=None, limit=10_000))
    assert (
        sum(round(float(row["debt_pounds_days"]) * 100) for row in read_csv(tmp_path / "e.csv")) == owed > 0
    )


def test_batches_follow_each_other_without_a_gap(newest: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_room, "BATCH_ROWS", 7)
    _, rows = newest.table("receipts")
    assert len({row[0] for row in rows}) == newest.count("receipts"), (
        "batches follow each other without a gap"
    )


def test_a_file_that_is_there_is_kept_unless_it_may_be_overwritten(newest: Published, tmp_path: Path) -> None:
    place = tmp_path / "days.csv"
    place.write_text("mine", encoding="utf-8")
    with pytest.raises(ExportRefusedError, match="--force"):
        export(newest, "store_days", place)
    assert place.read_text("utf-8") == "mine"
    export(newest, "store_days", place, overwrite=True)
    assert len(read_csv(place)) == newest.count("store_days")


def test_more_rows_than_a_sheet_holds_are_refused_before_a_file_is_made(
    newest: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_export, "MOST_SHEET_ROWS", 10)
    with pytest.raises(ExportRefusedError, match=r"write a \.csv"):
        export(newest, "receipts", tmp_path / "receipts.xlsx")
    assert list(tmp_path.iterdir()) == []
    export(newest, "receipts", tmp_path / "receipts.csv")


def test_a_publication_whose_files_are_gone_leaves_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    publish(copy, shop())
    opened = Published(copy / "published")
    for file in (copy / "published" / "receipts").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(published_room.NothingPublishedError):
        export(opened, "receipts", tmp_path / "receipts.csv")
    assert not (tmp_path / "receipts.csv").exists()


def test_the_command_writes_the_newest_or_the_publication_asked_for(shop_home: Path, tmp_path: Path) -> None:
    result = tillproof(shop_home, "store_days", "--to", str(tmp_path / "new.csv"), "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["publication"], report["table"]) == (2, "store_days")
    assert report["rows"] == len(read_csv(tmp_path / "new.csv")) > 0
    told = tillproof(shop_home, "store_days", "--to", str(tmp_path / "old.csv"), "--as-of", "1")
    assert told.exit_code == 0 and "publication 1" in told.stdout
    assert read_csv(tmp_path / "old.csv") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sales", "--to", "x.csv"], "there is no table 'sales'; there are: bridge_lines"),
        (["receipts", "--to", "x.pdf"], "must end in .csv or .xlsx"),
        (["receipts", "--to", "x.csv", "--as-of", "99"], "Publication 99 is not kept any more"),
    ],
)
def test_what_cannot_be_is_told_with_the_way_out(
    shop_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = tillproof(shop_home, *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert list(tmp_path.iterdir()) == []
