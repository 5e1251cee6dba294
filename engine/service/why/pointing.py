"""What somebody who asks has in hand, read in every way the two connectors know."""

from __future__ import annotations

from engine.config.loading import Config
from engine.errors import EngineError
from engine.model.pointer import Pointer, Side

NEAREST_MAX = 3


def pointers_of(config: Config, text: str) -> list[Pointer]:
    """Every way to read it, the likeliest first."""
    connectors = config.connectors
    return [
        *connectors.source.pointed(config.source, text),
        *connectors.target.pointed(config.target, text),
    ]


def spelled(pointer: Pointer, config: Config) -> str:
    """One way to read it, in words."""
    words = config.connectors.words
    system = words.source if pointer.side is Side.SOURCE else words.target
    name = f"reference {pointer.ref}" if pointer.ref is not None else f"id {pointer.id}"
    return f"{pointer.record_type.value} with the {name} in {system}"


class UnknownRecord(EngineError):
    """Nothing is known by a name."""


def unknown(text: str, config: Config) -> UnknownRecord:
    """The error for a name that leads nowhere."""
    tried = ", ".join(spelled(one, config) for one in pointers_of(config, text))
    return UnknownRecord(
        f"nothing is known of {text}",
        remedy=f"check the name; looked for: {tried or 'nothing, it is no name'}",
    )
