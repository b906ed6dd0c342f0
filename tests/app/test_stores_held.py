"""A store that two writers post for is held by the pass, and `tillproof posting status` says so."""

from __future__ import annotations

import json
from pathlib import Path

from synthetic_published import COMPANY, publish, shop
from typer.testing import CliRunner

from app.published import Published
from app.totals import stores_with_two_writers
from orchestration.cli import app


def test_a_store_with_two_writers_is_told_as_held_until_the_last_copy_is_settled(tmp_path: Path) -> None:
    told = shop()
    opened = [row for row in told.tables["exceptions"] if row["status"] == "open"]
    resolved = next(row for row in told.tables["exceptions"] if row["status"] == "resolved")
    for row in (opened[0], opened[1], resolved):
        row |= {"exception_class": "posted_by_two_writers", "store_id": "S02"}
    resolved["store_id"] = "S01"
    home = publish(tmp_path, told)
    (home / "tillproof.toml").write_text(f'company_id = "{COMPANY}"\n', encoding="utf-8")
    (held,) = stores_with_two_writers(Published(home / "published"))
    assert (held["store_id"], held["open_exceptions"]) == ("S02", 2)
    assert held["first_seen_at"] == min(opened[0]["first_seen_at"], opened[1]["first_seen_at"])
    status = CliRunner().invoke(app, ["posting", "status", "--home", str(home), "--json"])
    (shown,) = json.loads(status.stdout)["held_by_the_pass"]
    assert (shown["store_id"], shown["reason"], shown["publication"]) == ("S02", "posted_by_two_writers", 1)
    words = " ".join(CliRunner().invoke(app, ["posting", "status", "--home", str(home)]).stdout.split())
    assert "store S02: two writers post for it" in words and "2 open exceptions" in words
