"""How one Sage 200 company is reached. Secrets are SecretStr: they print as stars wherever they land."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class Sage200Settings(BaseModel):
    """Connection, patience and reading habits of one Sage 200 company."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = Field(
        default="http://127.0.0.1:8200/uk/sage200extra/accounts/v1/",
        description="Root of the API, the edition included; the sandbox's by default.",
    )
    token_url: str = Field(default="http://127.0.0.1:8200/oauth/token", description="OAuth token endpoint.")
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    refresh_token: SecretStr = Field(
        default=SecretStr(""),
        description="The first refresh token; Sage rotates it and token_file then holds the live one.",
    )
    refresh_token_days: int = Field(
        default=60,
        ge=1,
        le=90,
        description="How long Sage lets a sign-in live, as chosen on its credential form: at most 90.",
    )
    token_file: Path = Field(
        default=Path("secrets/sage200_token.json"),
        description="Where the rotating token is kept, readable by its owner only; relative to home.",
    )
    site_id: str = Field(default="", description="X-Site: the GUID that GET sites gives.")
    company_id: int = Field(default=0, description="X-Company: the number that GET sites gives.")

    page_size: int = Field(default=5000, ge=1, description="$top of a page; Sage gives 500 unasked.")
    nominal_window_days: int = Field(
        default=45,
        ge=0,
        description="Nominal lines carry no update stamp: this many days before the newest are read again.",
    )
    id_overlap: int = Field(
        default=200,
        ge=0,
        description="Ids re-read below the greatest landed: two users' lines may commit out of order.",
    )
    period_months: int = Field(
        default=36,
        ge=1,
        description="How far around the as-of date period states are asked for, 3 calls each.",
    )
    overlap_minutes: int = Field(
        default=10, ge=0, description="How far before the newest date_time_updated landed to begin."
    )

    allocation_values: Literal["positive", "signed"] = Field(
        default="positive",
        description="How an allocation states what credits the customer (receipts, credit notes): as Sage's are "
        "positive or below zero is not documented. Ask the demo company before `allocate_sale` is allowed.",
    )
    allocation_date: Literal["document", "today"] = Field(
        default="document",
        description="The date of an allocation: the newest of its documents, or none is sent and Sage takes its own.",
    )

    sop_order_numbers: Literal["unset", "ours", "automatic"] = Field(
        default="unset",
        description="Who numbers sales orders: `ours` sends the posting key as `document_no`, `automatic` leaves it to "
        "Sage (an SOP setting; Standard always does). Either way the key is the customer's order number, by which an "
        "order is looked for. While `unset` no order is sent or looked for; once one was sent, leave it set.",
    )
    sop_invoice_key: Literal["second_reference", "reference"] = Field(
        default="second_reference",
        description="Where Sage writes an order's number on the invoice it becomes: not documented; "
        "ask the demo company.",
    )
    sop_price_decimals: int = Field(
        default=5,
        ge=2,
        le=5,
        description="Decimals of a unit price that Sage reckons an order line with: 5 by its field.",
    )
    sop_vat: Literal["line", "tax_code"] = Field(
        default="line",
        description="What Sage rounds an order's VAT by, half up: each line, or all lines of a tax code. Not "
        "documented; an order whose VAT would not come to the till's is held.",
    )

    timeout_s: float = Field(default=60.0, gt=0, description="Wait for one answer to a read.")
    post_timeout_s: float = Field(default=120.0, gt=0, description="Wait for the answer to a POST.")
    max_attempts: int = Field(default=6, ge=1, description="Tries of one read, the first included.")
    retry_budget_s: float = Field(default=300.0, gt=0, description="Seconds one read may take, all tries.")
    max_backoff_s: float = Field(default=30.0, gt=0, description="Longest wait between two tries of a read.")
    requests_per_second: float | None = Field(
        default=None, gt=0, description="Own speed limit; none by default (a known live client keeps to 4)."
    )
