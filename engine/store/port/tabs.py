"""The port to People tabs as work, and to the roles known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from engine.model.history import Note
from engine.model.lane import Lane
from engine.model.tab import Edge, GivenUp, Later, Roles, TabWork
from engine.model.work import Failure


class Tabs(Protocol):
    """People tabs as work, and the roles known."""

    async def due_keys(self, lane: Lane, now: float, limit: int) -> list[int]:
        """Opportunities of the lane whose roles may be looked at now, longest due first."""
        ...

    async def next_due(self, lane: Lane, now: float) -> float | None:
        """When the next waiting opportunity of the lane becomes due; None when none waits."""
        ...

    async def load(self, record_id: int) -> TabWork | None:
        """The opportunity, when its roles may differ; None when there is nothing to do."""
        ...

    async def wake_awaiting(self, people: Collection[int], now: float) -> int:
        """Relate again on every opportunity with a line that waits for one of these people."""
        ...

    async def people_ahead(self, limit: int, *, weighed: bool = False) -> list[int]:
        """People on the tabs of the next pending opportunities, for asking about many at once.

        Args:
            weighed: of those that are only evaluated for the fuse, and else of those that are not.
        """
        ...

    async def goes_on(self, work: TabWork) -> bool:
        """Whether what was decided may still be sent.

        The record is still linked to that target record, and is not left out.
        """
        ...

    async def abandon(self, work: TabWork, now: float, *, look_in_s: float) -> None:
        """There is no opportunity any more to relate anybody to; nothing that was sent is in doubt.

        Whoever turns up is no reason to come back to it: the record is looked at in so many
        seconds, and says what follows.
        """
        ...

    async def begin(
        self,
        work: TabWork,
        creates: Sequence[Edge],
        now: float,
        *,
        edits: Mapping[int, str | None] | None = None,
        widens: bool = False,
    ) -> bool:
        """Announce edits before they are sent: whatever dies from here on, the roles are listed.

        A doubt is over by then; a create that is sent again begins one of its own.

        Args:
            edits: roles that are to be changed, with the text they get; None for those that are
                to be removed.
            widens: more is to be created than was announced, and nothing of that was sent.

        Returns False, and announces nothing, when it does not go on.
        """
        ...

    async def keep(self, work: TabWork, roles: Roles, now: float) -> None:
        """What a look at the target has shown, kept before anything follows from it.

        It has shown what became of whatever was announced before.
        """
        ...

    async def settle(
        self,
        work: TabWork,
        roles: Roles,
        *,
        waits_for: Collection[int],
        complete: bool,
        listed: bool = True,
        note: Note | None,
        now: float,
        given_up: GivenUp | None = None,
        later: Later | None = None,
    ) -> bool:
        """The target holds `roles`, all of them. Returns False when a newer reason to look waits.

        Args:
            waits_for: people whose lines are held back until they become available.
            complete: every line of the tab stands in the target.
            listed: no other role is there; otherwise the roles are listed again before the next
                edit.
            given_up: some line was refused; it is tried again, unless there is reason to before.
            later: some line can be told only then: it is looked at again, and says why until then.
        """
        ...

    async def hold(
        self, work: TabWork, roles: Roles, would: str, people: Collection[int], *, now: float
    ) -> None:
        """Only evaluated, and something would be changed: see `fuse.hold_tab`.

        Nothing was sent. What a look at the target has shown is kept, so that it need not be
        repeated; not while a create is in doubt, of which a later look says more.
        """
        ...

    async def leave(self, work: TabWork) -> None:
        """The opportunity may not be synced as it stands; its next reconcile starts anew."""
        ...

    async def defer(
        self,
        work: TabWork,
        roles: Roles,
        failure: Failure | None,
        *,
        due_at: float,
        counts: bool,
        now: float,
        fails: bool = True,
        given_up: bool = False,
    ) -> bool:
        """Go on at `due_at`; what was done so far is kept.

        Args:
            counts: the attempt counts towards the limit.
            fails: it is one more in the series of failures.
            given_up: it cannot be related, and is tried again only seldom.

        Returns whether it is given up just now.
        """
        ...

    async def doubt(
        self,
        work: TabWork,
        roles: Roles,
        failure: Failure,
        *,
        announced: Sequence[Edge],
        due_at: float,
        now: float,
        taken: bool = False,
    ) -> None:
        """A create may have been executed: list the roles from `due_at` on before it is repeated.

        Args:
            announced: the creates in doubt.
            taken: a role is there already, by the target's word, and was not shown.
        """
        ...
