"""The graph that Dagster shows: it loads, its groups are the rooms, and nothing starts by itself."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from orchestration.defs import receiving_graph

ROOMS = {
    "landing",
    "staging",
    "expected",
    "gate",
    "matching",
    "marts",
    "exceptions",
    "history",
    "published",
    "posting",
}
FROM_EARLIER_PASSES = {dg.AssetKey(["history", "judgements"])}
"""What a pass reads and does not make: it was written by the passes before."""


@pytest.fixture(scope="module")
def definitions(empty_house):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLPROOF_HOME", str(empty_house.home))
        from orchestration.definitions import defs
    return defs


@pytest.fixture(scope="module")
def graph(definitions):
    return definitions.resolve_asset_graph()


@pytest.fixture(scope="module")
def manifest(empty_house) -> dict:
    return json.loads(empty_house.manifest.read_text(encoding="utf-8"))


def test_the_definitions_load_and_every_job_resolves(definitions):
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in definitions.resolve_all_job_defs()} >= {"reconcile", "post"}


def test_every_group_is_a_room(graph):
    made = graph.materializable_asset_keys
    assert {graph.get(key).group_name for key in made} == ROOMS


def test_every_model_is_an_asset_in_the_group_of_its_folder(graph, manifest):
    """An ephemeral model is a part of the one that reads it."""
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    made = [node for node in models if node["config"]["materialized"] != "ephemeral"]
    assert made
    for node in made:
        key = dg.AssetKey([node["schema"], node["name"]])
        assert graph.get(key).group_name == node["fqn"][1], node["name"]


def test_every_dbt_source_is_made_by_an_asset_or_came_from_an_earlier_pass(graph, manifest):
    sources = {dg.AssetKey([node["source_name"], node["name"]]) for node in manifest["sources"].values()}
    assert sources - set(graph.materializable_asset_keys) == FROM_EARLIER_PASSES


def test_nothing_is_made_twice_and_nothing_waits_for_what_nobody_makes(graph):
    waited_for = {parent for key in graph.materializable_asset_keys for parent in graph.get(key).parent_keys}
    assert waited_for - set(graph.materializable_asset_keys) <= FROM_EARLIER_PASSES


def test_the_schedule_and_the_sensor_are_stopped_until_somebody_starts_them(definitions):
    repository = definitions.get_repository_def()
    (hourly,) = repository.schedule_defs
    (new_files,) = repository.sensor_defs
    assert hourly.default_status is dg.DefaultScheduleStatus.STOPPED
    assert new_files.default_status is dg.DefaultSensorStatus.STOPPED
    assert (hourly.job_name, new_files.job_name) == ("reconcile", "reconcile")


def test_a_pass_posts_nothing_and_posting_judges_nothing(definitions):
    passed = definitions.resolve_job_def("reconcile").asset_layer.executable_asset_keys
    posted = definitions.resolve_job_def("post").asset_layer.executable_asset_keys
    assert posted == {dg.AssetKey(["posting", "sent"])}
    assert passed & posted == set()
    assert {key.path[0] for key in passed} >= {"pos", "sage200", "marts", "published"}


def test_receiving_and_judging_are_the_two_halves_of_a_pass(definitions):
    whole, receive, judge = (
        definitions.resolve_job_def(name).asset_layer.executable_asset_keys
        for name in ("reconcile", "receive", "judge")
    )
    assert receive | judge == whole
    assert receive & judge == set()
    first = receiving_graph.defs.resolve_job_def("receive").asset_layer.executable_asset_keys
    assert first == receive


def test_what_is_judged_waits_for_the_gate_and_the_gate_for_its_candidates(graph):
    flags = dg.AssetKey(["gate", "posting_flags"])
    assert dg.AssetKey(["gate", "gate_candidates"]) in graph.get(flags).parent_keys
    assert flags in graph.get(dg.AssetKey(["staging", "stg_gate__posting_flags"])).parent_keys


def test_a_publication_waits_for_every_public_model(graph, manifest):
    public = {
        dg.AssetKey([node["schema"], node["name"]])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["access"] == "public"
    }
    assert public
    assert graph.get(dg.AssetKey(["published", "publication"])).parent_keys >= public
    assert dg.AssetKey(["marts", "document_verdicts"]) in public


def test_the_sensor_asks_once_for_each_new_file(definitions, tmp_path, monkeypatch):
    (tmp_path / "tillproof.toml").write_text('company_id = "DGS"\n', encoding="utf-8")
    monkeypatch.setenv("TILLPROOF_HOME", str(tmp_path))
    sensor = definitions.get_repository_def().get_sensor_def("new_till_files")
    with dg.DagsterInstance.ephemeral() as instance:

        def ask(cursor: str | None):
            with dg.build_sensor_context(instance, cursor=cursor) as context:
                return sensor.evaluate_tick(context)

        assert ask(None).run_requests == []
        (tmp_path / "inbox" / "S01").mkdir(parents=True)
        (tmp_path / "inbox" / "S01" / "sales.csv").write_text("x", encoding="utf-8")
        asked = ask(None)
        assert len(asked.run_requests) == 1
        assert ask(asked.cursor).run_requests == []
