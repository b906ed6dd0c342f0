"""What dbt hands to the gate is what the gate was written for."""

from __future__ import annotations

from expectations.validation import GATE_COLUMNS


def test_gate_candidates_have_exactly_the_columns_the_gate_reads(empty_house):
    with empty_house.warehouse.connect() as connection:
        described = connection.execute("describe gate.gate_candidates").fetchall()
    assert {name: kind for name, kind, *_ in described} == GATE_COLUMNS


def test_the_gate_passes_a_house_with_nothing_to_post(empty_house, tmp_path):
    from expectations.validation import Table, run_posting_gate

    with empty_house.warehouse.connect(read_only=False) as connection:
        candidates = Table(connection, "gate.gate_candidates")
        judged = run_posting_gate(candidates, tmp_path / "flags.parquet", pass_number=1)
    assert (judged.rows, judged.flags) == (0, 0)
