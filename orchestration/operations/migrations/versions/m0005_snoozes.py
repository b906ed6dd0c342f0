"""Until when people let an exception wait, and why. Waking it is a further row, so every word stays on record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import table, text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "snoozes"


def upgrade() -> None:
    """Make them."""
    table(TABLE, [text("exception_id", 80), sa.Column("wakes_on", sa.Date(), nullable=True)])
    op.create_index(None, TABLE, ["company_id", "exception_id"])


def downgrade() -> None:
    """Back to where everything was awake."""
    op.drop_table(TABLE)
