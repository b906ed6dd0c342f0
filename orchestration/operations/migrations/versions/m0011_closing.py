"""Closing a month: what a sign-off binds to, what was ticked, taken back and packed. All of it only grows."""

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

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SIGNED = "sign_offs"
MADE = ("sign_off_withdrawals", "sign_off_figures", "close_ticks", "evidence_packs")


def upgrade() -> None:
    """Make them. A sign-off of before was bound to no figures."""
    for name, kind in (("role", sa.String(20)), ("figures_digest", sa.String(64)), ("checklist", sa.Text())):
        op.add_column(SIGNED, sa.Column(name, kind, nullable=False, server_default=""))
    table("sign_off_withdrawals", [whole("sign_off_id"), text("role", 20)], "sign_off_id")
    op.create_table(
        "sign_off_figures",
        sa.Column("figures_digest", sa.String(64), primary_key=True),
        sa.Column("figures", sa.Text(), nullable=False),
    )
    table(
        "close_ticks",
        [
            sa.Column("period", sa.Date(), nullable=False),
            text("item", 40),
            sa.Column("is_done", sa.Boolean(), nullable=False),
            whole("publication_number"),
            text("role", 20),
        ],
    )
    op.create_index(None, "close_ticks", ["company_id", "period"])
    table(
        "evidence_packs",
        [
            sa.Column("period", sa.Date(), nullable=False),
            whole("publication_number"),
            text("manifest_digest", 64),
            text("role", 20),
        ],
    )
    for name in (SIGNED, *MADE):
        forbid_changes(name)


def downgrade() -> None:
    """Back to sign-offs that say who and when alone."""
    for name in (SIGNED, *MADE):
        allow_changes(name)
    if op.get_context().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(f"drop trigger {SIGNED}_refuses_{verb}")
    for name in reversed(MADE):
        op.drop_table(name)
    for name in ("checklist", "figures_digest", "role"):
        op.drop_column(SIGNED, name)
