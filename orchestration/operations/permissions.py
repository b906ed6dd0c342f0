"""Whether posting may happen at all: enabled, by whom, from when, approved by whom, stopped why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from sqlalchemy import Date, String, and_, bindparam, func, or_, select, update

from orchestration.operations.audit import Change, write_audit
from orchestration.operations.base import table_of
from orchestration.operations.errors import OperationsError
from orchestration.operations.intents import KEYS_PER_QUERY
from orchestration.operations.mapping_import import ANY_STORE
from orchestration.operations.mapping_tables import (
    Company,
    ConnectorPattern,
    CustomerMapping,
    Cutover,
    NominalMapping,
    Store,
    StoreGrain,
    TaxMapping,
    TenderMapping,
    WriterOfRecord,
)
from orchestration.operations.people_tables import AuditLog
from orchestration.operations.posting_tables import Approval, StoreStop
from orchestration.operations.signed_store import SignedStore


@dataclass(frozen=True)
class CutoverAgreed:
    """A store's cutover; `opening_balance_pence` is None where finance has not said what its account stood at."""

    store_id: str
    till_customer_reference: str
    cutover_date: date
    opening_balance_pence: int | None
    author: str


Writer = Literal["connector", "tillproof", "observe"]
POSTER = "tillproof"
COMPANIES, WRITERS, CUTOVERS = table_of(Company), table_of(WriterOfRecord), table_of(Cutover)
PATTERNS, TAXES = table_of(ConnectorPattern), table_of(TaxMapping)
APPROVALS, STOPS = table_of(Approval), table_of(StoreStop)
TENDERS, NOMINALS = table_of(TenderMapping), table_of(NominalMapping)
GRAINS, CUSTOMERS = table_of(StoreGrain), table_of(CustomerMapping)
LOG, STORE_ROWS = table_of(AuditLog), table_of(Store)
SWITCHES = ("enable posting", "disable posting")


# asked before every send, so built once
COMPANY = bindparam("company_id", type_=String)
STORES = bindparam("store_ids", type_=String, expanding=True)
DAY = bindparam("day", type_=Date)
ENABLED = select(COMPANIES.c.posting_enabled).where(COMPANIES.c.company_id == COMPANY)
SUSPENSE = select(COMPANIES.c.suspense_nominal_code).where(COMPANIES.c.company_id == COMPANY)
LATE = select(COMPANIES.c.late_policy).where(COMPANIES.c.company_id == COMPANY)
WRITER = select(WRITERS.c.store_id, WRITERS.c.writer).where(
    WRITERS.c.company_id == COMPANY,
    WRITERS.c.store_id.in_(STORES),
    WRITERS.c.valid_from <= DAY,
    or_(WRITERS.c.valid_to.is_(None), WRITERS.c.valid_to >= DAY),
)
CUTOVER = select(CUTOVERS.c.store_id, CUTOVERS.c.cutover_date).where(
    CUTOVERS.c.company_id == COMPANY, CUTOVERS.c.store_id.in_(STORES)
)
ACTIVE_STOPS = (
    select(STOPS.c.store_id, STOPS.c.reason)
    .where(STOPS.c.company_id == COMPANY, STOPS.c.is_lifted.is_(False))
    .order_by(STOPS.c.store_id, STOPS.c.id)
)
PATTERNS_IN_USE = (
    select(PATTERNS.c.pattern).where(PATTERNS.c.company_id == COMPANY).order_by(PATTERNS.c.connector)
)
DAY_PATTERNS_IN_USE = (
    select(PATTERNS.c.day_pattern)
    .where(PATTERNS.c.company_id == COMPANY, PATTERNS.c.day_pattern.is_not(None))
    .order_by(PATTERNS.c.connector)
)


@dataclass(frozen=True)
class ApprovalGiven:
    """The newest word on one payload; `sync_claim` is what the connector claimed when it was given.

    `approvers` are all who approved it knowing the same, since the last time somebody said no.
    """

    posting_key: str
    payload_digest: str
    decision: str
    approver: str
    reason: str
    sync_claim: str
    approvers: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompanySwitch:
    """Whether posting is on for a company; `author` is empty where nobody ever switched it."""

    company_id: str
    name: str
    is_on: bool
    author: str
    recorded_at: datetime | None
    reason: str


