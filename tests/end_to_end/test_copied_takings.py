"""A day's takings through a clearing bank are in Sage twice: each copy is undone by its opposite, to the penny."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from traded_house import FROM, House, Receipt, built, mappings_of

from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.operations import Operations, PostingPolicy
from orchestration.posting import Payload
from orchestration.posting_report import post
from orchestration.posting_verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]
MAPPINGS = {
    **mappings_of(["S04"]),
    "store_grains": "company_id,store_id,grain,recipe,clearing_bank_code,valid_from,valid_to\n"
    f"DGS,S04,store_day,takings_clearing,CLEAR04,{FROM}",
}
DAY: list[Receipt] = [
    (
        "1", "1001", "SALE", "2011-02-10 10:00:00",
        [("MUG", 1003, "S"), ("BOOK", 750, "S"), ("BOOK", 425, "Z")], [("CASH", 1000), ("CARD", 1528)],
    ),
    ("1", "1002", "REFUND", "2011-02-10 11:00:00", [("MUG", -500, "S")], [("CASH", -600)]),
]  # fmt: skip
KINDS = {"bank_receipt": 1, "bank_payment": 1, "transfer": 3}
BOOKS = """
    select lines.nominal_code, sum(lines.debit_pence - lines.credit_pence)
    from ledger_lines as lines inner join ledger_documents as documents using (ledger_document_id)
    where documents.mark is not null group by 1 having sum(lines.debit_pence - lines.credit_pence) <> 0 order by 1"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The day was posted, and then every document of it once more."""
    with built(tmp_path_factory.mktemp("copied"), ["S04"], MAPPINGS, PostingPolicy(canary=False)) as made:
        made.deliver(*DAY)
        made.judge()
        assert made.send().right == 5
        made.judge()
        made.books_before = made.rows(BOOKS)  # type: ignore[attr-defined]
        with (
            Operations.open(made.settings.operations) as operations,
            Sage200Client(made.settings.sage200_at_home()) as client,
        ):
            for intent in operations.intents.in_states(["proven"], "DGS"):
                payload = Payload.from_text(operations.intents.payload(intent.payload_digest))
                assert Sage200Ledger(client).post(payload.document).kind == "accepted"
        made.judge()
        yield made


def test_each_copy_is_named_and_its_opposite_is_proposed_and_waits_for_a_person(house: House) -> None:
    copies = house.rows(
        "select document_kind, reason from document_verdicts where verdict = 'duplicate_in_ledger'"
    )
    assert Counter(kind for kind, _ in copies) == KINDS and {reason for _, reason in copies} == {
        "posted_twice"
    }
    held = [row for row in post(house.settings)["held"] if row["remedy"] == "reverse_duplicate"]
    assert {row["code"] for row in held} == {"needs_approval"}
    opposite = Counter(row["document_kind"] for row in held)
    assert opposite == {"bank_payment": 1, "bank_receipt": 1, "transfer": 3}
    (payment,) = [row for row in held if row["document_kind"] == "bank_payment"]
    # what was sold under two accounts and two codes: each comes out whole, whichever went with which
    assert payment["gross_pence"] == 2528 and payment["tax_pence"] == 350
    by_account: Counter[str] = Counter()
    for code, _, _, net in payment["nominal_lines"]:
        by_account[code] += net
    by_code: Counter[int] = Counter()
    for code, net, tax in payment["tax_lines"]:
        by_code[code] += net
        by_code[100 + code] += tax
    assert by_account == {"4000": 1003, "4010": 1175}
    assert by_code == {1: 1753, 101: 350, 2: 425, 102: 0}
    banks = {(row["bank"], row["gross_pence"]) for row in held if row["document_kind"] == "transfer"}
    # back out of the tender's bank, and back into it
    assert banks == {("CASH04", 1000), ("CARD04", 1528), ("CLEAR04", 600)}


def test_the_copies_are_undone_and_the_books_are_as_they_were(house: House) -> None:
    assert post(house.settings, approver="Fay", reason="posted twice")["approved"] == 5
    summary = house.send()
    assert (summary.posts, summary.right, summary.errors) == (5, 5, [])
    house.judge()
    reversed_ = house.rows(
        "select reason, count(*) from document_verdicts where verdict = 'reversed' group by 1"
    )
    assert dict(reversed_) == {"contra": 5, "reversed": 5}
    assert house.rows("select count(*) from exceptions where status = 'open'") == [(0,)]
    assert house.rows("select distinct amount_pence from bridge_lines where line_kind = 'residual'") == [(0,)]
    assert {row[0] for row in house.rows("select balance_pence from till_customer_balances")} == {0}
    assert house.planned() == {} and house.send().posts == 0
    # the sandbox puts the VAT of a bank payment on input VAT: what is due, the two together, is as it was
    one_vat = {"2201": "2200"}
    before, after = Counter(), Counter()
    for books, rows in ((before, house.books_before), (after, house.rows(BOOKS))):  # type: ignore[attr-defined]
        for account, pence in rows:
            books[one_vat.get(account, account)] += pence
    assert after == before
    assert verify(house.settings, offline=False)["confirmed"] == 10


def test_verify_knows_both_copies_and_what_undid_one(house: House) -> None:
    report = verify(house.settings, offline=False)
    assert {tuple(row["differences"]) for row in report["differing"]} == {("Sage holds 2 copies",)}
