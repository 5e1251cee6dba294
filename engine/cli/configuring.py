"""`wosync config`: read and change settings by name, with the comments of the file kept."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from engine.about import PROGRAM
from engine.cli.exits import Exit, Misused, complain
from engine.cli.services import option, restart
from engine.cli.tables import console, table
from engine.config import loading as configuration
from engine.config import view as config_view
from engine.config.keys import Key, Keys, Kind
from engine.config.live import is_live
from engine.config.loading import Connectors
from engine.config.places import find
from engine.config.values import same, toml, value_at, with_value, written
from engine.config.view import Setting
from engine.errors import Misconfigured
from engine.settings import REFERENCE_FORMS

# A shorter secret would be found in ordinary words.
SECRET_CHARS_MIN = 6


def show(path: Path | None, *, as_json: bool, everything: bool) -> int:
    """Every value in force with its origin; those without a value only when asked for."""
    path = find(path)
    settings = _settings(path)
    if as_json:
        _print_json({"path": str(path), "settings": [_document(one) for one in settings]})
    else:
        _print_tables(one for one in settings if everything or one.value is not None)
    return Exit.DONE


def get(path: Path | None, name: str, *, as_json: bool) -> int:
    """The value in force of one key, or of every key of a table."""
    path = find(path)
    key = _key(configuration.installed_connectors(), name)
    depth = len(key.parts)
    settings = [one for one in _settings(path) if one.key.parts[:depth] == key.parts]
    if key.kind is not Kind.SETTING:
        if as_json:
            _print_json({"path": str(path), "settings": [_document(one) for one in settings]})
        else:
            _print_lines(settings)
        return Exit.DONE
    # An entry nobody made, in a table with keys of the operator's own, has no value.
    [setting] = settings or [Setting(key, None, config_view.DEFAULT)]
    if as_json:
        _print_json({"path": str(path), **_document(setting)})
    elif setting.value is None:
        complain(f"{key.name} is not set\n")
    else:
        sys.stdout.write(f"{toml(setting.value)}\n")
    return Exit.DONE


def change(path: Path | None, name: str, value: str | None, *, default: bool) -> int:
    """Set one key, or remove it so that its default applies.

    Raises:
        Misused: there is no such key.
        Misconfigured: the value, or anything else in the file, is wrong; nothing is written.
        EngineError: the file cannot be written, or somebody else just did.
    """
    from engine.config import editing as config_edit
    from engine.config import file as config_file

    connectors = configuration.installed_connectors()
    key = _key_to_set(connectors, name, value)
    if default == (value is not None):
        raise click.BadParameter("give either a VALUE or --default")
    named, path = option(path), find(path)
    tables = configuration.read(path)
    before = path.read_bytes()
    _refuse_secrets(key, value, tables)
    new = None if value is None else key.value_of(value)
    _check(path, key, new, with_value(tables, key.parts, new))
    written_now = value_at(tables, key.parts)
    standard = config_view.default_of(key, connectors)
    old = standard if written_now is None else written_now
    if same(written_now, new) or _is_default_already(key, written_now, new, standard):
        sys.stdout.write(f"nothing to change: {_said(key, old, written_now is None)}\n")
        return Exit.DONE
    text = config_edit.edited(before.decode(), key, new, value)
    config_file.replace(path, before, text.encode())
    _print_change(key, old, standard if new is None else new, default=new is None)
    live = is_live(key.name)
    needed = f": {PROGRAM} reload{named}" if live else f" a restart: {restart(path)}"
    sys.stdout.write(f"takes effect with{needed}\n")
    return Exit.DONE


def _key(connectors: Connectors, name: str) -> Key:
    """The key of this name; a mistyped one is a mistake in the command line."""
    try:
        return Keys(connectors).find(name)
    except Misconfigured as error:
        raise Misused(error.message, remedy=error.remedy) from error


def _key_to_set(connectors: Connectors, name: str, value: str | None) -> Key:
    # Behind the equals sign may stand a secret.
    own, joined, _ = name.partition("=")
    key = _key(connectors, own if joined and value is None else name)
    if joined and value is None:
        raise Misused(
            "KEY and VALUE are one word",
            remedy=f"give KEY and VALUE apart: {PROGRAM} config set {shlex.quote(key.name)} VALUE",
        )
    if key.kind is not Kind.SETTING:
        raise Misused(
            f"{key.name} is a table; its keys are set one by one",
            remedy=f"see them with: {PROGRAM} config get {shlex.quote(key.name)}",
        )
    return key


def _refuse_secrets(key: Key, value: str | None, tables: dict[str, Any]) -> None:
    """What was pasted may be the wrong thing on the clipboard."""
    for secret in config_view.secrets_within_reach(tables):
        if value is not None and len(secret) >= SECRET_CHARS_MIN and secret in value:
            raise Misconfigured(
                f"the value for {key.name} holds a secret of this configuration, and a secret is"
                " never written in the file",
                remedy=f"use {REFERENCE_FORMS}",
            )


def _check(path: Path, key: Key, new: Any, tables: dict[str, Any]) -> None:
    """The whole file as it would be; a mistake of its own is as good a reason as the new value."""
    try:
        config_view.checked(path, tables)
    except Misconfigured as error:
        what = f"without {key.name}" if new is None else f"with the new value of {key.name}"
        raise Misconfigured(
            f"nothing was changed, because {what} {error.message}", remedy=error.remedy
        ) from error


def _is_default_already(key: Key, written_now: Any, new: Any, standard: Any) -> bool:
    """Writing what holds anyhow; but systemd's directory holds only while none is written."""
    absent = written_now is None and key.parts != config_view.STATE_DIR
    return absent and new is not None and same(new, standard)


