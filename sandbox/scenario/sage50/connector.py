"""The incumbent on Sage 50: imports what each till took in a day, badly, and leaves the truth for the judge.

It builds from the till files alone, by the same reading as the connector of Sage 200, and imports nothing of Tillproof.

    load(company, inbox, "catch_up", seed=…, manifest=…)      then the ledger is locked to the end of December
    load(company, inbox, "fortnight", seed=…, manifest=…)     then the party-bag account is made inactive
    post_after_us(company, inbox, seed=…, manifest=…, at=…)   a day that we have just posted, again
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sandbox.sage50 import desk
from sandbox.sage50.company import Sage50Company
from sandbox.sage50.importing import import_file
from sandbox.scenario import manifest as manifests
from sandbox.scenario.connector_documents import PARTY_BAGS, Draft, draft_documents, nothing_of
from sandbox.scenario.connector_events import event_of
from sandbox.scenario.connector_reading import (
    Counted,
    Phase,
    Receipt,
    read_counted,
    read_receipts,
    read_zero_rated_skus,
)
from sandbox.scenario.counted_cash import draft_of
from sandbox.scenario.manifest import Truth
from sandbox.scenario.planting import transposed
from sandbox.scenario.sage50.days import (
    CASH,
    KINDS,
    OUTSIDE_VAT,
    Row,
    TillDay,
    bank_of,
    import_file_of,
    is_cash,
    is_kept_by_the_gate,
    is_money,
    measure_of,
    till_days,
)
from sandbox.scenario.sage50.planting import LOCKED_TO, choose, largest, quotas

EXEMPT, SUSPENSE = 2, "9998"
NOBODYS_TILL = "9"
CLERK = "JSMITH"
AFTER_CLOSING = timedelta(hours=26)
OPPOSITES = {"invoice": "credit_note", "credit_note": "invoice", "receipt": "payment", "payment": "receipt"}
STAGES = ("before", "after")
Verdicts = dict[str, str]
"""Verdict by stage."""


@dataclass(frozen=True)
class Told:
    """What is true of one thing: verdict by stage, and what it drifted in."""

    verdicts: Verdicts
    drift_kinds: str = ""
    part: str = "planted"
    note: str = ""


@dataclass
class Happened:
    """What became of one till's day: the rows imported, and what is true of it.

    `again` are rows imported a second time; `documents` is asked about each document of the tills; `groups` has what is
    told of what Sage holds of the day, by the name of the group; `alone` is what only Sage knows; `posted` what
    Tillproof should post.
    """

    day: TillDay
    fault: str
    rows: Sequence[Row]
    documents: Callable[[Receipt, Sequence[Draft], Draft], Told]
    groups: dict[str, Told] = field(default_factory=dict)
    again: Sequence[Row] = ()
    alone: Sequence[Row] = ()
    posted: Sequence[Draft] = ()


CARRIED = ("matched", "in_suspense", "covered_by_journal")
MATCHED = Told(dict.fromkeys(STAGES, "matched"))
CLEAN = replace(MATCHED, part="clean")
MISSING = {"before": "missing_in_ledger", "after": "missing_in_ledger"}
MENDED = {"before": "missing_in_ledger", "after": "matched"}


@dataclass(frozen=True)
class Loaded:
    """What a load did: transactions in Sage, the till-days, and by the name of a day the fault that it carries."""

    documents: int
    days: Sequence[TillDay]
    chosen: dict[str, str]


def load(company: Sage50Company, inbox: Path, phase: Phase, *, seed: int, manifest: Path) -> Loaded:
    """Import everything of the phase's till files, plant its faults, and write the truth.

    Raises RuntimeError where Sage refuses a row: a refusal is a fault of the scenario.
    """
    receipts = read_receipts(inbox, phase)
    days = till_days(receipts, read_zero_rated_skus(inbox))
    chosen = choose(days, seed=seed, quota=quotas(phase))
    tills = {
        day.slot: [one.till_id for one in days if one.slot == day.slot] for day in days if day.name in chosen
    }
    happened = [happen(day, chosen.get(day.name, ""), tills.get(day.slot, [])) for day in days]
    _make_one_of_two_tills(happened)
    imported = _import(company, _by_month(happened), "sales") + _import(company, _again(happened), "again")
    urns = _Urns(company)
    truths = [truth for one in happened for truth in truths_of(one, urns)]
    truths += [truth for receipt in receipts for truth in _without_document(receipt)]
    if phase == "fortnight":
        truths += [truth for counted in read_counted(inbox) for truth in _over_short(counted)]
    manifests.append(manifest, truths)
    if phase == "catch_up":
        company.set_setting("lock_date", LOCKED_TO.isoformat())
    else:
        desk.hide_nominal(company, PARTY_BAGS)
    return Loaded(imported, days, chosen)


def post_after_us(
    company: Sage50Company, inbox: Path, *, seed: int, manifest: Path, at: datetime
) -> tuple[str, ...]:
    """Import one day of the fortnight that was missing, after Tillproof has posted it; returns its name."""
    days = till_days(read_receipts(inbox, "fortnight"), read_zero_rated_skus(inbox))
    chosen = choose(days, seed=seed, quota=quotas("fortnight"))
    day = next(
        one
        for one in days
        if chosen.get(one.name) == "day_missing"
        and not any(is_kept_by_the_gate(*member) for member in one.members)
    )
    _import(company, {at: list(day.rows)}, "late")
    urns = _Urns(company)
    told = Told({"after": "duplicate_in_ledger"}, note="imported after us")
    manifests.append(manifest, [*_alone(day, day.rows, "second_writer", told, urns)])
    return (f"{day.store_id} till {day.till_id} on {day.day}",)


# what becomes of a day


def happen(day: TillDay, fault: str, tills: Sequence[str] = ()) -> Happened:
    """One till's day with its fault, or none; `tills` are those that traded in the store that day."""
    clean = Happened(day, fault, day.rows, _by_group, _groups(day.rows, day))
    match fault:
        case "":
            return _unread(clean) if not day.is_readable else clean
        case "day_missing" | "day_missing_closed":
            return _missing(clean)
        case "cash_missing":
            rows = [row for row in day.rows if not _is_cash(row)]
            groups = _groups(rows, day)
            posted = [draft for draft in day.drafts if is_cash(draft)]
            return replace(clean, rows=rows, groups=groups, documents=_cash_is_missing, posted=posted)
        case "day_twice":
            return replace(clean, again=day.rows)
        case "journal_t9":
            rows = list(_journal(day, day.rows[0].reference, "DAY", day.rows[0].user))
            groups = dict.fromkeys(clean.groups, MATCHED)
            groups[f"{day.name}:sales:"] = _drifted("tax_amount")
            return replace(clean, rows=rows, groups=groups)
        case "journalled_day":
            rows = list(_journal(day, f"JNL {day.store_id} {day.day:%d%m%y}", "", CLERK))
            carried = Told(dict.fromkeys(STAGES, "covered_by_journal"))
            return replace(clean, rows=rows, groups={}, documents=lambda *_: carried)
        case "never_traded":
            phantom = [
                replaced(row, reference=f"{row.reference[: -len(day.till_id)]}{NOBODYS_TILL}")
                for row in (largest(day.rows), next(row for row in day.rows if row.type in ("SA", "SP")))
                if row
            ]
            return replace(clean, rows=[*day.rows, *phantom], alone=phantom)
        case "other_till":
            return _under_another_name(clean, tills)
        case "to_suspense":
            rows = [replaced(row, nominal=SUSPENSE) if row.type == "SI" else row for row in day.rows]
            rows = _summed(rows)
            held = Told(dict.fromkeys(STAGES, "in_suspense"))
            return replace(clean, rows=rows, documents=lambda _, __, draft: MATCHED if draft.bank else held)
        case "vat_lost":
            row = largest(day.rows, 1)
            assert row is not None
            wrong = replaced(row, net_pence=row.gross_pence, tax_pence=0, tax_code=EXEMPT)
            return _sales_differ(clean, row, [wrong], "tax_amount")
        case "amount_changed":
            row = largest(day.rows)
            assert row is not None
            return _sales_differ(clean, row, [replaced(row, net_pence=transposed(row.net_pence))], "amount")
        case "refunds_forgotten":
            rows = [row for row in day.rows if row.type != "SC"]
            has_tax = any(row.tax_pence for row in day.rows if row.type == "SC")
            groups = clean.groups | {
                f"{day.name}:sales:": _drifted("amount,tax_amount" if has_tax else "amount")
            }
            return replace(clean, rows=rows, groups=groups)
    raise ValueError(fault)


