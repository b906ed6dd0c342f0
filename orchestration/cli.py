"""`tillproof`: the command line. What a command does is in `orchestration/commands/`, a file per family."""

from __future__ import annotations

import typer

from orchestration.commands import acceptance, closing, deciding, looking, mappings, posting, running, sage50

app = typer.Typer(
    name="tillproof",
    help="Proves, to the penny, that what the tills took is what Sage holds, and puts it right.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    running.demo,
    running.run,
    running.replay,
    looking.status,
    looking.exceptions,
    looking.fixes,
    looking.trace,
    looking.export,
    deciding.decide,
    posting.post,
    posting.reverse,
    posting.verify,
    looking.doctor,
    running.up,
):
    app.command()(command)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(running.sandbox)
app.add_typer(closing.app)
app.add_typer(acceptance.app)
app.add_typer(mappings.app)
app.add_typer(posting.app)
app.add_typer(sage50.app)


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
