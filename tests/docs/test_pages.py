"""What the pages say of closed sets, files and commands is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.cli import app
from orchestration.ledgers.ledger import KIND_LETTERS
from orchestration.posting.key import build_key
from orchestration.posting.states import ENDS, STATES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
FAMILIES = {
    group.typer_instance.info.name: group.typer_instance.registered_commands
    for group in app.registered_groups
}
MACROS = ROOT / "dbt_project" / "macros"


def part(page: str, heading: str) -> str:
    return re.split(r"^#", page.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_names_no_machine(page):
    text = page.read_text(encoding="utf-8")
    hosts = set(re.findall(r"https?://([^/\s:`)\"]+)", text))
    assert hosts <= {"127.0.0.1"}
    assert not re.search(r"(?<![\w<>./])/(work|home|root|tmp|Users)/|[A-Z]:\\", text)


def test_the_tour_has_every_verdict_and_says_which_are_open():
    macro = (MACROS / "verdicts.sql").read_text(encoding="utf-8")
    known = re.findall(r"'([a-z_]+)'", macro.split("macro all_verdicts", 1)[1].split("endmacro")[0])
    is_open = re.findall(r"'([a-z_]+)'", macro.split("macro is_open_verdict", 1)[1].split("endmacro")[0])
    rows = re.findall(r"^\| `([a-z_]+)` \|.*\| (yes)? ?\|$", part(TOUR, "Verdicts"), re.MULTILINE)
    assert [verdict for verdict, _ in rows] == known
    assert {verdict for verdict, said in rows if said} == set(is_open)


def test_the_tour_has_every_drift_kind_and_says_which_are_given():
    yml = (ROOT / "dbt_project" / "models" / "marts" / "document_drifts.yml").read_text(encoding="utf-8")
    known = set(re.search(r"values: \[([a-z_, ]+)\]", yml)[1].split(", "))
    sql = (ROOT / "dbt_project" / "models" / "marts" / "document_drifts.sql").read_text(encoding="utf-8")
    given = set(re.findall(r"'([a-z_]+)' as drift_kind\b", sql))
    told, waiting = part(TOUR, "Verdicts").split("Drift kinds:", 1)[1].split("given by no model yet", 1)
    assert set(re.findall(r"`([a-z_]+)`", told)) == given
    assert set(re.findall(r"`([a-z_]+)`", waiting)) == known - given


def test_the_tour_has_every_state():
    told = set(re.findall(r"`([a-z]+)`", part(TOUR, "States of an intent").split("`orchestration", 1)[0]))
    assert told == set(STATES)
    ends = part(TOUR, "States of an intent").split("Every state but", 1)[1].split("has a way", 1)[0]
    assert set(re.findall(r"`([a-z]+)`", ends)) == ENDS


def test_the_tour_s_key_is_a_key():
    text = part(TOUR, "Posting key")
    shown = re.search(r"^TP \w+ \w \d\d \d \w$", text, re.MULTILINE)[0].replace(" ", "")
    event = "pos:S01:2:536373:2010-12-01:1"
    assert shown == build_key("DGS", event, "invoice", ordinal=1, revision=1, role="P")
    letters = dict(re.findall(r"`([A-Z])` ([a-z_]+)", text))
    macro = (MACROS / "posting_key.sql").read_text(encoding="utf-8")
    assert letters == {letter: kind for kind, letter in re.findall(r"when '([a-z_]+)' then '([A-Z])'", macro)}
    assert {letter: kind for kind, letter in KIND_LETTERS.items()}.items() <= letters.items()


def test_readme_has_every_command_and_no_other():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {command.name or command.callback.__name__ for command in app.registered_commands} | set(FAMILIES)
    table = set(re.findall(r"^\| `([a-z0-9]+)(?: [^`]*)?` \|", readme, re.MULTILINE))
    assert table == named
    assert (
        set(re.findall(r"`tillproof ([a-z0-9]+)", "".join(page.read_text("utf-8") for page in PAGES)))
        <= named
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pages_name_every_hand_of_a_family_and_no_other(family):
    text = "".join(page.read_text("utf-8") for page in PAGES)
    known = {command.name for command in FAMILIES[family]}
    assert set(re.findall(rf"tillproof {family} ([a-z]+)", text)) == known


def test_readme_opens_with_the_two_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = readme.split("```", 2)[1]
    assert "make demo" in first and "make test" in first
    assert readme.index("make demo") < readme.index("![") < readme.index("\n## ")
