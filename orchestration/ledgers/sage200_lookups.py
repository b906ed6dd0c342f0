"""What stands behind Sage's ids: looked up once a run, because Sage never gives an id to something else."""

from __future__ import annotations

from orchestration.ledgers.ledger import LedgerUnavailableError
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_documents import UnpostableError
from orchestration.ledgers.sage200_wire import Row, text_literal

Account = tuple[str, str, str]  # nominal code, cost centre, department


class Sage200Lookups:
    """Ids of customers, banks, tax codes, products and warehouses both ways, and the account of a nominal id.

    To an id: UnpostableError for what Sage does not have. From an id: LedgerUnavailableError for an id that
    Sage names and does not list.
    """

    def __init__(self, client: Sage200Client) -> None:
        self._client = client
        self._customer_ids: dict[str, int] = {}
        self._customer_references: dict[int, str] = {}
        self._bank_ids: dict[str, int] = {}
        self._bank_codes: dict[int, str] = {}
        self._tax_code_ids: dict[int, int] = {}
        self._accounts: dict[int, Account] = {}
        self._product_ids: dict[str, int] = {}
        self._product_codes: dict[int, str] = {}
        self._warehouse_ids: dict[str, int] = {}
        self._warehouse_names: dict[int, str] = {}
        self._tax_codes: dict[int, int] = {}

    def customer_id(self, reference: str) -> int:
        """The id of a customer account."""
        if reference not in self._customer_ids:
            row = self.by_text("customers", "reference", reference, select="id,reference")
            if row is None:
                raise UnpostableError(f"Sage has no customer {reference}")
            self._customer_ids[reference] = row["id"]
        return self._customer_ids[reference]

    def customer_reference(self, customer_id: int) -> str:
        """The reference of a customer id."""
        if customer_id not in self._customer_references:
            self._customer_references[customer_id] = self._by_id("customers", customer_id, "reference")
        return self._customer_references[customer_id]

    def bank_id(self, code: str) -> int:
        """The id of a bank account."""
        if code not in self._bank_ids:
            row = self.by_text("banks", "code", code, select="id,code")
            if row is None:
                raise UnpostableError(f"Sage has no bank {code}")
            self._bank_ids[code] = row["id"]
        return self._bank_ids[code]

    def bank_code(self, bank_id: int) -> str:
        """The code of a bank id."""
        if bank_id not in self._bank_codes:
            self._bank_codes[bank_id] = self._by_id("banks", bank_id, "code")
        return self._bank_codes[bank_id]

    def tax_code_id(self, code: int) -> int:
        """The id of the tax code users know by this number."""
        if code not in self._tax_code_ids:
            rows = self._client.get("tax_codes", filter=f"code eq {int(code)}", select="id,code")
            found = next((row["id"] for row in rows if int(row["code"]) == code), None)
            if found is None:
                raise UnpostableError(f"Sage has no tax code {code}")
            self._tax_code_ids[code] = found
        return self._tax_code_ids[code]

    def tax_code(self, tax_code_id: int) -> int:
        """The number that users know a tax code by."""
        if tax_code_id not in self._tax_codes:
            self._tax_codes[tax_code_id] = int(self._by_id("tax_codes", tax_code_id, "code"))
        return self._tax_codes[tax_code_id]

    def product_id(self, code: str) -> int:
        """The id of a product."""
        if code not in self._product_ids:
            row = self.by_text("products", "code", code, select="id,code")
            if row is None:
                raise UnpostableError(f"Sage has no product {code}")
            self._product_ids[code] = row["id"]
        return self._product_ids[code]

    def warehouse_id(self, name: str) -> int:
        """The id of a warehouse."""
        if name not in self._warehouse_ids:
            row = self.by_text("warehouses", "name", name, select="id,name")
            if row is None:
                raise UnpostableError(f"Sage has no warehouse {name}")
            self._warehouse_ids[name] = row["id"]
        return self._warehouse_ids[name]

    def product_code(self, product_id: int) -> str:
        """The code of a product id."""
        if product_id not in self._product_codes:
            self._product_codes[product_id] = self._by_id("products", product_id, "code")
        return self._product_codes[product_id]

    def warehouse_name(self, warehouse_id: int) -> str:
        """The name of a warehouse id."""
        if warehouse_id not in self._warehouse_names:
            self._warehouse_names[warehouse_id] = self._by_id("warehouses", warehouse_id, "name")
        return self._warehouse_names[warehouse_id]

    def account(self, nominal_code_id: int) -> Account:
        """The account of a nominal id."""
        if nominal_code_id not in self._accounts:
            fields = ["id", "reference", "cost_centre_code", "department_code"]
            for page in self._client.read("nominal_codes", select=fields):
                self._accounts.update((row["id"], account_key(row)) for row in page)
        if nominal_code_id not in self._accounts:
            raise LedgerUnavailableError(
                f"Sage names a nominal account, id {nominal_code_id}, that it does not list"
            )
        return self._accounts[nominal_code_id]

    def by_text(self, resource: str, field: str, text: str, *, select: str) -> Row | None:
        """The row whose field is exactly this text, read now; None when there is none."""
        rows = self._client.get(resource, filter=f"{field} eq {text_literal(text)}", select=select)
        return next((row for row in rows if row[field] == text), None)

    def _by_id(self, resource: str, row_id: int, field: str) -> str:
        rows = self._client.get(resource, filter=f"id eq {int(row_id)}", select=f"id,{field}")
        if not rows:
            raise LedgerUnavailableError(f"Sage names {resource} id {row_id}, which it does not list")
        return str(rows[0][field])


def account_key(row: Row) -> Account:
    """The account of a nominal_codes row; no cost centre and no department are ''."""
    return (
        str(row["reference"]),
        str(row.get("cost_centre_code") or ""),
        str(row.get("department_code") or ""),
    )