def replaced(row: Row, **changed: object) -> Row:
    return row._replace(**changed)  # type: ignore[arg-type]


def _drifted(kinds: str) -> Told:
    return Told(dict.fromkeys(STAGES, "drifted"), kinds)


def _groups(rows: Iterable[Row], day: TillDay) -> dict[str, Told]:
    """The groups that these rows make under a till's name, as right as can be."""
    return {f"{day.name}:{measure}": MATCHED for measure in sorted({_measure(row) for row in rows})}


def _measure(row: Row) -> str:
    return f"takings:{row.nominal}" if row.type in ("SA", "SP") else "sales:"


def _is_cash(row: Row) -> bool:
    return _measure(row).startswith(f"takings:{CASH}")


def _by_group(receipt: Receipt, drafts: Sequence[Draft], draft: Draft) -> Told:
    """Right, in whatever the day comes to."""
    if event := event_of(receipt):
        return replace(MATCHED, note=event)
    return CLEAN


def _cash_is_missing(receipt: Receipt, drafts: Sequence[Draft], draft: Draft) -> Told:
    return Told(MENDED) if is_cash(draft) else _by_group(receipt, drafts, draft)


def _missing(clean: Happened) -> Happened:
    """Nothing is there; what the gate lets through is posted, receipt by whole receipt."""
    day = clean.day
    is_closed = day.day <= LOCKED_TO

    def told(receipt: Receipt, drafts: Sequence[Draft], _: Draft) -> Told:
        return Told(MISSING if is_closed or is_kept_by_the_gate(receipt, drafts) else MENDED)

    posted = [
        draft
        for receipt, drafts in day.members
        for draft in drafts
        if not is_closed and not is_kept_by_the_gate(receipt, drafts)
    ]
    return replace(clean, rows=[], groups={}, documents=told, posted=posted)


