"""The evidence pack adds up by its own formulas, leaves nothing to run, and shows every change made to it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from closing_shop import NOVEMBER, OCTOBER, again, made, till_sales_move
from sqlalchemy import text
from synthetic_published import HOSTILE, Shop

from app import close_figures
from app.published import Published
from orchestration import closing, evidence_pack, pack_verify
from orchestration.operations import Operations, OperationsError
from orchestration.settings import load

FAY = {"by": "Fay", "note": "month end"}
NAMESPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
SHEETS = [
    *("Manifest", "Checklist", "Summary", "Bridge", "Period bridge", "Store-days", "Exceptions", "Postings"),
    *("Sign-offs", "Moved figures"),
]


@pytest.fixture
def home(tmp_path: Path, published_home: Path) -> Path:
    return made(tmp_path / "home", published_home)


@pytest.fixture
def operations(home: Path) -> Iterator[Operations]:
    with Operations.open(home / "operations.sqlite") as store:
        yield store


def newest(home: Path) -> Published:
    return Published(home / "published")


def packed(home: Path, operations: Operations, scope=NOVEMBER) -> bytes:
    return evidence_pack.make(newest(home), operations, load(home).close, scope, **FAY).content


def signed(home: Path, operations: Operations) -> None:
    closing.sign(newest(home), operations, load(home).close, OCTOBER, with_open_items=True, **FAY)


def verified(home: Path, operations: Operations, content: bytes) -> dict[str, bool | None]:
    report = pack_verify.verify(content, home / "published", operations)
    return {check["check"]: check["holds"] for check in report["checks"]}


class Book:
    """A workbook read from its XML by this test alone: cells by sheet and name, formulas and what is kept of them."""

    def __init__(self, content: bytes):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            strings = [
                "".join(part.text or "" for part in each.iter(f"{{{NAMESPACE['x']}}}t"))
                for each in self._xml(parts, "xl/sharedStrings.xml").findall("x:si", NAMESPACE)
            ]
            names = [
                each.get("name", "")
                for each in self._xml(parts, "xl/workbook.xml").findall(".//x:sheet", NAMESPACE)
            ]
            self.values: dict[str, dict[str, str]] = {}
            self.formulas: dict[str, dict[str, str]] = {}
            for place, name in enumerate(names, start=1):
                values, formulas = {}, {}
                for cell in self._xml(parts, f"xl/worksheets/sheet{place}.xml").findall(".//x:c", NAMESPACE):
                    at, kept = cell.get("r", ""), cell.findtext("x:v", "", NAMESPACE)
                    values[at] = strings[int(kept)] if cell.get("t") == "s" else kept
                    formula = cell.findtext("x:f", None, NAMESPACE)
                    if formula:
                        formulas[at] = formula
                self.values[name], self.formulas[name] = values, formulas

    @staticmethod
    def _xml(parts: zipfile.ZipFile, name: str) -> ElementTree.Element:
        return ElementTree.fromstring(parts.read(name))  # noqa: S314  our own workbook

    def column(self, sheet: str, heading: str) -> dict[int, str]:
        letters = next(
            at.rstrip("1")
            for at, value in self.values[sheet].items()
            if value == heading and at[-1] == "1" and at.rstrip("0123456789") + "1" == at
        )
        return {
            int(at[len(letters) :]): value
            for at, value in self.values[sheet].items()
            if re.fullmatch(rf"{letters}[0-9]+", at) and at != f"{letters}1"
        }

    def summed(self, sheet: str, formula: str) -> Decimal:
        """What =SUM(C2:C9) of a sheet comes to, from its cells."""
        first, start, last, end = re.fullmatch(r"SUM\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)", formula).groups()
        assert first == last
        return sum(
            (
                Decimal(self.values[sheet].get(f"{first}{row}", "0"))
                for row in range(int(start), int(end) + 1)
            ),
            start=Decimal(0),
        )


def test_totals_recompute_from_the_cells_to_the_published_figures(home, operations):
    book = Book(packed(home, operations))
    assert list(book.values) == SHEETS
    published = close_figures.totals(close_figures.figures(newest(home), NOVEMBER))
    totals = {
        heading: book.summed("Store-days", book.formulas["Store-days"][at])
        for at in book.formulas["Store-days"]
        for heading in [book.values["Store-days"][re.sub(r"\d+", "1", at)]]
    }
    for name, called in close_figures.FIGURES.items():
        figure = Decimal(published[name])
        assert totals[called] == (figure / 100 if name.endswith("_pence") else figure), called
    assert totals["Sales by the tills"] > 0 and totals["Value at risk"] > 0
    for sheet in ("Exceptions", "Postings"):
        for at, formula in book.formulas[sheet].items():
            assert book.summed(sheet, formula) == Decimal(book.values[sheet][at]), (sheet, at)


def test_the_summary_lays_published_beside_rows_and_differs_in_nothing(home, operations):
    book = Book(packed(home, operations))
    month = newest(home).row("select * from company_periods where period = date '2011-11-01'")
    row = next(at for at, value in book.column("Summary", "Figure").items() if value == "Sales by the tills")
    assert Decimal(book.values["Summary"][f"B{row}"]) == Decimal(month["till_sales_pence"]) / 100
    for at in book.column("Summary", "Figure"):
        reference = book.formulas["Summary"][f"C{at}"]
        sheet, cell = re.fullmatch(r"'([^']+)'!([A-Z]+\d+)", reference).groups()
        assert book.summed(sheet, book.formulas[sheet][cell]) == Decimal(book.values["Summary"][f"B{at}"])
        assert book.formulas["Summary"][f"D{at}"] == f"B{at}-C{at}"


def test_the_bridge_leaves_nothing_over_by_its_own_formula(home, operations):
    book = Book(packed(home, operations))
    assert len(book.formulas["Bridge"]) == 2
    for formula in book.formulas["Bridge"].values():
        summed, sage = re.fullmatch(r"(SUM\([A-Z0-9:]+\))-(C\d+)", formula).groups()
        assert book.summed("Bridge", summed) == Decimal(book.values["Bridge"][sage]) != 0


def test_what_sage_has_in_another_month_stands_in_both_and_neither_leaves_anything_over(home, operations):
    for scope, line, other, amount in (
        (OCTOBER, "In a later period of Sage's", date(2011, 11, 1), -50),
        (NOVEMBER, "Here from an earlier period", date(2011, 10, 1), 50),
    ):
        book = Book(packed(home, operations, scope))
        (at,) = [at for at, told in book.column("Period bridge", "Line").items() if told == line]
        assert Decimal(book.column("Period bridge", "Amount")[at]) == amount
        days = int(book.column("Period bridge", "Other period from")[at])
        assert date(1899, 12, 30) + timedelta(days) == other, "as a spreadsheet counts days"
        left = book.formulas["Period bridge"]
        assert len(left) == 2
        for formula in left.values():
            summed, sage = re.fullmatch(r"(SUM\([A-Z0-9:]+\))-(C\d+)", formula).groups()
            assert book.summed("Period bridge", summed) == Decimal(book.values["Period bridge"][sage]) != 0


def test_a_pack_of_an_older_tillproof_is_held_to_the_sheets_it_has(home, operations, monkeypatch):
    today = evidence_pack.from_publication
    with monkeypatch.context() as older:
        older.setattr(evidence_pack, "from_publication", lambda *of: [*today(*of)[:2], *today(*of)[3:]])
        content = packed(home, operations)
    assert "Period bridge" not in Book(content).values
    assert verified(home, operations, content)["rows"] is True


def test_a_publication_whose_month_does_not_add_up_shows_it(home, operations):
    def change(told: Shop) -> None:
        next(row for row in told.tables["company_periods"] if row["period"] == NOVEMBER.date_from)[
            "till_sales_pence"
        ] += 7

    again(home, change)
    book = Book(packed(home, operations))
    row = next(at for at, value in book.column("Summary", "Figure").items() if value == "Sales by the tills")
    assert Decimal(book.values["Summary"][f"D{row}"]) == Decimal("0.07")


def test_postings_come_with_their_five_truths_and_day(home, operations):
    truths = ("Sent", "Acknowledged", "Present", "In the nominal ledger", "Right")
    for scope, state, five in ((OCTOBER, "proven", "11111"), (NOVEMBER, "unknown", "10000")):
        book = Book(packed(home, operations, scope))
        assert book.column("Postings", "State")[2] == state
        assert [book.column("Postings", truth)[2] for truth in truths] == list(five)
        assert book.column("Postings", "Day")[2] and Decimal(book.column("Postings", "Gross")[2]) == 120
        assert list(book.column("Postings", "Posting").values())[1:] == ["Total"]


def test_days_are_days_money_is_pounds_and_text_is_never_run(home, operations):
    def change(told: Shop) -> None:
        found = [row for row in told.tables["exceptions"] if row.get("business_date")]
        found[0]["cause_detail"] = '=HYPERLINK("http://evil","x")'
        found[1]["cause_detail"] = HOSTILE

    again(home, change)
    content = packed(home, operations)
    book = Book(content)
    details = set(book.column("Exceptions", "Detail").values())
    assert '\'=HYPERLINK("http://evil","x")' in details and HOSTILE in details
    assert all(
        re.fullmatch(r"(SUM\([A-Z0-9:]+\)(-C\d+)?|'[^']+'![A-Z]+\d+|B\d+-C\d+)", formula)
        for formulas in book.formulas.values()
        for formula in formulas.values()
    )
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        styles = parts.read("xl/styles.xml").decode()
    assert 'formatCode="dd/mm/yyyy"' in styles and "£#,##0.00" in styles


def test_a_pack_as_it_was_made_holds(home, operations):
    signed(home, operations)
    report = pack_verify.verify(packed(home, operations, OCTOBER), home / "published", operations)
    assert report["holds"] and report["complete"] and report["state_when_made"] == "stands"
    assert [check["check"] for check in report["checks"]] == [
        *("sheets", "totals", "manifest", "publication", "files", "rows", "chain", "sign-off"),
    ]


def test_a_month_that_nobody_signed_holds_as_far_as_it_can(home, operations):
    report = pack_verify.verify(packed(home, operations), home / "published", operations)
    assert report["holds"] and not report["complete"]
    assert report["checks"][-1] == {
        "check": "sign-off",
        "holds": None,
        "found": "the month was not signed off when the pack was made",
    }


def rewritten(content: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one part changed, as somebody would who knows what a workbook is."""
    made_of = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as parts, zipfile.ZipFile(made_of, "w") as into:
        for name in parts.namelist():
            told = parts.read(name)
            if name == part:
                was = told.decode()
                told = change(was).encode()
                assert told.decode() != was
            into.writestr(name, told)
    return made_of.getvalue()


