"""What people signed off, and the log of everything they said."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from orchestration.operations.base import table_of
from orchestration.operations.chain import ChainEnd
from orchestration.operations.mapping_import import ACTIONS
from orchestration.operations.people_tables import AuditLog, SignOff
from orchestration.operations.signed_store import SignedStore

LOG = table_of(AuditLog)


class People(SignedStore):
    """The part of the store where people sign."""

    def record_sign_off(
        self,
        company_id: str,
        store_id: str,
        *,
        date_from: date,
        date_to: date,
        publication_number: int,
        sealed: ChainEnd,
        author: str,
        reason: str,
    ) -> None:
        """Close a range of business dates on one publication, with the end of the chain it was judged by."""
        values = {
            "company_id": company_id,
            "store_id": store_id,
            "date_from": date_from,
            "date_to": date_to,
            "publication_number": publication_number,
            "chain_event_number": sealed.event_number,
            "chain_head_hash": sealed.head_hash,
        }
        by = self._signature(author, reason)
        row_key = f"{store_id}|{date_from}|{date_to}"
        with self._database.write() as connection:
            self._add(connection, table_of(SignOff), values, by=by, action="sign off", row_key=row_key)

    def sign_offs(self, company_id: str) -> list[dict[str, Any]]:
        """Every sign-off of a company, oldest first."""
        return self._rows(SignOff, company_id=company_id)

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
