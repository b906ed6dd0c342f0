"""The main job as a user plays it: the demo's story once, then what must hold of the home it leaves.

The story is `tillproof demo --quick`: every kind of fault on a month of the sales. `.ci/run` plays all nine months too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import play_days
import pytest

from app.published import Published
from app.reports import trace
from orchestration import judged_days
from orchestration.demo import AS_OF
from orchestration.publishing import Publications
from sandbox.scenario import manifest as manifests
from sandbox.scenario.world import manifest_in

pytestmark = pytest.mark.end_to_end
ROOT = Path(__file__).resolve().parents[2]
TRUTHS = ("sent", "acknowledged", "present", "in_nominal", "right")


def tillproof(*arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orchestration.cli", *arguments]
    if home is not None:
        command += ["--home", str(home)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


class Played:
    """The demo's folder and its own report."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.home = folder / "home"
        done = tillproof("demo", "--quick", "--folder", str(folder), "--json")
        assert done.returncode in (0, 1), done.stderr
        self.exit_code = done.returncode
        self.report: dict[str, Any] = json.loads(done.stdout)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    yield Played(tmp_path_factory.mktemp("demo"))


def test_every_planted_fault_is_found_and_nothing_clean_is_accused(played: Played) -> None:
    for stage in ("before", "after"):
        judged = played.report["judged"][stage]
        assert judged["misses"] == []
        assert judged["accused"] == []
        assert judged["documents"] > 4_000
        assert judged["closures"]["misses"] == []
        assert judged["closures"]["till_days"] > 250
        assert judged["roundings"]["precision"] == judged["roundings"]["recall"] == 1.0
        assert judged["roundings"]["truth"] > 50
    assert played.exit_code == 0


def test_every_receipt_that_a_till_exported_was_checked(played: Played) -> None:
    assert played.report["exported"]["receipts"] > 2_000
    assert played.report["exported"]["lines"] > 30_000
    receipts = played.report["after"]["receipts"]
    truths = manifests.read(manifest_in(played.folder / "world"), "after")
    told_twice = {truth.receipt_no for truth in truths if truth.verdict == "duplicate_in_pos"}
    assert receipts["checked"] == played.report["exported"]["receipts"] + len(told_twice)
    assert receipts["checked"] == receipts["money"]["receipts"] + receipts["nothing_to_post"]["receipts"]


def test_everything_sent_is_proven_by_all_five_truths(played: Played) -> None:
    posting = played.report["posting"]
    assert posting["sent"] > 100
    assert {posting[truth] for truth in TRUTHS} == {posting["sent"]}
    assert posting["posts"] > posting["sent"], "a locked account was tried again"


def test_whose_turn_it_is_and_so_every_urn_depends_on_no_clock(played: Played) -> None:
    """The account that was locked at first comes after all others, however fast this machine is."""
    others, locked = Published(played.home / "published").rows(
        """select customer_reference = 'TILL03' as is_locked, min(urn) as first_urn, max(urn) as last_urn
        from ledger_documents where mark = 'ours' and customer_reference is not null
        group by all order by is_locked"""
    )
    assert (others["is_locked"], locked["is_locked"]) == (False, True)
    assert locked["first_urn"] > others["last_urn"]


def test_posting_lowers_debt_and_what_the_gate_stops_stays_open(played: Played) -> None:
    before, after = (played.report[side]["debt"]["total"] for side in ("before", "after"))
    assert after["debt_pence_days"] < before["debt_pence_days"]
    assert played.report["posting"]["held"]["gate_blocked"] > 0
    classes = {row["exception_class"] for row in exceptions_of(played.home)}
    assert {
        "nominal_hidden",
        "till_tax_code_unmapped",
        "sku_unmapped",
        "customer_on_hold",
        "period_closed",
        "closure_missing",
        "closure_repeated",
        "closure_unequal",
        "cash_over_short",
    } <= classes


def exceptions_of(home: Path) -> list[dict[str, Any]]:
    done = tillproof("exceptions", "--json", "--limit", "1000", home=home)
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)["listed"]
    return listed


def test_a_receipt_is_traced_from_its_file_to_its_postings(played: Played) -> None:
    number = played.report["second_writes"][0]
    told = json.loads(json.dumps(trace(Published(played.home / "published"), number), default=str))
    assert told["found"] == 1
    text = json.dumps(told["lives"][0])
    assert "duplicate_in_ledger" in text
    assert "proven" in text
    assert "sales_2011-08" in text or "receipts_2011-08" in text


