"""Runs of the poster: which of them claimed an intent, from which publication, and how each ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, String, bindparam, func, insert, select, update

from orchestration.operations.base import table_of
from orchestration.operations.chain import INTENTS
from orchestration.operations.database import Database
from orchestration.operations.intents import DOCUMENT_ROLES
from orchestration.operations.mapping_import import ACTIONS
from orchestration.operations.people_tables import AuditLog
from orchestration.operations.policies import POST_ORDER
from orchestration.operations.posting_tables import PostingRun

RUNS, LOG = table_of(PostingRun), table_of(AuditLog)
# a change of any of these makes other documents of the same sales; who writes or when does not
DECIDING_TABLES = (
    *("companies", "stores"),
    *("tax_mappings", "nominal_mappings", "tender_mappings", "sku_mappings", "customer_mappings"),
)
COMPANY = bindparam("company_id", type_=String)
LAST_MAPPING_CHANGE = (
    select(LOG.c.id)
    .where(
        LOG.c.company_id == COMPANY,
        LOG.c.action.in_(sorted(ACTIONS.values())),
        LOG.c.table_name.in_(DECIDING_TABLES),
    )
    .order_by(LOG.c.id.desc())
    .limit(1)
)
NOT_ENDED = (
    select(RUNS)
    .where(
        RUNS.c.company_id == COMPANY,
        RUNS.c.kind == bindparam("kind"),
        RUNS.c.publication_number == bindparam("publication_number"),
        RUNS.c.ended_at.is_(None),
    )
    .order_by(RUNS.c.run_number.desc())
    .limit(1)
)
NEWEST = select(func.max(RUNS.c.run_number))
ADD = insert(RUNS)
TAKE_UP = update(RUNS).where(RUNS.c.run_number == bindparam("its_number")).values(worker=bindparam("by"))
END = (
    update(RUNS)
    .where(RUNS.c.run_number == bindparam("its_number"))
    .values(
        ended_at=bindparam("at"),
        posts=RUNS.c.posts + bindparam("more"),
        stopped_because=bindparam("why"),
    )
)
RUN_BY_NUMBER = select(RUNS).where(RUNS.c.run_number == bindparam("its_number"))
SENT_IN = select(func.count(INTENTS.c.posting_key), func.coalesce(func.sum(INTENTS.c.gross_pence), 0)).where(
    INTENTS.c.run_number == bindparam("its_number"),
    INTENTS.c.truth_sent.is_(True),
    INTENTS.c.role.in_(DOCUMENT_ROLES),
)

PROVEN = ("proven", "reversed")
OUT = ("sending", "unknown", "acknowledged", "deferred", "wrong", "unsettled")
CONTRAS = INTENTS.alias("contras")
OF_STORE_AND_KIND = (
    INTENTS.c.company_id == COMPANY,
    INTENTS.c.store_id == bindparam("store_id", type_=String),
    INTENTS.c.document_kind == bindparam("document_kind", type_=String),
    INTENTS.c.role == "P",
)
SINCE_CHANGE = (
    select(INTENTS.c.posting_key, INTENTS.c.state, INTENTS.c.remedy)
    .join(RUNS, INTENTS.c.run_number == RUNS.c.run_number)
    .where(
        *OF_STORE_AND_KIND,
        RUNS.c.mapping_change == bindparam("mapping_change"),
        INTENTS.c.state.in_((*PROVEN, *OUT)),
    )
)
# a correction that was begun: its contra has left, its repost has not
OWED = (
    select(INTENTS.c.posting_key, INTENTS.c.state, INTENTS.c.remedy)
    .join(CONTRAS, CONTRAS.c.posting_key == INTENTS.c.after_key)
    .where(
        *OF_STORE_AND_KIND,
        INTENTS.c.after_key != "",
        INTENTS.c.state.in_(("decided", "held", "claimed", "locked", "refused")),
        CONTRAS.c.state.in_((*OUT, "proven")),
    )
)

RunKind = Literal["post", "reverse"]


@dataclass(frozen=True)
class Run:
    """One run; `mapping_change` is the number of the newest change of a mapping it knew, 0 for none."""

    run_number: int
    company_id: str
    kind: RunKind
    publication_number: int
    mapping_change: int
    worker: str
    started_at: datetime
    ended_at: datetime | None = None
    posts: int = 0
    stopped_because: str = ""


class RunStore:
    """Begins runs, ends them, and goes on with one whose worker died."""

    def __init__(self, database: Database):
        self._database = database

    def begin(self, company_id: str, kind: RunKind, publication_number: int, worker: str) -> Run:
        """A new run; or the one of this publication that never ended, if no mapping has changed since."""
        asked = {"company_id": company_id, "kind": kind, "publication_number": publication_number}
        with self._database.write() as connection:
            change = mapping_change(connection, company_id)
            found = _not_ended(connection, asked)
            if found and found.mapping_change == change:
                connection.execute(TAKE_UP, {"its_number": found.run_number, "by": worker})
                return replace(found, worker=worker)
            number = (connection.execute(NEWEST).scalar_one_or_none() or 0) + 1
            begun = Run(number, company_id, kind, publication_number, change, worker, self._database.now())
            connection.execute(ADD, vars(begun))
        return begun

    def going(self, company_id: str, kind: RunKind, publication_number: int) -> Run | None:
        """The run that `begin` would go on with."""
        asked = {"company_id": company_id, "kind": kind, "publication_number": publication_number}
        with self._database.read() as connection:
            found = _not_ended(connection, asked)
            is_same = found is not None and found.mapping_change == mapping_change(connection, company_id)
        return found if is_same else None

    def mapping_change(self, company_id: str) -> int:
        """The number of the newest change of a mapping; 0 for none."""
        with self._database.read() as connection:
            return mapping_change(connection, company_id)

    def canary(
        self, company_id: str, change: int, store_id: str, document_kind: str
    ) -> tuple[bool, dict[str, str]]:
        """Whether a document of the store and kind was proven since a change of a mapping, and of those that were
        sent since, or are owed, and are not proven, the states by key.
        """
        asked = {
            "company_id": company_id,
            "mapping_change": change,
            "store_id": store_id,
            "document_kind": document_kind,
        }
        with self._database.read() as connection:
            rows = connection.execute(SINCE_CHANGE, asked).all()
            owed = connection.execute(OWED, asked).all()
        is_proven = any(_is_as_sent(row.state, row.remedy) for row in rows)
        unproven = {
            row.posting_key: row.state for row in (*rows, *owed) if not _is_as_sent(row.state, row.remedy)
        }
        return is_proven, dict(sorted(unproven.items()))

    def end(self, run_number: int, posts: int, stopped_because: str) -> None:
        """It came to its end, after so many POSTs of the worker that ended it."""
        ended = {"at": self._database.now(), "more": posts, "why": stopped_because}
        with self._database.write() as connection:
            connection.execute(END, {"its_number": run_number, **ended})

    def get(self, run_number: int) -> Run | None:
        """The run of a number."""
        with self._database.read() as connection:
            found = connection.execute(RUN_BY_NUMBER, {"its_number": run_number}).mappings().all()
        return Run(**found[0]) if found else None

    def newest(self, company_id: str, limit: int) -> list[Run]:
        """The newest runs of a company, the newest first."""
        query = select(RUNS).where(RUNS.c.company_id == company_id)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(RUNS.c.run_number.desc()).limit(limit)).mappings()
            return [Run(**row) for row in rows]

    def sent_in(self, run_number: int) -> tuple[int, int]:
        """How many documents a run sent, and their gross in pence, those another process of it sent included."""
        with self._database.read() as connection:
            documents, pence = connection.execute(SENT_IN, {"its_number": run_number}).one()
        return int(documents), int(pence)


def _is_as_sent(state: str, remedy: str) -> bool:
    """Whether it was read back as it was sent. An order was, that waits to be invoiced: what differs is `wrong`."""
    return state in PROVEN or (remedy == POST_ORDER and state == "deferred")


def _not_ended(connection: Connection, asked: Mapping[str, object]) -> Run | None:
    found = connection.execute(NOT_ENDED, asked).mappings().all()
    return Run(**found[0]) if found else None


def mapping_change(connection: Connection, company_id: str) -> int:
    """The number in the audit log of the newest change that makes other documents; 0 for none."""
    found = connection.execute(LAST_MAPPING_CHANGE, {"company_id": company_id}).scalar_one_or_none()
    return int(found or 0)
