"""Posting on a page: what would go and why not, a yes bound to what was shown, and what went wrong in sending."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from mappings_in_force import take_in
from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

from orchestration import posting_approving, posting_run, posting_settling
from orchestration.ledgers.ledger import Allocation, AllocationLine
from orchestration.operations import Operations, OperationsError, PostingPolicy, Step, StoredIntent
from orchestration.operations.database import Database
from orchestration.posting.allocations import allocation_key, text_of
from orchestration.posting.key import build_key
from orchestration.settings import load

DAY = date(2011, 11, 3)
MORNING = datetime.fromisoformat("2011-11-03T09:05")


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


def propose(story: Any, number: str, net: int = 10000, **changed: Any) -> str:
    """A missing invoice at 20% that waits for a person; its key."""
    event = f"pos:S01:1:{number}:{DAY}:1"
    key = str(build_key("DGS", event, "invoice", ordinal=1, revision=1, role="P"))
    row = {
        "posting_key": key, "key_stem": key[:18], "store_id": "S01", "event_id": event, "receipt_no": number,
        "business_date": DAY, "document_date": DAY, "document_kind": "invoice", "ordinal": 1, "revision": 1,
        "role": "P", "remedy": "post_missing", "customer_reference": "TILL01", "gross_pence": net * 6 // 5,
        "net_pence": net, "tax_pence": net // 5, "second_reference": f"S01 {number}", "narrative": "=Till receipt",
        "gate_status": "passed", "writer": "connector", "sync_claim": "none", "may_post": True,
        "expected_period_start": DAY.replace(day=1),
    }  # fmt: skip
    story.add("posting_proposals", **{**row, **changed})
    legs = [("nominal", "4000", "S01", None, 0), ("tax", None, None, 1, net // 5)]
    for place, (kind, nominal, cost_centre, tax_code, tax) in enumerate(legs, start=1):
        story.add(
            "posting_proposal_legs",
            posting_key=key,
            leg_no=place,
            leg_type=kind,
            nominal_code=nominal,
            cost_centre=cost_centre,
            tax_code=tax_code,
            net_pence=net,
            tax_pence=tax,
        )
    return key


def proposing(home: Path, net: int = 10000) -> tuple[Path, list[str]]:
    """A home with two proposals that wait for a person and one that the gate holds; the keys of the two."""
    story = shop()
    story.tables["posting_proposals"].clear()
    keys = [propose(story, "570301", net), propose(story, "570302")]
    propose(story, "570303", gate_status="blocked", blocked_by="NOM-03", may_post=False)
    publish(home, story)
    return home, keys


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Such a home, with mappings and a store of decisions, that no test writes to."""
    folder = tmp_path_factory.mktemp("proposed")
    home, keys = proposing(folder / "home")
    (home / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    take_in(home, folder / "mappings")
    return home, keys


@pytest.fixture
def posting_home(tmp_path: Path, proposed: tuple[Path, list[str]]) -> Callable[[], tuple[Path, list[str]]]:
    """One of its own for a test."""

    def made() -> tuple[Path, list[str]]:
        home, keys = proposed
        return Path(shutil.copytree(home, tmp_path / "home")), keys

    return made


def test_the_funnel_and_the_switch_are_told(home: Path, deciding_home: Path, open_page) -> None:
    page = open_page(deciding_home, "posting")
    assert ":red-badge[! 1 not proven] of 2 documents decided on" in told(page)
    assert "No company is described yet" in told(page)


def test_the_dry_run_tells_what_would_go_and_what_holds_the_rest(posting_home, open_page) -> None:
    home, _ = posting_home()
    page = open_page(home, "posting")
    states = page.table[0].value
    assert states["State"].tolist() == [
        ":blue-badge[≈ Waits for a person]",
        ":gray-badge[? Stopped by the gate]",
    ]
    assert page.selectbox(key="code").options == ["Waits for a person", "Stopped by the gate"]
    assert "narrative =Till receipt" in told(page)
    assert "The outbox is empty" in told(page)


def approve(page: AppTest, act: str = "Approve", name: str = "Fay") -> AppTest:
    page.radio(key="approve act").set_value(act)
    page.text_input(key="approve name").set_value(name)
    page.text_input(key="approve reason").set_value("seen in the dry run")
    return page.button(key="approve button").click().run()


def test_a_yes_is_bound_to_the_digest_that_was_shown(posting_home, open_page) -> None:
    home, keys = posting_home()
    page = open_page(home, "posting")
    page.checkbox(key="all needs_approval").check().run()
    assert "**2 documents** chosen, **£240.00** gross." in told(page)
    page = approve(page)
    assert "2 documents approved" in told(page)
    settings = load(home)
    with Operations.open(settings.operations) as operations:
        given = operations.approvals(keys)
        decisions = {each.posting_key: each for each in posting_run.dry_run(settings, operations)}
        assert {digest for _, digest in given} == {decisions[key].payload_digest for key in keys}
        assert all(decisions[key].goes for key in keys)
        assert {row.approver for row in given.values()} == {"Fay"}


def test_on_a_filed_return_the_page_asks_a_second_person(posting_home, open_page, tmp_path) -> None:
    home, _ = posting_home()
    periods = tmp_path / "vat_periods.csv"
    periods.write_text(
        "company_id,valid_from,valid_to,filed_on,error_limit_pence\nDGS,2011-10-01,2011-12-31,2012-02-07,30000\n"
    )
    with Operations.open(home / "operations.sqlite") as operations:
        operations.import_mappings(periods, "Fin", "filed")
    page = open_page(home, "posting")
    page.checkbox(key="all needs_approval").check().run()
    assert "2 documents approved" in told(approve(page))
    page = open_page(home, "posting")
    assert "Waits for a second person" in page.selectbox(key="code").options
    page.checkbox(key="all needs_second_approval").check().run()
    page = approve(page, name="Gil")
    assert "2 documents approved" in told(page)
    assert "Goes by the next send" in open_page(home, "posting").selectbox(key="code").options
    assert "Box 1 £20.00 · box 6 £100.00 · VAT period 1 Oct 2011 to 31 Dec 2011, filed on 7 Feb 2012" in told(
        page
    )
    filed = next(table.value for table in page.table if "Net error" in table.value)
    assert filed["Period"].tolist() == ["1 Oct 2011 to 31 Dec 2011"] and filed["Limit"].tolist() == [30000]


def test_a_no_keeps_a_document_back(posting_home, open_page) -> None:
    home, keys = posting_home()
    page = open_page(home, "posting")
    page.checkbox(key="all needs_approval").check().run()
    assert "2 documents rejected" in told(approve(page, "Reject"))
    settings = load(home)
    with Operations.open(settings.operations) as operations:
        decisions = {each.posting_key: each.code for each in posting_run.dry_run(settings, operations)}
    assert {decisions[key] for key in keys} == {"rejected"}


def test_what_changed_since_it_was_shown_is_not_approved(posting_home) -> None:
    home, keys = posting_home()
    settings = load(home)
    signed = {"by": "Fay", "reason": "seen"}
    with Operations.open(settings.operations) as operations:
        shown = {
            each.posting_key: each.payload_digest
            for each in posting_run.dry_run(settings, operations)
            if each.posting_key in keys
        }
        proposing(home, net=20000)
        with pytest.raises(OperationsError, match=f"{keys[0]} has changed since it was shown"):
            posting_approving.approve_shown(settings, operations, shown, **signed)
        with pytest.raises(OperationsError, match="is no longer proposed"):
            posting_approving.approve_shown(settings, operations, {"TPGONE": "0" * 64}, **signed)
        blocked = next(
            each for each in posting_run.dry_run(settings, operations) if each.code == "gate_blocked"
        )
        with pytest.raises(OperationsError, match="does not wait for a person"):
            posting_approving.approve_shown(
                settings, operations, {blocked.posting_key: blocked.payload_digest}, **signed
            )
        with pytest.raises(OperationsError, match="at least one"):
            posting_approving.reject_shown(settings, operations, {}, **signed)
        assert operations.approvals(keys) == {}


def test_a_store_is_stopped_and_lifted_from_the_page(posting_home, open_page) -> None:
    home, _ = posting_home()
    page = open_page(home, "posting")
    for act, words in (("Stop", "Posting is stopped for store S01"), ("Lift", "Lifted 1 stop of store S01")):
        page.radio(key="stop act").set_value(act)
        page.selectbox(key="stop store").set_value("S01")
        page.text_input(key="stop name").set_value("Fay")
        page.text_input(key="stop reason").set_value("stock take")
        page = page.button(key="stop button").click().run()
        assert words in told(page)
    assert "No stop is in force." in told(page)


def test_allocations_are_shown_once_there_are_any(posting_home, open_page) -> None:
    home, _ = posting_home()
    assert "Allocations now" not in told(open_page(home, "posting"))
    lines = (AllocationLine("K1", 1001, "invoice", 1200), AllocationLine("K2", 1002, "receipt", 1200))
    text = text_of(Allocation("DGS", "TILL01", DAY, lines))
    intent = StoredIntent(
        posting_key=allocation_key("DGS", "e", 2, 2), company_id="DGS", store_id="S01", event_id="e",
        document_kind="allocation", ordinal=2, revision=2, role="A", remedy="allocate_sale", payload_digest="d",
        state="decided", target_urn=None, publication_number=1, account="TILL01", business_date=DAY,
        writer="tillproof", sync_claim="none", decided_at=MORNING, updated_at=MORNING, gross_pence=1200,
    )  # fmt: skip
    with Operations.open(home / "operations.sqlite") as operations:
        operations.intents.record_many([Step("decide", None, intent, "decide", {})], {"d": text})
        after = replace(intent, state="claimed")
        before = operations.intents.record(Step("claim", intent, after, "poster", {}))
        after = replace(before, state="held", hold_reason="being_undone: TPX is refused")
        operations.intents.record(Step("hold", before, after, "poster", {}))
    page = open_page(home, "posting")
    assert "Allocations now" in told(page) and "The policy no longer allows it" in told(page)
    rows = [each.value for each in page.table if "URNs" in each.value.columns]
    assert rows[0][["State", "URNs", "Gross", "Why"]].to_numpy().tolist() == [
        ["Held", "1001, 1002", "£12.00", "TPX is refused"]
    ]


def given_up(home: Path, key: str) -> None:
    """A document that was sent and never arrived."""
    settings = load(home)
    with Operations.open(settings.operations) as operations:
        shown = next(each for each in posting_run.dry_run(settings, operations) if each.posting_key == key)
        intent = StoredIntent(
            posting_key=key, company_id="DGS", store_id="S01", event_id=shown.proposal.event_id,
            document_kind="invoice", ordinal=1, revision=1, role="P", remedy="post_missing",
            payload_digest=shown.payload_digest, state="decided", target_urn=None, publication_number=1,
            account="TILL01", business_date=DAY, writer="connector", sync_claim="none", decided_at=MORNING,
            updated_at=MORNING, gross_pence=12000,
        )  # fmt: skip
        kept = {shown.payload_digest: shown.proposal.payload.text}
        operations.intents.record_many([Step("decide", None, intent, "decide", {})], kept)
        after = replace(intent, state="unsettled", attempts=3, refusal="sent 3 times and not there")
        operations.intents.record(Step("give_up", operations.intents.get(key), after, "poster", {}))


def settle(page: AppTest, said: str, urn: int = 0) -> AppTest:
    page.radio(key="settle said").set_value(said)
    page.number_input(key="settle urn").set_value(urn)
    page.text_input(key="settle name").set_value("Ian")
    page.text_input(key="settle reason").set_value("looked in Sage")
    return page.button(key="settle button").click().run()


def test_what_no_run_could_settle_is_settled_on_the_page_and_asked_of_sage(
    posting_home, open_page, monkeypatch
) -> None:
    class Empty:
        def find(self, _stem: str) -> list[Any]:
            return []

        find_by_urn = find

    monkeypatch.setattr(posting_settling, "sage_of", lambda _settings: nullcontext(Empty()))
    home, keys = posting_home()
    assert "Say what became of a document" not in [each.label for each in open_page(home, "posting").expander]
    given_up(home, keys[0])
    page = open_page(home, "posting")
    listed = next(table.value for table in page.table if "Reference (our key)" in table.value)
    assert listed[["Account", "Why"]].to_numpy().tolist() == [["TILL01", "sent 3 times and not there"]]
    page = settle(page, "there", 4711)
    assert "Nothing was written: Sage has no document of URN 4711" in told(page)
    page = settle(open_page(home, "posting"), "aside")
    assert f"{keys[0]} is put aside" in told(page)
    page = settle(open_page(home, "posting"), "not_there")
    assert f"{keys[0]} is not in Sage, and may be sent again" in told(page)
    with Operations.open(home / "operations.sqlite") as operations:
        assert operations.intents.get(keys[0]).state == "decided"
        actions = [row["action"] for row in operations.audit_log("DGS") if row["author"] == "Ian"]
    assert actions == ["settle: put aside", "settle: it is not there"]


def test_locks_are_counted_by_account_and_hour(posting_home, open_page) -> None:
    home, keys = posting_home()
    intent = StoredIntent(
        posting_key=keys[0], company_id="DGS", store_id="S01", event_id="e", document_kind="invoice", ordinal=1,
        revision=1, role="P", remedy="post_missing", payload_digest="d", state="decided", target_urn=None,
        publication_number=1, account="TILL01", business_date=DAY, writer="connector", sync_claim="none",
        decided_at=MORNING, updated_at=MORNING,
    )  # fmt: skip
    clock = [MORNING]
    database = Database(f"sqlite:///{(home / 'operations.sqlite').as_posix()}", lambda: clock[0])
    with Operations(database) as operations:
        before = operations.intents.record(Step("decide", None, intent, "decide", {}))
        moves = [("claim", "claimed", 9), ("send", "sending", 9), ("lock", "locked", 9)]
        moves += [("claim", "claimed", 14), ("send", "sending", 14), ("lock", "locked", 14)]
        for event, state, hour in moves:
            clock[0] = MORNING.replace(hour=hour)
            after = replace(before, state=state)
            before = operations.intents.record(Step(event, before, after, "poster", {}))
        found = operations.intents.troubles("DGS")
        assert [(each.account, each.at, each.event, each.times) for each in found] == [
            ("TILL01", MORNING.replace(hour=9, minute=0), "lock", 1),
            ("TILL01", MORNING.replace(hour=14, minute=0), "lock", 1),
        ]
        assert operations.intents.sends("DGS") == {"TILL01": 2}
        assert operations.intents.troubles("OTHER") == []
    page = open_page(home, "posting")
    assert "**Account was locked, tried again**: 1 document" in told(page)
    assert page.table[-1].value["Hour"].tolist() == ["09:00 to 09:59", "14:00 to 14:59"]


def test_what_leaves_is_exactly_what_is_shown(posting_home) -> None:
    home, keys = posting_home()
    settings = load(home)
    with Operations.open(settings.operations) as operations:
        shown = next(
            each for each in posting_run.dry_run(settings, operations) if each.posting_key == keys[0]
        )
    payload = json.loads(shown.proposal.payload.text)
    assert payload["document"]["gross_pence"] == shown.document.gross_pence == 12000


def test_an_order_is_shown_with_its_goods_before_anybody_says_yes(
    tmp_path: Path, proposed: tuple[Path, list[str]], open_page
) -> None:
    home = Path(shutil.copytree(proposed[0], tmp_path / "home"))
    story = shop()
    story.tables["posting_proposals"].clear()
    key = propose(story, "570304", remedy="post_order", writer="tillproof")
    for place, (product, pieces, pence) in enumerate([("MUG", 2500, 6000), (None, 1000, 4000)], start=1001):
        story.add(
            "posting_proposal_legs",
            posting_key=key,
            leg_no=place,
            leg_type="item",
            nominal_code="4000",
            cost_centre="S01",
            tax_code=1,
            net_pence=pence,
            tax_pence=pence // 5,
            sku=product or "GIFTCARD",
            description=product or "Gift card",
            product_code=product,
            warehouse="SHOP-S01",
            is_text=product is None,
            quantity_thousandths=pieces,
        )
    shutil.rmtree(home / "published")
    publish(home, story)
    with Operations.open(load(home).operations) as operations:
        operations.enable_posting("DGS", "Fay", "go")
        allowed = operations.posting_policy("DGS").remedies | {"post_order"}
        operations.set_posting_policy("DGS", PostingPolicy(remedies=allowed), "Fay", "stock is in Sage")
    page = open_page(home, "posting")
    labels = [each.label for each in [*page.expander, *page.checkbox]]
    assert any("£120.00** enter a sales order: invoice for receipt 570304" in label for label in labels)
    lines = next(one.value for one in page.table if "Account" in one.value)
    goods = lines[lines["Line"] == "Goods"]["Account"].str.replace("\\", "")
    assert goods.tolist() == ["2.5 of MUG from SHOP-S01", "1 of Gift card"]
