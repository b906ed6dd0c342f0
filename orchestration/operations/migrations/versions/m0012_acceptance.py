"""What a sign-off is of: closing, as all were before, or the days of an acceptance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say it. Every sign-off of before closed something."""
    op.add_column("sign_offs", sa.Column("kind", sa.String(60), nullable=False, server_default="close"))


def downgrade() -> None:
    """Back to sign-offs that all close."""
    op.drop_column("sign_offs", "kind")
