"""The one way a change is written to the audit log: in the transaction of the change itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from orchestration.operations.errors import OperationsError
from orchestration.operations.people_tables import AuditLog

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Signature:
    """Who decides, why, and when (UTC). OperationsError if nobody does or for no reason."""

    author: str
    reason: str
    at: datetime

    def __post_init__(self) -> None:
        if not self.author.strip() or not self.reason.strip():
            raise OperationsError("a decision needs the name of whoever makes it and a reason")

    def columns(self) -> dict[str, Any]:
        """As the columns every signed row has."""
        return {"author": self.author, "reason": self.reason, "recorded_at": self.at}


@dataclass(frozen=True)
class Change:
    """What was done to which row; `before` is None for a new one."""

    company_id: str
    action: str
    table_name: str
    row_key: str
    before: Values | None
    after: Values | None


ADD_CHANGE = insert(AuditLog)


def plain_json(values: Values | None) -> str:
    """Values as JSON with sorted names; dates and decimals as text, nothing as the empty string."""
    return json.dumps(values, sort_keys=True, default=str, ensure_ascii=False) if values is not None else ""


def write_audit(connection: Connection, by: Signature, change: Change) -> None:
    """Log one change with its values before and after."""
    told = {
        **by.columns(),
        "company_id": change.company_id,
        "action": change.action,
        "table_name": change.table_name,
        "row_key": change.row_key,
        "before": plain_json(change.before),
        "after": plain_json(change.after),
    }
    connection.execute(ADD_CHANGE, told)
