"""What the incumbent leaves behind: books that balance, faults that are really there, a truth that fits."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from scenario_story import SEED, Story

from sandbox.company import SageCompany
from sandbox.scenario import connector, manifest
from sandbox.scenario.connector_events import LATE_UPLOAD, event_of
from sandbox.scenario.connector_reading import read_counted, read_receipts, read_repeated
from sandbox.scenario.counted_cash import KINDS as OVER_SHORT_KINDS
from sandbox.scenario.derived_events import KINDS, LATER_KINDS
from sandbox.scenario.planting import DAYS, LEAVES_OUT, quotas
from sandbox.scenario.repeated_sales import renumbered

ROOT = Path(__file__).parents[2]
SCENARIO = ROOT / "sandbox" / "scenario"
OURS = {"orchestration", "dbt_project", "expectations", "app"}
BUILDERS = (
    "connector",
    "connector_reading",
    "connector_documents",
    "acting",
    "actions",
    "planting",
    "manifest",
    "sync_log",
)


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module or "")
    return names


def test_the_scenario_imports_nothing_that_it_judges() -> None:
    for path in SCENARIO.rglob("*.py"):
        assert not {name.split(".")[0] for name in imports_of(path)} & OURS, path


def test_the_connector_knows_the_sales_from_the_till_files_only() -> None:
    for name in BUILDERS:
        imported = imports_of(SCENARIO / f"{name}.py")
        assert not {"duckdb", "sandbox.scenario.tills", "sandbox.scenario.printing"} & imported, name
        # two constants come from there: which SKUs nobody set up, which stores go by line
        if "sandbox.scenario.sales" in imported:
            assert "open_sales" not in (SCENARIO / f"{name}.py").read_text(encoding="utf-8")


def test_the_books_balance_whatever_was_planted(story: Story) -> None:
    assert story.company.unbalanced_urns() == []


def test_every_document_of_the_tills_has_one_truth_at_each_stage(story: Story, inbox: Path) -> None:
    receipts = read_receipts(inbox, "catch_up") + read_receipts(inbox, "fortnight")
    receipts += read_repeated(inbox)
    for stage in ("before", "after"):
        expected = [truth for truth in story.truths(stage) if truth.scope == "expected"]
        names = [(t.store_id, t.receipt_no, t.document_kind, t.ordinal) for t in expected]
        assert len(names) == len(set(names))
        kinds = Counter((t.receipt_no, t.document_kind) for t in expected)
        for receipt in receipts:
            number, gross = receipt.receipt_no, receipt.gross_pence
            if receipt.kind in ("VOID", "TRAINING"):
                assert [kind for name, kind in kinds if name == number] == ["none"]
            elif receipt.kind == "EXCHANGE":
                assert (kinds[number, "invoice"], kinds[number, "credit_note"]) == (1, 1)
                assert kinds[number, "receipt"] == len(receipt.tenders) == (1 if gross else 0)
            elif kinds[number, "none"]:
                assert gross == 0 or {line.sku for line in receipt.lines} <= {
                    "AMAZONFEE",
                    "BANK CHARGES",
                    "B",
                    "CRUK",
                }
            else:
                sold = [
                    line for line in receipt.lines if line.sku != "PAYACC"
                ]  # what pays off an account is no sale
                # what a voucher for one rate pays comes back as goods
                paid = [one for one in receipt.tenders if one.tender_type not in ("ACCOUNT", "SPVOUCHER")]
                if any(tender.tender_type == "SPVOUCHER" for tender in receipt.tenders):
                    assert kinds[number, "credit_note"] == 1
                assert kinds[number, "invoice" if gross > 0 else "credit_note"] == (1 if sold else 0)
                assert kinds[number, "receipt" if gross > 0 else "payment"] == len(paid)
        # and a document for each closure that was over or short
        counted = [f"{one.till_id}Z{one.closure_no}" for one in read_counted(inbox)]
        assert {t.receipt_no for t in expected} == {*(receipt.receipt_no for receipt in receipts), *counted}
        told = Counter(t.fault for t in expected if t.receipt_no in counted)
        assert told == Counter(f"over_short_{kind}" for kind in OVER_SHORT_KINDS)


def test_every_document_in_sage_is_in_the_truth_and_no_other(story: Story) -> None:
    in_sage = {
        urn
        for (urn,) in story.database.execute(
            "select urn from sales_transactions union select urn from bank_transactions"
        )
    }
    before = [truth.urn for truth in story.truths() if truth.urn is not None]
    again = [truth.urn for truth in story.of_fault("second_writer", "after")]
    assert len(before) == len(set(before))
    # a day's document is named by what it carries; so are journals, which are not in the sales ledger
    of_days = {truth.partner_urn for truth in story.truths() if truth.verdict == "matched"} & in_sage
    assert of_days
    assert set(before) | set(again) | of_days == in_sage
    assert not of_days & {*before, *again}


def test_an_innocent_document_is_in_sage_to_the_penny_on_its_day(story: Story) -> None:
    booked = {
        urn: (abs(gross), day)
        for urn, gross, day in story.database.execute(
            "select urn, gross_pence, transaction_date from sales_transactions"
        )
    }
    innocent = [t for t in story.truths() if t.part == "clean" and t.verdict == "matched"]
    assert len(innocent) > 2000
    for truth in innocent:
        assert booked[truth.urn] == (truth.gross_pence, truth.document_date.isoformat()), truth


def test_every_fault_is_planted_and_no_receipt_carries_two(story: Story, inbox: Path) -> None:
    planted = {t.fault for t in story.truths() if t.part == "planted"}
    wanted = set(quotas("catch_up")) | {"unknown_store", "unreadable_quantity", "sold_once"}
    wanted |= {f"over_short_{kind}" for kind in OVER_SHORT_KINDS}
    # what of an event no fault befell bears its name: the whole receipt, or the rest of one
    befallen = {t.receipt_no for t in story.truths() if t.part == "planted" and t.fault in quotas("catch_up")}
    receipts = read_receipts(inbox, "catch_up") + read_receipts(inbox, "fortnight")
    all_events = {f"derived_{event_of(receipt)}" for receipt in receipts if event_of(receipt)}
    untouched = {
        f"derived_{event_of(one)}" for one in receipts if event_of(one) and one.receipt_no not in befallen
    }
    assert len(untouched) > 10 and all_events <= {
        f"derived_{kind}" for kind in (*KINDS, *LATER_KINDS, LATE_UPLOAD)
    }
    events = {fault for fault in planted if fault.startswith("derived_")}
    assert planted - events == wanted and untouched <= events <= all_events
    faults: dict[str, set[str]] = {}
    for truth in story.truths():
        if truth.part == "planted" and truth.fault != "never_sold" and not truth.fault.startswith("derived_"):
            # closures of several tills bear one number
            name = f"{truth.store_id} {truth.receipt_no}" if "Z" in truth.receipt_no else truth.receipt_no
            faults.setdefault(name, set()).add(truth.fault)
    assert {number: found for number, found in faults.items() if len(found) > 1} == {}


def sent(story: Story, truth: manifest.Truth) -> dict[str, object]:
    """The document as Sage holds it, with its customer and banks."""
    row = story.database.execute(
        """
        select transactions.reference, transactions.transaction_date, abs(goods_pence), abs(tax_pence),
               customers.reference, group_concat(banks.code)
        from sales_transactions as transactions
        inner join customers on customers.id = customer_id
        left join bank_transactions on bank_transactions.urn = transactions.urn
        left join banks on banks.id = bank_id
        where transactions.urn = ? group by transactions.id
        """,
        (truth.urn,),
    ).fetchone()
    return dict(zip(("reference", "day", "net", "tax", "customer", "bank"), row, strict=True))


def nominals(story: Story, truth: manifest.Truth, table: str = "nominal_lines") -> set[str]:
    rows = story.database.execute(
        f"select reference from nominal_codes where id in (select nominal_id from {table} where urn = ?)",
        (truth.urn,),
    )
    return {code for (code,) in rows}


def test_drifts_are_in_the_books_as_the_truth_says(story: Story) -> None:
    for truth in story.of_fault("wrong_bank"):
        assert str(sent(story, truth)["bank"]).startswith("CARD")
    for truth in story.of_fault("wrong_customer"):
        assert sent(story, truth)["customer"] not in (f"TILL0{truth.store_id[-1]}", "TILL05")
    for truth in story.of_fault("date_drift"):
        day = str(sent(story, truth)["day"])
        assert truth.document_date.isoformat() < day
        assert day[:7] == truth.document_date.isoformat()[:7]
    for truth in story.of_fault("amended_after_posting"):
        # the head was changed a week on, the lines behind it were not
        assert sent(story, truth)["day"] == (truth.document_date + timedelta(days=7)).isoformat()
        days = "select distinct transaction_date from nominal_lines where urn = ?"
        assert story.database.execute(days, [truth.urn]).fetchall() == [(truth.document_date.isoformat(),)]
    for truth in story.of_fault("nominal_drift"):
        assert "4110" in nominals(story, truth)
        assert "4000" not in nominals(story, truth)
    for truth in story.of_fault("to_suspense"):
        assert "9998" in nominals(story, truth)
    for truth in story.of_fault("deferred"):
        assert nominals(story, truth) == set()
        assert nominals(story, truth, "deferred_lines") != set()
    for truth in story.of_fault("reference_lost"):
        assert not str(sent(story, truth)["reference"]).startswith("POS-")
    for truth in story.of_fault("amount_drift"):
        held = sent(story, truth)
        assert int(str(held["net"])) + int(str(held["tax"])) != truth.gross_pence


def test_what_is_exported_again_is_the_same_sale_under_another_number(story: Story, inbox: Path) -> None:
    first = {receipt.receipt_no: receipt for receipt in read_receipts(inbox, "fortnight")}
    again = read_repeated(inbox)
    assert len(again) == 5
    for receipt in again:
        was = next(one for number, one in first.items() if renumbered(number) == receipt.receipt_no)
        assert (was.lines, was.tenders, was.completed_at) == (
            receipt.lines,
            receipt.tenders,
            receipt.completed_at,
        )
        assert len(was.lines) > 1
        # what it repeats is in Sage, whole and right
        assert {t.part for t in story.truths() if t.receipt_no == was.receipt_no} == {"clean"}
    told = {(truth.receipt_no, truth.verdict, truth.urn) for truth in story.of_fault("sold_once")}
    assert told == {(receipt.receipt_no, "duplicate_in_pos", None) for receipt in again}


def test_a_lost_reference_leaves_amounts_that_occur_once_in_their_slot(story: Story) -> None:
    slots = Counter(
        (t.store_id, t.document_date, t.document_kind, t.gross_pence)
        for t in story.truths()
        if t.scope == "expected"
    )
    lost = story.of_fault("reference_lost")
    assert lost
    for truth in lost:
        assert slots[truth.store_id, truth.document_date, truth.document_kind, truth.gross_pence] == 1
        assert not truth.is_strict


def test_what_leaves_a_document_out_is_known_for_it(story: Story) -> None:
    """A journal short of its receipt must not share its day with such a one."""
    left_out = {t.fault for t in story.truths() if t.part == "planted" and t.verdict == "missing_in_ledger"}
    # what was counted over or short changes what its bank took, which such a journal has whole
    left_out -= {fault for fault in left_out if fault.startswith("over_short")}
    assert left_out - DAYS.keys() <= LEAVES_OUT
    assert {"exchange_netted", "missing_goods_only", "several_at_once"} <= left_out


def test_a_journal_stands_for_what_it_carries_and_a_reversed_one_for_nothing(story: Story) -> None:
    carried = [t for t in story.truths() if t.partner_urn is not None and t.verdict != "matched"]
    carried = [t for t in carried if t.scope == "expected"]
    assert {t.fault for t in carried} == {
        "journalled_receipt",
        "journalled_without_vat",
        "journalled_tender",
        "journalled_in_part",
        "journalled_day",
    }
    assert {t.urn for t in carried} == {None}
    for urn in {t.partner_urn for t in carried}:
        lines = story.database.execute(
            """
            select codes.reference, codes.cost_centre, value_pence, source
            from nominal_lines inner join nominal_codes as codes on codes.id = nominal_id where urn = ?
            """,
            (urn,),
        ).fetchall()
        members = [t for t in carried if t.partner_urn == urn]
        assert {line[3] for line in lines} == {"LedgerNominal"}
        assert {line[1] for line in lines} - {""} == {members[0].store_id}
        money = sum(
            t.gross_pence * (-1 if t.document_kind == "payment" else 1)
            for t in members
            if t.document_kind in ("receipt", "payment")
        )
        assert sum(line[2] for line in lines if line[0] in ("1230", "1240")) == money
    assert {t.partner_urn for t in story.of_fault("journal_reversed")} == {None}
    assert {t.verdict for t in story.of_fault("journal_reversed", "after")} == {"matched"}
    days = {(t.store_id, t.document_date) for t in story.of_fault("journalled_day")}
    others = [t for t in story.truths() if (t.store_id, t.document_date) in days and t.part == "planted"]
    assert {t.fault for t in others if not t.fault.startswith("over_short")} == {"journalled_day"}


def test_a_day_s_documents_come_to_what_its_receipts_do_but_for_what_was_forgotten(story: Story) -> None:
    booked = dict(story.database.execute("select urn, abs(gross_pence) from sales_transactions"))
    for fault in ("summarised_day", "summarised_day_short"):
        members = [t for t in story.of_fault(fault) if t.scope == "expected"]
        drifted = {t.partner_urn for t in story.of_fault(fault) if t.verdict == "drifted"}
        assert {t.verdict for t in members} == {"matched"}
        short = {
            urn: sum(t.gross_pence for t in members if t.partner_urn == urn) - booked[urn]
            for urn in {t.partner_urn for t in members}
        }
        assert all(pence >= 0 for pence in short.values())
        # a day drifts as a whole; it is one document of it that a receipt was left out of
        assert sum(pence > 0 for pence in short.values()) == len(drifted)
        assert bool(drifted) == (fault == "summarised_day_short")
    assert {t.receipt_no.split(":")[3] for t in story.truths() if t.scope == "summary"} == {
        "sales",
        "takings",
    }
    journals = {t.partner_urn for t in story.of_fault("summarised_day_journal")}
    assert journals
    assert not journals & set(booked)


def test_what_the_gate_holds_back_stays_missing_and_the_rest_is_put_right(story: Story) -> None:
    after = {
        (t.receipt_no, t.document_kind, t.ordinal): t for t in story.truths("after") if t.scope == "expected"
    }
    missing = [t for t in story.truths() if t.verdict == "missing_in_ledger"]
    assert missing
    for truth in missing:
        later = after[truth.receipt_no, truth.document_kind, truth.ordinal]
        held = truth.store_id == "S05" or truth.document_date.isoformat() < "2011-01-01"
        flagged = truth.fault in ("rejected_hidden_nominal", "rejected_tax_code", "missing_unmapped_sku")
        goods = truth.document_kind in ("invoice", "credit_note")
        assert later.verdict == ("missing_in_ledger" if held or (flagged and goods) else "matched"), truth


def test_a_copy_and_its_contra_to_come_are_both_reversed_afterwards(story: Story) -> None:
    copies = [t for t in story.of_fault("posted_twice") if t.verdict == "duplicate_in_ledger"]
    after = story.of_fault("posted_twice", "after")
    assert len(after) == 2 * len(copies) > 0
    assert {t.verdict for t in after} == {"reversed"}
    assert {t.urn for t in after if t.urn} == {t.urn for t in copies}
    assert {t.document_kind for t in after if t.urn is None} == {"credit_note", "payment"}


def test_the_second_writer_posts_again_what_was_missing_whole(story: Story) -> None:
    again = story.of_fault("second_writer", "after")
    assert len(story.posted_again) == 2
    assert {t.receipt_no for t in again} == set(story.posted_again)
    assert len({t.store_id for t in again}) == 1
    whole = {t.receipt_no for t in story.of_fault("missing_receipt_whole")}
    assert set(story.posted_again) <= whole
    assert {t.verdict for t in again} == {"duplicate_in_ledger"}


def log_of(story: Story) -> dict[str, list[dict[str, str]]]:
    attempts: dict[str, list[dict[str, str]]] = {}
    for path in sorted(story.log.glob("sync_*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                attempts.setdefault(row["reference"], []).append(row)
    return attempts


def test_the_log_lies_about_what_never_arrived_and_admits_what_was_refused(story: Story) -> None:
    log = log_of(story)
    urns = {str(urn) for truth in story.truths() for urn in (truth.urn, truth.partner_urn) if urn}
    for truth in story.of_fault("missing_receipt_whole"):
        reference = f"POS-{truth.store_id}-{truth.receipt_no}"
        attempt = log[reference][-1]
        assert attempt["record_status"] == "accepted"
        assert attempt["target_urn"] in urns
    for truth in story.of_fault("rejected_locked_customer"):
        attempts = log[f"POS-{truth.store_id}-{truth.receipt_no}"]
        assert [attempt["attempt"] for attempt in attempts] == ["1", "2", "3"]
        assert {attempt["record_status"] for attempt in attempts} == {"rejected"}
        assert "used by another user" in attempts[-1]["message"]
    for truth in story.of_fault("missing_tender_only"):
        assert f"POS-{truth.store_id}-{truth.receipt_no}-{truth.ordinal}" not in log
    for truth in story.of_fault("posted_twice"):
        attempts = log[f"POS-{truth.store_id}-{truth.receipt_no}"]
        assert [attempt["record_status"] for attempt in attempts] == ["unknown", "accepted"]


def test_a_log_file_is_as_old_as_its_last_attempt_so_that_how_fast_a_pass_follows_changes_nothing(
    story: Story,
) -> None:
    for path in story.log.glob("sync_*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            last = max(row["ended_at"] for row in csv.DictReader(file))
        assert path.stat().st_mtime == datetime.fromisoformat(last).replace(tzinfo=UTC).timestamp()


def test_december_is_closed_and_the_till_of_s05_is_on_hold(story: Story) -> None:
    states = story.database.execute(
        "select sales_state, cash_book_state, nominal_state from periods where start_date = '2010-12-01'"
    ).fetchone()
    assert states == ("Closed", "Closed", "Closed")
    held = story.database.execute("select reference from customers where on_hold = 1").fetchall()
    assert held == [("TILL05",)]


def test_the_same_seed_tells_the_same_story(
    story: Story, inbox: Path, seed_folder: Path, tmp_path: Path
) -> None:
    with SageCompany.create(
        tmp_path / "sage.sqlite", seed_folder, site_id="demo", company_id=1, company_name="Demo"
    ) as company:
        connector.load(company, inbox, "fortnight", seed=SEED, manifest=tmp_path / "truth.parquet")
    told = [
        (t.receipt_no, t.document_kind, t.ordinal, t.verdict, t.fault, t.note)
        for t in manifest.read(tmp_path / "truth.parquet", "before")
        if t.document_date.isoformat() >= "2011-08-18"
    ]
    days = {t.document_date.isoformat() for t in manifest.read(tmp_path / "truth.parquet", "before")}
    assert min(days) == "2011-08-15", "what a till without a line sold comes three days later"
    first = [
        (t.receipt_no, t.document_kind, t.ordinal, t.verdict, t.fault, t.note)
        for t in story.truths()
        if t.document_date.isoformat() >= "2011-08-18"
    ]
    assert told == first


@pytest.mark.parametrize("seed", [SEED + 1])
def test_another_seed_tells_another(
    story: Story, inbox: Path, seed_folder: Path, tmp_path: Path, seed: int
) -> None:
    with SageCompany.create(
        tmp_path / "sage.sqlite", seed_folder, site_id="demo", company_id=1, company_name="Demo"
    ) as company:
        connector.load(company, inbox, "fortnight", seed=seed, manifest=tmp_path / "truth.parquet")
    other = {
        t.receipt_no
        for t in manifest.read(tmp_path / "truth.parquet", "before")
        if t.fault == "missing_receipt_whole"
    }
    assert other != {t.receipt_no for t in story.of_fault("missing_receipt_whole")}
