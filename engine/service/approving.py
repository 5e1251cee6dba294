"""Approving: let go on what the fuse holds, all of it or some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from engine.assembly.assembly import Assembly
from engine.model.approval import Approved, Chosen
from engine.model.named import Named
from engine.service.why.pointing import pointers_of, unknown


async def approved(assembly: Assembly, asked: Mapping[str, Any]) -> Approved:
    """Let go on what a command asks for.

    Raises:
        UnknownRecord: a record is named that nobody knows; nothing goes on then.
    """
    only = await _meant(assembly, texts(asked.get("only")))
    beside = await _meant(assembly, texts(asked.get("except")))
    seen_at = asked.get("seen_at")
    chosen = Chosen(
        tuple(only) if only else None,
        tuple(beside),
        float(seen_at) if isinstance(seen_at, int | float) else None,
    )
    return await assembly.fuse_keeper.approve(chosen)


def texts(given: Any) -> list[str]:
    """The names that a command has sent."""
    return [str(one) for one in cast("list[Any]", given)] if isinstance(given, list) else []


async def _meant(assembly: Assembly, named: Sequence[str]) -> list[Named]:
    meant: list[Named] = []
    for text in named:
        found = await assembly.store.dossiers.find(pointers_of(assembly.config, text))
        if not found:
            raise unknown(text, assembly.config)
        meant += found
    return meant
