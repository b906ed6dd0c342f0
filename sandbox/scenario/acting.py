"""How each fault is committed: from a receipt and its right documents to what is sent, claimed and true.

Drift kinds, as the verdicts mean them:

- `amount`: the document's gross differs, whatever part of it is wrong; `tax_amount`: its tax differs
- `tax_code`: the same goods under other codes; `nominal`: the same net under other accounts
- `customer`, `bank`, `date`: that account, that date; `tender`: the bank is another tender's
- `changed_after_posting`: it was right when it was posted, and somebody changed it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from sandbox.scenario.actions import ACCEPTED, CONNECTOR, SILENCE, Action, Claim
from sandbox.scenario.connector_documents import (
    MANUAL,
    SALES,
    STANDARD,
    STANDARD_UNTIL_2010,
    ZERO_RATED,
    Draft,
    Part,
    half_up,
    tax_by_line,
    truncated,
)
from sandbox.scenario.journals import journal_for
from sandbox.scenario.planting import Candidate, Day, other_basis_tax, transposed

PLANTED = "planted"
JUNK_REFERENCES = ("", "TILL SALE", "MISC", "ONLINE ORDER")
ROUNDING_CAP = 5  # pence, as in mappings/companies.csv
AMENDED_BY = 7  # days
FUTURE = (2011, 10)  # a Future period of the demo's company
CARD_FEE = 175  # of ten thousand
OVER_COUNTED = 100  # pence
TIPS, MONEY_OFF = "2270", "4100"
STORES = 4  # whose till customer is never on hold
REFUSED_HIDDEN = Claim("rejected", 400, "The nominal account 4015 is hidden.")
REFUSED_TAX = Claim("rejected", None, "No VAT code is set up for R.")
REFUSED_SKU = Claim("rejected", None, "The product is not known in Sage.")
LOCKED = Claim("rejected", 400, "The customer account is being used by another user.")
FAILED = Claim("rejected", 500, "Internal Server Error")
LOST_REPLY = Claim("unknown", 504, "Gateway Timeout")


def clean(candidate: Candidate) -> list[Action]:
    """Posted as it should be."""
    return [Action(draft, draft) for draft in candidate.drafts]


def _missing(candidate: Candidate, claims: Sequence[Claim], verdict_after: str, note: str) -> list[Action]:
    return [
        Action(draft, None, "missing_in_ledger", verdict_after, part=PLANTED, note=note, claims=tuple(claims))
        for draft in candidate.drafts
    ]


def _blocked(claims: Sequence[Claim], note: str) -> Callable[[Candidate], list[Action]]:
    """The gate flags every document of the receipt: none may be posted."""
    return lambda candidate: _missing(candidate, claims, "missing_in_ledger", note)


def _goods_blocked(claims: Sequence[Claim], note: str) -> Callable[[Candidate], list[Action]]:
    """The gate flags a leg of the goods document only: its tenders may be posted, for that money was
    taken.
    """

    def missing(candidate: Candidate) -> list[Action]:
        goods, *_ = _missing(candidate, claims, "missing_in_ledger", note)
        _, *tenders = _missing(
            candidate, claims, "matched" if candidate.is_open else "missing_in_ledger", note
        )
        return [goods, *tenders]

    return missing


def _postable(claims: Sequence[Claim], note: str) -> Callable[[Candidate], list[Action]]:
    return lambda candidate: _missing(candidate, claims, "matched", note)


def missing_tender_only(candidate: Candidate) -> list[Action]:
    *there, gone = candidate.drafts
    missing = Action(
        gone, None, "missing_in_ledger", "matched", part=PLANTED, note="not in the log", claims=SILENCE
    )
    return [Action(draft, draft) for draft in there] + [missing]


def missing_goods_only(candidate: Candidate) -> list[Action]:
    goods, *money = candidate.drafts
    note = "its money arrived without it"
    missing = Action(goods, None, "missing_in_ledger", "matched", part=PLANTED, note=note, claims=(FAILED,))
    return [missing, *(Action(draft, draft) for draft in money)]


def rejected_but_there(candidate: Candidate) -> list[Action]:
    """Nothing is wrong with it but the log."""
    note = "the log says rejected"
    return [Action(draft, draft, part=PLANTED, note=note, claims=(FAILED,)) for draft in candidate.drafts]


def _drifted(
    expected: Draft, sent: Draft, kinds: str, note: str = "", delay: timedelta = timedelta(0)
) -> Action:
    return Action(expected, sent, "drifted", drift_kinds=kinds, part=PLANTED, note=note, delay=delay)


def amount_drift(candidate: Candidate) -> list[Action]:
    goods, money = candidate.drafts
    change = transposed(goods.net_pence) - goods.net_pence
    largest = max(goods.parts, key=lambda part: part.net_pence)
    sent = _with_part(goods, largest, largest._replace(net_pence=largest.net_pence + change))
    note = f"net {goods.net_pence} posted as {sent.net_pence} pence"
    actions = [_drifted(goods, sent, "amount", note)]
    if change % 2:
        actions.append(
            _drifted(money, replace(money, value_pence=money.value_pence + change), "amount", note)
        )
    else:
        actions.append(Action(money, money))
    return actions


def _with_part(draft: Draft, old: Part, new: Part) -> Draft:
    return replace(draft, parts=tuple(new if part == old else part for part in draft.parts))


def _with_tax(draft: Draft, tax_pence: int) -> Draft:
    """The same goods with another total of tax; the part with most tax takes the difference."""
    largest = max(draft.parts, key=lambda part: part.tax_pence)
    change = tax_pence - draft.tax_pence
    return _with_part(draft, largest, largest._replace(tax_pence=largest.tax_pence + change))


def _at_old_rate(goods: Draft) -> Draft:
    standard = [part for part in goods.parts if part.tax_code == STANDARD]
    tax = half_up(sum(part.net_pence for part in standard) * 175, 1000)
    shares = [half_up(part.net_pence * 175, 1000) for part in standard]
    shares[0] += tax - sum(shares)
    old = iter(shares)
    return replace(
        goods,
        parts=tuple(
            part._replace(tax_code=STANDARD_UNTIL_2010, tax_pence=next(old))
            if part.tax_code == STANDARD
            else part
            for part in goods.parts
        ),
    )


def tax_code_drift(candidate: Candidate) -> list[Action]:
    note = "17.5% after 3 January 2011"
    drifted = _drifted(candidate.goods, _at_old_rate(candidate.goods), "amount,tax_amount,tax_code", note)
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def tax_truncated(candidate: Candidate) -> list[Action]:
    sent = _with_tax(candidate.goods, abs(tax_by_line(candidate.receipt.lines, truncated)))
    note = f"tax {candidate.goods.tax_pence} truncated to {sent.tax_pence} pence"
    return [
        _drifted(candidate.goods, sent, "amount,tax_amount", note),
        *(Action(d, d) for d in candidate.tenders),
    ]


def other_basis(candidate: Candidate) -> list[Action]:
    sent = _with_tax(candidate.goods, abs(other_basis_tax(candidate.receipt)))
    note = f"tax {candidate.goods.tax_pence} as {sent.tax_pence} pence by the other basis"
    within = Action(candidate.goods, sent, "matched_within_policy", part=PLANTED, note=note)
    return [within, *(Action(draft, draft) for draft in candidate.tenders)]


def _to_giftware(goods: Draft) -> tuple[Part, ...]:
    return tuple(
        part._replace(nominal_code=MANUAL) if part.nominal_code == SALES else part for part in goods.parts
    )


def nominal_drift(candidate: Candidate) -> list[Action]:
    sent = replace(candidate.goods, parts=_to_giftware(candidate.goods))
    return [
        _drifted(candidate.goods, sent, "nominal", "4110 for 4000"),
        *(Action(d, d) for d in candidate.tenders),
    ]


def one_rate_for_all(candidate: Candidate) -> list[Action]:
    """Zero-rated goods beside standard-rated ones, all posted at the standard rate."""
    goods = candidate.goods
    parts = tuple(
        part._replace(tax_code=STANDARD, tax_pence=half_up(part.net_pence * 200, 1000))
        if part.tax_code == ZERO_RATED
        else part
        for part in goods.parts
    )
    drifted = _drifted(goods, replace(goods, parts=parts), "amount,tax_amount,tax_code", "books at 20%")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def tax_left_out(candidate: Candidate) -> list[Action]:
    goods = candidate.goods
    parts = tuple(part._replace(tax_code=ZERO_RATED, tax_pence=0) for part in goods.parts)
    drifted = _drifted(goods, replace(goods, parts=parts), "amount,tax_amount,tax_code", "all at 0%")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def _other_store(candidate: Candidate) -> int:
    """The number of another store: never S05, whose customer goes on hold."""
    return int(candidate.goods.customer[-1]) % STORES + 1


def other_cost_centre(candidate: Candidate) -> list[Action]:
    goods = candidate.goods
    other = f"S0{_other_store(candidate)}"
    return [
        _drifted(goods, replace(goods, cost_centre=other), "nominal", f"cost centre {other}"),
        *(Action(draft, draft) for draft in candidate.tenders),
    ]


def _money_drifted(change: Callable[[int], int], note: str) -> Callable[[Candidate], list[Action]]:
    def act_it(candidate: Candidate) -> list[Action]:
        goods, money = candidate.drafts
        sent = replace(money, value_pence=change(money.value_pence))
        return [Action(goods, goods), _drifted(money, sent, "amount", note)]

    return act_it


def _in_card_bank(tender: Draft) -> Draft:
    return replace(tender, bank=tender.bank.replace("CASH", "CARD"))


def wrong_bank(candidate: Candidate) -> list[Action]:
    actions = [Action(candidate.goods, candidate.goods)]
    for tender in candidate.tenders:
        if tender.bank.startswith("CASH"):
            actions.append(_drifted(tender, _in_card_bank(tender), "bank,tender", "cash in the card bank"))
        else:
            actions.append(Action(tender, tender))
    return actions


def wrong_customer(candidate: Candidate) -> list[Action]:
    other = f"TILL0{_other_store(candidate)}"
    return [
        _drifted(draft, replace(draft, customer=other), "customer", f"on {other}")
        for draft in candidate.drafts
    ]


def date_drift(candidate: Candidate) -> list[Action]:
    late = timedelta(days=1 + len(candidate.receipt.lines) % 3)
    return [
        _drifted(
            draft,
            replace(draft, document_date=draft.document_date + late),
            "date",
            f"{late.days} days late",
            late,
        )
        for draft in candidate.drafts
    ]


def amended_after_posting(candidate: Candidate) -> list[Action]:
    """Posted right; before the fortnight a person gives the invoice another date."""
    note = f"dated {AMENDED_BY} days later after it was posted"
    kinds = "changed_after_posting,date"
    return [
        _drifted(candidate.goods, candidate.goods, kinds, note),
        *(Action(draft, draft) for draft in candidate.tenders),
    ]


def dated_next_month(candidate: Candidate) -> list[Action]:
    """Sold before the month's end, dated on the first of the next."""
    first = (candidate.day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return [
        _drifted(draft, replace(draft, document_date=first), "date", f"dated {first}")
        for draft in candidate.drafts
    ]


GOODS_CHANGES, OTHER_CHANGES, MONEY_CHANGES = 4, 3, 5


def several_at_once(candidate: Candidate) -> list[Action]:
    """Two to five things wrong with one receipt; its number says which."""
    goods, money = candidate.drafts
    draw = int(candidate.receipt.receipt_no)
    sent_goods, sent_money = goods, money
    if draw % GOODS_CHANGES in (0, 1):
        sent_goods = _at_old_rate(sent_goods)
    if draw % GOODS_CHANGES in (1, 2):
        sent_goods = replace(sent_goods, parts=_to_giftware(sent_goods))
    if draw % GOODS_CHANGES == 3:
        sent_goods = replace(sent_goods, cost_centre=f"S0{_other_store(candidate)}")
    change = draw // GOODS_CHANGES % MONEY_CHANGES  # the fourth changes nothing, the last loses it
    if change in (0, 1):
        sent_money = _in_card_bank(sent_money)
    if change in (1, 2):
        sent_money = replace(sent_money, value_pence=sent_money.value_pence + OVER_COUNTED)
    other = draw // GOODS_CHANGES // MONEY_CHANGES % OTHER_CHANGES
    late = timedelta(days=2) if other in (0, 1) else timedelta(0)
    customer = f"TILL0{_other_store(candidate)}" if other in (1, 2) else goods.customer
    actions = []
    for draft, sent in ((goods, sent_goods), (money, sent_money)):
        changed = replace(sent, document_date=draft.document_date + late, customer=customer)
        kinds = kinds_between(draft, changed)
        if draft is money and change == MONEY_CHANGES - 1:
            gone = {"verdict": "missing_in_ledger", "verdict_after": "matched", "claims": SILENCE}
            actions.append(Action(draft, None, part=PLANTED, note="and its invoice is wrong", **gone))  # type: ignore[arg-type]
        elif kinds:
            actions.append(_drifted(draft, changed, kinds, f"{len(kinds.split(','))} at once", late))
        else:
            actions.append(Action(draft, changed))
    return actions


def kinds_between(expected: Draft, sent: Draft) -> str:
    """What a document that was sent drifts by from the one that was right, sorted."""
    is_goods = not expected.bank
    kinds = {
        "amount": expected.gross_pence != sent.gross_pence,
        "tax_amount": expected.tax_pence != sent.tax_pence,
        "tax_code": {part.tax_code for part in expected.parts} != {part.tax_code for part in sent.parts},
        "nominal": is_goods
        and (
            expected.cost_centre != sent.cost_centre
            or {part.nominal_code for part in expected.parts} != {part.nominal_code for part in sent.parts}
        ),
        "customer": expected.customer != sent.customer,
        "bank": expected.bank != sent.bank,
        # told by the bank, where the money is there in full
        "tender": expected.bank != sent.bank and expected.value_pence == sent.value_pence,
        "date": expected.document_date != sent.document_date,
    }
    return ",".join(sorted(kind for kind, is_so in kinds.items() if is_so))


AGAIN = timedelta(minutes=5)


def _again(drafts: Sequence[Draft]) -> list[Action]:
    """The same documents once more, after a lost reply."""
    return [
        Action(
            None,
            draft,
            "duplicate_in_ledger",
            "reversed",
            part=PLANTED,
            note="sent again after a lost reply",
            claims=ACCEPTED,
            delay=AGAIN,
            gets_our_contra=True,
        )
        for draft in drafts
    ]


def posted_twice(candidate: Candidate) -> list[Action]:
    first = [Action(draft, draft, claims=(LOST_REPLY,)) for draft in candidate.drafts]
    return first + _again(candidate.drafts)


def tender_posted_twice(candidate: Candidate) -> list[Action]:
    *there, last = candidate.drafts
    first = [Action(draft, draft) for draft in there] + [Action(last, last, claims=(LOST_REPLY,))]
    return first + _again([last])


def drifted_and_twice(candidate: Candidate) -> list[Action]:
    """Both copies of the invoice have the old VAT code: one is a drift, the other a copy of it."""
    goods, *money = candidate.drafts
    wrong = _at_old_rate(goods)
    first = replace(
        _drifted(goods, wrong, kinds_between(goods, wrong), "and sent again"), claims=(LOST_REPLY,)
    )
    return [first, *(Action(draft, draft) for draft in money), *_again([wrong])]


def refund_as_sale(candidate: Candidate) -> list[Action]:
    """A refund posted the wrong way round: an invoice and a receipt under its number."""
    note = "a refund posted as a sale"
    missing = [replace(action, note=note) for action in _missing(candidate, SILENCE, "matched", note)]
    return missing + [
        Action(None, draft.opposite(), "missing_in_pos", part=PLANTED, note=note)
        for draft in candidate.drafts
    ]


def posted_twice_reversed(candidate: Candidate) -> list[Action]:
    first = [Action(draft, draft, claims=(LOST_REPLY,)) for draft in candidate.drafts]
    reversal = {"verdict": "reversed", "part": PLANTED, "is_strict": False}
    note = "put right by a person"
    again = [
        Action(None, draft, note=note, delay=AGAIN, is_twin=True, **reversal)  # type: ignore[arg-type]
        for draft in candidate.drafts
    ]
    contras = [
        Action(
            None,
            draft.opposite(),
            note=note,
            claims=SILENCE,
            user_name="JSMITH",
            delay=timedelta(hours=30),
            **reversal,  # type: ignore[arg-type]
        )
        for draft in candidate.drafts
    ]
    return first + again + contras


def never_sold(candidate: Candidate) -> list[Action]:
    """The receipt itself is clean; beside it stands one, a little dearer, that no till ever printed."""
    number = f"7{candidate.receipt.receipt_no[1:]}"
    goods, money = candidate.drafts
    largest = max(goods.parts, key=lambda part: part.net_pence)
    dearer = _with_part(goods, largest, largest._replace(net_pence=largest.net_pence + 7_001))
    phantoms = [
        replace(
            draft, receipt_no=number, reference=draft.reference.replace(candidate.receipt.receipt_no, number)
        )
        for draft in (dearer, replace(money, value_pence=money.value_pence + 7_001))
    ]
    note = "no till printed this receipt"
    return clean(candidate) + [
        Action(None, draft, "missing_in_pos", part=PLANTED, note=note) for draft in phantoms
    ]


def to_suspense(candidate: Candidate) -> list[Action]:
    action = Action(candidate.goods, candidate.goods, "in_suspense", part=PLANTED, is_to_suspense=True)
    return [action, *(Action(draft, draft) for draft in candidate.tenders)]


def deferred(candidate: Candidate) -> list[Action]:
    day = date(*FUTURE, min(candidate.day.day, 28))
    action = Action(
        candidate.goods,
        replace(candidate.goods, document_date=day),
        "deferred",
        part=PLANTED,
        note=f"dated {day}",
    )
    return [action, *(Action(draft, draft) for draft in candidate.tenders)]


def reference_lost(candidate: Candidate) -> list[Action]:
    junk = JUNK_REFERENCES[len(candidate.receipt.lines) % len(JUNK_REFERENCES)]
    return [
        Action(
            draft,
            replace(draft, reference=junk, second_reference=""),
            part=PLANTED,
            note=f"reference {junk!r}",
            is_strict=False,
        )
        for draft in candidate.drafts
    ]


def reference_lost_late(candidate: Candidate) -> list[Action]:
    """Named by nothing, and a day or two late: only what is near can find it."""
    late = timedelta(days=1 + len(candidate.receipt.lines) % 2)
    note = f"no reference, {late.days} days late"
    return [
        replace(
            _drifted(
                draft,
                replace(draft, document_date=draft.document_date + late, reference="", second_reference=""),
                "date",
                note,
                late,
            ),
            is_strict=False,
        )
        for draft in candidate.drafts
    ]


NEXT_DAY = timedelta(hours=30)


def _carried(drafts: Sequence[Draft], key: str, note: str) -> list[Action]:
    """Missing as themselves, and carried by the journal of that key."""
    return [
        Action(draft, None, "covered_by_journal", part=PLANTED, note=note, claims=SILENCE, partner=key)
        for draft in drafts
    ]


def _journalled(has_vat: bool, note: str) -> Callable[[Candidate], list[Action]]:
    def act_it(candidate: Candidate) -> list[Action]:
        journal = journal_for(candidate.drafts, day=candidate.day, has_vat=has_vat)
        return [
            *_carried(candidate.drafts, journal.key, note),
            Action(None, None, journal=journal, delay=NEXT_DAY),
        ]

    return act_it


def journalled_tender(candidate: Candidate) -> list[Action]:
    *there, gone = candidate.drafts
    journal = journal_for([gone], day=candidate.day + timedelta(days=3))
    return [
        *(Action(draft, draft) for draft in there),
        *_carried([gone], journal.key, "against the debtors, three days later"),
        Action(None, None, journal=journal, delay=timedelta(days=3)),
    ]


def journalled_in_part(candidate: Candidate) -> list[Action]:
    journal = journal_for(candidate.drafts, day=candidate.day, charge_pence=100)
    doubtful = [
        replace(action, verdict="ambiguous", is_strict=False)
        for action in _carried(candidate.drafts, journal.key, "sales lack a bank charge")
    ]
    return [*doubtful, Action(None, None, journal=journal, delay=NEXT_DAY)]


def journal_reversed(candidate: Candidate) -> list[Action]:
    journal = journal_for(candidate.drafts, day=candidate.day)
    return [
        *_missing(candidate, SILENCE, "matched", "journalled, and the journal reversed"),
        Action(None, None, journal=journal, delay=NEXT_DAY),
        Action(None, None, journal=journal.reversed(candidate.day), delay=2 * NEXT_DAY),
    ]


def journalled_day(candidate: Candidate, day: Day) -> list[Action]:
    """One journal for all that the day lacks; it is entered with the last of its receipts."""
    drafts = [draft for member in day.members for draft in member.drafts]
    journal = journal_for(drafts, day=candidate.day)
    actions = _carried(candidate.drafts, journal.key, f"one journal for {len(drafts)} documents")
    if day.is_last(candidate):
        actions.append(Action(None, None, journal=journal, delay=NEXT_DAY))
    return actions


def _slot_of(draft: Draft) -> str:
    measure = "takings:" + draft.bank if draft.bank else "sales:"
    return f"{draft.store_id}:{draft.document_date}::{measure}"


def _summaries(drafts: Sequence[Draft]) -> dict[str, Draft]:
    """One document per kind and bank, with the parts and the money of all; the key that carries -> document."""
    first = drafts[0]
    reference = f"DAY-{first.store_id}-{first.document_date:%Y%m%d}"
    summed: dict[str, Draft] = {}
    for draft in drafts:
        key = f"{_slot_of(draft)} {draft.kind}"
        known = summed.get(key)
        sums: dict[tuple[str, int], list[int]] = {}
        for part in (*(known.parts if known else ()), *draft.parts):
            totals = sums.setdefault((part.nominal_code, part.tax_code), [0, 0])
            totals[0] += part.net_pence
            totals[1] += part.tax_pence
        summed[key] = replace(
            known or draft,
            reference=reference,
            second_reference="DAY",
            parts=tuple(Part(*account, *totals) for account, totals in sorted(sums.items())),
            value_pence=draft.value_pence + (known.value_pence if known else 0),
        )
    return summed


def _in_a_day(candidate: Candidate, note: str, key: str = "") -> list[Action]:
    """Right, and no document of its own: the day's carries it."""
    return [
        Action(
            draft,
            None,
            part=PLANTED,
            note=note,
            claims=SILENCE,
            partner=key or f"{_slot_of(draft)} {draft.kind}",
        )
        for draft in candidate.drafts
    ]


def _summarised_day(is_short: bool) -> Callable[[Candidate, Day], list[Action]]:
    def act_it(candidate: Candidate, day: Day) -> list[Action]:
        actions = _in_a_day(candidate, f"one of {len(day.members)} of the day")
        if not day.is_last(candidate):
            return actions
        forgotten = (
            next((m.goods for m in day.members if m.goods.kind == "invoice"), None) if is_short else None
        )
        posted = [draft for member in day.members for draft in member.drafts if draft is not forgotten]
        told: set[str] = set()
        for key, draft in _summaries(posted).items():
            slot = _slot_of(draft)
            is_drifted = forgotten is not None and slot == _slot_of(forgotten)
            actions.append(
                Action(
                    None,
                    draft,
                    "drifted" if is_drifted else "matched",
                    drift_kinds=_kinds_of(forgotten) if forgotten and is_drifted else "",
                    part=PLANTED,
                    note="a whole day",
                    carries=key,
                    summary="" if slot in told else slot,
                    delay=timedelta(minutes=20),
                )
            )
            told.add(slot)
        return actions

    return act_it


def _kinds_of(forgotten: Draft) -> str:
    return "amount,tax_amount" if forgotten.tax_pence else "amount"


def summarised_day_journal(candidate: Candidate, day: Day) -> list[Action]:
    """The connector's own journal for the day: it names the day, and so is no person's."""
    drafts = [draft for member in day.members for draft in member.drafts]
    journal = journal_for(drafts, day=candidate.day)
    actions = _in_a_day(candidate, "in the connector's journal of the day", journal.key)
    if day.is_last(candidate):
        reference = f"DAY-{candidate.receipt.store_id}-{candidate.day:%Y%m%d}"
        named = replace(journal, reference=reference, user_name=CONNECTOR)
        groups = {_slot_of(draft): draft for draft in drafts}
        actions += [
            Action(
                None,
                None,
                part=PLANTED,
                note="a whole day",
                claims=SILENCE,
                partner=journal.key,
                summary=slot,
                about=draft,
            )
            for slot, draft in groups.items()
        ]
        actions.append(Action(None, None, journal=named, delay=NEXT_DAY))
    return actions


def summed_receipts(candidate: Candidate, day: Day) -> list[Action]:
    """Two receipts in one nameless document of each kind; a third of the day never arrived."""
    if day.is_last(candidate):
        return _missing(candidate, SILENCE, "matched", "beside two that were summed")
    actions = _in_a_day(candidate, "one of two in a document without a name")
    if candidate.receipt.receipt_no == day.members[1].receipt.receipt_no:
        posted = [draft for member in day.members[:2] for draft in member.drafts]
        actions += [
            Action(
                None,
                replace(draft, reference="", second_reference=""),
                part=PLANTED,
                note="two receipts",
                carries=key,
                summary=_slot_of(draft),
                claims=SILENCE,
            )
            for key, draft in _summaries(posted).items()
        ]
    return actions


def not_a_sale_posted(candidate: Candidate) -> list[Action]:
    """Only the ledger's document: the receipt's own row says nothing_to_post, whatever was posted."""
    receipt = candidate.receipt
    net = -receipt.gross_pence
    sent = replace(candidate.goods, parts=(Part(MANUAL, 2, net, 0),))
    return [Action(None, sent, "missing_in_pos", part=PLANTED, note="a fee posted as a credit note")]


def _taken_as_sale(note: str) -> Callable[[Candidate], list[Action]]:
    """VAT taken out of what is no sale yet: a gift card's or a voucher's is due when it is used."""

    def taken_as_sale(candidate: Candidate) -> list[Action]:
        goods = candidate.goods
        tax = half_up(goods.gross_pence, 6)
        sent = replace(goods, parts=(Part(SALES, STANDARD, goods.gross_pence - tax, tax),))
        drifted = _drifted(goods, sent, "nominal,tax_amount,tax_code", note)
        return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]

    return taken_as_sale


