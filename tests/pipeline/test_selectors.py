"""A pass runs dbt twice with the gate in between: the two halves share no node and miss none."""

from __future__ import annotations

import json

import pytest

from orchestration.warehouse import invoke


def of_kind(manifest: dict, kind: str) -> set[str]:
    return {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == kind}


@pytest.fixture(scope="module")
def manifest(empty_house) -> dict:
    return json.loads(empty_house.manifest.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def before(empty_house, manifest) -> set[str]:
    return listed(empty_house, "before_the_gate")


@pytest.fixture(scope="module")
def after(empty_house, manifest) -> set[str]:
    return listed(empty_house, "after_the_gate")


def listed(empty_house, selector: str) -> set[str]:
    """What dbt itself would build; it needs no warehouse to say so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLPROOF_HOME", empty_house.home.as_posix())
        found = invoke(empty_house.home, "ls", "--selector", selector, "--output", "name")
    assert found.success, found.exception
    return set(found.result)


def test_the_two_selectors_share_no_node(before, after):
    assert before & after == set()


def test_the_two_selectors_miss_no_model(manifest, before, after):
    assert of_kind(manifest, "model") <= before | after


def test_the_first_half_ends_in_the_gates_candidates_and_reads_nothing_of_the_second(manifest, before, after):
    assert "gate_candidates" in before
    parents = {
        manifest["nodes"][parent]["name"]: node["name"]
        for node in manifest["nodes"].values()
        if node["name"] in before
        for parent in node["depends_on"]["nodes"]
        if parent in manifest["nodes"]
    }
    assert set(parents) & after == set()


def test_a_pass_runs_the_money_tests_and_no_others(manifest, before, after):
    money = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and "money" in node["tags"]
    }
    assert money
    run = (before | after) & of_kind(manifest, "test")
    assert run == money
    assert money <= after, "a test that spans rooms sits in the later one"
    stories = {story["name"] for story in manifest["unit_tests"].values()}
    assert (before | after) & stories == set()
