"""What a company's policy says is kept in the posting room, in the dry run and at the moment of sending alike."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from ledger_in_memory import ANY
from publication import DAY, Publication

from orchestration.operations import OperationsError, QuietWindow
from orchestration.posting import Wanted, approve, chosen, plan, plan_reversal
from orchestration.posting_policies import changed_by, policy


@pytest.fixture
def publication() -> Publication:
    """Six invoices of one store: £12 gross, the last two £120."""
    six = Publication()
    for number in range(6):
        six.add(str(number), net=10000 if number > 3 else 1000)
    return six


def put(shop, **changed) -> None:
    """Put a policy in force, as its command does."""
    changes = [f"{name}={value}" for name, value in changed.items()]
    policy(shop.operations, "DGS", changes, by="Fay", reason="to see")


def codes(shop, publication: Publication) -> list[str]:
    proposals, legs = publication.tables()
    return sorted(one.code for one in plan(proposals, legs, shop.operations, publication_number=1))


def approve_as(shop, publication, name: str) -> None:
    proposals, legs = publication.tables()
    waiting = [one for one in plan(proposals, legs, shop.operations) if one.code != "goes"]
    approve(shop.operations, waiting, name, "seen")


def big(publication: Publication) -> list[str]:
    return [key for key, row in publication.rows.items() if row["net_pence"] == 10000]


# how much


def test_a_document_over_the_limit_never_goes_and_says_so(shop, publication):
    put(shop, document_limit="100.00")
    assert codes(shop, publication) == ["goes"] * 4 + ["over_document_limit"] * 2
    summary = shop.post(publication)
    assert (summary.right, summary.held) == (4, {"over_document_limit": 2})
    proposals, legs = publication.tables()
    held = next(one for one in plan(proposals, legs, shop.operations) if one.code == "over_document_limit")
    assert held.reason == "over_document_limit: £120.00 is over £100.00"


def test_a_document_exactly_at_a_limit_goes(shop, publication):
    put(shop, document_limit="120.00", run_documents=6, run_limit="288.00", two_approvers_above="120.00")
    assert codes(shop, publication) == ["goes"] * 6


def test_a_limit_set_in_the_middle_of_a_run_holds_what_has_not_left(shop, publication):
    summary = shop.post(publication, progress=lambda *_: put(shop, document_limit="1.00"))
    assert summary.right < 6 and summary.held["over_document_limit"] == 6 - summary.right


def test_a_run_sends_as_many_documents_as_the_policy_allows_and_the_next_goes_on(shop, publication):
    put(shop, run_documents=4)
    assert codes(shop, publication) == ["goes"] * 4 + ["over_run_limit"] * 2
    first, second = shop.post(publication), shop.post(publication)
    assert (first.right, first.held) == (4, {"over_run_limit": 2})
    assert (second.right, len(shop.ledger.documents)) == (2, 6)


def test_a_run_sends_as_much_value_as_the_policy_allows(shop, publication):
    put(shop, run_limit="130.00")
    first = shop.post(publication)
    assert sum(document.gross_pence for document in shop.ledger.posts) <= 13000
    assert first.right and first.held["over_run_limit"] == 6 - first.right


def test_a_killed_run_has_no_new_allowance(shop, publication):
    class Killed(BaseException):
        pass

    put(shop, run_documents=4)

    def kill(done, *_):
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        shop.post(publication, progress=kill)
    sent = len(shop.ledger.posts)
    assert shop.post(publication).posts == 4 - sent
    assert len(shop.ledger.posts) == 4


def test_the_room_itself_counts_whatever_the_plan_let_through(shop, publication, monkeypatch):
    put(shop, run_documents=4)
    monkeypatch.setattr("orchestration.posting.decisions.within_run", lambda _o, decisions, *_: decisions)
    summary = shop.post(publication)
    assert len(shop.ledger.posts) == 4 and summary.held == {"over_run_limit": 2}


# since when


def test_what_was_sold_before_the_cutover_never_goes_whatever_proposes_it(shop, publication, tmp_path):
    first, *_ = publication.rows
    publication.rows[first]["business_date"] = DAY - timedelta(days=1)
    (tmp_path / "cutovers.csv").write_text(f"company_id,store_id,cutover_date\nDGS,S01,{DAY}\n")
    shop.operations.import_mappings(tmp_path, "Fay", "from here on")
    assert codes(shop, publication) == ["before_cutover"] + ["goes"] * 5
    assert shop.post(publication).held == {"before_cutover": 1}


# who


def test_above_a_value_two_different_people_must_approve(shop, publication):
    put(shop, two_approvers_above="100.00")
    assert codes(shop, publication) == ["goes"] * 4 + ["needs_approval"] * 2
    for name in ("Fay", "  fay ", "FAY"):
        approve_as(shop, publication, name)
        assert codes(shop, publication) == ["goes"] * 4 + ["needs_second_approval"] * 2
    approve_as(shop, publication, "Gus")
    assert codes(shop, publication) == ["goes"] * 6
    assert shop.post(publication).right == 6


def test_a_no_in_between_asks_both_again(shop, publication):
    put(shop, two_approvers_above="100.00")
    approve_as(shop, publication, "Fay")
    proposals, legs = publication.tables()
    digests = {one.posting_key: one.payload_digest for one in plan(proposals, legs, shop.operations)}
    refused = {key: digests[key] for key in big(publication)}
    shop.operations.approve("DGS", refused, approver="Ann", reason="no", decision="rejected")
    assert codes(shop, publication) == ["goes"] * 4 + ["rejected"] * 2
    approve_as(shop, publication, "Gus")
    assert codes(shop, publication) == ["goes"] * 4 + ["needs_second_approval"] * 2


def test_nobody_approves_what_goes_by_a_mapping_of_their_own(shop, publication):
    put(shop, four_eyes="post_missing")
    approve_as(shop, publication, "ann")  # who imported the mappings
    assert codes(shop, publication) == ["four_eyes"] * 6
    assert shop.post(publication).posts == 0
    approve_as(shop, publication, "Fay")
    assert codes(shop, publication) == ["goes"] * 6


def test_who_leads_a_customers_credits_to_an_account_does_not_approve_them(shop, tmp_path):
    mappings = tmp_path / "customer_mappings.csv"
    mappings.write_text(
        "company_id,customer_no,customer_reference,valid_from,valid_to\nDGS,A1,MAL001,2010-01-01,\n"
    )
    shop.operations.import_mappings(mappings, "Mallory", "a new account")
    put(shop, four_eyes="post_missing", by_itself="none")
    publication = Publication()
    publication.add("1", "credit_note", customer_reference="MAL001")
    approve_as(shop, publication, "Mallory")
    assert codes(shop, publication) == ["four_eyes"]
    approve_as(shop, publication, "Fay")
    assert codes(shop, publication) == ["goes"]


def test_a_reversal_under_four_eyes_needs_two_people(shop, publication):
    assert shop.post(publication).right == 6
    put(shop, four_eyes="reverse_posting")
    wanted = Wanted(tuple(publication.rows))

    def planned():
        intents = chosen(shop.operations, "DGS", wanted)
        return plan_reversal(shop.ledger, shop.operations, intents, publication_number=1)

    for name, code in (("Fay", "needs_second_approval"), ("Gus", "goes")):
        approve(shop.operations, planned(), name, "undo")
        assert {one.code for one in planned()} == {code}


def test_a_copy_is_undone_by_itself_only_where_the_policy_says_so(shop):
    publication = Publication()
    publication.add("1", "credit_note", event_id="ledger:1000", role="X", target_urn=1000)
    assert codes(shop, publication) == ["needs_approval"]
    put(shop, by_itself="tillproof/post_missing,tillproof/reverse_duplicate")
    assert codes(shop, publication) == ["goes"]
    of_two_writers = Publication()
    of_two_writers.add("1", "credit_note", role="X", target_urn=1000, remedy="reverse_duplicate")
    assert codes(shop, of_two_writers) == ["needs_approval"], "ours beside the connector's is a person's"


@pytest.mark.parametrize(
    "pair", ["connector/post_missing", "tillproof/reverse_and_repost", "tillproof/reverse_posting"]
)
def test_what_must_always_wait_for_a_person_cannot_be_let_go(shop, pair):
    with pytest.raises(OperationsError, match="never goes by itself"):
        put(shop, by_itself=pair)


# when


def test_in_a_quiet_window_nothing_is_sent_and_after_it_everything_goes(shop, publication):
    shop.time = datetime(2011, 9, 30, 16, 59)  # noqa: DTZ001  a Friday; 17:59 by the clock in London
    put(shop, quiet_windows="mon-fri 08:30-18:00")
    assert codes(shop, publication) == ["quiet_window"] * 6
    assert shop.post(publication).posts == 0
    shop.time = datetime(2011, 9, 30, 17, 0)  # noqa: DTZ001
    assert shop.post(publication).right == 6


@pytest.mark.parametrize(
    ("text", "moment", "holds"),
    [
        ("sat 22:00-02:00", datetime(2011, 1, 1, 23, 0), True),  # noqa: DTZ001
        ("sat 22:00-02:00", datetime(2011, 1, 2, 1, 59), True),  # noqa: DTZ001
        ("sat 22:00-02:00", datetime(2011, 1, 2, 2, 0), False),  # noqa: DTZ001
        ("sat 22:00-02:00", datetime(2011, 1, 1, 1, 0), False),  # noqa: DTZ001
        ("sat 22:00-02:00", datetime(2011, 1, 1, 22, 0), True),  # noqa: DTZ001
        ("sat 09:00-10:00", datetime(2011, 1, 1, 9, 0), True),  # noqa: DTZ001
        ("sat 09:00-10:00", datetime(2011, 1, 1, 10, 0), False),  # noqa: DTZ001
        ("fri-mon 00:00-00:00", datetime(2011, 1, 3, 23, 59), True),  # noqa: DTZ001
        ("fri-mon 00:00-00:00", datetime(2011, 1, 4, 0, 0), False),  # noqa: DTZ001
    ],
)
def test_a_window_may_go_over_midnight_and_over_the_weekend(text, moment, holds):
    assert QuietWindow.read(text).holds(moment) is holds


# canary


def test_after_a_mapping_changed_one_of_each_kind_is_proven_before_the_rest(shop):
    publication = Publication()
    for number in range(5):
        publication.add(str(number), customer_reference=f"TILL0{number + 1}")
        publication.add(str(number), "receipt", net=1200, customer_reference=f"TILL0{number + 1}")
    proven_when_sent: list[tuple[str, int]] = []
    real = shop.ledger.post

    def post(document):
        states = [
            shop.state(key)
            for key, row in publication.rows.items()
            if row["document_kind"] == document.document_kind
        ]
        proven_when_sent.append((document.document_kind, states.count("proven")))
        return real(document)

    shop.ledger.post = post
    assert shop.post(publication).right == 10
    for kind in ("invoice", "receipt"):
        first, *rest = [count for one, count in proven_when_sent if one == kind]
        assert first == 0 and min(rest) >= 1


@pytest.mark.parametrize("fault", ["suspense", "deferred", "other amount"])
def test_a_canary_that_is_not_proven_holds_the_rest_until_the_mapping_is_mended(
    shop, publication, fault, tmp_path
):
    first = min(publication.rows)
    shop.ledger.faults[first] = [fault]
    summary = shop.post(publication)
    assert len(shop.ledger.posts) == 1 and summary.held == {"canary_first": 5}
    assert (
        f"{first} is {shop.state(first)}, not proven yet"
        in shop.operations.intents.get(max(publication.rows)).hold_reason
    )
    proposals, legs = publication.tables()
    decisions = plan(proposals, legs, shop.operations, publication_number=1)
    held = [one for one in decisions if one.code == "canary_first"]
    assert (
        len(held) == 5 and held[0].reason == f"canary_first: {first} is {shop.state(first)}, not proven yet"
    )
    assert shop.post(publication).posts == 0, "a second run holds them too"
    (tmp_path / "tax_mappings.csv").write_text(
        "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\nDGS,Q,1,20,2011-01-03,\n"
    )
    shop.operations.import_mappings(tmp_path, "Ann", "mended")
    assert shop.post(publication.without(first)).right == 5


def test_a_canary_of_before_the_change_does_not_count(shop, publication, tmp_path):
    assert shop.post(publication).right == 6
    (tmp_path / "tax_mappings.csv").write_text(
        "company_id,till_tax_code,tax_code,required_rate,valid_from,valid_to\nDGS,R,1,20,2011-01-03,\n"
    )
    shop.operations.import_mappings(tmp_path, "Ann", "another letter")
    later = Publication(2)
    for number in range(10, 14):
        later.add(str(number))
    shop.ledger.faults[min(later.rows)] = ["suspense"]
    assert shop.post(later).held == {"canary_first": 3}
    put(shop, canary="no")
    assert shop.post(later.without()).right == 3


def test_nobody_waits_for_ever_for_a_canary_that_stands_behind_another(shop):
    class Killed(BaseException):
        pass

    def kill(_seconds):
        raise Killed

    keys = [Publication().add(str(number)) for number in range(3)]
    first, last, other = sorted(keys)[0], sorted(keys)[1], sorted(keys)[2]
    receipts = {key: str(number) for number, key in enumerate(keys)}
    alone = Publication()
    alone.add(receipts[last])
    shop.ledger.faults[last] = ["timeout before commit"]
    with pytest.raises(Killed):
        shop.post(alone, sleep=kill)
    assert shop.state(last) == "unknown"
    every = Publication()
    every.add(receipts[first])
    every.add(receipts[last])
    every.add(receipts[other], customer_reference="TILL02")
    slept: list[float] = []

    def sleep(seconds):
        slept.append(seconds)
        assert len(slept) < 500, "it waits for ever"
        shop.sleep(seconds)

    assert shop.post(every, sleep=sleep).right == 3


# refusals


def test_refusals_in_a_row_stop_the_company_until_somebody_lifts_it(shop, publication):
    put(shop, refusals_in_a_row=3)
    shop.ledger.faults[ANY] = ["refuse"] * 6
    summary = shop.post(publication)
    assert summary.posts == 3 and "3 refusals in a row" in summary.stopped_because
    shop.ledger.faults.clear()
    assert shop.post(publication.without()).held == {"store_stopped": 6}
    shop.operations.lift_stop("DGS", "*", "Fay", "looked")
    assert shop.post(publication.without()).right == 6


# the policy itself


def test_a_policy_is_signed_kept_and_logged_and_the_default_is_careful(shop):
    before = policy(shop.operations, "DGS", [])
    assert before["by"] is None and before["policy"]["by_itself"] == "tillproof/post_missing"
    assert "reverse_and_repost" not in before["policy"]["remedies"]
    put(shop, document_limit="1,500.50", quiet_windows="mon-fri 08:30-18:00; sun 00:00-00:00")
    after = policy(shop.operations, "DGS", [])
    assert (after["by"], after["policy"]["document_limit"]) == ("Fay", "1500.50")
    assert not policy(shop.operations, "DGS", ["document_limit=1500.50"], by="Fay", reason="again")["changed"]
    put(shop, document_limit="none")
    logged = [row for row in shop.operations.audit_log("DGS") if row["action"] == "set posting policy"]
    assert [row["before"] for row in logged][1] == '{"document_limit_pence": 150050}'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("limit=5", "changes nothing"),
        ("canary", "changes nothing"),
        ("canary=perhaps", "yes or no"),
        ("document_limit=5.5", "no amount in pounds"),
        ("document_limit=-5.00", "no amount in pounds"),
        ("document_limit=0.00", "above nought"),
        ("run_documents=many", "no whole number"),
        ("quiet_windows=monday", "no quiet window"),
        ("quiet_windows=mon 25:00-26:00", "no clock shows"),
        ("quiet_windows=moo 08:00-09:00", "no day of the week"),
        ("quiet_zone=Narnia/Lamppost", "not a time zone"),
        ("remedies=pray", "no remedy"),
        ("refusals_in_a_row=0", "must be 1 to 1000"),
    ],
)
def test_what_cannot_be_is_refused_in_words(shop, change, words):
    with pytest.raises(OperationsError, match=words):
        changed_by(shop.operations.posting_policy("DGS"), [change])
