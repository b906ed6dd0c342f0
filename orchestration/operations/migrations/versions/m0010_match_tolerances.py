"""How far apart a document and a receipt may be and still be taken for each other, and what numbers promise.

Tolerances of the company where nothing names either side; whether a store's tills count receipts without gaps.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _numbers() -> sa.Column:
    return sa.Column("receipt_numbers", sa.String(20), nullable=False, server_default="unknown")


NEW = (
    ("companies", sa.Column("match_tolerance_pence", sa.Integer(), nullable=True)),
    ("companies", sa.Column("match_tolerance_days", sa.Integer(), nullable=True)),
    ("stores", _numbers()),
)


def upgrade() -> None:
    """Add them; what is there declares nothing: no tolerance, and no gap is told."""
    for name, column in NEW:
        op.add_column(name, column)


def downgrade() -> None:
    """Back to figures that are equal, and numbers that nobody counts."""
    for name, column in reversed(NEW):
        op.drop_column(name, str(column.name))
