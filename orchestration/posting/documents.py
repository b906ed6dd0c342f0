"""What a publication proposes, as documents, and the payload digest an intent and an approval are bound to.

The digest is SHA-256 over canonical JSON (sorted names, no spaces, whole pence, ISO dates) of everything
Sage will be sent and everything that decides whether it is still right to. Not in it: publication,
exception, gate.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ledgers.ledger import (
    KIND_LETTERS,
    OPPOSITE_KIND,
    Document,
    NominalLine,
    OrderLine,
    SplitLine,
    TaxLine,
)
from orchestration.operations.policies import POST_ORDER, REVERSE_AND_REPOST
from orchestration.posting.key import build_key

Rows: TypeAlias = "pa.Table | str | Path"
PAYLOAD_VERSION = 1
CUSTOMER_KINDS = ("invoice", "credit_note", "receipt", "payment")
MONEY_KINDS = ("receipt", "payment", "bank_receipt", "bank_payment", "transfer")


@dataclass(frozen=True)
class Survivor:
    """What stays in Sage when a copy of it is undone."""

    urn: int
    document_kind: str
    gross_pence: int


@dataclass(frozen=True)
class Payload:
    """One document with what must be true of the world when it is sent.

    `target_urn` is what a contra undoes, or what a repost replaces; `after_key` the contra that must be proven first;
    `members_digest`, of a summary, says which receipts' documents it stands for, and with what figures; `survivor`, of
    a copy that is undone, what stays.
    """

    document: Document
    remedy: str
    role: str
    target_urn: int | None
    expected_period_start: date | None
    after_key: str | None = None
    members_digest: str = ""
    survivor: Survivor | None = None

    @cached_property
    def text(self) -> str:
        """The canonical JSON."""
        values = {"version": PAYLOAD_VERSION, **asdict(self)}
        if self.after_key is None:
            del values["after_key"]  # as payloads were before there were corrections in two steps
        if not self.members_digest:
            del values["members_digest"]  # and before there were summaries
        if self.survivor is None:
            del values["survivor"]  # and before a contra said what it leaves
        if not self.document.splits:
            del values["document"]["splits"]  # and before a document told its rows
        if self.document.to_bank_code is None:
            del values["document"]["to_bank_code"]  # and before there were transfers
        if not self.document.order_lines:
            del values["document"]["order_lines"]  # and before there were sales orders
        return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_iso)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def from_text(cls, text: str) -> Payload:
        """The payload a canonical JSON stands for."""
        values: dict[str, Any] = json.loads(text)
        document = values["document"]
        lines = tuple(NominalLine(**line) for line in document.pop("nominal_lines"))
        taxes = tuple(TaxLine(**line) for line in document.pop("tax_lines"))
        splits = tuple(SplitLine(**line) for line in document.pop("splits", ()))
        orders = tuple(OrderLine(**line) for line in document.pop("order_lines", ()))
        document["document_date"] = date.fromisoformat(document["document_date"])
        start = values["expected_period_start"]
        return cls(
            document=Document(
                **document, nominal_lines=lines, tax_lines=taxes, splits=splits, order_lines=orders
            ),
            remedy=values["remedy"],
            role=values["role"],
            target_urn=values["target_urn"],
            expected_period_start=date.fromisoformat(start) if start else None,
            after_key=values.get("after_key"),
            members_digest=values.get("members_digest", ""),
            survivor=Survivor(**values["survivor"]) if values.get("survivor") else None,
        )


@dataclass(frozen=True)
class Proposal:
    """One row of `posting_proposals` with its legs, as a payload and what decides whether it may go."""

    posting_key: str
    company_id: str
    store_id: str
    event_id: str
    receipt_no: str
    business_date: date
    document_kind: str
    ordinal: int
    revision: int
    role: str
    remedy: str
    gate_status: str
    blocked_by: str
    writer: str
    sync_claim: str
    may_post: bool
    hold_reason: str
    exception_id: str
    payload: Payload
    known_postings: tuple[str, ...] = ()

    @property
    def payload_digest(self) -> str:
        """What an approval of it binds to."""
        return self.payload.digest

    @property
    def after_key(self) -> str:
        """The contra that must be proven before it may go; empty for none."""
        return self.payload.after_key or ""

    @property
    def members_digest(self) -> str:
        """What a summary stands for; empty for any other document."""
        return self.payload.members_digest

    @property
    def account(self) -> str:
        """The queue it stands in: Sage locks a customer account as a whole, else a bank."""
        document = self.payload.document
        return document.customer_reference or document.bank_code or ""

    @cached_property
    def unsound(self) -> str:
        """Why the document contradicts itself; empty when it does not."""
        return unsound_because(self)


def read_proposals(proposals: Rows, legs: Rows) -> list[Proposal]:
    """The proposals of one publication by posting key; legs in the order of their number."""
    legs_of: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for leg in sorted(_rows(legs), key=lambda leg: (leg["posting_key"], leg["leg_no"])):
        legs_of[leg["posting_key"]].append(leg)
    read = [_proposal(row, legs_of[row["posting_key"]]) for row in _rows(proposals)]
    return sorted(read, key=lambda proposal: (proposal.posting_key, proposal.payload_digest))


def _rows(rows: Rows) -> list[dict[str, Any]]:
    table = rows if isinstance(rows, pa.Table) else pq.read_table(rows)
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def _proposal(row: Mapping[str, Any], legs: list[Mapping[str, Any]]) -> Proposal:
    narrative = row["narrative"] or ""
    document = Document(
        company_id=row["company_id"],
        posting_key=row["posting_key"],
        document_kind=row["document_kind"],
        document_date=row["document_date"],
        customer_reference=row["customer_reference"] or None,
        bank_code=row["bank_code"] or None,
        to_bank_code=row.get("to_bank_code") or None,
        gross_pence=int(row["gross_pence"]),
        net_pence=int(row["net_pence"]),
        tax_pence=int(row["tax_pence"]),
        second_reference=row["second_reference"] or "",
        narrative=narrative,
        nominal_lines=tuple(
            NominalLine(
                nominal_code=leg["nominal_code"] or "",
                cost_centre=leg["cost_centre"] or "",
                department=leg["department"] or "",
                net_pence=int(leg["net_pence"]),
                narrative=narrative,
            )
            for leg in legs
            if leg["leg_type"] == "nominal"
        ),
        tax_lines=tuple(
            TaxLine(int(leg["tax_code"]), int(leg["net_pence"]), int(leg["tax_pence"] or 0))
            for leg in legs
            if leg["leg_type"] == "tax" and leg["tax_code"] is not None  # unmapped: the gate holds it
        ),
        splits=tuple(
            SplitLine(
                leg["nominal_code"] or "",
                int(leg["tax_code"]),
                int(leg["net_pence"]),
                int(leg["tax_pence"] or 0),
            )
            for leg in legs
            if leg["leg_type"] == "split" and leg["tax_code"] is not None
        ),
        order_lines=tuple(_order_line(leg) for leg in legs if leg["leg_type"] == "item"),
    )
    payload = Payload(
        document=document,
        remedy=row["remedy"],
        role=row["role"],
        target_urn=None if row["target_urn"] is None else int(row["target_urn"]),
        expected_period_start=row["expected_period_start"],
        after_key=row.get("after_key") or None,
        members_digest=row.get("members_digest") or "",
        survivor=(
            Survivor(int(row["survivor_urn"]), row["survivor_kind"], int(row["survivor_gross_pence"]))
            if row.get("survivor_urn") is not None
            else None
        ),
    )
    return Proposal(
        posting_key=row["posting_key"],
        company_id=row["company_id"],
        store_id=row["store_id"] or "",
        event_id=row["event_id"],
        receipt_no=row["receipt_no"] or "",
        business_date=row["business_date"] or row["document_date"],
        document_kind=row["document_kind"],
        ordinal=int(row["ordinal"]),
        revision=int(row["revision"]),
        role=row["role"],
        remedy=row["remedy"],
        gate_status=row["gate_status"] or "",
        blocked_by=row["blocked_by"] or "",
        writer=row["writer"] or "observe",
        sync_claim=row["sync_claim"] or "none",
        may_post=bool(row["may_post"]),
        hold_reason=row["hold_reason"] or "",
        exception_id=row["exception_id"] or "",
        payload=payload,
        known_postings=tuple((row.get("known_postings") or "").split(",")),
    )


def _order_line(leg: Mapping[str, Any]) -> OrderLine:
    """One line of a sales order. What is no product of Sage by right is a line of text, out of no warehouse."""
    return OrderLine(
        description=leg["description"] or leg["sku"] or "",
        product_code=None if leg["is_text"] else leg["product_code"] or "",
        warehouse=None if leg["is_text"] else leg["warehouse"] or "",
        quantity_thousandths=int(leg["quantity_thousandths"] or 0),
        nominal_code=leg["nominal_code"] or "",
        cost_centre=leg["cost_centre"] or "",
        department=leg["department"] or "",
        tax_code=-1 if leg["tax_code"] is None else int(leg["tax_code"]),
        net_pence=int(leg["net_pence"]),
        tax_pence=int(leg["tax_pence"] or 0),
    )


def unsound_because(proposal: Proposal) -> str:
    """The first way in which a proposal contradicts itself, in words; empty when it holds together."""
    document = proposal.payload.document
    if document.document_kind not in KIND_LETTERS:
        return f"'{document.document_kind}' is not a kind of document"
    # a contra of ours may carry the letter of what it reverses, so that one stem finds both
    kinds = [document.document_kind]
    if proposal.role == "X":
        kinds.append(OPPOSITE_KIND[document.document_kind])
    keys = [
        build_key(
            proposal.company_id,
            proposal.event_id,
            kind,
            ordinal=proposal.ordinal,
            revision=proposal.revision,
            role="X" if proposal.role == "X" else "P",
        )
        for kind in kinds
    ]
    if proposal.posting_key not in keys:
        return f"the key of this event is {keys[0]}"
    return _unsound_amounts(document) or _unsound_parties(proposal) or _unsound_order(proposal)


def _unsound_amounts(document: Document) -> str:
    """Totals that do not add up, and amounts Sage would not take."""
    nominal = sum(line.net_pence for line in document.nominal_lines)
    taxed = sum(line.net_pence for line in document.tax_lines)
    tax = sum(line.tax_pence for line in document.tax_lines)
    if document.gross_pence <= 0:
        return f"gross is {document.gross_pence} pence; Sage takes amounts above nought"
    if document.document_kind in MONEY_KINDS and not document.nominal_lines:
        return ""  # money against an account: there is only a gross
    if document.net_pence + document.tax_pence != document.gross_pence:
        return (
            f"net {document.net_pence} and tax {document.tax_pence} do not make gross {document.gross_pence}"
        )
    if nominal != document.net_pence:
        return f"nominal lines make {nominal} pence, net is {document.net_pence}"
    if document.tax_lines and (taxed, tax) != (document.net_pence, document.tax_pence):
        return f"tax lines make {taxed} and {tax} pence, not {document.net_pence} and {document.tax_pence}"
    return _unsound_splits(document) if document.splits else ""


def _unsound_splits(document: Document) -> str:
    """Rows that do not come to the document's own lines, by account and by code."""
    by_nominal: Counter[str] = Counter()
    by_code: dict[int, Counter[str]] = defaultdict(Counter)
    for split in document.splits:
        by_nominal[split.nominal_code] += split.net_pence
        by_code[split.tax_code].update(net=split.net_pence, tax=split.tax_pence)
    for line in document.nominal_lines:
        by_nominal[line.nominal_code] -= line.net_pence
    for tax in document.tax_lines:
        by_code[tax.tax_code].subtract({"net": tax.net_pence, "tax": tax.tax_pence})
    out = [name for name, pence in by_nominal.items() if pence]
    out += [f"T{code}" for code, sums in by_code.items() if any(sums.values())]
    return f"its rows do not come to its lines on {', '.join(sorted(out))}" if out else ""


