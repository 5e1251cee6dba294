"""Where a state lives: the machine and the directory, or the name an operator gave the pair."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

MACHINE_ID = Path("/etc/machine-id")
_ID_CHARS = 16


@dataclass(frozen=True, slots=True)
class Installation:
    """One place in which a state is at work.

    `machine` is derived from the machine's id, and blank where it has none, as in a container;
    `directory` tells of a state in a database which one that is, and `timeline` by which history of
    its server it goes, blank where nobody knows; `instance` is the name of the configuration, blank
    where it gives none.
    """

    machine: str
    directory: str
    instance: str
    timeline: str = ""

    @classmethod
    def here(cls, state_dir: Path, instance: str) -> Self:
        """This place."""
        return cls(_machine(), str(state_dir.resolve()), instance)

    @classmethod
    def read(cls, text: str) -> Self:
        """What `text` told."""
        return cls(**json.loads(text))

    @property
    def text(self) -> str:
        """As a state keeps it."""
        told = asdict(self)
        if not self.timeline:
            del told["timeline"]
        return json.dumps(told)

    def is_that_of(self, other: Installation) -> bool:
        """Whether both are one place. A name, where both have one, says more than the rest."""
        if self.instance and other.instance:
            return self.instance == other.instance
        known = bool(self.machine and other.machine)
        return self.directory == other.directory and (not known or self.machine == other.machine)

    def __str__(self) -> str:
        """For a person."""
        where = self.directory
        if where.startswith("/"):
            # What is in a database is on no machine.
            where += f" on machine {self.machine or 'without an id'}"
        return f"instance {self.instance} ({where})" if self.instance else where


def _machine() -> str:
    """Of the machine's id only what cannot be turned back: it is to be kept confidential."""
    try:
        known = MACHINE_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    if known in ("", "uninitialized"):
        return ""
    return hashlib.sha256(f"wosync:{known}".encode()).hexdigest()[:_ID_CHARS]
