"""At which grain a store is posted, and which receipts a summary that was decided stands for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import table, text, validity

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

GRAINS = "store_grains"


def upgrade() -> None:
    """Every store is posted by receipt until somebody says otherwise; no posting of before is a summary."""
    columns = [text("store_id", 20), text("grain", 20), text("recipe", 20)]
    table(GRAINS, [*columns, *validity()], "store_id", "valid_from")
    op.add_column("intents", sa.Column("members_digest", sa.String(32), nullable=False, server_default=""))


def downgrade() -> None:
    """Without grains and tranches."""
    op.drop_column("intents", "members_digest")
    op.drop_table(GRAINS)
