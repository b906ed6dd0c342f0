"""Mappings, stops, what people said, and an audit log that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARDED = "audit_log"
MAPPINGS = ("tax_mappings", "nominal_mappings", "tender_mappings", "sku_mappings")
RULES = ("writers_of_record", "cutovers", "connector_patterns", "period_overrides", "store_stops")
TABLES = ("companies", "stores", *MAPPINGS, *RULES, "notes", "assignments", "sign_offs", GUARDED)


def recorded() -> list[sa.Column]:
    """The columns of who, when and why."""
    return [
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False, primary_key=True),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    ]


def text(name: str, length: int) -> sa.Column:
    """A required text column."""
    return sa.Column(name, sa.String(length), nullable=False)


def whole(name: str) -> sa.Column:
    """A required whole number."""
    return sa.Column(name, sa.Integer(), nullable=False)


def validity() -> list[sa.Column]:
    """First and last day a row holds."""
    return [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
    ]


def table(name: str, columns: list[sa.Column], *key: str) -> None:
    """A table people write to, unique by company and key."""
    unique = [sa.UniqueConstraint("company_id", *key)] if key else []
    op.create_table(name, *recorded(), text("company_id", 20), *columns, *unique)


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "companies",
        *recorded(),
        text("company_id", 20),
        text("name", 120),
        text("currency", 3),
        text("ledger_kind", 20),
        whole("outside_scope_tax_code"),
        text("rounding_nominal_code", 8),
        text("suspense_nominal_code", 8),
        whole("grace_hours"),
        text("late_policy", 20),
        whole("tax_rounding_cap_pence"),
        sa.Column("posting_enabled", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("company_id"),
    )
    store = [
        text("store_id", 20),
        text("store_code", 40),
        text("name", 120),
        text("zone", 60),
        whole("day_cutoff_minutes"),
        text("currency", 3),
        text("till_customer_reference", 8),
        text("cost_centre", 3),
        text("department", 3),
        text("tax_basis", 20),
        text("price_basis", 20),
    ]
    table("stores", [*store, *validity()], "store_id", "valid_from")
    tax = [text("till_tax_code", 20), whole("tax_code"), whole("required_rate")]
    table("tax_mappings", [*tax, *validity()], "till_tax_code", "valid_from")
    account = [text("nominal_code", 8), text("cost_centre", 3), text("department", 3)]
    category = [text("category", 40), text("store_id", 20)]
    table("nominal_mappings", [*category, *account, *validity()], "category", "store_id", "valid_from")
    tender = [text("tender_type", 20), text("store_id", 20), text("bank_code", 8)]
    table("tender_mappings", [*tender, *validity()], "tender_type", "store_id", "valid_from")
    table("sku_mappings", [text("sku", 60), text("category", 40), *validity()], "sku", "valid_from")
    writer = [text("store_id", 20), text("writer", 20)]
    table("writers_of_record", [*writer, *validity()], "store_id", "valid_from")
    cutover = [text("store_id", 20), sa.Column("cutover_date", sa.Date(), nullable=False)]
    table("cutovers", cutover, "store_id")
    pattern = sa.Column("pattern", sa.Text(), nullable=False)
    table("connector_patterns", [text("connector", 40), pattern, whole("retry_window_hours")], "connector")
    period = sa.Column("accounting_period_id", sa.BigInteger(), nullable=False)
    table("period_overrides", [period, text("period_state", 20)], "accounting_period_id")
    _people()


def _people() -> None:
    """Stops, remarks and sign-offs, and the log of every change."""
    stop = [
        text("store_id", 20),
        sa.Column("is_lifted", sa.Boolean(), nullable=False),
        text("lifted_by", 80),
        sa.Column("lifted_reason", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(), nullable=True),
    ]
    table("store_stops", stop)
    table("notes", [text("subject_kind", 20), text("subject_id", 200)])
    op.create_index(None, "notes", ["company_id", "subject_kind", "subject_id"])
    table("assignments", [text("exception_id", 80), text("assignee", 80)])
    op.create_index(None, "assignments", ["company_id", "exception_id"])
    sign_off = [
        text("store_id", 20),
        sa.Column("date_from", sa.Date(), nullable=False),
        sa.Column("date_to", sa.Date(), nullable=False),
        whole("publication_number"),
        whole("chain_event_number"),
        text("chain_head_hash", 64),
    ]
    table("sign_offs", sign_off)
    op.create_table(
        "audit_log",
        *recorded(),
        text("company_id", 20),
        text("action", 40),
        text("table_name", 40),
        text("row_key", 300),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
    )
    forbid_changes(GUARDED)


def forbid_changes(name: str) -> None:
    """Let the database itself refuse to change or remove a row."""
    if op.get_context().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"create trigger {name}_refuses_{verb} before {verb} on {name} "
                f"begin select raise(abort, '{name} only grows'); end"
            )
    elif op.get_context().dialect.name == "postgresql":
        op.execute(
            f"create function {name}_only_grows() returns trigger language plpgsql as "
            f"$$ begin raise exception '{name} only grows'; end $$"
        )
        op.execute(
            f"create trigger {name}_refuses before update or delete on {name} "
            f"for each row execute function {name}_only_grows()"
        )


def allow_changes(name: str) -> None:
    """Take the refusal away again, so that the table can be dropped."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"drop trigger {name}_refuses on {name}")
        op.execute(f"drop function {name}_only_grows()")


def downgrade() -> None:
    """Back to nothing."""
    allow_changes(GUARDED)
    for name in TABLES:
        op.drop_table(name)
