"""What docs/contracts.md says of what carries no words of its own: settings, columns of files, mappings.

Each dictionary is closed: `contracts_doc` refuses to write the page while a name lacks its meaning or a
meaning its name.
"""

from __future__ import annotations

SETTINGS: dict[str, str] = {
    "home": "Where the installation keeps its state: TILLPROOF_HOME or `--home`, never the file.",
    "company_id": "Our own code of the company, as in companies.csv.",
    "as_of": "The moment a pass looks from, UTC; the clock where it is not given.",
    "operations_url": "SQLAlchemy URL of the operations store; empty: operations.sqlite in the home.",
    "app_address": "Where the app is served; another than this machine only once people sign in.",
    "app_port": "Port of the app.",
    "dagster_port": "Port of Dagster on 127.0.0.1.",
    "keep_days_from": "How many documents must be published before a pass judges only the days that "
    "something new may touch; with fewer it judges all.",
    "keep_warehouse": "Whether what dbt builds is left in `warehouse.duckdb` after a pass, for whoever wants to look "
    "into it; in a file models take half as long again as in memory.",
    "memory_limit": "How much memory the models may take before they spill to disk: `1200MB`, `5GB`. Three million "
    "new till lines in one pass need no more than the default, ten million take `4700MB`.",
    "publications_kept": "How many publications are kept; files that none of them lists are dropped.",
    "sage200": "How Sage 200 is reached, and with what patience.",
    "sage50": "How Sage 50 is met: its files, and what is confirmed nowhere. [How it works](sage50.md).",
    "close": "What a month's checklist asks. [Closing a month](closing.md).",
    "acceptance": "By what an installation is accepted. [Accepting an installation](acceptance.md).",
    "access": "Who may what. [Who may](closing.md#who-may).",
}

CLOSE: dict[str, str] = {
    "exception_limit": "Pounds; an exception that blocks the close and is worth more keeps it open. 0: any does.",
    "items": "Per item `title`, `owner`, `due_day` (working day after the month's end) and `is_needed`; a new name is "
    "an item that a person ticks.",
}

ACCEPTANCE: dict[str, str] = {
    "windows": "Per name `first_day`, `days` (30) and `title`: the days in a row that are judged.",
    "limits": "Per measure `limit` and `agreed_by`: what each of those days must keep, and who signs. None by default.",
}

ACCESS: dict[str, str] = {
    "sign_in": "`none`, or `oidc`: people [sign in](signing-in.md) through Streamlit, by secrets/sign_in.toml.",
    "provider": "The part of [auth] in secrets/sign_in.toml that names the provider; empty: [auth] itself.",
    "local_user": "The one name that signs on this machine where nobody signs in; empty: each decision asks for one.",
    "local_roles": "What whoever works on this machine may, app and command line, unless `people` lists them.",
    "sign_in_hours": "How long a sign-in lasts; then the provider is asked anew who somebody is and what they may.",
    "user_claim": "The claim of the token that names a person.",
    "roles_claim": "The claim of the token that lists roles or groups; empty: none is asked.",
    "role_names": "Role of each value of that claim, where it is not called as the role is.",
    "people": "Roles of each person, by the name or address that they sign with.",
}

SAGE200: dict[str, str] = {
    "client_id": "OAuth client, from Sage's registration.",
    "client_secret": "Its secret; printed as stars.",
}
"""Only what the setting does not say itself."""

SAGE50: dict[str, str] = {
    "debtors_account": "Debtors control account.",
    "creditors_account": "Creditors control account.",
    "vat_accounts": "Control accounts of VAT; no row of an import may name one.",
    "suspense_accounts": "Where Sage or a data correction puts what it cannot place.",
}