def _unsound_order(proposal: Proposal) -> str:
    """An order without lines, or with lines that lack what Sage needs, or that do not come to its invoice."""
    document = proposal.payload.document
    if proposal.remedy != POST_ORDER:
        return "only a missing sale is sent as an order" if document.is_order else ""
    if document.document_kind != "invoice" or not document.is_order:
        return "it is to be a sales order and has no lines of goods"
    for line in document.order_lines:
        if line.net_pence < 0 or line.quantity_thousandths <= 0:
            return f"'{line.description}' is a line below nought, which an order does not take"
        if line.product_code == "":
            return f"'{line.description}' is no one product of Sage: an order needs one"
        if line.warehouse == "":
            return f"store {proposal.store_id} has no warehouse: name it in stores.csv"
        if not line.nominal_code or line.tax_code < 0:
            return f"'{line.description}' has no account or tax code of its own on this sale"
    by_nominal: Counter[tuple[str, str, str]] = Counter()
    by_code: Counter[int] = Counter()
    for line in document.order_lines:
        by_nominal[line.nominal_code, line.cost_centre, line.department] += line.net_pence
        by_code[line.tax_code] += line.tax_pence
    for nominal in document.nominal_lines:
        by_nominal[nominal.nominal_code, nominal.cost_centre, nominal.department] -= nominal.net_pence
    for tax in document.tax_lines:
        by_code[tax.tax_code] -= tax.tax_pence
    out = ["/".join(account).rstrip("/") for account, pence in by_nominal.items() if pence]
    out += [f"tax code {code}" for code, pence in by_code.items() if pence]
    named = ", ".join(sorted(out))
    return (
        f"the goods of the order do not come to its invoice on {named}: a tip or voucher is no goods"
        if out
        else ""
    )


def _unsound_parties(proposal: Proposal) -> str:
    """A document without the account it needs, or a contra without what it reverses."""
    document = proposal.payload.document
    if document.document_kind in CUSTOMER_KINDS and not document.customer_reference:
        return "it names no customer"
    if document.document_kind in MONEY_KINDS and not document.bank_code:
        return "it names no bank"
    if (document.document_kind == "transfer") != bool(document.to_bank_code):
        return "a transfer and nothing else names a bank that it goes to"
    if document.document_kind == "transfer" and document.bank_code == document.to_bank_code:
        return f"it goes from bank {document.bank_code} to itself"
    if proposal.role == "X" and proposal.payload.target_urn is None:
        return "a contra must name the URN it reverses"
    if proposal.remedy == REVERSE_AND_REPOST and (proposal.role == "P") != bool(proposal.after_key):
        return "of a correction, the repost and nothing else names the contra it goes after"
    if len(document.second_reference) > 20:
        return "second reference is longer than 20 characters"
    return ""


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a payload")
