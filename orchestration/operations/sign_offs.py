"""What people signed off: a store-day or a period, the figures they signed, what they ticked, and what they took back.

Rows are only ever added (the database refuses the rest): a sign-off that is renewed or withdrawn stays readable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from orchestration.operations.audit import Change, Signature, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.chain import ChainEnd
from orchestration.operations.errors import OperationsError
from orchestration.operations.people_tables import (
    CloseTick,
    EvidencePack,
    KeptFigures,
    SignOff,
    SignOffWithdrawal,
)
from orchestration.operations.signed_store import SignedStore

SIGNED, WITHDRAWN = table_of(SignOff), table_of(SignOffWithdrawal)
FIGURES, TICKS, PACKS = table_of(KeptFigures), table_of(CloseTick), table_of(EvidencePack)
WHOLE_COMPANY = "*"
"""The store of a sign-off of a whole period."""
CLOSE, ACCEPTANCE = "close", "acceptance:"
"""What a sign-off is of: a month or store-day that is closed, or (with the window's name) the days of an acceptance."""


def sign_off_duty(kind: str, store_id: str) -> str:
    """What signing it, or taking it back, asks of a person."""
    if kind != CLOSE:
        return "sign off an acceptance"
    return "sign off a period" if store_id == WHOLE_COMPANY else "sign off a store-day"


@dataclass(frozen=True)
class CloseFigures:
    """The figures behind a sign-off: `columns` of each (store, ISO day). Whole numbers only: pence and counts."""

    columns: tuple[str, ...]
    slots: Mapping[tuple[str, str], tuple[int, ...]]

    def as_text(self) -> str:
        """Canonical JSON: the same figures give the same text."""
        rows = [[*slot, *self.slots[slot]] for slot in sorted(self.slots)]
        return json.dumps({"columns": list(self.columns), "slots": rows}, separators=(",", ":"))

    @classmethod
    def of_text(cls, text: str) -> CloseFigures:
        told = json.loads(text)
        slots = {(row[0], row[1]): tuple(row[2:]) for row in told["slots"]}
        return cls(tuple(told["columns"]), slots)

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.as_text().encode()).hexdigest()


@dataclass(frozen=True)
class Tick:
    """The newest word on an item of a checklist that a person ticks."""

    item: str
    is_done: bool
    author: str
    role: str
    at: datetime
    note: str
    publication_number: int


