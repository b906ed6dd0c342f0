"""A reader sees one publication, whole, or is told plainly that there is none."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from synthetic_published import COMPANY, Shop, publish, shop

import app.published
from app import finding, slots, totals
from app.life import life
from app.published import NothingPublishedError, PublicationIncompleteError, Published


def test_where_nothing_is_published_the_reader_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingPublishedError, match="Run a pass first: tillproof run"):
        Published(tmp_path / "published")


def test_a_reader_stays_on_the_publication_it_began_with(tmp_path: Path) -> None:
    publish(tmp_path, shop())
    begun = Published(tmp_path / "published")
    publish(tmp_path, Shop())
    assert Published(tmp_path / "published").number == 2
    assert totals.periods(Published(tmp_path / "published")) == []
    assert (begun.number, len(totals.periods(begun))) == (1, 2)
    assert len(totals.periods(Published(tmp_path / "published", 1))) == 2


def test_a_home_made_anew_is_not_answered_from_the_old_one(tmp_path: Path) -> None:
    publish(tmp_path, shop())
    assert totals.checked(Published(tmp_path / "published"))["money_receipts"] == 183
    for file in (tmp_path / "published").glob("*.json"):
        file.unlink()
    (tmp_path / "published" / "current").unlink()
    publish(tmp_path, Shop())
    again = Published(tmp_path / "published")
    assert (again.number, totals.checked(again)["money_receipts"]) == (1, 0)


def test_a_publication_no_longer_kept_is_named(tmp_path: Path) -> None:
    publish(tmp_path, Shop())
    with pytest.raises(NothingPublishedError, match="Publication 7 is not kept"):
        Published(tmp_path / "published", 7)


@pytest.mark.parametrize("query", ["select * from stock_days", "select stock_days from store_days"])
def test_a_table_or_column_that_was_not_published_is_named(published: Published, query: str) -> None:
    with pytest.raises(PublicationIncompleteError, match=r"tillproof run.*stock_days"):
        published.rows(query)


def test_money_comes_back_as_whole_pence(published: Published) -> None:
    checked = totals.checked(published)
    assert checked["matched_pence"] + checked["explained_pence"] == 4344000
    assert (checked["open_pence"], checked["not_checked_pence"]) == (60000, 24000)
    assert {type(value) for name, value in checked.items() if name.endswith("_pence")} == {int}


def test_an_empty_publication_gives_empty_lists_not_errors(tmp_path: Path) -> None:
    publish(tmp_path)
    empty = Published(tmp_path / "published")
    assert totals.worst_causes(empty) == []
    assert totals.debt_by_owner(empty) == []
    assert totals.posting_truths(empty)["decided"] == 0
    assert totals.checked(empty)["open_pence"] == 0


@pytest.mark.parametrize(
    ("month", "periods"),
    [(1, ["2011-01-02", "2011-01-30"]), (2, ["2011-01-30", "2011-02-27"]), (3, ["2011-02-27"])],
)
def test_a_month_shows_the_bridge_of_every_period_of_a_4_4_5_year_it_shares_a_day_with(
    tmp_path: Path, month: int, periods: list[str]
) -> None:
    told = Shop()
    for begins in ("2011-01-02", "2011-01-30", "2011-02-27", "2011-04-03"):
        told.add(
            "period_bridge",
            period_start_date=date.fromisoformat(begins),
            measure="sales",
            line_order=0,
            line_kind="tills",
            amount_pence=1,
            document_count=1,
        )
    publish(tmp_path, told)
    last = date(2011, month + 1, 1) - timedelta(days=1)
    found = totals.period_bridge(Published(tmp_path / "published"), COMPANY, date(2011, month, 1), last)
    assert [row["period_start_date"].isoformat() for row in found] == periods


def test_causes_come_worst_first_each_with_the_receipt_it_hit_hardest(published: Published) -> None:
    causes = totals.worst_causes(published)
    assert [row["value_at_risk_pence"] for row in causes] == sorted(
        (row["value_at_risk_pence"] for row in causes), reverse=True
    )
    assert causes[0]["exception_class"] == "synced_but_not_posted"
    assert (causes[0]["open_exceptions"], causes[0]["worst_receipt_no"]) == (2, "570301")


def test_store_days_show_the_stores_with_most_open_value(published: Published) -> None:
    periods = totals.periods(published)
    days = totals.store_days(published, "DGS", periods[0]["period"], most_stores=1)
    asked = totals.store_days(published, "DGS", periods[0]["period"], most_stores=1, asked_store="S03")
    assert {row["store_id"] for row in asked} == {"S03"}, (
        "an address may name a store that is not among the worst"
    )
    assert {row["store_id"] for row in days} == {"S01"}
    assert totals.stores_in(published, "DGS", periods[0]["period"]) == 3


@pytest.mark.parametrize("most_held", [0, app.published.MOST_ROWS_HELD], ids=["in files", "in memory"])
def test_the_index_of_names_finds_what_reading_everything_finds(
    published: Published, monkeypatch, most_held: int
) -> None:
    monkeypatch.setattr(app.published, "MOST_ROWS_HELD", most_held)
    everything = Published(published.root)
    monkeypatch.setattr(everything, "_places", lambda _: None)
    names = [
        row["name"]
        for column, model in (
            ("receipt_no", "receipts"),
            ("posting_key", "document_verdicts"),
            ("document_id", "document_verdicts where posting_key is null"),
            ("urn", "ledger_documents where mark is distinct from 'connector'"),
            ("lower(reference)", "ledger_documents"),
            ("ledger_document_id", "ledger_documents"),
            ("exception_id", "exceptions"),
        )
        for row in published.rows(
            f"select distinct cast({column} as varchar) as name from {model} order by md5(name) limit 7"
        )
        if row["name"]
    ]
    assert len(names) > 30
    for name in [*names, "nobody has this"]:
        found = finding.find(published, name)
        assert found == finding.find(everything, name), name
        assert [life(published, each) for each in found] == [life(everything, each) for each in found], name


def test_of_a_big_table_the_files_of_the_days_that_are_asked_for_are_read_and_no_other(
    published: Published, monkeypatch
) -> None:
    assert published.within("receipts", date(2011, 11, 3)) == '"receipts"', "few rows are in memory"
    monkeypatch.setattr(app.published, "MOST_ROWS_HELD", 0)
    files = {file["month"]: Path(file["path"]).name for file in published.files("receipts")}
    assert len(files) > 1
    one = published.within("receipts", date(2011, 11, 3))
    assert [month for month, name in files.items() if name in one] == ["2011-11"]
    two = published.within("receipts", date(2011, 10, 31), date(2011, 11, 2))
    assert sorted(month for month, name in files.items() if name in two) == ["2011-10", "2011-11"]
    assert published.rows(f"select * from {published.within('receipts', date(1999, 1, 1))}") == []


def test_a_store_day_read_from_its_month_alone_is_the_same(published: Published, monkeypatch) -> None:
    slot = slots.Slot(COMPANY, "S01", date(2011, 11, 3))
    till = slots.tills(published, slot)[0]["till_id"]
    subject = slots.receipts(published, slot, till, 5)[0]["subject"]

    def told() -> list[object]:
        return [
            slots.tills(published, slot),
            slots.receipts(published, slot, till, 5),
            slots.lines(published, slot, subject),
            slots.documents(published, slot, subject),
        ]

    in_memory = told()
    assert all(in_memory)
    monkeypatch.setattr(app.published, "MOST_ROWS_HELD", 0)
    assert told() == in_memory


def test_a_name_is_looked_for_in_the_days_that_the_index_gives_and_in_no_other(published: Published) -> None:
    asked = published.row("select receipt_no, store_id, business_date from receipts order by all limit 1")
    (place,) = published._places([asked["receipt_no"]])
    assert place == {"store_id": asked["store_id"], "day": asked["business_date"]}
    assert published._places(["nobody has this"]) == []
    assert published.named("receipts", "*", "receipt_no", ["nobody has this"]) == []


def test_what_names_several_documents_as_its_partners_is_told_with_each(tmp_path: Path, monkeypatch) -> None:
    story = shop()
    contra = next(row for row in story.tables["document_verdicts"] if row.get("reason") == "contra")
    undone, other = contra["partner_id"], "sage200:77"
    contra["partner_id"] = f"{other},{undone}"
    copy = next(row for row in story.tables["document_verdicts"] if row["document_id"] == undone)
    copy["partner_id"] = None  # it is the other alone that names the pair
    with_index = Published(publish(tmp_path, story) / "published")
    everything = Published(with_index.root)
    monkeypatch.setattr(everything, "_places", lambda _: None)
    subject = finding.Subject(ledger_document_id=undone)
    for published in (with_index, everything):
        told = {row["document_id"] for row in life(published, subject)["documents"]}
        assert {undone, contra["document_id"]} <= told
