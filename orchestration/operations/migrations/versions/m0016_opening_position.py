"""What a till customer stood at in Sage before the cutover, as finance agreed it; empty: not agreed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.add_column("cutovers", sa.Column("opening_balance_pence", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Back to agreeing on nothing."""
    op.drop_column("cutovers", "opening_balance_pence")
