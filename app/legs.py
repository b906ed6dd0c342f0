"""Every leg that Sage should hold of a document beside what Sage holds, and where the two part.

A leg is an account with pence: the customer, the bank, each nominal account, each VAT code, the VAT; and the date.
Which document is which, and whether it agrees, was judged by the pass; this only lays the two next to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app import words
from app.money import day, pounds
from app.published import Row, Rows

AGREES, POLICY, DIFFERS, MISSING, EXTRA = "agrees", "policy", "differs", "missing", "extra"
NOT_COMPARED, NOT_DUE, UNDONE = "not_compared", "not_due", "undone"
STATES = {
    AGREES: ("green", "✓ Agrees"),
    POLICY: ("blue", "≈ Within policy"),
    DIFFERS: ("red", "≠ Differs"),
    MISSING: ("red", "✗ Missing in Sage"),
    EXTRA: ("red", "+ Only in Sage"),
    NOT_COMPARED: ("gray", "? Not compared"),
    NOT_DUE: ("blue", "≈ Not yet due"),
    UNDONE: ("gray", "⇄ Reversed"),
}
"""How each is marked, on a page and in a terminal: a colour, and a sign and a word for who sees none."""
NOT_MAPPED = "not mapped"
GOODS = ("invoice", "credit_note")
OUT_OF_THE_SHOP = ("credit_note", "bank_payment", "payment")
DRIFT_OF = {
    "Customer": "customer",
    "Bank": "bank",
    "Nominal": "nominal",
    "VAT code": "tax_code",
    "VAT": "tax_amount",
}
"""The drift that tells of each kind of leg."""
Accounts = dict[str, int]


@dataclass(frozen=True)
class Leg:
    """One line of the comparison, as it is read; a side that has nothing is empty. Pence where it is an amount, in the
    direction of its document."""

    name: str
    expected: str
    sage: str
    state: str
    expected_pence: int | None = None
    sage_pence: int | None = None


@dataclass(frozen=True)
class Compared:
    """One document: as expected, as Sage has it, or both; `judged` is the verdict's row, `ledger` Sage's document."""

    judged: Row
    ledger: Row | None
    legs: list[Leg]


def side_by_side(told: Mapping[str, Any]) -> list[Compared]:
    """Each document of a life that a verdict was given on, what is expected first."""
    held = {row["ledger_document_id"]: row for row in told["ledger"]}
    lines: dict[str, Rows] = defaultdict(list)
    for line in told["expected_lines"]:
        lines[line["posting_key"]].append(line)
    compared = []
    for judged in told["documents"]:
        ledger = held.get(judged["ledger_document_id"])
        mine = lines.get(judged["posting_key"] or "", [])
        if mine:
            drifts = {
                row["drift_kind"]: row
                for row in told["drifts"]
                if row["posting_key"] == judged["posting_key"]
            }
            compared.append(Compared(judged, ledger, list(_legs(judged, mine, ledger, drifts))))
        elif ledger is not None and judged["posting_key"] is None:
            compared.append(Compared(judged, ledger, list(_of_sage_alone(judged, ledger))))
    return compared


def as_rows(told: Mapping[str, Any]) -> Rows:
    """The same for a report: a row a document with its `legs`. `should_be` and `sage_has` are what a person reads."""
    return [
        {
            **{
                name: each.judged[name] for name in ("document_id", "posting_key", "document_kind", "verdict")
            },
            "ledger_document_id": each.ledger["ledger_document_id"] if each.ledger else None,
            "urn": each.ledger["urn"] if each.ledger else None,
            "legs": [
                {
                    "leg": leg.name,
                    "should_be": leg.expected,
                    "sage_has": leg.sage,
                    "state": leg.state,
                    "expected_pence": leg.expected_pence,
                    "sage_pence": leg.sage_pence,
                }
                for leg in each.legs
            ],
        }
        for each in side_by_side(told)
    ]


def _legs(judged: Row, lines: Rows, ledger: Row | None, drifts: Mapping[str, Row]) -> Iterator[Leg]:
    kind, first = judged["document_kind"], lines[0]
    expected: dict[str, Accounts] = {
        "Customer": {_named(first["customer_reference"]): judged["expected_gross_pence"]}
    }
    if kind in GOODS:
        expected["Nominal"] = _summed((_account(line), line["net_pence"]) for line in lines)
        expected["VAT code"] = _summed((_named(line["tax_code"]), line["net_pence"]) for line in lines)
        expected["VAT"] = {"": judged["expected_tax_pence"]}
    else:
        expected["Bank"] = {_named(first["bank_code"]): judged["expected_gross_pence"]}
    is_part = ledger is not None and ledger["gross_pence"] != judged["ledger_gross_pence"]
    sage = {} if ledger is None else _in_sage(judged, ledger, expected, drifts)
    not_checked = (judged["legs_not_checked"] or "").split(",")
    for of, accounts in expected.items():
        drift = DRIFT_OF[of]
        if is_part and of not in ("Customer", "VAT"):
            yield from _of_a_part(of, accounts, drifts.get(drift), drift in not_checked)
            continue
        of_sage = sage.get(of, {})
        for account in sorted({*accounts, *of_sage}):
            ours, theirs = accounts.get(account), of_sage.get(account)
            yield Leg(
                f"{of} {account}".strip(),
                _pounds(ours),
                _pounds(theirs),
                NOT_COMPARED if drift in not_checked else _state(judged, ledger, ours, theirs),
                ours,
                theirs,
            )
    yield _dates(judged, ledger, drifts)


def _in_sage(
    judged: Row, ledger: Row, expected: Mapping[str, Accounts], drifts: Mapping[str, Row]
) -> dict[str, Accounts]:
    """Sage's side, by kind of leg; of VAT codes what the pass read of them."""
    found: dict[str, Accounts] = {
        "Customer": {_named(ledger["customer_reference"]): judged["ledger_gross_pence"]},
        "Bank": {_named(ledger["bank_code"]): judged["ledger_gross_pence"]},
        "VAT": {"": judged["ledger_tax_pence"]},
        "Nominal": _nominals(ledger),
    }
    drift = drifts.get("tax_code")
    if drift is None:  # the same codes; and of one code what the document holds, where the sums part
        codes = expected.get("VAT code", {})
        alone = len(codes) == 1
        found["VAT code"] = {
            code: judged["ledger_net_pence"] if alone else net for code, net in codes.items()
        }
    else:
        found["VAT code"] = dict(_read(drift["ledger_value"]))
    return found


