"""`tillproof decide`: a person names what the machine may not choose, on record, and of true candidates only."""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb
import pyarrow
import pytest
from commands_home import SIGNED

from orchestration.contracts_doc import read_yaml
from orchestration.operations import Operations
from orchestration.publishing import Publications

MARTS = Path(__file__).resolve().parents[2] / "dbt_project" / "models" / "marts"
DAY = datetime(2011, 3, 1).date()  # noqa: DTZ001  clocks here are UTC without a zone
MILK, TEA, PAID = "TPMILK0000000000N011", "TPTEA00000000000N011", "TPPAID0000000000N011"
BREAD = "TPBREAD000000000N011"
SIX, SEVEN = "DGS:sales:6", "DGS:sales:7"


def verdict(key: str | None, verdict: str, **row: object) -> dict[str, object]:
    told = {"document_id": key, "posting_key": key, "company_id": "DGS", "store_id": "S01", "till_id": "2"}
    told |= {"document_date": DAY, "document_kind": "invoice", "event_id": key, "receipt_no": "536365"}
    return told | {"verdict": verdict, "expected_gross_pence": 1200, "expected_tax_pence": 200} | row


def sage(urn: int, **row: object) -> dict[str, object]:
    told = {"ledger_document_id": f"DGS:sales:{urn}", "company_id": "DGS", "urn": urn, "document_date": DAY}
    told |= {"document_kind": "invoice", "gross_pence": 1200, "tax_pence": 200, "reference": "[by hand]"}
    return told | {"user_name": "CLERK"} | row


STORY = {
    "document_verdicts": [
        verdict(MILK, "ambiguous", candidates=f"{SIX},{SEVEN}"),
        verdict(TEA, "ambiguous", candidates=f"{SIX},{SEVEN}"),
        verdict(BREAD, "ambiguous", candidates=f"{SIX},{SEVEN}", reason="several_sums_fit"),
        verdict(PAID, "matched"),
        verdict(None, "ambiguous", document_id=SIX, ledger_document_id=SIX, candidates=f"{MILK},{TEA}"),
    ],
    "receipts": [
        {"event_id": MILK, "company_id": "DGS", "sold_at_local": datetime(2011, 3, 1, 9, 30)}  # noqa: DTZ001
    ],
    "ledger_documents": [sage(7), sage(6, user_name="MANAGER", second_reference="TILL 2"), sage(8)],
    "match_decisions": [],
}


@cache
def promised(model: str) -> dict[str, str]:
    """Column -> type of a published model, from the contract beside it."""
    (told,) = read_yaml(MARTS / f"{model}.yml")["models"]
    return {column["name"]: column["data_type"] for column in told["columns"]}


def publish(home: Path, story: dict[str, list[dict[str, object]]]) -> None:
    """Publish a story in the columns that the models promise."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema exceptions")
        connection.execute("create table exceptions.posting_proposals (is_connector_still_trying boolean)")
        for model, rows in story.items():
            columns = promised(model)
            made = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table marts.{model} ({made})")
            if rows:
                given = pyarrow.Table.from_pylist([dict.fromkeys(columns) | row for row in rows])
                connection.register("given", given)
                connection.execute(f"insert into marts.{model} by name select * from given")
        Publications(home / "published").publish(
            connection,
            {model: f"marts.{model}" for model in story},
            pass_number=1,
            as_of=datetime(2011, 3, 2, 20),  # noqa: DTZ001
            seconds={},
        )


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The story as publication 1, which no test writes to."""
    home = tmp_path_factory.mktemp("published")
    publish(home, STORY)
    return home / "published"


@pytest.fixture
def store(home, published):
    shutil.copytree(published, home / "published")
    with Operations.open(home / "operations.sqlite") as operations:
        yield operations


def refused(result) -> str:
    assert result.exit_code == 2, result.output
    return " ".join(result.stderr.split())


def landed(store: Operations) -> list[tuple[str, str | None, str]]:
    rows = store.landed_tables()["match_decisions"].to_pylist()
    return [(row["posting_key"], row["ledger_document_id"], row["candidates"]) for row in rows]


def test_the_list_shows_both_sides_of_each_choice(told, tillproof, store):
    report = told("decide")
    assert [row["posting_key"] for row in report["ambiguous"]][:1] == [MILK]
    assert (len(report["ambiguous"]), report["decisions"]) == (3, [])
    milk = report["ambiguous"][0]
    assert (milk["gross_pence"], milk["gross"], milk["tax"]) == (1200, "12.00", "2.00")
    assert milk["document_date"] == "2011-03-01" and milk["sold_at_local"] == "2011-03-01T09:30:00"
    assert TEA in milk["rivals"] and MILK not in milk["rivals"]
    assert [(row["ledger_document_id"], row["user_name"]) for row in milk["candidates"]] == [
        (SIX, "MANAGER"),
        (SEVEN, "CLERK"),
    ]
    words = tillproof("decide").stdout
    for part in (MILK, TEA, SIX, SEVEN, "£12.00", "09:30", "3 documents at the tills", "2 documents in Sage"):
        assert part in " ".join(words.split()), part
    assert "A copy at the till" not in words
    assert [row["posting_key"] for row in told("decide", TEA)["ambiguous"]] == [TEA]


