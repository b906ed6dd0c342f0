"""What touches a filed VAT return needs two people, adds to its net error, and stops at its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from publication import DAY, Publication

from orchestration.ledgers.ledger import Document, TaxLine
from orchestration.operations import NetError, OperationsError, PostingPolicy, VatReturn
from orchestration.operations.database import migrations
from orchestration.posting import Wanted, approve, chosen, plan, plan_reversal, run_reversal
from orchestration.posting.vat import VatEffect, hold_by_return, vat_effect
from orchestration.posting_policies import policy

QUARTER = date(2011, 1, 1)
HEADING = "company_id,valid_from,valid_to,filed_on,error_limit_pence\n"
FILED = "DGS,2011-01-01,2011-03-31,2011-05-07,"


@pytest.fixture
def publication() -> Publication:
    """Three invoices of £10 and £2 VAT, and the receipt of one, with their tax point in the first quarter."""
    few = Publication()
    for number in range(3):
        few.add(str(number))
    few.add("0", "receipt")
    return few


def file_return(shop, tmp_path: Path, row: str = FILED) -> None:
    """Finance says that the return is filed, by a mapping file."""
    (tmp_path / "vat_periods.csv").write_text(HEADING + row + "\n", encoding="utf-8")
    shop.operations.import_mappings(tmp_path / "vat_periods.csv", "Fin", "filed")


def held(shop, publication: Publication, number: int = 1) -> dict[str, str]:
    """What stays, by key, in words."""
    proposals, legs = publication.tables()
    decisions = plan(proposals, legs, shop.operations, publication_number=number)
    return {one.posting_key: one.reason for one in decisions if not one.goes}


def approve_as(shop, publication: Publication, *names: str) -> None:
    for name in names:
        proposals, legs = publication.tables()
        waiting = [one for one in plan(proposals, legs, shop.operations) if one.code.startswith("needs")]
        approve(shop.operations, waiting, name, "seen")


def limit(shop, pounds: str) -> None:
    policy(shop.operations, "DGS", [f"vat_error_limit={pounds}"], by="Fay", reason="to see")


def invoices(publication: Publication) -> list[str]:
    return sorted(key for key, row in publication.rows.items() if row["document_kind"] == "invoice")


def test_nothing_waits_while_the_return_is_not_filed_and_each_posting_tells_its_boxes(
    shop, publication, tmp_path
):
    file_return(shop, tmp_path, "DGS,2011-01-01,2011-03-31,,")
    assert shop.post(publication).right == 4
    (first, *_), money = invoices(publication), next(k for k in publication.rows if k[15] == "R")
    intent, receipt = shop.operations.intents.get(first), shop.operations.intents.get(money)
    assert (intent.document_date, intent.box_1_pence, intent.box_6_pence) == (DAY, 200, 1000)
    assert (receipt.box_1_pence, receipt.box_6_pence, intent.corrects_return) == (0, 0, None)


def test_what_touches_a_filed_return_needs_two_people_and_money_alone_does_not(shop, publication, tmp_path):
    file_return(shop, tmp_path)
    assert set(held(shop, publication)) == set(invoices(publication))
    approve_as(shop, publication, "Fay")
    words = held(shop, publication)[invoices(publication)[0]]
    assert words == (
        "needs_second_approval: Fay approved it; the VAT return of 2011-01-01 to 2011-03-31 was filed on 2011-05-07, "
        "two people must"
    )
    approve_as(shop, publication, " fay ")
    assert shop.post(publication).right == 1, "the same person again is no second one"
    approve_as(shop, publication, "Gil")
    assert shop.post(publication).right == 3
    errors = shop.operations.net_errors("DGS")
    assert errors == {QUARTER: NetError(600, 0, 0, 3)}
    sent = shop.operations.intents.events(invoices(publication)[0])
    assert [one["detail"]["corrects_return"] for one in sent if one["event"] == "send"] == ["2011-01-01"]


def test_at_its_limit_a_return_takes_no_more_and_says_what_finance_does(shop, publication, tmp_path):
    file_return(shop, tmp_path)
    limit(shop, "4.00")
    approve_as(shop, publication, "Fay", "Gil")
    third = invoices(publication)[2]
    words = held(shop, publication)[third]
    assert words.startswith(
        "return_over_limit: the VAT return of 2011-01-01 to 2011-03-31, filed on 2011-05-07, "
    )
    assert "net error of £6.00, over its limit of £4.00: finance tells HMRC of the error (VAT652" in words
    summary = shop.post(publication)
    assert (summary.right, summary.held) == (3, {"return_over_limit": 1})
    assert set(held(shop, publication.without())) >= {third}, "and the next publication waits too"
    file_return(shop, tmp_path, "DGS,2011-01-01,2011-03-31,2011-05-07,600")
    assert shop.post(publication.without()).right == 1, "a limit of its own, once HMRC was told"


def test_what_makes_the_error_less_still_goes(shop, publication, tmp_path):
    file_return(shop, tmp_path)
    approve_as(shop, publication, "Fay", "Gil")
    shop.post(publication)
    limit(shop, "1.00")
    back = Publication(2)
    back.add("9", "credit_note", net=1000)
    back.add("8", net=500)
    approve_as(shop, back, "Fay", "Gil")
    summary = shop.post(back)
    assert (summary.right, summary.held["return_over_limit"]) == (1, 1)
    assert shop.operations.net_errors("DGS")[QUARTER].settled_pence == 400


def test_the_room_itself_counts_whatever_the_plan_let_through(shop, publication, tmp_path, monkeypatch):
    """Another run may have sent since the plan was made."""
    from orchestration.posting import decisions

    file_return(shop, tmp_path)
    limit(shop, "4.00")
    approve_as(shop, publication, "Fay", "Gil")
    monkeypatch.setattr(decisions, "within_returns", lambda _operations, given, _policy: list(given))
    summary = shop.post(publication)
    assert (summary.right, summary.held) == (3, {"return_over_limit": 1})


def test_a_return_filed_after_the_plan_holds_what_has_not_left(shop, publication, tmp_path):
    summary = shop.post(publication, progress=lambda *_: file_return(shop, tmp_path))
    assert summary.held["needs_approval"], "whoever decided on them did not know"
    told = [shop.operations.intents.get(key) for key in invoices(publication)]
    assert {one.corrects_return for one in told if one.state == "proven"} == {None}


@pytest.mark.parametrize(("limit_pence", "goes"), [(20, True), (19, False)])
def test_a_correction_in_two_steps_counts_what_both_halves_come_to(shop, tmp_path, limit_pence, goes):
    """£1.80 of VAT undone and £2.00 posted are an error of 20p, and go or stay together."""
    file_return(shop, tmp_path)
    allowed = PostingPolicy(
        remedies=frozenset({"reverse_and_repost"}), canary=False, vat_error_limit_pence=limit_pence
    )
    drifted = Publication()
    contra, repost = drifted.add_case("1", 1000, there={"net": 900})

    def planned():
        return {one.posting_key: one for one in plan(*drifted.tables(), shop.operations, policy=allowed)}

    wrong = replace(planned()[contra].document, document_kind="invoice", posting_key="POS-S01-1")
    assert shop.ledger.keep(wrong, user_name="CONNECTOR").urn == 1000
    for name in ("Fay", "Gil"):
        waiting = [one for one in planned().values() if one.code.startswith("needs")]
        assert len(waiting) == 2
        approve(shop.operations, waiting, name, "seen")
    assert {one.code for one in planned().values()} == {"goes" if goes else "return_over_limit"}
    summary = shop.post(drifted, policy=allowed)
    assert (summary.right, shop.state(contra), shop.state(repost)) == (
        (2, "proven", "proven") if goes else (0, "", "")
    )
    assert shop.operations.net_errors("DGS") == ({QUARTER: NetError(20, 0, 0, 2)} if goes else {})


def test_undoing_our_own_posting_of_a_filed_return_needs_two_people_and_takes_its_error_back(
    shop, publication, tmp_path
):
    shop.post(publication)
    file_return(shop, tmp_path)
    mine = chosen(shop.operations, "DGS", Wanted(posting_keys=(invoices(publication)[0],)))

    def planned():
        return plan_reversal(shop.ledger, shop.operations, mine, publication_number=1)

    approve(shop.operations, planned(), "Fay", "seen")
    assert [one.code for one in planned()] == ["needs_second_approval"]
    approve(shop.operations, planned(), "Gil", "seen")
    run_reversal(
        shop.ledger,
        shop.operations,
        planned(),
        company_id="DGS",
        publication_number=1,
        alone=True,
        sleep=shop.sleep,
    )
    assert shop.operations.net_errors("DGS") == {QUARTER: NetError(-200, 0, 0, 1)}


@pytest.mark.parametrize(
    ("error", "more", "code"),
    [
        (NetError(), 1001, "return_over_limit"),
        (NetError(), -1001, "return_over_limit"),
        (NetError(), 1000, None),
        (NetError(settled_pence=900), 101, "return_over_limit"),
        (NetError(settled_pence=900), -1900, None),
        (NetError(settled_pence=500, up_pence=400), 101, "return_over_limit"),
        (
            NetError(settled_pence=500, down_pence=-400),
            501,
            "return_over_limit",
        ),  # what may not come helps nobody
        (NetError(settled_pence=900, down_pence=-1900), -1, "return_over_limit"),
        (NetError(settled_pence=2000), -500, None),
        (NetError(settled_pence=2000), 0, None),
        # as far on the other side is no less
        (NetError(settled_pence=2000), -4000, "return_over_limit"),
    ],
)
def test_the_limit_counts_what_is_there_and_of_what_is_on_its_way_only_what_makes_it_worse(error, more, code):
    of = VatReturn(QUARTER, date(2011, 3, 31), date(2011, 5, 7))
    hold = hold_by_return(PostingPolicy(vat_error_limit_pence=1000), of, error, more)
    assert (hold.code if hold else None) == code


def test_what_is_outside_the_scope_of_vat_is_in_no_box():
    sold = Document(
        "DGS", "K", "credit_note", DAY, "TILL01", None, 1700, 1500, 200, "", "", (),
        (TaxLine(1, 1000, 200), TaxLine(9, 500, 0)),
    )  # fmt: skip
    assert vat_effect(sold, 9) == VatEffect(-200, -1000)
    assert vat_effect(sold, None) == VatEffect(-200, -1500)


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        ("invoice", 1),
        ("bank_receipt", 1),
        ("credit_note", -1),
        ("bank_payment", -1),
        ("receipt", 0),
        ("transfer", 0),
    ],
)
def test_what_comes_in_adds_to_a_return_and_what_goes_out_takes_off(kind, sign):
    document = Document(
        "DGS", "K", kind, DAY, None, "CASH01", 1200, 1000, 200, "", "", (), (TaxLine(1, 1000, 200),)
    )  # fmt: skip
    assert vat_effect(document, None) == VatEffect(sign * 200, sign * 1000)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("DGS,2011-01-01,2011-03-31,2011-03-31,", "is not after the period's last day"),
        ("DGS,2011-01-01,,,", "is not a date"),
        ("DGS,2011-01-01,2011-03-31,,\nDGS,2011-03-01,2011-05-31,,", "would hold twice"),
        ("DGS,2011-01-01,2011-03-31,,1e3", "is not a whole number"),
    ],
)
def test_a_period_that_cannot_be_is_refused_in_words(shop, tmp_path, rows, words):
    with pytest.raises(OperationsError, match=words):
        file_return(shop, tmp_path, rows)
    assert shop.operations.vat_returns("DGS") == []


def test_a_posting_of_before_is_told_its_boxes_by_the_migration(shop, publication):
    """The columns are filled from the payloads."""
    shop.post(publication)
    before = {key: shop.operations.intents.get(key) for key in publication.rows}
    config = migrations()
    with shop.operations._database.engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0012")
        names = {column["name"] for column in sa.inspect(connection).get_columns("intents")}
        assert "box_1_pence" not in names
        command.upgrade(config, "head")
        connection.commit()
    assert {key: shop.operations.intents.get(key) for key in publication.rows} == before
