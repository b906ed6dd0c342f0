"""A document of ours in Sage 50's import types, one row for each nominal account and tax code.

An invoice is SI, a credit note SC, a receipt SA, a payment SP (never SR or PP, which no import takes); bank money is
BR and BP, or CR and CP through a cash account. Sage 50 wants a nominal account and its tax code in one row. A document
says its rows (`splits`); of one that tells accounts and codes apart, they are put together only where there is one way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from orchestration.ledgers.ledger import Document, DocumentKind, NominalLine, TaxLine
from orchestration.ledgers.sage50_file import ImportRow, plain
from orchestration.ledgers.sage50_layout import BY_NAME, MOST_POUNDS
from orchestration.ledgers.sage50_settings import Sage50Settings

IMPORT_TYPES: dict[DocumentKind, str] = {
    "invoice": "SI",
    "credit_note": "SC",
    "receipt": "SA",
    "payment": "SP",
    "bank_receipt": "BR",
    "bank_payment": "BP",
}
DOCUMENT_KINDS: dict[str, DocumentKind] = {
    **{code: kind for kind, code in IMPORT_TYPES.items()},
    **{
        "SR": "receipt",
        "CR": "bank_receipt",
        "VR": "bank_receipt",
        "CP": "bank_payment",
        "VP": "bank_payment",
    },
}
KEY_LENGTH = 20
MOST_WAYS = 5000
Split = tuple[str, int, int, int]
"""Nominal account, tax code, net and tax pence of one row."""


class UnwritableError(ValueError):
    """The document cannot be put into an import file; it was not written."""


def rows_of(document: Document, settings: Sage50Settings, *, store_id: str = "") -> list[ImportRow]:
    """The rows of a document. Raises UnwritableError with the reason."""
    kind = document.document_kind
    if kind not in IMPORT_TYPES:
        raise UnwritableError(f"a {kind} is not imported into Sage 50")
    _check(document, settings)
    account, splits = _account_and_splits(document, settings)
    is_key_extra = settings.key_column == "extra_reference"
    readable = plain(document.second_reference, settings, settings.reference_length)
    return [
        ImportRow(
            type=IMPORT_TYPES[kind],
            account=account,
            nominal=nominal,
            department=settings.departments.get(store_id, 0),
            date=document.document_date,
            reference=readable if is_key_extra else document.posting_key,
            extra_reference=document.posting_key if is_key_extra else readable,
            details=plain(document.narrative, settings, BY_NAME["details"].length),
            net_pence=net,
            tax_code=tax_code,
            tax_pence=tax,
            user_name=settings.user_name,
        )
        for nominal, tax_code, net, tax in splits
    ]


def _account_and_splits(document: Document, settings: Sage50Settings) -> tuple[str, list[Split]]:
    """The second column, and nominal, tax code, net and tax of each row."""
    kind = document.document_kind
    if kind in ("receipt", "payment"):
        bank = _named(document.bank_code, "bank", settings)
        code = settings.outside_scope_tax_code
        return _named(document.customer_reference, "customer", settings), [
            (bank, code, document.gross_pence, 0)
        ]
    needs = ("customer", document.customer_reference)
    if kind in ("bank_receipt", "bank_payment"):
        needs = ("bank", document.bank_code)
    account = _named(needs[1], needs[0], settings)
    if document.splits:
        return account, _importable(
            (split.nominal_code, split.tax_code, split.net_pence, split.tax_pence)
            for split in document.splits
        )
    return account, list(splits_of(document.nominal_lines, document.tax_lines))


def _importable(cells: Iterable[Split]) -> list[Split]:
    """The rows that are worth anything. Raises UnwritableError for one below zero."""
    worth = [cell for cell in cells if cell[2] or cell[3]]
    if any(net < 0 or tax < 0 for _, _, net, tax in worth):
        raise UnwritableError("a row of it would be negative, and an import has no sign")
    return worth


def _named(code: str | None, what: str, settings: Sage50Settings) -> str:
    width = BY_NAME["account"].length
    if not code:
        raise UnwritableError(f"it names no {what}")
    if len(code) > width:
        raise UnwritableError(f"the {what} {code!r} is longer than {width} characters")
    return code


def _check(document: Document, settings: Sage50Settings) -> None:
    width = (
        settings.extra_reference_length
        if settings.key_column == "extra_reference"
        else settings.reference_length
    )
    if len(document.posting_key) != KEY_LENGTH or width < KEY_LENGTH:
        raise UnwritableError(f"the key {document.posting_key!r} does not fit {width} characters")
    if not 0 < document.gross_pence <= MOST_POUNDS * 100:
        raise UnwritableError(f"{document.gross_pence} pence is nothing that an import takes")
    for line in document.nominal_lines:
        if line.cost_centre or line.department:
            raise UnwritableError(
                f"nominal {line.nominal_code} has cost centre {line.cost_centre!r} and department"
                f" {line.department!r}: Sage 50 has neither; the setting `departments` gives stores a number"
            )
        if not line.nominal_code or len(line.nominal_code) > BY_NAME["nominal"].length:
            raise UnwritableError(f"the nominal code {line.nominal_code!r} is not 1 to 8 characters")


def splits_of(lines: Sequence[NominalLine], taxes: Sequence[TaxLine]) -> Iterator[Split]:
    """Nominal account, tax code, net and tax of each row, by account and code.

    One tax code covers all accounts, or all codes fall on one account; else each account must belong to one code, in
    the only way in which the nets come out. The tax of a code is shared over its accounts by their nets, to the penny.
    """
    nominals: dict[str, int] = {}
    for line in lines:
        nominals[line.nominal_code] = nominals.get(line.nominal_code, 0) + line.net_pence
    codes: dict[int, tuple[int, int]] = {}
    for tax in taxes:
        net, vat = codes.get(tax.tax_code, (0, 0))
        codes[tax.tax_code] = (net + tax.net_pence, vat + tax.tax_pence)
    if sum(nominals.values()) != sum(net for net, _ in codes.values()) or not nominals or not codes:
        raise UnwritableError("its nominal lines and its tax lines do not make the same net")
    if len(nominals) == 1:
        (nominal,) = nominals
        cells = [(nominal, code, net, vat) for code, (net, vat) in sorted(codes.items())]
    else:
        owner = _owners(nominals, {code: net for code, (net, _) in codes.items()})
        cells = []
        for code, (_, vat) in sorted(codes.items()):
            mine = sorted(nominal for nominal in nominals if owner[nominal] == code)
            shares = shared(vat, [nominals[nominal] for nominal in mine])
            cells += [
                (nominal, code, nominals[nominal], share) for nominal, share in zip(mine, shares, strict=True)
            ]
    yield from _importable(cells)


def _owners(nominals: dict[str, int], codes: dict[int, int]) -> dict[str, int]:
    """The tax code of each account, where the nets leave one way; UnwritableError where they leave none or several."""
    if len(codes) == 1:
        (code,) = codes
        return dict.fromkeys(nominals, code)
    names, found, tried = sorted(nominals), [], 0

    def place(owner: tuple[int, ...], left: dict[int, int]) -> None:
        nonlocal tried
        tried += 1
        if tried > MOST_WAYS:
            raise UnwritableError("it has too many accounts and tax codes to tell which belongs to which")
        if len(owner) == len(names):
            if not any(left.values()):
                found.append(owner)
            return
        net = nominals[names[len(owner)]]
        for code, room in left.items():
            if room >= net:
                place((*owner, code), {**left, code: room - net})

    place((), dict(sorted(codes.items())))
    if len(found) != 1:
        said = ", ".join(names)
        ways = "no way" if not found else "more than one way"
        raise UnwritableError(
            f"there is {ways} to tell the tax codes of {said}: Sage 50 wants each with its code"
        )
    return dict(zip(names, found[0], strict=True))


def shared(pence: int, weights: Sequence[int]) -> list[int]:
    """Whole pence shared by weight, to the penny, each share half a penny or less from its due or next to it."""
    total = sum(weights)
    if not total:
        return [pence if place == 0 else 0 for place in range(len(weights))]
    # running totals rounded half up: no penny is made or lost
    reached, bounds = 0, [0]
    for weight in weights:
        reached += weight
        bounds.append((2 * pence * reached + total) // (2 * total))
    return [after - before for before, after in pairwise(bounds)]
