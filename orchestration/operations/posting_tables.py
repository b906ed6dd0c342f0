"""What the poster decided and what came of it.

`intents` is the present state, one row per posting key; `intent_events` is every step that led there, chained
by hash and never changed; `intent_payloads` is what was (or would be) sent, by its digest.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from orchestration.operations.base import Base, Recorded


class Intent(Base):
    """One document we mean to have in Sage exactly once.

    `fence` rises with every claim: a worker whose number is no longer this one may record nothing more.
    `attempts` counts sends, not tries; `account` is the queue (customer, else bank). `after_key` is the contra
    that must be proven before this may be sent; `run_number` the run that claimed it last, 0 for none.
    """

    __tablename__ = "intents"
    __table_args__ = (
        UniqueConstraint("company_id", "event_id", "document_kind", "ordinal", "revision", "role"),
        Index(None, "state"),
        Index(None, "after_key"),
        Index(None, "run_number"),
        Index(None, "company_id", "corrects_return"),
        Index(None, "store_id", "business_date"),
    )
    posting_key: Mapped[str] = mapped_column(String(20), primary_key=True)
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[str] = mapped_column(String(200))
    document_kind: Mapped[str] = mapped_column(String(20))
    ordinal: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(1))
    remedy: Mapped[str] = mapped_column(String(40))
    payload_digest: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    target_urn: Mapped[int | None] = mapped_column(BigInteger)
    urn: Mapped[int | None] = mapped_column(BigInteger)
    truth_sent: Mapped[bool] = mapped_column(Boolean, default=False)
    truth_acknowledged: Mapped[bool] = mapped_column(Boolean, default=False)
    truth_present: Mapped[bool] = mapped_column(Boolean, default=False)
    truth_in_nominal: Mapped[bool] = mapped_column(Boolean, default=False)
    truth_right: Mapped[bool] = mapped_column(Boolean, default=False)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    refusal: Mapped[str] = mapped_column(Text, default="")
    publication_number: Mapped[int] = mapped_column(Integer)
    # not landed: the poster's own bookkeeping
    account: Mapped[str] = mapped_column(String(40))
    business_date: Mapped[date | None] = mapped_column(Date)
    writer: Mapped[str] = mapped_column(String(20))
    sync_claim: Mapped[str] = mapped_column(String(20))
    exception_id: Mapped[str] = mapped_column(String(80), default="")
    hold_reason: Mapped[str] = mapped_column(Text, default="")
    lock_count: Mapped[int] = mapped_column(Integer, default=0)
    probe_count: Mapped[int] = mapped_column(Integer, default=0)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    worker: Mapped[str] = mapped_column(String(80), default="")
    lease_until: Mapped[datetime | None] = mapped_column(DateTime)
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime)
    decided_at: Mapped[datetime] = mapped_column(DateTime)
    updated_at: Mapped[datetime] = mapped_column(DateTime)
    after_key: Mapped[str] = mapped_column(String(20), default="")
    gross_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    run_number: Mapped[int] = mapped_column(Integer, default=0)
    # landed: which receipts' documents a summary stands for, by the digest of their rows (landing/tranches); else empty
    members_digest: Mapped[str] = mapped_column(String(32), default="")
    # landed: tax point, what it adds to boxes 1 and 6, and the first day of the filed VAT return that it corrects
    document_date: Mapped[date | None] = mapped_column(Date)
    box_1_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    box_6_pence: Mapped[int] = mapped_column(BigInteger, default=0)
    corrects_return: Mapped[date | None] = mapped_column(Date)
    # landed: what Sage calls it, where a person showed it under another reference than our key; else empty
    reference_in_sage: Mapped[str] = mapped_column(String(40), default="")


class PostingRun(Base):
    """One run of the poster. One that never ended (its worker died) is gone on with under the same number.

    `mapping_change` is the newest change of a mapping it knew: a number of the audit log.
    """

    __tablename__ = "posting_runs"
    run_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    company_id: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    publication_number: Mapped[int] = mapped_column(Integer)
    mapping_change: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime] = mapped_column(DateTime)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime)
    posts: Mapped[int] = mapped_column(Integer, default=0)
    stopped_because: Mapped[str] = mapped_column(Text, default="")


class IntentEvent(Base):
    """One recorded step. `event_hash` covers every other column and the hash before it."""

    __tablename__ = "intent_events"
    event_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    posting_key: Mapped[str] = mapped_column(String(20), index=True)
    from_state: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    mover: Mapped[str] = mapped_column(String(80))
    fence: Mapped[int] = mapped_column(Integer)
    payload_digest: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime)
    previous_hash: Mapped[str] = mapped_column(String(64))
    event_hash: Mapped[str] = mapped_column(String(64))


class ChainHead(Base):
    """Where the chain of events ends: taking its row is what puts two workers' events in one order."""

    __tablename__ = "chain_heads"
    chain: Mapped[str] = mapped_column(String(20), primary_key=True)
    event_number: Mapped[int] = mapped_column(Integer)
    head_hash: Mapped[str] = mapped_column(String(64))


