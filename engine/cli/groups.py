"""Commands with commands of their own: `wosync config`, `wosync state` and `wosync unit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from engine.cli.options import ConfigOption, JsonOption, files

KeyArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="Dotted, such as poller.interval_s.")
]
CopyArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="The copy.", autocompletion=files)
]
TemplateOption = Annotated[
    bool, typer.Option("--template", help="The unit for several pairs, wosync@.service.")
]
PlainOption = Annotated[bool, typer.Option("--plain", help="The unit for one pair.")]
RootOption = Annotated[
    Path | None,
    typer.Option(
        "--root", autocompletion=files, help="Directory tree of another machine or image."
    ),
]
UserOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Run as this user, made if need be; or as one of its own."),
]
CredentialOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=FILE", help="A file with one secret, to be stored for root."),
]
# More than any sentence has: the library cuts what is longer.
_SENTENCE_CHARS_MAX = 1000


class Group(TyperGroup):
    """What has commands of its own; its help folds a description that does not fit."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 # as the library calls it
        """List the commands, each with its first sentence."""
        rows = [
            (name, command.get_short_help_str(_SENTENCE_CHARS_MAX))
            for name, command in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def add_groups(app: typer.Typer) -> None:
    """Add the groups to the command tree."""
    config = _group("config", "Show and change settings; comments in the file are kept.")
    config.command("get")(_config_get)
    # A value may begin with a minus.
    config.command("set", context_settings={"ignore_unknown_options": True})(_config_set)
    config.command("show")(_config_show)
    unit = _group("unit", "Show or install the systemd units.")
    unit.command("show")(_unit_show)
    unit.command("install")(_unit_install)
    state = _group("state", "Copy the state, put a copy back, or take a state over.")
    state.command("backup")(_state_backup)
    state.command("restore")(_state_restore)
    state.command("adopt")(_state_adopt)
    app.add_typer(config)
    app.add_typer(state)
    app.add_typer(unit)


def _group(name: str, text: str) -> typer.Typer:
    return typer.Typer(name=name, cls=Group, help=text, no_args_is_help=True, rich_markup_mode=None)


def _config_get(key: KeyArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the value of one key, of the file or by default, or of every key of a table."""
    from engine.cli.configuring import get

    raise typer.Exit(get(config, key, as_json=as_json))


def _config_set(
    key: KeyArgument,
    value: Annotated[
        str | None, typer.Argument(metavar="VALUE", help="In TOML, or a plain text.")
    ] = None,
    default: Annotated[
        bool, typer.Option("--default", help="Remove the key, so that its default applies.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Change one key with the comments kept, and say what makes it take effect."""
    from engine.cli.configuring import change

    raise typer.Exit(change(config, key, value, default=default))


def _config_show(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="Also keys without a value.")] = False,
) -> None:
    """Show every value, of the file or by default, and what a change of it needs."""
    from engine.cli.configuring import show

    raise typer.Exit(show(config, as_json=as_json, everything=everything))


def _state_backup(to: CopyArgument, config: ConfigOption = None) -> None:
    """Write a copy of the state into a new file, also while the service runs."""
    from engine.cli.safekeeping import backup

    raise typer.Exit(backup(config, to))


def _state_restore(copy: CopyArgument, config: ConfigOption = None) -> None:
    """Put a copy in the place of the state, which is kept aside; the service must be stopped."""
    from engine.cli.safekeeping import restore

    raise typer.Exit(restore(config, copy))


def _state_adopt(config: ConfigOption = None) -> None:
    """Take over a state that was at work elsewhere, and end a pause of creates."""
    from engine.cli.safekeeping import adopt

    raise typer.Exit(adopt(config))


def _unit_show(template: TemplateOption = False) -> None:
    """Print a unit as `install` would write it."""
    from engine.cli.unit.showing import show

    raise typer.Exit(show(template=template))


def _unit_install(
    *,
    root: RootOption = None,
    user: UserOption = None,
    credential: CredentialOption = None,
    enable: Annotated[
        bool | None,
        typer.Option("--enable/--no-enable", help="Start with the machine; so a new one does."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite units that somebody else wrote.")
    ] = False,
    plain: PlainOption = False,
    template: TemplateOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")
    ] = False,
    upgrade: Annotated[
        bool,
        typer.Option("--upgrade", help="Bring units and states of an older version up to date."),
    ] = False,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Remove it; configuration and state stay.")
    ] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="With --uninstall: they go as well.")
    ] = False,
) -> None:
    """Install the service, with its configuration and secrets; all units unless one is named.

    Example: wosync unit install --dry-run

    Example: wosync unit install --upgrade
    """
    from engine.cli.unit.asked import Task, chosen, files_of
    from engine.cli.unit.installing import Wishes, install
    from engine.cli.unit.uninstalling import uninstall as take_away
    from engine.cli.unit.upgrading import upgrade as bring_up

    task = chosen(upgrade=upgrade, uninstall=uninstall, purge=purge)
    if task is Task.UNINSTALL:
        raise typer.Exit(take_away(root, purge=purge, dry=dry_run))
    if task is Task.UPGRADE:
        raise typer.Exit(bring_up(root, dry=dry_run))
    every = not (plain or template)
    wishes = Wishes(
        plain or every,
        template or every,
        user=user,
        enable=enable,
        force=force,
        secrets=files_of(credential or []),
    )
    raise typer.Exit(install(root, wishes, dry=dry_run))
