"""The age of a state, once it is in question."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
        """The same after a stop in which the clock may have been set; see `provenance.resume`.

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


@dataclass(frozen=True, slots=True)
class Seen:
    """What the mark says: `name` of the state, the writes it counted, whether it was moved."""

    name: str
    writes: int
    moved: bool
