"""Commands with commands of their own: of the configuration, the state, a fleet, the units."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.offered import settings
from engine.cli.services import FLEET, OF_A_PAIR
from engine.command import JSON, AnyPath, Argument, Command, Group, flag, option


def _config_get(key: str, config: Path | None, *, as_json: bool) -> int:
    """Print the value of one key, of the file or by default, or of every key of a table."""
    from engine.cli.configuring import get

    return get(config, key, as_json=as_json)


def _config_set(key: str, value: str | None, config: Path | None, *, default: bool) -> int:
    """Change one key with the comments kept, and say what makes it take effect."""
    from engine.cli.configuring import change

    return change(config, key, value, default=default)


def _config_show(config: Path | None, *, as_json: bool, everything: bool) -> int:
    """Show every value, of the file or by default, and what a change of it needs."""
    from engine.cli.configuring import show

    return show(config, as_json=as_json, everything=everything)


def _state_backup(to: Path, config: Path | None) -> int:
    """Write a copy of the state into a new file, also while the service runs."""
    from engine.cli.safekeeping import backup

    return backup(config, to)


def _state_restore(copy: Path, config: Path | None) -> int:
    """Put a copy in the place of the state, which is kept aside; the service must be stopped."""
    from engine.cli.safekeeping import restore

    return restore(config, copy)


def _state_copy(of: str, to: str, config: Path | None) -> int:
    """Move the state from a directory into a database, or back; the service must be stopped.

    Example: wosync state copy /var/lib/wosync postgresql://wosync@db.example.com/wosync
    """
    from engine.cli.safekeeping import copy

    return copy(config, of, to)


def _state_adopt(config: Path | None) -> int:
    """Take over a state that was at work elsewhere, and end a pause of creates."""
    from engine.cli.safekeeping import adopt

    return adopt(config)


def _pair_add(name: str, file: Path, config: Path | None, *, replace: bool) -> int:
    """Keep a pair's configuration in the fleet's database, so that a process takes it.

    Example: wosync pair add acme acme.toml
    """
    from engine.cli.fleets import add

    return add(config, name, file, replace=replace)


def _pair_list(config: Path | None, *, as_json: bool) -> int:
    """List the pairs of a fleet: weight, who works on each, and what is wrong with it."""
    from engine.cli.fleets import list_pairs

    return list_pairs(config, as_json=as_json)


def _pair_pause(name: str, config: Path | None, *, resume: bool) -> int:
    """Have nobody work on a pair, until it is resumed."""
    from engine.cli.fleets import pause

    return pause(config, name, resume=resume)


def _pair_remove(name: str, config: Path | None) -> int:
    """Take a pair out of the fleet's database; its state stays."""
    from engine.cli.fleets import remove

    return remove(config, name)


def _unit_show(*, template: bool, fleet: bool) -> int:
    """Print a unit as `install` would write it."""
    from engine.cli.unit.showing import show

    return show(template=template, fleets=fleet)


def _unit_install(
    *,
    root: Path | None,
    user: str | None,
    credential: tuple[str, ...],
    enable: bool | None,
    force: bool,
    plain: bool,
    template: bool,
    fleet: bool,
    dry_run: bool,
    upgrade: bool,
    uninstall: bool,
    purge: bool,
) -> int:
    """Install the service, with its configuration and secrets; for pairs unless a unit is named.

    Example: wosync unit install --dry-run

    Example: wosync unit install --upgrade
    """
    from engine.cli.unit.asked import Task, chosen, files_of
    from engine.cli.unit.installing import Wishes, install
    from engine.cli.unit.uninstalling import uninstall as take_away
    from engine.cli.unit.upgrading import upgrade as bring_up

    task = chosen(upgrade=upgrade, uninstall=uninstall, purge=purge)
    if task is Task.UNINSTALL:
        return take_away(root, purge=purge, dry=dry_run)
    if task is Task.UPGRADE:
        return bring_up(root, dry=dry_run)
    every = not (plain or template or fleet)
    wishes = Wishes(
        plain or every,
        template or every,
        fleet,
        user=user,
        enable=enable,
        force=force,
        secrets=files_of(credential),
    )
    return install(root, wishes, dry=dry_run)


