"""The rehearsal refuses what Sage would, by row, column and reason; and what Sage would take twice."""

from __future__ import annotations

import pytest
from sage50_world import World

from orchestration.ledgers.sage50_file import Refusal
from orchestration.ledgers.sage50_rehearsal import rehearse
from sandbox.sage50.importing import import_file

HEADER = (
    "Type,Account Reference,Nominal A/C Ref,Department Code,Date,Reference,Details,Net Amount,Tax Code,Tax Amount,"
    "Exchange Rate,Extra Reference,User Name,Project Refn,Cost Code Refn\r\n"
)
GOOD = "SI,TILL01,4000,0,10/02/2011,S01 1001,Sale,100.00,T1,20.00,1,,POS,,\r\n"


def cells(**changed: str) -> str:
    names = (
        "type account nominal department date reference details net tax_code tax rate extra user project cost"
    )
    values = dict(zip(names.split(), GOOD.strip().split(","), strict=True)) | changed
    return ",".join(values.values()) + "\r\n"


def refusals(world: World, content: str | bytes) -> list[Refusal]:
    with world.books() as books:
        return rehearse(content.encode() if isinstance(content, str) else content, books, world.settings)


def test_a_good_file_is_refused_by_nobody(world: World) -> None:
    content = HEADER + GOOD + cells(type="SA", nominal="1235", tax_code="T9", tax="0.00", net="120.00")
    assert refusals(world, content) == []
    assert import_file(world.company, content.encode(), now=world.time).imported == 2


BAD = [
    ({"type": "SR"}, "Type", "write it as SA", True),
    ({"type": "PP"}, "Type", "write it as PA", True),
    ({"type": "XX"}, "Type", "no type that Sage imports", True),
    ({"account": ""}, "Account Reference", "needs its customer", True),
    ({"account": "NOBODY"}, "Account Reference", "NOBODY is not in Sage", True),
    ({"account": "OLDSHOP"}, "Account Reference", "inactive", True),
    ({"account": "STOPPED1"}, "Account Reference", "on hold", True),
    ({"account": "TILL01TOOLONG"}, "Account Reference", "longer than 8", True),
    ({"type": "PI", "account": "SUPP1"}, "Account Reference", "cannot be rehearsed", True),
    ({"type": "BR", "account": "4000"}, "Account Reference", "bank_accounts", True),
    ({"nominal": "4999"}, "Nominal A/C Ref", "4999 is not in Sage", True),
    ({"nominal": "30"}, "Nominal A/C Ref", "30 is not in Sage", True),
    ({"nominal": "4015"}, "Nominal A/C Ref", "inactive in Sage", True),
    ({"nominal": "1100"}, "Nominal A/C Ref", "control account", True),
    ({"nominal": "2200"}, "Nominal A/C Ref", "control account", True),
    ({"type": "SA", "tax_code": "T9", "tax": "0.00"}, "Nominal A/C Ref", "bank_accounts", True),
    ({"department": "x"}, "Department Code", "not 0 to 999", True),
    ({"department": "1000"}, "Department Code", "longer than 3", True),
    ({"date": "2011-02-10"}, "Date", "takes an ISO date for another day", True),
    ({"date": "31/02/2011"}, "Date", "no date", True),
    ({"date": "1/2/2011"}, "Date", "no date", False),
    ({"date": "31/12/2010"}, "Date", "locked to 31/12/2010", True),
    ({"date": ""}, "Date", "empty", True),
    ({"reference": "x" * 31}, "Reference", "longer than 30", True),
    ({"details": "x" * 61}, "Details", "longer than 60", True),
    ({"net": "-100.00"}, "Net Amount", "negative", True),
    ({"net": "£100.00"}, "Net Amount", "no sign of currency", True),
    ({"net": "100.005"}, "Net Amount", "two decimals", True),
    ({"net": "100000000.00"}, "Net Amount", "longer than 11", True),
    ({"net": "0.00", "tax": "0.00"}, "Net Amount", "both nothing", False),
    ({"tax_code": "1"}, "Tax Code", "not T0 to T99", True),
    ({"tax_code": "T7"}, "Tax Code", "T7 is not set up", True),
    ({"tax_code": "T0"}, "Tax Amount", "T0 has no tax", False),
    ({"rate": "1.17"}, "Exchange Rate", "only base currency", False),
    ({"project": "P1"}, "Cost Code Refn", "come together", False),
    ({"extra": "x" * 31}, "Extra Reference", "longer than 30", True),
    ({"nominal": " 4000"}, "Nominal A/C Ref", "blank around it", True),
    ({"type": "JD"}, "Account Reference", "has no account", True),
    ({"type": "JD", "account": "", "nominal": "1235", "tax": "0.00"}, "Tax Code", "posted on T9", False),
]


