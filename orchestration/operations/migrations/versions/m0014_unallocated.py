"""How long a till customer's documents may lie unallocated; empty, as all were before: nothing is watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column("companies", sa.Column("unallocated_after_days", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Back to watching nothing."""
    op.drop_column("companies", "unallocated_after_days")
