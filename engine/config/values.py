"""Values of a configuration as plain tables: found by key, changed, compared, written as TOML."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def value_at(tables: Mapping[str, Any], parts: Sequence[str]) -> Any:
    """What stands at this key; None when nothing does."""
    at: Any = tables
    for part in parts:
        if not isinstance(at, dict):
            return None
        at = cast("dict[str, Any]", at).get(part)
    return at


def with_value(tables: Mapping[str, Any], parts: Sequence[str], value: Any) -> dict[str, Any]:
    """A copy with this value at the key; None removes it.

    Where a table should be and something else stands, the copy is as wrong as the original.
    """
    result = copy.deepcopy(dict(tables))
    at = result
    for part in parts[:-1]:
        below: Any = at.setdefault(part, {})
        if not isinstance(below, dict):
            return result
        at = cast("dict[str, Any]", below)
    if value is None:
        at.pop(parts[-1], None)
    else:
        at[parts[-1]] = value
    return result


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same in TOML; an empty table is the same as none."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        left, right = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return all(
            same(left.get(name, {}), right.get(name, {})) for name in left.keys() | right.keys()
        )
    if isinstance(one, list):
        items, others = cast("list[Any]", one), cast("list[Any]", other)
        return len(items) == len(others) and all(map(same, items, others))
    return bool(one == other)


def written(parts: Sequence[str]) -> str:
    """The parts of a key as TOML writes them."""
    return ".".join(part if _BARE.fullmatch(part) else toml(part) for part in parts)


def number(value: float) -> str:
    """As an operator writes it: 60, although it counts as 60.0."""
    return str(int(value)) if value == int(value) else repr(value)


def toml(value: Any) -> str:
    """A value in TOML, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{_escaped(value)}"'
    if isinstance(value, list):
        return f"[{', '.join(toml(one) for one in cast('list[Any]', value))}]"
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return f"{{ {', '.join(f'{written([name])} = {toml(one)}' for name, one in pairs)} }}"
    return str(value)


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found.group()):04x}", text)
