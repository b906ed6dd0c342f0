"""Writes docs/contracts.md: `python -m orchestration.contracts_doc`.

What may come in, what may be set and what is published, read from where each is decided: the profiles, the
landed tables, the mapping files, the settings and the contracts of the public dbt models. A test keeps the
page in step.
"""

from __future__ import annotations

import json
import textwrap
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from orchestration import contracts_words as words
from orchestration import name_index
from orchestration.acceptance_settings import AcceptanceSettings
from orchestration.access_settings import AccessSettings
from orchestration.close_settings import CloseSettings
from orchestration.landing_tables import TableSpec
from orchestration.ledgers.sage50_settings import Sage50Settings
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.operations.mapping_columns import MAPPING_FILES, MappingFile
from orchestration.publishing import CLOCKS
from orchestration.settings import Settings
from orchestration.tills import profile as profiles
from orchestration.warehouse import PROJECT

PAGE = Path(__file__).resolve().parents[1] / "docs" / "contracts.md"
WIDTH = 120
Cells = Sequence[str]
Model = Mapping[str, Any]


class MeaningMissingError(Exception):
    """Something that is part of a contract has no words, or words have lost what they were about."""


def render() -> str:
    """The whole page as Markdown."""
    parts = [
        [
            "# Contracts",
            "",
            "Written by `python -m orchestration.contracts_doc` from the code; a test keeps it in step.",
            "",
            "1. [Till files](#till-files) · 2. [Profiles](#profiles) · 3. [Tables that files fill]"
            "(#tables-that-files-fill) · 4. [Mapping files](#mapping-files) · 5. [Settings](#settings) · "
            "6. [Published tables](#published-tables)",
            "",
        ],
        _till_files(),
        _profile_settings(),
        _received_tables(),
        _mapping_files(),
        _settings(),
        _published(),
    ]
    return "\n".join(line for part in parts for line in part)


def _table(headings: Cells, rows: Iterable[Cells]) -> list[str]:
    lines = [f"| {' | '.join(headings)} |", f"| {' | '.join('---' for _ in headings)} |"]
    for row in rows:
        cells = " | ".join(cell.replace("|", "\\|") for cell in row)
        lines.append(f"| {cells} |")
    return [*lines, ""]


def _section(heading: str, prose: str) -> list[str]:
    return [heading, "", *textwrap.wrap(prose, WIDTH, break_long_words=False, break_on_hyphens=False), ""]


def _hold_together(what: str, names: Iterable[str], meanings: Iterable[str]) -> None:
    """Raise MeaningMissingError where names and meanings are not the same set."""
    there, said = set(names), set(meanings)
    if there != said:
        raise MeaningMissingError(
            f"{what}: without words: {sorted(there - said)}; words for nothing: {sorted(said - there)}"
        )


# -- what comes in


def _till_files() -> list[str]:
    lines = _section(
        "## Till files",
        "A file goes into a folder of the inbox, `<home>/inbox/<folder>/`. The first profile that takes its "
        "folder and name says how it is read. These profiles come with Tillproof; one of the same name in "
        "`<home>/profiles/` takes the place of the one given here.",
    )
    for path in sorted(profiles.GIVEN.glob("*.toml")):
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        lines += _section(f"### `{path.name}`", given["description"].removesuffix(".") + ".")
        for export in profiles.read_profile(path):
            lines += _export(export)
    return lines


def _export(export: profiles.Profile) -> list[str]:
    shape = [f"format {export.file_format}"]
    if export.file_format == "csv":
        shape += [f"delimiter `{export.delimiter}`", f"encoding {export.encoding}"]
        shape.append(f"decimal sign `{export.decimal}`")
        shape += [] if export.ends_with_newline else ["a last line may lack its line end"]
    else:
        shape.append(f"one `{export.unit}` is one whole thing")
    shape.append(f"times {_listed(export.timestamp_formats)}")
    shape.append(f"dates {_listed(export.date_formats)}")
    where = f"files {_listed(export.files)} in {_listed(export.folders)}"
    lines = [f"**{export.name}**: {where}; {', '.join(shape)}.", ""]
    for table in export.tables:
        rows = [
            (f"`{place}`", f"`{column}`", "may be left out" if column in table.optional else "")
            for column, place in table.columns.items()
        ]
        rows += [("", f"`{column}`", f"always `{value}`") for column, value in table.fixed.items()]
        heading = f"In each `{table.element}`" if table.element else "In the file"
        lines += _table((heading, f"Column of `{table.table}`", ""), rows)
    return lines


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def _profile_settings() -> list[str]:
    _hold_together("profile settings", profiles._SETTINGS, words.PROFILE_SETTINGS)
    lines = _section(
        "## Profiles",
        "TOML. `comma_till.toml` in `orchestration/tills/profiles/` is the worked example. Everything "
        "before the first `[[export]]` holds for all exports of the file; an export may say otherwise for "
        "itself.",
    )
    rows = [(f"`{name}`", said) for name, said in words.PROFILE_SETTINGS.items()]
    return lines + _table(("Setting", "Meaning"), rows)


