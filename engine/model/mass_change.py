"""What the fuse knows: whether a record is part of a mass change, and how many are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Mass(IntEnum):
    """What a record is to the fuse."""

    NONE = 0
    EVALUATING = 1
    HELD = 2
    APPROVED = 3


@dataclass(frozen=True, slots=True)
class Held:
    """Edits that wait: `records` of so many `linked`; `tripped` when an approval is needed.

    `people` would be created, linked or flagged by them; `creates` are those among the records
    that the first look would create.
    """

    records: int
    linked: int
    tripped: bool
    people: int = 0
    creates: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything that tells what is to become of what is held.

    `unread` when a page of it is still to be read, `evaluating` when a record or tab that was read
    is still to be evaluated, and not because that failed. `newcomers` are held since the fuse
    tripped, where a page showed few changes, and `linked` are the records with a target record.
    """

    held: Held
    unread: bool
    evaluating: bool
    newcomers: int
    linked: int


@dataclass(frozen=True, slots=True)
class Parked:
    """What a poll has parked: tabs it showed empty, and what its first look would create.

    `linked` as in `Held`; `first_look` when the poll that ended was one.
    """

    tabs: int
    creates: int
    linked: int
    first_look: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """So much may change at once: `share` of the linked records (0 to 1), or `records_min`.

    `creates_max`: so many records the first look at a pair may create.
    """

    share: float
    records_min: int
    creates_max: int

    def changes_max(self, linked: int) -> int:
        """How many of so many linked records may change at once."""
        return max(self.records_min, int(self.share * linked))


# A due time nothing reaches by itself; any capture or approval replaces it.
NEVER = 99_999_999_999.0

WOULD_CREATE = "would be created"