PROFILE_SETTINGS: dict[str, str] = {
    "description": "For people; not read.",
    "name": "Name of the export within the file; with the file's name it names the profile.",
    "format": "`csv` or `xml`.",
    "folders": "Folders of the inbox the files come to; `*` is anything, letter case does not matter.",
    "files": "Names of the files; `*` is anything.",
    "table": "The table below that the rows go to (CSV: one per export).",
    "columns": "Our column = the header in the file, or the place in the XML. A CSV without one is refused.",
    "optional_columns": "The same for columns that a file may leave out.",
    "fixed": "Our column = one value for every row of the file.",
    "tables": "XML only: one `[[export.tables]]` for each table that a file fills.",
    "element": "XML only: the element that is one row of the table.",
    "unit": "XML only: the element that is one whole thing; two of them with one number are two receipts.",
    "delimiter": "One character between columns.",
    "encoding": "How letters are written; a byte that does not fit refuses the file, naming the row.",
    "decimal": "The sign before the pence, `.` or `,`. A thousands separator is set aside, never guessed.",
    "timestamp_formats": "How times are printed; several may be given.",
    "date_formats": "How dates are printed; several may be given.",
    "receipt_kinds": "The till's word = ours. An unlisted word is kept as printed, and told.",
    "settle_seconds": "A file changed less than this long ago is left for the next pass.",
    "ends_with_newline": "Whether a whole file ends with a line end; then a last row without is set aside.",
}

FILE_COLUMNS: dict[str, str] = {
    "store_code": "The store as the till prints it.",
    "till_code": "The till as printed.",
    "receipt_no": "The receipt number as printed.",
    "receipt_kind": "SALE, REFUND, ADJUST, or as printed; VOID, NO_SALE and TRAINING leave no trace in Sage.",
    "sold_at_local": "Time of sale by the store's clock; a receipt's earliest decides its business date.",
    "document_date": "The calendar date printed, the tax point; the time's own date where there is none.",
    "sku": "The SKU as printed; letter case is folded to look it up, and kept.",
    "description": "As printed.",
    "quantity": "Pieces; negative for what came back.",
    "unit_price": "Price of one.",
    "net_amount": "Net; negative for what came back.",
    "tax_amount": "VAT, as printed.",
    "gross_amount": "Gross, as printed.",
    "tax_code": "The till's own tax code.",
    "tax_rate": "VAT rate in percent, as printed.",
    "customer_no": "Customer, where the till knows one.",
    "destination": "Where the goods went, where the till knows it.",
    "original_store_code": "Of what came back: the store that sold it, where it is another than the receipt's.",
    "original_till_code": "The till that sold it; the receipt's own, else any, where it is not said.",
    "original_receipt_no": "The receipt it was sold on, where the till knows.",
    "original_date": "The date printed on that; the latest before the receipt where it is not said.",
    "tender_no": "Number of the tender on its receipt, from 1; part of the posting key.",
    "taken_at_local": "Time by the store's clock.",
    "tender_type": "The till's word for the kind of money; mapped to a bank.",
    "tender_amount": "Money taken; negative for money given back.",
    "tip_amount": "The tip in it, where the till puts it on no line of the receipt.",
    "closure_no": "The Z number.",
    "business_date": "The trading day the till closed.",
    "opened_at_local": "When the till opened, by the store's clock.",
    "closed_at_local": "When it closed.",
    "receipts_count": "Receipts the till counted.",
    "sales_amount": "Sales the till counted.",
    "returns_amount": "Returns the till counted.",
    "cash_amount": "Cash the till counted, net of refunds.",
    "card_amount": "Cards the till counted, net of refunds.",
    "counted_cash_amount": "Cash a person counted.",
    "connector": "Name of the connector.",
    "run_id": "Its run.",
    "started_at": "When it began, UTC.",
    "ended_at": "When it ended, UTC; the newest attempt is the connector's last word.",
    "entity": "What it posted, in its own words.",
    "source_key_text": "The receipt, in its own words.",
    "reference": "The reference it gave Sage; read by the company's connector pattern.",
    "attempt": "Number of the attempt.",
    "record_status": "accepted, rejected, sent, skipped_duplicate, filtered or unknown.",
    "http_status": "What Sage answered it.",
    "target_urn": "The URN it says Sage gave.",
    "currency": "Currency of the amounts.",
    "message": "Its words.",
    "payload_hash": "Its digest of what it sent.",
    "profile": "The profile the row was read with.",
    "occurrence": "Tells apart two receipts of one number in one XML file; else 1.",
    "line_occurrence": "Tells apart identical lines of one receipt.",
}

