"""Nominal ledger resources: chart, controls, lines, period values, periods, tax codes (sage200.md §4, §5)."""

from __future__ import annotations

from sandbox import nested
from sandbox.catalogue import Column, Resource, columns, constant, named, single, stamps

ACCOUNT_TYPES = ("Posting", "Memo", "Group")
ACCOUNT_STATUSES = ("AccountStatusActive", "AccountStatusHidden")


def _position(sql: str, values: tuple[str, ...]) -> str:
    """The integer of an enum string: its place in the list (integers are not confirmed, §14)."""
    cases = " ".join(f"when '{value}' then {number}" for number, value in enumerate(values))
    return f"case {sql} {cases} end"


def _year_to_date(what: str, year: str = "= 0") -> str:
    return (
        f"(select coalesce(sum({what}), 0) from nominal_period_values v join periods p on p.id = v.period_id"
        f" where v.nominal_id = n.id and p.year_relative {year})"
    )


DEBIT_TO_DATE = _year_to_date("v.debit_pence")
CREDIT_TO_DATE = _year_to_date("v.credit_pence")
BALANCE_TO_DATE = _year_to_date("v.debit_pence - v.credit_pence")
BROUGHT_FORWARD = _year_to_date("v.debit_pence - v.credit_pence", "< 0")

ACCOUNT = [
    Column("id", "n.id", "int"),
    Column("name", "n.name"),
    Column("reference", "n.reference"),
    Column("cost_centre_id", "cc.id", "int"),
    Column("cost_centre_code", "n.cost_centre"),
    Column("department_id", "d.id", "int"),
    Column("department_code", "n.department"),
]
CHART = (
    "nominal_codes n left join cost_centres cc on cc.code = n.cost_centre"
    " left join departments d on d.code = n.department"
    " left join report_categories r on r.code = n.report_category"
)

NOMINAL_CODES = Resource(
    "nominal_codes",
    CHART,
    columns(
        ACCOUNT,
        Column("nominal_account_type", "n.nominal_account_type", values=ACCOUNT_TYPES),
        Column("account_status_type", "n.account_status_type", values=ACCOUNT_STATUSES),
        Column("report_category_id", "r.id", "int"),
        constant("bool", "1", "display_balances_in_selection_list"),
        Column("balance_year_to_date", BALANCE_TO_DATE, "money"),
        Column("debit_balance_year_to_date", DEBIT_TO_DATE, "money"),
        Column("credit_balance_year_to_date", CREDIT_TO_DATE, "money"),
        Column("brought_forward_balance", BROUGHT_FORWARD, "money"),
        Column("allow_manual_journal_entries", "n.allow_manual_journal_entries", "bool"),
        constant("bool", "0", "use_batch_postings"),
        constant("int", "0", "periods_to_keep_transactions"),
        Column(
            "cost_centre",
            single({"id": "z.id", "code": "z.code", "name": "z.name"}, "cost_centres z where z.id = cc.id"),
            "json",
            is_expanded_only=True,
        ),
        Column(
            "department",
            single({"id": "z.id", "code": "z.code", "name": "z.name"}, "departments z where z.id = d.id"),
            "json",
            is_expanded_only=True,
        ),
        Column(
            "report_category",
            single(
                {"id": "z.id", "code": "z.code", "description": "z.description"},
                "report_categories z where z.id = r.id",
            ),
            "json",
            is_expanded_only=True,
        ),
        stamps("n"),
    ),
    "n.id asc",
    key="n.id",
)

NOMINAL_CODE_VIEWS = Resource(
    "nominal_code_views",
    CHART,
    columns(
        ACCOUNT,
        Column("nominal_account_type_id", _position("n.nominal_account_type", ACCOUNT_TYPES), "int"),
        Column("account_status_type_id", _position("n.account_status_type", ACCOUNT_STATUSES), "int"),
        Column("report_category_id", "r.id", "int"),
        Column("report_category_code", "r.code"),
        Column("report_category_description", "r.description"),
        Column("allow_manual_journal_entries", "n.allow_manual_journal_entries", "bool"),
        constant("bool", "0", "use_batch_postings"),
        constant("bool", "1", "display_balances_in_selection_list"),
        Column("balance_year_to_date", BALANCE_TO_DATE, "money"),
        Column("debit_year_to_date", DEBIT_TO_DATE, "money"),
        Column("credit_year_to_date", CREDIT_TO_DATE, "money"),
        Column("brought_forward_balance", BROUGHT_FORWARD, "money"),
    ),
    "n.id asc",
    key="n.id",
)

