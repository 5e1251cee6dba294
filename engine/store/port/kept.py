"""The port to what is kept between runs, and to how old the state is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.decide.roster import Listed
from engine.installation import Installation
from engine.model.age import Aged, Seen, Stretch
from engine.model.history import Note
from engine.model.sample import Sample
from engine.model.work import Work


class Kept(Protocol):
    """Facts, secrets and counts kept between runs."""

    async def setting(self, name: str) -> str | None:
        """A kept fact, or None."""
        ...

    async def set_setting(self, name: str, value: str) -> None:
        """Keep a fact."""
        ...

    async def forget_setting(self, name: str) -> None:
        """Keep it no longer."""
        ...

    async def keep_ahead(self, feed: str, records: Sequence[tuple[str, float]]) -> None:
        """Keep which records of a feed carry a time ahead of the source's clock, by so many
        seconds."""
        ...

    async def claim_pair(self, pair: str) -> None:
        """Bind the state to one pair of systems; while it holds no record, to another one again.

        Raises:
            StateUnusable: it belongs to another pair, whose ids would mean nothing here.
        """
        ...

    async def note_that_it_works(self, now: float) -> None:
        """Both systems have let us in and have what we need: whatever they refuse later may
        pass."""
        ...

    async def has_worked(self) -> bool:
        """Whether this pair was ever started on, or was by a version that did not note it."""
        ...

    async def secret(self, name: str) -> str | None:
        """A kept secret, or None."""
        ...

    async def set_secret(self, name: str, value: str) -> None:
        """Keep a secret."""
        ...

    async def save_usage(
        self, system: str, minutes: Mapping[int, int], days: Mapping[int, int], sample: Sample
    ) -> None:
        """Keep the request counts, and a sample of how far behind we are.

        Dropped are counts that no limit looks at any more, samples that are old, and what is later
        than all of it, which a clock that was ahead has left.
        """
        ...

    async def note_settings(self, values: Mapping[str, str], now: float) -> int:
        """Keep the settings in force, and which of them were others before; how many those are.

        Args:
            values: by key, as JSON; without secrets.
        """
        ...

    async def load_usage(self, system: str) -> tuple[dict[int, int], dict[int, int]]:
        """Request counts by minute and by day."""
        ...

    async def roster(self, kind: str) -> dict[int, Listed]:
        """The entries of this kind that count, by id."""
        ...

    async def keep_roster(self, kind: str, entries: Mapping[int, Listed]) -> None:
        """Have exactly these count from now on."""
        ...


class Provenance(Protocol):
    """How old the state is, and whose."""

    async def begin(self, here: Installation, mark: Seen | None, now: float) -> Aged | None:
        """Take the state up here; returns why it is of unknown age, when that was found just now.

        Raises:
            StateUnusable: it belongs to another installation.
        """
        ...

    async def pause_creates(self, work: Work, note: Note, reason: str, *, now: float) -> None:
        """Somebody else writes in our name: nothing is created until somebody has looked."""
        ...

    async def take_over(self, work: Work, target_id: int, now: float) -> None:
        """Remember a target record made for another one before it is given our correlation
        value."""
        ...

    async def knows(self, record_id: int, target_id: int) -> bool:
        """Whether this state has had to do with that target record for this record before."""
        ...

    async def adopt(self, here: Installation) -> None:
        """Take the state over for this installation; its age is not known then."""
        ...

    async def aged(self) -> Aged | None:
        """Since when the state is of unknown age, if it ever was."""
        ...

    async def note_life(
        self, now: float, dates: Mapping[str, float], *, ended: bool = False
    ) -> None:
        """The service is alive now.

        Args:
            dates: the same moment by the systems' own word.
            ended: it ends in order with this; an absence proves nothing then.
        """
        ...

    async def resume(
        self, now: float, dates: Mapping[str, float], source: str | None = None
    ) -> float:
        """Let no doubt grow older by an absence than the absence has proven to be long.

        Whoever set the clock meanwhile would have a create repeated that a look does not show yet.
        Returns by how many seconds the clock was set back since, at least.

        Args:
            dates: the present moment by the systems' own word.
            source: which of the systems stamps the records.
        """
        ...

    async def bound_waits(self, now: float, longest_s: float, set_back_s: float = 0.0) -> int:
        """Have everything due within `longest_s` seconds, and nothing happened later than now.

        What the fuse holds waits for somebody, whatever the time is. Returns how many waited too
        long. Of what there may be a million, what happened is looked at only where the clock was
        set back; otherwise see `times_ahead`.

        Args:
            set_back_s: by so much the clock was set back since the service was last alive, at
                least.
        """
        ...

    async def times_ahead(
        self, before: Stretch | None, limit: int, now: float
    ) -> tuple[Stretch, bool] | None:
        """The rows after those, so many at most, and whether anything of them happened later.

        Args:
            before: None for the first of them.

        Returns:
            None behind the last of them.
        """
        ...

    async def take_times_back(self, stretch: Stretch, now: float) -> None:
        """Nothing of these rows has happened later than now."""
        ...

    async def doubt_unfinished(self, now: float) -> int:
        """At start: what a former process announced and did not finish is in doubt. How much."""
        ...