def tip_in_sales(candidate: Candidate) -> list[Action]:
    """What the staff are owed, booked as the shop's own."""
    parts = tuple(
        part._replace(nominal_code=SALES) if part.nominal_code == TIPS else part
        for part in candidate.goods.parts
    )
    sent = replace(candidate.goods, parts=parts)
    drifted = _drifted(candidate.goods, sent, "nominal", "a tip posted as a sale")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def account_sale_on_till(candidate: Candidate) -> list[Action]:
    """The customer who owes it is not told."""
    sent = replace(candidate.goods, customer=f"TILL0{candidate.receipt.store_id[-1]}")
    return [_drifted(candidate.goods, sent, "customer", "a sale on account posted on the till customer")]


def refund_at_new_code(candidate: Candidate) -> list[Action]:
    """VAT at last year's rate, given back under this year's code."""
    parts = tuple(part._replace(tax_code=STANDARD) for part in candidate.goods.parts)
    drifted = _drifted(
        candidate.goods, replace(candidate.goods, parts=parts), "tax_code", "17.5% under code 1"
    )
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def coupon_as_payment(candidate: Candidate) -> list[Action]:
    """The shop's own coupon is money off; here it is a payment by somebody who never pays."""
    goods, *money = candidate.drafts
    off = [part for part in goods.parts if part.nominal_code == MONEY_OFF]
    sent = replace(goods, parts=tuple(part for part in goods.parts if part.nominal_code != MONEY_OFF))
    pence = -sum(part.net_pence + part.tax_pence for part in off)
    paid = replace(money[0], ordinal=2, bank="COUPON", reference=f"{goods.reference}-2", value_pence=pence)
    note = "the shop's own coupon posted as a payment"
    return [
        _drifted(goods, sent, "amount,nominal,tax_amount", note),
        *(Action(draft, draft) for draft in money),
        Action(None, paid, "missing_in_pos", part=PLANTED, note=note),
    ]


