"""Kill workers of the posting room for real, over real HTTP, and look whether anything was doubled or lost.

    python tests/posting/kill_workers.py [--kills 200] [--seed 0]

A sandbox serves a Sage 200. A worker, a process of its own, posts receipts into it and is killed (SIGKILL) at a
random moment; the next one goes on. Now and then a reply is lost or comes late as well. At the end every document
must be in Sage once, proven, in the books to the penny, and nothing else; the chain must verify. The exit code is
1 where not.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
for folder in (ROOT, HERE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import pyarrow.parquet as pq  # noqa: E402
from publication import Publication  # noqa: E402
from pydantic import SecretStr  # noqa: E402

from orchestration.file_lock import locked  # noqa: E402
from orchestration.ledgers.sage200_client import Sage200Client  # noqa: E402
from orchestration.ledgers.sage200_ledger import Sage200Ledger  # noqa: E402
from orchestration.ledgers.sage200_settings import Sage200Settings  # noqa: E402
from orchestration.operations import Operations  # noqa: E402
from orchestration.posting import Pace, prove_again, run  # noqa: E402
from sandbox.company import SageCompany  # noqa: E402
from sandbox.server import Running, serving  # noqa: E402

COMPANY = "DGS"
STORES = ("S01", "S02", "S03")
RECEIPTS = 30  # in a publication, each an invoice and its money
LONGEST_LIFE_S = 1.5
FAULTS = ("lost_reply", "gateway_timeout_after_commit", "gateway_timeout_before_commit", "lock")
FAULT_IN = 0.3  # of the lives
# a POST lasts no longer here; what was in the air when its worker died is waited for as long
PACE = Pace(longest_post_s=2.0, first_wait_s=0.02, longest_wait_s=0.2, looks=3, max_sends=50, max_locks=50)


@dataclass(frozen=True)
class Told:
    """What it came to; `wrong` says in words what must not be."""

    kills: int
    documents: int
    runs: int
    killed_while: dict[str, int]
    wrong: list[str]


def main() -> int:
    """The command line; without --worker this is the one that kills."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.worker:
        return work(given.worker)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        told = kill_many(Path(folder), given.kills, given.seed)
    print(
        f"{told.kills} kills, {told.documents} documents, {told.runs} runs, {time.monotonic() - began:.0f} s"
    )
    print("states that the kills left behind:", told.killed_while)
    for wrong in told.wrong:
        print("WRONG", wrong)
    print("no double, no loss" if not told.wrong else "promises were broken")
    return bool(told.wrong)


# the one that is killed


def work(home: Path) -> int:
    """Post what the home's publication proposes, as the product does: alone, by the lock of the installation."""
    given = json.loads((home / "work.json").read_text())
    with (
        locked(home / "posting.lock", timeout_s=20.0),
        Operations.open(home / "operations.sqlite") as operations,
        Sage200Client(settings_of(given, home)) as client,
    ):
        # a kill before Sage's new token is kept costs a sign-in by a person: that is not what is looked at here
        client.sites()
        print("ready", flush=True)
        run(
            Sage200Ledger(client),
            operations,
            pq.read_table(home / "proposals.parquet"),
            pq.read_table(home / "legs.parquet"),
            company_id=COMPANY,
            publication_number=given["publication"],
            pace=PACE,
            alone=True,
            seen_urn=given["seen_urn"],
            seed=given["publication"],
        )
    return 0


def settings_of(given: dict[str, Any], home: Path) -> Sage200Settings:
    """How the sandbox is reached."""
    secrets = {name: SecretStr(given[name]) for name in ("client_secret", "refresh_token")}
    plain = {name: given[name] for name in ("base_url", "token_url", "client_id", "site_id", "company_id")}
    return Sage200Settings(
        **plain,
        **secrets,
        token_file=home / "token.json",
        max_attempts=3,
        max_backoff_s=0.1,
        post_timeout_s=5,
    )


# the one that kills


