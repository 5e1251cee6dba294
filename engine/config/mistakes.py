"""What is said of a configuration with mistakes: a line for each, and what to do about them."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from engine.config.places import is_installed
from engine.errors import Misconfigured
from engine.settings import may_be_shown

_ANOTHER_USER = "run the command as root, or as the service's user; or let this user read the file"
_MANUAL = "the comments in config.toml explain every key; then run: wosync check"


def refused(path: Path, error: ValidationError, model: type[BaseModel]) -> Misconfigured:
    """The error for a file with mistakes, which lists them all.

    Args:
        model: what the whole file was checked against.
    """
    details = error.errors(include_url=False)
    lines = [described(detail, model) for detail in details]
    return Misconfigured(
        f"{path} has {len(lines)} mistake{'s' if len(lines) > 1 else ''}:\n  " + "\n  ".join(lines),
        remedy=remedy(details, path),
    )


def described(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One line about one mistake; a value is only shown where it cannot be a secret.

    Args:
        detail: as pydantic lists it.
        model: what the whole file is checked against.
    """
    path = [str(part) for part in detail["loc"]]
    where = _key(path)
    kind: str = detail["type"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key{_nearest(path, model)}"
    if kind == "missing":
        return f"{where}: missing"
    if kind == "value_error":
        error: ValueError = detail["ctx"]["error"]
        return f"{where}: {error}{_owner(error)}"
    message: str = detail["msg"]
    shown = detail["input"]
    found = f", not {shown!r}" if isinstance(shown, str | int | float | bool) else ""
    return f"{where}: {message[0].lower()}{message[1:]}{found}"


def remedy(details: Sequence[Mapping[str, Any]], path: Path) -> str:
    """What to type or who to be when only that is the matter, and where to read otherwise.

    Args:
        path: the configuration.
    """
    if details and all(_is_closed(detail) for detail in details):
        return _ANOTHER_USER
    names = [_variable(detail) for detail in details]
    exports = " ".join(f"{name}='<value>'" for name in dict.fromkeys(names) if name is not None)
    if not exports:
        return _MANUAL
    if is_installed(path):
        # Its service gets nothing from a shell.
        return f"fill in what is missing with: wosync init --config {path}; for the rest, {_MANUAL}"
    set_them = f"set what is missing, in the shell with: export {exports}"
    return set_them if all(names) else f"{set_them}; for the rest, {_MANUAL}"


def _variable(detail: Mapping[str, Any]) -> str | None:
    """The environment variable that was looked for in vain."""
    raw = detail["input"]
    # With anything beside it, it was not looked for, and its name may be a secret.
    if detail["type"] != "value_error" or not isinstance(raw, dict) or list(raw) != ["env"]:  # pyright: ignore[reportUnknownArgumentType] # untyped TOML
        return None
    name = cast("dict[str, Any]", raw)["env"]
    return name if isinstance(name, str) and may_be_shown("env", name) else None


def _is_closed(detail: Mapping[str, Any]) -> bool:
    """Whether a secret is there that this user may not read."""
    error = detail.get("ctx", {}).get("error")
    return isinstance(error, ValueError) and isinstance(error.__cause__, PermissionError)


def _owner(error: ValueError) -> str:
    """Whose the file is that this user may not read."""
    cause = error.__cause__
    if not isinstance(cause, PermissionError) or cause.filename is None:
        return ""
    path = Path(cause.filename)
    try:
        status = path.stat()
    except OSError:
        return "; a directory above it is closed to this user"
    try:
        owner = path.owner()
    except KeyError:
        owner = str(status.st_uid)
    return f"; it belongs to {owner} and has mode {stat.S_IMODE(status.st_mode):04o}"


def _key(path: Sequence[str]) -> str:
    *tables, key = path
    return f"[{'.'.join(tables)}] {key}" if tables else f"[{key}]"


def _nearest(path: Sequence[str], model: type[BaseModel]) -> str:
    known = model
    for part in path[:-1]:
        field = known.model_fields.get(part)
        annotation = field.annotation if field is not None else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return ""
        known = annotation
    near = get_close_matches(path[-1], list(known.model_fields), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
