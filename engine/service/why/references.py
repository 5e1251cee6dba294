"""References of one record as an explanation needs them: with whom a name may mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from engine.decide.roster import unnamed
from engine.mapping.fields import FieldMapping, Wanted
from engine.mapping.telling import Reference
from engine.model.dossier import Dossier
from engine.model.reason import Reason
from engine.model.records import FieldKind, SourceRecord
from engine.resolvers.owners import OwnerRules
from engine.resolvers.references import References
from engine.store.port.store import Store

NEAREST_MAX = 3
_ALIKE = 0.3


async def resolved(
    references: References,
    store: Store,
    rules: OwnerRules,
    mapping: FieldMapping,
    record: SourceRecord,
) -> dict[str, Reference]:
    """By field; asks as little as the actors do.

    Raises:
        EngineError: a system could not be asked.
    """
    found: dict[str, Reference] = {}
    for wanted in mapping.readable_references(record):
        resolution = await references.resolve([wanted])
        # Also what is usual, and so no note in the history: the customer has no account.
        note = resolution.notes.get(wanted.field) or resolution.blanks.get(wanted.field)
        target_id = resolution.ids.get(wanted.field)
        nearest = () if target_id is not None else await meant(store, rules, wanted)
        found[wanted.field] = Reference(target_id, note, nearest)
    return found


async def remembered(
    dossier: Dossier, store: Store, rules: OwnerRules, mapping: FieldMapping, record: SourceRecord
) -> dict[str, Reference]:
    """By field, from what is stored: nobody is asked."""
    synced = dossier.work.synced or {}
    found: dict[str, Reference] = {}
    for wanted in mapping.readable_references(record):
        value = synced.get(wanted.field)
        if isinstance(value, int):
            found[wanted.field] = Reference(value)
        elif (wanted.kind.value, wanted.name) in dossier.awaited:
            nearest = await meant(store, rules, wanted)
            kept = dossier.blanks.get(wanted.field)
            found[wanted.field] = Reference(None, kept or _blank(wanted, nearest), nearest)
    return found


def _blank(wanted: Wanted, nearest: Sequence[str]) -> Reason | None:
    """Why nobody was found, as far as the users and stages that are stored tell."""
    if wanted.kind is FieldKind.ACCOUNT:
        return None
    return unnamed(wanted.kind, sum(_bears(one, wanted.name) for one in nearest), wanted.name)


async def meant(store: Store, rules: OwnerRules, wanted: Wanted) -> tuple[str, ...]:
    """Those who bear the name, or else the nearest."""
    if wanted.kind is FieldKind.ACCOUNT:
        return ()
    entries: list[dict[str, Any]] = [
        json.loads(one.entry) for one in (await store.kept.roster(wanted.kind.value)).values()
    ]
    name, key = wanted.name, "name"
    if wanted.kind is FieldKind.USER:
        name, key = rules.aliases.get(wanted.name, wanted.name), rules.match
    bearers = [one for one in entries if str(one[key]).strip() == name]
    if bearers:
        return tuple(_person(one) for one in bearers)
    names = [str(one[key]).strip() for one in entries]
    return tuple(get_close_matches(name, list(dict.fromkeys(names)), NEAREST_MAX, _ALIKE))


def _person(entry: dict[str, Any]) -> str:
    told = entry.get("username") or entry.get("email")
    return f"{entry['name']} ({told}, id {entry['id']})" if told else f"{entry['name']}"


def _bears(shown: str, name: str) -> bool:
    return shown == name or shown.startswith(f"{name} (")
