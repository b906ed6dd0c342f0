"""Ledger and extraction against a Sage 200 that keeps real books: posted, read back, killed, gone on."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration.landing import Landing
from orchestration.ledgers.ledger import (
    CustomerFacts,
    Document,
    Ledger,
    LedgerUnavailableError,
    NominalLine,
    Period,
    PostedNominalLine,
    TaxLine,
)
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_extract import extract
from orchestration.ledgers.sage200_ledger import Sage200Ledger
from orchestration.ledgers.sage200_settings import Sage200Settings
from orchestration.ledgers.sage200_sources import SPECS
from orchestration.ledgers.sage200_transport import ReadRefusedError
from orchestration.posting.documents import Payload
from orchestration.posting.verification import truths_of
from sandbox.company import SageCompany
from sandbox.server import serving

SEED = Path(__file__).parents[2] / "sandbox" / "seed"
POSTED_AT = datetime(2011, 9, 1, 9, 0, tzinfo=UTC).replace(tzinfo=None)
INVOICE = Document(
    company_id="DGS",
    posting_key="TPABCDEFGHJKMNPN011P",
    document_kind="invoice",
    document_date=date(2011, 2, 3),
    customer_reference="TILL01",
    bank_code=None,
    gross_pence=1700,
    net_pence=1500,
    tax_pence=200,
    second_reference="S01 536365",
    narrative="Receipt 536365",
    nominal_lines=(NominalLine("4000", "S01", "", 1000), NominalLine("2250", "", "", 500)),
    tax_lines=(TaxLine(1, 1000, 200), TaxLine(9, 500, 0)),
)
RECEIPT = replace(
    INVOICE,
    posting_key="TPABCDEFGHJKMNPR011P",
    document_kind="receipt",
    bank_code="CASH01",
    net_pence=1700,
    tax_pence=0,
    nominal_lines=(),
    tax_lines=(),
)
NUMBERS = count()
OVER = replace(
    RECEIPT,
    posting_key="TPABCDEFGHJKMNPB011P",
    document_kind="bank_receipt",
    customer_reference=None,
    gross_pence=5,
    net_pence=5,
    nominal_lines=(NominalLine("4990", "S01", "", 5),),
    tax_lines=(TaxLine(9, 5, 0),),
)


def settings_of(running, home, **more):
    return Sage200Settings(
        base_url=running.base_url,
        token_url=running.token_url,
        client_id=running.client_id,
        client_secret=SecretStr(running.client_secret),
        refresh_token=SecretStr(running.refresh_token),
        site_id=running.site_id,
        company_id=running.company_id,
        token_file=home / "token.json",
        **{"max_attempts": 2, "max_backoff_s": 0.1, "post_timeout_s": 5} | more,
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    path = tmp_path_factory.mktemp("sage") / "company.sqlite"
    with SageCompany.create(path, SEED, site_id="site", company_id=1, company_name="Demo") as created:
        yield created


@pytest.fixture(scope="module")
def running(company):
    with serving(company.path, clock="2011-09-20T18:00:00") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(running, tmp_path_factory):
    with Sage200Client(settings_of(running, tmp_path_factory.mktemp("tokens"))) as opened:
        yield opened


@pytest.fixture
def ledger(client):
    return Sage200Ledger(client)


def keyed(document, number):
    """The same document under a key of its own."""
    return replace(document, posting_key=f"TP{number:013d}{document.posting_key[15:]}")


def test_it_is_a_ledger(ledger):
    assert isinstance(ledger, Ledger)


def test_an_invoice_posted_is_found_by_its_stem_with_all_it_says(ledger):
    document = keyed(INVOICE, 1)
    assert ledger.find(document.posting_key[:18]) == []
    reply = ledger.post(document)
    assert reply.kind == "accepted"
    [found] = ledger.find(document.posting_key[:18])
    assert (found.urn, found.reference, found.second_reference) == (
        reply.urn,
        document.posting_key,
        "S01 536365",
    )
    assert (found.document_kind, found.document_date) == ("invoice", date(2011, 2, 3))
    assert (found.gross_pence, found.net_pence, found.tax_pence) == (1700, 1500, 200)
    assert (found.customer_reference, found.bank_code) == ("TILL01", None)
    assert found.is_in_nominal
    assert found.period == Period(date(2011, 1, 1), 2)
    assert sorted(found.tax_lines, key=lambda line: line.tax_code) == [
        TaxLine(1, 1000, 200),
        TaxLine(9, 500, 0),
    ]
    accounts = {(line.nominal_code, line.cost_centre): line.amount_pence for line in found.nominal_lines}
    assert accounts == {("1100", ""): 1700, ("4000", "S01"): -1000, ("2250", ""): -500, ("2200", ""): -200}
    assert ledger.find_by_urn(found.urn) == [found]
    assert ledger.find_by_reference(document.posting_key) == [found]
    assert ledger.find_by_reference(document.posting_key[:18]) == []


@pytest.mark.parametrize(("kind", "sign"), [("receipt", 1), ("payment", -1)])
def test_a_traders_money_is_one_document_though_sage_shows_it_twice(ledger, kind, sign):
    document = replace(keyed(RECEIPT, 2), document_kind=kind)
    document = replace(document, posting_key=document.posting_key.replace("R", kind[0].upper()))
    reply = ledger.post(document)
    [found] = ledger.find(document.posting_key[:18])
    assert (found.urn, found.document_kind, found.gross_pence, found.bank_code) == (
        reply.urn,
        kind,
        1700,
        "CASH01",
    )
    assert PostedNominalLine("1230", "S01", "", 1700 * sign) in [
        replace(line, narrative="") for line in found.nominal_lines
    ]


def test_a_credit_note_reads_back_positive_in_its_own_direction(ledger):
    document = replace(keyed(INVOICE, 3), document_kind="credit_note")
    assert ledger.post(document).kind == "accepted"
    [found] = ledger.find(document.posting_key[:18])
    assert (found.document_kind, found.gross_pence, found.tax_pence) == ("credit_note", 1700, 200)
    assert TaxLine(1, 1000, 200) in found.tax_lines


@pytest.mark.parametrize(("kind", "letter"), [("bank_receipt", "B"), ("bank_payment", "Y")])
def test_cash_over_and_short_go_to_the_cash_book_alone(ledger, kind, letter):
    document = replace(keyed(OVER, 4), document_kind=kind, posting_key=f"TP{4:013d}{letter}011P")
    assert ledger.post(document).kind == "accepted"
    [found] = ledger.find(document.posting_key[:18])
    assert (found.document_kind, found.gross_pence, found.customer_reference) == (kind, 5, None)
    assert {(line.nominal_code, abs(line.amount_pence)) for line in found.nominal_lines} == {
        ("1230", 5),
        ("4990", 5),
    }


def test_a_transfer_is_one_document_between_two_banks_and_the_way_it_went_is_told(ledger):
    before = max((head.urn for head in ledger.posted_since(0)), default=0)
    out = replace(
        keyed(RECEIPT, 4), posting_key=f"TP{4:013d}T011P", document_kind="transfer", customer_reference=None,
        document_date=date(2011, 3, 9), bank_code="CLEAR04", to_bank_code="CARD04",
    )  # fmt: skip
    assert ledger.post(out).kind == "accepted"
    [found] = ledger.find(out.posting_key[:18])
    assert (found.document_kind, found.gross_pence, found.tax_pence) == ("transfer", out.gross_pence, 0)
    assert (found.bank_code, found.to_bank_code) == ("CLEAR04", "CARD04")
    assert {(line.nominal_code, line.amount_pence) for line in found.nominal_lines} == {
        ("1250", -out.gross_pence),
        ("1240", out.gross_pence),
    }
    assert truths_of(Payload(out, "post_missing", "P", None, None), [found], "9998").is_right
    back = replace(out, bank_code="CARD04", to_bank_code="CLEAR04")
    [told] = [truths_of(Payload(back, "post_missing", "P", None, None), [found], "9998").differences]
    assert "receiving bank is CARD04, not CLEAR04" in told
    [head] = ledger.posted_since(before)
    assert (head.urn, head.to_bank_code) == (found.urn, "CARD04")
    assert [one.urn for one in ledger.find_alike(out)] == [found.urn]
    assert ledger.find_alike(back) == [], "the way back is another document"


def test_the_multiset_probe_sees_a_copy_under_another_reference(ledger):
    document = replace(keyed(INVOICE, 5), document_date=date(2011, 3, 7))
    ledger.post(replace(document, posting_key="POS-S01-536365"))
    assert [found.reference for found in ledger.find_alike(document)] == ["POS-S01-536365"]
    assert ledger.find_alike(replace(document, document_date=date(2011, 3, 8))) == []
    assert ledger.find_alike(replace(document, gross_pence=1701, net_pence=1501)) == []
    assert ledger.find_alike(replace(document, customer_reference="NOBODY")) == []


def test_many_stems_and_names_are_found_in_one_look_and_nothing_else_is(ledger, client):
    documents = [keyed(INVOICE, 700 + number) for number in range(40)]
    for document in documents[::4]:
        assert ledger.post(document).kind == "accepted"
    ledger.post(replace(documents[1], posting_key="POS-S01-700001"))
    ledger.post(keyed(INVOICE, 799))
    before = client.requests_sent
    found = ledger.find_many([one.posting_key[:18] for one in documents], ["POS-S01-700001", "POS-S01-7"])
    assert client.requests_sent - before <= 16
    assert {one.reference for one in found} == {
        "POS-S01-700001",
        *(document.posting_key for document in documents[::4]),
    }
    [alone] = ledger.find(documents[0].posting_key[:18])
    assert alone in found


def test_the_heads_of_everything_posted_since_a_urn(ledger):
    last = ledger.post(keyed(INVOICE, 800)).urn
    documents = [keyed(INVOICE, 801), keyed(RECEIPT, 802), keyed(OVER, 803)]
    for document in documents:
        assert ledger.post(document).kind == "accepted"
    heads = {head.reference: head for head in ledger.posted_since(last)}
    assert set(heads) == {document.posting_key for document in documents}
    assert all(heads[document.posting_key].is_like(document) for document in documents)
    day = documents[0].document_date
    of_day = {head.reference: head for head in ledger.posted_on(day)}
    assert set(heads) <= set(of_day) and {head.document_date for head in of_day.values()} == {day}
    assert all(of_day[name] == head for name, head in heads.items())
    assert not set(heads) & {head.reference for head in ledger.posted_on(day + timedelta(days=1))}


def test_a_filter_too_long_for_this_sage_is_asked_in_halves(ledger, monkeypatch):
    documents = [keyed(INVOICE, 810 + number) for number in range(5)]
    for document in documents:
        ledger.post(document)
    whole = ledger._documents_named

    def short_only(names):
        if len(names) > 2:
            raise ReadRefusedError("GET sales_posted_transactions: HTTP 414", 414)
        return whole(names)

    monkeypatch.setattr(ledger, "_documents_named", short_only)
    assert len(ledger.find_many([one.posting_key[:18] for one in documents], [])) == 5


def test_a_document_in_a_future_period_is_there_but_not_in_the_nominal_ledger(ledger):
    document = replace(keyed(INVOICE, 6), document_date=date(2011, 11, 3))
    assert ledger.period_state(document.document_date, "LedgerSales") == "future"
    assert ledger.post(document).kind == "accepted"
    [found] = ledger.find(document.posting_key[:18])
    assert (found.is_in_nominal, found.nominal_lines, found.period) == (False, (), None)


def test_archived_documents_are_found(ledger, company):
    document = replace(keyed(INVOICE, 7), document_date=date(2011, 1, 2))
    ledger.post(document)
    company.archive_sales(date(2011, 1, 31), at=POSTED_AT)
    assert [found.is_historical for found in ledger.find(document.posting_key[:18])] == [True]


def test_live_facts_are_as_they_are_now(ledger, company):
    assert ledger.nominal_status("4000", "S01", "") == "active"
    company.set_nominal_status("4000", "S02", "", "AccountStatusHidden")
    assert ledger.nominal_status("4000", "S02", "") == "hidden"
    assert ledger.nominal_status("4000", "S99", "") == "missing"
    assert ledger.nominal_type("4000", "S01", "") == "posting"
    assert ledger.nominal_type("4000", "S99", "") is None
    assert (ledger.tax_code(3), ledger.tax_code(77)) == (Decimal("17.50"), None)
    assert ledger.period_state(date(2011, 2, 3), "LedgerSales") == "open"
    assert ledger.period_state(date(2010, 2, 3), "LedgerNominal") == "closed"
    company.set_customer_on_hold("TILL02", True)
    assert ledger.customer("TILL02") == CustomerFacts("TILL02", "active", True)
    assert ledger.customer("NOBODY") == CustomerFacts("NOBODY", "missing", False)
    assert (ledger.bank_status("CASH01"), ledger.bank_status("NONE")) == ("active", "missing")


def test_what_sage_does_not_have_is_refused_before_anything_is_sent(ledger):
    reply = ledger.post(replace(keyed(INVOICE, 8), customer_reference="NOBODY"))
    assert (reply.kind, reply.status) == ("refused", None)
    assert "NOBODY" in reply.message
    missing = replace(INVOICE, nominal_lines=(NominalLine("4000", "S99", "", 1500),))
    reply = ledger.post(keyed(missing, 8))
    assert (reply.kind, reply.status) == ("refused", 400)
    assert ledger.find(f"TP{8:013d}") == []


@pytest.mark.parametrize(
    ("fault", "kind", "is_there"),
    [
        ({"kind": "lock", "status": 400}, "locked", False),
        ({"kind": "lock", "status": 409}, "locked", False),
        ({"kind": "lock", "status": 423, "body": "empty"}, "locked", False),
        ({"kind": "lock", "status": 400, "body": "text"}, "locked", False),
        ({"kind": "throttled", "retry_after_s": 7}, "locked", False),
        ({"kind": "gateway_timeout_before_commit"}, "unknown", False),
        ({"kind": "gateway_timeout_after_commit"}, "unknown", True),
        ({"kind": "lost_reply"}, "unknown", True),
        ({"kind": "error_but_saved"}, "unknown", True),
        ({"kind": "server_error"}, "unknown", False),
        ({"kind": "ghost_success"}, "accepted", False),
        ({"kind": "refuse_hidden_nominal"}, "accepted", True),
    ],
)
def test_each_fault_is_called_what_it_proves(ledger, running, fault, kind, is_there):
    document = keyed(INVOICE, 100 + next(NUMBERS))
    running.faults(fault | {"count": 1, "method": "POST"})
    try:
        reply = ledger.post(document)
    finally:
        running.faults()
    assert reply.kind == kind, reply
    assert len(ledger.find(document.posting_key[:18])) == is_there
    if fault["kind"] == "throttled":
        assert reply.retry_after_s == 7


def test_a_token_that_ended_is_renewed_on_the_way(ledger, running):
    running.faults({"kind": "token_expired", "count": 1})
    assert ledger.bank_status("CASH01") == "active"
    running.faults()


def test_a_sage_that_is_gone_leaves_every_answer_open(tmp_path, company):
    with serving(company.path) as sandbox, Sage200Client(settings_of(sandbox, tmp_path)) as client:
        ledger = Sage200Ledger(client)
        ledger.bank_status("CASH01")
        sandbox.kill()
        assert ledger.post(keyed(INVOICE, 9)).kind in {"unknown", "locked"}
        with pytest.raises(LedgerUnavailableError):
            ledger.find("TP")


EXTRACTION = """
import sys
from datetime import date
from pathlib import Path
from orchestration.landing import Landing
from orchestration.ledgers import sage200_extract
from orchestration.ledgers.sage200_client import Sage200Client
from orchestration.ledgers.sage200_settings import Sage200Settings

