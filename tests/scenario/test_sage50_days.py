"""The connector on Sage 50: each till's day as one, faults that are really in the books, and a truth that fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from scenario_story import SEED

from sandbox.sage50.company import Sage50Company
from sandbox.scenario import manifest
from sandbox.scenario.closure_faults import COUNTED_PENCE
from sandbox.scenario.connector_reading import read_counted
from sandbox.scenario.counted_cash import draft_of
from sandbox.scenario.manifest import Truth
from sandbox.scenario.sage50 import connector
from sandbox.scenario.sage50.days import TillDay
from sandbox.scenario.sage50.planting import quotas
from sandbox.scenario.sage50.world import HERE

ROWS = """
    select splits.type, inv_ref, account_ref, nominal_code, tax_code, net_pence, tax_pence, splits.tran_number
    from splits inner join headers using (header_number)
"""
SIGN = {"SI": 1, "SC": -1, "SA": 1, "SP": -1}


@dataclass
class Days:
    """What the connector imported of the small trade, and what is true of it."""

    company: Sage50Company
    truth_file: Path
    days: dict[str, TillDay]
    chosen: dict[str, str]
    again: tuple[str, ...]
    _read: dict[str, tuple[Truth, ...]] = field(default_factory=dict)

    def truths(self, stage: str = "before") -> list[Truth]:
        """The truth as it was written, read once."""
        if stage not in self._read:
            self._read[stage] = tuple(manifest.read(self.truth_file, stage))
        return list(self._read[stage])

    def of(self, fault: str) -> TillDay:
        """A till's day with a fault."""
        return next(self.days[name] for name, planted in self.chosen.items() if planted == fault)

    def imported(self, day: TillDay, till_id: str = "") -> list[tuple[object, ...]]:
        """The rows that bear its name, or that of another till."""
        reference = f"DAY-{day.store_id}-{day.day:%Y%m%d}-{till_id or day.till_id}"
        return [tuple(row) for row in self.company.rows(f"{ROWS} where inv_ref = ?", reference)]


@pytest.fixture(scope="module")
def days(till_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    folder = tmp_path_factory.mktemp("sage50_days")
    truth_file = folder / "manifest.parquet"
    found: dict[str, TillDay] = {}
    chosen: dict[str, str] = {}
    with Sage50Company.create(folder / "sage50.sqlite", HERE / "company") as company:
        for phase in ("catch_up", "fortnight"):
            loaded = connector.load(company, till_inbox, phase, seed=SEED, manifest=truth_file)
            found |= {day.name: day for day in loaded.days}
            chosen |= loaded.chosen
        at = datetime.fromisoformat("2011-08-31T23:00")
        again = connector.post_after_us(company, till_inbox, seed=SEED, manifest=truth_file, at=at)
        yield Days(company, truth_file, found, chosen, again)


def test_every_fault_is_planted_and_the_books_balance(days: Days) -> None:
    assert set(days.chosen.values()) == set(quotas("catch_up"))
    assert days.company.out_of_balance() == []


def test_a_clean_day_is_in_sage_as_the_till_took_it(days: Days) -> None:
    touched = {days.days[name].slot for name in days.chosen}
    clean = [day for day in days.days.values() if day.slot not in touched]
    for day in clean[::7]:
        sold = sum(
            draft.gross_pence * (1 if draft.kind == "invoice" else -1)
            for draft in day.drafts
            if not draft.bank
        )
        rows = days.imported(day)
        assert sum(SIGN[row[0]] * (row[5] + row[6]) for row in rows if row[0] in ("SI", "SC")) == sold  # type: ignore[operator, index]
        assert len(rows) == len(day.rows)


def test_the_faults_are_really_in_the_books(days: Days) -> None:
    assert days.imported(days.of("day_missing")) == days.imported(days.of("journalled_day")) == []
    twice = days.imported(days.of("day_twice"))
    assert set(Counter(row[:7] for row in twice).values()) == {2}
    cash = days.of("cash_missing")
    assert not any(str(row[3]).startswith("123") for row in days.imported(cash))
    lost = days.of("vat_lost")
    right, wrong = sum(row.tax_pence for row in lost.rows), sum(row[6] for row in days.imported(lost))  # type: ignore[misc]
    gross = sum(row.gross_pence for row in lost.rows)
    assert wrong < right and sum(row[5] + row[6] for row in days.imported(lost)) == gross  # type: ignore[operator, misc]
    other = days.of("other_till")
    assert days.imported(other) == []
    assert {row[0] for row in days.imported(days.of("journal_t9"))} == {"JD", "JC"}
    assert "9998" in {row[3] for row in days.imported(days.of("to_suspense"))}
    assert "SC" not in {row[0] for row in days.imported(days.of("refunds_forgotten"))}
    assert days.imported(days.of("never_traded"), "9")


def test_each_document_of_the_tills_has_one_truth_at_each_stage(days: Days, till_inbox: Path) -> None:
    expected = Counter(
        (draft.store_id, draft.receipt_no, draft.kind, draft.ordinal)
        for day in days.days.values()
        for draft in day.drafts
    )
    # what closures were over or short nobody imports
    over_short = [draft_of(counted) for counted in read_counted(till_inbox)]
    assert len(over_short) == len(COUNTED_PENCE)
    expected.update((draft.store_id, draft.receipt_no, draft.kind, draft.ordinal) for draft in over_short)
    for stage in ("before", "after"):
        told = Counter(
            (t.store_id, t.receipt_no, t.document_kind, t.ordinal)
            for t in days.truths(stage)
            if t.scope == "expected" and t.document_kind != "none" and t.fault != "unknown_store"
        )
        assert told == expected, stage


def test_the_truth_names_documents_that_sage_has(days: Days) -> None:
    numbers = {row[7] for row in map(tuple, days.company.rows(ROWS))}
    for stage in ("before", "after"):
        for truth in days.truths(stage):
            assert {truth.urn, truth.partner_urn, truth.twin_urn} - {None} <= numbers, truth
            is_carried = truth.scope in ("expected", "summary") and truth.verdict in ("matched", "drifted")
            if stage == "before" and is_carried:
                assert truth.partner_urn, truth


def test_what_we_should_post_is_told_and_what_the_gate_keeps_is_not(days: Days) -> None:
    before = {(t.receipt_no, t.document_kind, t.ordinal): t for t in days.truths()}
    after = {(t.receipt_no, t.document_kind, t.ordinal): t for t in days.truths("after")}
    for fault, mended in (("day_missing", True), ("cash_missing", True), ("day_missing_closed", False)):
        day = days.of(fault)
        posted = {name for name, *_ in after if name.startswith(f"{day.name}:")} - {
            name for name, *_ in before
        }
        assert bool(posted) == mended, fault
    second = [t for t in days.truths("after") if t.fault == "second_writer"]
    assert len(days.again) == 1 and {t.verdict for t in second} == {"duplicate_in_ledger"}
