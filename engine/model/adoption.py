"""Adoption: what another program, such as the vendor's plugin, has left of a pair."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What the state knows of a record already.
OURS, IN_DOUBT = "ours", "in doubt"


class Finding(StrEnum):
    """How a ticked record of the source stands to the target."""

    # Its target record holds what it shall.
    LINKED = "linked and equal"
    DIFFERENT = "different"
    # The target record is there, and the source lacks the id or the address, or carries a flag.
    HALF_WRITTEN = "half written"
    # Several target records for it. One more line for each that is not taken.
    DOUBLED = "doubled"
    # The id that it carries leads nowhere.
    GONE = "gone"
    # The id that it carries is another record's.
    SHARED = "id of another"
    UNREADABLE = "cannot be sent"
    FLAGGED = "flagged"
    IN_DOUBT = "in doubt"
    UNCREATED = "not created yet"
    # This service works for it already, or is told to leave it alone.
    OURS = "known already"


# Nobody but a person can settle these.
FOR_PEOPLE = frozenset(
    {Finding.DOUBLED, Finding.GONE, Finding.SHARED, Finding.UNREADABLE, Finding.FLAGGED}
)


class Taken(StrEnum):
    """Why a target record is taken for a record's own."""

    NAMED = "the record carries this id"
    CORRELATION = "it carries the record's reference"
    ALIKE = "it has the same name, account and amount"


@dataclass(frozen=True, slots=True)
class Present:
    """A target record as a listing shows it.

    Args:
        created_at: as the target spells it, so that texts can be compared.
        trashed: it was deleted at the screen.
        alike: what tells one deal from another for people; None where too little is filled.
    """

    id: int
    created_at: str
    trashed: bool
    correlation: str | None
    alike: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The target record that is a record's own, and the others that look like it."""

    target: Present
    taken: Taken
    others: tuple[Present, ...] = ()
