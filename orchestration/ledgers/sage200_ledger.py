"""Sage 200 as the poster sees it: find a document, post a document, ask for a fact as it is now.

A trader's receipt is two rows in Sage, one in the sales ledger and one in the cash book, under one URN: they
are one document here. Its nominal legs are the nominal lines of that URN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar
from urllib.parse import quote

from orchestration.ledgers.ledger import (
    AccountEntry,
    AccountStatus,
    Allocation,
    CustomerFacts,
    Document,
    DocumentKind,
    LedgerType,
    LedgerUnavailableError,
    Period,
    PeriodState,
    PostedDocument,
    PostedHeader,
    PostedNominalLine,
    Reply,
    TaxLine,
)
from orchestration.ledgers.sage200_allocations import ENTRY_FIELDS, allocated_with, allocation_of
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_documents import Ids, UnpostableError, check_sendable, pence, request_of
from orchestration.ledgers.sage200_lookups import Sage200Lookups, account_key
from orchestration.ledgers.sage200_orders import (
    ORDER_FIELDS,
    ORDER_RESOURCE,
    StockIds,
    StockNames,
    key_of,
    not_yet_invoices,
    order_of,
    read_order,
    reckoning_problem,
    stock_problem,
)
from orchestration.ledgers.sage200_periods import period_state
from orchestration.ledgers.sage200_transport import ReadRefusedError
from orchestration.ledgers.sage200_wire import Row, both, date_literal, text_literal

T = TypeVar("T")
TRADER_KINDS: dict[str, DocumentKind] = {
    "invoice": "invoice",
    "creditnote": "credit_note",
    "openingbalanceinvoice": "invoice",
    "openingbalancecreditnote": "credit_note",
    "purchasepaymentsalesreceipt": "receipt",
    "purchasereceiptsalespayment": "payment",
}
TRADER_PREFIX = "tradingaccountentrytype"
SALES_SOURCE = "LedgerSales"
RECEIVED_BY = "received_by_bank_id"
HEAD = ("id", "urn", "reference", "second_reference", "transaction_date")
SALES_HEAD = (*HEAD, "customer_id", "trader_transaction_type", "document_tax_value", "document_gross_value")
BANK_HEAD = (*HEAD, "tax_analysis_items", "bank_id", "cheque_value", "source")
COMMON = ("user_name",)
SALES_FIELDS = (*SALES_HEAD, *COMMON, "tax_analysis_items", "document_allocated_value")
BANK_FIELDS = (*BANK_HEAD, *COMMON, "last_statement_date")
LINE_FIELDS = (
    "id",
    "urn",
    "nominal_code_id",
    "narrative",
    "debit",
    "credit",
    "period_number",
    "financial_year_start_date",
)
HISTORICAL_RESOURCE = "sales_historical_transactions"
SALES_RESOURCES = ("sales_posted_transactions", HISTORICAL_RESOURCE)
BANK_RESOURCE = "bank_posted_transactions"
NOMINAL_RESOURCE = "nominal_transaction_enquiry_views"
MONEY_KINDS = ("receipt", "payment")
# the field that carries our key: of a document, of the invoice an order became, of an order
REFERENCE, SECOND_REFERENCE, ORDER_REFERENCE = "reference", "second_reference", "customer_document_no"
PRODUCT_FIELDS = ("id", "code", "product_status_type", "allow_sales_order")
WAREHOUSE_FIELDS = ("id", "name", "use_for_sales_trading")
HOLDING_FIELDS = ("id", "product_id", "warehouse_id")
URNS_AT_A_TIME = 20  # a filter must fit an address line
LONGEST_FILTER = 1600  # characters as sent: the rest of the address line must fit beside it


@dataclass(frozen=True)
class _Name:
    """What a document is looked for by: a reference, or how one begins."""

    text: str
    is_stem: bool = False

    def on(self, field: str) -> str:
        """The condition on one field."""
        literal = text_literal(self.text)
        return f"startswith({field},{literal})" if self.is_stem else f"{field} eq {literal}"


class Sage200Ledger:
    """The Ledger of one Sage 200 company: ids are looked up once, what can change is asked each time."""

    def __init__(self, client: Sage200Client) -> None:
        self._client = client
        self._lookups = Sage200Lookups(client)

    # documents

    def find(self, key_stem: str) -> list[PostedDocument]:
        """Every document whose reference begins with the stem: posted, historical and bank."""
        found = self._documents_where_any([_Name(key_stem, is_stem=True)])
        return [document for document in found if document.reference.startswith(key_stem)]

    def find_by_reference(self, reference: str) -> list[PostedDocument]:
        """Every document with exactly this reference."""
        found = self._documents_where_any([_Name(reference)])
        return [document for document in found if document.reference == reference]

    def find_many(self, key_stems: Sequence[str], references: Sequence[str]) -> list[PostedDocument]:
        """Every document whose reference begins with one of the stems or is one of the references."""
        names = [_Name(stem, is_stem=True) for stem in key_stems] + [_Name(one) for one in references]
        found = [
            document
            for part in _that_fit(names, self._sales_condition)
            for document in self._documents_where_any(part)
        ]
        return list({_identity(one): one for one in found}.values())

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        """The documents of one URN; empty when Sage has none."""
        where = f"urn eq {int(urn)}"
        return self._documents(sales_where=where, bank_where=where)

    def posted_since(self, urn: int) -> list[PostedHeader]:
        """The heads of every document with a greater URN, whoever posted it, of the kinds we know."""
        return self._heads(f"urn gt {int(urn)}")

    def posted_on(self, day: date) -> list[PostedHeader]:
        """The heads of every document of that date, whoever posted it, of the kinds we know."""
        return self._heads(_of_day(day))

    def _heads(self, where: str) -> list[PostedHeader]:
        sales = [
            row
            for resource in SALES_RESOURCES
            for row in self._all(resource, where, SALES_HEAD)
            if _trader_type(row) in TRADER_KINDS
        ]
        bank = _by_urn(self._all(BANK_RESOURCE, where, BANK_HEAD))
        heads = [self._sales_header(row, bank.get(row["urn"])) for row in sales]
        of_sales = {row["urn"] for row in sales}
        return heads + [self._bank_header(row) for urn, row in bank.items() if urn not in of_sales]

    def find_alike(self, document: Document) -> list[PostedDocument]:
        """Documents of the same kind, date, customer or bank, gross and tax, whatever their reference."""
        where = _of_day(document.document_date)
        if document.customer_reference:
            try:
                customer_id = self._lookups.customer_id(document.customer_reference)
            except UnpostableError:
                return []
            found = self._documents(sales_where=both(where, f"customer_id eq {customer_id}"))
        else:
            found = self._documents(bank_where=where)
        return [posted for posted in found if posted.is_like(document)]

    def post(self, document: Document) -> Reply:
        """Send once. What cannot be put into Sage's words is refused here, before anything is sent."""
        ids = Ids(self._lookups.customer_id, self._lookups.bank_id, self._lookups.tax_code_id)
        try:
            if document.is_order:
                check_sendable(document)
                stock = StockIds(self._lookups.product_id, self._lookups.warehouse_id)
                resource, body = order_of(document, ids, stock, self._client.settings)
            else:
                resource, body = request_of(document, ids)
        except UnpostableError as unpostable:
            return Reply("refused", None, None, f"not sent: {unpostable}")
        except LedgerUnavailableError as unavailable:
            return Reply("locked", None, None, f"not sent: {unavailable}")
        return self._client.post_once(resource, body, is_order=document.is_order)

    # ordering

    @property
    def takes_orders(self) -> bool:
        """Whether orders are sent and looked for."""
        return self._client.settings.sop_order_numbers != "unset"

    def order_problem(self, document: Document) -> str:
        """Why Sage would not take the order to the penny as it is, in words; empty when it would."""
        wanted = {line.product_code for line in document.order_lines if line.product_code is not None}
        by_code = {
            str(row["code"]): row
            for part in _that_fit([f"code eq {text_literal(code)}" for code in sorted(wanted)])
            for row in self._all("products", " or ".join(part), PRODUCT_FIELDS)
        }
        warehouses = {
            str(row["name"]): row["id"]
            for row in self._all("warehouses", None, WAREHOUSE_FIELDS)
            if row.get("use_for_sales_trading") is not False
        }
        ids = sorted(row["id"] for code, row in by_code.items() if code in wanted)
        held = {
            (row["product_id"], row["warehouse_id"])
            for part in _that_fit([f"product_id eq {product_id}" for product_id in ids])
            for row in self._all("warehouse_holdings", " or ".join(part), HOLDING_FIELDS)
        }
        return stock_problem(document, by_code, warehouses, held) or reckoning_problem(
            document, self.tax_code, self._client.settings
        )

    def _orders(self, where: str, invoiced: set[str]) -> list[PostedDocument]:
        """The orders of a condition on our key that no ledger holds as invoices."""
        names = StockNames(
            self._lookups.product_code,
            self._lookups.warehouse_name,
            self._lookups.tax_code,
            self._lookups.customer_reference,
        )
        rows = self._all(ORDER_RESOURCE, where, ORDER_FIELDS, expand="lines")
        return [read_order(row, names) for row in not_yet_invoices(rows, invoiced)]

    # allocating

    def entries(self, urns: Sequence[int]) -> list[AccountEntry]:
        """What is on customers' accounts under these URNs, with what is allocated of it now."""
        return [
            AccountEntry(
                urn=row["urn"],
                reference=key_of(row, self._client.settings),
                document_kind=_kind(row),
                customer_reference=self._lookups.customer_reference(row["customer_id"]),
                gross_pence=abs(pence(row["document_gross_value"])),
                allocated_pence=abs(pence(row.get("document_allocated_value"))),
                entry_id=None if resource == HISTORICAL_RESOURCE else row["id"],
                allocated_with=allocated_with(row),
            )
            for resource in SALES_RESOURCES
            for row in self._of_urns(resource, urns, ENTRY_FIELDS)
            if _trader_type(row) in TRADER_KINDS
        ]

    def allocate(self, allocation: Allocation, entries: Sequence[AccountEntry]) -> Reply:
        """Send once. What cannot be put into Sage's words is refused here, before anything is sent."""
        try:
            customer_id = self._lookups.customer_id(allocation.customer_reference)
            resource, body = allocation_of(allocation, entries, customer_id, self._client.settings)
        except UnpostableError as unpostable:
            return Reply("refused", None, None, f"not sent: {unpostable}")
        except LedgerUnavailableError as unavailable:
            return Reply("locked", None, None, f"not sent: {unavailable}")
        return self._client.post_once(resource, body)

    # facts as they are now

    def nominal_status(self, nominal_code: str, cost_centre: str, department: str) -> AccountStatus:
        """Active, hidden (Sage's closed) or missing."""
        account = self._nominal_account(nominal_code, cost_centre, department)
        return _status(account)

    def nominal_type(self, nominal_code: str, cost_centre: str, department: str) -> str | None:
        """`posting`, `memo` or `group`; None when the account is missing."""
        account = self._nominal_account(nominal_code, cost_centre, department)
        if account is None:
            return None
        text = str(account.get("nominal_account_type") or "").lower()
        return next((kind for kind in ("posting", "memo", "group") if text.endswith(kind)), text)

    def tax_code(self, code: int) -> Decimal | None:
        """The rate in percent; None when Sage has no such code."""
        rows = self._client.get("tax_codes", filter=f"code eq {int(code)}", select="id,code,tax_rate")
        rate = next((row.get("tax_rate") for row in rows if int(row["code"]) == code), None)
        return None if rate is None else Decimal(str(rate))

    def period_state(self, document_date: date, ledger: LedgerType) -> PeriodState:
        """What Sage says of posting to that ledger on that date."""
        return period_state(self._client.validate_date(document_date, ledger))

    def customer(self, reference: str) -> CustomerFacts:
        """The account's status and hold."""
        row = self._lookups.by_text(
            "customers", "reference", reference, select="id,reference,on_hold,account_status_type"
        )
        return CustomerFacts(reference, _status(row), bool(row and row.get("on_hold")))

    def bank_status(self, bank_code: str) -> AccountStatus:
        """Whether the bank account is there and visible."""
        return _status(
            self._lookups.by_text("banks", "code", bank_code, select="id,code,account_status_type")
        )

    # reading documents back

    def _documents_where_any(self, names: Sequence[_Name]) -> list[PostedDocument]:
        """The documents of any of the names; asked in halves where Sage does not take so many at once."""
        try:
            return self._documents_named(names)
        except ReadRefusedError:
            if len(names) == 1:
                raise
            middle = len(names) // 2
            return [*self._documents_where_any(names[:middle]), *self._documents_where_any(names[middle:])]

    def _documents_named(self, names: Sequence[_Name]) -> list[PostedDocument]:
        """The ledgers are asked first: an order that is invoiced meanwhile is seen as an order, never as nothing."""
        found = self._documents(
            sales_where=" or ".join(self._sales_condition(name) for name in names),
            bank_where=" or ".join(name.on(REFERENCE) for name in names),
        )
        if not self.takes_orders:
            return found
        order_where = " or ".join(name.on(ORDER_REFERENCE) for name in names)
        return found + self._orders(order_where, {one.reference for one in found})

    def _sales_condition(self, name: _Name) -> str:
        """A name in every field of a sales ledger row that may carry it."""
        is_second = self.takes_orders and self._client.settings.sop_invoice_key == SECOND_REFERENCE
        fields = (REFERENCE, SECOND_REFERENCE) if is_second else (REFERENCE,)
        return " or ".join(name.on(field) for field in fields)

    def _documents(
        self, *, sales_where: str | None = None, bank_where: str | None = None
    ) -> list[PostedDocument]:
        """The documents of a condition on the sales ledger and one on the cash book; None is not asked."""
        sales = [
            (row, resource)
            for resource in SALES_RESOURCES
            if sales_where
            for row in self._all(resource, sales_where, SALES_FIELDS)
        ]
        bank = _by_urn(self._all(BANK_RESOURCE, bank_where, BANK_FIELDS)) if bank_where else {}
        halves = [row["urn"] for row, _ in sales if _kind(row) in MONEY_KINDS and row["urn"] not in bank]
        bank_by_urn = {**bank, **_by_urn(self._of_urns(BANK_RESOURCE, halves, BANK_FIELDS))}

        sales_urns = {row["urn"] for row, _ in sales}
        lines: dict[int, list[Row]] = {}
        for line in self._of_urns(NOMINAL_RESOURCE, sales_urns | set(bank), LINE_FIELDS):
            lines.setdefault(line["urn"], []).append(line)
        documents = [
            self._document(
                self._sales_header(row, bank_by_urn.get(row["urn"])),
                row,
                lines,
                bank_by_urn.get(row["urn"]),
                is_historical=resource == HISTORICAL_RESOURCE,
            )
            for row, resource in sales
        ]
        documents += [
            self._document(self._bank_header(row), row, lines, row)
            for urn, row in bank.items()
            if urn not in sales_urns
        ]
        return sorted(documents, key=lambda document: (document.urn, document.reference))

    def _all(self, resource: str, where: str | None, select: Iterable[str], expand: str = "") -> list[Row]:
        pages = self._client.read(resource, where=where, select=list(select), expand=expand)
        return [row for page in pages for row in page]

    def _of_urns(self, resource: str, urns: Iterable[int], select: Iterable[str]) -> list[Row]:
        wanted = sorted(set(urns))
        rows: list[Row] = []
        for start in range(0, len(wanted), URNS_AT_A_TIME):
            where = " or ".join(f"urn eq {urn}" for urn in wanted[start : start + URNS_AT_A_TIME])
            rows += self._all(resource, where, select)
        return rows

    def _sales_header(self, row: Row, bank_row: Row | None) -> PostedHeader:
        signed = pence(row["document_gross_value"])
        return self._header(
            row,
            document_kind=_kind(row),
            reference=key_of(row, self._client.settings),
            gross_pence=abs(signed),
            tax_pence=pence(row["document_tax_value"]) * _direction(signed),
            customer_reference=self._lookups.customer_reference(row["customer_id"]),
            bank_row=bank_row,
        )

    def _bank_header(self, row: Row) -> PostedHeader:
        """A cash-book document, its direction told by its sign; a trader's when the sales ledger sent it."""
        signed = pence(row["cheque_value"])
        kinds: tuple[DocumentKind, DocumentKind] = ("bank_receipt", "bank_payment")
        if row.get(RECEIVED_BY) is not None:
            kinds = ("transfer", "transfer")
        elif row.get("source") == SALES_SOURCE:
            kinds = ("receipt", "payment")
        return self._header(
            row,
            document_kind=kinds[signed < 0],
            reference=str(row.get("reference") or ""),
            gross_pence=abs(signed),
            tax_pence=sum(line.tax_pence for line in _tax_lines(row)),
            customer_reference=None,
            bank_row=row,
        )

    def _header(
        self,
        row: Row,
        *,
        document_kind: DocumentKind,
        reference: str,
        gross_pence: int,
        tax_pence: int,
        customer_reference: str | None,
        bank_row: Row | None,
    ) -> PostedHeader:
        return PostedHeader(
            urn=row["urn"],
            reference=reference,
            document_kind=document_kind,
            document_date=_day(row["transaction_date"]),
            gross_pence=gross_pence,
            tax_pence=tax_pence,
            customer_reference=customer_reference,
            bank_code=None if bank_row is None else self._lookups.bank_code(bank_row["bank_id"]),
            to_bank_code=self._lookups.bank_code(bank_row[RECEIVED_BY])
            if bank_row and RECEIVED_BY in bank_row
            else None,
        )

    def _document(
        self,
        header: PostedHeader,
        row: Row,
        lines: Mapping[int, list[Row]],
        bank_row: Row | None,
        *,
        is_historical: bool = False,
    ) -> PostedDocument:
        own = lines.get(header.urn, [])
        return PostedDocument(
            **vars(header),
            second_reference=str(row.get("second_reference") or ""),
            net_pence=header.gross_pence - header.tax_pence,
            user_name=str(row.get("user_name") or ""),
            is_in_nominal=bool(own),
            nominal_lines=tuple(self._nominal_line(line) for line in own),
            tax_lines=_tax_lines(row),
            period=Period(_day(own[0]["financial_year_start_date"]), own[0]["period_number"])
            if own
            else None,
            allocated_pence=abs(pence(row.get("document_allocated_value"))),
            is_bank_reconciled=bool(bank_row and bank_row.get("last_statement_date")),
            is_historical=is_historical,
        )

    def _nominal_line(self, line: Row) -> PostedNominalLine:
        code, cost_centre, department = self._lookups.account(line["nominal_code_id"])
        amount = pence(line.get("debit")) - pence(line.get("credit"))
        return PostedNominalLine(code, cost_centre, department, amount, str(line.get("narrative") or ""))

    def _nominal_account(self, nominal_code: str, cost_centre: str, department: str) -> Row | None:
        where = f"reference eq {text_literal(nominal_code)}"
        fields = [
            "id",
            "reference",
            "cost_centre_code",
            "department_code",
            "account_status_type",
            "nominal_account_type",
        ]
        wanted = (nominal_code, cost_centre, department)
        return next(
            (row for row in self._all("nominal_codes", where, fields) if account_key(row) == wanted), None
        )


