"""Signals: who is woken when there may be something to do."""

from __future__ import annotations

from dataclasses import dataclass

from engine.actors.dispatcher import Dispatcher
from engine.model.outbox import Key


@dataclass(slots=True)
class Signals:
    """The dispatchers of the three mailboxes, those of one mailbox by lane."""

    changes: list[Dispatcher[int]]
    tabs: list[Dispatcher[int]]
    write_backs: Dispatcher[Key]

    def wake_changes(self) -> None:
        """Opportunities may be due."""
        for dispatcher in self.changes:
            dispatcher.signal.notify()

    def wake_tabs(self) -> None:
        """People may be due."""
        for dispatcher in self.tabs:
            dispatcher.signal.notify()

    def wake_both(self) -> None:
        """Opportunities or people may be due."""
        self.wake_changes()
        self.wake_tabs()

    def wake_all(self) -> None:
        """Whoever waited by other settings looks again."""
        self.wake_both()
        self.wake_write_backs()

    def wake_write_backs(self) -> None:
        """Something may be owed to the source."""
        self.write_backs.signal.notify()

    def wake_downstream(self) -> None:
        """An opportunity was reconciled."""
        self.wake_write_backs()
        self.wake_tabs()