def _unread(clean: Happened) -> Happened:
    """A quantity that only we cannot read: that receipt is grey, and so are the sales of its day."""
    grey = Told(dict.fromkeys(STAGES, "not_checked"))

    def told(receipt: Receipt, drafts: Sequence[Draft], draft: Draft) -> Told:
        return grey if receipt.has_unreadable_quantity else _by_group(receipt, drafts, draft)

    sales = f"{clean.day.name}:sales:"
    return replace(clean, fault="unreadable_quantity", documents=told, groups=clean.groups | {sales: grey})


def _under_another_name(clean: Happened, tills: Sequence[str]) -> Happened:
    """All of it under the other till's name: the store's day is right, and what there is of it is one."""
    day = clean.day
    other = next(till for till in tills if till != day.till_id)
    rows = list(day.rows_named(other))
    return replace(clean, rows=rows, groups={})


def _make_one_of_two_tills(happened: Sequence[Happened]) -> None:
    """Where a till's day bears the other's name, the groups of what it sold and took are the store's."""
    for one in happened:
        if one.fault == "other_till":
            measures = {_measure(row) for row in one.rows}
            for beside in happened:
                if beside.day.slot == one.day.slot and beside is not one:
                    for measure in measures:
                        beside.groups.pop(f"{beside.day.name}:{measure}", None)
            one.groups.update(
                {f"{one.day.store_id}:{one.day.day}::{measure}": MATCHED for measure in sorted(measures)}
            )


def _sales_differ(clean: Happened, right: Row, wrong: Sequence[Row], kinds: str) -> Happened:
    rows = _summed([*(row for row in clean.rows if row is not right), *wrong])
    return replace(clean, rows=rows, groups=clean.groups | {f"{clean.day.name}:sales:": _drifted(kinds)})


def _summed(rows: Iterable[Row]) -> list[Row]:
    """Rows of one type, account and tax code as one."""
    sums: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (*row.document, row.nominal, str(row.tax_code))
        net, tax = (sums[key].net_pence, sums[key].tax_pence) if key in sums else (0, 0)
        sums[key] = replaced(row, net_pence=row.net_pence + net, tax_pence=row.tax_pence + tax)
    return list(sums.values())


def _journal(day: TillDay, reference: str, extra: str, user: str) -> Iterable[Row]:
    """Money to the banks and the gross to sales, on T9."""
    for row in day.rows:
        journal = replaced(
            row,
            type="JD" if row.type == "SA" else "JC",
            account="",
            reference=reference,
            extra=extra,
            user=user,
        )
        yield replaced(journal, net_pence=row.gross_pence, tax_pence=0, tax_code=OUTSIDE_VAT)