def _identity(document: PostedDocument) -> tuple[int, str, str, int]:
    order_id = document.order.order_id if document.order else 0
    return (document.urn, document.reference, document.document_kind, order_id)


def _that_fit(conditions: Iterable[T], words: Callable[[T], str] = str) -> Iterator[list[T]]:
    """The conditions in order, as many together as one address line has room for."""
    part: list[T] = []
    room = LONGEST_FILTER
    for condition in conditions:
        length = len(quote(f" or {words(condition)}", safe=""))
        if part and length > room:
            yield part
            part, room = [], LONGEST_FILTER
        part.append(condition)
        room -= length
    if part:
        yield part


def _by_urn(rows: Iterable[Row]) -> dict[int, Row]:
    """The cash book's rows by URN. A transfer has two: the bank that pays, which then names the one that receives."""
    of_urn: dict[int, list[Row]] = {}
    for row in rows:
        of_urn.setdefault(row["urn"], []).append(row)
    merged = {}
    for urn, found in of_urn.items():
        ordered = sorted(found, key=lambda row: pence(row["cheque_value"]))
        receiver = {} if len(ordered) == 1 else {RECEIVED_BY: ordered[-1]["bank_id"]}
        merged[urn] = {**ordered[0], **receiver}
    return merged


def _kind(row: Row) -> DocumentKind:
    kind = TRADER_KINDS.get(_trader_type(row))
    if kind is None:
        raise LedgerUnavailableError(f"URN {row['urn']} is of a kind not known here: {_trader_type(row)}")
    return kind


