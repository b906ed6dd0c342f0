"""The log of everything people said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from orchestration.operations.base import table_of
from orchestration.operations.mapping_import import ACTIONS
from orchestration.operations.people_tables import AuditLog
from orchestration.operations.signed_store import SignedStore

LOG = table_of(AuditLog)


class People(SignedStore):
    """The part of the store that tells who changed what."""

    def mapping_log(self, table: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
        """Changes to mappings of every company, the newest first; columns as in `audit_log`."""
        query = select(LOG).where(LOG.c.action.in_(ACTIONS.values())).order_by(LOG.c.id.desc()).limit(limit)
        if table is not None:
            query = query.where(LOG.c.table_name == table)
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def audit_log(self, company_id: str) -> list[dict[str, Any]]:
        """Every change, oldest first; `before` and `after` are JSON, empty where there was nothing."""
        return self._rows(AuditLog, company_id=company_id)
