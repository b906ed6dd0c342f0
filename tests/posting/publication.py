"""A publication of a few receipts, as the models would propose them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from orchestration.posting.key import build_key

PROPOSALS = pa.schema(
    [
        *((name, pa.string()) for name in ("posting_key", "key_stem", "company_id", "store_id", "event_id")),
        ("receipt_no", pa.string()),
        ("business_date", pa.date32()),
        ("document_date", pa.date32()),
        ("document_kind", pa.string()),
        ("ordinal", pa.int32()),
        ("revision", pa.int32()),
        *((name, pa.string()) for name in ("role", "remedy", "customer_reference", "bank_code")),
        *((name, pa.int64()) for name in ("gross_pence", "net_pence", "tax_pence")),
        *((name, pa.string()) for name in ("second_reference", "narrative", "gate_status", "blocked_by")),
        *((name, pa.string()) for name in ("writer", "sync_claim")),
        ("may_post", pa.bool_()),
        ("hold_reason", pa.string()),
        ("target_urn", pa.int64()),
        ("survivor_urn", pa.int64()),
        ("survivor_kind", pa.string()),
        ("survivor_gross_pence", pa.int64()),
        ("exception_id", pa.string()),
        ("expected_period_start", pa.date32()),
        ("after_key", pa.string()),
        ("members_digest", pa.string()),
        ("known_postings", pa.string()),
    ]
)
LEGS = pa.schema(
    [
        ("posting_key", pa.string()),
        ("leg_no", pa.int32()),
        *((name, pa.string()) for name in ("leg_type", "nominal_code", "cost_centre", "department")),
        ("tax_code", pa.int32()),
        ("net_pence", pa.int64()),
        ("tax_pence", pa.int64()),
        *((name, pa.string()) for name in ("sku", "description", "product_code", "warehouse")),
        ("is_text", pa.bool_()),
        ("quantity_thousandths", pa.int64()),
    ]
)
LEDGER_LEG = LEGS.names[:9]
DAY = date(2011, 2, 10)


def event_of(receipt_no: str, store_id: str = "S01", day: date = DAY) -> str:
    """The event id of a till receipt."""
    return f"pos:{store_id}:1:{receipt_no}:{day}:1"


class Publication:
    """Rows added one by one; `rows` may be edited before the tables are asked for."""

    def __init__(self, number: int = 1):
        self.number = number
        self.rows: dict[str, dict[str, Any]] = {}
        self.legs: dict[str, list[dict[str, Any]]] = {}

    def add(
        self,
        receipt_no: str,
        document_kind: str = "invoice",
        *,
        net: int = 1000,
        store_id: str = "S01",
        event_id: str | None = None,
        revision: int = 1,
        role: str = "P",
        **changed: Any,
    ) -> str:
        """Propose a document at 20% tax (goods) or of money alone; returns its key."""
        event = event_id or event_of(receipt_no, store_id)
        is_goods = document_kind in ("invoice", "credit_note")
        tax = net // 5 if is_goods else 0
        key = build_key("DGS", event, document_kind, ordinal=1, revision=revision, role=role)  # type: ignore[arg-type]
        row = {
            "posting_key": key,
            "key_stem": key[:18],
            "company_id": "DGS",
            "store_id": store_id,
            "event_id": event,
            "receipt_no": receipt_no,
            "business_date": DAY,
            "document_date": DAY,
            "document_kind": document_kind,
            "ordinal": 1,
            "revision": revision,
            "role": role,
            "remedy": "post_missing" if role == "P" else "reverse_duplicate",
            "customer_reference": f"TILL0{store_id[-1]}",
            "bank_code": None if is_goods else f"CASH0{store_id[-1]}",
            "gross_pence": net + tax,
            "net_pence": net,
            "tax_pence": tax,
            "second_reference": f"{store_id} {receipt_no}",
            "narrative": f"Till receipt {receipt_no}",
            "gate_status": "passed",
            "blocked_by": None,
            "writer": "tillproof",
            "sync_claim": "none",
            "may_post": True,
            "hold_reason": None,
            "target_urn": None,
            "exception_id": f"EX{receipt_no}",
            "expected_period_start": DAY.replace(day=1),
            "after_key": None,
        }
        self.rows[key] = {**row, **changed}
        if is_goods:
            self.legs[key] = [
                dict(zip(LEDGER_LEG, [key, 1, "nominal", "4000", store_id, "", None, net, 0], strict=True)),
                dict(zip(LEDGER_LEG, [key, 2, "tax", None, None, None, 1, net, tax], strict=True)),
            ]
        return key

    def add_order(self, receipt_no: str, *goods: tuple[str, int, int], **changed: Any) -> str:
        """Propose an invoice as a sales order, its goods each a product, pieces and net pence; returns its key."""
        goods = goods or (("MUG", 2, 600), ("LAMP", 1, 400))
        net = sum(pence for _, _, pence in goods)
        key = self.add(receipt_no, net=net, remedy="post_order", **changed)
        row = self.rows[key]
        self.legs[key] += [
            {
                "posting_key": key,
                "leg_no": place,
                "leg_type": "item",
                "nominal_code": "4000",
                "cost_centre": row["store_id"],
                "department": "",
                "tax_code": 1,
                "net_pence": pence,
                "tax_pence": pence // 5,
                "sku": product,
                "description": f"A {product.lower()}",
                "product_code": product,
                "warehouse": f"SHOP-{row['store_id']}",
                "is_text": False,
                "quantity_thousandths": pieces * 1000,
            }
            for place, (product, pieces, pence) in enumerate(goods, start=3)
        ]
        return key

    def add_case(
        self,
        receipt_no: str,
        urn: int,
        *,
        there: dict[str, Any] | None = None,
        right: dict[str, Any] | None = None,
    ) -> tuple[str, str]:
        """Propose that URN be undone and its receipt posted right; returns the keys of contra and repost."""
        common = {"remedy": "reverse_and_repost", "target_urn": urn}
        contra = self.add(
            receipt_no, "credit_note", event_id=f"ledger:{urn}", role="X", **(common | (there or {}))
        )
        return contra, self.add(receipt_no, **(common | {"after_key": contra} | (right or {})))

    def without(self, *keys: str) -> Publication:
        """The next publication, which no longer proposes some."""
        following = Publication(self.number + 1)
        following.rows = {key: dict(row) for key, row in self.rows.items() if key not in keys}
        following.legs = {key: [dict(leg) for leg in self.legs.get(key, [])] for key in following.rows}
        return following

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """The two Parquet files as tables."""
        legs = [leg for key in self.rows for leg in self.legs.get(key, [])]
        return pa.Table.from_pylist(list(self.rows.values()), PROPOSALS), pa.Table.from_pylist(legs, LEGS)
