"""What the poster decided, every step it took, and what people approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import (
    allow_changes,
    forbid_changes,
    recorded,
    text,
    whole,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDED = ("intent_events", "intent_payloads")


def truth(name: str) -> sa.Column:
    """One of the five."""
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "intents",
        sa.Column("posting_key", sa.String(20), primary_key=True),
        text("company_id", 20),
        text("store_id", 20),
        text("event_id", 200),
        text("document_kind", 20),
        whole("ordinal"),
        whole("revision"),
        text("role", 1),
        text("remedy", 40),
        text("payload_digest", 64),
        text("state", 20),
        sa.Column("target_urn", sa.BigInteger(), nullable=True),
        sa.Column("urn", sa.BigInteger(), nullable=True),
        truth("truth_sent"),
        truth("truth_acknowledged"),
        truth("truth_present"),
        truth("truth_in_nominal"),
        truth("truth_right"),
        whole("attempts"),
        sa.Column("refusal", sa.Text(), nullable=False),
        whole("publication_number"),
        text("account", 40),
        sa.Column("business_date", sa.Date(), nullable=True),
        text("writer", 20),
        text("sync_claim", 20),
        text("exception_id", 80),
        sa.Column("hold_reason", sa.Text(), nullable=False),
        whole("lock_count"),
        whole("probe_count"),
        whole("fence"),
        text("worker", 80),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.UniqueConstraint("company_id", "event_id", "document_kind", "ordinal", "revision", "role"),
    )
    op.create_index(None, "intents", ["state"])
    op.create_table(
        "intent_events",
        sa.Column("event_number", sa.Integer(), primary_key=True, autoincrement=False),
        text("posting_key", 20),
        text("from_state", 20),
        text("event", 20),
        text("to_state", 20),
        text("mover", 80),
        whole("fence"),
        text("payload_digest", 64),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        text("previous_hash", 64),
        text("event_hash", 64),
    )
    op.create_index(None, "intent_events", ["posting_key"])
    heads = op.create_table(
        "chain_heads",
        sa.Column("chain", sa.String(20), primary_key=True),
        whole("event_number"),
        text("head_hash", 64),
    )
    op.bulk_insert(heads, [{"chain": "intents", "event_number": 0, "head_hash": "0" * 64}])
    op.create_table(
        "intent_payloads",
        sa.Column("payload_digest", sa.String(64), primary_key=True),
        sa.Column("payload", sa.Text(), nullable=False),
    )
    op.create_table(
        "approvals",
        *recorded(),
        text("company_id", 20),
        text("posting_key", 20),
        text("payload_digest", 64),
        text("decision", 20),
        text("approver", 80),
        text("sync_claim", 20),
    )
    op.create_index(None, "approvals", ["posting_key", "payload_digest"])
    for name in GUARDED:
        forbid_changes(name)


def downgrade() -> None:
    """Back to mappings only."""
    for name in GUARDED:
        allow_changes(name)
    for name in ("approvals", "intent_payloads", "chain_heads", "intent_events", "intents"):
        op.drop_table(name)