def sheet_part(name: str) -> str:
    return f"xl/worksheets/sheet{SHEETS.index(name) + 1}.xml"


def test_a_changed_cell_is_named_by_its_sheet(home, operations):
    content = packed(home, operations)
    forged = rewritten(
        content,
        sheet_part("Store-days"),
        lambda xml: re.sub(r'(<c r="E2"[^>]*><v>)[0-9.]+(</v>)', r"\g<1>119\2", xml),
    )
    report = pack_verify.verify(forged, home / "published", operations)
    assert not report["holds"]
    wrong = {check["check"]: check["found"] for check in report["checks"] if check["holds"] is False}
    assert wrong["sheets"] == "changed since it was made: Store-days"
    assert wrong["rows"] == "not what the publication says: Store-days"
    assert "Store-days row 92" in wrong["totals"]


def test_a_formula_that_adds_less_is_seen(home, operations):
    content = packed(home, operations)
    forged = rewritten(content, sheet_part("Store-days"), lambda xml: re.sub(r"SUM\(E2:", "SUM(E3:", xml))
    assert verified(home, operations, forged) | {"sheets": False, "totals": False} == verified(
        home, operations, forged
    )


def test_a_forged_manifest_is_on_no_record(home, operations):
    content = packed(home, operations)
    forged = rewritten(content, "xl/sharedStrings.xml", lambda xml: xml.replace(">Fay<", ">Val<"))
    assert verified(home, operations, forged)["manifest"] is False
    with Operations.open(home / "another.sqlite") as stranger:
        report = pack_verify.verify(content, home / "published", stranger)
    assert not report["holds"]
    assert "no pack of this manifest was made by this installation" in [
        each["found"] for each in report["checks"]
    ]