MAPPING_FILES: dict[str, str] = {
    "companies": "One row per company: its books and policies. Posting cannot be switched on from here.",
    "stores": "Each store, its clock and its till customer, by the code its tills print.",
    "tax_mappings": "The till's tax code to Sage's, with the rate it must have.",
    "nominal_mappings": "What was sold to its nominal account. `*` is any store; a row that names one wins.",
    "tender_mappings": "The tender to its clearing bank, or to what it gives back. `*` is any store; a row that names "
    "one wins.",
    "customer_mappings": "Whose account a customer number of the tills is, for sales on account and their payment.",
    "sku_mappings": "SKUs that are something else than their product group in Sage says.",
    "writers_of_record": "Who posts for a store and business date. Nobody (`observe`) where nothing is said.",
    "store_grains": "Whether a store is posted by receipt (nothing said), by till and day, or by day.",
    "cutovers": "A store's first business date that may be posted; what is missing before is not checked.",
    "connector_patterns": "How a connector writes a receipt into Sage's reference.",
    "vat_periods": "VAT periods, and the day each return was filed. What touches a filed one needs two people.",
    "period_overrides": "Finance's own word on a period; before a send Sage itself is asked.",
}

CATEGORIES: dict[str, str] = {
    "not_a_sale": "Fees and charges in the feed: no trace in Sage.",
    "gift_card, multi_purpose_voucher, deposit, tip": "Outside the scope of VAT when sold: a line to its liability's "
    "nominal account, under the company's outside_scope_tax_code.",
    "cash_rounding": "The same, and it goes with its receipt.",
    "cash_over_short": "Nothing is sold under it: with a nominal account, what a closure was over or short is posted "
    "between that and the bank of CASH, without VAT; without one it is told and not posted.",
    "discount, promotion, coupon": "Money off: it goes with its receipt, under its own tax code.",
    "account_payment": "A customer pays his account off: money only, on the account of customer_mappings.",
}

