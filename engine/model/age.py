"""The age of a state: what tells it, and what is kept once it is in question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Seen:
    """What the mark says: `name` of the state, the writes it counted, whether it was moved."""

    name: str
    writes: int
    moved: bool

    def exceeds(self, other: Seen | None) -> bool:
        """Whether that tells of less, or of a state before it got the name it has now."""
        return other is None or (self.name, self.writes) > (other.name, other.writes)


class Stretch(NamedTuple):
    """So many rows of the state, one after the other: of a table, behind one key up to another."""

    table: str
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells the age of a state: from inside it, and from its mark.

    `copied` says by whom it was copied or taken over, `elsewhere` that another installation was at
    work with it last, `lived_at` when it was last in use, unix seconds, and `ended` that this use
    came to its end in order.
    """

    name: str | None
    writes: int
    holds_records: bool
    copied: str | None
    lived_at: float | None
    ended: bool
    mark: Seen | None
    elsewhere: bool = False

    @property
    def missing(self) -> int:
        """So many writes were acknowledged that the state does not count."""
        return 0 if self.mark is None else self.mark.writes - self.writes


@dataclass(frozen=True, slots=True)
class Rest:
    """The time from the last sign of life to now, by every clock there is.

    `lived_at` is that sign, unix seconds; `before` and `told` are both moments by the systems' own
    word, and `source` is the system whose clock stamps the records.
    """

    lived_at: float | None
    before: Mapping[str, float]
    told: Mapping[str, float]
    source: str | None = None

    @property
    def told_by_source(self) -> float | None:
        """The present moment by the source's clock, if it has told one."""
        return None if self.source is None else self.told.get(self.source)


@dataclass(frozen=True, slots=True)
class Aged:
    """The state is older than the world, or may be.

    `at` is when that was noticed, unix seconds. What another life of this state did is `since` past
    at the latest: at `at` itself where it is certain that there was one. `told` is when it was
    noticed by the word of the source, whose clock stamps its records.
    """

    at: float
    since: float
    reason: str
    told: float | None = None

    @property
    def noticed_at(self) -> float:
        """When it was noticed, by the source's clock as far as that is known."""
        return self.at if self.told is None else self.told

    def carried_on(self, now: float, moved_s: float, set_back_s: float, told: float | None) -> Aged:
        """The same after a stop in which the clock may have been set; see `decide.age.resumed`.

        Args:
            moved_s: so much of the absence is not proven.
            told: the present moment by the word of the source.
        """
        return replace(
            self,
            at=min(self.at - set_back_s, now) if self.at > now else self.at,
            # What was noted by the present clock already, at this very start, grows no older.
            since=min(self.since + max(0.0, moved_s), now),
            told=told if self.told is None else self.told,
        )
