"""Deliver the same trading days in another way, seed after seed, and hold what is published against one plain delivery.

    python tests/end_to_end/play_deliveries.py [--seeds 5] [--first 1]

A seed draws the receipts of two stores over three days, what Sage 50 holds of them, and two ways in which they come:

* plain: each store's receipts in one file, Sage's tables as they end, every mapping there from the start, one pass;
* strewn: the receipts cut into files anew, shuffled, some late, some first sent with other figures and corrected, one
  file sent twice, Sage's documents exported as they came, so that a pass pairs what a later pass takes from it, a
  mapping that comes late and counts from before: several passes.

Both must end in the same published rows, but for columns that say when and in which file something came. Then all that
is disposable is deleted and the strewn home judged once more: every digest must come again. The exit code is 1 where
anything differs, and the first rows that do are printed with the seed.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT, ROOT / "tests" / "sage50"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from sage50_world import document  # noqa: E402
from test_sage50_main_job import MAPPINGS  # noqa: E402
from traded_house import LINES, TENDERS, pounds  # noqa: E402

from app.published import Published  # noqa: E402
from orchestration.ledgers.ledger import Document  # noqa: E402
from orchestration.ledgers.sage50_documents import rows_of  # noqa: E402
from orchestration.ledgers.sage50_file import write  # noqa: E402
from orchestration.ledgers.sage50_settings import Sage50Settings  # noqa: E402
from orchestration.operations import Operations  # noqa: E402
from orchestration.publishing import Publication, Publications  # noqa: E402
from orchestration.run_pass import run_pass  # noqa: E402
from orchestration.settings import load  # noqa: E402
from sandbox.sage50.company import Sage50Company  # noqa: E402
from sandbox.sage50.exporting import export  # noqa: E402
from sandbox.sage50.importing import import_file  # noqa: E402

STORES = ("S01", "S02")
DAYS = tuple(date(2011, 2, day) for day in (8, 9, 10))
END = datetime(2011, 2, 14, 9, tzinfo=UTC)
GOODS = {"MUG": ("4000", "S", 1), "BOOK": ("4010", "Z", 0), "BAG": ("4000", "S", 1)}
"""SKU -> nominal account, till's tax code, Sage's tax code. Where the bag belongs is told late."""
PRICES = {"MUG": (500, 500, 725), "BAG": (500, 1250), "BOOK": (610, 610, 1130)}
FATES = {"keyed": 8, "typed": 6, "both": 2, "wrong": 2, "near": 2, "missing": 3}

DISPOSABLE = ("published", "dagster", "gate", "dbt")
COMPARED = (
    *(
        "receipts",
        "receipt_lines",
        "receipt_tenders",
        "document_verdicts",
        "document_drifts",
        "ledger_documents",
    ),
    *("ledger_lines", "store_days", "bridge_lines", "till_customer_balances", "posting_proposals"),
    *("posting_proposal_legs", "coverage", "company_periods", "fix_set", "look_ahead", "gate_flags"),
)
"""Published tables that say what is so; the others say when and how it became known."""
WHEN_AND_WHERE_FROM = (
    *(
        "delivery_id",
        "source_file",
        "source_row",
        "line_no",
        "pass_number",
        "first_open_at",
        "first_open_pass",
    ),
)


@dataclass(frozen=True)
class Receipt:
    """One thing a till printed; pence before tax of each SKU, and how it was paid."""

    store: str
    number: str
    day: date
    minute: int
    sold: tuple[tuple[str, int], ...]
    tender: str

    @property
    def is_refund(self) -> bool:
        return self.sold[0][1] < 0

    @property
    def at(self) -> str:
        return f"{self.day} {9 + self.minute // 60:02}:{self.minute % 60:02}:00"

    def lines(self) -> list[str]:
        found = []
        for sku, net in self.sold:
            code = GOODS[sku][1]
            tax, rate = (tax_of(net), "20.0") if code == "S" else (0, "0.0")
            kind, quantity = ("REFUND", -1) if self.is_refund else ("SALE", 1)
            found.append(
                f"{self.store},1,{self.number},{kind},{self.at},{sku},,{quantity},{pounds(abs(net))}0,{pounds(net)},"
                f"{code},{rate},{pounds(tax)},{pounds(net + tax)}"
            )
        return found

    def tenders(self) -> list[str]:
        return [f"{self.store},1,{self.number},1,{self.at},{self.tender},{pounds(self.gross)}"]

    @property
    def gross(self) -> int:
        return sum(net + (tax_of(net) if GOODS[sku][1] == "S" else 0) for sku, net in self.sold)

    def documents(self, *, off: int = 0) -> list[Document]:
        """What Sage should hold; `off` pence more than that of the first line."""
        lines: dict[str, int] = {}
        taxes: dict[int, tuple[int, int]] = {}
        for place, (sku, net) in enumerate(self.sold):
            nominal, _, code = GOODS[sku]
            pence = abs(net) + (off if place == 0 else 0)
            lines[nominal] = lines.get(nominal, 0) + pence
            before, tax = taxes.get(code, (0, 0))
            taxes[code] = (before + pence, tax + (tax_of(abs(net)) if code == 1 else 0))
        goods, money = ("credit_note", "payment") if self.is_refund else ("invoice", "receipt")
        whose: dict[str, Any] = {"store_id": self.store, "day": self.day}
        return [
            document(self.number, goods, lines=lines, taxes=taxes, **whose),
            document(self.number, money, gross=abs(self.gross), bank=BANKS[self.tender], **whose),
        ]


BANKS = {"CASH": "1235", "CARD": "1250"}


def tax_of(net: int) -> int:
    """20% of pence, half away from zero."""
    return (abs(net) * 20 + 50) // 100 * (1 if net >= 0 else -1)


@dataclass
class Story:
    """What happened, and how it comes in."""

    receipts: list[Receipt]
    ledger: list[str]
    """Lines of an import file, a document after another, in the order in which Sage took them."""
    strewn: list[list[list[Receipt]]]
    """By pass, the files that came before it, each with its receipts."""
    exported: list[int]
    """By pass, how many of the ledger's documents Sage had."""
    mapping_from: int
    """The pass before which the late mapping was entered."""


