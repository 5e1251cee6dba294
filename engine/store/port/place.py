"""Where the state of a pair is kept: whoever opens it, looks into it or holds it asks its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.installation import Installation
    from engine.model.age import Seen
    from engine.ports import Vault
    from engine.store.port.store import Store


class Place(Protocol):
    """The state of one pair, whether or not there is one yet."""

    @property
    def directory(self) -> Path:
        """The directory of the service, which holds whatever else it keeps on this machine."""
        ...

    @property
    def shown(self) -> str:
        """Where that is, for a person."""
        ...

    def installation(self, instance: str) -> Installation:
        """What tells it from a copy of it anywhere else.

        Args:
            instance: the name that the configuration gives the pair, or blank.

        Raises:
            StateUnusable: nobody can say.
        """
        ...

    def is_there(self) -> bool:
        """Whether there is a state.

        Raises:
            OSError: this user may not look.
            StateUnusable: nobody can say.
        """
        ...

    def findings(self) -> Sequence[tuple[str, str]]:
        """What is found beside its directory, for a person: what was looked at, and how it is.

        Raises:
            StateUnusable: something is not as it should be.
        """
        ...

    def held(self) -> bool:
        """Whether a process works on it now; False where that cannot be told."""
        ...

    def watching(self) -> AbstractContextManager[Callable[[], str | None]]:
        """For the block, a function that tells the same again and again, and may be slow.

        Whoever asks means to work on it next: where nobody may write to it, that is what is raised.
        """
        ...

    def occupant(self) -> str | None:
        """Who works on it now, for a person; None for nobody.

        Raises:
            StateUnusable: nobody can say.
        """
        ...

    def hold(self, *, keep: bool) -> AbstractContextManager[Seen | None]:
        """Be the only process that works on it; yields what lies beside it and tells its age.

        A state that was made in the block and holds nothing worth keeping is taken away again.

        Args:
            keep: only where the block fails.

        Raises:
            StateInUse: another process holds it.
            StateUnusable: it cannot be held.
        """
        ...

    @property
    def guard(self) -> Callable[[], float] | None:
        """Tells for how many seconds it is certain that nobody else holds the state.

        To be asked before anything is sent; None where a state once held is held until the end.
        It raises StateInUse once that is not certain any more.
        """
        ...

    def open(
        self, on_commit: Callable[[float], None] | None = None
    ) -> AbstractAsyncContextManager[Store]:
        """The store of a service or of a command that does a service's work, to be held first.

        Args:
            on_commit: told the seconds each commit took.

        Raises:
            StateUnusable: it cannot be opened, or not be brought up to date.
        """
        ...

    def looking(self) -> AbstractContextManager[Store]:
        """A store that changes nothing, and waits for nothing; a service may run beside it.

        Raises:
            StateUnusable: it cannot be read.
        """
        ...

    def changing(self) -> AbstractContextManager[Store]:
        """A store to change while no service can start on it, and that waits for nothing.

        Raises:
            StateUnusable: it is held, cannot be read, or not be brought up to date.
        """
        ...

    def vault(self, system: str) -> Vault:
        """The secrets of a connector, in a state that is held and that nobody has opened."""
        ...

    def copy(self, to: Path) -> None:
        """Copy the state as it is at one moment, without its secrets; an empty one for none at all.

        Args:
            to: becomes a state file, to rehearse in.

        Raises:
            StateUnusable: the state cannot be read, or the copy not be written.
        """
        ...

    def back_up(self, to: Path) -> None:
        """Write a copy of the state, as it is at one moment, into a file that does not exist yet.

        Raises:
            StateUnusable: the state cannot be read, or the copy not be written.
        """
        ...

    def put_back(self, copy: Path, pair: str) -> str | None:
        """Put such a copy in the place of the state; returns where that one is now, in words.

        Args:
            pair: the two systems it must belong to.

        Raises:
            StateUnusable: a process holds the state, it was moved away, the copy is none, damaged,
                newer than this version or another pair's, or it cannot be written; the state is as
                it was.
        """
        ...

    async def sizes(self) -> Mapping[str, float]:
        """What it takes, bytes by the name of its part; NaN for one that cannot be told."""
        ...