def _said(key: Key, value: Any, default: bool) -> str:
    if value is None:
        return f"{key.name} is not set"
    if key.secret:
        return f"{key.name} has this reference already"
    return f"{key.name} is {toml(value)}{' by default' if default else ''} already"


def _print_change(key: Key, old: Any, new: Any, *, default: bool) -> None:
    """What was and what is; of a secret nothing, for the old one may have been plain text."""
    if key.secret:
        line = f"{key.name} was {'removed' if new is None else 'changed'}"
    else:
        shown = ["(not set)" if one is None else toml(one) for one in (old, new)]
        mark = " (default)" if default and new is not None else ""
        line = f"{key.name}: {shown[0]} → {shown[1]}{mark}"
    sys.stdout.write(f"{line}\n")


def _settings(path: Path) -> list[Setting]:
    tables = configuration.read(path)
    return list(config_view.settings(tables, config_view.checked(path, tables)))


def _document(setting: Setting) -> dict[str, Any]:
    return {
        "key": setting.key.name,
        "value": setting.value,
        "origin": setting.origin,
        "takes_effect": setting.takes_effect,
        "note": setting.note,
    }


def _print_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"schema_version": 1, **document}) + "\n")


def _print_lines(settings: Iterable[Setting]) -> None:
    """Lines of TOML; a key without a value as a comment."""
    for one in settings:
        line = "# {} is not set" if one.value is None else "{} = {}"
        sys.stdout.write(line.format(one.key.name, toml(one.value)) + "\n")


def _print_tables(settings: Iterable[Setting]) -> None:
    out = console()
    for parts, members in groupby(settings, lambda one: one.key.parts[:-1]):
        shown = table("Key", "Value", "Origin", "Takes effect", title=f"[{written(parts)}]")
        for one in members:
            value = "(not set)" if one.value is None else toml(one.value)
            noted = f"{value}  {one.note}" if one.note else value
            shown.add_row(written(one.key.parts[-1:]), noted, one.origin, one.takes_effect)
        out.print(shown)
        out.print()
