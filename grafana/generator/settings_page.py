"""docs/configuration.md: every setting, with its default, its limits, and what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.config.keys import Key, Keys, Kind
from engine.config.live import is_live
from engine.config.loading import Connectors, installed_connectors
from engine.config.values import toml
from engine.config.view import default_of
from grafana.generator.manual import Table, tables

_HEAD = """# Configuration

Generated from the settings and from `config.toml` by `python -m grafana.generator`; do not edit.

Every setting of `config.toml`: its default, what it may be, and whether a change takes a
`wosync reload` or a restart. The file itself, with the same text, is in the source and in
`share/wosync` of an installation. `wosync config show` lists the values in force,
`wosync config set KEY VALUE` changes one and keeps the comments, and `wosync check` names every
mistake at once. A secret is never written in the file. It is one of `{ env = "NAME" }`,
`{ file = "PATH" }` and `{ credential = "NAME" }`.
"""
_SECRET = "a secret"  # noqa: S105 # what is said of one
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
}


def page() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *_sections(installed_connectors())])


def _sections(connectors: Connectors) -> Iterator[str]:
    manual, at = tables(), ""
    for key in Keys(connectors).every():
        table = key.name if key.kind is Kind.OPEN_TABLE else key.name.rpartition(".")[0]
        if table != at:
            at = table
            yield f"## [{table}]\n"
        if key.kind is Kind.OPEN_TABLE:
            yield from _open(manual[table])
        else:
            yield _line(key, manual[table], connectors)


def _open(table: Table) -> Iterator[str]:
    """Keys of the operator's own: the lines as they stand, comments and all."""
    yield "```toml"
    yield f"[{table.name}]"
    yield from table.lines[: _last(table) + 1]
    yield "```\n"


def _last(table: Table) -> int:
    return max(at for at, line in enumerate(table.lines) if line)


def _line(key: Key, table: Table, connectors: Connectors) -> str:
    name = key.parts[-1]
    default = default_of(key, connectors)
    said = [_SECRET] if key.secret else list(_allowed(key, connectors))
    said.append("reload" if is_live(key.name) else "restart")
    value = "no default" if default is None else f"`{toml(default)}`"
    note = table.notes[name]
    return f"- **`{name}`**: {value}; {'; '.join(said)}.{f' {note}' if note else ''}\n"


def _allowed(key: Key, connectors: Connectors) -> Iterator[str]:
    """What the settings say that it may be."""
    *above, name = key.parts
    schema = Keys(connectors).find(".".join(above)).model.model_json_schema()
    found: dict[str, Any] = schema["properties"][name]
    for one in found.get("anyOf", [found]):
        if "enum" in one:
            yield f"one of {', '.join(f'`{value}`' for value in one['enum'])}"
        for limit, words in _LIMITS.items():
            if limit in one:
                yield words.format(one[limit])
