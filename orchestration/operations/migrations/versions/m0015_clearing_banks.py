"""The bank that a store's day is taken through where it is posted as takings, and not on a till customer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. Every store posts on its till customer until somebody says otherwise."""
    column = sa.Column("clearing_bank_code", sa.String(8), nullable=False, server_default="")
    op.add_column("store_grains", column)


def downgrade() -> None:
    """Without clearing banks."""
    op.drop_column("store_grains", "clearing_bank_code")