def kill_many(home: Path, kills: int, seed: int) -> Told:
    """Kill so many workers, let the last one end, and look."""
    rng = random.Random(seed)  # noqa: S311  chooses moments, guards nothing
    books = home / "company.sqlite"
    SageCompany.create(
        books, ROOT / "sandbox" / "seed", site_id="site", company_id=1, company_name="Kills"
    ).close()
    with SageCompany(books) as company:
        seen_urn = company.next_urn() - 1
    with serving(books, clock="2011-09-20T18:00:00", tick_ms=10) as running, _described(home) as operations:
        published = Publication(0)
        keys: dict[str, int] = {}
        killed, killed_while = 0, Counter[str]()
        while True:
            if not published.rows or _is_done(operations, published):
                if killed >= kills:
                    break
                published = _publish(home, running, published.number + 1, seen_urn)
                keys |= {key: row["net_pence"] for key, row in published.rows.items()}
            must_end = killed >= kills
            if not must_end and rng.random() < FAULT_IN:
                running.faults({"kind": rng.choice(FAULTS), "count": 1, "method": "POST"})
            life_s = None if must_end else rng.uniform(0.0, LONGEST_LIFE_S)
            if _live(home, life_s):
                killed += 1
                killed_while.update(_unsettled(operations))
            elif must_end and not _is_done(operations, published):
                (last,) = operations.runs.newest(COMPANY, 1)
                raise RuntimeError(f"a worker that nobody killed left something undone: {last}")
        return Told(
            killed,
            len(keys),
            len(operations.runs.newest(COMPANY, 10_000)),
            dict(sorted(killed_while.items())),
            list(_wrong(home, operations, keys, seen_urn)),
        )


@contextmanager
def _described(home: Path) -> Iterator[Operations]:
    """A store where we are the writer of record, switched on."""
    mappings = home / "mappings"
    mappings.mkdir()
    for file in (ROOT / "sandbox" / "scenario" / "mappings").glob("*.csv"):
        text = file.read_text(encoding="utf-8")
        if file.name == "writers_of_record.csv":
            text = text.splitlines()[0] + f"\n{COMPANY},*,tillproof,2010-01-01,\n"
        (mappings / file.name).write_text(text, encoding="utf-8")
    with Operations.open(home / "operations.sqlite") as operations:
        operations.import_mappings(mappings, "Ann", "set-up")
        operations.enable_posting(COMPANY, "Fay", "go live")
        yield operations


def _publish(home: Path, running: Running, number: int, seen_urn: int) -> Publication:
    """The next receipts, as the worker reads them."""
    published = Publication(number)
    for receipt in range(RECEIPTS):
        receipt_no = str(number * 1000 + receipt)
        for kind, net in (("invoice", 1000 + 5 * receipt), ("receipt", 1200 + 6 * receipt)):
            published.add(receipt_no, kind, net=net, store_id=STORES[receipt % len(STORES)])
    proposals, legs = published.tables()
    pq.write_table(proposals, home / "proposals.parquet")
    pq.write_table(legs, home / "legs.parquet")
    names = ("base_url", "token_url", "client_id", "client_secret", "refresh_token", "site_id", "company_id")
    given = {name: getattr(running, name) for name in names}
    (home / "work.json").write_text(json.dumps({**given, "publication": number, "seen_urn": seen_urn}))
    return published


def _is_done(operations: Operations, published: Publication) -> bool:
    intents = operations.intents.by_keys(published.rows)
    return len(intents) == len(published.rows) and {one.state for one in intents.values()} == {"proven"}


def _live(home: Path, life_s: float | None) -> bool:
    """One worker, killed after so long unless it ended before; whether it was killed. RuntimeError if it broke."""
    worker = subprocess.Popen(
        [sys.executable, __file__, "--worker", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if worker.stdout is None or worker.stdout.readline() != "ready\n":
            raise RuntimeError(f"a worker did not begin: {worker.communicate()[1]}")
        worker.wait(life_s)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.communicate()
        return True
    if worker.returncode:
        raise RuntimeError(f"a worker broke: {worker.communicate()[1]}")
    worker.communicate()
    return False


def _unsettled(operations: Operations) -> Counter[str]:
    """What a kill left in the middle, by state."""
    states = ("claimed", "sending", "locked", "unknown", "acknowledged", "unsettled")
    return Counter(intent.state for intent in operations.intents.in_states(states, COMPANY))


def _wrong(home: Path, operations: Operations, keys: dict[str, int], seen_urn: int) -> Iterator[str]:
    """Everything that must not be, in words."""
    operations.verify_chain(COMPANY)
    states = Counter(intent.state for intent in operations.intents.by_keys(keys).values())
    if states != {"proven": len(keys)}:
        yield f"not all are proven: {dict(states)} of {len(keys)}"
    given = json.loads((home / "work.json").read_text())
    with Sage200Client(settings_of(given, home)) as client:
        ledger = Sage200Ledger(client)
        there = Counter(header.reference for header in ledger.posted_since(seen_urn))
        for key in sorted({*keys, *there}):
            if there[key] != (key in keys):
                yield f"{key} is in Sage {there[key]} times"
        for proof in prove_again(ledger, operations, COMPANY):
            if not proof.agrees:
                yield f"{proof.posting_key}: {'; '.join(proof.differences)}"


if __name__ == "__main__":
    raise SystemExit(main())
