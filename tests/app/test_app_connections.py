"""How old each source is, which files were refused, and a look at all of it on request."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from streamlit.testing.v1 import AppTest
from synthetic_published import publish, shop

from app import schedules, sources
from app.money import NONE
from app.published import Published
from orchestration import source_log


def told(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.info, *page.success, *page.error, *page.header]
    return "\n".join(str(each.value) for each in parts)


def test_a_store_that_fell_behind_comes_first_with_its_days(tmp_path: Path) -> None:
    story = shop()
    story.tables["store_days"] = [
        row
        for row in story.tables["store_days"]
        if row["store_id"] != "S02" or row["business_date"] <= date(2011, 11, 20)
    ]
    # a till whose clock is wrong is no sign that its store sends
    ahead = dict(story.tables["store_days"][0], store_id="S02", business_date=date(2031, 3, 1))
    story.tables["store_days"].append(ahead)
    published = Published(publish(tmp_path, story) / "published")
    found = sources.tills(published)
    assert [(row["store_id"], row["days_behind"]) for row in found] == [("S02", 10), ("S01", 0), ("S03", 0)]
    assert [row["refused"] for row in found] == [1, 0, 0]
    assert [(row["troubled_lately"], row["files_lately"]) for row in found] == [(1, 3), (0, 2), (0, 2)]


def test_a_document_dated_ahead_does_not_make_sage_look_fresh(tmp_path: Path) -> None:
    story = shop()
    for row in story.tables["ledger_documents"]:
        row["document_date"] = min(row["document_date"], date(2011, 11, 10))
    story.tables["ledger_documents"][0]["document_date"] = date(2012, 3, 1)
    found = sources.sage(Published(publish(tmp_path, story) / "published"))
    assert (found["newest_day"], found["days_behind"], found["dated_ahead"]) == (date(2011, 11, 10), 20, 1)


def test_refused_files_say_why_and_whether_somebody_has_to_act(home: Path, open_page) -> None:
    page = open_page(home, "connections")
    files = next(table.value for table in page.table if "Still open?" in table.value)
    assert files["File"].tolist() == [r"**broken\.csv**"]
    assert files["Still open?"].tolist() == [":red-badge[! Open]"]
    assert files["Why"].tolist() == ["the file is empty"]
    assert "GB free of" in told(page)


def test_the_page_begins_with_whether_every_source_is_up_to_date(
    home: Path, tmp_path: Path, open_page
) -> None:
    page = open_page(home, "connections")
    assert page.warning[0].value == (
        "**Every source is up to date.** 1 file refused or read in part and not made good."
    )
    story = shop()
    for name, column in (("store_days", "business_date"), ("ledger_documents", "document_date")):
        story.tables[name] = [row for row in story.tables[name] if row[column] < date(2011, 11, 20)]
    page = open_page(publish(tmp_path, story), "connections")
    assert page.error[0].value.startswith(r"**Behind: S01, S02, S03, Sage.** What they have not sent")


def test_a_look_now_tells_what_is_wrong_and_how_to_mend_it(home: Path, open_page) -> None:
    page = open_page(home, "connections")
    page.button[0].click().run()
    found = next(table.value for table in page.table if "To mend it" in table.value)
    assert found["Well?"].iloc[0] == ":red-badge[! Mend]"
    assert "play the demo" in found["To mend it"].iloc[0]


def test_where_nothing_arrived_the_page_says_what_to_do(tmp_path: Path, open_page) -> None:
    page = open_page(publish(tmp_path), "connections")
    assert "Put a till's files in its inbox" in told(page)
    assert "Every file was read whole." in told(page)


def dagster(told: dict) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=told)))


STANDING = {
    "data": {
        "repositoriesOrError": {
            "nodes": [
                {
                    "schedules": [
                        {
                            "name": "reconcile_hourly",
                            "cronSchedule": "5 * * * *",
                            "executionTimezone": "UTC",
                            "pipelineName": "reconcile",
                            "scheduleState": {
                                "status": "RUNNING",
                                "ticks": [{"timestamp": 1322686200.0, "status": "FAILURE"}],
                            },
                            "futureTicks": {"results": [{"timestamp": 1322689800.0}]},
                        }
                    ],
                    "sensors": [
                        {
                            "name": "new_till_files",
                            "minIntervalSeconds": 60,
                            "targets": [{"pipelineName": "reconcile"}],
                            "sensorState": {"status": "STOPPED", "ticks": [], "nextTick": None},
                        }
                    ],
                }
            ]
        },
        "instance": {
            "daemonHealth": {
                "allDaemonStatuses": [
                    {"daemonType": "SENSOR", "required": True, "healthy": True},
                    {"daemonType": "SCHEDULER", "required": True, "healthy": False},
                    {"daemonType": "BACKFILL", "required": True, "healthy": False},
                ]
            }
        },
        "runsOrError": {
            "results": [
                {"pipelineName": "reconcile", "status": "STARTED", "endTime": None},
                {"pipelineName": "reconcile", "status": "FAILURE", "endTime": 1322686300.0},
                {"pipelineName": "reconcile", "status": "SUCCESS", "endTime": 1322682700.0},
            ]
        },
    }
}


def test_what_starts_by_itself_is_told_with_its_next_time_and_what_is_idle(
    deciding_home: Path, open_page, monkeypatch
) -> None:
    found = schedules.ask(3000, dagster(STANDING))
    monkeypatch.setattr(schedules, "ask", lambda _: found)
    page = open_page(deciding_home, "connections")
    table = next(each.value for each in page.table if "On?" in each.value)
    assert table["On?"].tolist() == [":green-badge[✓ On]", ":gray-badge[○ Off]"]
    assert table["Next"].tolist() == ["30 Nov 2011, 21:50 GMT", NONE]
    assert table["Last"].tolist() == ["30 Nov 2011, 20:50 GMT :red-badge[! Failed]", NONE]
    assert "Scheduler of Dagster not at work" in told(page)
    assert "! 50.0% (1 of 2)" in told(page) and "20:51 GMT" in told(page)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.ConnectError("refused"), "no pass starts by itself"),
        (httpx.ReadTimeout("slow"), "did not answer"),
        (httpx.Response(200, text="<html>"), "not Tillproof's Dagster"),
        (httpx.Response(200, json={"data": None}), "not Tillproof's Dagster"),
    ],
)
def test_a_dagster_that_does_not_answer_is_said_with_what_to_do(answer, said) -> None:
    def reply(_: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(schedules.NotRunningError, match=said):
        schedules.ask(3000, httpx.Client(transport=httpx.MockTransport(reply)))


def test_the_sign_in_to_sage_is_told_by_its_age_and_never_by_a_token(deciding_home: Path, open_page) -> None:
    settings = deciding_home / "tillproof.toml"
    settings.write_text(
        'company_id = "DGS"\n[sage200]\nrefresh_token = "first-secret"\nclient_secret = "client-secret"\n',
        encoding="utf-8",
    )
    assert "Not used yet" in told(open_page(deciding_home, "connections"))
    now = datetime.now(UTC)
    kept = {
        "refresh_token": "live-secret",
        "access_token": "access-secret",
        "expires_at": now.timestamp() + 60,
        "began_at": (now - timedelta(days=50, hours=1)).timestamp(),
        "refreshed_at": now.timestamp(),
        "seed": hashlib.sha256(b"first-secret").hexdigest()[:16],
    }
    place = deciding_home / "secrets" / "sage200_token.json"
    place.parent.mkdir()
    place.write_text(json.dumps(kept), encoding="utf-8")
    page = open_page(deciding_home, "connections")
    assert ":red-badge[! Sign in again]" in told(page) and "9 days" in told(page)
    everything = told(page) + "".join(each.value.to_csv() for each in page.table)
    assert "secret" not in everything.replace("client\\_secret", "")
    settings.write_text(settings.read_text() + "refresh_token_days = 90\n", encoding="utf-8")
    assert ":green-badge[✓ Good]" in told(open_page(deciding_home, "connections"))


def test_how_often_each_source_failed_is_told_with_its_last_words(deciding_home: Path, open_page) -> None:
    line = {"began_at": "2011-11-30T19:05:00", "milliseconds": 900, "requests": 0, "tries_failed": 0}
    lines = [
        {**line, "pass_number": 1, "source": "Sage", "requests": 40, "tries_failed": 4, "failure": ""},
        {**line, "pass_number": 2, "source": "till exports", "failure": ""},
        {
            **line,
            "pass_number": 2,
            "source": "Sage",
            "began_at": "2011-11-30T20:05:00",
            "failure": "no answer",
        },
    ]
    place = source_log.place_of(deciding_home)
    place.parent.mkdir()
    place.write_text("\n".join(map(json.dumps, lines)) + '\n{"cut sho', encoding="utf-8")
    page = open_page(deciding_home, "connections")
    table = next(each.value for each in page.table if "Last read whole" in each.value)
    assert table["Failed"].tolist() == [":orange-badge[! 50.0% (1 of 2)]", ":green-badge[✓ 0.0% (0 of 1)]"]
    assert table["Asked again"].tolist() == [":orange-badge[! 10.0% (4 of 40)]", ""]
    assert table["Last read whole"].tolist() == ["30 Nov 2011, 19:05 GMT"] * 2
    assert "**Sage** failed on 30 Nov 2011, 20:05 GMT: no answer" in told(page)
    assert "**Could not be read the last time: Sage.**" in [each.value for each in page.error]