def _trader_type(row: Row) -> str:
    return str(row["trader_transaction_type"]).lower().removeprefix(TRADER_PREFIX)


def _status(row: Row | None) -> AccountStatus:
    if row is None:
        return "missing"
    return "hidden" if str(row.get("account_status_type") or "").lower().endswith("hidden") else "active"


def _direction(amount_pence: int) -> int:
    """What turns Sage's signed figures into those of the document's own kind."""
    return -1 if amount_pence < 0 else 1


def _tax_lines(row: Row) -> tuple[TaxLine, ...]:
    """The tax items, positive in the document's direction whichever sign Sage gives them."""
    lines = [
        TaxLine(int(item["code"]), pence(item.get("goods_amount")), pence(item.get("tax_amount")))
        for item in row.get("tax_analysis_items") or ()
    ]
    turned = _direction(sum(line.net_pence + line.tax_pence for line in lines))
    return tuple(TaxLine(line.tax_code, line.net_pence * turned, line.tax_pence * turned) for line in lines)


def _day(stamp: str) -> date:
    return date.fromisoformat(str(stamp)[:10])


def _of_day(day: date) -> str:
    """A filter: the posted views' date is a moment."""
    next_day = date_literal(day + timedelta(days=1))
    return f"(transaction_date ge {date_literal(day)}) and (transaction_date lt {next_day})"