_KEY = Argument(
    "key", metavar="KEY", shell_complete=settings, help="Dotted, such as poller.interval_s."
)
_VALUE = Argument("value", metavar="VALUE", required=False, help="In TOML, or a plain text.")
_TEMPLATE = flag("--template", help="The unit for several pairs, wosync@.service.")
_FLEET = flag("--fleet", help="The unit for a process of a fleet, wosync-fleet.service.")
_CONFIG = Group(
    "config",
    "Show and change settings; comments in the file are kept.",
    (
        Command("get", _config_get, _KEY, *OF_A_PAIR, JSON),
        Command(
            "set",
            _config_set,
            _KEY,
            _VALUE,
            flag("--default", help="Remove the key, so that its default applies."),
            *OF_A_PAIR,
            # A value may begin with a minus.
            context_settings={"ignore_unknown_options": True},
        ),
        Command(
            "show",
            _config_show,
            *OF_A_PAIR,
            JSON,
            flag("--all", "everything", help="Also keys without a value."),
        ),
    ),
)


def _copy(name: str) -> Argument:
    return Argument(name, metavar="PATH", kind="path", type=AnyPath(), help="The copy.")


def _kept(name: str, shown: str, help_: str) -> Argument:
    return Argument(name, metavar=shown, help=help_)


_STATE = Group(
    "state",
    "Copy the state, put a copy back, move it, or take a state over.",
    (
        Command("backup", _state_backup, _copy("to"), *OF_A_PAIR),
        Command("restore", _state_restore, _copy("copy"), *OF_A_PAIR),
        Command(
            "copy",
            _state_copy,
            _kept("of", "FROM", "Where it is: a directory, or postgresql://..."),
            _kept("to", "TO", "Where it is to be: the other of these."),
            *OF_A_PAIR,
        ),
        Command("adopt", _state_adopt, *OF_A_PAIR),
    ),
)
_INSTALL = (
    option(
        "--root",
        metavar="<path>",
        type=AnyPath(),
        help="Directory tree of another machine or image.",
    ),
    option(
        "--user", metavar="NAME", help="Run as this user, made if need be; or as one of its own."
    ),
    option(
        "--credential",
        metavar="NAME=FILE",
        multiple=True,
        help="A file with one secret, to be stored for root.",
    ),
    click.Option(
        ["--enable/--no-enable"], default=None, help="Start with the machine; so a new one does."
    ),
    flag("--force", help="Overwrite units that somebody else wrote."),
    flag("--plain", help="The unit for one pair."),
    _TEMPLATE,
    _FLEET,
    flag("--dry-run", help="Change nothing; say what would be done."),
    flag("--upgrade", help="Bring units and states of an older version up to date."),
    flag("--uninstall", help="Remove it; configuration and state stay."),
    flag("--purge", help="With --uninstall: they go as well."),
)
_UNIT = Group(
    "unit",
    "Show or install the systemd units.",
    (
        Command("show", _unit_show, _TEMPLATE, _FLEET),
        Command("install", _unit_install, *_INSTALL),
    ),
)
_NAME = Argument("name", metavar="NAME", help="Of the pair.")
_PAIR = Group(
    "pair",
    "Show and change the pairs of a fleet.",
    (
        Command(
            "add",
            _pair_add,
            _NAME,
            Argument("file", metavar="FILE", kind="path", type=AnyPath(), help="Its config.toml."),
            FLEET,
            flag("--replace", help="In the place of the one that is there."),
        ),
        Command("list", _pair_list, FLEET, JSON),
        Command(
            "pause", _pair_pause, _NAME, FLEET, flag("--resume", help="Have it worked on again.")
        ),
        Command("remove", _pair_remove, _NAME, FLEET),
    ),
)
GROUPS = (_CONFIG, _STATE, _PAIR, _UNIT)