# into Sage


def _by_month(happened: Sequence[Happened]) -> dict[datetime, list[Row]]:
    """The rows of each month, imported in the night after its last day."""
    files: dict[datetime, list[Row]] = {}
    newest: dict[str, date] = {}
    for one in happened:
        month = f"{one.day.day:%Y-%m}"
        newest[month] = max(newest.get(month, one.day.day), one.day.day)
    for one in happened:
        at = datetime.combine(newest[f"{one.day.day:%Y-%m}"], time.min) + AFTER_CLOSING
        files.setdefault(at, []).extend(one.rows)
    return files


def _again(happened: Sequence[Happened]) -> dict[datetime, list[Row]]:
    files: dict[datetime, list[Row]] = {}
    for one in happened:
        if one.again:
            at = datetime.combine(one.day.day, time.min) + 2 * AFTER_CLOSING
            files.setdefault(at, []).extend(one.again)
    return files


def _import(company: Sage50Company, files: dict[datetime, list[Row]], name: str) -> int:
    """How many rows Sage took. Raises RuntimeError where it refused one."""
    imported = 0
    for at, rows in sorted(files.items()):
        result = import_file(company, import_file_of(rows), now=at, file_name=f"{name}_{at:%Y-%m-%d}.csv")
        if result.refused:
            raise RuntimeError(f"Sage 50 refused the connector's {name} of {at}: {result.refused[:3]}")
        imported += result.imported
    return imported


class _Urns:
    """The number of each document's first transaction: in the order in which it came, where it came more than once."""

    def __init__(self, company: Sage50Company):
        self._found: dict[tuple[str, ...], list[int]] = {}
        query = """
            select headers.type, account_ref, bank_code, date, inv_ref, extra_ref, nominal_code, tax_code,
                net_pence, tax_pence, splits.tran_number
            from splits inner join headers using (header_number) order by splits.tran_number
        """
        rows: dict[tuple[tuple[str, ...], tuple[object, ...]], list[int]] = {}
        for kind, account, bank, day, reference, extra, *content, number in map(tuple, company.rows(query)):
            key: tuple[str, ...] = (kind, account, bank, day, reference, extra)
            if kind in ("JD", "JC"):
                key = ("journal", "", "", day, reference, extra)
            rows.setdefault((key, tuple(content)), []).append(number)
        for (key, _), numbers in rows.items():
            known = self._found.setdefault(key, [])
            for copy, number in enumerate(numbers):
                if copy < len(known):
                    known[copy] = min(known[copy], number)
                else:
                    known.append(number)

    def of(self, row: Row, copy: int = 0) -> int:
        """The URN of the document that a row is of."""
        return self._found[row.document][copy]


# the truth


def truths_of(one: Happened, urns: _Urns) -> Iterable[Truth]:
    """Everything that must be said of a till's day, at each stage."""
    partners = _partners(one, urns)
    for receipt, drafts in one.day.members:
        for draft in drafts:
            told = one.documents(receipt, drafts, draft)
            oddity = manifests.natural_oddities().get(receipt.receipt_no)
            part, fault = told.part, one.fault or "clean"
            if part == "clean" and oddity:
                part, fault, told = "natural", "natural", replace(told, note=oddity)
            elif event := event_of(receipt):
                fault = one.fault or f"derived_{event}"
            elif part == "clean":
                fault = "clean"
            partner = partners.get(measure_of(draft))
            for stage, verdict in told.verdicts.items():
                yield _truth(
                    *(stage, "expected", draft, verdict, fault, part, told.note),
                    partner_urn=partner if verdict in CARRIED else None,
                )
    yield from _told_of_groups(one, partners)
    yield from _told_of_copies(one, urns)
    yield from _told_of_posted(one)


def _partners(one: Happened, urns: _Urns) -> dict[str, int]:
    """By measure, a document of Sage that is part of it."""
    every = {measure_of(draft) for draft in one.day.drafts}
    return {
        measure: urns.of(row)
        for row in reversed([row for row in one.rows if row not in one.alone])
        for measure in (every if row.type in ("JD", "JC") else (_measure(row),))
    }


