"""Postings that people ask to have undone; and the postings of a store's day, found without reading them all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import table, text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLE = "reversals_asked"
OF_A_DAY = "ix_intents_store_id_business_date"


def upgrade() -> None:
    """Make them; of the words on a posting one may be in force."""
    columns = [
        text("posting_key", 20),
        text("payload_digest", 64),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
        text("withdrawn_by", 80),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(), nullable=True),
    ]
    table(TABLE, columns)
    in_force = sa.text("not is_withdrawn")
    op.create_index(
        f"uq_{TABLE}_in_force",
        TABLE,
        ["company_id", "posting_key"],
        unique=True,
        sqlite_where=in_force,
        postgresql_where=in_force,
    )
    op.create_index(OF_A_DAY, "intents", ["store_id", "business_date"])


def downgrade() -> None:
    """Back to reversals by the command line alone."""
    op.drop_index(OF_A_DAY, "intents")
    op.drop_table(TABLE)
