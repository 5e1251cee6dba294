"""What the state alone tells of a record, while no service runs; see `engine.cli.why`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.cli.reading import look
from engine.cli.state import state_of
from engine.clock import SystemClock
from engine.config.loading import Config
from engine.decide.why.basis import as_kept
from engine.decide.why.document import document, unknown
from engine.decide.why.explain import explain
from engine.decide.why.person import explain_person
from engine.mapping.telling import kept
from engine.model.explanation import LineFact, PersonWhy, RecordFacts
from engine.model.kept import CREATES_PAUSED
from engine.model.named import Named
from engine.model.records import RecordType
from engine.service.why.pointing import pointers_of, spelled
from engine.store.places import done
from engine.store.port.store import Store

NEAREST_MAX = 3
_OFFLINE = "both systems: no service answers, so what is said is what was known last"


def kept_of(path: Path, text: str) -> dict[str, Any]:
    """The answer to `wosync why` out of the state, read without touching it.

    Args:
        path: the configuration file.
        text: whatever somebody has in hand of the record.

    Raises:
        StateUnusable: there is no state, or it cannot be read.
    """
    config, clock = look(path), SystemClock()
    with state_of(config).looking() as store:
        return done(from_state(store, config, text, clock.now()))


async def from_state(store: Store, config: Config, text: str, now: float) -> dict[str, Any]:
    """What the state alone tells, while no service runs."""
    pointers = pointers_of(config, text)
    found = await store.dossiers.find(pointers)
    if not found:
        near = [one.ref for one in await store.dossiers.alike(pointers, NEAREST_MAX)]
        return unknown(text, [spelled(one, config) for one in pointers], near, [_OFFLINE])
    first, *others = found
    refs = tuple(f"{one.ref} ({one.record_type.value})" for one in others)
    if first.record_type is RecordType.PERSON:
        return await _person(store, config, first, refs, now)
    dossier = await store.dossiers.of_opportunity(first.id)
    record = None if dossier is None else as_kept(dossier)
    synced = None if dossier is None else dossier.work.synced
    facts = RecordFacts(
        now,
        config.connectors.words,
        first.ref,
        dossier,
        record,
        fields=kept((), synced) if synced else (),
        lines=() if dossier is None else tuple(await _lines(store, dossier.people)),
        creates_paused=await store.kept.setting(CREATES_PAUSED),
        recreate_missing=config.target.on_missing == "recreate",
        unseen=(_OFFLINE,),
        others=refs,
        healing=config.engine.retry.heal,
    )
    return document(explain(facts))


async def _lines(store: Store, people: Sequence[Any]) -> list[LineFact]:
    lines: list[LineFact] = []
    for one in people:
        dossier = await store.dossiers.of_person(one.id)
        cause = None if dossier is None else dossier.cause
        lines.append(LineFact(one.id, "", one.ref, known=one, cause=cause))
    return lines


async def _person(
    store: Store, config: Config, named: Named, refs: tuple[str, ...], now: float
) -> dict[str, Any]:
    dossier = await store.dossiers.of_person(named.id)
    known = None if dossier is None else dossier.person
    cause = None if dossier is None else dossier.cause
    line = LineFact(named.id, "", named.ref, known=known, cause=cause)
    words = config.connectors.words
    return document(
        explain_person(
            PersonWhy(now, words, named.ref, dossier, line, unseen=(_OFFLINE,), others=refs)
        )
    )
