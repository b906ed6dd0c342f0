"""VAT by every policy, worked out by the models' own SQL and beside it by Python's decimal numbers."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import jinja2
import pytest

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "tax_policies.sql"
ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "truncate": ROUND_DOWN}
PRICE_BASES = ("net", "gross", "gross_net_first")
RATES = (
    0,
    5_000,
    12_500,
    17_500,
    20_000,
)  # thousandths of a percent; from 1:8 and 1:40 there are exact halves
PENCE = (*range(-420, 421), 999_999_999_999)


def by_decimal(pence: int, rate: int, rounding: str, price_basis: str) -> int:
    """The same in decimals; `pence` is the net or the gross, as the basis has it."""
    percent = Decimal(rate).scaleb(-3)
    exact = {
        "net": pence * percent / 100,
        "gross": pence * percent / (100 + percent),
        "gross_net_first": pence * 100 / (100 + percent),
    }[price_basis]
    rounded = int(exact.quantize(Decimal(1), ROUNDINGS[rounding]))
    return pence - rounded if price_basis == "gross_net_first" else rounded


@pytest.fixture(scope="module")
def taxed() -> list[tuple[int, int, str, str, int]]:
    """Pence, rate, rounding, price basis and the VAT that the macro gives, of every combination."""
    macro = jinja2.Environment(autoescape=False).from_string(MACROS.read_text(encoding="utf-8")).module  # noqa: S701
    told = macro.tax_by_policy(
        "case when price_basis = 'net' then pence end",
        "case when price_basis <> 'net' then pence end",
        "rate",
        "rounding",
        "price_basis",
    )
    with duckdb.connect() as connection:
        return connection.execute(
            f"""select pence, rate, rounding, price_basis, {told}
                from unnest($pence) as a (pence), unnest($rates) as b (rate), unnest($roundings) as c (rounding),
                    unnest($bases) as d (price_basis)""",
            {
                "pence": list(PENCE),
                "rates": list(RATES),
                "roundings": list(ROUNDINGS),
                "bases": list(PRICE_BASES),
            },
        ).fetchall()


def test_every_policy_comes_to_what_decimal_numbers_do(taxed):
    assert len(taxed) == len(PENCE) * len(RATES) * len(ROUNDINGS) * len(PRICE_BASES)
    wrong = [row for row in taxed if row[4] != by_decimal(*row[:4])]
    assert wrong == []


def test_halves_are_among_them_and_part_the_policies(taxed):
    of = {row[:4]: row[4] for row in taxed}
    assert [of[pence, 12_500, "half_up", "net"] for pence in (4, 12, -4)] == [1, 2, -1]
    assert [of[pence, 12_500, "half_even", "net"] for pence in (4, 12, -4)] == [0, 2, 0]
    assert [of[pence, 12_500, "truncate", "net"] for pence in (4, 12, -4)] == [0, 1, 0]
