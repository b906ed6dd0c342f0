"""The days that a pass judges: those that something new may touch. What was published of all others stands.

Nothing on a day that is kept can be judged otherwise, because

* a day is judged where anything new may touch it (touched_days.py);
* days that share a document, a receipt number, a partner, a summary, a return or a journal are judged together
  (model `linked_days`);
* what stands above all days has not changed: a mapping, an account, a period, a setting or a model that did makes
  every day judged, and so does a history that is small, or of which more than a share is touched.

The models read judged days alone (`macros/kept.sql`); all other days lie beside them (kept_days.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration import touched_days
from orchestration.kept_days import BY_DAY, UNDATED_FILES, lay_before, lay_kept
from orchestration.landing import Landing
from orchestration.landing_files import UNDATED
from orchestration.landing_tables import TABLES
from orchestration.publishing import Publication
from orchestration.touched_days import (
    DATED,
    DAYS_A_JOURNAL_LOOKS_BACK,
    DECIDED,
    READ_WHOLE,
    USED_BY_DAYS,
    Landed,
)

LARGEST_SHARE = 5
"""One in so many: where more of what is published would be judged, all of it is."""

UNFINISHED = "days_are_kept.unfinished"
"""Lies beside the gate's files from the choice of days until they are published: what it outlives is judged whole."""


@dataclass(frozen=True)
class JudgedDays:
    """What a pass judges: so many days of all, or all of them for a reason."""

    judged: int = 0
    known: int = 0
    all_because: str = ""

    @property
    def are_some_kept(self) -> bool:
        return not self.all_because

    def __str__(self) -> str:
        return self.all_because or f"{self.judged} of {self.known} days"


def choose(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    before: Publication | None,
    root: Path,
    *,
    pass_number: int,
    rules: str,
    keep_from: int,
    is_trusted: bool = True,
    largest_share: int | None = None,
) -> JudgedDays:
    """Choose the days of a pass, and lay what is kept beside them in schema `kept` of an empty warehouse.

    `before` is what is published now, in the folder `root`; `rules` the digest of those that will judge;
    `keep_from` how many documents must be published for days to be kept at all; `is_trusted` is false after a pass that
    kept days and was not published.
    """
    if before is None:
        return JudgedDays(all_because="nothing is published yet")
    if before.pass_number >= pass_number:
        return JudgedDays(all_because="the pass is judged again")
    if before.rules_digest != rules:
        return JudgedDays(all_because="other rules judged what is published")
    if not is_trusted:
        return JudgedDays(all_because="the last pass that kept days came to no end")
    documents = sum(int(file["rows"]) for file in before.tables.get("document_verdicts", []))
    if documents < keep_from:
        return JudgedDays(all_because="history is small")
    if not all((root / str(file["path"])).exists() for listed in before.tables.values() for file in listed):
        return JudgedDays(all_because="what is published is not whole")
    if any(landing.files(name) for name in TABLES if name.startswith("sage50/")):
        return JudgedDays(all_because="Sage 50 is read whole")
    if _has_rows_without_a_day(landing, before):
        return JudgedDays(all_because="some rows bear no date")
    new = Landed(landing, before.pass_number)
    if above := sorted(new.tables - {*DATED, *READ_WHOLE, *DECIDED, *USED_BY_DAYS}):
        return JudgedDays(all_because=f"{above[0]} changed")
    if _has_other_till_customer(connection, new):
        return JudgedDays(all_because="a customer that tills post to changed")
    lay_before(connection, before, root)
    touched_days.note(connection, new, before.as_of)
    connection.execute(CLOSED)
    connection.execute(NEAR.format(days=_tolerance(connection, new), rung=RUNG_OF_TOLERANCE))
    connection.execute(JOURNALS.format(days=DAYS_A_JOURNAL_LOOKS_BACK))
    connection.execute(CLOSED)
    counted = connection.execute(
        """select (select count(*) from kept.judged_days), count(distinct business_date),
                  count(*) filter (where business_date in (select day from kept.judged_days)), count(*)
           from before.document_verdicts"""
    ).fetchone()
    assert counted is not None
    judged, known, judged_documents, all_documents = (int(value) for value in counted)
    if judged_documents * (largest_share or LARGEST_SHARE) > all_documents:
        connection.execute("drop schema kept cascade; drop schema before cascade")
        return JudgedDays(all_because="most days are touched")
    lay_kept(connection, before, new)
    return JudgedDays(judged, known)


def _has_rows_without_a_day(landing: Landing, before: Publication) -> bool:
    """Whether something that is read or published by day has none."""
    published = [file for model in BY_DAY if model not in UNDATED_FILES for file in before.tables[model]]
    published += before.tables["posting_proposals"]
    landed = [found for table in DATED for found in landing.files(table)]
    return any(file["month"] is None and file["rows"] for file in published) or any(
        found.folder == UNDATED for found in landed
    )


def _has_other_till_customer(connection: duckdb.DuckDBPyConnection, landed: Landed) -> bool:
    """Whether a customer changed that receipts are expected on: the gate asks of each whether it may be posted to."""
    found = connection.execute(
        f"""select count(*) from {landed.other_customers()} as customers
            where reference in (select till_customer_reference from {landed.newest("operations/stores")})
               or reference in (select customer_reference from {landed.newest("operations/customer_mappings")})"""
    ).fetchone()
    return found != (0,)


def _tolerance(connection: duckdb.DuckDBPyConnection, landed: Landed) -> int:
    """How many days apart a receipt and its document may be that nothing names."""
    found = connection.execute(
        f"select coalesce(max(match_tolerance_days), 0) from {landed.newest('operations/companies')}"
    ).fetchone()
    return int(found[0]) if found else 0


CLOSED = """
    create or replace table kept.judged_days as
    with recursive reached(day) as (
        select distinct day from kept.touched_days where day is not null
        union
        select links.linked_day from reached inner join before.linked_days as links on reached.day = links.day
    )
    select reached.day, coalesce(min(touched.reason), 'linked') as reason
    from reached left join kept.touched_days as touched on reached.day = touched.day
    group by reached.day
"""
NEAR = """
    insert into kept.touched_days
    with near_days as (
        select distinct judged.day + cast(away.days as integer) as day from kept.judged_days as judged
        cross join range(-{days}, {days} + 1) as away(days) where away.days <> 0
    )
    select distinct unnest([near.business_date, near.document_date, near.ledger_date]), 'near'
    from before.document_verdicts as near
    where (near.document_date in (select day from near_days) or near.ledger_date in (select day from near_days))
    and (near.ledger_document_id is null or near.posting_key is null or near.rung = {rung})
"""
"""What another day has left may lie as near to what is judged anew; and so may what is paired for being the only one so
near."""
RUNG_OF_TOLERANCE = 4
JOURNALS = """
    insert into kept.touched_days
    select distinct journals.day, 'journal'
    from before.linked_days as journals
    inner join kept.judged_days as judged
        on journals.day between judged.day and judged.day + {days}
    where journals.reason = 'journal' and journals.day = journals.linked_day
"""
"""A journal of the days after may carry what is judged anew."""
