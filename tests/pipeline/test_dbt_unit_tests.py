"""The models' own stories, dbt's unit tests: each lives beside the model it is about."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

LOGIC = {
    "int_deliveries_awaited",
    "int_documents_matched_as_contras",
    "int_documents_matched_by_posting_key",
    "int_documents_matched_by_pos_id",
    "int_documents_left_by_references",
    "int_match_decisions_weighed",
    "int_documents_matched_by_person",
    "int_multiset_cells_counted",
    "int_documents_matched_by_multiset",
    "int_documents_matched_by_tolerance",
    "int_documents_ambiguous",
    "int_documents_grouped_by_day",
    "int_documents_summed",
    "int_groups_weighed",
    "int_references_read",
    "int_journals_faced",
    "int_documents_covered_by_journal",
    "int_ledger_duplicates_found",
    "int_ledger_documents_changed",
    "document_drifts",
    "int_receipts_repeated",
    "int_receipt_numbers_skipped",
    "int_nominal_legs_mapped",
    "int_receipts_totalled",
    "int_tenders_placed",
    "receipt_lines",
    "tax_roundings",
    "int_drifts_explained",
    "int_expected_judged",
    "int_ledger_judged",
    "bridge_lines",
    "till_customer_balances",
    "till_closures",
    "int_closures_classed",
    "int_receipts_classed",
    "int_partners_suggested",
    "int_open_spells",
    "int_documents_in_tranches",
    "int_tranche_members_compared",
    "int_judgements_changed",
    "int_summaries_proposed",
    "int_missing_proposed",
    "int_bank_documents_paired",
    "int_copies_proposed",
    "int_corrections_proposed",
    "posting_proposals",
}
"""Where a wrong line would move a verdict or a penny: none may be without a story."""


class Stage:
    """The tables and views of the built house, empty and in memory: a story puts its rows there and asks its model.

    dbt itself takes half a second of processor to begin each story, and most read tables and nothing else.
    """

    def __init__(self, house: Any):
        read = json.loads(house.manifest.read_text(encoding="utf-8"))
        self.stories: dict[str, dict] = read["unit_tests"]
        self.models = {
            node["name"]: node for node in read["nodes"].values() if node["resource_type"] == "model"
        }
        self.compiled = house.home / "dbt" / "compiled" / "tillproof"
        self.kinds: dict[tuple[str, str], dict[str, str]] = {}
        with house.warehouse.connect() as built:
            for schema, name, column, kind in built.execute(
                "select schema_name, table_name, column_name, data_type from duckdb_columns() "
                "where database_name = current_database() and not internal order by all"
            ).fetchall():
                self.kinds.setdefault((schema, name), {})[column] = kind
        self.connection = duckdb.connect()
        self.connection.execute(
            "set TimeZone = 'UTC'; set threads = 1; attach ':memory:' as warehouse; use warehouse"
        )
        for schema in {schema for schema, _ in self.kinds}:
            self.connection.execute(f"create schema if not exists {schema}")
        for (schema, name), columns in self.kinds.items():
            told = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
            self.connection.execute(f"create table {schema}.{name} ({told})")

    def has_all_of(self, story: dict) -> bool:
        """Whether a story reads tables and views only: an ephemeral model or a source is none, dbt writes it in."""
        return all(self.table_of(name) in self.kinds for name in self.names_in(story))

    def names_in(self, story: dict) -> list[str]:
        """The models of a story, its own last; a source stays as it is written."""
        return [
            *(given["input"].removeprefix("ref('").removesuffix("')") for given in story["given"]),
            story["model"],
        ]

    def table_of(self, name: str) -> tuple[str, str] | None:
        model = self.models.get(name)
        return model and (model["schema"], name)

    def play(self, story: dict) -> list[str]:
        """What of a story is not so: each row that is missing, or that nobody expected."""
        self.connection.execute("begin")
        try:
            *given_names, model = self.names_in(story)
            for name, given in zip(given_names, story["given"], strict=True):
                self.fill(*self.table_of(name), given)  # type: ignore[misc]
            asked = (self.compiled / self.models[model]["original_file_path"]).read_text(encoding="utf-8")
            self.connection.execute(f"create table actual as {asked}")
            self.connection.execute("create table expected as from actual limit 0")
            kinds = {name: kind for name, kind, *_ in self.connection.execute("describe actual").fetchall()}
            self.kinds["main", "expected"] = kinds
            self.fill("main", "expected", story["expect"])
            rows = story["expect"]["rows"]
            shown = ", ".join(f'"{column}"' for column in rows[0]) if rows and isinstance(rows, list) else "*"
            actual, expected = f"select {shown} from actual", f"select {shown} from expected"
            return [
                f"{what}: {row}"
                for what, left, right in (("missing", expected, actual), ("unexpected", actual, expected))
                for row in self.connection.execute(f"{left} except all {right}").fetchall()
            ]
        except duckdb.Error as error:
            return [str(error)]
        finally:
            self.connection.execute("rollback")

    def fill(self, schema: str, name: str, given: dict) -> None:
        """The rows of a story in a table; a column that a row does not name is null in it."""
        if given["format"] == "sql":
            self.connection.execute(f"insert into {schema}.{name} by name ({given['rows']})")
            return
        kinds = {column.lower(): kind for column, kind in self.kinds[schema, name].items()}
        alike: dict[tuple[str, ...], list[Any]] = {}
        for row in given["rows"]:
            alike.setdefault(tuple(row), []).extend(row.values())
        for columns, values in alike.items():
            # a value is as the story writes it, and becomes what its column is
            row = ", ".join(f"cast(? as {kinds.get(column.lower(), 'varchar')})" for column in columns)
            rows = ", ".join([f"({row})"] * (len(values) // len(columns)))
            named = ", ".join(f'"{column}"' for column in columns)
            self.connection.execute(f"insert into {schema}.{name} ({named}) values {rows}", values)


@pytest.fixture(scope="module")
def stage(empty_house):
    return Stage(empty_house)


def test_every_model_does_what_its_stories_say(empty_house, stage):
    failed = {}
    left_to_dbt = []
    for unique_id, story in stage.stories.items():
        if not stage.has_all_of(story):
            left_to_dbt.append(unique_id.removeprefix("unit_test.tillproof."))
        elif wrong := stage.play(story):
            failed[story["name"]] = wrong
    assert failed == {}
    assert len(left_to_dbt) < len(stage.stories) / 4
    names = [story.rpartition(".")[2] for story in left_to_dbt]
    assert len(empty_house.dbt("test", "--select", *names)) == len(left_to_dbt)


@pytest.mark.long
def test_dbt_says_so_too(empty_house):
    """As a contributor's `dbt test` plays them, all of them."""
    assert empty_house.dbt("test", "--select", "test_type:unit"), "no story was told at all"


def test_a_story_gives_everything_that_its_model_reads(empty_house):
    """dbt refuses one that leaves anything out; the stage above would play it over an empty table."""
    known = json.loads(empty_house.manifest.read_text(encoding="utf-8"))
    models = {node["name"]: node for node in known["nodes"].values() if node["resource_type"] == "model"}
    left_out = {}
    for story in known["unit_tests"].values():
        given = {each["input"] for each in story["given"]}
        reads = [
            known["nodes"].get(one, {}).get("name") for one in models[story["model"]]["depends_on"]["nodes"]
        ]
        if missing := [name for name in reads if name and f"ref('{name}')" not in given]:
            left_out[story["name"]] = missing
    assert left_out == {}


def test_every_judgement_has_a_story(empty_house):
    stories = json.loads(empty_house.manifest.read_text(encoding="utf-8"))["unit_tests"].values()
    assert {story["model"] for story in stories} >= LOGIC
