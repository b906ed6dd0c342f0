"""A day's summary is frozen when it is decided, goes as it was decided, and never beside what was sent otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from publication import DAY, Publication

from orchestration.operations import OperationsError, PostingPolicy
from orchestration.posting import plan
from orchestration.posting.states import LIVE, REPLACEABLE
from orchestration.posting.tranches import UNSENT
from orchestration.tranches import FOLDER, NO_MEMBERS, MembersUnknownError, Tranches, altered


class Death(BaseException):
    """The process is gone."""


def event(number: int = 1, store_id: str = "S01") -> str:
    return f"tranche:{store_id}::{DAY}:{number}"


def summary(number: int = 1, tranche: int = 1, known: str = "", **nets: int) -> Publication:
    """A publication that proposes one summary of S01: net pence of each kind of document."""
    publication = Publication(number)
    for kind, net in (nets or {"invoice": 1000, "receipt": 1200}).items():
        add(publication, kind, net, tranche=tranche, known=known)
    return publication


def add(publication: Publication, kind: str, net: int, tranche: int = 1, known: str = "") -> str:
    return publication.add(
        "",
        kind,
        net=net,
        event_id=event(tranche),
        members_digest=f"{kind}-{net}",
        known_postings=known or None,
    )


def members(publication: Publication, landing) -> Tranches:
    """What its summaries stand for: one receipt each is enough here."""
    rows = [
        dict.fromkeys(NO_MEMBERS.column_names)
        | {
            "tranche_key": key,
            "event_id": row["event_id"],
            "net_pence": row["net_pence"],
            "tax_pence": row["tax_pence"],
            "members_digest": row["members_digest"],
            "tranche_state": "next",
        }
        for key, row in publication.rows.items()
        if row["members_digest"]
    ]
    return Tranches(landing, pa.Table.from_pylist(rows, NO_MEMBERS.schema))


def post(shop, publication: Publication, landing, **options: Any):
    return shop.post(publication, members=members(publication, landing), **options)


def key_of(publication: Publication, kind: str) -> str:
    return next(key for key, row in publication.rows.items() if row["document_kind"] == kind)


def held(shop, publication: Publication) -> dict[str, str]:
    """The code of each hold of a dry run, by kind."""
    decisions = plan(*publication.tables(), shop.operations, publication_number=publication.number)
    return {one.proposal.document_kind: one.code for one in decisions}


def test_a_summary_is_posted_once_and_its_members_are_kept_in_a_file_named_by_its_digest(shop, tmp_path):
    publication = summary()
    assert post(shop, publication, tmp_path).right == 2
    assert post(shop, publication, tmp_path).posts == 0
    assert len(list((tmp_path / FOLDER).iterdir())) == 1 and altered(tmp_path) == []
    digests = shop.operations.landed_tables()["intents"].column("members_digest").to_pylist()
    assert sorted(digests) == ["invoice-1000", "receipt-1200"]
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_bytes(file.read_bytes() + b" ")
    assert altered(tmp_path) == [file.name]


def test_death_between_the_file_and_the_intents_is_harmless(shop, tmp_path, monkeypatch):
    publication = summary()

    def die(*_: object) -> None:
        raise Death

    with monkeypatch.context() as patch:
        patch.setattr(shop.operations.intents, "record_many", die)
        with pytest.raises(Death):
            post(shop, publication, tmp_path)
    assert len(list((tmp_path / FOLDER).iterdir())) == 1, "the file is there"
    assert shop.operations.landed_tables()["intents"].num_rows == 0, "and nothing names it"
    assert post(shop, publication, tmp_path).right == 2
    assert len(list((tmp_path / FOLDER).iterdir())) == 1
    assert len(shop.ledger.posts) == 2


def test_nothing_is_decided_whose_members_are_not_known(shop, tmp_path):
    publication = summary()
    with pytest.raises(OperationsError, match="nothing keeps what they stand for"):
        shop.post(publication)
    with pytest.raises(MembersUnknownError, match="does not say"):
        shop.post(publication, members=Tranches(tmp_path, NO_MEMBERS))
    assert shop.ledger.posts == [] and shop.operations.landed_tables()["intents"].num_rows == 0


def test_a_begun_summary_goes_on_as_it_was_decided_whatever_is_proposed_since(shop, tmp_path):
    first = summary()
    post(shop, first, tmp_path, max_posts=1)
    assert len(shop.ledger.posts) == 1
    later = summary(2, invoice=1500, receipt=1800, credit_note=500)
    assert held(shop, later)["credit_note"] == "summary_begun"
    post(shop, later, tmp_path)
    assert sorted(document.gross_pence for document in shop.ledger.posts) == [1200, 1200]
    assert {shop.state(key) for key in first.rows} == {"proven"}
    assert shop.state(key_of(later, "credit_note")) == ""


def test_what_a_begun_summary_owes_is_not_cancelled_when_nobody_proposes_it(shop, tmp_path):
    first = summary()
    post(shop, first, tmp_path, max_posts=1)
    shop.post(Publication(2))
    assert {shop.state(key) for key in first.rows} == {"proven"} and len(shop.ledger.posts) == 2


def test_a_document_that_may_not_go_yet_is_decided_with_its_summary_and_held(shop, tmp_path):
    publication = summary(invoice=1000, receipt=99_999)
    limited = PostingPolicy(document_limit_pence=50_000)
    post(shop, publication, tmp_path, policy=limited)
    assert shop.state(key_of(publication, "receipt")) == "held"
    assert shop.state(key_of(publication, "invoice")) == "proven"
    shop.post(Publication(2))
    assert shop.state(key_of(publication, "receipt")) == "proven", "it was owed, and the limit is gone"


def test_a_summary_of_which_nothing_was_sent_is_decided_anew_or_withdrawn(shop, tmp_path):
    shop.operations.stop_store("DGS", "S01", "quiet", "Fay")
    first = summary()
    post(shop, first, tmp_path)
    assert {shop.state(key) for key in first.rows} == {""}, "held before anything was decided leaves no row"
    shop.operations.lift_stop("DGS", "S01", "Fay", "go on")
    shop.ledger.faults[key_of(first, "invoice")] = ["refuse"]
    shop.ledger.faults[key_of(first, "receipt")] = ["refuse"]
    post(shop, first, tmp_path)
    anew = summary(2, invoice=1500, receipt=1800)
    assert post(shop, anew, tmp_path).right == 2
    assert sorted(document.gross_pence for document in shop.ledger.documents) == [1800, 1800]


def test_a_publication_that_does_not_know_what_was_sent_of_a_day_posts_nothing_of_it(shop, tmp_path):
    first = summary()
    post(shop, first, tmp_path)
    sent = ",".join(sorted(first.rows))
    blind, aware = (summary(2, tranche=2, known=known, invoice=300) for known in ("", sent))
    assert held(shop, blind) == {"invoice": "summary_begun"}
    assert held(shop, aware) == {"invoice": "goes"}
    for known, code in ((None, "summary_begun"), (sent, "goes")):
        by_receipt = Publication(2)
        by_receipt.add("1001", known_postings=known)
        by_receipt.add("1002", store_id="S02", writer="connector")
        assert held_by_store(shop, by_receipt) == {"S01": code, "S02": "needs_approval"}


def test_a_repost_that_is_owed_goes_although_its_day_has_a_summary(shop, tmp_path):
    post(shop, summary(), tmp_path)
    following = Publication(2)
    contra, repost = following.add_case("1001", 77)
    decisions = plan(*following.tables(), shop.operations, publication_number=2)
    codes = {one.posting_key: one.code for one in decisions}
    assert "summary_begun" not in codes.values() and set(codes) == {contra, repost}


def held_by_store(shop, publication: Publication) -> dict[str, str]:
    decisions = plan(*publication.tables(), shop.operations, publication_number=publication.number)
    return {one.proposal.store_id: one.code for one in decisions}


def test_a_summary_does_not_go_beside_receipts_of_its_day_that_were_sent_by_themselves(shop, tmp_path):
    by_receipt = Publication(1)
    key = by_receipt.add("1001")
    shop.post(by_receipt)
    assert held(shop, summary(2)) == {"invoice": "summary_begun", "receipt": "summary_begun"}
    assert held(shop, summary(2, known=key)) == {"invoice": "goes", "receipt": "goes"}


def test_a_summary_is_held_where_the_connector_posted_a_receipt_of_its_day_since(shop, tmp_path):
    first = summary()
    seen = 1
    by_connector = Publication(1)
    by_connector.add("1001")
    (document,) = [one.proposal.payload.document for one in plan(*by_connector.tables(), shop.operations)]
    shop.ledger.keep(replace(document, posting_key="POS-S01-1001"))
    summed = post(shop, first, tmp_path, seen_urn=seen)
    assert summed.posts == 0
    assert {shop.operations.intents.get(key).hold_reason.split(":")[0] for key in first.rows} == {
        "connector_was_first"
    }


def test_the_models_and_the_poster_mean_the_same_by_nothing_was_sent():
    macro = (Path(__file__).parents[2] / "dbt_project" / "macros" / "tranches.sql").read_text("utf-8")
    listed = macro.split("unsent_states() %}(")[1].split(")")[0]
    states = {name.strip(" '") for name in listed.split(",")}
    assert states - {"superseded"} == {*UNSENT, "cancelled"} == REPLACEABLE - LIVE
