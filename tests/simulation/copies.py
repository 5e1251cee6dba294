"""A copy of the state, made while the service runs, that somebody puts back later."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.life import SUFFIXES


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy, and the roles that were there when it was made.

    The mark beside the state is not part of it: nobody copies that.
    """

    directory: Path
    roles: frozenset[int]

    @classmethod
    def of(cls, state: Path, directory: Path, roles: Iterable[int]) -> Copy | None:
        """Copy the state file with its log; None when there is none yet."""
        if not state.exists():
            return None
        directory.mkdir()
        for suffix in SUFFIXES:
            path = state.with_name(state.name + suffix)
            if path.exists():
                shutil.copyfile(path, directory / path.name)
        return cls(directory, frozenset(roles))

    def put_back(self, state: Path) -> None:
        """Have it take the place of the state."""
        state.parent.mkdir(exist_ok=True)
        for suffix in SUFFIXES:
            path = state.with_name(state.name + suffix)
            path.unlink(missing_ok=True)
            if (self.directory / path.name).exists():
                shutil.copyfile(self.directory / path.name, path)
