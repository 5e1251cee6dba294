"""One change of a configuration's text: comments, spacing and order stay as they are.

Each way of writing a change is tried until one reads back as exactly that change, so a layout
nobody thought of ends in a refusal and never in a damaged file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item, Null, Whitespace

from engine.config.keys import Key
from engine.config.values import same, toml, with_value, written
from engine.errors import EngineError

# How a way ends that does not suit the layout; a table in several pieces lacks some methods.
_NO_WAY = (TOMLKitError, AttributeError, LookupError, TypeError, ValueError)
_HEADER = re.compile(r"\s*\[\s*(?P<name>[^\[\]]+?)\s*\]\s*(#.*)?$")


def edited(text: str, key: Key, value: Any, typed: str | None = None) -> str:
    """The text with this value; None removes the key.

    Args:
        text: valid TOML.
        typed: the value as the operator wrote it, kept where it is the same in TOML.

    Raises:
        EngineError: the layout of the file does not allow it.
    """
    wanted = with_value(tomllib.loads(text), key.parts, value)
    if value is None:
        ways: list[Callable[[], str]] = [
            lambda: _removed_with_its_table(text, key),
            lambda: _removed(text, key),
        ]
    else:
        shown = _as_typed(typed, value)
        ways = [
            lambda: _replaced(text, key, shown),
            lambda: _behind_its_comment(text, key, shown),
            lambda: _at_the_tables_end(text, key, shown),
            lambda: _in_a_new_table(text, key, shown),
            lambda: _in_line(text, key, shown),
        ]
    for way in ways:
        try:
            result = way()
            if same(tomllib.loads(result), wanted):
                return result
        except _NO_WAY:
            continue
    raise EngineError(
        f"{key.name} cannot be changed in the layout this file has",
        remedy="change the line with an editor, then run: wosync check",
    )


def _as_typed(typed: str | None, value: Any) -> str:
    """The operator's own spelling, without a comment, when it is one line and means the same."""
    if typed is not None:
        try:
            own = _item(typed).as_string()
            if "\n" not in own and same(tomllib.loads(f"value = {own}")["value"], value):
                return own
        except (TOMLKitError, tomllib.TOMLDecodeError):
            pass
    return toml(value)


def _item(text: str) -> Item:
    return cast("Item", tomlkit.parse(f"value = {text}\n").item("value"))


def _table(document: Any, key: Key) -> Any:
    """The table the key belongs in, LookupError when there is none."""
    at = document
    for part in key.parts[:-1]:
        at = at[part]
    return at


def _replaced(text: str, key: Key, shown: str) -> str:
    document = tomlkit.parse(text)
    table, name = _table(document, key), key.parts[-1]
    if name not in table:
        raise LookupError(name)
    table[name] = _item(shown)
    return document.as_string()


def _removed(text: str, key: Key) -> str:
    document = tomlkit.parse(text)
    del _table(document, key)[key.parts[-1]]
    return document.as_string()


def _removed_with_its_table(text: str, key: Key) -> str:
    """Without the tables that hold nothing any more; a comment is something."""
    document = tomlkit.parse(text)
    tables: list[Any] = [document]
    for part in key.parts[:-1]:
        tables.append(tables[-1][part])
    del tables[-1][key.parts[-1]]
    for above, part in zip(reversed(tables[:-1]), reversed(key.parts[:-1]), strict=True):
        if _holds_anything(above[part]):
            break
        del above[part]
    left, end = document.as_string(), _line_end(text)
    # The blank line that parted the last table from the rest goes with it.
    parted = left.endswith(end * 2) and not text.endswith(end * 2)
    return left.rstrip() + end if parted else left


def _holds_anything(table: Any) -> bool:
    if table.trivia.comment:
        return True
    return any(not isinstance(item, Whitespace | Null) for _, item in table.value.body)


def _behind_its_comment(text: str, key: Key, shown: str) -> str:
    """Behind the line that shows the key commented out, as the manual does."""
    *tables, name = key.parts
    commented = re.compile(rf"#\s?{re.escape(written([name]))}\s*=")
    lines = text.splitlines(keepends=True)
    for number in _lines_of(lines, written(tables)):
        if commented.match(lines[number]):
            end = _line_end(text)
            lines[number] = lines[number].rstrip("\r\n") + end
            lines.insert(number + 1, f"{written([name])} = {shown}{end}")
            return "".join(lines)
    raise LookupError(name)


def _lines_of(lines: Sequence[str], table: str) -> Iterator[int]:
    """The numbers of the lines between this table's header and the next one."""
    inside = False
    for number, line in enumerate(lines):
        if line.lstrip().startswith("["):
            header = _HEADER.match(line)
            inside = header is not None and header["name"] == table
        elif inside:
            yield number


def _at_the_tables_end(text: str, key: Key, shown: str) -> str:
    document = tomlkit.parse(text)
    _table(document, key).add(tomlkit.key(key.parts[-1]), _item(shown))
    return document.as_string()


def _in_a_new_table(text: str, key: Key, shown: str) -> str:
    *tables, name = key.parts
    end = _line_end(text)
    before = text if not text or text.endswith("\n") else text + end
    gap = end if before else ""
    return f"{before}{gap}[{written(tables)}]{end}{written([name])} = {shown}{end}"


def _in_line(text: str, key: Key, shown: str) -> str:
    """Where the table above is written on one line, so that it can have no header of its own."""
    document = tomlkit.parse(text)
    at: Any = document
    for part in key.parts[:-1]:
        if part not in at:
            at[part] = tomlkit.inline_table()
        at = at[part]
    at[key.parts[-1]] = _item(shown)
    return document.as_string()


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