def voucher_taxed_again(candidate: Candidate) -> list[Action]:
    """Its VAT was due when it was sold; taken for money, the VAT of what it pays for is due once more."""
    goods, back, *money = candidate.drafts
    paid = replace(
        goods,
        kind="receipt",
        bank="VOUCHER",
        reference=f"{goods.reference}-1",
        parts=(),
        value_pence=back.gross_pence,
    )
    note = "a single-purpose voucher posted as a payment"
    return [
        Action(goods, goods),
        Action(back, None, "missing_in_ledger", "matched", part=PLANTED, note=note, claims=SILENCE),
        *(Action(draft, draft) for draft in money),
        Action(None, paid, "missing_in_pos", part=PLANTED, note=note),
    ]


def tip_left_out(candidate: Candidate) -> list[Action]:
    """What the customer paid above the goods stays on the till customer; the staff are owed it."""
    goods = candidate.goods
    sent = replace(goods, parts=tuple(part for part in goods.parts if part.nominal_code != TIPS))
    drifted = _drifted(goods, sent, "amount,nominal,tax_code", "a tip on the tender alone left out")
    return [drifted, *(Action(draft, draft) for draft in candidate.tenders)]


def exchange_netted(candidate: Candidate) -> list[Action]:
    """One invoice over the difference where there should be a credit note and an invoice."""
    back, out, *money = candidate.drafts
    (gone,), (sold,) = back.parts, out.parts
    netted = sold._replace(
        net_pence=sold.net_pence - gone.net_pence, tax_pence=sold.tax_pence - gone.tax_pence
    )
    note = "an exchange posted as its difference"
    return [
        Action(back, None, "missing_in_ledger", "matched", part=PLANTED, note=note, claims=SILENCE),
        _drifted(out, replace(out, parts=(netted,)), "amount,tax_amount", note),
        *(Action(draft, draft) for draft in money),
    ]