def test_a_file_of_the_publication_that_was_changed_is_named(home, operations):
    content = packed(home, operations)
    file = next((home / "published" / "till_closures" / "2011-11").iterdir())
    file.write_bytes(file.read_bytes() + b" ")
    assert verified(home, operations, content)["files"] is False


def test_a_publication_that_is_gone_is_not_taken_for_agreement(home, operations):
    content = packed(home, operations)
    again(home)
    (home / "published" / "1.json").unlink()
    told = verified(home, operations, content)
    assert told["publication"] is None and "rows" not in told


def test_a_chain_that_was_cut_is_seen(home, operations):
    content = packed(home, operations)
    with operations._database.write() as connection:
        connection.execute(text("update chain_heads set head_hash = 'not' || substr(head_hash, 4)"))
    assert verified(home, operations, content)["chain"] is False


def test_the_pack_is_of_the_signed_publication_while_the_sign_off_stands(home, operations):
    signed(home, operations)
    again(home)
    made_now = evidence_pack.make(newest(home), operations, load(home).close, OCTOBER, **FAY)
    assert (made_now.publication_number, made_now.state) == (1, "stands")
    again(home, till_sales_move)
    moved = evidence_pack.make(newest(home), operations, load(home).close, OCTOBER, **FAY)
    assert (moved.publication_number, moved.state) == (3, "suspended")
    book = Book(moved.content)
    assert list(book.column("Moved figures", "Figure").values()) == ["Sales by the tills", "Sales in Sage"]
    was, now = (next(iter(book.column("Moved figures", heading).values())) for heading in ("Signed", "Now"))
    assert Decimal(now) - Decimal(was) == 5


def test_a_withdrawn_sign_off_no_longer_bears_its_pack(home, operations):
    signed(home, operations)
    content = packed(home, operations, OCTOBER)
    closing.withdraw(newest(home), operations, OCTOBER, **FAY)
    assert verified(home, operations, content)["sign-off"] is False


@pytest.mark.parametrize("content", [b"not a workbook", b""])
def test_what_is_no_pack_ends_clearly(home, operations, content):
    with pytest.raises(OperationsError, match="no workbook that can be read"):
        pack_verify.verify(content, home / "published", operations)
    book = evidence_pack._written([evidence_pack.Sheet("Manifest", (("What", "text"),), [["x"]])])
    with pytest.raises(OperationsError, match="no evidence pack of Tillproof"):
        pack_verify.verify(book, home / "published", operations)
