"""The sandbox as a process of its own: started, struck, killed, and started again."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading

import httpx
import pytest
from paperwork import AT, SEED, jsonable, new_company, sale

from sandbox.company import SageCompany
from sandbox.serving import SandboxNotStarted, command_line, serving, start

CLOCK = "2011-02-01T10:00:00"


@pytest.fixture
def db(tmp_path):
    new_company(tmp_path / "company.sqlite").close()
    return tmp_path / "company.sqlite"


@pytest.fixture
def body(db):
    with SageCompany.open(db) as company:
        return jsonable(sale(company))


def posted(client, **params):
    return client.get("sales_posted_transactions", params=params).raise_for_status().json()


def test_it_ends_when_its_block_does_and_leaves_the_books_closed(db, body):
    with serving(db, clock=CLOCK) as running, running.client() as client:
        assert client.post("sales_invoices", json=body).json() == {"urn": "31"}
    assert running.process.returncode == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(running.admin_url + "/health")
    assert not db.with_name("company.sqlite-wal").exists()


def test_killed_and_started_again_it_still_has_its_books_tokens_and_time(db, body):
    with serving(db, clock=CLOCK) as running, running.client() as client:
        client.post("sales_invoices", json=body)
        bearer = client.headers["authorization"]
        running.kill()
    with serving(db, clock=CLOCK) as running, running.client() as client:
        client.headers["authorization"] = bearer
        client.post("sales_invoices", json=body)
        assert [row["posted_date"] for row in posted(client)] == [
            "2011-02-01T10:00:00Z",
            "2011-02-01T10:00:01Z",
        ]


def test_a_lost_reply_is_a_closed_connection_over_a_saved_document(db, body):
    faults = ["lost_reply:resource=sales_allocations,count=1", "lost_reply:count=1,resource=sales_invoices"]
    with serving(db, fault=faults) as running, running.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("sales_invoices", json=body)
        (invoice,) = posted(client)
        assert invoice["urn"] == 31
        client.post("sales_credit_notes", json=body)
        lines = [{"posted_tran_id": row["id"], "value_to_allocate": 1} for row in posted(client)]
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(
                "sales_allocations", json={"customer_id": body["customer_id"], "allocation_lines": lines}
            )
        assert posted(client)[0]["document_outstanding_value"] == invoice["document_outstanding_value"] - 1


def test_the_server_and_a_bulk_load_share_one_set_of_books(db, body):
    with serving(db) as running, running.client() as client, SageCompany.open(db) as company:
        loading = threading.Event()
        load_urns = []

        def load():
            with company.bulk():
                load_urns.append(
                    company.post("sales_invoices", sale(company), user_name="BULK", posted_at=AT)
                )
                loading.set()
                load_urns.extend(
                    company.post("sales_invoices", sale(company), user_name="BULK", posted_at=AT)
                    for _ in range(500)
                )

        loader = threading.Thread(target=load)
        loader.start()
        loading.wait()
        over_http = int(client.post("sales_invoices", json=body).json()["urn"])
        loader.join()
        assert load_urns == list(range(31, 532))
        assert over_http == 532
        assert company.unbalanced_urns() == []


def test_a_long_page_is_sent_in_blocks_and_is_whole(db):
    with SageCompany.open(db) as company, company.bulk():
        for _ in range(700):
            company.post("sales_invoices", sale(company), user_name="BULK", posted_at=AT)
    with serving(db) as running, running.client() as client:
        params = {"$top": "5000", "$select": "id,debit,credit"}
        rows = client.get("nominal_transaction_enquiry_views", params=params).json()
        assert [row["id"] for row in rows] == list(range(1, 2801))


def test_it_makes_its_company_from_a_seed_folder_when_there_is_none(tmp_path):
    with serving(tmp_path / "new.sqlite", seed=SEED, company_id=9) as running, running.client() as client:
        assert running.company_id == 9
        assert len(client.get("banks").json()) == 3


def test_faults_clock_and_settings_change_while_it_runs(db, body):
    with serving(db, clock=CLOCK) as running, running.client() as client:
        running.faults("throttled:count=1,retry_after_s=3")
        assert client.get("banks").headers["retry-after"] == "3"
        assert running.calls.get(running.admin_url + "/faults").json()[0]["count"] == 0
        running.calls.put(running.admin_url + "/clock", json={"now": "2011-02-01T12:00:00"})
        running.calls.put(running.admin_url + "/settings", json={"unknown_nominal": "suspense"})
        body["nominal_analysis_items"] = [{"code": "9", "value": 10}]
        client.post("sales_invoices", json=body)
        (row,) = posted(client)
        assert row["posted_date"] == "2011-02-01T12:00:00Z"
        assert [item["code"] for item in row["nominal_analysis_items"]] == ["1100", "9998", "2200"]
        assert running.health()["requests"]["POST sales_invoices"] == 1
        assert running.calls.put(running.admin_url + "/faults", json=["explode"]).status_code == 422


def test_a_sandbox_without_books_says_so_instead_of_waiting(tmp_path):
    with pytest.raises(SandboxNotStarted):
        start(tmp_path / "nothing.sqlite")


def test_options_become_a_command_line():
    assert command_line({"wrap": True, "latency_ms": 5, "fault": [{"kind": "lock"}], "clock": None}) == [
        "--wrap",
        "--latency-ms",
        "5",
        "--fault",
        json.dumps({"kind": "lock"}),
    ]


def test_a_port_that_is_taken_is_said_in_a_line(db):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "sandbox", "--db", str(db), "--port", str(port)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2 and ended.stdout == ""
    assert f"port {port} is taken" in ended.stderr and "Traceback" not in ended.stderr
