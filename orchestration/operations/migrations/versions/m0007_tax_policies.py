"""How a store's tills round VAT, the company's tax code for what is outside its scope, and sales on account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import table, text, validity

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _text(name: str, undeclared: str) -> sa.Column:
    return sa.Column(name, sa.String(20), nullable=False, server_default=undeclared)


NEW = (
    ("stores", _text("tax_basis", "given")),
    ("stores", _text("tax_rounding", "half_up")),
    ("stores", _text("price_basis", "net")),
    ("tender_mappings", _text("settlement", "bank")),
    ("companies", sa.Column("outside_scope_tax_code", sa.Integer(), nullable=True)),
)


def upgrade() -> None:
    """Add them; what is there declares nothing, so nothing is held against it."""
    for name, column in NEW:
        op.add_column(name, column)
    customer = [text("customer_no", 40), text("customer_reference", 8)]
    table("customer_mappings", [*customer, *validity()], "customer_no", "valid_from")


def downgrade() -> None:
    """Back to tills whose VAT nobody works out again."""
    op.drop_table("customer_mappings")
    for name, column in reversed(NEW):
        op.drop_column(name, str(column.name))
