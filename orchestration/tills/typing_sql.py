"""SQL that turns printed cells into typed columns and says, in a person's words, why a cell cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestration.tills.profile import DATED_BY, MUST_BE_FILLED, Profile, TableMap

_DECIMAL = re.compile(r"decimal\(\d+,\s*(\d+)\)")
# letters of these are what a person reads; blanks around an identity are not part of it
_TRIMMED = {
    "store_code",
    "till_code",
    "receipt_no",
    "original_store_code",
    "original_till_code",
    "original_receipt_no",
    "receipt_kind",
    "tax_code",
    "tender_type",
    "reference",
    "run_id",
}


def literal(text: str) -> str:
    """Text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def typed_columns(profile: Profile, table: TableMap, cells: Mapping[str, str]) -> tuple[list[str], str]:
    """The typed columns of a landed table, and the list of problems of a row.

    `cells` gives, for each of our columns the file has, the SQL of its text. Handed back: `<sql> as <column>`
    for every content column but `occurrence` and `line_occurrence`, and SQL for a list of
    struct(column_name, reason) without nulls.
    """
    spec = table.spec
    columns, problems, conditions = [], [], []
    for name, type_ in spec.columns.items():
        if name in ("occurrence", "line_occurrence"):
            continue
        if name == "profile":
            columns.append(f"{literal(profile.name)} as profile")
            continue
        if name == "document_date" and name not in cells:
            dated = DATED_BY[spec.name]
            columns.append(
                f"cast({_value(profile, dated, 'timestamp', cells[dated])} as date) as document_date"
            )
            continue
        if name in table.fixed:
            columns.append(f"cast({literal(table.fixed[name])} as {type_}) as {name}")
            continue
        if name not in cells:
            columns.append(f"cast(null as {type_}) as {name}")
            continue
        columns.append(f"{_value(profile, name, type_, cells[name])} as {name}")
        is_needed = name in MUST_BE_FILLED[spec.name]
        reason = _reason(profile, name, type_, cells[name], is_needed)
        if reason:
            shown = literal(table.columns[name].rsplit("@", 1)[-1])
            conditions.append(f"({reason[0]})")
            problems.append(
                f"case when {reason[0]} then {{'column_name': {shown}, 'reason': {reason[1]}}} end"
            )
    # the list is made for the rare bad row only: a condition is cheap, a list for every row is not
    nothing = "cast([] as struct(column_name varchar, reason varchar)[])"
    if not problems:
        return columns, nothing
    listed = f"list_filter([{', '.join(problems)}], problem -> problem is not null)"
    return columns, f"case when {' or '.join(conditions)} then {listed} else {nothing} end"


def _value(profile: Profile, name: str, type_: str, cell: str) -> str:
    if type_ == "varchar":
        if name == "receipt_kind" and profile.receipt_kinds:
            words = " ".join(
                f"when {literal(word.casefold())} then {literal(kind)}"
                for word, kind in profile.receipt_kinds.items()
            )
            return f"coalesce(case lower(trim({cell})) {words} end, nullif(trim({cell}), ''))"
        return f"nullif(trim({cell}), '')" if name in _TRIMMED else f"nullif({cell}, '')"
    if type_ == "timestamp":
        return f"try_strptime(trim({cell}), {_formats(profile.timestamp_formats)})"
    if type_ == "date":
        return f"cast(try_strptime(trim({cell}), {_formats(profile.date_formats)}) as date)"
    text = f"trim({cell})"
    if _DECIMAL.match(type_) and profile.decimal == ",":
        text = f"replace({text}, ',', '.')"
    return f"try_cast({text} as {type_})"


def _formats(formats: tuple[str, ...]) -> str:
    return f"[{', '.join(map(literal, formats))}]"


def _reason(profile: Profile, name: str, type_: str, cell: str, is_needed: bool) -> tuple[str, str] | None:
    """(SQL that is true of a bad cell, SQL of the reason in words); None where no text can be wrong."""
    text = f"trim({cell})"
    is_empty = f"coalesce({text}, '') = ''"
    said = f" || {text}"
    if type_ == "varchar":
        return (is_empty, "'is empty'") if is_needed else None
    if type_ in ("timestamp", "date"):
        formats = profile.timestamp_formats if type_ == "timestamp" else profile.date_formats
        value = _value(profile, name, type_, cell)
        is_bad = f"coalesce(year({value}), 0) not between 1900 and 2999"
        why = f"'is not a {'time' if type_ == 'timestamp' else 'date'} like {_plain(formats)}: '{said}"
    elif decimals := _DECIMAL.match(type_):
        sign, places = re.escape(profile.decimal), int(decimals[1])
        is_bad = f"not regexp_full_match({text}, '[+-]?\\d{{1,15}}({sign}\\d{{1,{places}}}0*)?')"
        why = f"""case
            when regexp_full_match({text}, '[+-]?\\d{{1,15}}{sign}\\d+')
                then 'has more than {places} decimals: '
            when regexp_full_match({text}, '[+-]?\\d{{1,3}}([., '']\\d{{3}})+([.,]\\d+)?')
                then 'has a thousands separator, or another decimal sign than {profile.decimal}: '
            else 'is not a number: ' end{said}"""
    else:
        is_bad = f"(not regexp_full_match({text}, '[+-]?\\d{{1,18}}') or try_cast({text} as {type_}) is null)"
        why = f"'is not a whole number: '{said}"
    if is_needed:
        return f"{is_empty} or {is_bad}", f"case when {is_empty} then 'is empty' else {why} end"
    return f"not ({is_empty}) and {is_bad}", why


def _plain(formats: tuple[str, ...]) -> str:
    """Formats as a person writes them: %d/%m/%Y %H:%M is dd/mm/yyyy hh:mm."""
    words = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%H": "hh", "%M": "mm", "%S": "ss", "%y": "yy"}
    shown = " or ".join(formats)
    for sign, word in words.items():
        shown = shown.replace(sign, word)
    return shown.replace("'", "''")