class IntentPayload(Base):
    """What a digest stands for: canonical JSON, money in whole pence."""

    __tablename__ = "intent_payloads"
    payload_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    payload: Mapped[str] = mapped_column(Text)


class Approval(Recorded, Base):
    """A person's word on exactly one payload, knowing what the connector then claimed. The newest counts."""

    __tablename__ = "approvals"
    __table_args__ = (Index(None, "posting_key", "payload_digest"),)
    company_id: Mapped[str] = mapped_column(String(20))
    posting_key: Mapped[str] = mapped_column(String(20))
    payload_digest: Mapped[str] = mapped_column(String(64))
    decision: Mapped[str] = mapped_column(String(20))
    approver: Mapped[str] = mapped_column(String(80))
    sync_claim: Mapped[str] = mapped_column(String(20))


class ReversalAsked(Recorded, Base):
    """One posting that a person asked to have undone, as the contra was shown, until the word is taken back."""

    __tablename__ = "reversals_asked"
    __table_args__ = (
        Index(
            "uq_reversals_asked_in_force",
            "company_id",
            "posting_key",
            unique=True,
            sqlite_where=text("not is_withdrawn"),
            postgresql_where=text("not is_withdrawn"),
        ),
    )
    company_id: Mapped[str] = mapped_column(String(20))
    posting_key: Mapped[str] = mapped_column(String(20))
    payload_digest: Mapped[str] = mapped_column(String(64))
    period_start: Mapped[date] = mapped_column(Date)
    is_withdrawn: Mapped[bool] = mapped_column(Boolean, default=False)
    withdrawn_by: Mapped[str] = mapped_column(String(80), default="")
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime)


class StoreStop(Recorded, Base):
    """Posting paused for a store (`*`: the company) until a person lifts it."""

    __tablename__ = "store_stops"
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    is_lifted: Mapped[bool] = mapped_column(Boolean, default=False)
    lifted_by: Mapped[str] = mapped_column(String(80), default="")
    lifted_reason: Mapped[str] = mapped_column(Text, default="")
    lifted_at: Mapped[datetime | None] = mapped_column(DateTime)


class PostingPolicyRow(Recorded, Base):
    """What a company lets the poster do, whole; the newest row counts and no row is ever changed.

    Lists are words with a comma between them; a limit that is null is none. `operations.policies` reads them.
    """

    __tablename__ = "posting_policies"
    company_id: Mapped[str] = mapped_column(String(20))
    remedies: Mapped[str] = mapped_column(String(200))
    by_itself: Mapped[str] = mapped_column(String(200))
    document_limit_pence: Mapped[int | None] = mapped_column(BigInteger)
    run_documents: Mapped[int | None] = mapped_column(Integer)
    run_limit_pence: Mapped[int | None] = mapped_column(BigInteger)
    four_eyes: Mapped[str] = mapped_column(String(200))
    two_approvers_above_pence: Mapped[int | None] = mapped_column(BigInteger)
    quiet_windows: Mapped[str] = mapped_column(String(400))
    quiet_zone: Mapped[str] = mapped_column(String(60))
    canary: Mapped[bool] = mapped_column(Boolean)
    refusals_in_a_row: Mapped[int] = mapped_column(Integer)
    vat_error_limit_pence: Mapped[int] = mapped_column(BigInteger)
