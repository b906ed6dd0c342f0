"""A missing sale entered as a sales order, over HTTP: once, as the till sold it, and proven when it is invoiced."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from publication import DAY, Publication
from pydantic import SecretStr

from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.operations import PostingPolicy
from orchestration.posting import Pace, Payload, PostingSummary, plan, plan_reversal
from orchestration.posting.orders import waiting_orders
from orchestration.posting_verify import verify_postings
from sandbox.company import SageCompany
from sandbox.server import serving

SEED = Path(__file__).parents[2] / "sandbox" / "seed"
QUICK = Pace(first_wait_s=0.02, longest_wait_s=0.1, looks=2)
ORDERS = PostingPolicy(
    by_itself=frozenset({("tillproof", "post_missing"), ("tillproof", "post_order")}),
    remedies=frozenset({"post_missing", "post_order", "reverse_posting"}),
    canary=False,
)
FAULTS = (
    *(
        "lock",
        "gateway_timeout_after_commit",
        "gateway_timeout_before_commit",
        "lost_reply",
        "error_but_saved",
    ),
    *("ghost_success", "throttled", "server_error", "token_expired"),
)


class Sage:
    """A sandbox with products, a ledger that speaks to it, and the person who works there."""

    def __init__(self, running, client: Sage200Client):
        self.running, self.client, self.ledger = running, client, Sage200Ledger(client)

    def set(self, **settings: str) -> None:
        self._admin("PUT", "settings", settings)

    def invoice(self, day: date | None = None) -> list[int]:
        body = {"invoice_date": day.isoformat() if day else None}
        return self._admin("POST", "invoice_orders", body)["urns"]

    def cancel(self) -> list[int]:
        return self._admin("POST", "cancel_orders", {})["orders"]

    def orders(self) -> list[dict]:
        return [row for page in self.client.read("sop_orders", expand="lines") for row in page]

    def entered(self, key: str) -> int:
        return sum(order["customer_document_no"] == key for order in self.orders())

    def _admin(self, method: str, path: str, body: object) -> dict:
        return self.running.calls.request(
            method, f"{self.running.admin_url}/{path}", json=body
        ).raise_for_status().json()  # fmt: skip


@pytest.fixture(scope="module")
def running_sage(tmp_path_factory) -> Iterator[Sage]:
    home = tmp_path_factory.mktemp("sage")
    seed = home / "seed"
    shutil.copytree(SEED, seed)
    (seed / "products.csv").write_text(
        "code,name,product_group,tax_code\nMUG,Mug,GIFTS,1\nLAMP,Lamp,GIFTS,1\n", encoding="utf-8"
    )
    path = home / "company.sqlite"
    SageCompany.create(path, seed, site_id="site", company_id=1, company_name="Demo").close()
    with serving(path, clock="2011-09-20T18:00:00") as running:
        settings = Sage200Settings(
            base_url=running.base_url,
            token_url=running.token_url,
            client_id=running.client_id,
            client_secret=SecretStr(running.client_secret),
            refresh_token=SecretStr(running.refresh_token),
            site_id=running.site_id,
            company_id=running.company_id,
            token_file=home / "token.json",
            max_attempts=2,
            max_backoff_s=0.1,
            post_timeout_s=5,
            sop_order_numbers="ours",
        )
        with Sage200Client(settings) as client:
            yield Sage(running, client)


@pytest.fixture
def sage(running_sage: Sage, shop) -> Iterator[Sage]:
    """The same, with nothing switched on and no order waiting; the shop posts to it."""
    running_sage.running.faults()
    shop.ledger = running_sage.ledger
    yield running_sage
    running_sage.running.faults()
    running_sage.set(sop_auto_number="false", sop_vat="line", sop_invoice_key="second_reference")
    running_sage.cancel()


def post(shop, publication: Publication, **options) -> PostingSummary:
    return shop.post(publication, **{"pace": QUICK, "policy": ORDERS, **options})


def told(shop, publication: Publication, policy: PostingPolicy = ORDERS) -> list[str]:
    """The code and reason of each document in a dry run."""
    decisions = plan(*publication.tables(), shop.operations, policy=policy, publication_number=1)
    return [decision.reason or decision.code for decision in decisions]


def test_an_order_is_entered_once_waits_as_deferred_and_its_invoice_is_proven(shop, sage):
    publication = Publication()
    key = publication.add_order("O1")
    money = publication.add("O1", "receipt", net=1200)
    first = post(shop, publication)
    assert (first.posts, first.present, first.right, first.errors) == (2, 2, 1, [])
    assert (shop.state(key), shop.state(money)) == ("deferred", "proven")
    (order,) = [one for one in sage.orders() if one["customer_document_no"] == key]
    assert (order["document_no"], order["total_gross_value"]) == (key, 12)
    assert [(line["line_quantity"], line["line_total_value"]) for line in order["lines"]] == [(2, 6), (1, 4)]
    again = post(shop, publication)
    assert (again.posts, shop.state(key)) == (0, "deferred"), "a live order is never a candidate again"
    (urn,) = sage.invoice()
    last = post(shop, publication.without(key, money))
    assert (last.posts, shop.state(key)) == (0, "proven")
    intent = shop.operations.intents.get(key)
    assert (intent.urn, intent.truth_in_nominal, intent.truth_right) == (urn, True, True)
    report = verify_postings(sage.ledger, shop.operations, "DGS")
    assert (report["confirmed"], report["differing"], report["orders_waiting"]) == (2, [], [])
    shop.operations.intents.verify_chain()


@pytest.mark.parametrize("numbers", ["ours", "automatic"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_enters_an_order_twice_or_loses_it(shop, sage, fault, numbers):
    """An automatic number passes over the one that is given: the key must be found all the same."""
    sage.set(sop_auto_number=str(numbers == "automatic").lower())
    publication = Publication()
    keys = [publication.add_order(f"F{FAULTS.index(fault)}{numbers[0]}{number}") for number in range(2)]
    sage.running.faults({"kind": fault, "count": 2, "method": "POST", "account": "TILL01"})
    first = post(shop, publication)
    post(shop, publication)
    post(shop, publication.without())
    assert [sage.entered(key) for key in keys] == [1, 1], (fault, first)
    assert [shop.state(key) for key in keys] == ["deferred", "deferred"]
    sage.invoice()
    post(shop, publication.without())
    assert [shop.state(key) for key in keys] == ["proven", "proven"]
    assert [len(sage.ledger.find(key[:18])) for key in keys] == [1, 1], "the invoice is the order"
    shop.operations.intents.verify_chain()


def test_an_invoice_that_carries_the_number_as_its_reference_is_found_as_well(shop, sage):
    sage.set(sop_invoice_key="reference")
    publication = Publication()
    key = publication.add_order("R1")
    settings = sage.client.settings.model_copy(update={"sop_invoice_key": "reference"})
    with Sage200Client(settings) as client:
        shop.ledger = Sage200Ledger(client)
        post(shop, publication)
        sage.invoice()
        post(shop, publication)
    assert shop.state(key) == "proven"


def test_an_invoice_that_carries_the_number_elsewhere_than_the_setting_says_is_told_and_never_sent_again(
    shop, sage
):
    sage.set(sop_invoice_key="second_reference")
    publication = Publication()
    key = publication.add_order("R2")
    elsewhere = sage.client.settings.model_copy(update={"sop_invoice_key": "reference"})
    with Sage200Client(elsewhere) as client:
        shop.ledger = Sage200Ledger(client)
        post(shop, publication)
        sage.invoice()
        assert (post(shop, publication).posts, shop.state(key)) == (0, "deferred")
        (waiting,) = waiting_orders(shop.ledger, shop.operations, "DGS")
    assert "see sage200.sop_invoice_key" in waiting.told
    (waiting,) = waiting_orders(sage.ledger, shop.operations, "DGS")
    assert waiting.told == "invoiced since: the next send proves it"


def test_a_person_who_invoices_under_another_date_is_told(shop, sage):
    publication = Publication()
    key = publication.add_order("D1")
    post(shop, publication)
    sage.invoice(date(2011, 9, 1))
    post(shop, publication)
    intent = shop.operations.intents.get(key)
    assert intent.state == "wrong" and "date is 2011-09-01, not 2011-02-10" in intent.refusal


def test_an_order_cancelled_in_sage_counts_as_undone_and_is_not_entered_again(shop, sage):
    publication = Publication()
    key = publication.add_order("C1")
    post(shop, publication)
    (decision,) = plan_reversal(
        sage.ledger, shop.operations, [shop.operations.intents.get(key)], publication_number=1
    )
    assert decision.code == "order_not_invoiced" and "Amend Orders" in decision.reason
    assert len(sage.cancel()) == 1
    (waiting,) = waiting_orders(sage.ledger, shop.operations, "DGS")
    assert waiting.told.startswith("cancelled in Sage")
    assert (post(shop, publication).posts, shop.state(key)) == (0, "reversed")
    assert (post(shop, publication.without()).posts, sage.entered(key)) == (0, 1)
    report = verify_postings(sage.ledger, shop.operations, "DGS")
    assert (report["differing"], report["orders_waiting"]) == ([], [])


def test_an_order_cancelled_before_its_lost_reply_was_settled_is_not_entered_again(shop, sage):
    publication = Publication()
    key = publication.add_order("C2")
    sage.running.faults({"kind": "lost_reply", "count": 1, "method": "POST", "resource": "sop_orders"})
    is_cancelled = False

    def meanwhile(seconds: float) -> None:
        nonlocal is_cancelled
        shop.sleep(seconds)
        if not is_cancelled:
            is_cancelled = bool(sage.cancel())

    post(shop, publication, sleep=meanwhile)
    assert is_cancelled and (shop.state(key), sage.entered(key)) == ("reversed", 1)


def test_a_key_whose_order_was_cancelled_before_we_knew_of_it_is_not_sent(shop, sage):
    publication = Publication()
    key = publication.add_order("C3")
    assert sage.ledger.post(Payload.from_text(_text_of(publication)).document).kind == "accepted"
    sage.cancel()
    assert dict(post(shop, publication).held) == {"order_cancelled": 1}
    assert sage.entered(key) == 1


def test_an_order_deleted_in_sage_waits_for_a_person(shop, sage):
    publication = Publication()
    key = publication.add_order("X1")
    post(shop, publication)
    (order,) = [one for one in sage.orders() if one["customer_document_no"] == key]
    company = SageCompany.open(sage.client.settings.token_file.parent / "company.sqlite")
    company.delete_order(order["id"])
    company.close()
    assert (post(shop, publication).posts, shop.state(key)) == (0, "unsettled")
    assert "is there no more" in shop.operations.intents.get(key).refusal
    assert (post(shop, publication).posts, sage.entered(key)) == (0, 0)


def test_a_proven_order_is_undone_by_a_credit_note(shop, sage):
    publication = Publication()
    key = publication.add_order("U1")
    post(shop, publication)
    sage.invoice()
    post(shop, publication)
    (decision,) = plan_reversal(
        sage.ledger, shop.operations, [shop.operations.intents.get(key)], publication_number=1, policy=ORDERS
    )
    assert (decision.document.document_kind, decision.document.order_lines) == ("credit_note", ())
    assert decision.code == "needs_approval", decision.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"product_code": None}, "'A mug' is no one product of Sage"),
        ({"warehouse": None}, "store S01 has no warehouse: name it in stores.csv"),
        ({"net_pence": -600}, "'A mug' is a line below nought"),
        ({"nominal_code": None}, "'A mug' has no account or tax code"),
        ({"net_pence": 601}, "the goods of the order do not come to its invoice on 4000/S01"),
    ],
)
def test_what_an_order_lacks_is_named_in_the_dry_run_and_never_sent(shop, sage, change, words):
    publication = Publication()
    key = publication.add_order("N1")
    publication.legs[key][2] |= change
    (reason,) = told(shop, publication)
    assert reason.startswith("unsound: ") and words in reason
    assert post(shop, publication).posts == 0 and sage.entered(key) == 0


@pytest.mark.parametrize(
    ("goods", "words"),
    [
        ((("VASE", 1, 1000),), "Sage has no product VASE"),
        ((("MUG", 3000, 1000),), "no unit price of 5 decimals comes to that"),
        (
            (("MUG", 1, 502), ("LAMP", 1, 503)),
            "Sage would reckon VAT of 201 pence on tax code 1, the till charged 200",
        ),
    ],
)
def test_what_sage_would_not_take_as_the_till_sold_it_is_held_at_the_send(shop, sage, goods, words):
    publication = Publication()
    key = publication.add_order("H1", *goods)
    if "VAT" in words:
        for leg, tax in zip(publication.legs[key][2:], (100, 100), strict=True):
            leg["tax_pence"] = tax
        publication.legs[key][1]["tax_pence"] = 200
        publication.rows[key] |= {"tax_pence": 200, "gross_pence": 1205}
    summary = post(shop, publication)
    assert (summary.posts, dict(summary.held)) == (0, {"order_not_takeable": 1})
    assert words in shop.operations.intents.get(key).hold_reason


def test_a_warehouse_that_sage_does_not_have_is_named(shop, sage):
    publication = Publication()
    key = publication.add_order("W1")
    for leg in publication.legs[key][2:]:
        leg["warehouse"] = "SHOP-S99"
    post(shop, publication)
    assert "no warehouse SHOP-S99" in shop.operations.intents.get(key).hold_reason


def test_an_order_that_reads_back_as_other_than_sent_is_wrong(shop, sage):
    sage.set(sop_price_decimals="2")
    publication = Publication()
    key = publication.add_order("P1", ("MUG", 3, 1000))
    post(shop, publication)
    sage.set(sop_price_decimals="5")
    intent = shop.operations.intents.get(key)
    assert intent.state == "wrong" and "gross is 1199, not 1200" in intent.refusal
    assert "for 999 pence" in intent.refusal and "for 1000 pence" in intent.refusal


def test_orders_are_off_until_policy_and_installation_allow_them(shop, sage):
    publication = Publication()
    key = publication.add_order("Q1")
    assert told(shop, publication, PostingPolicy()) == [
        "remedy_not_allowed: the policy does not allow post_order"
    ]
    unset = sage.client.settings.model_copy(update={"sop_order_numbers": "unset"})
    with Sage200Client(unset) as client:
        shop.ledger = Sage200Ledger(client)
        summary = post(shop, publication)
    assert dict(summary.held) == {"order_not_takeable": 1} and sage.entered(key) == 0
    assert "sage200.sop_order_numbers is unset" in shop.operations.intents.get(key).hold_reason


def test_an_order_in_doubt_is_never_taken_for_absent_where_orders_are_no_longer_looked_for(shop, sage):
    publication = Publication()
    key = publication.add_order("Q2")
    other = publication.add("Q3")
    sage.running.faults({"kind": "lost_reply", "count": 1, "method": "POST", "resource": "sop_orders"})
    unset = sage.client.settings.model_copy(update={"sop_order_numbers": "unset"})
    with Sage200Client(unset) as blind:
        switched = Sage200Ledger(blind)

        def meanwhile(seconds: float) -> None:
            shop.sleep(seconds)
            if shop.state(key) == "unknown":
                shop.ledger.__dict__["_client"] = switched._client

        shop.ledger = Sage200Ledger(sage.client)
        first = post(shop, publication, sleep=meanwhile)
        assert any("sop_order_numbers" in error for error in first.errors)
        assert (shop.state(key), shop.state(other)) == ("unknown", "proven")
        shop.ledger = switched
        assert post(shop, publication).posts == 0
    shop.ledger = sage.ledger
    assert post(shop, publication).posts == 0
    assert (shop.state(key), sage.entered(key)) == ("deferred", 1)


def test_the_first_order_since_a_mapping_changed_is_proof_enough_once_it_reads_back_as_sent(shop, sage):
    publication = Publication()
    keys = [publication.add_order(f"K{number}") for number in range(3)]
    summary = post(shop, publication, policy=replace(ORDERS, canary=True))
    assert (summary.posts, summary.deferred) == (3, 3)
    assert Counter(shop.state(key) for key in keys) == {"deferred": 3}


def test_an_order_the_connector_entered_for_the_receipt_is_seen(shop, sage):
    publication = Publication()
    key = publication.add_order("77")
    theirs = Payload.from_text(_text_of(publication)).document
    reply = sage.ledger.post(replace(theirs, posting_key="POS-S01-77"))
    assert reply.kind == "accepted" and reply.urn is None
    summary = post(shop, publication)
    assert dict(summary.held) == {"connector_was_first": 1} and sage.entered(key) == 0


def _text_of(publication: Publication) -> str:
    from orchestration.posting import read_proposals

    (proposal,) = read_proposals(*publication.tables())
    return proposal.payload.text


def test_a_payload_without_an_order_is_written_as_it_was_before_there_were_orders():
    publication = Publication()
    publication.add("1")
    assert "order_lines" not in _text_of(publication)
    ordered = Publication()
    ordered.add_order("1")
    assert Payload.from_text(_text_of(ordered)).text == _text_of(ordered)
    assert '"order_lines":[{' in _text_of(ordered) and DAY.isoformat() in _text_of(ordered)


def test_an_order_that_is_invoiced_is_allocated_with_its_money(shop, sage):
    policy = replace(ORDERS, remedies=ORDERS.remedies | {"allocate_sale"})
    publication = Publication()
    keys = [publication.add_order("A1"), publication.add("A1", "receipt", net=1200)]
    assert post(shop, publication, policy=policy).allocated == 0
    sage.invoice()
    assert post(shop, publication.without(*keys), policy=policy).allocated == 1
    found = [posted for key in keys for posted in sage.ledger.find(key[:18])]
    assert [posted.allocated_pence for posted in found] == [1200, 1200]
