"""The vault of a rehearsal: tokens are the only thing that it keeps in the real state.

A refresh token that was used is used up, so what took its place must not be lost with the copy.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from engine.store.sqlite import kept, statefile


@dataclass(frozen=True, slots=True)
class StateFileVault:
    """The vault of one connector, in a state that nobody works on; made when there is none."""

    state: Path
    system: str

    async def load(self, name: str) -> str | None:
        """The text saved under `name`, or None."""
        if not self.state.exists():
            return None
        try:
            with contextlib.closing(statefile.connect(self.state, query_only=True)) as connection:
                return kept.secret(connection, f"{self.system}.{name}")
        except sqlite3.Error as error:
            raise statefile.unreadable(self.state, error) from error

    async def save(self, name: str, text: str) -> None:
        """Store `text`; it is on disk when this returns."""
        statefile.prepare(self.state)
        try:
            with contextlib.closing(statefile.connect(self.state)) as connection:
                kept.set_secret(connection, f"{self.system}.{name}", text)
        except sqlite3.Error as error:
            raise statefile.unreadable(self.state, error) from error
