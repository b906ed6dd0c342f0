"""Asset checks: promises that cross a room."""

import dagster as dg

from orchestration.warehouse import Warehouse

RECEIVED_AND_JUDGED = """
    select
        (select cast(coalesce(sum(net_pence + tax_pence), 0) as bigint)
         from staging.stg_pos__receipt_lines) as received,
        (select cast(coalesce(sum(direction * expected_gross_pence), 0) as bigint) from marts.document_verdicts
         where posting_key is not null and is_sales)
        + (select cast(coalesce(sum(outside_pence), 0) as bigint) from marts.document_verdicts)
        -- what pays off an account is no sale: it is under the verdict on its money
        + (select cast(coalesce(sum(account_payment_pence), 0) as bigint) from expected.int_receipts_totalled
           where nothing_to_post_reason is null and event_id in (
               select event_id from marts.document_verdicts where posting_key is not null and is_money and not is_sales
           ))
        -- a tip is on the tender alone, and a voucher that comes back is money off what was sold
        - (select cast(
               coalesce(sum(tip_pence - case when document_kind = 'nominal' then gross_pence else 0 end), 0) as bigint
           ) from expected.int_documents_from_tenders) as judged
"""


@dg.asset_check(asset=["marts", "document_verdicts"], blocking=True)
def verdicts_cover_every_receipt(warehouse: dg.ResourceParam[Warehouse]) -> dg.AssetCheckResult:
    """Every penny on a till line is under exactly one verdict."""
    with warehouse.connect() as connection:
        row = connection.execute(RECEIVED_AND_JUDGED).fetchone()
    received, judged = row or (0, None)
    return dg.AssetCheckResult(
        passed=received == judged, metadata={"received_pence": received, "judged_pence": judged or 0}
    )