@pytest.mark.parametrize(
    ("changed", "column", "reason", "sage_refuses"), BAD, ids=[str(bad[0]) for bad in BAD]
)
def test_a_bad_row_is_named_with_its_column_and_why(
    world: World, changed: dict[str, str], column: str, reason: str, sage_refuses: bool
) -> None:
    from datetime import date

    world.set(lock_date=date(2010, 12, 31))
    world.company.set_setting("lock_date", "2010-12-31")
    content = HEADER + GOOD + cells(**{"reference": "S01 1002", **changed})
    found = refusals(world, content)
    told = [one for one in found if one.row == 3 and one.column == column and reason in one.reason]
    assert told, found
    assert all(one.row == 3 for one in found), "the good row is accused of nothing"
    if sage_refuses:
        assert import_file(world.company, content.encode(), now=world.time).imported == 0


def test_whatever_the_rehearsal_lets_through_the_sandbox_takes(world: World) -> None:
    """The other way round: no refusal of Sage's was missed among all of these."""
    for changed, _, _, _ in BAD:
        content = HEADER + cells(**{"reference": "S01 1002", **changed})
        if not refusals(world, content):
            assert import_file(world.company, content.encode(), now=world.time).refused == []


@pytest.mark.parametrize(
    ("content", "row", "reason"),
    [
        (b"\xef\xbb\xbf" + (HEADER + GOOD).encode(), 1, "UTF-8 mark"),
        ((HEADER + cells(details="Café")).encode("utf-8"), 2, "ANSI"),
        ((HEADER + cells(details="x\x81")).encode("latin-1"), 2, "0x81"),
        ((HEADER + GOOD.replace(",,\r\n", ",,,\r\n")).encode(), 2, "comma too many"),
        ((HEADER + "SI,TILL01,4000\r\n").encode(), 2, "it has 3 cells"),
        ((HEADER.replace("Net Amount", "Net") + GOOD).encode(), 1, "is called 'Net'"),
        (GOOD.encode(), 1, "not the column names"),
        (HEADER.encode(), 0, "no transaction"),
        (b"", 0, "no transaction"),
        ((HEADER + 'SI,"TILL01,4000\r\n').encode(), 2, "no CSV"),
    ],
)
def test_a_file_that_is_none_is_named_with_its_row(
    world: World, content: bytes, row: int, reason: str
) -> None:
    assert any(one.row == row and reason in one.reason for one in refusals(world, content))


def test_ansi_signs_are_fine(world: World) -> None:
    assert refusals(world, (HEADER + cells(details="Café £5")).encode("windows-1252")) == []


def journal(kind: str, nominal: str, net: str, reference: str = "J1") -> str:
    return f"{kind},,{nominal},0,10/02/2011,{reference},Banked,{net},T9,0.00,1,,,,\r\n"


def test_a_journal_that_does_not_balance_is_refused_by_both(world: World) -> None:
    good = HEADER + journal("JD", "1200", "30.00") + journal("JC", "1235", "30.00")
    assert refusals(world, good) == []
    bad = good + journal("JD", "1200", "5.00", "J2") + journal("JC", "1235", "4.99", "J2")
    (found,) = refusals(world, bad)
    assert (found.row, found.rule) == (4, "journal") and "out of balance by 0.01" in found.reason
    assert import_file(world.company, bad.encode(), now=world.time).imported == 0


KEYED = GOOD.replace(",1,,POS", ",1,TPABCDEFGHJKMNPN011P,POS")


def test_what_would_go_in_twice_is_refused_though_sage_takes_it(world: World) -> None:
    content = HEADER + KEYED + GOOD.replace("1001", "1009")
    assert refusals(world, content) == []
    assert import_file(world.company, content.encode(), now=world.time).imported == 2
    world.export()
    by_key, alike = refusals(world, content)
    assert (by_key.row, by_key.column) == (2, "Extra Reference") and "as transaction 1" in by_key.reason
    assert (alike.row, alike.column) == (3, "Reference") and "as transaction 2" in alike.reason
    moved = HEADER + KEYED.replace("10/02/2011", "11/02/2011").replace("100.00", "90.00")
    assert [one.rule for one in refusals(world, moved)] == ["duplicate"], (
        "the key speaks whatever else changed"
    )
    assert import_file(world.company, content.encode(), now=world.time).imported == 2, (
        "Sage itself says nothing"
    )


def test_a_row_that_is_twice_in_the_file_is_refused(world: World) -> None:
    found = refusals(world, HEADER + KEYED + KEYED.replace("100.00", "90.00") + GOOD + GOOD)
    assert [(one.row, one.reason) for one in found if one.rule == "duplicate"] == [
        (3, "row 2 of this file is the same"),
        (5, "row 4 of this file is the same"),
    ]


def test_a_deleted_transaction_is_no_duplicate(world: World) -> None:
    from sandbox.sage50 import desk

    import_file(world.company, (HEADER + KEYED).encode(), now=world.time)
    desk.delete(world.company, 1)
    world.export()
    assert refusals(world, HEADER + KEYED) == []


def test_an_inactive_account_is_let_through_where_the_setting_says_sage_takes_it(world: World) -> None:
    world.set(inactive_nominals="take")
    world.company.set_setting("inactive_nominal", "take")
    content = HEADER + cells(nominal="4015")
    assert refusals(world, content) == []
    assert import_file(world.company, content.encode(), now=world.time).imported == 1
