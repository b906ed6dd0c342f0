"""Posting over one publication: what would go, what a person approves, and the run that sends it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.file_lock import locked
from orchestration.ledgers.ledger import Ledger
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import Operations
from orchestration.operations.base import utc_now
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting import (
    Decision,
    Pace,
    PostingSummary,
    Wanted,
    approve,
    chosen,
    plan,
    plan_asked,
    plan_reversal,
    run,
    run_reversal,
)
from orchestration.posting.decisions import record
from orchestration.posting.looks import URN_SEQUENCE
from orchestration.posting.run import Progress
from orchestration.publishing import Publication, Publications
from orchestration.settings import Settings
from orchestration.tranches import NO_MEMBERS, Tranches


class NothingPublishedError(Exception):
    """There is no publication to post from: a pass comes first."""


class PostedByFileError(Exception):
    """The company is on Sage 50, which takes files: nothing can be sent to it."""


class PostingInProgressError(Exception):
    """Another process is posting for this installation."""


def newest(settings: Settings) -> Publication:
    """The publication that posting reads. Raises NothingPublishedError."""
    publication = Publications(settings.published).newest()
    if publication is None:
        raise NothingPublishedError("nothing is published yet: run a pass first (tillproof run)")
    return publication


def members_of(settings: Settings, publication: Publication) -> Tranches:
    """What the summaries of a publication stand for, and where that is kept once they are decided."""
    members = (
        _table(settings, publication, "tranche_members")
        if "tranche_members" in publication.tables
        else NO_MEMBERS  # published before there were summaries
    )
    return Tranches(Path(settings.landing), members)


def approve_shown(
    settings: Settings, operations: Operations, decisions: Sequence[Decision], by: str, reason: str
) -> int:
    """A person's yes to what a dry run showed; returns to how many. A summary is decided with it: what becomes known of
    its day from now on is the next one's. Raises OperationsError.
    """
    approved = approve(operations, decisions, by, reason)
    events = {one.proposal.event_id for one in decisions if one.proposal.members_digest}
    if events:
        publication = newest(settings)
        now = [
            one
            for one in dry_run(settings, operations)
            if one.proposal.event_id in events and one.proposal.remedy != REVERSE_POSTING
        ]
        record(operations, now, publication.number, members=members_of(settings, publication))
    return approved


def dry_run(settings: Settings, operations: Operations) -> list[Decision]:
    """What the newest publication proposes, and what people asked to have undone, with what would be sent or why not.

    Changes nothing.
    """
    publication = newest(settings)
    proposed = plan(
        _table(settings, publication, "posting_proposals"),
        _table(settings, publication, "posting_proposal_legs"),
        operations,
        publication_number=publication.number,
    )
    return proposed + plan_asked(operations, settings.company_id, publication_number=publication.number)


def send_approved(
    settings: Settings,
    *,
    pace: Pace | None = None,
    progress: Progress | None = None,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> PostingSummary:
    """Send what may go and prove it. One process at a time; killed anywhere, the next run goes on from there.

    `clock` (UTC without a zone) and `sleep` (seconds) say what time it is and how it passes; a rehearsal has its own.

    Raises NothingPublishedError, PostingInProgressError, PostedByFileError, LedgerUnavailableError.
    """
    with Operations.open(settings.operations) as operations:
        if operations.ledger_kind(settings.company_id) == "sage50":
            words = "Sage 50 takes files: tillproof sage50 write --apply writes what may go"
            raise PostedByFileError(words)
    publication = newest(settings)
    seen = newest_urn(settings.published, publication)
    with (
        alone(settings.home),
        Operations.open(settings.operations, clock) as operations,
        Sage200Client(settings.sage200_at_home()) as client,
    ):
        return run(
            Sage200Ledger(client),
            operations,
            _table(settings, publication, "posting_proposals"),
            _table(settings, publication, "posting_proposal_legs"),
            company_id=settings.company_id,
            publication_number=publication.number,
            members=members_of(settings, publication),
            pace=pace,
            alone=True,
            seen_urn=seen,
            sleep=sleep,
            progress=progress,
        )


@contextmanager
def reversing(
    settings: Settings, wanted: Wanted, *, pace: Pace | None = None, progress: Progress | None = None
) -> Iterator[Reversing]:
    """A reversal pack with Sage and the store open, and nobody else posting until the block ends.

    Raises PostingInProgressError, LedgerUnavailableError, and OperationsError for a selection that is none.
    """
    publication = Publications(settings.published).newest()
    with (
        alone(settings.home),
        Operations.open(settings.operations) as operations,
        Sage200Client(settings.sage200_at_home()) as client,
    ):
        yield Reversing(
            Sage200Ledger(client),
            operations,
            settings.company_id,
            wanted,
            publication.number if publication else 0,
            pace,
            progress,
        )


@dataclass(frozen=True)
class Reversing:
    """The contras of what is wanted: looked at, approved, sent."""

    ledger: Ledger
    operations: Operations
    company_id: str
    wanted: Wanted
    publication_number: int
    pace: Pace | None
    progress: Progress | None

    def dry_run(self) -> list[Decision]:
        """The contra of each posting and whether it may go; asks Sage, changes nothing."""
        return plan_reversal(
            self.ledger,
            self.operations,
            chosen(self.operations, self.company_id, self.wanted),
            publication_number=self.publication_number,
        )

    def send(self) -> PostingSummary:
        """Send what may go, once, and read it back."""
        return run_reversal(
            self.ledger,
            self.operations,
            self.dry_run(),
            company_id=self.company_id,
            publication_number=self.publication_number,
            pace=self.pace,
            alone=True,
            progress=self.progress,
        )


def newest_urn(published: Path, publication: Publication) -> int:
    """The newest URN a publication knew, 0 where it knew none; by its sequence, where it begins with its user."""
    newest_known = 0
    for file in publication.tables["ledger_documents"]:
        urns = pq.read_table(published / str(file["path"]), columns=["urn"]).column(0).to_pylist()
        known = [newest_known, *(urn for urn in urns if urn is not None)]
        newest_known = max(known, key=lambda urn: (urn % URN_SEQUENCE, urn))
    return newest_known


def _table(settings: Settings, publication: Publication, model: str) -> pa.Table:
    files = [settings.published / str(file["path"]) for file in publication.tables[model]]
    return pa.concat_tables([pq.read_table(file) for file in files])


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the posting of an installation. Raises PostingInProgressError."""
    entered = False
    try:
        with locked(home / "posting.lock", timeout_s=0.0):
            entered = True
            yield
    except TimeoutError as error:
        if entered:
            raise
        raise PostingInProgressError("another process is posting for this installation") from error