def _nominals(ledger: Row) -> Accounts:
    """What a document of Sage's is analysed to, in its own direction; control accounts left out."""
    roles = ("analysis", "suspense", *(["bank"] if ledger["document_kind"] in GOODS else []))
    return _summed(
        (words.account(line), _in_its_direction(ledger, line))
        for line in ledger["lines"]
        if line["leg_role"] in roles
    )


def _in_its_direction(ledger: Row, line: Row) -> int:
    pence: int = line["credit_pence"] - line["debit_pence"]
    return -pence if ledger["document_kind"] in OUT_OF_THE_SHOP else pence


def _of_a_part(of: str, accounts: Accounts, drift: Row | None, is_not_checked: bool) -> Iterator[Leg]:
    """Legs of what stands in a document of a whole day, whose own legs are those of all its receipts."""
    for account, pence in sorted(accounts.items()):
        state = NOT_COMPARED if is_not_checked else DIFFERS if drift else AGREES
        has = words.drift_value("", drift["ledger_value"]) if drift else "in the day's document"
        yield Leg(f"{of} {account}".strip(), _pounds(pence), "" if is_not_checked else has, state, pence)


def _dates(judged: Row, ledger: Row | None, drifts: Mapping[str, Row]) -> Leg:
    """The date; with the accounting period, where that is what differs."""
    ours, theirs = day(judged["document_date"]), day(ledger["document_date"]) if ledger else ""
    if period := drifts.get("period"):
        ours += f", period from {words.uk_days(period['expected_value'] or '')}"
        theirs += f", period from {words.uk_days(period['ledger_value'] or '')}"
    if ledger is None:
        return Leg("Date", ours, "", _state(judged, None, 1, None))
    differs = ours != theirs
    is_allowed = differs and judged["verdict"] == "matched_within_policy"
    return Leg("Date", ours, theirs, POLICY if is_allowed else DIFFERS if differs else AGREES)


def _of_sage_alone(judged: Row, ledger: Row) -> Iterator[Leg]:
    """A document that no till expects: its nominal lines, as Sage has them."""
    state = UNDONE if judged["verdict"] == "reversed" else EXTRA
    for line in ledger["lines"]:
        amount, side = (
            (line["debit_pence"], "debit") if line["debit_pence"] else (line["credit_pence"], "credit")
        )
        pence = _in_its_direction(ledger, line)
        yield Leg(f"Nominal {words.account(line)}", "", f"{pounds(amount)} {side}", state, None, pence)
    if not ledger["lines"]:
        customer, gross = f"Customer {_named(ledger['customer_reference'])}", ledger["gross_pence"]
        yield Leg(customer, "", pounds(gross), state, None, gross)
    yield Leg("Date", "", day(ledger["document_date"]), state)


def _state(judged: Row, ledger: Row | None, ours: int | None, theirs: int | None) -> str:
    if ledger is None and judged["verdict"] == "pending":
        return NOT_DUE
    if judged["verdict"] == "not_checked":
        return NOT_COMPARED
    if ours == theirs:
        return AGREES
    if ours is None or theirs is None:
        return EXTRA if ours is None else MISSING
    return POLICY if judged["verdict"] == "matched_within_policy" else DIFFERS


def _summed(pairs: Any) -> Accounts:
    found: Accounts = defaultdict(int)
    for account, pence in pairs:
        found[account] += pence
    return {account: pence for account, pence in found.items() if pence or len(found) == 1}


def _read(listed: str | None) -> Iterator[tuple[str, int]]:
    """`1 100.00,3 20.00` as a difference lists codes with what is on each."""
    for each in (listed or "").split(","):
        code, _, amount = each.strip().rpartition(" ")
        if code:
            yield code, int(amount.replace(".", ""))


def _account(line: Row) -> str:
    return words.account(line) if line["nominal_code"] else NOT_MAPPED


def _named(code: object) -> str:
    return NOT_MAPPED if code in (None, "") else str(code)


def _pounds(pence: int | None) -> str:
    return "" if pence is None else pounds(pence)