def test_a_refund_is_told_with_the_sale_that_its_till_names(played: Played) -> None:
    published = Published(played.home / "published")
    refunds = published.rows("select * from receipts where original_receipt_no is not null")
    assert len(refunds) > 5
    for refund in refunds:
        (sale,) = published.rows(
            "select * from receipts where event_id = ?", [refund["original_event_id"] or "not here"]
        )
        assert (sale["receipt_no"], sale["receipt_kind"]) == (refund["original_receipt_no"], "sale")
        assert -sale["gross_pence"] <= refund["gross_pence"] < 0


def test_what_a_single_purpose_voucher_pays_for_bears_no_vat(played: Played) -> None:
    taxes = Published(played.home / "published").rows(
        """
        select receipts.receipt_no, sum(verdicts.direction * verdicts.expected_tax_pence) as tax_pence,
            any_value(receipts.tax_pence) as printed_pence, count(*) as documents
        from receipts
        inner join receipt_tenders as tenders using (event_id)
        inner join document_verdicts as verdicts using (event_id)
        where tenders.tender_type = 'SPVOUCHER' and tenders.tender_pence = receipts.gross_pence
            and verdicts.posting_key is not null
        group by receipts.receipt_no
        """
    )
    assert len(taxes) > 3
    assert {(row["tax_pence"], row["documents"]) for row in taxes} == {(0, 2)}
    assert all(row["printed_pence"] > 0 for row in taxes)


def test_one_planted_fault_of_each_kind_can_be_traced(played: Played) -> None:
    truths = manifests.read(manifest_in(played.folder / "world"), "after")
    one_of_each = {truth.fault: truth for truth in truths}
    assert len(one_of_each) > 50
    published = Published(played.home / "published")
    for fault, truth in one_of_each.items():
        urn = truth.partner_urn if truth.scope == "summary" else truth.urn
        names_a_receipt = truth.receipt_no and truth.scope != "summary"
        lives = trace(published, truth.receipt_no if names_a_receipt else f"URN {urn}")["lives"]
        told = {document["verdict"] for life in lives for document in life["documents"]}
        assert truth.verdict in told, f"{fault}: {truth.receipt_no} shows {told}"


def test_a_run_with_nothing_new_changes_nothing(played: Played) -> None:
    with sandbox_of(played):
        before = (played.home / "published" / "current").read_text()
        landed = sorted(path.name for path in (played.home / "landing").rglob("*.parquet"))
        command = [sys.executable, "-X", "importtime", "-m", "orchestration.cli", "run", "--json"]
        done = subprocess.run(
            [*command, "--home", str(played.home)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["publication"] is None
    assert list(told["seconds_by_step"]) == ["received"]
    loaded = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert {"dagster", "dbt", "great_expectations"} & loaded == {"dagster"}, "neither dbt nor GX starts"
    assert (played.home / "published" / "current").read_text() == before
    assert sorted(path.name for path in (played.home / "landing").rglob("*.parquet")) == landed


def test_what_is_disposable_comes_back_with_the_same_digests(played: Played) -> None:
    newest = Publications(played.home / "published").newest()
    assert newest is not None
    for disposable in ("published", "dagster", "gate", "dbt"):
        shutil.rmtree(played.home / disposable)
    with sandbox_of(played):
        done = tillproof("run", "--json", home=played.home)
    assert done.returncode == 0, done.stderr
    again = Publications(played.home / "published").newest()
    assert again is not None
    assert again.as_of == newest.as_of == AS_OF
    assert again.digests == newest.digests


def sandbox_of(played: Played) -> Any:
    """The demo's Sage again, on the address its home knows; only reads are made."""
    import tomllib

    from sandbox.serving import serving

    settings = tomllib.loads((played.home / "tillproof.toml").read_text())
    port = int(settings["sage200"]["base_url"].split(":")[2].split("/")[0])
    return serving(played.folder / "world" / "sage200.sqlite", port=port, clock=f"{AS_OF:%Y-%m-%dT%H:%M:%S}")


@pytest.mark.long
def test_judging_only_the_days_that_something_touches_publishes_the_same(
    played: Played, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TILLPROOF_HOME", "DAGSTER_HOME"):  # put back afterwards
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(judged_days, "LARGEST_SHARE", 1)

    story = play_days.play(played.home, tmp_path, seed=1, last_pass=2, months=3)

    assert story.differences == []
    assert story.keeping == 1
    assert story.kinds[2, "summaries"] > 0
