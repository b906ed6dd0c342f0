"""What Sage calls a document of ours that a person showed under another reference than our key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it. Whatever was found so far was found by its key."""
    op.add_column("intents", sa.Column("reference_in_sage", sa.String(40), nullable=False, server_default=""))


def downgrade() -> None:
    """Back to documents that are found by their key alone."""
    op.drop_column("intents", "reference_in_sage")
