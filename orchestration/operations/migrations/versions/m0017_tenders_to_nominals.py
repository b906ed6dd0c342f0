"""What a tender that is no bank gives back: the category it was sold as, and the VAT code of a voucher for one rate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NEW = (("category", 40), ("till_tax_code", 20))


def upgrade() -> None:
    """Add them. Every tender is a bank or on account until somebody says otherwise."""
    for name, longest in NEW:
        op.add_column(
            "tender_mappings", sa.Column(name, sa.String(longest), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Back to tenders that are all a bank or on account."""
    for name, _ in reversed(NEW):
        op.drop_column("tender_mappings", name)
