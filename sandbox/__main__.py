"""`python -m sandbox`: serve one company. Prints one line of JSON when it can be called, and nothing else."""

from __future__ import annotations

import argparse
import errno
import sys
from datetime import datetime
from pathlib import Path

from sandbox.company import SageCompany
from sandbox.faults import BadFault, read_fault
from sandbox.options import Options
from sandbox.seeding import BadSeed
from sandbox.server import build_app
from sandbox.serving import announcement, run


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m sandbox", description="A Sage 200 on this machine.")
    add = arguments.add_argument
    defaults = Options()
    add("--db", type=Path, required=True, help="the company's file")
    add("--seed", type=Path, help="a folder of seed CSVs; makes the company if the file is not there")
    add("--site-id", default="5a0d1c52-7b1e-4f6a-9c0e-2f1b7d3e9a10", help="of a company made from --seed")
    add("--company-id", type=int, default=1, help="of a company made from --seed")
    add("--company-name", default="Sandbox company", help="of a company made from --seed")
    add("--port", type=int, default=8200, help="0 takes a free one")
    add("--clock", help="fixed start of the clock, UTC, for example 2011-10-02T18:00:00")
    add("--tick-ms", type=int, default=defaults.tick_ms, help="how far the fixed clock moves per post")
    add("--latency-ms", type=int, default=0, help="wait before every answer")
    add(
        "--fault",
        action="append",
        default=[],
        help="for example lock:count=2,account=TILL01; may be repeated",
    )
    add("--setting", action="append", default=[], help="company setting, for example hidden_nominal=refuse")
    add("--wrap", action="store_true", help='collections as {"value": []} instead of bare arrays')
    add("--error-body", choices=["json", "empty", "text"], default=defaults.error_body)
    add("--urn-format", choices=["plain", "padded"], default=defaults.urn_format)
    add("--token-life-s", type=int, default=defaults.token_life_s)
    add("--refuse-early-refresh", action="store_true")
    add("--default-top", type=int, default=defaults.default_top)
    add("--greatest-top", type=int, default=defaults.greatest_top)
    add("--client-id", default=defaults.client_id)
    add("--client-secret", default=defaults.client_secret)
    add("--user-name", default=defaults.user_name, help="of whoever posts over HTTP")
    add("--stop-with-stdin", action="store_true", help="end when standard input closes")
    return arguments


def main() -> None:
    """Serve until stopped; what is wrong with the arguments is said in one line, with exit code 2."""
    arguments = parser()
    given = arguments.parse_args()
    try:
        serve(given)
    except (FileNotFoundError, FileExistsError, BadFault, BadSeed) as error:
        arguments.error(str(error))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        arguments.error(
            f"port {given.port} is taken by another program: give --port another, or 0 for a free one"
        )
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)


def serve(given: argparse.Namespace) -> None:
    if given.seed and not given.db.exists():
        SageCompany.create(
            given.db,
            given.seed,
            site_id=given.site_id,
            company_id=given.company_id,
            company_name=given.company_name,
        ).close()
    with SageCompany.open(given.db) as company:
        for setting in given.setting:
            company.set_setting(*setting.split("=", 1))
    options = Options(
        client_id=given.client_id,
        client_secret=given.client_secret,
        user_name=given.user_name,
        token_life_s=given.token_life_s,
        refuse_early_refresh=given.refuse_early_refresh,
        clock=datetime.fromisoformat(given.clock.removesuffix("Z")) if given.clock else None,
        tick_ms=given.tick_ms,
        latency_ms=given.latency_ms,
        wrap=given.wrap,
        error_body=given.error_body,
        urn_format=given.urn_format,
        default_top=given.default_top,
        greatest_top=given.greatest_top,
        faults=[read_fault(fault) for fault in given.fault],
    )
    app = build_app(given.db, options)
    desk = app.state.desk

    def ready(port: int) -> None:
        line = announcement(
            port,
            site_id=desk.site_id,
            company_id=desk.company_id,
            client_id=options.client_id,
            client_secret=options.client_secret,
            refresh_token=desk.tokens.issue_refresh_token(),
        )
        print(line, flush=True)

    run(app, port=given.port, when_ready=ready, stop_with_stdin=given.stop_with_stdin)


if __name__ == "__main__":
    main()
