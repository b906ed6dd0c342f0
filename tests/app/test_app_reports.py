"""What the command line tells: the same story for people and for programs."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType
from synthetic_published import HOSTILE, publish, shop
from synthetic_story import DRIFTED, HOSTILE_RECEIPT, MISSING, POSTED, REVERSED, SET_ASIDE, TWICE

from app import render, render_trace, reports
from app.published import Published

WIDTH = 100


def read(rendered: RenderableType, width: int = WIDTH) -> str:
    """What a terminal of so many columns shows."""
    console = Console(width=width, file=StringIO())
    with console.capture() as shown:
        console.print(rendered)
    return shown.get()


def test_status_counts_money_apart_from_nothing_to_post(published: Published) -> None:
    told = reports.status(published)
    assert told["receipts"]["checked"] == 184
    assert told["receipts"]["money"] == {"receipts": 183, "value_pence": 2196000, "value": "21960.00"}
    assert told["receipts"]["nothing_to_post"]["receipts"] == 1
    assert {row["verdict"]: row["documents"] for row in told["verdicts"]}["missing_in_ledger"] == 3
    assert told["debt"]["total"]["debt_pounds_days"] == "8000.00"
    assert told["postings"] | {"decided": 2, "sent": 2, "right": 1, "unknown": 1} == told["postings"]


def test_status_says_which_month_can_be_closed_and_what_blocks_the_other(published: Published) -> None:
    november, october = reports.status(published)["can_i_close"]
    assert (october["period"], october["close_verdict"], october["blockers"]) == ("2011-10-01", "ready", [])
    assert november["close_verdict"] == "blocked"
    assert november["blockers"][0]["exception_class"] == "synced_but_not_posted"
    assert november["blockers"][0]["value_at_risk"] == "240.00"


def test_every_report_is_json(published: Published) -> None:
    for report in (
        reports.status(published),
        reports.exceptions(published),
        reports.fixes(published),
        reports.trace(published, str(DRIFTED)),
    ):
        assert json.loads(json.dumps(report)) == report


def test_what_to_mend_first_is_told_with_what_it_frees_and_what_sage_would_refuse_next(
    published: Published,
) -> None:
    told = reports.fixes(published)
    assert [(row["to_mend"], row["value_freed_so_far"]) for row in told["fixes"]] == [
        ("4015 S01", "120.00"),
        ("V5", "360.00"),
    ]
    assert [row["status"] for row in told["closed_ahead"]] == ["hidden"]
    assert len(reports.fixes(published, limit=1)["fixes"]) == 1
    shown = read(render.fixes(told))
    for words in ("4015 S01", "£360.00", "gift hidden", "£120.00"):
        assert words in shown
    assert "gift open" not in shown


def test_where_nothing_could_be_tried_in_sage_nobody_is_calmed(tmp_path: Path) -> None:
    story = shop()
    story.tables["look_ahead"] = []
    told = reports.fixes(Published(publish(tmp_path, story) / "published"))
    assert (told["closed_ahead"], told["combinations_tried"]) == ([], 0)
    assert "nothing is mapped yet" in read(render.fixes(told))
    for row in (opened := shop()).tables["look_ahead"]:
        row["status"] = "open"
    calm = reports.fixes(Published(publish(tmp_path / "open", opened) / "published"))
    assert "is open in Sage" in read(render.fixes(calm))


def test_exceptions_are_filtered_counted_and_limited(published: Published) -> None:
    told = reports.exceptions(published, owner="integration", limit=1)
    assert (told["exceptions"], len(told["listed"])) == (3, 1)
    assert told["listed"][0]["value_at_risk"] == "120.00"
    assert reports.exceptions(published, store="S02")["exceptions"] == 2
    assert reports.exceptions(published, status="resolved")["exceptions"] == 1


@pytest.mark.parametrize(
    ("asked", "receipt"),
    [
        (f"pos:S01:1:{MISSING}:2011-11-03:1", MISSING),
        (str(MISSING), MISSING),
        ("EXAAAAAAAAAB", MISSING),
        (f"TP{MISSING}ABCDEFGN011P", MISSING),
        (f"pos-s02-{DRIFTED}", DRIFTED),
        (f"S02 {DRIFTED}", DRIFTED),
        ("TPXXXXXXXXXXXXXC011X", TWICE),
    ],
)
def test_a_receipt_is_found_by_whatever_a_person_has_in_hand(
    published: Published, asked: str, receipt: int
) -> None:
    told = reports.trace(published, asked)
    assert [life["receipt"]["receipt_no"] for life in told["lives"]] == [str(receipt)]


def test_a_urn_leads_to_the_receipt_behind_it(published: Published) -> None:
    life = reports.trace(published, str(TWICE))["lives"][0]
    for document in life["ledger"]:
        for asked in (str(document["urn"]), f"URN {document['urn']}"):
            found = reports.trace(published, asked)["lives"]
            assert [each["receipt"]["receipt_no"] for each in found] == [str(TWICE)]


def test_a_trace_tells_the_whole_life_of_a_drift(published: Published) -> None:
    life = reports.trace(published, str(DRIFTED))["lives"][0]
    assert (life["receipt"]["source_file"], life["receipt"]["source_row"]) == ("S02_201111.csv", 702)
    assert life["delivery"]["status"] == "accepted"
    assert [row["verdict"] for row in life["documents"]] == ["drifted", "matched"]
    amount = next(row for row in life["drifts"] if row["drift_kind"] == "amount")
    assert (amount["expected_value"], amount["ledger_value"]) == ("120.00", "100.00")
    assert [line["nominal_code"] for line in life["ledger"][0]["lines"]] == ["1100", "4000"]


def test_a_trace_tells_of_the_copy_its_exception_and_what_is_proposed(published: Published) -> None:
    life = reports.trace(published, str(TWICE))["lives"][0]
    assert [row["verdict"] for row in life["documents"]] == ["matched", "matched", "duplicate_in_ledger"]
    assert [row["exception_id"] for row in life["exceptions"]] == ["EXDDDDDDDDDD"]
    assert [row["remedy"] for row in life["proposals"]] == ["reverse_duplicate"]


def test_a_reversed_copy_and_its_contra_are_told_with_the_receipt_they_copied(published: Published) -> None:
    told = reports.trace(published, str(REVERSED))
    documents = told["lives"][0]["documents"]
    assert [(row["document_kind"], row["verdict"]) for row in documents] == [
        ("invoice", "matched"),
        ("receipt", "matched"),
        ("invoice", "reversed"),
        ("credit_note", "reversed"),
    ]
    for row in documents[2:]:
        found = reports.trace(published, f"URN {row['ledger_urn']}")
        assert [life["receipt"]["receipt_no"] for life in found["lives"]] == [str(REVERSED)]


def test_a_trace_tells_how_a_missing_receipt_was_put_right(published: Published) -> None:
    life = reports.trace(published, str(POSTED))["lives"][0]
    invoice = [row for row in life["history"] if row["subject_id"].endswith("N011P")]
    assert [(row["pass_number"], row["verdict"]) for row in invoice] == [
        (1, "missing_in_ledger"),
        (2, "matched"),
    ]
    assert [row["state"] for row in life["postings"]] == ["proven"]
    assert [row["status"] for row in life["exceptions"]] == ["resolved"]


def test_a_trace_tells_the_row_that_could_not_be_read(published: Published) -> None:
    life = reports.trace(published, str(SET_ASIDE))["lives"][0]
    assert [(row["source_row"], row["raw_text"]) for row in life["set_aside"]] == [(21, "12,oo")]


def test_a_refused_file_is_a_life_without_a_receipt(published: Published) -> None:
    told = reports.trace(published, "EXFFFFFFFFFF")
    assert told["lives"][0]["receipt"] is None
    assert "File broken.csv" in read(render_trace.trace(told))


def test_what_nobody_knows_is_said_not_raised(published: Published) -> None:
    told = reports.trace(published, "no such thing")
    assert (told["found"], told["lives"]) == (0, [])
    assert "Give a receipt number" in read(render_trace.trace(told))


def test_the_terminal_shows_the_figures_within_a_hundred_columns(published: Published) -> None:
    shown = read(render.status(reports.status(published)))
    for told in (
        "November 2011",
        "✗ blocked",
        "✓ ready",
        "£21,960.00",
        "£6,960.00",
        "Right nominal, period and amount",
    ):
        assert told in shown
    for number in (DRIFTED, TWICE, POSTED, MISSING):
        shown += read(render_trace.trace(reports.trace(published, str(number))))
    shown += read(render.exceptions(reports.exceptions(published)))
    assert max(len(line) for line in shown.splitlines()) <= WIDTH
    assert "TP571103ABCDEFGN011P" in shown, "an identity is never cut short"


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("number", [DRIFTED, TWICE, POSTED, MISSING, REVERSED, SET_ASIDE])
def test_a_trace_holds_in_a_terminal_and_cuts_nothing_off(
    published: Published, number: int, width: int
) -> None:
    shown = read(render_trace.trace(reports.trace(published, str(number))), width)
    assert max(len(line) for line in shown.splitlines()) <= width
    assert "…" not in shown


def test_a_trace_lays_each_leg_beside_sages_and_marks_where_they_part(published: Published) -> None:
    report = reports.trace(published, str(DRIFTED))
    invoice, money = report["lives"][0]["compared"]
    assert (invoice["document_kind"], money["document_kind"]) == ("invoice", "receipt")
    legs = {leg["leg"]: leg for leg in invoice["legs"]}
    assert legs["VAT"] == {
        **{"leg": "VAT", "should_be": "£20.00", "sage_has": "£0.00", "state": "differs"},
        **{"expected_pence": 2000, "expected": "20.00", "sage_pence": 0, "sage": "0.00"},
    }
    assert (legs["VAT code 2"]["expected_pence"], legs["VAT code 2"]["sage_pence"]) == (None, 10000)
    assert legs["Date"]["state"] == "agrees" and legs["Date"]["sage_pence"] is None
    shown = [" ".join(line.strip("│ ").split()) for line in read(render_trace.trace(report), 80).splitlines()]
    for line in (
        f"Invoice: Differs; URN {invoice['urn']}, POS-S02-{DRIFTED}, by CONNECTOR",
        "Nominal 4000/S02 £100.00 £100.00 ✓ Agrees",
        "VAT code 1 £100.00 ✗ Missing in Sage",
        "VAT code 2 £100.00 + Only in Sage",
        "VAT £20.00 £0.00 ≠ Differs",
    ):
        assert line in shown


def test_a_trace_tells_of_a_missing_document_leg_by_leg_and_of_a_copy_line_by_line(
    published: Published,
) -> None:
    shown = " ".join(
        read(render_trace.trace(reports.trace(published, str(MISSING)))).replace("│", " ").split()
    )
    assert "Invoice: Missing in Sage; Sage holds no such document" in shown
    assert "Nominal 4000/S01 £100.00 ✗ Missing in Sage" in shown
    report = reports.trace(published, str(TWICE))
    copy = report["lives"][0]["compared"][2]
    assert [(leg["sage_has"], leg["sage_pence"], leg["state"]) for leg in copy["legs"][:2]] == [
        ("£120.00 debit", -12000, "extra"),
        ("£100.00 credit", 10000, "extra"),
    ]
    assert "Also in Sage" not in read(render_trace.trace(report)), "each of its documents is told once"


def test_what_stops_two_documents_of_a_receipt_is_said_once(published: Published) -> None:
    report = reports.trace(published, str(MISSING))
    stops = {"rule_id": "PER-01", "title": "Period is closed", "owner": "finance", "remedy": "Reopen it."}
    report["lives"][0]["flags"] = [{**stops, "observed_value": "2010-12-06"} for _ in range(2)]
    assert (
        read(render_trace.trace(report)).count("PER-01 Period is closed: 2010-12-06. Finance: Reopen it.")
        == 1
    )


def test_a_trace_keeps_to_the_clock_of_the_shop_that_printed_the_receipt(published: Published) -> None:
    report = reports.trace(published, str(DRIFTED))
    report["lives"][0]["receipt"]["zone"] = "Europe/Paris"
    shown = read(render_trace.trace(report))
    assert "28 Nov 2011, 21:00 CET" in shown and "30 Nov 2011, 20:00 GMT" in shown


def test_text_from_a_till_is_shown_as_it_is_never_as_markup(published: Published) -> None:
    shown = read(render_trace.trace(reports.trace(published, str(HOSTILE_RECEIPT))))
    assert "[free](javascript:alert(1))" in shown
    assert HOSTILE.split("<")[0].strip() in " ".join(shown.replace("│", " ").split())


def test_a_trace_tells_apart_what_a_rung_matched_and_what_a_person_set_apart(published: Published) -> None:
    report = reports.trace(published, str(MISSING))
    missing = next(row for row in report["lives"][0]["documents"] if not row["ledger_document_id"])
    missing["evidence"] = "none of its candidates, by the word of Fay: never banked"
    words = read(render_trace.trace(report))
    assert "none of its candidates, by the word of Fay: never banked" in words
    assert "Matched by none" not in words
