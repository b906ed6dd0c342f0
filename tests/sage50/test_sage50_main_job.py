"""The whole path on Sage 50: tills and exported tables in, verdicts out, a file in and found again, verdicts anew."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration import sage50_report
from orchestration.operations import Operations
from orchestration.posting_run import PostedByFileError, send_approved
from orchestration.publishing import Publications
from orchestration.run_pass import PassFailedError, run_pass
from orchestration.settings import load
from sandbox.sage50.company import Sage50Company
from sandbox.sage50.exporting import export
from sandbox.sage50.importing import import_file

MAPPINGS = {
    "companies": (
        "company_id,name,currency,ledger_kind,suspense_nominal_code,grace_hours,late_policy,tax_rounding_cap_pence\n"
        "DGS,Demo Gift Stores,GBP,sage50,9998,2,hold,5\n"
    ),
    "stores": (
        "company_id,store_id,store_code,name,zone,day_cutoff_minutes,currency,till_customer_reference,"
        "cost_centre,department,valid_from,valid_to\n"
        "DGS,S01,S01,Leeds,Europe/London,0,GBP,TILL01,,,2010-01-01,\n"
    ),
    "tax_mappings": (
        "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\n"
        "DGS,S,1,20,2011-01-04,\nDGS,Z,0,0,2010-01-01,\n"
    ),
    "nominal_mappings": (
        "company_id,category,store_id,nominal_code,cost_centre,department,valid_from,valid_to\n"
        "DGS,gift,*,4000,,,2010-01-01,\nDGS,book,*,4010,,,2010-01-01,\nDGS,party,*,4015,,,2010-01-01,\n"
    ),
    "sku_mappings": (
        "company_id,sku,category,valid_from,valid_to\n"
        "DGS,MUG,gift,2010-01-01,\nDGS,BOOK,book,2010-01-01,\nDGS,BAG,party,2010-01-01,\n"
    ),
    "tender_mappings": (
        "company_id,tender_type,store_id,bank_code,valid_from,valid_to\n"
        "DGS,CASH,*,1235,2010-01-01,\nDGS,CARD,*,1250,2010-01-01,\n"
    ),
    "writers_of_record": "company_id,store_id,writer,valid_from,valid_to\nDGS,S01,tillproof,2011-01-01,\n",
    # one day goes as a summary of its till
    "store_grains": "company_id,store_id,grain,valid_from,valid_to\nDGS,S01,till_day,2011-02-09,2011-02-09\n",
    "cutovers": "company_id,store_id,cutover_date\nDGS,S01,2011-01-01\n",
}
SALES = """Store,Till,ReceiptNo,Kind,SoldAt,SKU,Description,Qty,UnitPrice,Net,TaxCode,TaxRate,Tax,Gross
S01,1,1001,SALE,2011-02-10 10:00:00,MUG,Mug,2,5.000,10.00,S,20.0,2.00,12.00
S01,1,1001,SALE,2011-02-10 10:00:00,BOOK,Book,1,7.500,7.50,Z,0.0,0.00,7.50
S01,1,1002,REFUND,2011-02-10 11:00:00,MUG,Mug,-1,5.000,-5.00,S,20.0,-1.00,-6.00
S01,1,1003,SALE,2011-02-10 12:00:00,BAG,Bag,1,5.000,5.00,S,20.0,1.00,6.00
S01,1,1004,SALE,2011-02-10 13:00:00,MUG,Mug,3,5.000,15.00,S,20.0,3.00,18.00
S01,1,0998,SALE,2011-02-09 10:00:00,MUG,Mug,1,5.000,5.00,Z,0.0,0.00,5.00
S01,1,0999,SALE,2011-02-09 11:00:00,BOOK,Book,1,5.000,5.00,S,20.0,1.00,6.00
"""
TENDERS = """Store,Till,ReceiptNo,TenderNo,TakenAt,Tender,Amount
S01,1,1001,1,2011-02-10 10:00:00,CASH,10.00
S01,1,1001,2,2011-02-10 10:00:00,CARD,9.50
S01,1,1002,1,2011-02-10 11:00:00,CASH,-6.00
S01,1,1003,1,2011-02-10 12:00:00,CASH,6.00
S01,1,1004,1,2011-02-10 13:00:00,CASH,18.00
S01,1,0998,1,2011-02-09 10:00:00,CASH,5.00
S01,1,0999,1,2011-02-09 11:00:00,CASH,6.00
"""
MORNING = datetime(2011, 2, 11, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    for name in ("TILLPROOF_HOME", "DAGSTER_HOME"):
        monkeypatch.setenv(name, str(place))
    inbox = place / "inbox" / "S01"
    inbox.mkdir(parents=True)
    for name, text in (("sales_2011-02.csv", SALES), ("tenders_2011-02.csv", TENDERS)):
        (inbox / name).write_text(text, encoding="utf-8", newline="\n")
        os.utime(inbox / name, (1_300_000_000, 1_300_000_000))
    (place / "tillproof.toml").write_text('company_id = "DGS"\n[sage50]\ncanary = false\n', encoding="utf-8")
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    for name, text in MAPPINGS.items():
        (mappings / f"{name}.csv").write_text(text, encoding="utf-8")
    with Operations.open(load(place).operations) as operations:
        operations.import_mappings(mappings, "Ann", "set-up")
        operations.enable_posting("DGS", "Fay", "go live")
    return place


def verdicts(home: Path) -> dict[tuple[str, str], str]:
    """Verdict by receipt number and document kind, of the newest publication."""
    publication = Publications(home / "published").newest()
    assert publication
    found = {}
    for file in publication.tables["document_verdicts"]:
        for row in pq.read_table(home / "published" / str(file["path"])).to_pylist():
            found[(row["receipt_no"], row["document_kind"])] = row["verdict"]
    return found


@pytest.mark.end_to_end
def test_the_whole_path_on_sage_50(home: Path, tmp_path: Path) -> None:
    with pytest.raises(PassFailedError, match="export Sage's tables into it"):
        run_pass(home, as_of=MORNING)
    company = Sage50Company.create(tmp_path / "sage50.sqlite")
    # somebody typed one sale into Sage by hand, without a key, and on another account
    typed = (
        "SI,TILL01,4905,0,10/02/2011,Mug sale,By hand,15.00,T1,3.00\r\n"
        "SA,TILL01,1235,0,10/02/2011,Mug sale,By hand,18.00,T9,0.00\r\n"
    )
    assert import_file(company, typed.encode(), now=datetime(2011, 2, 10, 18)).imported == 2  # noqa: DTZ001
    exports = home / "sage50" / "export"
    export(company, exports)

    assert run_pass(home, as_of=MORNING).publication
    first = verdicts(home)
    assert first[("1001", "invoice")] == first[("1002", "credit_note")] == "missing_in_ledger"
    assert first[("1004", "receipt")] == "matched", "by store, day and figures: the bank is a Sage 50 account"
    assert first[("1004", "invoice")] == "drifted", "on another nominal account than the mapping says"
    settings = load(home)
    with pytest.raises(PostedByFileError, match="tillproof sage50 write"):
        send_approved(settings)

    told = sage50_report.write(settings, apply=True)
    assert told["written"], told
    written = Path(told["file"]).read_bytes().decode("ascii").splitlines()[1:]
    # by account and by tax code it could be paired in two ways: the summary says which is right
    summed = sorted(line.split(",") for line in written if "S01 20110209-1" in line)
    assert [(row[0], row[2], *row[-8:-5]) for row in summed] == [
        ("SA", "1235", "11.00", "T9", "0.00"),
        ("SI", "4000", "5.00", "T0", "0.00"),
        ("SI", "4010", "5.00", "T1", "1.00"),
    ]
    sold = sorted(line.split(",")[:3] for line in written if "S01 1003" not in line and "-1," not in line)
    assert sold == [
        *(["SA", "TILL01", "1235"], ["SA", "TILL01", "1250"], ["SC", "TILL01", "4000"]),
        *(["SI", "TILL01", "4000"], ["SI", "TILL01", "4010"], ["SP", "TILL01", "1235"]),
    ], written
    assert told["held"].get("gate_blocked"), "the inactive account is stopped by the gate"
    assert import_file(company, Path(told["file"]).read_bytes(), now=datetime(2011, 2, 11, 10)).refused == []  # noqa: DTZ001
    export(company, exports)
    assert sage50_report.verify(settings)["is_well"]

    assert run_pass(home, as_of=MORNING.replace(hour=12)).publication
    second = verdicts(home)
    assert second[(None, "sales_summary")] == second[(None, "takings_summary")] == "matched"
    for key in (
        *(("1001", "invoice"), ("1001", "receipt"), ("1002", "credit_note"), ("1002", "payment")),
        *(("0998", "invoice"), ("0998", "receipt"), ("0999", "invoice"), ("0999", "receipt")),
    ):
        assert second[key] == "matched", (key, second)
