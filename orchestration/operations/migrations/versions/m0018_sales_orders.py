"""Whether a company's missing sales are invoices or sales orders, and the warehouse that a store's goods leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

NEW = (("companies", "sales_posted_as", "invoice"), ("stores", "warehouse", ""))


def upgrade() -> None:
    """Add them. Every company posts invoices until somebody says otherwise."""
    for table, name, default in NEW:
        op.add_column(table, sa.Column(name, sa.String(20), nullable=False, server_default=default))


def downgrade() -> None:
    """Back to invoices, which move no stock."""
    for table, name, _ in reversed(NEW):
        op.drop_column(table, name)
