"""Posting runs, what a company lets the poster do, and which contra a repost waits for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import (
    allow_changes,
    forbid_changes,
    table,
    text,
    whole,
)

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

POLICIES = "posting_policies"


def added() -> tuple[sa.Column, ...]:
    """What an intent has besides, from now on."""
    return (
        sa.Column("after_key", sa.String(20), nullable=False, server_default=""),
        sa.Column("gross_pence", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("run_number", sa.Integer(), nullable=False, server_default="0"),
    )


def upgrade() -> None:
    """Make them; a posting of before belongs to no run."""
    for column in added():
        op.add_column("intents", column)
    op.create_index(None, "intents", ["after_key"])
    op.create_index(None, "intents", ["run_number"])
    op.create_table(
        "posting_runs",
        sa.Column("run_number", sa.Integer(), primary_key=True, autoincrement=False),
        text("company_id", 20),
        text("kind", 20),
        whole("publication_number"),
        whole("mapping_change"),
        text("worker", 80),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        whole("posts"),
        sa.Column("stopped_because", sa.Text(), nullable=False),
    )
    columns = [
        text("remedies", 200),
        text("by_itself", 200),
        sa.Column("document_limit_pence", sa.BigInteger(), nullable=True),
        sa.Column("run_documents", sa.Integer(), nullable=True),
        sa.Column("run_limit_pence", sa.BigInteger(), nullable=True),
        text("four_eyes", 200),
        sa.Column("two_approvers_above_pence", sa.BigInteger(), nullable=True),
        text("quiet_windows", 400),
        text("quiet_zone", 60),
        sa.Column("canary", sa.Boolean(), nullable=False),
        whole("refusals_in_a_row"),
    ]
    table(POLICIES, columns)
    forbid_changes(POLICIES)


def downgrade() -> None:
    """Without runs and policies."""
    allow_changes(POLICIES)
    op.drop_table(POLICIES)
    op.drop_table("posting_runs")
    op.drop_index(op.f("ix_intents_run_number"), "intents")
    op.drop_index(op.f("ix_intents_after_key"), "intents")
    for column in reversed(added()):
        op.drop_column("intents", str(column.name))
