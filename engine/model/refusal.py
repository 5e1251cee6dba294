"""What a refusal depended on, so that it can be told when that is another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.fields import Json
from engine.model.records import FieldKind
from engine.model.work import Basis, Failure


@dataclass(frozen=True, slots=True)
class Filling:
    """One line of the mapping: the field, what is read for it, and a mark of all it does."""

    field: str
    columns: tuple[str, ...]
    mark: str
    reference: FieldKind | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for all records of a type alike.

    Args:
        fillings: the mapping in force, by field.
        granted: what we may do in the target.
        settings: those that a refusal may depend on, by name.
        bearers: ids of whom the target lists, by kind and name.
    """

    fillings: Mapping[str, Filling]
    granted: str
    settings: Mapping[str, str]
    bearers: Mapping[FieldKind, Mapping[str, tuple[int, ...]]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one record shows: its columns, the target id it carries, whom it names by field."""

    columns: Mapping[str, Json]
    target_id: str | None
    names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused opportunity as it is known now; `basis` is None where none was kept."""

    id: int
    payload: str
    revision: int
    linked: bool
    basis: Basis | None
    failure: Failure


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a look at a refused opportunity came to.

    Args:
        heals: it is tried again.
        by_edit: because of the record itself, and not of what concerns many alike.
        basis: what to compare with from now on, where none was kept.
    """

    refused: Refused
    heals: bool
    by_edit: bool = False
    basis: Basis | None = None
