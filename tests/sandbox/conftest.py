"""A small shop's books, new for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from paperwork import AT, new_company

from sandbox.company import SageCompany
from sandbox.schema import connect


class Clerk:
    """Posts into the books and reads them back as people do."""

    def __init__(self, company: SageCompany) -> None:
        self.company = company

    def post(self, resource: str, body: dict, **how: object) -> int:
        return self.company.post(resource, body, user_name="CLERK", posted_at=AT, **how)

    def rows(self, sql: str, *parameters: object) -> list[tuple]:
        connection = connect(self.company.path, read_only=True)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def lines(self, urn: int) -> list[tuple[str, str, int]]:
        """(nominal, cost centre, pence debit positive) of one URN, in posting order."""
        return self.rows(
            "select reference, cost_centre, value_pence from"
            " (select l.id, n.reference, n.cost_centre, value_pence from nominal_lines l"
            " join nominal_codes n on n.id = nominal_id where urn = ?) order by id",
            urn,
        )


@pytest.fixture
def company(tmp_path: Path) -> Iterator[SageCompany]:
    with new_company(tmp_path / "company.sqlite") as company:
        yield company


@pytest.fixture
def clerk(company: SageCompany) -> Clerk:
    return Clerk(company)
