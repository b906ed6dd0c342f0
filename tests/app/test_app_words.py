"""What a page says is said in words that a store manager knows."""

from __future__ import annotations

import pytest

from app import words
from app.shown import plain


@pytest.mark.parametrize(
    ("cause", "detail", "said"),
    [
        ("period_closed", "PER-01 2010-12-06", "6 Dec 2010"),
        ("nominal_hidden", "NOM-03 4015 S02", "4015 S02"),
        ("drift_amount", "amount", "differs in amount"),
        ("never_sent", "never_sent", ""),
        ("store_unmapped", "store_unmapped S09", "S09"),
        # a file is called as it is
        ("rows_set_aside", "S01/sales_2011-02-31.csv", "S01/sales_2011-02-31.csv"),
        ("file_refused", "S01/s01_sales_export.csv: no header", "S01/s01_sales_export.csv: no header"),
        ("file_refused", "s01_sales.csv of 2011-02-28", "s01_sales.csv of 28 Feb 2011"),
        (
            "drifted",
            "synced_but_not_posted, and late_to_next_period.",
            "synced but not posted, and late to next period",
        ),
        (None, None, ""),
    ],
)
def test_what_was_seen_has_no_rule_number_and_days_in_uk_form(cause, detail, said):
    assert words.seen(cause, detail) == said


def test_how_long_it_has_been_open_is_said_as_people_say_it():
    assert [words.since(days) for days in (0, 1, 14)] == [
        "open since today",
        "open for 1 day",
        "open for 14 days",
    ]


def test_a_reason_names_remedies_and_rules_in_words():
    assert words.in_words("the policy does not allow reverse_and_repost") == (
        "the policy does not allow “reverse it and post it right”"
    )
    assert words.in_words("CUS-02") == "Customer is on hold (CUS-02)"
    assert words.in_words("CUS-02,PER-01") == "Customer is on hold (CUS-02); Period is closed (PER-01)"
    assert words.in_words("the gate does not let it through: PER-01") == (
        "the gate does not let it through: Period is closed (PER-01)"
    )
    assert words.in_words("OLD-99") == "Gate rule OLD-99", "of another version of the gate"
    assert words.in_words("two writers post for this store") == "two writers post for this store"


def test_words_that_are_held_together_stay_so_and_all_other_blanks_are_one():
    assert plain("  two\n\twords ") == "two words"
    assert plain("+4\N{NO-BREAK SPACE}causes") == "\\+4\N{NO-BREAK SPACE}causes"


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("amount", "920.26", "£920.26"),
        ("tax_amount", "-3.6", "\N{MINUS SIGN}£3.60"),
        ("amount", "not there", "not there"),
        ("date", "2010-12-01", "1 Dec 2010"),
        ("tax_code", "1", "1"),
        ("bank", None, "\N{EN DASH}"),
    ],
)
def test_both_sides_of_a_difference_are_told_in_uk_form(kind, value, said):
    assert words.drift_value(kind, value) == said