def test_a_choice_is_kept_with_who_why_and_what_was_looked_at(told, store):
    report = told("decide", MILK.lower(), "--ledger-document", SIX, *SIGNED)
    assert report["done"] == f"Decided: {MILK} is {SIX}. The next `tillproof run` uses it."
    told("decide", TEA, "--none", *SIGNED)
    assert landed(store) == [(MILK, SIX, f"{SIX},{SEVEN}"), (TEA, None, f"{SIX},{SEVEN}")]
    entry = store.audit_log("DGS")[0]
    assert (entry["action"], entry["author"], entry["reason"]) == (
        "decide match",
        "Fay Finance",
        "go live [agreed]",
    )
    waiting = {row["posting_key"]: row["state"] for row in told("decide")["decisions"]}
    assert waiting == {MILK: "waits_for_a_pass", TEA: "waits_for_a_pass"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            [MILK, "--ledger-document", "DGS:sales:8"],
            f"is no candidate of {MILK}; its candidates: {SIX}, {SEVEN}",
        ),
        ([BREAD, "--ledger-document", SIX], "one document for several receipts"),
        ([PAID, "--none"], f"{PAID} is matched, not ambiguous: there is nothing to decide"),
        ([PAID, "--ledger-document", SIX], "is matched, not ambiguous"),
        (["TPNOBODY", "--none"], "publication 1 has no expected document TPNOBODY"),
        ([SIX, "--none"], "has no expected document"),
        ([MILK, "--none", "--ledger-document", SIX], "say one of --ledger-document ID, --none and --revoke"),
        ([MILK], "say one of --ledger-document ID, --none and --revoke"),
        (["--none"], "name the document"),
        ([MILK, "--revoke"], f"nobody has decided {MILK}: there is nothing to revoke"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_words_and_nothing_is_kept(tillproof, store, arguments, words):
    assert words in refused(tillproof("decide", *arguments, *SIGNED))
    assert (landed(store), store.audit_log("DGS")) == ([], [])


def test_nothing_is_decided_without_a_name_and_a_reason(tillproof, store):
    for choice in (["--none"], ["--ledger-document", SIX], ["--revoke"]):
        assert "--by NAME --reason TEXT" in refused(tillproof("decide", MILK, *choice, "--by", "Fay"))
    assert landed(store) == []


def test_a_word_is_taken_back_before_another_is_given(told, tillproof, store):
    told("decide", MILK, "--ledger-document", SIX, *SIGNED)
    way_out = f"tillproof decide {MILK} --revoke --by NAME --reason TEXT"
    assert way_out in refused(tillproof("decide", MILK, "--none", *SIGNED))
    assert way_out in refused(tillproof("decide", TEA, "--ledger-document", SIX, *SIGNED))
    report = told("decide", MILK, "--revoke", "--by", "Ann", "--reason", "wrong roll")
    assert f"Fay Finance had decided that {MILK} is {SIX}" in report["done"]
    assert landed(store) == []
    told("decide", TEA, "--ledger-document", SIX, *SIGNED)
    assert [row["action"] for row in store.audit_log("DGS")] == [
        "decide match",
        "revoke match",
        "decide match",
    ]


def test_what_was_decided_is_told_as_used_or_lapsed_once_a_pass_has_judged_it(told, tillproof, home, store):
    told("decide", MILK, "--ledger-document", SIX, *SIGNED)
    told("decide", TEA, "--none", *SIGNED)
    known = {"company_id": "DGS", "decided_by": "Fay Finance", "reason": "go live [agreed]"}
    judged = [
        known | {"posting_key": MILK, "ledger_document_id": SIX, "is_in_force": True},
        known | {"posting_key": TEA, "is_in_force": False, "lapsed_because": "new_candidate"},
    ]
    verdicts = [verdict(MILK, "matched"), verdict(TEA, "ambiguous", candidates=f"{SEVEN},DGS:sales:8")]
    publish(home, STORY | {"document_verdicts": verdicts, "match_decisions": judged})
    assert {row["posting_key"]: row["state"] for row in told("decide")["decisions"]} == {
        MILK: "used",
        TEA: "lapsed",
    }
    words = " ".join(tillproof("decide").stdout.split())
    assert "Sage has a candidate that was not there then" in words and MILK not in words
    assert f"decide {MILK} --revoke" in refused(tillproof("decide", MILK, "--none", *SIGNED))


def test_before_anything_is_published_there_is_a_clear_end(tillproof):
    assert "tillproof run" in refused(tillproof("decide"))
