"""The command line, assembled from small commands; connectors add theirs by entry point."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Annotated

import typer
from typer.exceptions import TyperException

from engine.about import PROGRAM, about
from engine.cli import record_commands, service_commands
from engine.cli.exits import Exit, complain, report
from engine.cli.groups import Group, add_groups
from engine.cli.misuse import explained
from engine.cli.options import ConfigOption, JsonOption
from engine.cli.output import ReaderGone, guarded
from engine.errors import first_engine_error


class Shell(StrEnum):
    """Shells in which the command line can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def _reload(config: ConfigOption = None) -> None:
    """Let the running service read its configuration again; all of it is applied, or nothing."""
    from engine.cli.reloading import reload

    raise typer.Exit(reload(config))


def _tune(
    config: ConfigOption = None,
    over_s: Annotated[
        float, typer.Option("--over", min=1, max=3600, metavar="SECONDS", help="How long to look.")
    ] = 10,
    as_json: JsonOption = False,
) -> None:
    """Say what limits the running service, and which setting would change that."""
    from engine.cli.tuning import tune

    raise typer.Exit(tune(config, over_s=over_s, as_json=as_json))


def _completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="The shell that is to read it.")],
) -> None:
    """Print the script by which a shell completes commands and options."""
    from typer.completion import show_callback

    # What `--show-completion` does, but for the shell that is named and not for the one that runs.
    show_callback(context, context.command.params[0], shell.value)


def _help(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="Of this command; of all without one."),
    ] = None,
) -> None:
    """Show what a command does and which options it takes."""
    application()([*(words or []), "--help"], prog_name=PROGRAM, standalone_mode=False)


_COMMANDS = (
    *service_commands.COMMANDS,
    *record_commands.COMMANDS,
    ("reload", _reload),
    ("tune", _tune),
    ("completion", _completion),
    ("help", _help),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {about().version}")
        raise typer.Exit


def application() -> typer.Typer:
    """Build the command tree; connector commands are listed by name and loaded when called."""
    app = typer.Typer(
        name=PROGRAM,
        cls=Group,
        help=about().summary,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(  # pyright: ignore[reportUnusedFunction] # registered by the decorator
        version: Annotated[  # acted on by its callback
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
        ] = False,
    ) -> None: ...

    for name, command in _COMMANDS:
        app.command(name)(command)
    add_groups(app)
    for entry in sorted(entry_points(group="wosync.commands"), key=lambda entry: entry.name):
        app.command(entry.name)(entry.load())
    return app


def start(words: Sequence[str]) -> int:
    """Run one command line; every known error ends in a paragraph and a code, not a traceback."""
    try:
        with guarded():
            outcome = application()(list(words), prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        complain(explained(error, words))
        return Exit.USAGE
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Exception as error:
        known = first_engine_error(error)
        if known is None:
            raise
        return Exit.DONE if isinstance(known, ReaderGone) else report(known)
    return outcome if isinstance(outcome, int) else Exit.DONE
