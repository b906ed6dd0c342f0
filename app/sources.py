"""Where figures come from and how old each source is: till files by store, Sage, the connector's log, refused files."""

from __future__ import annotations

from datetime import date, timedelta

from app.published import Published, Row, Rows

RECENT_DAYS = 92
"""How far back the newest of a source is looked for first: so its age costs the same however much is published."""
LATE_DAYS = 2
"""A source that is further behind the figures than this is late."""
LATELY = 20
"""Error rates are over so many of the newest passes."""


def tills(published: Published) -> Rows:
    """Each store: its newest trading day with a receipt, how many days before the figures' day (of days after the
    next, a till's clock is wrong, and they are not counted unless there are no others), and its files;
    `files_lately` are those of the last LATELY passes, `troubled_lately` those of them refused or read in part."""
    return published.rows(
        """
        with sold as (
            select company_id, store_id,
                coalesce(max(business_date) filter (business_date <= $today + 1), max(business_date)) as newest_day
            from store_days where money_receipts + nothing_to_post_receipts > 0 group by company_id, store_id
        ),
        files as (
            select store_code as store_id, count(*) as files, max(pass_number) as last_pass,
                max(pass_number) filter (status in ('accepted', 'partly_accepted')) as last_good_pass,
                count(*) filter (status = 'refused') as refused,
                count(*) filter (status = 'partly_accepted') as partly,
                count(*) filter (pass_number > $pass - $lately) as files_lately,
                count(*) filter (pass_number > $pass - $lately and status in ('refused', 'partly_accepted'))
                as troubled_lately
            from deliveries group by store_code
        )
        select sold.*, date_diff('day', sold.newest_day, $today) as days_behind,
            coalesce(files.files, 0) as files, files.last_pass, files.last_good_pass,
            coalesce(files.refused, 0) as refused, coalesce(files.partly, 0) as partly,
            coalesce(files.files_lately, 0) as files_lately, coalesce(files.troubled_lately, 0) as troubled_lately
        from sold left join files on sold.store_id = files.store_id
        order by days_behind desc, sold.store_id
        """,
        {"today": published.as_of.date(), "pass": published.pass_number, "lately": LATELY},
    )


def folders_without_a_store(published: Published) -> Rows:
    """Watched folders that brought files and are no store with a sale: the connector's log, or a store not set up."""
    return published.rows(
        """
        select store_code as folder, count(*) as files, max(pass_number) as last_pass,
            count(*) filter (status = 'refused') as refused, string_agg(distinct table_name, ', ') as holds
        from deliveries
        where store_code is null or store_code not in (select store_id from store_days where store_id is not null)
        group by store_code order by store_code
        """
    )


def sage(published: Published) -> Row:
    """What was read of Sage: documents, the newest date (those dated ahead apart) and the newest URN of its last
    RECENT_DAYS; of all where those hold none."""
    query = """
        select max(urn) as newest_urn,
            max(document_date) filter (document_date <= $today) as newest_day,
            count(*) filter (document_date > $today) as dated_ahead,
            date_diff('day', max(document_date) filter (document_date <= $today), $today) as days_behind
        from ledger_documents where document_date > $since
        """
    today = published.as_of.date()
    found = published.row(query, {"today": today, "since": today - timedelta(days=RECENT_DAYS)})
    if found["newest_day"] is None:
        found = published.row(query, {"today": today, "since": date.min})
    return {**found, "documents": published.count("ledger_documents")}


def connector(published: Published) -> Row:
    """The connector's last word in its own log on documents of the last RECENT_DAYS (of all, where it said none on
    those), and on how many of them it said one."""
    query = """
        select max(sync_claimed_at) as last_at, count(*) filter (sync_claim is not null) as documents,
            count(*) filter (sync_claim = 'rejected') as rejected
        from document_verdicts where business_date > ?
        """
    found = published.row(query, [published.as_of.date() - timedelta(days=RECENT_DAYS)])
    return found if found["documents"] else published.row(query, [date.min])


def troubled_files(published: Published, limit: int = 50) -> Rows:
    """Files that were refused or read only in part, the newest first, with whether somebody still has to act."""
    return published.rows(
        """
        select deliveries.source_file, deliveries.store_code, deliveries.table_name, deliveries.status,
            deliveries.rows_read, deliveries.rows_set_aside, deliveries.message, deliveries.pass_number,
            exceptions.status as exception_status, exceptions.exception_id
        from deliveries
        left join exceptions
            on exceptions.document_kind = 'delivery'
            and exceptions.subject_id = concat('delivery:', deliveries.delivery_id, ':', deliveries.source_file)
        where deliveries.status in ('refused', 'partly_accepted')
        order by deliveries.pass_number desc, deliveries.source_file limit ?
        """,
        [limit],
    )