def story_of(seed: int) -> Story:
    draw = random.Random(seed)  # noqa: S311  a story, not a secret
    receipts, first_sent = [], {}
    for store in STORES:
        for day in DAYS:
            for place in range(draw.randint(3, 6)):
                number = f"{day.day}{place:02}"
                sign = -1 if draw.random() < 0.2 else 1
                skus = draw.sample(sorted(GOODS), draw.randint(1, 2))
                # few prices, so that figures repeat and pairs by figures have to be counted
                sold = tuple((sku, sign * draw.choice(PRICES[sku])) for sku in skus)
                minute, tender = draw.randint(0, 500), draw.choice(sorted(BANKS))
                receipt = Receipt(store, number, day, minute, sold, tender)
                receipts.append(receipt)
                if draw.random() < 0.15:
                    other = tuple((sku, net + sign * 100) for sku, net in sold)
                    first_sent[receipt] = Receipt(store, number, day, minute, other, tender)
    ledger = []
    for receipt in receipts:
        (fate,) = draw.choices(list(FATES), list(FATES.values()))
        for way in {"both": ("keyed", "typed"), "missing": ()}.get(fate, (fate,)):
            documents = receipt.documents(off={"wrong": 300, "near": 1}.get(way, 0))
            for one in documents:
                ledger.append(imported(one, is_keyed=way == "keyed"))
    draw.shuffle(ledger)
    passes = draw.randint(2, 3)
    files: list[list[list[Receipt]]] = [[] for _ in range(passes)]
    for store in STORES:
        own = [receipt for receipt in receipts if receipt.store == store]
        draw.shuffle(own)
        files[0].append([first_sent[receipt] for receipt in own if receipt in first_sent])
        cut = sorted(draw.sample(range(1, len(own)), 2))
        for part in (own[: cut[0]], own[cut[0] : cut[1]], own[cut[1] :]):
            # a correction comes after what it corrects
            is_correction = any(receipt in first_sent for receipt in part)
            files[draw.randint(1 if is_correction else 0, passes - 1)].append(part)
    files[-1].append(list(files[0][-1]))  # sent again, under another name
    strewn = [[file for file in step if file] for step in files]
    exported = [*sorted(draw.randint(0, len(ledger)) for _ in range(passes - 1)), len(ledger)]
    return Story(receipts, ledger, strewn, exported, draw.randint(1, passes - 1))


def imported(one: Document, *, is_keyed: bool) -> str:
    """The lines of one document in an import file; without a key, as somebody typed it in."""
    rows = rows_of(one, Sage50Settings(canary=False))
    text = write(rows, Sage50Settings(canary=False)).decode("ascii")
    header, *lines = text.splitlines()
    if not is_keyed:
        lines = [line.replace(one.posting_key, "").replace(one.second_reference, "BY HAND") for line in lines]
    return "\r\n".join([header, *lines]) + "\r\n"