MAPPING_COLUMNS: dict[str, str] = {
    "grain": "receipt (each by itself), till_day or store_day; by business date.",
    "recipe": "How a day becomes documents: till_customer, which an empty cell is too, or takings_clearing.",
    "clearing_bank_code": "Cash book account that takings_clearing takes a day through; empty for till_customer.",
    "company_id": "Our code of the company.",
    "name": "For people.",
    "currency": "Three letters; a store in another currency than its company is not checked.",
    "ledger_kind": "`sage200` or `sage50`: which ledger is read, and how it is posted to.",
    "suspense_nominal_code": "The account Sage puts what it cannot place on.",
    "grace_hours": "How long after the sale a document may be missing before it is.",
    "late_policy": "`hold`, or `original_date`, which lets a closed period past the gate under the sale's own date; "
    "never `today`, which would move its tax point.",
    "tax_rounding_cap_pence": "The most a named rounding policy may explain, per document.",
    "outside_scope_tax_code": "Sage's tax code for what is outside the scope of VAT: gift cards, deposits, tips, cash "
    "rounding. Empty: the gate stops such lines.",
    "match_tolerance_pence": "Rung 4 takes a Sage document and a receipt for each other where nothing names either and "
    "their amounts are at most so far apart; the difference stays a drift. Empty or 0: equal amounts only.",
    "match_tolerance_days": "The same of their dates. Empty or 0 in both: no rung 4.",
    "unallocated_after_days": "How many days a till customer's documents may lie unallocated in Sage; older are an "
    "exception. Empty: not watched.",
    "sales_posted_as": "What a missing sale becomes: `invoice` (or empty), or `order`, a sales order with a line for "
    "each product, that a person despatches and invoices in Sage. Sage 200 only, and stores posted by receipt, not by "
    "day.",
    "posting_enabled": "Empty or false: posting is switched on by `tillproof posting on`.",
    "store_id": "Our code of the store.",
    "store_code": "The code its tills print.",
    "zone": "IANA time zone of the store's clock.",
    "day_cutoff_minutes": "Minutes after midnight at which the trading day begins.",
    "till_customer_reference": "Sales ledger account of the store's takings, at most 8 characters.",
    "cost_centre": "At most 3 characters or empty; in nominal_mappings `=` is the store's own.",
    "department": "At most 3 characters or empty; in nominal_mappings `=` is the store's own.",
    "tax_basis": "What the tills work VAT out on: `line`, `receipt` or `store_day`. `given` (or empty) declares "
    "nothing, and nothing is worked out again.",
    "tax_rounding": "How they round it to the penny: `half_up` (or empty), `half_even`, `truncate`.",
    "receipt_numbers": "`per_till` or `per_store`: receipts, voids included, are numbered by ones, letters before the "
    "digits left out, so that a number that never came is told. `unknown` (or empty): numbers are not counted.",
    "warehouse": "Name of the Sage warehouse that the goods of a sales order leave, at most 20 characters; empty: its "
    "orders are held.",
    "price_basis": "`net` (or empty): VAT is the rate on the net. `gross`: it is the VAT fraction of the gross. "
    "`gross_net_first`: the net is taken from the gross and rounded, VAT is the rest.",
    "till_tax_code": "The till's own tax code; in tender_mappings that of the goods that a voucher for one rate pays "
    "for, empty where no VAT was due when it was sold.",
    "tax_code": "Sage's tax code, the number that users know.",
    "required_rate": "Percent that Sage's code must have; another stops the document.",
    "category": "What was sold: a product group of Sage's in lower case, or a category of sku_mappings. Some have a "
    "meaning of their own, below. In tender_mappings what a `nominal` tender was sold as, else empty.",
    "nominal_code": "Nominal account, at most 8 characters.",
    "tender_type": "The till's word.",
    "bank_code": "Cash book account, at most 8 characters; empty where the tender goes on account or is `nominal`. A "
    "gift card's is one whose nominal account is the liability.",
    "settlement": "`bank` (or empty): the money is received there. `account`: nothing is, the sale stays on the "
    "customer's own account. `nominal`: what was sold before comes back, a credit note of the receipt on the nominal "
    "account of `category`.",
    "customer_no": "The till's number of the customer.",
    "customer_reference": "Sales ledger account, at most 8 characters.",
    "sku": "The SKU in any letter case. The category `not_a_sale` takes it out of sales.",
    "writer": "`connector`, `tillproof` or `observe`.",
    "cutover_date": "The first business date.",
    "opening_balance_pence": "What the till customer stood at in Sage before that date, as finance agreed it: charged "
    "less received, usually 0. Empty: not agreed. `tillproof posting opening` holds Sage against it.",
    "connector": "Name of the connector.",
    "pattern": "Regular expression with three groups: store id, receipt number, tender number.",
    "day_pattern": "Regular expression with three groups: store, date (YYYYMMDD or YYYY-MM-DD), till or empty; of a "
    "document that stands for a whole day. Empty where the connector posts none.",
    "retry_window_hours": "How long it tries by itself: until then nothing of its stores may be posted as missing.",
    "accounting_period_id": "Sage's id of the period.",
    "period_state": "`open`, `closed` or `future`.",
    "filed_on": "Day the VAT return was filed, after the period's last; empty until it is.",
    "error_limit_pence": "The net error of VAT that corrections may bring this return to. Empty: the posting policy's "
    "vat_error_limit.",
    "valid_from": "First day it holds, YYYY-MM-DD.",
    "valid_to": "Last day it holds, or empty. Rows of one key may not overlap.",
}

HEALTH_PASSES: tuple[tuple[str, str, str], ...] = (
    ("pass_number", "bigint", "The pass."),
    ("stage", "varchar", "Its stage."),
    ("milliseconds", "bigint", "How long it took."),
    ("published_at", "timestamp", "When, UTC."),
)
"""Column, type and meaning of the one published table that no model makes."""