def _received_tables() -> list[str]:
    specs = list(profiles.RECEIVED_TABLES.values())
    _hold_together("columns of files", (name for spec in specs for name in spec.columns), words.FILE_COLUMNS)
    lines = _section(
        "## Tables that files fill",
        "*Must* is what a profile has to name. *Key* columns say which row it is: what a later file says "
        "of the same row or receipt is a new version, and the earlier one stays on record. A row with a "
        "cell that cannot be read is set aside, told with its file, row, column and reason, and the good "
        "rows go on.",
    )
    for spec in specs:
        lines += [f"### `{spec.name}`", ""]
        lines += _table(("Column", "Type", "", "Meaning"), _received_columns(spec))
    return lines


def _received_columns(spec: TableSpec) -> Iterable[Cells]:
    for name, kind in spec.columns.items():
        marks = ["must"] if name in profiles.MUST_BE_FILLED[spec.name] else []
        marks += ["key"] if name in spec.key else []
        marks += ["set by intake"] if name in profiles._OWN else []
        yield f"`{name}`", kind, ", ".join(marks), words.FILE_COLUMNS[name]


def _mapping_files() -> list[str]:
    _hold_together("mapping files", (file.name for file in MAPPING_FILES), words.MAPPING_FILES)
    columns = (name for file in MAPPING_FILES for name in (*file.readers, *file.ignored))
    _hold_together("columns of mapping files", columns, words.MAPPING_COLUMNS)
    lines = _section(
        "## Mapping files",
        "CSV, UTF-8, commas, a heading with these columns in any order and no others. A folder of them is taken "
        "whole or not at all; what is wrong is told by file, row and column. A row that is left out stays "
        "as it was: end it with `valid_to`. The demo's are in `sandbox/scenario/mappings/`. `tillproof "
        "mappings import` takes them in, `tillproof mappings export` writes them. An apostrophe before what "
        "a spreadsheet would run as a formula is taken off.",
    )
    for file in MAPPING_FILES:
        lines += _section(f"### `{file.name}.csv`", words.MAPPING_FILES[file.name])
        lines += _table(("Column", "", "Meaning"), _mapping_columns(file))
    lines += _section("### Categories", "Any other category is ordinary goods.")
    return lines + _table(("Category", "Meaning"), words.CATEGORIES.items())


def _mapping_columns(file: MappingFile) -> Iterable[Cells]:
    key = {"company_id", *file.key} | ({"valid_from"} if file.has_validity else set())
    for name in (*file.readers, *file.ignored):
        may_be_left_out = name in file.ignored or name in file.optional
        mark = "key" if name in key else "may be left out" if may_be_left_out else ""
        yield f"`{name}`", mark, words.MAPPING_COLUMNS[name]
    for name, instead in file.retired.items():
        yield f"`{name}`", "leave it out", f"Read by nothing, and an import says so: {instead}."


# -- what may be set