@dataclass(frozen=True)
class StopInForce:
    """One stop; `store_id` is `*` where it holds the whole company."""

    company_id: str
    store_id: str
    reason: str
    author: str
    recorded_at: datetime


@dataclass(frozen=True)
class GoesBy:
    """What a document goes by, which mappings lead to: accounts and codes, on its date."""

    customer_reference: str | None
    bank_codes: frozenset[str]
    nominal_codes: frozenset[str]
    tax_codes: frozenset[int]
    on: date


GIVEN = (
    select(*(APPROVALS.c[name] for name in ApprovalGiven.__dataclass_fields__ if name != "approvers"))
    .where(APPROVALS.c.posting_key.in_(bindparam("keys", expanding=True)))
    .order_by(APPROVALS.c.id)
)


class Permissions(SignedStore):
    """The part of the store that lets the poster post, or stops it."""

    def enable_posting(self, company_id: str, author: str, reason: str) -> bool:
        """Let the poster send for a company; False if it was on. OperationsError if nobody described the company."""
        return self._set_posting(company_id, True, author, reason)

    def disable_posting(self, company_id: str, author: str, reason: str) -> bool:
        """Stop the poster for a whole company; False if it was off."""
        return self._set_posting(company_id, False, author, reason)

    def _set_posting(self, company_id: str, enabled: bool, author: str, reason: str) -> bool:
        by = self._signature(author, reason, "switch posting")
        mine = COMPANIES.c.company_id == company_id
        with self._database.write() as connection:
            before = connection.execute(select(COMPANIES.c.posting_enabled).where(mine)).scalar_one_or_none()
            if before is None:
                raise OperationsError(f"company '{company_id}' is not known: import companies.csv first")
            if before == enabled:
                return False
            connection.execute(update(COMPANIES).where(mine).values(posting_enabled=enabled))
            action = "enable posting" if enabled else "disable posting"
            was, now = {"posting_enabled": before}, {"posting_enabled": enabled}
            write_audit(connection, by, Change(company_id, action, "companies", company_id, was, now))
        return True

    def companies(self) -> list[CompanySwitch]:
        """Every company with whether posting is on there, and who switched it last."""
        switched = select(func.max(LOG.c.id)).where(LOG.c.action.in_(SWITCHES)).group_by(LOG.c.company_id)
        with self._database.read() as connection:
            words = {
                row.company_id: row for row in connection.execute(select(LOG).where(LOG.c.id.in_(switched)))
            }
            found = connection.execute(select(COMPANIES).order_by(COMPANIES.c.company_id)).all()
        return [
            CompanySwitch(
                row.company_id,
                row.name,
                row.posting_enabled,
                word.author if word else "",
                word.recorded_at if word else None,
                word.reason if word else "",
            )
            for row in found
            for word in [words.get(row.company_id)]
        ]

    def stores(self, company_id: str) -> list[str]:
        """The codes of every store that was ever described."""
        query = select(STORE_ROWS.c.store_id).where(STORE_ROWS.c.company_id == company_id).distinct()
        with self._database.read() as connection:
            return sorted(connection.execute(query).scalars())

    def is_posting_enabled(self, company_id: str) -> bool:
        """Whether somebody turned posting on; false for a company nobody knows."""
        with self._database.read() as connection:
            return bool(connection.execute(ENABLED, {"company_id": company_id}).scalar_one_or_none())

    def writer_of_record(self, company_id: str, store_id: str, business_date: date) -> Writer:
        """Who posts a store's receipts of a date; the store's row beats that of any store; none: observe."""
        asked = {"company_id": company_id, "store_ids": [store_id, ANY_STORE], "day": business_date}
        with self._database.read() as connection:
            writers: dict[str, Writer] = {
                row.store_id: row.writer for row in connection.execute(WRITER, asked)
            }
        return writers.get(store_id) or writers.get(ANY_STORE) or "observe"

    def cutover(self, company_id: str, store_id: str) -> date | None:
        """The first business date we may ever post for the store; None when none was set."""
        asked = {"company_id": company_id, "store_ids": [store_id, ANY_STORE]}
        with self._database.read() as connection:
            dates = {row.store_id: row.cutover_date for row in connection.execute(CUTOVER, asked)}
        return dates.get(store_id) or dates.get(ANY_STORE)

    def cutovers(self, company_id: str) -> list[CutoverAgreed]:
        """The cutover of each store that has one, by store, with what finance agreed its account stood at."""
        chosen = (
            CUTOVERS.c.store_id,
            CUTOVERS.c.cutover_date,
            CUTOVERS.c.opening_balance_pence,
            CUTOVERS.c.author,
        )
        accounts = (
            select(STORE_ROWS.c.store_id, STORE_ROWS.c.till_customer_reference)
            .where(STORE_ROWS.c.company_id == company_id)
            .order_by(STORE_ROWS.c.store_id, STORE_ROWS.c.valid_from)
        )
        with self._database.read() as connection:
            rows = connection.execute(select(*chosen).where(CUTOVERS.c.company_id == company_id)).all()
            account_of = {row.store_id: row.till_customer_reference for row in connection.execute(accounts)}
        of_store = {row.store_id: row for row in rows}
        return [
            CutoverAgreed(store_id, account, row.cutover_date, row.opening_balance_pence, row.author)
            for store_id, account in account_of.items()
            if (row := of_store.get(store_id) or of_store.get(ANY_STORE))
        ]

    def required_rates(self, company_id: str, tax_code: int, on: date) -> set[Decimal]:
        """The rates people said a Sage tax code must have on a date; empty when nobody said any."""
        query = select(TAXES.c.required_rate).where(
            TAXES.c.company_id == company_id,
            TAXES.c.tax_code == tax_code,
            TAXES.c.valid_from <= on,
            or_(TAXES.c.valid_to.is_(None), TAXES.c.valid_to >= on),
        )
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def suspense_account(self, company_id: str) -> str:
        """The nominal code Sage puts what it cannot place on; empty when the company is not known."""
        with self._database.read() as connection:
            return connection.execute(SUSPENSE, {"company_id": company_id}).scalar_one_or_none() or ""

    def ledger_kind(self, company_id: str) -> str:
        """Which Sage the company's books are in; Sage 200 where nothing is said yet."""
        query = select(COMPANIES.c.ledger_kind).where(COMPANIES.c.company_id == company_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none() or "sage200"

    def late_policy(self, company_id: str) -> str:
        """What happens to a document of a closed period: `hold` or `original_date`."""
        with self._database.read() as connection:
            return connection.execute(LATE, {"company_id": company_id}).scalar_one_or_none() or "hold"

    def connector_patterns(self, company_id: str) -> list[str]:
        """How the company's connectors write a receipt into Sage's reference."""
        with self._database.read() as connection:
            return list(connection.execute(PATTERNS_IN_USE, {"company_id": company_id}).scalars())

    def connector_day_patterns(self, company_id: str) -> list[str]:
        """How they write a whole day of a store, or of a till, into it; empty where none does."""
        with self._database.read() as connection:
            return [
                one
                for one in connection.execute(DAY_PATTERNS_IN_USE, {"company_id": company_id}).scalars()
                if one
            ]

    def approve(
        self,
        company_id: str,
        digests: Mapping[str, str],
        *,
        approver: str,
        reason: str,
        sync_claims: Mapping[str, str] | None = None,
        decision: Literal["approved", "rejected"] = "approved",
    ) -> int:
        """Record a person's word on payloads (posting key → digest); returns how many.

        The word holds for exactly these digests and what the connector claimed then, and lapses with either.
        """
        by = self._signature(approver, reason, "approve postings")
        with self._database.write() as connection:
            for key in sorted(digests):
                values = {
                    "company_id": company_id,
                    "posting_key": key,
                    "payload_digest": digests[key],
                    "decision": decision,
                    "approver": approver,
                    "sync_claim": (sync_claims or {}).get(key, "none"),
                }
                self._add(connection, APPROVALS, values, by=by, action=decision, row_key=key)
        return len(digests)

    def approvals(self, posting_keys: Iterable[str]) -> dict[tuple[str, str], ApprovalGiven]:
        """The newest word on each payload of the keys, by (posting key, digest)."""
        keys = sorted(set(posting_keys))
        given: dict[tuple[str, str], ApprovalGiven] = {}
        with self._database.read() as connection:
            for start in range(0, len(keys), KEYS_PER_QUERY):
                part = keys[start : start + KEYS_PER_QUERY]
                for row in connection.execute(GIVEN, {"keys": part}).mappings():
                    at = (row["posting_key"], row["payload_digest"])
                    given[at] = _also_approved(ApprovalGiven(**row), given.get(at))
        return given

    def mapping_authors(self, company_id: str, goes_by: GoesBy) -> set[str]:
        """Who wrote a mapping in force on the date that leads to one of these accounts or codes."""
        on = goes_by.on
        # a tender that is no bank leads to the account of the category that it gives back
        categories = select(NOMINALS.c.category).where(
            NOMINALS.c.company_id == company_id, NOMINALS.c.nominal_code.in_(sorted(goes_by.nominal_codes))
        )
        leads = (
            (CUSTOMERS, CUSTOMERS.c.customer_reference == (goes_by.customer_reference or "")),
            (STORE_ROWS, STORE_ROWS.c.till_customer_reference == (goes_by.customer_reference or "")),
            (TENDERS, TENDERS.c.bank_code.in_(sorted(goes_by.bank_codes))),
            (TENDERS, TENDERS.c.category.in_(categories)),
            (GRAINS, GRAINS.c.clearing_bank_code.in_(sorted(goes_by.bank_codes))),
            (NOMINALS, NOMINALS.c.nominal_code.in_(sorted(goes_by.nominal_codes))),
            (TAXES, TAXES.c.tax_code.in_(sorted(goes_by.tax_codes))),
        )
        authors: set[str] = set()
        with self._database.read() as connection:
            for table, leads_there in leads:
                query = select(table.c.author).where(
                    table.c.company_id == company_id,
                    leads_there,
                    table.c.valid_from <= on,
                    or_(table.c.valid_to.is_(None), table.c.valid_to >= on),
                )
                authors.update(connection.execute(query).scalars())
        return authors

    def stops_in_force(self) -> list[StopInForce]:
        """Every stop nobody has lifted, with who stopped it: the poster itself signs as POSTER."""
        columns = (STOPS.c[name] for name in StopInForce.__dataclass_fields__)
        query = select(*columns).where(STOPS.c.is_lifted.is_(False)).order_by(STOPS.c.company_id, STOPS.c.id)
        with self._database.read() as connection:
            return [StopInForce(**row) for row in connection.execute(query).mappings()]

    def stop_store(self, company_id: str, store_id: str, reason: str, author: str = POSTER) -> bool:
        """Pause posting for a store (`*`: all). False when the same stop is already in force."""
        by = self._signature(author, reason, "stop posting")
        if reason in self.active_stops(company_id).get(store_id, ()):
            return False
        values = {
            "company_id": company_id,
            "store_id": store_id,
            "is_lifted": False,
            "lifted_by": "",
            "lifted_reason": "",
        }
        with self._database.write() as connection:
            self._add(connection, STOPS, values, by=by, action="stop store", row_key=store_id)
        return True

    def lift_stop(self, company_id: str, store_id: str, author: str, reason: str) -> int:
        """Let a stopped store post again; returns how many stops were lifted."""
        by = self._signature(author, reason, "lift a stop")
        mine = and_(
            STOPS.c.company_id == company_id, STOPS.c.store_id == store_id, STOPS.c.is_lifted.is_(False)
        )
        lifting = {"is_lifted": True, "lifted_by": author, "lifted_reason": reason, "lifted_at": by.at}
        with self._database.write() as connection:
            reasons = list(
                connection.execute(select(STOPS.c.reason).where(mine).order_by(STOPS.c.id)).scalars()
            )
            lifted = int(connection.execute(update(STOPS).where(mine).values(**lifting)).rowcount)
            if lifted:
                was, now = {"is_lifted": False, "reasons": reasons}, {"is_lifted": True, "stops": lifted}
                change = Change(company_id, "lift stop", "store_stops", store_id, was, now)
                write_audit(connection, by, change)
        return lifted

    def active_stops(self, company_id: str) -> dict[str, tuple[str, ...]]:
        """The reasons posting is paused, by store (`*`: all)."""
        stops: dict[str, tuple[str, ...]] = {}
        with self._database.read() as connection:
            for row in connection.execute(ACTIVE_STOPS, {"company_id": company_id}):
                stops[row.store_id] = (*stops.get(row.store_id, ()), row.reason)
        return stops


def _also_approved(word: ApprovalGiven, before: ApprovalGiven | None) -> ApprovalGiven:
    """The newest word with all who agreed to the same before it."""
    if word.decision != "approved":
        return word
    is_same = before is not None and before.decision == "approved" and before.sync_claim == word.sync_claim
    agreed = before.approvers if before is not None and is_same else ()
    return replace(word, approvers=(*agreed, word.approver))
