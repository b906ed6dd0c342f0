"""The last three truths, told from what Sage holds: present, in the nominal ledger, and right.

Right means: the same kind, date, account, bank, gross and tax; every nominal line we asked for, to the
penny, on its account; nothing on suspense; both sides equal; and the period we expected. Control lines
(debtors, VAT, bank) are whatever is left over and must balance the rest.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from orchestration.ledgers.ledger import Document, OrderLine, Period, PostedDocument, PostedOrder, TaxLine
from orchestration.operations import StoredIntent
from orchestration.posting.documents import Payload

Account = tuple[str, str, str]
# a line of an invoice is a credit in the nominal ledger, a line of a credit note a debit
SIGN_OF_LINES = {"invoice": -1, "bank_receipt": -1, "credit_note": 1, "bank_payment": 1}


@dataclass(frozen=True)
class Truths:
    """What a look into Sage told; `differences` says in words what is not right."""

    urn: int | None
    is_present: bool
    is_in_nominal: bool
    is_right: bool
    copies: int
    differences: tuple[str, ...] = ()
    is_cancelled: bool = False  # a sales order, and nothing else, that a person has cancelled


ABSENT = Truths(None, False, False, False, 0)
CANCELLED = Truths(None, False, False, False, 0, is_cancelled=True)


def truths_of(payload: Payload, found: Iterable[PostedDocument], suspense_account: str) -> Truths:
    """The truths of one payload among whatever carries its stem; only its exact key counts.

    An order that is no invoice yet is present, and in no ledger.
    """
    keyed = [posted for posted in found if posted.reference == payload.document.posting_key]
    ours = sorted(
        (posted for posted in keyed if not (posted.order and posted.order.is_cancelled)),
        key=lambda posted: (posted.order is not None, posted.urn),
    )
    if not ours:
        return CANCELLED if keyed else ABSENT
    posted = ours[0]
    differences = [f"Sage holds {len(ours)} copies"] if len(ours) > 1 else []
    differences += _header_differences(payload.document, posted)
    if posted.is_in_nominal:
        differences += _line_differences(payload.document, posted, suspense_account)
        differences += _period_differences(payload.expected_period_start, posted.period)
    if posted.order:
        differences += _order_differences(payload.document, posted.order)
    is_right = posted.is_in_nominal and not differences
    return Truths(posted.urn or None, True, posted.is_in_nominal, is_right, len(ours), tuple(differences))


def under_their_keys(
    intents: Iterable[StoredIntent], found: Sequence[PostedDocument]
) -> Sequence[PostedDocument]:
    """The same documents, each that a person showed to be ours under the key it should have had."""
    shown = {(one.urn, one.reference_in_sage): one.posting_key for one in intents if one.reference_in_sage}
    if not shown:
        return found
    return [
        replace(one, reference=shown[one.urn, one.reference]) if (one.urn, one.reference) in shown else one
        for one in found
    ]


def _header_differences(document: Document, posted: PostedDocument) -> list[str]:
    """What the document itself says."""
    pairs = {
        "kind": (document.document_kind, posted.document_kind),
        "date": (document.document_date, posted.document_date),
        "customer": (document.customer_reference, posted.customer_reference),
        "gross": (document.gross_pence, posted.gross_pence),
        "tax": (document.tax_pence, posted.tax_pence),
    }
    if posted.bank_code is not None or document.customer_reference is None:
        pairs["bank"] = (document.bank_code, posted.bank_code)
        pairs["receiving bank"] = (document.to_bank_code, posted.to_bank_code)
    told = [f"{name} is {has}, not {wanted}" for name, (wanted, has) in pairs.items() if wanted != has]
    if posted.tax_lines and document.tax_lines:
        wanted, has = _by_code(document.tax_lines), _by_code(posted.tax_lines)
        if wanted != has:
            told.append(f"tax by code is {has}, not {wanted}")
    return told


def _order_differences(document: Document, order: PostedOrder) -> list[str]:
    """What the order's own lines say, each as it was sent and to the penny; in whatever order Sage keeps them."""
    told = [f"order {order.document_no} is a draft"] if order.is_draft else []
    wanted, has = _counted(document.order_lines), _counted(order.lines)
    told += [f"order line missing: {words}" for words in sorted((wanted - has).elements())]
    told += [f"order line not sent by us: {words}" for words in sorted((has - wanted).elements())]
    return told


def _counted(lines: Iterable[OrderLine]) -> Counter[str]:
    return Counter(_words_of(line) for line in lines)


def _words_of(line: OrderLine) -> str:
    quantity = Decimal(line.quantity_thousandths).scaleb(-3).normalize()
    account = "/".join((line.nominal_code, line.cost_centre, line.department)).rstrip("/")
    goods = f"{line.product_code} from {line.warehouse}" if line.product_code else "text"
    return f"{quantity:f} of {goods} on {account}, tax code {line.tax_code}, for {line.net_pence} pence"


def _by_code(lines: Sequence[TaxLine]) -> dict[int, tuple[int, int]]:
    sums: dict[int, tuple[int, int]] = {}
    for line in lines:
        net, tax = sums.get(line.tax_code, (0, 0))
        sums[line.tax_code] = (net + line.net_pence, tax + line.tax_pence)
    return dict(sorted((code, sum_) for code, sum_ in sums.items() if sum_ != (0, 0)))


def _line_differences(document: Document, posted: PostedDocument, suspense_account: str) -> list[str]:
    """What the nominal ledger says, account by account."""
    wanted: dict[Account, int] = defaultdict(int)
    for line in document.nominal_lines:
        sign = SIGN_OF_LINES[document.document_kind]
        wanted[(line.nominal_code, line.cost_centre, line.department)] += sign * line.net_pence
    has: dict[Account, int] = defaultdict(int)
    for posted_line in posted.nominal_lines:
        account = (posted_line.nominal_code, posted_line.cost_centre, posted_line.department)
        has[account] += posted_line.amount_pence
    told = [
        f"nominal {'/'.join(account).rstrip('/')} has {has.get(account, 0)} pence, not {amount}"
        for account, amount in sorted(wanted.items())
        if has.get(account, 0) != amount
    ]
    told += [
        f"suspense account {suspense_account} has {amount} pence"
        for account, amount in sorted(has.items())
        if suspense_account and account[0] == suspense_account and amount and account not in wanted
    ]
    if sum(has.values()):
        told.append(f"its nominal lines are out of balance by {sum(has.values())} pence")
    return told


def _period_differences(expected_start: date | None, period: Period | None) -> list[str]:
    """Whether the lines are in the period that begins on the expected date (periods are calendar months)."""
    if expected_start is None:
        return []
    if period is None:
        return ["the period is not told"]
    start = month_start(period)
    return [] if start == expected_start else [f"period begins {start}, not {expected_start}"]


def month_start(period: Period) -> date:
    """The first day of a period of a year kept by calendar months."""
    months = period.financial_year_start_date.month - 1 + period.period_number - 1
    return date(period.financial_year_start_date.year + months // 12, months % 12 + 1, 1)
