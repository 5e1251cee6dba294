"""Records of a name that were never captured, by the source's word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.assembly.assembly import Assembly
from engine.errors import EngineError
from engine.model.named import Named
from engine.model.pointer import Pointer
from engine.model.records import RecordType
from engine.service.why.pointing import spelled


async def shown_as(
    assembly: Assembly, pointers: Sequence[Pointer], miss: Callable[[str, EngineError], None]
) -> list[Named]:
    """What the source shows under these.

    Args:
        miss: told of what could not be looked for.
    """
    source = assembly.systems.source
    found: list[Named] = []
    for pointer in pointers:
        if pointer.record_type is RecordType.PERSON and not source.people:
            continue
        try:
            rows = await source.pointed_at(pointer)
        except EngineError as error:
            miss(spelled(pointer, assembly.config), error)
            continue
        found += [Named(pointer.record_type, row.id, row.ref) for row in rows]
    return list(dict.fromkeys(found))
