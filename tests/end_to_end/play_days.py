"""Judge only the days that something touches, seed after seed, and hold what is published against judging all of them.

    python tests/end_to_end/play_days.py [--seeds 3] [--passes 4] [--home HOME]

A home (that of a demo, unless one is given) is strewn over several passes: a part of its receipts, Sage documents,
closures, connector's log lines and intents comes late, some documents are first there under another date and reference,
some closures under another count, some documents are there for a while and then gone, some reach the nominal ledger
late. Each pass is judged twice from the same landing and the same history, once keeping every day that it may and once
whole. Every digest must be the same. The exit code is 1 where one is not, and the first rows that differ are printed
with the seed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path

import dagster as dg
import duckdb

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from orchestration import judged_days, passes  # noqa: E402
from orchestration.landing_files import tables_of  # noqa: E402
from orchestration.publishing import Publication, Publications  # noqa: E402
from orchestration.run_pass import prepare_home  # noqa: E402
from orchestration.settings import load  # noqa: E402
from orchestration.warehouse import Warehouse  # noqa: E402

POS = ("pos/receipt_lines", "pos/tenders")
SAGE = (
    *("sage200/sales_posted_transactions", "sage200/bank_posted_transactions", "sage200/sales_tax_items"),
    *("sage200/bank_tax_items", "sage200/nominal_transactions"),
)
UNITS = {
    **dict.fromkeys(POS, "concat_ws(' ', store_code, till_code, receipt_no, document_date)"),
    **dict.fromkeys(SAGE, "cast(urn as varchar)"),
    "pos/till_closures": "source_key",
    "connector/sync_log": "source_key",
    "operations/intents": "posting_key",
}
"""What comes together: a receipt, a document, a line of the log, an intent."""
ELSEWHERE = 9_000_000
"""Added to the number of a document that is not one."""


class Strewn:
    """A landing told over several passes, by a seed."""

    def __init__(self, landing: Path, seed: int, last_pass: int):
        self.connection = duckdb.connect()
        self.last_pass = last_pass
        self._draw = random.Random(seed)  # noqa: S311  tells stories, guards nothing
        self.tables = []
        for table in tables_of(landing):
            files = sorted((landing / table).glob("*/pass_*.parquet"))
            if not files:
                continue
            listed = ", ".join(f"'{file}'" for file in files)
            self.connection.execute(
                f"""create table "{table}" as
                    select * exclude (place), {UNITS.get(table, "''")} as unit, parse_path(filename)[-2] as folder
                    from (select *, row_number() over (
                            partition by company_id, source_key order by pass_number desc) as place
                          from read_parquet([{listed}], union_by_name = true, filename = true)) as ranked
                    where place = 1 and not is_tombstone"""
            )
            self.connection.execute(f'alter table "{table}" drop column filename')
            self.connection.execute(f'update "{table}" set pass_number = 1')
            self.tables.append(table)
        # some seeds without what ties many days together: a few days' tolerance, manual journals
        if seed % 2:
            self.connection.execute('update "operations/companies" set match_tolerance_days = 0')
        if seed % 4 == 1:
            self.connection.execute(f"delete from \"{SAGE[-1]}\" where source = 'LedgerNominal'")
        for number in range(2, last_pass + 1):
            self._come_late(number)
        self._alter()
        self._count_again()
        self._stray()

    def write(self, landing: Path, pass_number: int) -> None:
        """The files of one pass."""
        for table in self.tables:
            months = self.connection.execute(
                f'select distinct folder from "{table}" where pass_number = {pass_number}'
            ).fetchall()
            for (folder,) in months:
                (landing / table / folder).mkdir(parents=True, exist_ok=True)
                self.connection.execute(
                    f"""copy (select * exclude (unit, folder) from "{table}"
                              where pass_number = {pass_number} and folder = '{folder}' order by all)
                        to '{landing / table / folder}/pass_{pass_number:06d}.parquet' (format parquet)"""
                )

    def _units(self, table: str, count: int, where: str = "true") -> list[str]:
        if table not in self.tables:
            return []
        found = self.connection.execute(
            f'select distinct unit from "{table}" where pass_number = 1 and {where} order by unit'
        ).fetchall()
        return [str(unit) for (unit,) in self._draw.sample(found, min(count, len(found)))]

    def _come_late(self, number: int) -> None:
        """A store's day, some receipts, some documents, some of each log."""
        days = self.connection.execute(
            'select distinct store_code, document_date from "pos/receipt_lines" order by all'
        ).fetchall()
        store, day = self._draw.choice(days)
        late = self._units(
            "pos/receipt_lines", 10_000, f"store_code = '{store}' and document_date = date '{day}'"
        )
        late += self._units("pos/receipt_lines", self._draw.choice((0, 1, 4)))
        self._move(POS, late, number)
        few = self._draw.choice((1, 2, 5))
        self._move(SAGE, self._units("sage200/sales_posted_transactions", few), number)
        journals = self._units(
            "sage200/nominal_transactions", self._draw.choice((0, 1)), "source = 'LedgerNominal'"
        )
        self._move(SAGE, journals, number)
        self._move(SAGE[-1:], self._units("sage200/sales_posted_transactions", 1), number)
        for table in ("connector/sync_log", "operations/intents"):
            self._move((table,), self._units(table, few), number)
        counted = "counted_cash_amount <> cash_amount"
        late = self._units("pos/till_closures", 2, counted) + self._units("pos/till_closures", 1)
        self._move(("pos/till_closures",), late, number)
        alone = """urn not in (select urn from "sage200/sales_posted_transactions")"""
        self._move(
            SAGE, self._units("sage200/bank_posted_transactions", self._draw.choice((0, 1)), alone), number
        )

    def _move(self, tables: tuple[str, ...], units: list[str], number: int) -> None:
        for table in tables:
            if table in self.tables and units:
                self.connection.execute(
                    f'update "{table}" set pass_number = {number} where list_contains(?, unit)', [units]
                )

    def _alter(self) -> None:
        """Documents that were first there under another date, or another reference, and are now as they are."""
        for change in ("transaction_date = transaction_date + 9", "reference = 'by hand'"):
            units = self._units("sage200/sales_posted_transactions", self._draw.choice((1, 3)))
            number = self._draw.randint(2, self.last_pass)
            for table in SAGE:
                if table not in self.tables or (change.startswith("reference") and "tax_items" in table):
                    continue
                self.connection.execute(
                    f'create temp table once as select * from "{table}" where list_contains(?, unit)', [units]
                )
                self.connection.execute(
                    f'update "{table}" set pass_number = {number} where list_contains(?, unit)', [units]
                )
                self.connection.execute(f"update once set {change}")
                self.connection.execute("update once set folder = strftime(transaction_date, '%Y-%m')")
                self.connection.execute(f'insert into "{table}" select * from once')
                self.connection.execute("drop table once")

    def _count_again(self) -> None:
        """Closures whose cash was first counted otherwise, and is now what it is."""
        units = self._units("pos/till_closures", 2, "counted_cash_amount <> cash_amount")
        units += self._units("pos/till_closures", 1)
        if units:
            number = self._draw.randint(2, self.last_pass)
            self.connection.execute(
                'create temp table once as select * from "pos/till_closures" where list_contains(?, unit)',
                [units],
            )
            self._move(("pos/till_closures",), units, number)
            self.connection.execute("update once set counted_cash_amount = counted_cash_amount - 3")
            self.connection.execute('insert into "pos/till_closures" select * from once')
            self.connection.execute("drop table once")

    def _stray(self) -> None:
        """Copies of documents that are there for a while."""
        units = self._units("sage200/sales_posted_transactions", 3)
        gone = self._draw.randint(2, self.last_pass)
        for table in SAGE:
            if table not in self.tables:
                continue
            numbers = ["urn", *(["id"] if "tax_items" not in table else ["transaction_id"])]
            moved = ", ".join(f"{name} + {ELSEWHERE} as {name}" for name in numbers)
            copies = f"""select * replace ({moved}, source_key || ' copy' as source_key)
                         from "{table}" where list_contains(?, unit) and pass_number = 1"""
            self.connection.execute(f"create temp table copies as {copies}", [units])
            self.connection.execute(f'insert into "{table}" select * from copies')
            self.connection.execute(
                f'insert into "{table}" select * replace ({gone} as pass_number, true as is_tombstone) from copies'
            )
            self.connection.execute("drop table copies")


