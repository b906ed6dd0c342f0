"""What people said: notes, assignments, decisions, sign-offs; and the log of every change anybody made here."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, DateTime, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from orchestration.operations.base import Base, Recorded


class Note(Recorded, Base):
    """A remark on an exception, receipt or slot; `reason` holds the text."""

    __tablename__ = "notes"
    __table_args__ = (Index(None, "company_id", "subject_kind", "subject_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(200))


class Assignment(Recorded, Base):
    """Whose an exception is; the newest row of an exception counts."""

    __tablename__ = "assignments"
    __table_args__ = (Index(None, "company_id", "exception_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    exception_id: Mapped[str] = mapped_column(String(80))
    assignee: Mapped[str] = mapped_column(String(80))


class Snooze(Recorded, Base):
    """Until when an exception may wait; the newest row of an exception counts, one without a day wakes it."""

    __tablename__ = "snoozes"
    __table_args__ = (Index(None, "company_id", "exception_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    exception_id: Mapped[str] = mapped_column(String(80))
    wakes_on: Mapped[date | None] = mapped_column(Date)


class SignOff(Recorded, Base):
    """A person closing a range of business dates on one publication; the chain's head seals the postings.

    `kind` is `close` for a month or store-day, `acceptance:` and the window's name for the days of an acceptance.
    """

    __tablename__ = "sign_offs"
    company_id: Mapped[str] = mapped_column(String(20))
    store_id: Mapped[str] = mapped_column(String(20))
    date_from: Mapped[date] = mapped_column(Date)
    date_to: Mapped[date] = mapped_column(Date)
    publication_number: Mapped[int] = mapped_column(Integer)
    chain_event_number: Mapped[int] = mapped_column(Integer)
    chain_head_hash: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(20), default="")
    figures_digest: Mapped[str] = mapped_column(String(64), default="")
    checklist: Mapped[str] = mapped_column(Text, default="")
    kind: Mapped[str] = mapped_column(String(60), default="close")


class SignOffWithdrawal(Recorded, Base):
    """A sign-off taken back; the sign-off itself stays as it was written."""

    __tablename__ = "sign_off_withdrawals"
    __table_args__ = (UniqueConstraint("company_id", "sign_off_id"),)
    company_id: Mapped[str] = mapped_column(String(20))
    sign_off_id: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(20), default="")


class KeptFigures(Base):
    """The figures that somebody signed, as canonical JSON under its SHA-256."""

    __tablename__ = "sign_off_figures"
    figures_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    figures: Mapped[str] = mapped_column(Text)


class CloseTick(Recorded, Base):
    """A person's tick on an item of a period's checklist, or its removal; the newest row of an item counts."""

    __tablename__ = "close_ticks"
    __table_args__ = (Index(None, "company_id", "period"),)
    company_id: Mapped[str] = mapped_column(String(20))
    period: Mapped[date] = mapped_column(Date)
    item: Mapped[str] = mapped_column(String(40))
    is_done: Mapped[bool] = mapped_column(Boolean)
    publication_number: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(20), default="")


class EvidencePack(Recorded, Base):
    """An evidence pack that was made: the digest of its manifest, which holds those of its sheets."""

    __tablename__ = "evidence_packs"
    company_id: Mapped[str] = mapped_column(String(20))
    period: Mapped[date] = mapped_column(Date)
    publication_number: Mapped[int] = mapped_column(Integer)
    manifest_digest: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(20), default="")


class MatchDecision(Recorded, Base):
    """Which of its candidates an ambiguous document is, by a person's word; no ledger document: none of them.

    A word counts until somebody takes it back. At most one counts for a posting key, and one for a ledger document.
    """

    __tablename__ = "match_decisions"
    __table_args__ = tuple(
        Index(
            f"uq_match_decisions_{column}_in_force",
            "company_id",
            column,
            unique=True,
            sqlite_where=text("not is_revoked"),
            postgresql_where=text("not is_revoked"),
        )
        for column in ("posting_key", "ledger_document_id")
    )
    company_id: Mapped[str] = mapped_column(String(20))
    posting_key: Mapped[str] = mapped_column(String(20))
    ledger_document_id: Mapped[str | None] = mapped_column(String(80))
    candidates: Mapped[str] = mapped_column(Text)
    publication_number: Mapped[int] = mapped_column(Integer)
    is_revoked: Mapped[bool] = mapped_column(Boolean, default=False)
    revoked_by: Mapped[str] = mapped_column(String(80), default="")
    revoked_reason: Mapped[str] = mapped_column(Text, default="")
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime)


class AuditLog(Base):
    """Every change to what people decided; rows are only ever added (the database refuses the rest)."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime)
    company_id: Mapped[str] = mapped_column(String(20))
    author: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    table_name: Mapped[str] = mapped_column(String(40))
    row_key: Mapped[str] = mapped_column(String(300))
    before: Mapped[str] = mapped_column(Text)
    after: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
