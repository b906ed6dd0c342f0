"""The import file itself: what Sage's wizard takes, byte for byte, and what is put into it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sage50_world import document

from orchestration.ledgers.ledger import NominalLine, SplitLine, TaxLine
from orchestration.ledgers.sage50_documents import UnwritableError, rows_of, shared, splits_of
from orchestration.ledgers.sage50_file import ImportRow, amount, pence_of, plain, read, write
from orchestration.ledgers.sage50_layout import COLUMNS, KEY, NOT_IMPORTED, TYPES
from orchestration.ledgers.sage50_settings import Sage50Settings
from orchestration.posting.key import is_ours

SETTINGS = Sage50Settings()


def row(**changed: object) -> ImportRow:
    values: dict[str, object] = {
        "type": "CR",
        "account": "1230",
        "nominal": "4000",
        "date": date(2026, 11, 3),
        "reference": "Z000123",
        "details": "Till 1 Z-read std rate",
        "net_pence": 10000,
        "tax_code": 1,
        "tax_pence": 2000,
        "extra_reference": "LON01-20261103",
        "department": 1,
        "user_name": "POS",
    }
    return ImportRow(**{**values, **changed})  # type: ignore[arg-type]


def test_a_row_is_written_as_the_reference_shows_it() -> None:
    assert write([row()], SETTINGS).split(b"\r\n")[1] == (
        b"CR,1230,4000,1,03/11/2026,Z000123,Till 1 Z-read std rate,100.00,T1,20.00,1,LON01-20261103,POS,,"
    )


def test_the_file_has_windows_lines_no_mark_and_no_blank_after_a_comma() -> None:
    content = write([row(), row(details="cash, cards")], SETTINGS)
    assert content.startswith(b"Type,Account Reference,Nominal A/C Ref,")
    assert content.count(b"\r\n") == 3 == content.count(b"\n")
    assert b'"cash, cards"' in content
    assert b", " not in content.replace(b"cash, cards", b"")


@pytest.mark.parametrize(
    ("shape", "said"), [("DD/MM/YYYY", b",03/11/2026,"), ("DDMMYYYY", b",03112026,"), ("DDMMYY", b",031126,")]
)
def test_dates_are_written_in_the_format_of_the_setting(shape: str, said: bytes) -> None:
    settings = SETTINGS.model_copy(update={"date_format": shape, "has_header_row": False})
    content = write([row()], settings)
    assert said in content and len(read(content, settings)[0]) == 1


@pytest.mark.parametrize(
    ("encoding", "said"), [("windows-1252", b"Caf\xe9 \xa35 x '7'"), ("ascii", b"Cafe ?5 x '7'")]
)
def test_free_text_is_made_to_fit_the_encoding(encoding: str, said: bytes) -> None:
    settings = SETTINGS.model_copy(update={"encoding": encoding})
    (found,) = rows_of(document(narrative='Café £5\r\nx "7"'), settings)
    assert found.details.encode(settings.encoding) == said
    assert plain("x" * 99, settings, 60) == "x" * 60


def test_a_code_is_never_mended() -> None:
    with pytest.raises(ValueError, match="not in windows-1252"):
        write([row(account="TILLЖ")], SETTINGS)


@pytest.mark.parametrize(("pence", "text"), [(0, "0.00"), (5, "0.05"), (123456, "1234.56"), (-5, "-0.05")])
def test_pence_are_written_with_two_decimals_and_read_back(pence: int, text: str) -> None:
    assert amount(pence) == text
    assert pence_of(text) == (pence if pence >= 0 else None)


@pytest.mark.parametrize("text", ["1,000.00", "£5", "1.005", "5-", "", "1e3", "1.2.3"])
def test_what_is_no_amount_is_not_read_as_one(text: str) -> None:
    assert pence_of(text) is None


def test_layout_and_key_are_those_of_the_house() -> None:
    assert [column.name for column in COLUMNS][:10] == [
        *("type", "account", "nominal", "department", "date"),
        *("reference", "details", "net", "tax_code", "tax"),
    ]
    assert not set(TYPES) & set(NOT_IMPORTED) and set(NOT_IMPORTED) == {"SR", "SD", "PP", "PD"}
    for text in (document().posting_key, document(role="X").posting_key, "TPABC", "TPIIIIIIIIIIIIIN011P"):
        assert bool(KEY.fullmatch(text)) == is_ours(text)


@pytest.mark.parametrize(
    ("kind", "code", "account", "nominal", "tax_code"),
    [
        ("invoice", "SI", "TILL01", "4000", 1),
        ("credit_note", "SC", "TILL01", "4000", 1),
        ("receipt", "SA", "TILL01", "1235", 9),
        ("payment", "SP", "TILL01", "1235", 9),
    ],
)
def test_each_kind_has_its_type_and_none_is_allocated(
    kind: str, code: str, account: str, nominal: str, tax_code: int
) -> None:
    (found,) = rows_of(document(kind=kind), SETTINGS, store_id="S01")
    assert (found.type, found.account, found.nominal, found.tax_code) == (code, account, nominal, tax_code)
    assert found.net_pence + found.tax_pence == 12000
    assert (found.reference, found.extra_reference) == ("S01 1001", document(kind=kind).posting_key)


def test_the_key_may_travel_in_reference_and_a_store_may_have_a_department() -> None:
    settings = SETTINGS.model_copy(update={"key_column": "reference", "departments": {"S01": 7}})
    (found,) = rows_of(document(), settings, store_id="S01")
    assert (found.reference, found.extra_reference, found.department) == (
        document().posting_key,
        "S01 1001",
        7,
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"reference_length": 8, "key_column": "reference"}, "does not fit 8"),
        ({"extra_reference_length": 10}, "does not fit 10"),
    ],
)
def test_a_key_that_sage_would_cut_is_not_written(changed: dict[str, object], reason: str) -> None:
    with pytest.raises(UnwritableError, match=reason):
        rows_of(document(), SETTINGS.model_copy(update=changed))


def splits(lines: dict[str, int], taxes: dict[int, tuple[int, int]]) -> list[tuple[str, int, int, int]]:
    nominal = [NominalLine(code, "", "", net) for code, net in lines.items()]
    return list(splits_of(nominal, [TaxLine(code, *sums) for code, sums in taxes.items()]))


def test_accounts_and_tax_codes_are_put_together_where_there_is_one_way() -> None:
    assert splits({"4000": 1500}, {1: (1000, 200), 0: (500, 0)}) == [
        ("4000", 0, 500, 0),
        ("4000", 1, 1000, 200),
    ]
    assert splits({"4000": 1000, "4905": 300, "4010": 500}, {1: (1300, 260), 0: (500, 0)}) == [
        ("4010", 0, 500, 0),
        ("4000", 1, 1000, 200),
        ("4905", 1, 300, 60),
    ]


def test_a_document_that_says_its_rows_is_written_by_them() -> None:
    either = document(lines={"4000": 500, "4010": 500}, taxes={1: (500, 100), 0: (500, 0)})
    with pytest.raises(UnwritableError, match="more than one way"):
        rows_of(either, SETTINGS)
    told = replace(either, splits=(SplitLine("4000", 0, 500, 0), SplitLine("4010", 1, 500, 100)))
    assert [(row.nominal, row.tax_code, row.net_pence, row.tax_pence) for row in rows_of(told, SETTINGS)] == [
        ("4000", 0, 500, 0),
        ("4010", 1, 500, 100),
    ]
    below = replace(told, splits=(*told.splits, SplitLine("4995", 9, -2, 0)))
    with pytest.raises(UnwritableError, match="negative"):
        rows_of(below, SETTINGS)


@pytest.mark.parametrize(
    ("lines", "taxes", "reason"),
    [
        ({"4000": 500, "4010": 500}, {1: (500, 100), 0: (500, 0)}, "more than one way"),
        ({"4000": 700, "4010": 300}, {1: (500, 100), 0: (500, 0)}, "no way"),
        ({"4000": 700}, {1: (500, 100)}, "do not make the same net"),
        ({"4000": 700, "4100": -200}, {1: (500, 100)}, "negative"),
    ],
)
def test_what_cannot_be_told_is_refused_and_not_guessed(
    lines: dict[str, int], taxes: dict[int, tuple[int, int]], reason: str
) -> None:
    with pytest.raises(UnwritableError, match=reason):
        splits(lines, taxes)


@pytest.mark.parametrize(
    ("pence", "weights"), [(100, [1, 1, 1]), (1, [5, 5]), (7, [1, 0, 2]), (0, [3]), (5, [0, 0])]
)
def test_tax_is_shared_to_the_penny(pence: int, weights: list[int]) -> None:
    shares = shared(pence, weights)
    assert sum(shares) == pence and len(shares) == len(weights) and min(shares) >= 0
