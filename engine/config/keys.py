"""The keys a configuration may have, found by the names an operator types.

A key is written as TOML writes it, dotted from the table down: `poller.interval_s`. What exists is
read from the settings models, so a new setting is known here without a word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum, auto
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, SecretStr

from engine.config.loading import Connectors, EngineSettings
from engine.config.values import written
from engine.errors import Misconfigured
from engine.settings import REFERENCE_FORMS, is_reference

_REMEDY = "see every key with: wosync config show --all"
# What starts so was meant as TOML; taken as plain text, a forgotten bracket would be a column.
_MEANT_AS_TOML = re.compile(r"""\s*(["'{]|\[\s*["'{])""")
_IN_TABLE = re.compile(r"\s*\[([^\[\]\n]+)\]\s*([^\s\[\n][^\n]*)?")


class Kind(Enum):
    """What a key names: a table of settings, a table with keys of the operator's own, a setting."""

    TABLE = auto()
    OPEN_TABLE = auto()
    SETTING = auto()


@dataclass(frozen=True, slots=True)
class Key:
    """One known key; `annotation` is what its value must be."""

    parts: tuple[str, ...]
    annotation: Any

    @property
    def name(self) -> str:
        """The key as TOML writes it."""
        return written(self.parts)

    @property
    def kind(self) -> Kind:
        """What the key names."""
        if get_origin(self.annotation) is dict:
            return Kind.OPEN_TABLE
        annotation: object = self.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return Kind.TABLE
        return Kind.SETTING

    @property
    def model(self) -> type[BaseModel]:
        """The model of a table."""
        return cast("type[BaseModel]", self.annotation)

    @property
    def secret(self) -> bool:
        """Whether the value must never be written in the file or be printed."""
        return SecretStr in _types(self.annotation)

    def children(self) -> Iterator[Key]:
        """The keys of a table: its settings first, then the tables in it."""
        below = [
            Key((*self.parts, name), _without_none(field.annotation))
            for name, field in self.model.model_fields.items()
        ]
        yield from sorted(below, key=lambda key: key.kind is not Kind.SETTING)

    def value_of(self, text: str) -> Any:
        """What an operator typed, as the value TOML would read.

        A text that is not TOML is taken as it stands, and so is one where only a text will do.

        Raises:
            Misconfigured: TOML with a mistake in it, or a secret that is not a reference.
        """
        document = _document(f"value = {text}")
        parsed: Any = document["value"] if document.keys() == {"value"} else None
        if self.secret and not is_reference(parsed):
            raise Misconfigured(
                f"{self.name} is a secret, and a secret is never written in the file",
                remedy=f"use {REFERENCE_FORMS}",
            )
        if parsed is None and _MEANT_AS_TOML.match(text):
            raise Misconfigured(
                f"the value for {self.name} begins like TOML but is not valid TOML",
                remedy="put it in single quotes for the shell, and check its brackets and quotes",
            )
        if parsed is None or (type(parsed) not in (str, dict, list) and self._only_text):
            _refuse_what_is_no_text(self.name, text)
            return text
        return parsed

    @property
    def _only_text(self) -> bool:
        return _types(self.annotation) <= {str, Path, NoneType}


class Keys:
    """Every key of the engine's tables and those of the installed systems."""

    def __init__(self, connectors: Connectors) -> None:
        first, *rest = [
            Key((name,), field.annotation) for name, field in EngineSettings.model_fields.items()
        ]
        systems = [Key((one.name,), one.settings) for one in (connectors.source, connectors.target)]
        self._tables = (first, *systems, *rest)

    def every(self) -> Iterator[Key]:
        """Every setting and every table with keys of the operator's own, in the file's order."""
        waiting = list(self._tables)
        while waiting:
            key = waiting.pop(0)
            if key.kind is Kind.TABLE:
                waiting[:0] = key.children()
            else:
                yield key

    def find(self, text: str) -> Key:
        """The key an operator typed.

        Raises:
            Misconfigured: there is none of that name; the nearest one is named.
        """
        parts = _parsed(text)
        found: Key | None = None
        for number, part in enumerate(parts):
            if found is not None and found.kind is Kind.SETTING:
                raise Misconfigured(
                    f"{found.name} is a setting and has no keys of its own", remedy=_REMEDY
                )
            if found is not None and found.kind is Kind.OPEN_TABLE:
                found = Key(parts[: number + 1], get_args(found.annotation)[1])
                continue
            siblings = self._tables if found is None else tuple(found.children())
            found = next((key for key in siblings if key.parts[-1] == part), None)
            if found is None:
                raise Misconfigured(
                    f"unknown key {written(parts)}{self._nearest(parts[: number + 1], siblings)}",
                    remedy=_REMEDY,
                )
        assert found is not None, "a key has at least one part"  # noqa: S101 # see _parsed
        return found

    def _nearest(self, parts: tuple[str, ...], siblings: Sequence[Key]) -> str:
        known = {key.parts[-1]: key.name for key in siblings}
        near = get_close_matches(parts[-1], list(known), n=1)
        if near:
            return f"; did you mean {known[near[0]]}?"
        everywhere = {key.parts[-1]: key.name for key in self.every()}
        near = get_close_matches(parts[-1], list(everywhere), n=1)
        return f"; did you mean {everywhere[near[0]]}?" if near else ""


def _parsed(text: str) -> tuple[str, ...]:
    """The parts of a typed key; also of `[poller] interval_s`, as every message writes it."""
    end = "the end of a key"
    if in_table := _IN_TABLE.fullmatch(text):
        return _parsed(".".join(part for part in in_table.groups() if part))
    at: Any = _document(f"{text} = '{end}'") if "\n" not in text else {}
    parts: list[str] = []
    while isinstance(at, dict) and len(cast("dict[str, Any]", at)) == 1:
        [(part, at)] = cast("dict[str, Any]", at).items()
        parts.append(part)
    if at != end:
        # Behind an equals sign may stand a value, and that may be a secret.
        raise Misconfigured(
            f"{text.partition('=')[0]!r} is not a key",
            remedy="a key is dotted, as in poller.interval_s; a part with blanks stands in double"
            " quotes, and all of it in single ones: 'owners.aliases.\"Jo Example\"'",
        )
    return tuple(parts)


def _document(text: str) -> dict[str, Any]:
    """The text as TOML; nothing where it is none, were it for absurd numbers or brackets."""
    try:
        text.encode()
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _refuse_what_is_no_text(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Misconfigured(
            f"the value for {name} is not valid UTF-8", remedy="type it again, or use an editor"
        ) from error


def _without_none(annotation: Any) -> Any:
    """A table that may be left out is a table all the same."""
    members = [one for one in get_args(annotation) if one is not NoneType]
    if get_origin(annotation) in (Union, UnionType) and len(members) == 1:
        return members[0]
    return annotation


def _types(annotation: Any) -> set[Any]:
    """The plain types a value may have."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _types(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return {one for member in get_args(annotation) for one in _types(member)}
    if origin is Literal:
        return {type(one) for one in get_args(annotation)}
    return {annotation}