def _settings() -> list[str]:
    top, sage = Settings.model_fields, Sage200Settings.model_fields
    _hold_together("settings", top, words.SETTINGS)
    silent = [name for name, field in sage.items() if not field.description]
    _hold_together("settings of sage200", silent, words.SAGE200)
    sage50 = Sage50Settings.model_fields
    silent = [name for name, field in sage50.items() if not field.description]
    _hold_together("settings of sage50", silent, words.SAGE50)
    close, access = CloseSettings.model_fields, AccessSettings.model_fields
    _hold_together("settings of close", close, words.CLOSE)
    _hold_together("settings of access", access, words.ACCESS)
    accepted = AcceptanceSettings.model_fields
    _hold_together("settings of acceptance", accepted, words.ACCEPTANCE)
    parts = ("home", "sage200", "sage50", "close", "acceptance", "access")
    own = {name: field for name, field in top.items() if name not in parts}
    lines = _section(
        "## Settings",
        "`tillproof.toml` in the home. Any of them may be an environment variable instead, which stands "
        "above the file: `TILLPROOF_COMPANY_ID`, `TILLPROOF_SAGE200__CLIENT_SECRET`. The home: "
        f"{words.SETTINGS['home'][0].lower()}{words.SETTINGS['home'][1:]}",
    )
    lines += _table(("Setting", "Default", "Meaning"), _fields(own, words.SETTINGS))
    lines += _section("### `[sage200]`", words.SETTINGS["sage200"])
    lines += _table(("Setting", "Default", "Meaning"), _fields(sage, words.SAGE200))
    lines += _section("### `[sage50]`", words.SETTINGS["sage50"])
    lines += _table(("Setting", "Default", "Meaning"), _fields(sage50, words.SAGE50))
    lines += _section("### `[close]`", words.SETTINGS["close"])
    lines += _table(("Setting", "Default", "Meaning"), _fields(close, words.CLOSE))
    lines += _section("### `[acceptance]`", words.SETTINGS["acceptance"])
    lines += _table(("Setting", "Default", "Meaning"), _fields(accepted, words.ACCEPTANCE))
    lines += _section("### `[access]`", words.SETTINGS["access"])
    return lines + _table(("Setting", "Default", "Meaning"), _fields(access, words.ACCESS))


def _fields(fields: Mapping[str, FieldInfo], meanings: Mapping[str, str]) -> Iterable[Cells]:
    for name, field in fields.items():
        yield f"`{name}`", _default(field), field.description or meanings[name]


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.is_required():
        return "must be given"
    if isinstance(value, SecretStr) or value in (None, ""):
        return ""
    if isinstance(value, tuple | bool):
        return f"`{json.dumps(value)}`"
    return f"`{value.as_posix() if isinstance(value, Path) else value}`"


# -- what goes out


def read_yaml(path: Path) -> Any:
    """What a yml file of the dbt project says, read in C where PyYAML has that: it takes a tenth of the time."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe


def public_models() -> list[Model]:
    """The models whose contract is public, by name: the dictionaries of their yml files."""
    found = [
        model
        for path in sorted((PROJECT / "models").rglob("*.yml"))
        for model in (read_yaml(path) or {}).get("models", [])
        if "public" in (model.get("access"), model.get("config", {}).get("access"))
    ]
    return sorted(found, key=lambda model: str(model["name"]))


def _published() -> list[str]:
    lines = _section(
        "## Published tables",
        "Parquet under `published/` in the home. `current` holds the number n of the newest publication "
        "and `n.json` lists its files; `tillproof-n.duckdb` has a view of each table. A column that ends "
        "in `_pence` is whole pence, in `_at` UTC without a zone, in `_date` a calendar date. The same "
        f"input gives the same files, but for `{CLOCKS}`, which holds clocks. `tillproof export TABLE --to "
        "FILE` writes one of them as .csv or .xlsx for a spreadsheet: `_pence` becomes `_pounds` with two "
        "places, `_at` becomes `_at_utc`, and days are DD/MM/YYYY.",
    )
    headings = ("Column", "Type", "Meaning")
    for model in public_models():
        lines += _section(f"### `{model['name']}`", " ".join(str(model["description"]).split()))
        lines += _table(headings, (_column(column) for column in model["columns"]))
    lines += _section(
        f"### `{name_index.TABLE}`",
        "Where a receipt or document that bears a name is found: what makes search quick.",
    )
    lines += _table(headings, [(f"`{name}`", *told) for name, *told in name_index.COLUMNS])
    lines += _section(f"### `{CLOCKS}`", "How long each stage of each pass took.")
    return lines + _table(headings, [(f"`{name}`", *told) for name, *told in words.HEALTH_PASSES])


def _column(column: Model) -> Cells:
    meaning = " ".join(str(column.get("description") or "").split())
    if not meaning:
        raise MeaningMissingError(f"published column {column['name']} has no description")
    values = _accepted(column)
    listed = f" One of {_listed(values)}." if values and not all(value in meaning for value in values) else ""
    return f"`{column['name']}`", str(column["data_type"]), meaning + listed


def _accepted(column: Model) -> list[str]:
    """The closed set a data test holds the column to; empty where there is none."""
    for test in column.get("data_tests", []):
        if isinstance(test, dict) and "accepted_values" in test:
            return [str(value) for value in test["accepted_values"]["arguments"]["values"]]
    return []


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
