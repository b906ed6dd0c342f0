"""SQL that turns printed cells into typed columns and says, in a person's words, why a cell cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestration.tills.profile import DATED_BY, MUST_BE_FILLED, Profile, TableMap

_MOMENT = "moment_"
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


def typed_rows(
    profile: Profile, table: TableMap, cells: Mapping[str, str], source: str, also: str, raw_text: str
) -> str:
    """SQL for the rows of `source` typed, each with `problems`: a list of struct(column_name, reason) without nulls.

    `cells` gives, for each of our columns the file has, the SQL of its text. The query has every content column but
    `occurrence` and `line_occurrence`, what `also` lists, and `raw_text`, which is empty for a good row.
    """
    columns, problems = _typed_columns(profile, table, cells)
    moments = [
        f"{_moment(profile, type_, cells[name])} as {_MOMENT}{name}"
        for name, type_ in table.spec.columns.items()
        if name in cells and type_ in ("timestamp", "date")
    ]
    return f"""
        select {", ".join([also, *columns])}, problems, case when len(problems) > 0 then {raw_text} end as raw_text
        from (select *, {problems} as problems from (select {", ".join(["*", *moments])} from {source}))
    """


def _typed_columns(profile: Profile, table: TableMap, cells: Mapping[str, str]) -> tuple[list[str], str]:
    """`<sql> as <column>` for every content column, and SQL for the list of problems of a row."""
    spec = table.spec
    columns, problems, conditions = [], [], []
    numbers, doubts = [], []
    for name, type_ in spec.columns.items():
        if name in ("occurrence", "line_occurrence"):
            continue
        if name == "profile":
            columns.append(f"{literal(profile.name)} as profile")
            continue
        if name == "document_date" and name not in cells:
            dated = DATED_BY[spec.name]
            columns.append(f"cast({_MOMENT}{dated} as date) as document_date")
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
            if pattern := _plain_number(profile, type_):
                numbers.append((f"coalesce({cells[name]}, '')", pattern if is_needed else f"({pattern})?"))
                doubts.append(f"({reason[0]})")
            else:
                conditions.append(f"({reason[0]})")
            problems.append(
                f"case when {reason[0]} then {{'column_name': {shown}, 'reason': {reason[1]}}} end"
            )
    # the list is made for the rare bad row only: a condition is cheap, a list for every row is not
    nothing = "cast([] as struct(column_name varchar, reason varchar)[])"
    if not problems:
        return columns, nothing
    if doubts:
        # the numbers of a row are held to one pattern, which costs little more than one; if that fails, each to its own
        printed, patterns = zip(*numbers, strict=True)
        pattern = r"\x1f".join(patterns)
        is_plain = f"regexp_full_match(concat_ws(chr(31), {', '.join(printed)}), '{pattern}')"
        conditions.append(f"not {is_plain} and ({' or '.join(doubts)})")
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
    if type_ in ("timestamp", "date"):
        return f"{_MOMENT}{name}"
    # blanks around a number do not trouble the cast
    text = f"replace({cell}, ',', '.')" if _DECIMAL.match(type_) and profile.decimal == "," else cell
    return f"try_cast({text} as {type_})"


def _moment(profile: Profile, type_: str, cell: str) -> str:
    """A time or date as printed; read once for the column, the day that comes of it, and what may be wrong with it."""
    if type_ == "timestamp":
        return f"try_strptime(trim({cell}), {_formats(profile.timestamp_formats)})"
    return f"cast(try_strptime(trim({cell}), {_formats(profile.date_formats)}) as date)"


def _plain_number(profile: Profile, type_: str) -> str | None:
    """A pattern that only a number which is good for the type has; None for what is no number."""
    if decimals := _DECIMAL.match(type_):
        return f"[+-]?\\d{{1,15}}({re.escape(profile.decimal)}\\d{{1,{int(decimals[1])}}}0*)?"
    digits = {"integer": 9, "bigint": 18}.get(type_)
    return f"[+-]?\\d{{1,{digits}}}" if digits else None


def _formats(formats: tuple[str, ...]) -> str:
    return f"[{', '.join(map(literal, formats))}]"


def _reason(profile: Profile, name: str, type_: str, cell: str, is_needed: bool) -> tuple[str, str] | None:
    """(SQL that is true of a bad cell, SQL of the reason in words); None where no text can be wrong."""
    text = f"trim({cell})"
    # whatever begins with a sign above the blank needs no trimming to be told from nothing
    is_empty = f"(not coalesce({cell} >= '!', false) and coalesce({text}, '') = '')"
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
    return f"not {is_empty} and {is_bad}", why


def _plain(formats: tuple[str, ...]) -> str:
    """Formats as a person writes them: %d/%m/%Y %H:%M is dd/mm/yyyy hh:mm."""
    words = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%H": "hh", "%M": "mm", "%S": "ss", "%y": "yy"}
    shown = " or ".join(formats)
    for sign, word in words.items():
        shown = shown.replace(sign, word)
    return shown.replace("'", "''")
