"""Four settings go that no recipe reads: what is accepted must count. They return with the recipe that needs them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

GONE = (
    ("companies", sa.Column("outside_scope_tax_code", sa.Integer(), nullable=False, server_default="0")),
    ("companies", sa.Column("rounding_nominal_code", sa.String(8), nullable=False, server_default="")),
    ("stores", sa.Column("tax_basis", sa.String(20), nullable=False, server_default="")),
    ("stores", sa.Column("price_basis", sa.String(20), nullable=False, server_default="")),
)


def upgrade() -> None:
    """Let them go; the audit log still has what they were."""
    for table, column in GONE:
        op.drop_column(table, str(column.name))


def downgrade() -> None:
    """The columns again, without what was in them."""
    for table, column in GONE:
        op.add_column(table, column)
