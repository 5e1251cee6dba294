"""The shape of a line: fields in order, without secrets, each field and the whole line short.

A line of the journal is read by programs: JSON in ASCII, tracebacks inside one field.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import PurePath
from typing import Any, cast

import structlog

from engine.about import PROGRAM
from engine.model.reason import code_of
from engine.plain import plain
from engine.redaction import MASK, is_sensitive, redact

# Beyond 4 KiB `journalctl -o json` shows nothing of a field without --all.
FIELD_CHARS_MAX = 1000
LINE_CHARS_MAX = 4000
INSTANCE_VARIABLE = f"{PROGRAM.upper()}_INSTANCE"

# What a line is found by; these come first, and stay when a line has too many fields.
_FIRST = (
    "ts",
    "level",
    "event",
    "component",
    "pair",
    "instance",
    "record",
    "reason",
    "reason_code",
    "repeated",
)
# Made here, so there is nothing to look for.
_OURS = frozenset({"ts", "level"})
_EXCEPTION = "exception"
# Fields of a line that is too long are shortened to these lengths, one after the other.
_SHORTER = (500, 200, 80)
_DEPTH_MAX = 5
_ITEMS_MAX = 50
_INTEGER_BITS = 64

Event = MutableMapping[str, Any]


class Shaper:
    """Makes an event fit to be seen.

    Args:
        plain_mails: leave e-mail addresses as they are.
    """

    def __init__(self, *, plain_mails: bool) -> None:
        self.plain_mails = plain_mails
        self._instance = os.environ.get(INSTANCE_VARIABLE)

    def __call__(self, _logger: Any, _name: str, event: Event) -> Event:
        """The event as it may be shown: texts, numbers and nested ones of both."""
        if self._instance:
            event.setdefault("instance", self._instance)
        code = code_of(event.get("reason"))
        if code is not None:
            event.setdefault("reason_code", code.value)
        names = [name for name in _FIRST if name in event]
        names += [name for name in event if name not in _FIRST]
        return {
            name: event[name] if name in _OURS else self._field(name, event[name]) for name in names
        }

    def _field(self, name: str, value: Any) -> Any:
        if type(value) is str and name != _EXCEPTION:
            # Most of them are.
            clean = MASK if is_sensitive(name) else redact(value, mails=not self.plain_mails)
            return clean if len(clean) <= FIELD_CHARS_MAX else _cut(clean)
        clean = self._clean(name, value, 0)
        if isinstance(clean, str):
            return _cut_begin(clean) if name == _EXCEPTION else _cut(clean)
        if not isinstance(clean, dict | list):
            return clean
        # Its members are clean, so that a cut can no longer leave half a secret.
        text = json.dumps(clean)
        return cast("Any", clean) if len(text) <= FIELD_CHARS_MAX else _cut(text)

    def _clean(self, name: str, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return _number(value)
        if is_sensitive(name):
            return MASK
        if isinstance(value, str):
            return self._text(value)
        if depth < _DEPTH_MAX:
            if isinstance(value, Mapping):
                return self._mapping(cast("Mapping[Any, Any]", value), depth + 1)
            if isinstance(value, list | tuple | set | frozenset):
                return self._items(cast("Iterable[Any]", value), depth + 1)
        return self._text(_said(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        members = list(value.items())
        shown = {
            self._text(_said(name)): self._clean(_said(name), member, depth)
            for name, member in members[:_ITEMS_MAX]
        }
        return shown | _left_out(members)

    def _items(self, value: Iterable[Any], depth: int) -> list[Any]:
        items = list(value)
        if len(items) == 2 and isinstance(items[0], str | bytes):
            # Headers come as pairs.
            return [self._clean("", items[0], depth), self._clean(_said(items[0]), items[1], depth)]
        hashed = not self.plain_mails
        shown = [
            redact(item, mails=hashed) if type(item) is str else self._clean("", item, depth)
            for item in items[:_ITEMS_MAX]
        ]
        return [*shown, _left_out(items)] if len(items) > _ITEMS_MAX else shown

    def _text(self, text: str) -> str:
        return redact(text, mails=not self.plain_mails)


def as_json(_logger: Any, _name: str, event: Event) -> str:
    """One line of at most LINE_CHARS_MAX characters; texts are shortened until it is."""
    line = json.dumps(event)
    for chars in _SHORTER:
        if len(line) <= LINE_CHARS_MAX:
            return line
        line = json.dumps({name: _shortened(name, one, chars) for name, one in event.items()})
    if len(line) <= LINE_CHARS_MAX:
        return line
    kept = {name: _shortened(name, event[name], _SHORTER[-1]) for name in _FIRST if name in event}
    return json.dumps({**kept, "fields_left_out": len(event) - len(kept)})


class AsConsole:
    """The same for people at a terminal; control characters cannot steer it."""

    def __init__(self, *, colours: bool) -> None:
        # Exceptions arrive as text, for they had to be cleaned.
        self._render = structlog.dev.ConsoleRenderer(
            colors=colours, exception_formatter=structlog.dev.plain_traceback, timestamp_key="ts"
        )

    def __call__(self, logger: Any, name: str, event: Event) -> str:
        """One line, and a traceback below it where there is one."""
        harmless = {
            key: plain(value, keep="\n\t" if key == _EXCEPTION else "")
            if isinstance(value, str)
            else value
            for key, value in event.items()
        }
        return str(self._render(logger, name, harmless))


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, PurePath):
        return str(value)
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 # whatever it is, the line must go out
        return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"


def _number(value: float) -> Any:
    if isinstance(value, float):
        # JSON has no infinity.
        return value if value - value == 0 else str(value)
    return value if value.bit_length() <= _INTEGER_BITS else _cut(hex(value))


def _left_out(members: list[Any]) -> dict[str, int]:
    more = len(members) - _ITEMS_MAX
    return {"left_out": more} if more > 0 else {}


def _cut(text: str, chars: int = FIELD_CHARS_MAX) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def _cut_begin(text: str, chars: int = FIELD_CHARS_MAX) -> str:
    """The end of a traceback names the error."""
    return text if len(text) <= chars else f"…{text[1 - chars :]}"


def _shortened(name: str, value: Any, chars: int) -> Any:
    """The value in at most so many characters of JSON, as near as a cut text can come."""
    if isinstance(value, dict | list):
        value = json.dumps(value)
    if not isinstance(value, str):
        return value
    spelled = len(json.dumps(value))
    if spelled > chars:
        # Beyond ASCII a character is spelled with six or more.
        chars = max(1, min(len(value), chars) * chars // spelled) if len(value) < spelled else chars
    return _cut_begin(value, chars) if name == _EXCEPTION else _cut(value, chars)
