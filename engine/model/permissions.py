"""What a person has to grant at a system, for what, and for how long. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Use(StrEnum):
    """What is done in the target; the text is what does not work without leave to do it."""

    OPPORTUNITIES = "no opportunity is synchronised"
    STAGES = "stages cannot be looked up, so the service does not start"
    OWNERS = "owners cannot be looked up, so the service does not start"
    ACCOUNTS = "opportunities with an account wait"
    PEOPLE = "people are not related to their opportunities"
    NEW_PEOPLE = "people who are not in the target yet are not created there"
    REMOVED_PEOPLE = "people taken off an opportunity stay related to it"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing to be granted, as the system calls it, and what for."""

    name: str
    use: Use


@dataclass(frozen=True, slots=True)
class Denial:
    """A permission that was granted, or may have been, and is refused to whoever granted it."""

    permission: Permission
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What was granted, as far as the system has told, and until when.

    Args:
        granted: None where it has not told.
        ends_at: when the leave ends if nothing makes use of it, unix seconds; None while unknown.
    """

    authorised: bool
    granted: frozenset[str] | None
    ends_at: float | None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What was granted against what is needed.

    Args:
        by: who granted it, where that is known.
        tried: how many of those needed were tried; None where none was to be.
        denied: which of them were refused.
    """

    standing: Standing
    needed: Sequence[Permission]
    missing: Sequence[Permission]
    by: str | None = None
    tried: int | None = None
    denied: Sequence[Denial] = ()

    def document(self) -> dict[str, Any]:
        """As JSON can carry it."""
        granted = self.standing.granted
        return {
            "schema_version": 1,
            "authorised": self.standing.authorised,
            "granted": None if granted is None else sorted(granted),
            "ends_at": self.standing.ends_at,
            "needed": [{"permission": one.name, "use": one.use.name} for one in self.needed],
            "missing": [
                {"permission": one.name, "use": one.use.name, "without": one.use.value}
                for one in self.missing
            ],
            "by": self.by,
            "tried": self.tried,
            "denied": [
                {
                    "permission": one.permission.name,
                    "use": one.permission.use.name,
                    "reason": one.reason,
                }
                for one in self.denied
            ],
        }

    @classmethod
    def told(cls, document: Mapping[str, Any]) -> Self:
        """Read from such a document.

        Raises:
            KeyError, TypeError: it is none.
        """
        granted = document["granted"]
        standing = Standing(
            document["authorised"],
            None if granted is None else frozenset(granted),
            document["ends_at"],
        )
        return cls(
            standing,
            _listed(document["needed"]),
            _listed(document["missing"]),
            document["by"],
            document["tried"],
            tuple(
                Denial(one, str(entry["reason"]))
                for one, entry in zip(_listed(document["denied"]), document["denied"], strict=True)
            ),
        )


def _listed(entries: Sequence[Mapping[str, str]]) -> list[Permission]:
    return [Permission(one["permission"], Use[one["use"]]) for one in entries]


def without(missing: Collection[Permission]) -> list[str]:
    """A sentence for each missing permission: what it is, and what does not work without it."""
    return [f"{one.name} was not granted: {one.use.value}" for one in missing]


def refused(denied: Collection[Denial]) -> list[str]:
    """A sentence for each refused permission: what it is, why, and what does not work so."""
    return [
        f"{one.permission.name} is refused, {one.reason}: {one.permission.use.value}"
        for one in denied
    ]