NOMINAL_TRANSACTION_ENQUIRY_VIEWS = Resource(
    "nominal_transaction_enquiry_views",
    "nominal_lines l left join periods p on p.id = l.period_id",
    columns(
        Column("id", "l.id", "int"),
        Column("nominal_code_id", "l.nominal_id", "int"),
        Column("transaction_date", "l.transaction_date", "date"),
        Column("period_number", "p.period_number", "int"),
        Column("reference", "l.reference"),
        Column("narrative", "l.narrative"),
        constant("text", "''", "transaction_analysis_code"),
        Column("debit", "max(l.value_pence, 0)", "money"),
        Column("credit", "max(-l.value_pence, 0)", "money"),
        Column("user_name", "l.user_name"),
        Column("source", "l.source"),
        Column("urn", "l.urn", "int"),
        Column("accounting_period_id", "l.period_id", "int"),
        Column("financial_year_id", "p.financial_year_id", "int"),
        Column("financial_year_start_date", "p.financial_year_start_date", "date"),
        Column("year_relative_to_current_year", "p.year_relative", "int"),
        Column("nominal_analysis_items", nested.nominal_analysis_items("l.urn"), "json"),
        Column("bank_items", nested.bank_items("l.urn"), "json"),
        Column("tax_analysis_items", nested.tax_analysis_items("l.urn"), "json"),
        Column("trade_items", nested.trade_items("l.urn"), "json"),
    ),
    "l.id asc",
    key="l.id",
    parents={"nominal_codes": "l.nominal_id"},
)

PERIOD = [
    Column("financial_year_id", "p.financial_year_id", "int"),
    Column("financial_year_start_date", "p.financial_year_start_date", "date"),
    Column("year_relative_to_current_year", "p.year_relative", "int"),
    Column("number_of_periods_in_year", "p.periods_in_year", "int"),
]

NOMINAL_PERIOD_VALUE_VIEWS = Resource(
    "nominal_period_value_views",
    "nominal_codes n cross join periods p left join nominal_period_values v"
    " on v.nominal_id = n.id and v.period_id = p.id"
    " left join report_categories r on r.code = n.report_category",
    columns(
        Column("nominal_code_id", "n.id", "int"),
        Column("nominal_code_account_type", "n.nominal_account_type", values=ACCOUNT_TYPES),
        Column("nominal_code_report_category_id", "r.id", "int"),
        Column("nominal_code_name", "n.name"),
        Column("nominal_code_reference", "n.reference"),
        Column("nominal_code_cost_centre", "n.cost_centre"),
        Column("nominal_code_department", "n.department"),
        Column("nominal_code_account_status_type", "n.account_status_type", values=ACCOUNT_STATUSES),
        Column("nominal_period_value_id", "n.id * 1000 + p.id", "int"),
        constant("money", "0", "nominal_period_value_budget_value"),
        Column(
            "nominal_period_value_actual_value",
            "(coalesce(v.debit_pence, 0) - coalesce(v.credit_pence, 0))",
            "money",
        ),
        constant("money", "0", "nominal_period_value_adjustment_after_year_end_close"),
        Column("accounting_period_id", "p.id", "int"),
        Column("accounting_period_period_number", "p.period_number", "int"),
        Column("accounting_period_start_date", "p.start_date", "date"),
        Column("accounting_period_end_date", "p.end_date", "date"),
        PERIOD,
    ),
    "p.end_date desc, p.period_number desc, n.id desc",
    key="n.id * 1000 + p.id",
)

FINANCIAL_YEAR_PERIOD_VIEWS = Resource(
    "financial_year_period_views",
    "periods p",
    columns(
        PERIOD,
        Column("financial_year_end_date", "p.financial_year_end_date", "date"),
        Column("accounting_period_id", "p.id", "int"),
        Column("period_number", "p.period_number", "int"),
        Column("period_start_date", "p.start_date", "date"),
        Column("period_end_date", "p.end_date", "date"),
    ),
    "p.financial_year_start_date, p.period_number",
    key="p.id",
)

CONTROL_NOMINAL_CODES = Resource(
    "control_nominal_codes",
    "control_nominal_codes c",
    columns(
        Column("id", "c.id", "int"),
        named("text", "c", "name", "account_number", "nominal_reporting_type", "control_nominal_code_type"),
        stamps("c"),
    ),
    "c.id asc",
    key="c.id",
)


def _code_and_name(name: str) -> Resource:
    return Resource(
        name,
        f"{name} t",
        columns(Column("id", "t.id", "int"), named("text", "t", "code", "name"), stamps("t")),
        "t.id asc",
        key="t.id",
    )


TAX_CODES = Resource(
    "tax_codes",
    "tax_codes t",
    columns(
        Column("id", "t.id", "int"),
        Column("code", "t.code", "int"),
        Column("name", "t.name"),
        Column("tax_rate", "t.rate_hundredths", "rate"),
        constant("text", "''", "terms", "terms_description"),
        constant("bool", "0", "is_notional_acquisition_tax"),
        stamps("t"),
    ),
    "t.id asc",
    key="t.id",
)

RESOURCES = [
    NOMINAL_CODES,
    NOMINAL_CODE_VIEWS,
    NOMINAL_TRANSACTION_ENQUIRY_VIEWS,
    NOMINAL_PERIOD_VALUE_VIEWS,
    FINANCIAL_YEAR_PERIOD_VIEWS,
    CONTROL_NOMINAL_CODES,
    _code_and_name("cost_centres"),
    _code_and_name("departments"),
    TAX_CODES,
]
