"""What is wrong with an installation, and how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from app.money import day, moment
from orchestration.settings import FILE_NAME, Settings, SettingsError, load

LEAST_FREE_BYTES = 2_000_000_000
CLOCK_TOLERANCE_S = 120
SIGN_IN_DAYS_LEFT = 14
"""A sign-in to Sage with fewer days left is to be renewed now: a client's registration can take its time."""
OLDEST_EXPORT_DAYS = 7


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `mend` says what to do where it is not well."""

    what: str
    is_well: bool
    seen: str
    mend: str = ""


def examine(home: Path) -> dict[str, Any]:
    """Look at everything; one bad finding does not stop the next look."""
    findings = [_settings(home)]
    try:
        settings = load(home)
    except SettingsError:
        settings = None
    if settings is not None:
        for look in (_disk, _inbox, _mappings, _orders, _sage, _publication):
            findings.extend(_guarded(look, settings))
    return {
        "home": str(home),
        "is_well": all(finding.is_well for finding in findings),
        "findings": [asdict(finding) for finding in findings],
    }


def _guarded(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from look(settings)
    except Exception as error:  # a look that fails is itself a finding
        yield Finding(look.__name__.strip("_"), False, str(error), "see the words of the error")


def _settings(home: Path) -> Finding:
    file = home / FILE_NAME
    if not file.exists():
        return Finding("settings", False, f"{file} is missing", "write it as README shows, or play the demo")
    try:
        settings = load(home)
    except SettingsError as error:
        return Finding("settings", False, str(error), "correct the setting named")
    return Finding("settings", True, f"company {settings.company_id}, Sage at {settings.sage200.base_url}")


def _disk(settings: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.home).free
    yield Finding(
        "disk",
        free > LEAST_FREE_BYTES,
        f"{free / 1e9:.1f} GB free",
        "free some, or move the home to a larger disk",
    )


def _inbox(settings: Settings) -> Iterator[Finding]:
    folders = sorted(folder.name for folder in settings.inbox.glob("*") if folder.is_dir())
    yield Finding(
        "watched folders",
        bool(folders),
        ", ".join(folders) or f"{settings.inbox} holds no folder",
        "make one folder per store there and let the tills export into it",
    )


def _mappings(settings: Settings) -> Iterator[Finding]:
    from orchestration.operations import Operations

    with Operations.open(settings.operations) as operations:
        tables = operations.landed_tables()
    for name in ("companies", "stores", "tax_mappings", "nominal_mappings", "tender_mappings"):
        rows = tables[name].num_rows
        yield Finding(
            f"mappings: {name}",
            rows > 0,
            f"{rows} rows",
            "import them from CSV: tillproof mappings import FOLDER",
        )


def _orders(settings: Settings) -> Iterator[Finding]:
    """Whether what a company needs to enter its sales as orders is all there; nothing where it enters none."""
    from orchestration.operations import Operations
    from orchestration.operations.policies import POST_ORDER

    with Operations.open(settings.operations) as operations:
        tables = operations.landed_tables()
        policy = operations.posting_policy(settings.company_id)
    mine = [row for row in tables["companies"].to_pylist() if row["company_id"] == settings.company_id]
    if not mine or mine[0]["sales_posted_as"] != "order":
        return
    stores = [row for row in tables["stores"].to_pylist() if row["company_id"] == settings.company_id]
    without = sorted({row["store_id"] for row in stores if not row["warehouse"] and row["valid_to"] is None})
    lacks = {
        "sop_order_numbers of [sage200] is unset": settings.sage200.sop_order_numbers == "unset",
        f"the policy does not allow {POST_ORDER}": POST_ORDER not in policy.remedies,
        f"no warehouse is named for {', '.join(without)}": bool(without),
    }
    told = "; ".join(words for words, is_so in lacks.items() if is_so)
    by_day = sorted(
        {
            row["store_id"]
            for row in tables["store_grains"].to_pylist()
            if row["company_id"] == settings.company_id
            and row["grain"] != "receipt"
            and row["valid_to"] is None
        }
    )
    seen = "set up" + (f"; posted by day, so still as summaries: {', '.join(by_day)}" if by_day else "")
    yield Finding(
        "sales orders", not told, told or seen, "docs/posting.md, sales orders, says what they need"
    )


def _sage(settings: Settings) -> Iterator[Finding]:
    from orchestration.operations import Operations

    with Operations.open(settings.operations) as operations:
        kind = operations.ledger_kind(settings.company_id)
    yield from _sage50(settings) if kind == "sage50" else _sage200(settings)


def _sage50(settings: Settings) -> Iterator[Finding]:
    from orchestration.ledgers.sage50_export import ExportRefusedError, open_export

    sage = settings.sage50_at_home()
    try:
        with open_export(sage.export_folder, sage) as export:
            age = (datetime.now(UTC).replace(tzinfo=None) - export.exported_at).days
            codes = {
                row[0]
                for row in export.connection.execute("select account_ref from nominal_ledger").fetchall()
            }
            seen = f"{export.rows['audit_splits']} rows, exported {export.exported_at} UTC"
    except ExportRefusedError as error:
        yield Finding("Sage 50 export", False, str(error), "export the tables again, all at one moment")
        return
    mend = "export Sage's tables again: what was posted since is not known"
    yield Finding("Sage 50 export", age < OLDEST_EXPORT_DAYS, seen, mend)
    banks = codes & set(sage.bank_accounts)
    yield Finding(
        "Sage 50 bank accounts",
        bool(banks),
        f"{len(banks)} of the setting bank_accounts are in the chart",
        "name the company's own bank and cash accounts in bank_accounts",
    )


def _sage200(settings: Settings) -> Iterator[Finding]:
    from orchestration.ledgers.sage200_client import Sage200Client

    yield sign_in_to_sage(settings)
    with Sage200Client(settings.sage200_at_home()) as client:
        sites = client.sites()
    mine = [site for site in sites if str(site.get("company_id")) == str(settings.sage200.company_id)]
    yield Finding(
        "connection to Sage",
        bool(mine),
        f"{len(sites)} companies to be seen, ours {'among them' if mine else 'not among them'}",
        "check site_id and company_id; an empty list means that the tunnel to the server is down",
    )
    now = datetime.now(UTC)
    yield Finding(
        "clock", True, f"{now:%Y-%m-%d %H:%M:%S} UTC", f"keep it within {CLOCK_TOLERANCE_S} s of true time"
    )


def sign_in_to_sage(settings: Settings, now: datetime | None = None) -> Finding:
    """Until when Sage takes our sign-in, by the age of the kept tokens; `now` is UTC without a zone."""
    from orchestration.ledgers.tokens import AuthorisationLostError, token_age

    sage = settings.sage200_at_home()
    mend = "sign in to Sage with the registered client and put the new token in refresh_token of [sage200]"
    what = "sign-in to Sage"
    try:
        age = token_age(sage.token_file, sage.refresh_token)
    except AuthorisationLostError as lost:
        return Finding(what, False, str(lost), mend)
    if age is None:
        is_given = bool(sage.refresh_token.get_secret_value())
        seen = "not used yet: the first pass does" if is_given else "no refresh_token is set"
        return Finding(what, is_given, seen, mend)
    ends_at = age.ends_at(sage.refresh_token_days)
    left = (ends_at - (now or datetime.now(UTC).replace(tzinfo=None))).days
    seen = (
        f"since {day(age.began_at)}, last renewed {moment(age.refreshed_at)}; lasts to {day(ends_at)}, "
        f"{max(left, 0)} days"
    )
    return Finding(what, left >= SIGN_IN_DAYS_LEFT, seen, mend)


def _publication(settings: Settings) -> Iterator[Finding]:
    from orchestration.publishing import Publications

    newest = Publications(settings.published).newest()
    seen = f"publication {newest.number}, as of {newest.as_of} UTC" if newest else "none yet"
    yield Finding("publication", newest is not None, seen, "run a pass: tillproof run")


def render(report: dict[str, Any], console: Console) -> None:
    """One line a finding; what is not well says how to mend it."""
    for finding in report["findings"]:
        mark = "[green]well [/green]" if finding["is_well"] else "[red]mend [/red]"
        console.print(f"{mark} {finding['what']:<28} {finding['seen']}", highlight=False)
        if not finding["is_well"]:
            console.print(f"      {'':<28} → {finding['mend']}", highlight=False)
