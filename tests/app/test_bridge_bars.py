"""The bars of a bridge: where they lie, what stands beside them, and that nothing in them is taken for HTML."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app import bridge_bars as drawing
from app.bridge_bars import bridge_bars
from app.money import pounds

BAR = re.compile(r"left: ([\d.]+)%; width: ([\d.]+)%; background: (#\w+)")


def bridge(*lines: tuple[str, int]) -> list[dict[str, Any]]:
    """The rows of slots.bridge for these lines and amounts in pence."""
    rows, height = [], 0
    for kind, amount in lines:
        starts = 0 if kind in ("tills", "sage") else height
        height = starts + amount
        rows.append(
            {
                "line_kind": kind,
                "amount_pence": amount,
                "document_count": 3,
                "starts_pence": starts,
                "ends_pence": height,
            }
        )
    return rows


def bars(rows: list[dict[str, Any]]) -> list[tuple[float, float, str]]:
    """Left and right end of each bar, in hundredths of the axis, and its colour."""
    found = BAR.findall(bridge_bars(rows))
    return [(float(left), float(left) + float(width), colour) for left, width, colour in found]


def test_a_difference_lies_where_the_total_above_it_ends_and_leads_to_the_one_below() -> None:
    rows = bridge(("tills", 100_00), ("missing_in_ledger", -12_00), ("sage", 88_00), ("residual", 0))
    tills, missing, sage, residual = bars(rows)
    assert (tills[0], sage[0]) == (0, 0)
    assert (tills[1], missing[1], missing[0]) == (100, 100, pytest.approx(sage[1], abs=0.02))
    assert residual[0] == residual[1] == pytest.approx(sage[1], abs=0.02)
    assert [colour for *_, colour in (tills, missing, sage, residual)] == [
        drawing.COLOURS[name] for name in ("total", "down", "total", "residual")
    ]


def test_a_penny_in_thousands_is_seen() -> None:
    tills, twice, sage, _ = bars(
        bridge(("tills", 4_100_00), ("duplicate_in_ledger", 1), ("sage", 4_100_01), ("residual", 0))
    )
    assert sage[1] - tills[1] == pytest.approx(twice[1] - twice[0], abs=0.02)
    assert twice[1] - twice[0] > 1, "a share of the axis that an eye can see"
    assert twice[2] == drawing.COLOURS["up"]


@pytest.mark.parametrize(
    "lines",
    [
        [("tills", -50_00), ("missing_in_ledger", 50_00), ("sage", 0), ("residual", 0)],
        [("tills", 0), ("sage", 0), ("residual", 0)],
        [("tills", 10_00), ("missing_in_ledger", -30_00), ("sage", -20_00), ("residual", 0)],
    ],
)
def test_refunds_and_nothing_at_all_stay_on_the_axis(lines: list[tuple[str, int]]) -> None:
    for left, right, _ in bars(bridge(*lines)):
        assert 0 <= left <= right <= 100.01


def test_every_line_tells_its_name_its_figure_and_its_documents() -> None:
    told = bridge_bars(
        bridge(("tills", 1_234_56), ("missing_in_ledger", -34_56), ("sage", 1_200_00), ("residual", 0))
    )
    for text in ("Missing in Sage", "£1,234.56", pounds(-34_56), "in 3 documents", 'role="img"'):
        assert text in told


def test_a_line_nobody_knows_is_not_taken_for_html() -> None:
    told = bridge_bars(bridge(("tills", 1), ("<img src=x onerror=alert(1)>", 1), ("sage", 2)))
    assert "<img" not in told
