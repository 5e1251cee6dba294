"""What records of the source are owed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.model.records import RecordType, WriteBack


class Key(NamedTuple):
    """A record of the source that something is owed to."""

    record_type: RecordType
    record_id: int


@dataclass(frozen=True, slots=True)
class Owed:
    """What the source record shall be told; None leaves a column alone."""

    target_id: str | None = None
    target_url: str | None = None
    error: bool | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What a record of the source is known to carry at the newest version known.

    `delivered_version` is the one that our own last write-back made, and `delivered_id` the target
    id that it carried then.
    """

    version: int
    delivered_id: str | None
    delivered_version: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the outbox with the newest record version known; times in unix seconds.

    `gone_id` is a target id that may be overwritten, because its record does not exist any more;
    `missed` counts looks for the source record that did not show it; `link` is the target record it
    is linked to, and `carries` the target id that the newest version is known to carry.
    """

    record_type: RecordType
    record_id: int
    ref: str
    generation: int
    version: int
    target_id: str | None
    target_url: str | None
    error: bool | None
    message: str | None
    changed_at: int
    attempts: int
    gone_id: str | None = None
    missed: int = 0
    link: str | None = None
    carries: str | None = None

    @property
    def overtaken(self) -> bool:
        """Whether somebody has entered another target id since, as far as we know."""
        return self.is_beside(self.carries)

    def is_beside(self, target_id: str | None) -> bool:
        """Whether this would be written over a target id, or beside one that it is not about."""
        about = self.target_id or (self.link if self.target_url is not None else None)
        return about is not None and target_id not in (None, about, self.gone_id)

    def as_write(self) -> WriteBack:
        """The entry in the source port's terms."""
        return WriteBack(
            id=self.record_id,
            version=self.version,
            target_id=self.target_id,
            target_url=self.target_url,
            error=self.error,
            message=self.message,
        )

    def described(self) -> str:
        """What it tells the source, for a person."""
        parts: list[str] = []
        if self.target_id is not None:
            parts.append(f"id {self.target_id}")
        if self.target_url is not None:
            parts.append("URL")
        if self.error is not None:
            parts.append("error flag set" if self.error else "error flag cleared")
        return ", ".join(parts) or "nothing"
