"""How a connector names a day in Sage's reference, where it posts a whole store-day as one document."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has said so of a connector yet."""
    op.add_column("connector_patterns", sa.Column("day_pattern", sa.Text(), nullable=True))


def downgrade() -> None:
    """Without what was said."""
    op.drop_column("connector_patterns", "day_pattern")
