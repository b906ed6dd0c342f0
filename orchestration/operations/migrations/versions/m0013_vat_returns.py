"""VAT periods and filed returns, what each posting adds to a return, and how much error a return may come to."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

from orchestration.operations.migrations.versions.m0001_mappings_and_people import table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PERIODS, POLICIES = "vat_periods", "posting_policies"
# the sign of a document in boxes 1 and 6
SIGNS = {"invoice": 1, "bank_receipt": 1, "credit_note": -1, "bank_payment": -1}
ROWS_AT_ONCE = 500


def added() -> tuple[sa.Column, ...]:
    """What an intent has besides, from now on."""
    return (
        sa.Column("document_date", sa.Date(), nullable=True),
        sa.Column("box_1_pence", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("box_6_pence", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("corrects_return", sa.Date(), nullable=True),
    )


def upgrade() -> None:
    """Make them. No return was filed as far as the store knew, so no posting of before corrects one."""
    columns: list[sa.Column] = [
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("error_limit_pence", sa.BigInteger(), nullable=True),
    ]
    table(PERIODS, columns, "valid_from")
    for column in added():
        op.add_column("intents", column)
    op.create_index(None, "intents", ["company_id", "corrects_return"])
    limit = sa.Column("vat_error_limit_pence", sa.BigInteger(), nullable=False, server_default="1000000")
    op.add_column(POLICIES, limit)
    _tell_the_effects(op.get_bind())


def _tell_the_effects(connection: sa.Connection) -> None:
    """Tax point and boxes of every intent there is, from its payload."""
    outside = dict(
        connection.execute(sa.text("select company_id, outside_scope_tax_code from companies")).tuples().all()
    )
    query = sa.text(
        "select posting_key, company_id, payload from intents "
        "join intent_payloads on intents.payload_digest = intent_payloads.payload_digest"
    )
    write = sa.text(
        "update intents set document_date = :on_date, box_1_pence = :box_1, box_6_pence = :box_6 "
        "where posting_key = :its_key"
    ).bindparams(sa.bindparam("on_date", type_=sa.Date()))
    found = [
        {"its_key": key, **_effect_of(json.loads(payload)["document"], outside.get(company_id))}
        for key, company_id, payload in connection.execute(query)
    ]
    for start in range(0, len(found), ROWS_AT_ONCE):
        connection.execute(write, found[start : start + ROWS_AT_ONCE])


def _effect_of(document: dict[str, Any], outside_scope_code: int | None) -> dict[str, Any]:
    sign = SIGNS.get(document["document_kind"], 0)
    taxed = [line for line in document["tax_lines"] if line["tax_code"] != outside_scope_code]
    return {
        "on_date": date.fromisoformat(document["document_date"]),
        "box_1": sign * sum(line["tax_pence"] for line in taxed),
        "box_6": sign * sum(line["net_pence"] for line in taxed),
    }


def downgrade() -> None:
    """Without VAT periods."""
    op.drop_column(POLICIES, "vat_error_limit_pence")
    op.drop_index(op.f("ix_intents_company_id_corrects_return"), "intents")
    for column in reversed(added()):
        op.drop_column("intents", str(column.name))
    op.drop_table(PERIODS)
