"""Every command there is, assembled from small ones; connectors add theirs by entry point."""

from __future__ import annotations

from pathlib import Path

import click

from engine.about import PROGRAM, about, offered
from engine.cli.groups import GROUPS
from engine.cli.record_commands import COMMANDS as OF_RECORDS
from engine.cli.scripts import SCRIPTS
from engine.cli.service_commands import COMMANDS as OF_THE_SERVICE
from engine.cli.services import OF_A_PAIR
from engine.command import JSON, Argument, Command, Group, Number, option


def _reload(config: Path | None) -> int:
    """Let the running service read its configuration again; all of it is applied, or nothing."""
    from engine.cli.reloading import reload

    return reload(config)


def _tune(config: Path | None, *, over: float, as_json: bool) -> int:
    """Say what limits the running service, and which setting would change that."""
    from engine.cli.tuning import tune

    return tune(config, over_s=over, as_json=as_json)


def _completion(shell: str) -> int:
    """Print the script by which a shell completes commands and options."""
    click.echo(SCRIPTS[shell].strip())
    return 0


def _help(words: tuple[str, ...]) -> int:
    """Show what a command does and which options it takes."""
    application().main([*words, "--help"], prog_name=PROGRAM, standalone_mode=False)
    return 0


_OF_THE_COMMAND_LINE = (
    Command("reload", _reload, *OF_A_PAIR),
    Command(
        "tune",
        _tune,
        *OF_A_PAIR,
        option(
            "--over",
            metavar="SECONDS",
            type=Number(1, 3600),
            default=10,
            help="How long to look.",
        ),
        JSON,
    ),
    Command(
        "completion",
        _completion,
        Argument(
            "shell",
            metavar="SHELL",
            kind="|".join(SCRIPTS),
            type=click.Choice(list(SCRIPTS)),
            help="The shell that is to read it.",
        ),
    ),
    Command(
        "help",
        _help,
        Argument(
            "words",
            metavar="[COMMAND]...",
            kind="list[str]",
            nargs=-1,
            required=False,
            help="Of this command; of all without one.",
        ),
    ),
)


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(f"{PROGRAM} {about().version}")
        context.exit()


def application() -> Group:
    """Build the command tree; connector commands are listed by name and loaded when called."""
    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_version,
        help="Show the version.",
    )
    of_connectors = [offer.load() for offer in offered("wosync.commands")]
    commands = (*OF_THE_SERVICE, *OF_RECORDS, *_OF_THE_COMMAND_LINE, *of_connectors, *GROUPS)
    return Group(PROGRAM, about().summary, commands, version)
