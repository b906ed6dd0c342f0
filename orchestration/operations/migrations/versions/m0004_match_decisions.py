"""What people say an ambiguous document is. A word is taken back, never overwritten, so both stay on record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import table, text, whole

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "match_decisions"


def upgrade() -> None:
    """Make them; of the words on a document, on either side, one may be in force."""
    columns = [
        text("posting_key", 20),
        sa.Column("ledger_document_id", sa.String(80), nullable=True),
        sa.Column("candidates", sa.Text(), nullable=False),
        whole("publication_number"),
        sa.Column("is_revoked", sa.Boolean(), nullable=False),
        text("revoked_by", 80),
        sa.Column("revoked_reason", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
    ]
    table(TABLE, columns)
    in_force = sa.text("not is_revoked")
    for column in ("posting_key", "ledger_document_id"):
        op.create_index(
            f"uq_match_decisions_{column}_in_force",
            TABLE,
            ["company_id", column],
            unique=True,
            sqlite_where=in_force,
            postgresql_where=in_force,
        )


def downgrade() -> None:
    """Back to what nobody decided."""
    op.drop_table(TABLE)
