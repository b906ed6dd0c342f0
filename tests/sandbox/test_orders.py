"""Sales orders: what Sage takes and refuses, what it reckons, and what only a person on the desktop does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from paperwork import AT, jsonable, new_company

from sandbox.company import SageCompany
from sandbox.ordering import FREE_TEXT, STANDARD
from sandbox.refusals import Refused
from sandbox.serving import serving

JANUARY = "2011-01-05T00:00:00Z"


def product_id(clerk: Any, place: int = 0) -> int:
    return clerk.rows("select id from products where product_status_type = 'Active' order by id")[place][0]


def goods(clerk: Any, **changes: Any) -> dict[str, Any]:
    """Three of a product at £3.33 each."""
    line = {
        "line_type": STANDARD,
        "product_id": product_id(clerk),
        "warehouse_id": clerk.rows("select id from warehouses order by id")[0][0],
        "line_quantity": 3,
        "selling_unit_price": Decimal("3.33"),
        "tax_code_id": clerk.company.tax_code_id(1),
        "nominal_reference": "4000",
        "nominal_cost_centre": "N01",
    }
    return {name: value for name, value in {**line, **changes}.items() if value is not ...}


def order(clerk: Any, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "customer_id": clerk.company.customer_id("NORTH"),
        "document_no": "SO1",
        "customer_document_no": "TILL 7",
        "document_date": JANUARY,
        "lines": [*(lines or (goods(clerk),))],
        **changes,
    }


def entered(clerk: Any, body: dict[str, Any]) -> int:
    return clerk.company.order(body, user_name="CLERK", posted_at=AT)["id"]


def test_an_order_is_reckoned_line_by_line_and_touches_no_ledger(clerk):
    text = {
        "line_type": FREE_TEXT,
        "description": "Gift card",
        "line_quantity": 1,
        "selling_unit_price": 10,
        "tax_code_id": clerk.company.tax_code_id(1),
        "nominal_reference": "4010",
        "nominal_cost_centre": "N01",
    }
    order_id = entered(clerk, order(clerk, goods(clerk), text))
    assert clerk.rows("select net_pence, tax_pence, gross_pence, document_status from sop_orders") == [
        (1999, 400, 2399, "EnumDocumentStatusLive")
    ]
    assert clerk.rows("select count(*) from postings") == [(0,)]
    urn = clerk.company.despatch_and_invoice(order_id, user_name="STORES", posted_at=AT)
    assert clerk.lines(urn) == [
        ("1100", "", 2399),
        ("4000", "N01", -999),
        ("4010", "N01", -1000),
        ("2200", "", -400),
    ]
    assert clerk.rows("select reference, second_reference from sales_transactions where urn = ?", urn) == [
        ("0000000001", "TILL 7")
    ]
    assert clerk.rows("select transaction_type, quantity_thousandths from product_transactions") == [
        ("Goods Out", -3000)
    ]
    assert clerk.rows("select document_status, invoice_credit_status from sop_orders") == [
        ("EnumDocumentStatusComplete", "Fully")
    ]
    assert clerk.company.unbalanced_urns() == []


@pytest.mark.parametrize(
    ("of_order", "of_line", "words"),
    [
        ({"customer_id": 1}, {}, "customer with id 1"),
        ({"document_no": ""}, {}, "document_no"),
        ({"lines": []}, {}, "lines"),
        ({"document_date": "2011-01-05"}, {}, "document_date is not a valid date"),
        ({"customer_document_no": "x" * 31}, {}, "maximum length of 30"),
        ({}, {"product_id": 1}, "product with id 1"),
        ({}, {"warehouse_id": 1}, "warehouse with id 1"),
        ({}, {"warehouse_id": ...}, "lines.warehouse_id"),
        ({}, {"line_quantity": 0}, "greater than zero"),
        ({}, {"selling_unit_price": Decimal("-0.01")}, "must not be negative"),
        ({}, {"tax_code_id": 1}, "tax code with id 1"),
        ({}, {"nominal_reference": "0000"}, "nominal account 0000"),
        ({}, {"line_type": "EnumLineTypeCharge"}, "line type"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_kept(clerk, of_order, of_line, words):
    with pytest.raises(Refused, match=words) as refused:
        entered(clerk, order(clerk, goods(clerk, **of_line), **of_order))
    assert refused.value.status == 400
    assert clerk.rows("select count(*) from sop_orders") == [(0,)]


def test_a_customer_on_hold_takes_none_unless_that_is_overridden(clerk):
    clerk.company.set_customer_on_hold("NORTH", True)
    with pytest.raises(Refused, match="on hold"):
        entered(clerk, order(clerk))
    assert entered(clerk, order(clerk, override_on_hold=True))


def test_settings_say_who_numbers_whether_twice_and_how_vat_is_rounded(clerk):
    entered(clerk, order(clerk))
    entered(clerk, order(clerk))
    clerk.company.set_setting("sop_unique_numbers", "true")
    with pytest.raises(Refused, match="already been used"):
        entered(clerk, order(clerk))
    clerk.company.set_setting("sop_auto_number", "true")
    clerk.company.set_setting("sop_vat", "tax_code")
    one = goods(clerk, line_quantity=1, selling_unit_price=Decimal("0.02"))
    entered(clerk, order(clerk, one, one, one, one))
    assert clerk.rows("select document_no, tax_pence from sop_orders order by id desc limit 1") == [
        ("0000000003", 2)
    ]
    clerk.company.set_setting("sop_vat", "line")
    entered(clerk, order(clerk, one, one, one, one))
    assert clerk.rows("select tax_pence from sop_orders order by id desc limit 1") == [(0,)]


def test_what_is_invoiced_is_neither_cancelled_nor_invoiced_again(clerk):
    order_id = entered(clerk, order(clerk))
    clerk.company.despatch_and_invoice(order_id, user_name="STORES", posted_at=AT)
    for again in (
        lambda: clerk.company.despatch_and_invoice(order_id, user_name="STORES", posted_at=AT),
        lambda: clerk.company.cancel_order(order_id, at=AT),
        lambda: clerk.company.delete_order(order_id),
    ):
        with pytest.raises(Refused, match="Complete"):
            again()


def test_over_http_an_order_is_found_by_the_customers_number_with_its_lines_when_asked(tmp_path):
    path = tmp_path / "company.sqlite"
    new_company(path).close()

    class Reader:
        company = SageCompany.open(path)

        def rows(self, sql: str) -> list[tuple]:
            return self.company._connection.execute(sql).fetchall()

    reader = Reader()
    body = jsonable(order(reader))
    reader.company.close()
    with serving(path, clock="2011-02-01T10:00:00") as running, running.client() as client:
        made = client.post("sop_orders", json=body).json()
        assert (made["document_no"], "urn" in made) == ("SO1", False)
        asked = {"$filter": "startswith(customer_document_no,'TILL')", "$expand": "lines"}
        (found,) = client.get("sop_orders", params=asked).json()
        (line,) = found["lines"]
        assert (line["line_quantity"], line["selling_unit_price"], line["line_total_value"]) == (
            3,
            3.33,
            9.99,
        )
        assert "lines" not in client.get("sop_orders").json()[0]
        assert client.get(f"sop_orders/{made['id']}/sop_order_lines").json()[0]["line_tax_value"] == 2.0
        assert client.post("sop_orders", json={**body, "document_no": ""}).status_code == 400
        assert client.put(f"sop_orders/{made['id']}", json=body).status_code == 404
        (urn,) = running.calls.post(f"{running.admin_url}/invoice_orders", json={}).json()["urns"]
        posted = client.get("sales_posted_transactions", params={"$filter": f"urn eq {urn}"}).json()
        assert posted[0]["document_gross_value"] == 11.99