def void_posted(candidate: Candidate) -> list[Action]:
    """Only the ledger's document: the receipt's own row says nothing_to_post."""
    return [Action(None, candidate.goods, "missing_in_pos", part=PLANTED, note="posted although never sold")]


def store_by_line(candidate: Candidate) -> list[Action]:
    """A store whose tills round by receipt, posted by line: within policy up to the company's cap."""
    goods = candidate.goods
    sent = _with_tax(goods, abs(tax_by_line(candidate.receipt.lines, half_up)))
    note = f"tax {goods.tax_pence} as {sent.tax_pence} pence by line"
    if abs(sent.tax_pence - goods.tax_pence) <= ROUNDING_CAP:
        posted = Action(goods, sent, "matched_within_policy", part=PLANTED, note=note)
    else:
        posted = _drifted(goods, sent, "amount,tax_amount", note)
    return [posted, *(Action(draft, draft) for draft in candidate.tenders)]


ACTS: dict[str, Callable[[Candidate], list[Action]]] = {
    "rejected_hidden_nominal": _goods_blocked([REFUSED_HIDDEN], "gate NOM-03 keeps it"),
    "rejected_tax_code": _goods_blocked([REFUSED_TAX], "gate TAX-01 keeps it"),
    "missing_unmapped_sku": _goods_blocked([REFUSED_SKU], "gate SKU-01 keeps it"),
    "missing_closed_period": _blocked(SILENCE, "gate PER-01 keeps it"),
    "missing_on_hold": _blocked(SILENCE, "gate CUS-02 keeps it"),
    "missing_receipt_whole": _postable(ACCEPTED, "the log says accepted"),
    "missing_tender_only": missing_tender_only,
    "missing_goods_only": missing_goods_only,
    "rejected_but_there": rejected_but_there,
    "rejected_locked_customer": _postable([LOCKED, LOCKED, LOCKED], "the log says rejected three times"),
    "amount_drift": amount_drift,
    "tax_code_drift": tax_code_drift,
    "tax_truncated": tax_truncated,
    "other_basis": other_basis,
    "nominal_drift": nominal_drift,
    "other_cost_centre": other_cost_centre,
    "one_rate_for_all": one_rate_for_all,
    "tax_left_out": tax_left_out,
    "card_fees_netted": _money_drifted(lambda pence: pence - pence * CARD_FEE // 10_000, "net of fees"),
    "counted_cash_posted": _money_drifted(lambda pence: pence + OVER_COUNTED, "as counted in the drawer"),
    "wrong_bank": wrong_bank,
    "wrong_customer": wrong_customer,
    "date_drift": date_drift,
    "dated_next_month": dated_next_month,
    "amended_after_posting": amended_after_posting,
    "several_at_once": several_at_once,
    "posted_twice": posted_twice,
    "tender_posted_twice": tender_posted_twice,
    "drifted_and_twice": drifted_and_twice,
    "posted_twice_reversed": posted_twice_reversed,
    "never_sold": never_sold,
    "to_suspense": to_suspense,
    "deferred": deferred,
    "journalled_receipt": _journalled(True, "a journal with its VAT"),
    "journalled_without_vat": _journalled(False, "a journal without its VAT"),
    "journalled_tender": journalled_tender,
    "journalled_in_part": journalled_in_part,
    "journal_reversed": journal_reversed,
    "reference_lost": reference_lost,
    "reference_lost_late": reference_lost_late,
    "not_a_sale_posted": not_a_sale_posted,
    "refund_as_sale": refund_as_sale,
    "gift_card_as_sale": _taken_as_sale("a gift card posted as a sale"),
    "voucher_as_sale": _taken_as_sale("a multi-purpose voucher posted as a sale"),
    "deposit_as_sale": _taken_as_sale("a deposit posted as a sale"),
    "tip_in_sales": tip_in_sales,
    "account_sale_on_till": account_sale_on_till,
    "refund_at_new_code": refund_at_new_code,
    "coupon_as_payment": coupon_as_payment,
    "voucher_taxed_again": voucher_taxed_again,
    "tip_left_out": tip_left_out,
    "late_upload_missed": _postable(
        SILENCE, "its till was offline, and the connector had done with that day"
    ),
    "exchange_netted": exchange_netted,
    "void_posted": void_posted,
    "store_by_line": store_by_line,
}


DAY_ACTS: dict[str, Callable[[Candidate, Day], list[Action]]] = {
    "journalled_day": journalled_day,
    "summed_receipts": summed_receipts,
    "summarised_day": _summarised_day(is_short=False),
    "summarised_day_short": _summarised_day(is_short=True),
    "summarised_day_journal": summarised_day_journal,
}


def act(candidate: Candidate, fault: str | None) -> list[Action]:
    """Every document of the receipt, with the fault's name on the rows it touches (not on its innocent
    ones).
    """
    return clean(candidate) if fault is None else _named(fault, ACTS[fault](candidate))


def act_of_day(candidate: Candidate, day: Day) -> list[Action]:
    """The same for a receipt of a day that carries a fault as a whole."""
    return _named(day.fault, DAY_ACTS[day.fault](candidate, day))


def _named(fault: str, actions: Sequence[Action]) -> list[Action]:
    return [replace(action, fault=fault) if action.part == PLANTED else action for action in actions]