def judge(home: Path, pass_number: int, arrive: Callable[[], None], *, keep: bool) -> Publication:
    """Judge what has arrived, as this pass."""
    from orchestration.definitions import defs
    from orchestration.defs.resources import resources

    prepare_home(home)
    settings = load(home, keep_days_from=0 if keep else 10**12)
    with passes.begin(settings) as current:
        arrive()
        current.pass_number = pass_number
        if passes.settle(current) is None:
            raise RuntimeError("nothing to judge")
        current.pass_number = pass_number
        passes.write_inputs(current)
        result = defs.resolve_job_def("judge").execute_in_process(
            instance=dg.DagsterInstance.get(),
            resources={**resources(home), "current": current},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        assert result.success
        print(f"    pass {pass_number}: {_told(Warehouse(home))}", flush=True)
    newest = Publications(home / "published").newest()
    assert newest is not None
    return newest


def _told(warehouse: Warehouse) -> str:
    """Which days were judged."""
    if not warehouse.keeps_days():
        return "all days"
    with warehouse.connect() as connection:
        counted = connection.execute(
            """select count(*) filter (where day in (select business_date from before.document_verdicts)),
                      (select count(distinct business_date) from before.document_verdicts) from kept.judged_days"""
        ).fetchone()
    return "{} of {} days".format(*counted or (0, 0))


def differences(kept_home: Path, kept: Publication, whole_home: Path, whole: Publication) -> list[str]:
    """What of two publications is not the same, with the first rows of each side."""
    found = []
    for model, digests in whole.digests.items():
        if kept.digests.get(model) == digests:
            continue
        sides = []
        for home, publication in ((kept_home, kept), (whole_home, whole)):
            paths = ", ".join(
                f"'{home / 'published' / str(file['path'])}'" for file in publication.tables[model]
            )
            sides.append(f"select * from read_parquet([{paths}])")
        with duckdb.connect() as connection:
            for name, these, those in (("kept", *sides), ("whole", *reversed(sides))):
                rows = connection.execute(f"{these} except all {those} order by all").fetchall()
                found += [f"{model}: {len(rows)} rows only where days are {name}"]
                found += [f"        {row}" for row in rows[:3]]
    return found


def play(home: Path, folder: Path, seed: int, last_pass: int) -> list[str]:
    """Strew a home by a seed and judge each pass both ways; what differed."""
    strewn = Strewn(home / "landing", seed, last_pass)
    kept_home, whole_home = folder / "kept", folder / "whole"
    kept_home.mkdir(parents=True)
    shutil.copy(home / "operations.sqlite", kept_home / "operations.sqlite")
    shutil.copytree(home / "landing", kept_home / "landing", ignore=shutil.ignore_patterns("pass_*.parquet"))
    as_of = load(home).now() - timedelta(hours=12 * last_pass)
    found: list[str] = []
    for number in range(1, last_pass + 1):
        as_of += timedelta(hours=12)
        settings = f'company_id = "{load(home).company_id}"\nas_of = {as_of.replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%S}Z\n'
        (kept_home / "tillproof.toml").write_text(settings)
        if number > 1:
            shutil.copytree(kept_home, whole_home)
            whole = judge(
                whole_home, number, partial(strewn.write, whole_home / "landing", number), keep=False
            )
        kept = judge(kept_home, number, partial(strewn.write, kept_home / "landing", number), keep=True)
        if number > 1:
            told = differences(kept_home, kept, whole_home, whole)
            found += [f"seed {seed}, pass {number}: {line}" for line in told]
            if told:
                break
            shutil.rmtree(whole_home)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--passes", type=int, default=4)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--folder", type=Path, help="kept afterwards; must not exist")
    options = parser.parse_args()
    judged_days.LARGEST_SHARE = 1  # keep a single day, if that is all that may be kept
    folder = options.folder or Path(tempfile.mkdtemp(prefix="tillproof-days-"))
    home = options.home
    if home is None:
        command = [sys.executable, "-m", "orchestration.cli", "demo", "--folder", str(folder / "demo")]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        home = folder / "demo" / "home"
    failed = 0
    for seed in range(options.first, options.first + options.seeds):
        begun = time.monotonic()
        found = play(home.resolve(), folder / str(seed), seed, options.passes)
        print(f"seed {seed}: {len(found)} differences, {time.monotonic() - begun:.0f} s", flush=True)
        print("\n".join(found[:60]), flush=True)
        failed += bool(found)
    if options.folder is None:
        shutil.rmtree(folder)
    return int(failed > 0)


if __name__ == "__main__":
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    sys.exit(main())