settings = Sage200Settings.model_validate_json(sys.stdin.readline())
sage200_extract.BATCH_ROWS = 100
told = lambda table, rows: print(table, rows, flush=True)
with Sage200Client(settings) as client:
    sage200_extract.extract(client, Landing(sys.argv[1], "DGS"), 1, settings, told, as_of=date(2011, 9, 20))
"""


def test_a_process_killed_while_it_extracts_is_gone_on_from(tmp_path, company):
    """The whole of it: SIGKILL in the middle of the sales documents, then a second extraction."""
    with company.bulk():
        for number in range(300):
            _post_sale(company, number)
    with serving(company.path) as sandbox:
        settings = settings_of(sandbox, tmp_path, page_size=25)
        secrets = {
            name: getattr(settings, name).get_secret_value() for name in ("client_secret", "refresh_token")
        }
        text = json.dumps(settings.model_dump(mode="json") | secrets)
        with subprocess.Popen(
            [sys.executable, "-c", EXTRACTION, str(tmp_path / "landing")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=SEED.parents[1],
        ) as process:
            process.stdin.write(text + "\n")
            process.stdin.flush()
            assert any(_is_sales_beyond(150, said) for said in process.stdout)
            process.kill()
        landing = Landing(tmp_path / "landing", "DGS")
        assert 0 < len(_landed(landing, "sales_posted_transactions")) < 300
        with Sage200Client(settings) as client:
            extract(client, landing, landing.next_pass(), settings, as_of=date(2011, 9, 20))
            sales = [
                row
                for name in ("posted", "historical")
                for page in client.read(f"sales_{name}_transactions")
                for row in page
            ]
            lines = [
                row
                for page in client.read("nominal_transaction_enquiry_views", select=["id"])
                for row in page
            ]
        assert _landed(landing, "sales_posted_transactions") == Counter(row["id"] for row in sales)
        assert _landed(landing, "nominal_transactions") == Counter(row["id"] for row in lines)
        gross = landing.newest(SPECS["sales_posted_transactions"], ["document_gross_value"]).to_pydict()
        assert sum(gross["document_gross_value"]) == sum(row["document_gross_value"] for row in sales)
        taxed = {row["urn"] for row in sales if row["tax_analysis_items"]}
        assert set(landing.newest(SPECS["sales_tax_items"], ["urn"]).to_pydict()["urn"]) == taxed


def _is_sales_beyond(rows, said):
    table, read = said.split()
    return table == "sage200/sales_posted_transactions" and int(read) >= rows


def _post_sale(company, number):
    body = {
        "customer_id": company.customer_id("TILL01"),
        "transaction_date": f"2011-0{1 + number % 9}-15T00:00:00Z",
        "reference": f"POS-S01-{number}",
        "document_goods_value": Decimal("10.00"),
        "document_tax_value": Decimal("2.00"),
        "tax_analysis_items": [
            {"id": company.tax_code_id(1), "goods_amount": Decimal("10.00"), "tax_amount": Decimal("2.00")}
        ],
        "nominal_analysis_items": [{"code": "4000", "cost_centre": "S01", "value": Decimal("10.00")}],
    }
    company.post(
        "sales_invoices", body, user_name="CONNECTOR", posted_at=POSTED_AT.replace(minute=number % 60)
    )


def _landed(landing, table):
    with landing.connect() as connection:
        paths = [str(found.path) for found in landing.files(f"sage200/{table}")]
        return Counter(
            row[0] for row in connection.execute("select id from read_parquet(?)", [paths]).fetchall()
        )