def _told_of_groups(one: Happened, partners: dict[str, int]) -> Iterable[Truth]:
    about = next(one.day.drafts)
    for name, told in one.groups.items():
        measure = name.split(":", 3)[3]
        for stage, verdict in told.verdicts.items():
            yield replace(
                _truth(
                    stage,
                    "summary",
                    about,
                    verdict,
                    one.fault or "clean",
                    "planted" if one.fault else "clean",
                ),
                receipt_no=name,
                partner_urn=None if verdict == "not_checked" else partners.get(measure),
                drift_kinds=told.drift_kinds,
                document_kind=f"{measure.partition(':')[0]}_summary",
                ordinal=1,
                gross_pence=0,
            )


def _told_of_copies(one: Happened, urns: _Urns) -> Iterable[Truth]:
    """What came a second time, and what nobody sold."""
    twice = Told({"before": "duplicate_in_ledger", "after": "reversed"}, note="imported again")
    for truth in _alone(one.day, one.again, one.fault, twice, urns, copy=1):
        yield truth
        if truth.stage == "after":
            yield replace(truth, document_kind=OPPOSITES[truth.document_kind], urn=None, twin_urn=None)
    nobody = Told(dict.fromkeys(STAGES, "missing_in_pos"), note="no such till")
    yield from _alone(one.day, one.alone, one.fault, nobody, urns)


def _alone(
    day: TillDay, rows: Iterable[Row], fault: str, told: Told, urns: _Urns, copy: int = 0
) -> Iterable[Truth]:
    """Documents that only Sage knows, each once."""
    about = next(day.drafts)
    documents: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        documents.setdefault(row.document, []).append(row)
    for mine in documents.values():
        first = mine[0]
        for stage, verdict in told.verdicts.items():
            yield replace(
                _truth(stage, "ledger", about, verdict, fault, "planted", told.note),
                receipt_no="",
                document_kind=KINDS[first.type],
                urn=urns.of(first, copy),
                twin_urn=urns.of(first) if copy and fault == "day_twice" else None,
                gross_pence=sum(row.gross_pence for row in mine),
            )


def _told_of_posted(one: Happened) -> Iterable[Truth]:
    """The summaries that Tillproof should post, each with a row of its own once it has."""
    documents = sorted({(draft.kind, draft.bank and bank_of(draft)) for draft in one.posted})
    for kind, bank in documents:
        mine = [draft for draft in one.posted if (draft.kind, draft.bank and bank_of(draft)) == (kind, bank)]
        measure = "takings" if bank else "sales"
        yield replace(
            _truth("after", "posted", mine[0], "matched", one.fault, "planted", "posted by Tillproof"),
            receipt_no=f"{one.day.name}:{measure}",
            document_kind=f"{measure}_summary",
            ordinal=1,
            gross_pence=sum(draft.gross_pence for draft in mine),
        )


def _without_document(receipt: Receipt) -> Iterable[Truth]:
    """Receipts that no day of the connector has: of a store it does not know, or rightly without a trace in Sage."""
    if is_money(receipt):
        return
    if not receipt.is_store_known:
        note = f"its till prints store {receipt.store_id}"
        for stage in STAGES:
            for draft in draft_documents(receipt, frozenset()):
                yield _truth(stage, "expected", draft, "not_checked", "unknown_store", "planted", note)
        return
    listed = manifests.natural_oddities().get(receipt.receipt_no)
    event = event_of(receipt)
    nothing = nothing_of(receipt)
    fault, part = (f"derived_{event}", "planted") if event else ("natural", "natural")
    note = "" if event else listed or "a document worth nothing: a giveaway, a note or a stock write-off"
    for stage in STAGES:
        yield _truth(stage, "expected", nothing, "nothing_to_post", fault, part, note)


def _over_short(counted: Counted) -> Iterable[Truth]:
    """What a drawer was over or short is imported by nobody: Sage lacks it until we post it."""
    for stage in STAGES:
        yield _truth(stage, "expected", draft_of(counted), MENDED[stage], "over_short_missing", "planted")


def _truth(
    stage: str,
    scope: str,
    draft: Draft,
    verdict: str,
    fault: str,
    part: str,
    note: str = "",
    *,
    partner_urn: int | None = None,
) -> Truth:
    return Truth(
        stage=stage,
        scope=scope,
        store_id=draft.store_id,
        receipt_no=draft.receipt_no,
        document_kind=draft.kind,
        ordinal=draft.ordinal,
        urn=None,
        verdict=verdict,
        fault=fault or "clean",
        part=part,
        document_date=draft.document_date,
        gross_pence=draft.gross_pence,
        partner_urn=partner_urn,
        note=note,
    )
