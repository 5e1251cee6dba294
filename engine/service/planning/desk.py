"""The desk: what commands ask of the running service about plans, one thing after the other."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

import anyio
from pydantic import ValidationError

from engine.assembly.assembly import Assembly
from engine.config import mistakes
from engine.config.loading import MappingSettings
from engine.errors import Misconfigured
from engine.service.planning.applying import apply_beside
from engine.service.planning.planning import plan_beside
from engine.service.planning.rehearsal import Wanted


@dataclass(slots=True)
class Desk:
    """Plans of one service; who comes second waits."""

    _busy: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _applying: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    async def plan(self, assembly: Assembly, asked: Mapping[str, Any], out: IO[str]) -> None:
        """Write the plan that somebody asks for.

        Raises:
            EngineError: see `plan_beside`.
        """
        async with self._busy:
            await plan_beside(assembly, wanted_of(asked), out)

    async def apply(self, assembly: Assembly, plan: Path, out: IO[str]) -> None:
        """Carry out the plan in a file.

        Raises:
            EngineError: see `apply_beside`.
        """
        async with self._applying:
            await apply_beside(assembly, plan, out)


def wanted_of(asked: Mapping[str, Any]) -> Wanted:
    """What a command asks to be rehearsed, as it sent it.

    Raises:
        Misconfigured: the mapping has mistakes.
    """
    sample, text = asked.get("sample"), asked.get("mapping")
    refs, beside = (cast("list[Any]", asked.get(name) or []) for name in ("refs", "except"))
    name = str(asked.get("mapping_name") or "the mapping")
    return Wanted(
        tuple(str(one) for one in refs),
        sample if isinstance(sample, int) and not isinstance(sample, bool) else None,
        None if text is None else mapping_of(str(text), name),
        "" if text is None else name,
        held=bool(asked.get("held")),
        beside=tuple(str(one) for one in beside),
        adopts=bool(asked.get("adopts")),
    )


def mapping_of(text: str, name: str) -> MappingSettings:
    """The mapping tables of a file that need not be a whole configuration.

    Args:
        name: of the file.

    Raises:
        Misconfigured: it is no TOML, has no such table, or one with mistakes.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misconfigured(
            f"{name} is not valid TOML: {error}", remedy="correct the line it names"
        ) from error
    if "mapping" not in tables:
        raise Misconfigured(
            f"{name} has no mapping",
            remedy="name a file with a table [mapping.opportunity], as config.toml has it",
        )
    try:
        return MappingSettings.model_validate(tables["mapping"])
    except ValidationError as error:
        details = error.errors(include_url=False)
        lines = [
            mistakes.described(one | {"loc": ("mapping", *one["loc"])}, MappingSettings)
            for one in details
        ]
        raise Misconfigured(
            f"{name} has {len(lines)} mistake{'s' if len(lines) > 1 else ''}:\n  "
            + "\n  ".join(lines),
            remedy="correct them; the comments in config.toml explain every line",
        ) from error
