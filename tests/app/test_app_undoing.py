"""A posting is undone from the page: found, shown as its exact opposite, handed in, approved, taken back."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mappings_in_force import take_in
from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

sys.path.append(str(Path(__file__).parents[1] / "posting"))
from ledger_in_memory import LedgerInMemory
from publication import Publication

from app import confirmed
from app.published import Published
from orchestration import posting_reversing
from orchestration.operations import Operations, PostingPolicy
from orchestration.operations.database import Database
from orchestration.operations.policies import REVERSE_POSTING
from orchestration.posting import run
from orchestration.settings import load

NIGHT = datetime.fromisoformat("2011-11-03T23:05")
MANY = 20


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LedgerInMemory, list[str]]:
    """A home where receipts of one day were posted and proven; its Sage; the keys, by receipt number."""
    folder = tmp_path_factory.mktemp("posted")
    story = shop()
    story.tables["posting_proposals"].clear()
    home = publish(folder / "home", story)
    (home / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    take_in(home, folder / "mappings")
    sent = Publication()
    for number in range(1, MANY + 1):
        sent.add(str(number), writer="tillproof")
    with Operations.open(home / "operations.sqlite") as operations:
        writers = folder / "writers_of_record.csv"
        writers.write_text("company_id,store_id,writer,valid_from,valid_to\nDGS,*,tillproof,2010-01-01,\n")
        operations.import_mappings(writers, "Ian", "ours now")
    clock = [NIGHT]
    database = Database(f"sqlite:///{(home / 'operations.sqlite').as_posix()}", lambda: clock[0])
    ledger = LedgerInMemory()
    with Operations(database) as operations:
        summary = run(
            ledger, operations, *sent.tables(), company_id="DGS", publication_number=1, alone=True,
            sleep=lambda seconds: clock.append(clock.pop() + timedelta(seconds=seconds)),
        )  # fmt: skip
    assert summary.right == MANY, summary
    return home, ledger, list(sent.rows)


@pytest.fixture
def undoing(
    posted: tuple[Path, LedgerInMemory, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, LedgerInMemory, list[str]]:
    """One of its own for a test, whose Sage answers."""
    home, ledger, keys = posted

    @contextmanager
    def sage(_settings: Any) -> Iterator[LedgerInMemory]:
        yield ledger

    monkeypatch.setattr(posting_reversing, "sage_of", sage)
    return Path(shutil.copytree(home, tmp_path / "home")), ledger, keys


def sign(page: AppTest, key: str, name: str = "Fay") -> AppTest:
    page.text_input(key=f"{key} name").set_value(name)
    page.text_input(key=f"{key} reason").set_value("rung up twice")
    return page.button(key=f"{key} button").click().run()


def shown(page: AppTest, key: str) -> AppTest:
    """The page with one posting searched for, ticked, and its opposite shown."""
    page.text_input(key="undo find").set_value(key).run()
    page.checkbox(key=f"undo {key}").check().run()
    return page.button(key="show contras").click().run()


def test_a_posting_is_found_shown_handed_in_approved_and_waits_to_be_sent(undoing, open_page) -> None:
    home, ledger, keys = undoing
    with Operations.open(home / "operations.sqlite") as operations:
        policy = PostingPolicy(four_eyes=frozenset({REVERSE_POSTING}))
        operations.set_posting_policy("DGS", policy, "Fay", "two people")
    page = shown(open_page(home, "posting"), keys[0])
    labels = [each.label for each in page.expander]
    assert any("undo what was posted: credit note for receipt 1, S01, 10 Feb 2011" in each for each in labels)
    assert "narrative Reversal of URN" in told(page)
    assert len(ledger.posts) == MANY, "a page sends nothing"
    page = sign(page, "undo")
    assert "1 reversal handed in" in told(page)
    assert page.selectbox(key="code").options == ["Waits for a person"]
    for name, left in (("Fay", ["Waits for a second person"]), ("Gil", ["Goes by the next send"])):
        page = open_page(home, "posting")
        page.checkbox(key=f"all {page.selectbox(key='code').value}").check().run()
        assert "1 document approved" in told(sign(page, "approve", name))
        page = open_page(home, "posting")
        assert page.selectbox(key="code").options == left
    waits = next(one.value for one in page.table if "Handed in by" in one.value)
    assert waits[["Handed in by", "Why", "Its opposite"]].to_numpy().tolist() == [
        ["Fay", "rung up twice", "Not begun"]
    ]
    assert len(ledger.posts) == MANY
    page = sign(page, "take back")
    assert "what was handed in is taken back" in told(page)
    assert "Nothing is handed in to be undone." in told(page)


def test_what_sage_no_longer_holds_as_it_was_proven_cannot_be_handed_in(undoing, open_page, monkeypatch):
    home, ledger, keys = undoing
    monkeypatch.setattr(ledger, "documents", [])
    page = shown(open_page(home, "posting"), keys[1])
    assert "cannot be undone" in told(page) and "Nothing can be handed in before that is right" in told(page)
    assert not [each for each in page.button if each.key == "undo button"]


def test_the_list_is_bounded_and_found_by_name_by_store_day_and_by_run(undoing, open_page) -> None:
    home, _, keys = undoing
    page = open_page(home, "posting")
    assert len([each for each in page.checkbox if str(each.key).startswith("undo TP")]) == confirmed.MOST
    assert "The first 15: search for the receipt to see others." in told(page)
    page.selectbox(key="undo store").set_value("S02").run()
    page.date_input(key="undo day").set_value(date(2011, 2, 10)).run()
    assert "Nothing of ours is confirmed in Sage for store S02 on 10 Feb 2011." in told(page)
    page.text_input(key="undo find").set_value("a number that nobody has").run()
    assert "Nothing of ours that answers to a number that nobody has is confirmed" in told(page)
    published = Published(home / "published")
    with Operations.open(load(home).operations) as operations:
        of_day = confirmed.of_day(operations, "DGS", "S01", date(2011, 2, 10))
        assert len(of_day) == confirmed.MOST + 1
        by_key = confirmed.by_name(published, operations, "DGS", keys[3][:-1] + "x")
        assert [one.posting_key for one in by_key] == [keys[3]]
        assert confirmed.by_name(published, operations, "OTHER", keys[3]) == []


def test_an_operator_sees_the_button_dead_and_is_refused_by_the_store(undoing, open_page, monkeypatch):
    from orchestration.operations import Person

    home, _, keys = undoing
    with (home / "tillproof.toml").open("a", encoding="utf-8") as file:
        file.write('[access]\nlocal_user = "Olu"\nlocal_roles = ["operations"]\n')
    assert shown(open_page(home, "posting"), keys[0]).button(key="undo button").disabled
    monkeypatch.setattr(Person, "may", lambda *_: True)
    page = shown(open_page(home, "posting"), keys[0])
    page.text_input(key="undo reason").set_value("mine")
    page = page.button(key="undo button").click().run()
    assert "Nothing was written: Olu may not ask for a reversal" in told(page)
    with Operations.open(home / "operations.sqlite") as operations:
        assert operations.reversals_asked("DGS") == []