@dataclass
class Home:
    """A home beside a Sage 50 company; files come in, tables are exported, a pass judges."""

    folder: Path
    files: int = 0
    taken: int = 0
    company: Sage50Company = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.home / "tillproof.toml").write_text(
            'company_id = "DGS"\n[sage50]\ncanary = false\n', encoding="utf-8"
        )
        self.company = Sage50Company.create(self.folder / "sage50.sqlite")

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def decide(self, *, knows_bags: bool) -> None:
        """Enter the mappings; those of the later import count from before, like those of the first."""
        told = self.folder / f"mappings_{knows_bags}"
        told.mkdir()
        mappings = MAPPINGS | {
            "stores": MAPPINGS["stores"] + "DGS,S02,S02,York,Europe/London,0,GBP,TILL02,,,2010-01-01,\n",
            "sku_mappings": "company_id,sku,category,valid_from,valid_to\n"
            "DGS,MUG,gift,2010-01-01,\nDGS,BOOK,book,2010-01-01,\n"
            + "DGS,BAG,gift,2010-01-01,\n"
            * knows_bags,
        }
        mappings.pop("store_grains")
        for name, text in mappings.items():
            (told / f"{name}.csv").write_text(text, encoding="utf-8")
        with Operations.open(load(self.home).operations) as operations:
            operations.import_mappings(told, "Ann", "set-up")

    def deliver(self, receipts: Sequence[Receipt], *, copy: bool = False) -> None:
        """One till's file of sales and one of tenders, in the order given."""
        self.files += 1
        inbox = self.home / "inbox" / "S01"  # whose profile both stores write by
        inbox.mkdir(parents=True, exist_ok=True)
        for name, header, rows in (
            ("sales", LINES, [line for receipt in receipts for line in receipt.lines()]),
            ("tenders", TENDERS, [line for receipt in receipts for line in receipt.tenders()]),
        ):
            file = inbox / f"{name}_{self.files:03}.csv"
            file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8", newline="\n")
            written = 1_300_000_000 + 100 * self.files
            os.utime(file, (written, written))

    def post(self, documents: Sequence[str]) -> None:
        """Somebody imports documents into Sage, and its tables are exported."""
        for text in documents:
            result = import_file(self.company, text.encode("ascii"), now=datetime(2011, 2, 11, 18))  # noqa: DTZ001
            assert result.imported and not result.refused, result
        self.taken += len(documents)
        export(self.company, self.home / "sage50" / "export")

    def judge(self, as_of: datetime) -> None:
        before = {name: os.environ.get(name) for name in ("TILLPROOF_HOME", "DAGSTER_HOME")}
        try:
            assert run_pass(self.home, as_of=as_of).publication, "the pass had something to judge"
        finally:
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)

    def published(self) -> dict[str, Counter[tuple[Any, ...]]]:
        """The rows of each compared table, how often each is there."""
        tables = Published(self.home / "published")
        names = ", ".join(f"'{name}'" for name in WHEN_AND_WHERE_FROM)
        found = {}
        for table in COMPARED:
            rows = tables.rows(f"select columns(name -> name not in ({names})) from {table}")
            found[table] = Counter(tuple(map(str, row.items())) for row in rows)
        return found

    def publication(self) -> Publication:
        newest = Publications(self.home / "published").newest()
        assert newest
        return newest


def play(folder: Path, seed: int, *, is_rebuilt: bool = True) -> list[str]:
    """What differs between the two ways, in words; nothing is as it should be."""
    story = story_of(seed)
    plain, strewn = Home(folder / "plain"), Home(folder / "strewn")
    plain.decide(knows_bags=True)
    for store in STORES:
        plain.deliver([receipt for receipt in story.receipts if receipt.store == store])
    plain.post(story.ledger)
    plain.judge(END)

    strewn.decide(knows_bags=False)
    for number, (files, exported) in enumerate(zip(story.strewn, story.exported, strict=True)):
        for receipts in files:
            strewn.deliver(receipts)
        if number == story.mapping_from:
            strewn.decide(knows_bags=True)
        strewn.post(story.ledger[strewn.taken : exported])
        strewn.judge(END - timedelta(hours=6 * (len(story.exported) - 1 - number)))
    wrong = differences(plain.published(), strewn.published())
    if is_rebuilt:
        digests = strewn.publication().digests
        for disposable in DISPOSABLE:
            shutil.rmtree(strewn.home / disposable)
        strewn.judge(END)
        again = strewn.publication().digests
        wrong += [
            f"{table} is another one when rebuilt" for table in digests if again[table] != digests[table]
        ]
    return wrong


def differences(
    plain: dict[str, Counter[tuple[Any, ...]]], strewn: dict[str, Counter[tuple[Any, ...]]]
) -> list[str]:
    """The rows that only one of the two has, by table."""
    found = []
    for table, rows in plain.items():
        found += [f"{table}: only when plain: {row}" for row in (rows - strewn[table]).elements()]
        found += [f"{table}: only when strewn: {row}" for row in (strewn[table] - rows).elements()]
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the seeds; 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1)
    given = parser.parse_args(arguments)
    failed = 0
    for seed in range(given.first, given.first + given.seeds):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            wrong = play(Path(folder), seed)
        failed += bool(wrong)
        print(f"seed {seed}: {time.monotonic() - begun:.1f} s, {len(wrong)} differences", flush=True)
        for words in wrong[:10]:
            print("   ", words, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