class SignOffs(SignedStore):
    """The part of the store where people close."""

    def _record_sign_off(
        self,
        values: Mapping[str, Any],
        *,
        sealed: ChainEnd,
        figures: CloseFigures | None,
        by: Signature,
    ) -> int:
        row = {
            **values,
            "chain_event_number": sealed.event_number,
            "chain_head_hash": sealed.head_hash,
            "figures_digest": figures.digest if figures else "",
        }
        row_key = f"{row['store_id']}|{row['date_from']}|{row['date_to']}"
        if row["kind"] != CLOSE:
            row_key = f"{row['kind']}|{row_key}"
        with self._database.write() as connection:
            if figures is not None:
                known = select(FIGURES.c.figures_digest).where(FIGURES.c.figures_digest == figures.digest)
                if connection.execute(known).first() is None:
                    kept = {"figures_digest": figures.digest, "figures": figures.as_text()}
                    connection.execute(insert(FIGURES).values(**kept))
            made = connection.execute(insert(SIGNED).values(**row, **by.columns())).inserted_primary_key
            change = Change(str(row["company_id"]), "sign off", SIGNED.name, row_key, None, row)
            write_audit(connection, by, change)
        return int(made[0]) if made else 0

    def withdraw_sign_off(self, company_id: str, sign_off_id: int, *, author: str, reason: str) -> None:
        """Take a sign-off back. OperationsError where there is none of that number, or it was taken back."""
        mine = select(SIGNED).where(SIGNED.c.company_id == company_id, SIGNED.c.id == sign_off_id)
        with self._database.read() as connection:
            found = connection.execute(mine).mappings().first()
        if found is None:
            raise OperationsError(f"there is no sign-off {sign_off_id} of company {company_id}")
        duty = sign_off_duty(found["kind"], found["store_id"])
        by = self._signature(author, reason, duty)
        values = {"company_id": company_id, "sign_off_id": sign_off_id, "role": self._role(duty)}
        try:
            with self._database.write() as connection:
                self._add(
                    connection, WITHDRAWN, values, by=by, action="withdraw sign-off", row_key=str(sign_off_id)
                )
        except IntegrityError as error:
            raise OperationsError(f"sign-off {sign_off_id} was taken back already") from error

    def sign_offs(self, company_id: str, kind: str | None = None) -> list[dict[str, Any]]:
        """Every sign-off of a company (of one kind), oldest first, with who took it back, when and why (else None)."""
        columns = {
            "withdrawn_by": WITHDRAWN.c.author,
            "withdrawn_at": WITHDRAWN.c.recorded_at,
            "withdrawn_because": WITHDRAWN.c.reason,
        }
        query = (
            select(SIGNED, *(column.label(name) for name, column in columns.items()))
            .outerjoin(WITHDRAWN, WITHDRAWN.c.sign_off_id == SIGNED.c.id)
            .where(SIGNED.c.company_id == company_id)
            .order_by(SIGNED.c.id)
        )
        if kind is not None:
            query = query.where(SIGNED.c.kind == kind)
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def signed_publications(self) -> list[int]:
        """The publications behind sign-offs that nobody took back, of every company: they are kept."""
        taken_back = select(WITHDRAWN.c.sign_off_id)
        query = select(SIGNED.c.publication_number).where(SIGNED.c.id.not_in(taken_back)).distinct()
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def signed_figures(self, figures_digest: str) -> CloseFigures | None:
        """The figures that were signed; None where none were kept. OperationsError if they are not what was signed."""
        query = select(FIGURES.c.figures).where(FIGURES.c.figures_digest == figures_digest)
        with self._database.read() as connection:
            text = connection.execute(query).scalar_one_or_none()
        if text is None:
            return None
        if hashlib.sha256(text.encode()).hexdigest() != figures_digest:
            raise OperationsError(f"the figures kept under {figures_digest[:12]} are not what was signed")
        return CloseFigures.of_text(text)

    def tick(
        self,
        company_id: str,
        period: date,
        item: str,
        *,
        is_done: bool,
        publication_number: int,
        author: str,
        reason: str,
    ) -> None:
        """Tick an item of a period's checklist, or take the tick off."""
        by = self._signature(author, reason, "tick the checklist")
        values = {
            "company_id": company_id,
            "period": period,
            "item": item,
            "is_done": is_done,
            "publication_number": publication_number,
            "role": self._role("tick the checklist"),
        }
        action = "tick" if is_done else "untick"
        with self._database.write() as connection:
            self._add(connection, TICKS, values, by=by, action=action, row_key=f"{period}|{item}")

    def ticks(self, company_id: str, period: date) -> dict[str, Tick]:
        """The newest word on each item of a period."""
        newest = select(func.max(TICKS.c.id)).where(
            TICKS.c.company_id == company_id, TICKS.c.period == period
        )
        query = select(TICKS).where(TICKS.c.id.in_(newest.group_by(TICKS.c.item)))
        with self._database.read() as connection:
            found = connection.execute(query).mappings().all()
        return {
            row["item"]: Tick(
                row["item"], row["is_done"], row["author"], row["role"], row["recorded_at"],
                row["reason"], row["publication_number"],
            )
            for row in found
        }  # fmt: skip

    def record_pack(
        self,
        company_id: str,
        period: date,
        *,
        publication_number: int,
        manifest_digest: str,
        author: str,
        reason: str,
    ) -> None:
        """Keep that a pack was made, and the digest of its manifest."""
        by = self._signature(author, reason, "make an evidence pack")
        values = {
            "company_id": company_id,
            "period": period,
            "publication_number": publication_number,
            "manifest_digest": manifest_digest,
            "role": self._role("make an evidence pack"),
        }
        with self._database.write() as connection:
            self._add(connection, PACKS, values, by=by, action="make pack", row_key=str(period))

    def pack_made(self, manifest_digest: str) -> dict[str, Any] | None:
        """Who made the pack of that manifest, and when; None where none was made here."""
        query = select(PACKS).where(PACKS.c.manifest_digest == manifest_digest).order_by(PACKS.c.id)
        with self._database.read() as connection:
            found = connection.execute(query).mappings().first()
        return dict(found) if found else None
