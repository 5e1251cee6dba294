"""Whether what a record was refused for is another by now: then it is tried again, once. Pure.

A refusal is kept with a mark of each thing that it depended on: the columns that fill the field at
fault, the line of the mapping, whom a name meant in the target, what was granted, a setting. While
all of them are the same nothing is tried; what is refused again is kept with its marks of then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from engine.model.fields import Json
from engine.model.reason import Code
from engine.model.records import FieldKind
from engine.model.refusal import Circumstances, Filling, Inputs
from engine.model.work import Basis, Failure

# What is named by the name of a user or a stage is looked up by it.
_NAMED = frozenset({FieldKind.USER, FieldKind.STAGE})
_SETTINGS = {Code.TARGET_GONE: ("on_missing",)}
_FORBIDDEN = "forbidden"
COLUMN, LINE, MAPPING, NAME, ID, GRANTED, SETTING = (
    "column",
    "line",
    "mapping",
    "name",
    "id",
    "granted",
    "setting",
)
# What only the record itself can change.
_OF_RECORD = (COLUMN, ID)
_MARK_CHARS = 16


def dependence(failure: Failure, around: Circumstances) -> list[str]:
    """The names of what the refusal depends on: of the field at fault, or of all of them."""
    named = None if failure.field is None else around.fillings.get(failure.field)
    concerned = list(around.fillings.values()) if named is None else [named]
    keys = [MAPPING, ID] if named is None else [f"{LINE}:{named.field}"]
    columns = dict.fromkeys(column for one in concerned for column in one.columns)
    keys += [f"{COLUMN}:{column}" for column in columns]
    keys += [f"{NAME}:{one.field}" for one in concerned if one.reference in _NAMED]
    if failure.reason_class == _FORBIDDEN:
        keys.append(GRANTED)
    keys += [f"{SETTING}:{name}" for name in _SETTINGS.get(failure.reason.code, ())]
    return keys


def marks(keys: Iterable[str], inputs: Inputs, around: Circumstances) -> Basis:
    """What each of these is now."""
    return {key: _mark(key, inputs, around) for key in keys}


def heals(kept: Basis | None, now: Basis) -> bool:
    """Whether anything that the refusal depended on is another."""
    return bool(_changed(kept, now))


def by_edit(kept: Basis | None, now: Basis) -> bool:
    """Whether it is the record itself that is another."""
    return any(key.partition(":")[0] in _OF_RECORD for key in _changed(kept, now))


def circumstances_mark(around: Circumstances) -> str:
    """A mark of all that holds for many records alike."""
    return digest(
        [
            _mapping(around),
            around.granted,
            sorted(around.settings.items()),
            sorted((kind.value, sorted(names.items())) for kind, names in around.bearers.items()),
        ]
    )


def digest(what: object) -> str:
    """A mark of a value, from which the value cannot be told."""
    text = json.dumps(what, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_CHARS]


def _changed(kept: Basis | None, now: Basis) -> list[str]:
    return [key for key, mark in (kept or {}).items() if now.get(key) != mark]


def _mark(key: str, inputs: Inputs, around: Circumstances) -> str:
    kind, _, name = key.partition(":")
    filling = around.fillings.get(name)
    match kind:
        case "column":
            return digest(_spelled_alike(inputs.columns.get(name)))
        case "line":
            return "" if filling is None else filling.mark
        case "mapping":
            return _mapping(around)
        case "name":
            return digest(_bearers(filling, inputs, around))
        case "id":
            return digest(inputs.target_id)
        case "granted":
            return around.granted
        case _:
            return around.settings.get(name, "")


def _spelled_alike(value: Json) -> Json:
    """The value; a blank comes in several spellings, and may change them without an edit."""
    return None if isinstance(value, str) and not value.strip() else value


def _bearers(
    filling: Filling | None, inputs: Inputs, around: Circumstances
) -> tuple[int, ...] | None:
    if filling is None or filling.reference is None:
        return None
    return around.bearers.get(filling.reference, {}).get(inputs.names.get(filling.field, ""), ())


def _mapping(around: Circumstances) -> str:
    return digest(sorted(one.mark for one in around.fillings.values()))
