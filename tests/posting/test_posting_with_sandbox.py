"""The same promises over real HTTP, against a Sage 200 that keeps real books and goes wrong on purpose."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from publication import DAY, Publication
from pydantic import SecretStr

from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.posting import Pace, Payload, PostingPolicy, Wanted, plan
from orchestration.posting.poster import Poster
from orchestration.posting_report import reverse
from orchestration.posting_verify import verify
from orchestration.settings import Settings, load
from sandbox.company import SageCompany
from sandbox.server import serving

SEED = Path(__file__).parents[2] / "sandbox" / "seed"
QUICK = Pace(first_wait_s=0.02, longest_wait_s=0.1, looks=2)
FAULTS = (
    "lock",
    "gateway_timeout_after_commit",
    "gateway_timeout_before_commit",
    "lost_reply",
    "error_but_saved",
    "ghost_success",
    "throttled",
    "server_error",
    "token_expired",
    "to_suspense",
    "deferred",
)


@pytest.fixture(scope="module")
def sage(tmp_path_factory):
    """A running sandbox and a ledger that speaks to it."""
    home = tmp_path_factory.mktemp("sage")
    path = home / "company.sqlite"
    SageCompany.create(path, SEED, site_id="site", company_id=1, company_name="Demo").close()
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
        )
        with Sage200Client(settings) as client:
            yield running, Sage200Ledger(client)


def home_of(sage, shop, folder: Path) -> Settings:
    """An installation's settings over the running sandbox and the shop's store."""
    running, ledger = sage
    token_file = ledger._client.settings.token_file  # one refresh token is handed on
    lines = [
        'company_id = "DGS"',
        f'operations_url = "{shop.operations._database.url.render_as_string(hide_password=False)}"',
        "[sage200]",
        *(
            f'{name} = "{getattr(running, name)}"'
            for name in ("base_url", "token_url", "client_id", "client_secret", "refresh_token", "site_id")
        ),
        f"company_id = {running.company_id}",
        f'token_file = "{token_file.as_posix()}"',
        "max_attempts = 2",
    ]
    (folder / "tillproof.toml").write_text("\n".join(lines), encoding="utf-8")
    return load(folder)


def sales(story: str, count: int) -> Publication:
    """Receipts of one store, an invoice and its money each, numbered for their story."""
    publication = Publication()
    for number in range(count):
        for kind, net in (("invoice", 1000 + number * 5), ("receipt", 1200 + number * 6)):
            publication.add(f"{story}{number}", kind, net=net)
    return publication


def held_by_sage(ledger, publication: Publication) -> dict[str, int]:
    """How many documents Sage holds under each key."""
    return {
        key: len([one for one in ledger.find(key[:18]) if one.reference == key]) for key in publication.rows
    }


def test_over_http_every_truth_holds_and_a_second_run_sends_nothing(shop, sage):
    shop.ledger = sage[1]
    publication = sales("A", 4)
    summary = shop.post(publication, pace=QUICK)
    assert (summary.posts, summary.right, summary.errors) == (8, 8, [])
    again = shop.post(publication, pace=QUICK)
    assert (again.posts, again.already) == (0, 8)
    assert set(held_by_sage(sage[1], publication).values()) == {1}


@pytest.mark.parametrize("fault", FAULTS)
def test_over_http_no_fault_doubles_or_loses(shop, sage, fault):
    running, shop.ledger = sage
    publication = sales(f"F{FAULTS.index(fault)}", 2)
    of_goods = (
        {"resource": "sales_invoices"} if fault == "to_suspense" else {}
    )  # money has no lines to divert
    running.faults({"kind": fault, "count": 2, "method": "POST", "account": "TILL01", **of_goods})
    options = {"pace": QUICK, "policy": PostingPolicy(canary=False)}  # the first may be one that goes wrong
    first = shop.post(publication, **options)
    shop.post(publication, **options)
    shop.post(publication.without(), **options)
    assert set(held_by_sage(sage[1], publication).values()) == {1}, (fault, first)
    states = Counter(shop.state(key) for key in publication.rows)
    expected = {"to_suspense": {"wrong": 2, "proven": 2}, "deferred": {"deferred": 2, "proven": 2}}
    assert states == expected.get(fault, {"proven": 4})
    shop.operations.intents.verify_chain()


@pytest.mark.parametrize("asked_s", [None, 0, 1])
def test_over_http_a_429_is_waited_out_with_and_without_a_word_on_how_long(shop, sage, asked_s):
    running, shop.ledger = sage
    publication = sales(f"T{asked_s}", 2)
    running.faults({"kind": "throttled", "count": 3, "resource": "sales_invoices", "retry_after_s": asked_s})
    shop.post(publication, pace=QUICK)
    running.faults()
    shop.post(publication, pace=QUICK)
    assert set(held_by_sage(sage[1], publication).values()) == {1}
    assert {shop.state(key) for key in publication.rows} == {"proven"}
    events = [event["event"] for key in publication.rows for event in shop.operations.intents.events(key)]
    assert (events.count("lock"), max(shop.slept) >= (asked_s or 0)) == (3, True), (events, shop.slept)


def set_period(company: SageCompany, *, is_open: bool) -> None:
    for ledger in ("LedgerSales", "LedgerCashBook", "LedgerNominal"):
        company.set_period_state(ledger, DAY.replace(day=1), "Open" if is_open else "Closed")


def set_nominal(company: SageCompany, *, is_open: bool) -> None:
    company.set_nominal_status("4000", "S01", "", f"AccountStatus{'Active' if is_open else 'Hidden'}")


@pytest.mark.parametrize(
    ("turn", "code", "is_of_goods"),
    [(set_period, "period_not_open", False), (set_nominal, "nominal_not_open", True)],
)
def test_over_http_what_finance_closes_in_mid_batch_holds_the_rest_and_once_open_it_goes(
    shop, sage, turn, code, is_of_goods
):
    _, shop.ledger = sage
    books = shop.ledger._client.settings.token_file.parent / "company.sqlite"
    publication = sales(f"M{code[0]}", 3)
    closed: list[bool] = []

    def close(_done, _of, _intent):
        if not closed:
            closed.append(True)
            with SageCompany.open(books) as company:
                turn(company, is_open=False)

    one_by_one = Pace(first_wait_s=0.02, longest_wait_s=0.1, looks=2, at_once=1, live_facts_s=0)
    first = shop.post(publication, pace=one_by_one, progress=close)
    held = [key for key in publication.rows if shop.state(key) == "held"]
    assert first.held == {code: len(held)} and 2 <= len(held) < 6
    kinds = {publication.rows[key]["document_kind"] for key in held}
    assert kinds == ({"invoice"} if is_of_goods else {"invoice", "receipt"})
    there = held_by_sage(sage[1], publication)
    assert {key for key, copies in there.items() if not copies} == set(held), "what is held never left"
    with SageCompany.open(books) as company:
        turn(company, is_open=True)
    assert shop.post(publication, pace=one_by_one).right == len(held)
    assert set(held_by_sage(sage[1], publication).values()) == {1}


def test_over_http_a_key_that_is_there_with_another_amount_is_never_sent_beside_it(shop, sage):
    """Somebody typed our reference on a document of another amount: wrong, and said, and nothing is doubled."""
    _, shop.ledger = sage
    publication = sales("R", 1)
    decisions = plan(*publication.tables(), shop.operations)
    for one in decisions:
        if one.document.document_kind == "receipt":
            assert (
                shop.ledger.post(replace(one.document, gross_pence=1199, net_pence=1199)).kind == "accepted"
            )
    summary = shop.post(publication, pace=QUICK)
    assert (summary.posts, summary.right, summary.wrong) == (1, 1, 1)
    assert set(held_by_sage(sage[1], publication).values()) == {1}
    (wrong,) = shop.operations.intents.in_states(["wrong"], "DGS")
    assert "1199" in wrong.refusal
    assert shop.post(publication, pace=QUICK).posts == 0


def test_over_http_a_payload_that_changes_between_a_lost_reply_and_the_next_run_doubles_nothing(shop, sage):
    """A mapping was edited meanwhile: the key is the same, so what is there is found, and nothing is sent again."""
    running, shop.ledger = sage
    publication = sales("W", 1)
    (invoice,) = [key for key, row in publication.rows.items() if row["document_kind"] == "invoice"]
    shop.post(publication, pace=QUICK, max_posts=0)
    running.faults({"kind": "lost_reply", "count": 1, "resource": "sales_invoices"})
    intent = shop.operations.intents.get(invoice)
    worker = Poster(shop.ledger, shop.operations, alone=True)
    intent = worker.advance(worker.advance(intent))
    running.faults()
    assert intent.state == "unknown", "the process ends here"
    nominal = next(leg for leg in publication.legs[invoice] if leg["leg_type"] == "nominal")
    nominal["nominal_code"] = "4010"
    publication.number = 2
    shop.post(publication, pace=QUICK)
    assert set(held_by_sage(sage[1], publication).values()) == {1}
    (posted,) = [one for one in shop.ledger.find(invoice[:18]) if one.reference == invoice]
    assert {line.nominal_code for line in posted.nominal_lines} & {"4000", "4010"} == {"4000"}
    proven = shop.operations.intents.get(invoice)
    assert (proven.state, proven.attempts, proven.payload_digest) == ("proven", 1, intent.payload_digest)


ALLOCATES = PostingPolicy(
    remedies=frozenset({"post_missing", "reverse_posting", "allocate_sale"}), canary=False
)
OF_ALLOCATIONS = ("", *(fault for fault in FAULTS if fault not in ("to_suspense", "deferred")))


@pytest.mark.parametrize("fault", OF_ALLOCATIONS)
def test_over_http_a_sale_is_allocated_once_whatever_the_reply(shop, sage, fault):
    running, shop.ledger = sage
    publication = sales(f"Z{OF_ALLOCATIONS.index(fault)}", 2)
    if fault:
        running.faults({"kind": fault, "count": 1, "method": "POST", "resource": "sales_allocations"})
    for _ in range(3):
        shop.post(publication, pace=QUICK, policy=ALLOCATES)
        publication = publication.without()
    found = [posted for key in publication.rows for posted in sage[1].find(key[:18])]
    assert [posted.allocated_pence for posted in found] == [posted.gross_pence for posted in found]
    entries = sage[1].entries([posted.urn for posted in found])
    by_urn = {entry.urn: entry for entry in entries}
    for invoice, receipt in zip(found[::2], found[1::2], strict=True):
        assert by_urn[invoice.urn].allocated_with == {receipt.urn}
    assert shop.operations.intents.allocation_states("DGS") == {"proven": 2}
    shop.operations.intents.verify_chain()


def test_over_http_what_we_allocated_is_held_with_what_to_do_and_verify_says_what_a_person_changed(
    shop, sage, tmp_path
):
    shop.ledger = sage[1]
    run_number = shop.post(sales("Y", 2), pace=QUICK, policy=ALLOCATES).run_number
    settings = home_of(sage, shop, tmp_path)
    dry = reverse(settings, Wanted(run_number=run_number))
    assert {row["code"] for row in dry["held"]} == {"allocated_by_us"} and len(dry["held"]) == 4
    assert all("Amend Allocations" in row["reason"] for row in dry["held"])
    report = verify(settings, offline=False)
    assert report["agrees"] and report["allocations_changed"] == []


def test_over_http_a_post_that_sage_ends_after_we_stopped_waiting_is_found_and_not_repeated(shop, sage):
    running, patient = sage
    publication = sales("L", 1)
    running.faults(
        {"kind": "slow", "count": 1, "method": "POST", "resource": "sales_invoices", "delay_ms": 1_500}
    )
    impatient = patient._client.settings.model_copy(update={"post_timeout_s": 0.5})

    def wait(seconds: float) -> None:
        """Twenty of the room's seconds are one of Sage's: it is done long before the room stops looking."""
        shop.sleep(seconds)
        time.sleep(seconds / 20)

    with Sage200Client(impatient) as client:
        shop.ledger = Sage200Ledger(client)
        summary = shop.post(publication, pace=Pace(), sleep=wait)
    assert "unknown" in {
        row["to_state"] for row in shop.operations.intents.events(next(iter(publication.rows)))
    }
    assert (summary.posts, summary.right) == (2, 2), "the invoice once, then its money"
    assert set(held_by_sage(patient, publication).values()) == {1}


def test_over_http_what_was_proven_is_proven_again_and_a_copy_is_named(shop, sage, tmp_path):
    shop.ledger = sage[1]
    publication = sales("V", 3)
    assert shop.post(publication, pace=QUICK).right == 6
    settings = home_of(sage, shop, tmp_path)
    report = verify(settings, offline=False)
    assert report["agrees"] and report["confirmed"] == 6 and report["chain"]["holds"]
    copied = Payload.from_text(shop.operations.intents.payload(next(iter(payload_digests(shop))))).document
    assert sage[1].post(copied).kind == "accepted"
    report = verify(settings, offline=False)
    assert not report["agrees"]
    (told,) = report["differing"]
    assert told["posting_key"] == copied.posting_key and told["differences"] == ["Sage holds 2 copies"]
    assert verify(settings, offline=True)["agrees"], "the record itself holds"


def payload_digests(shop) -> list[str]:
    return shop.operations.landed_tables()["intents"].column("payload_digest").to_pylist()


def test_over_http_what_was_posted_is_undone_once_after_approval_and_both_stay_proven(shop, sage, tmp_path):
    running, shop.ledger = sage
    publication = sales("U", 3)
    run_number = shop.post(publication, pace=QUICK).run_number
    settings = home_of(sage, shop, tmp_path)
    wanted = Wanted(run_number=run_number)
    dry = reverse(settings, wanted)
    assert [row["code"] for row in dry["held"]] == ["needs_approval"] * 6 and dry["sent"] is None
    running.faults(
        {"kind": "gateway_timeout_after_commit", "count": 2, "method": "POST", "account": "TILL01"}
    )
    done = reverse(settings, wanted, approver="Fay", reason="wrong day", send=True, pace=QUICK)
    assert (done["approved"], done["sent"]["right"], done["sent"]["errors"]) == (6, 6, [])
    found = [posted for key in publication.rows for posted in sage[1].find(key[:18])]
    assert Counter(posted.reference[-1] for posted in found) == {"P": 6, "X": 6}
    assert not sum(
        line.amount_pence for posted in found for line in posted.nominal_lines if line.nominal_code == "4000"
    )
    again = reverse(settings, wanted, approver="Fay", reason="once more", send=True, pace=QUICK)
    assert again["sent"]["posts"] == 0 and {row["code"] for row in again["held"]} == {"already_reversed"}
    assert verify(settings, offline=False)["confirmed"] == 12
