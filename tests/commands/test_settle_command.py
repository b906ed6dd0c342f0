"""`tillproof posting settle`: a person says what became of a document that no run could settle, and Sage is asked."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest

from orchestration import posting_settling
from orchestration.ledgers.ledger import (
    Document,
    LedgerUnavailableError,
    NominalLine,
    Period,
    PostedDocument,
    PostedNominalLine,
    TaxLine,
)
from orchestration.operations import Operations, Step, StoredIntent
from orchestration.posting import Payload
from orchestration.posting.key import build_key
from orchestration.posting_run import alone

DAY = date(2011, 2, 10)
EVENT = "pos:S01:1:1001:2011-02-10:1"
KEY = build_key("DGS", EVENT, "invoice", ordinal=1, revision=1, role="P")
SIGNED = ("--by", "Ian", "--reason", "looked in Sage")
DOCUMENT = Document(
    "DGS", KEY, "invoice", DAY, "TILL01", None, 1200, 1000, 200, "S01 1001", "Till receipt 1001",
    (NominalLine("4000", "S01", "", 1000),), (TaxLine(1, 1000, 200),),
)  # fmt: skip


class Books:
    """As much of a Sage as this asks of one."""

    def __init__(self) -> None:
        self.documents: list[PostedDocument] = []

    def find(self, stem: str) -> list[PostedDocument]:
        return [one for one in self.documents if one.reference.startswith(stem)]

    def find_by_urn(self, urn: int) -> list[PostedDocument]:
        return [one for one in self.documents if one.urn == urn]

    def keep(self, urn: int, reference: str, gross_pence: int = 1200) -> None:
        self.documents.append(
            PostedDocument(
                urn, reference, "invoice", DAY, gross_pence, 200, "TILL01", None, second_reference="",
                net_pence=1000, user_name="MARY", is_in_nominal=True, period=Period(date(2011, 1, 1), 2),
                nominal_lines=(
                    PostedNominalLine("4000", "S01", "", -1000), PostedNominalLine("2200", "", "", -200),
                    PostedNominalLine("1100", "", "", 1200),
                ),
                tax_lines=DOCUMENT.tax_lines,
            )
        )  # fmt: skip


@pytest.fixture
def sage(monkeypatch) -> Books:
    books = Books()

    @contextmanager
    def asked(_settings):
        yield books

    monkeypatch.setattr(posting_settling, "sage_of", asked)
    return books


@pytest.fixture
def store(home, described):
    with Operations.open(home / "operations.sqlite") as operations:
        yield operations


@pytest.fixture
def given_up(store):
    """A store with one document that was sent and never arrived."""
    payload = Payload(DOCUMENT, "post_missing", "P", None, DAY.replace(day=1))
    decided = StoredIntent(
        posting_key=KEY, company_id="DGS", store_id="S01", event_id=EVENT, document_kind="invoice", ordinal=1,
        revision=1, role="P", remedy="post_missing", payload_digest=payload.digest, state="decided", target_urn=None,
        publication_number=1, account="TILL01", business_date=DAY, writer="tillproof", sync_claim="none",
        decided_at=store.now(), updated_at=store.now(), gross_pence=1200,
    )  # fmt: skip
    store.intents.record_many([Step("decide", None, decided, "decide", {})], {payload.digest: payload.text})
    after = replace(
        decided, state="unsettled", attempts=3, truth_sent=True, refusal="sent 3 times and not there"
    )
    store.intents.record(Step("give_up", store.intents.get(KEY), after, "poster", {}))
    return store


def words_of(result) -> str:
    return " ".join((result.stderr or result.stdout).split())


def test_what_waits_is_listed_as_it_is_found_in_sage(told, tillproof, store, request):
    assert "Nothing waits for a person" in tillproof("posting", "settle").stdout
    request.getfixturevalue("given_up")
    (row,) = told("posting", "settle")["to_settle"]
    assert (row["posting_key"], row["account"], row["gross_pence"], row["document_date"]) == (
        KEY,
        "TILL01",
        1200,
        "2011-02-10",
    )
    listed = words_of(tillproof("posting", "settle"))
    assert f"{KEY} invoice of 2011-02-10, account TILL01, £12.00, second reference S01 1001" in listed
    assert "--there URN" in listed and "--not-there" in listed and "--aside" in listed


def test_each_word_is_taken_kept_and_told(told, given_up, sage):
    assert "may be sent again" in told("posting", "settle", KEY, "--not-there", *SIGNED)["done"]
    assert given_up.intents.get(KEY).state == "decided"


def test_what_is_there_is_read_back_and_told_with_its_reference(told, given_up, sage):
    sage.keep(4711, "HAND-1")
    done = told("posting", "settle", KEY.lower(), "--there", 4711, *SIGNED)["done"]
    assert done == f"{KEY} is URN 4711 under the reference HAND-1, read back and exactly as it was to be."
    assert given_up.intents.get(KEY).state == "proven"
    assert given_up.audit_log("DGS")[-1]["action"] == "settle: it is there"


def test_what_is_put_aside_asks_no_sage_and_is_listed_apart(told, tillproof, given_up, monkeypatch):
    monkeypatch.setattr(posting_settling, "sage_of", None)
    assert "put aside" in told("posting", "settle", KEY, "--aside", *SIGNED)["done"]
    listed = words_of(tillproof("posting", "settle"))
    assert "Nothing waits for a person" in listed and f"put aside {KEY}" in listed
    assert "(looked in Sage)" in listed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((KEY,), "say one of --there URN, --not-there and --aside"),
        ((KEY, "--not-there", "--aside"), "say one of --there URN, --not-there and --aside"),
        (("--aside", *SIGNED), "name the document"),
        ((KEY, "--aside", "--by", "Ian"), "--by NAME --reason TEXT"),
        ((KEY, "--aside", "--by", "Tillproof", "--reason", "x"), "sign with your own name"),
        ((KEY, "--there", "0", *SIGNED), "'0' is no URN"),
        ((KEY, "--there", "-5", *SIGNED), "'-5' is no URN"),
        ((KEY, "--there", str(2**70), *SIGNED), "is no URN"),
        ((KEY, "--there", "abc", *SIGNED), "Invalid value for '--there'"),
        ((KEY, "--there", "4712", *SIGNED), "Sage has no document of URN 4712"),
        (("TPNONSENSE", "--not-there", *SIGNED), "TPNONSENSE is not the key of a posting of DGS"),
    ],
)
def test_what_cannot_be_is_a_clear_end_and_changes_nothing(tillproof, given_up, sage, arguments, words):
    result = tillproof("posting", "settle", *arguments)
    assert result.exit_code == 2 and words in words_of(result), result.stderr
    assert given_up.intents.get(KEY).state == "unsettled"


def test_a_document_that_is_another_is_told_by_how_it_differs(tillproof, given_up, sage):
    sage.keep(4711, "HAND-1", gross_pence=1201)
    result = tillproof("posting", "settle", KEY, "--there", "4711", *SIGNED)
    assert result.exit_code == 2
    assert "URN 4711 is not what was to be sent: gross is 1201, not 1200" in words_of(result)


def test_a_sage_that_does_not_answer_proves_nothing(tillproof, given_up, monkeypatch):
    @contextmanager
    def silent(_settings):
        raise LedgerUnavailableError("Sage names no company")
        yield

    monkeypatch.setattr(posting_settling, "sage_of", silent)
    for said in (("--not-there",), ("--there", "4711")):
        result = tillproof("posting", "settle", KEY, *said, *SIGNED)
        assert result.exit_code == 2 and "Sage could not be asked" in words_of(result)
    assert given_up.intents.get(KEY).state == "unsettled"


def test_while_something_is_posted_nobody_settles(tillproof, given_up, sage, home):
    with alone(home):
        result = tillproof("posting", "settle", KEY, "--aside", *SIGNED)
    assert result.exit_code == 2 and "wait until it has ended" in words_of(result)


def test_on_sage_50_a_file_is_released_instead(tillproof, given_up, sage, folder):
    companies = (folder / "companies.csv").read_text().replace("sage200", "sage50")
    (folder / "companies.csv").write_text(companies)
    given_up.import_mappings(folder / "companies.csv", "Ann", "we moved")
    result = tillproof("posting", "settle", KEY, "--not-there", *SIGNED)
    assert result.exit_code == 2 and "tillproof sage50 release" in words_of(result)
