"""A fleet: processes that share the pairs of many customers among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a fleet.

    Args:
        id: of this run of it; no two have the same.
        holder: which process that is, for a person.
        weight: how much of the work it takes, beside those of the others.
        takes: "files" or "rows": where its pairs are configured.
        pairs: weight by name, of those that it is able to work on.
    """

    id: str
    holder: str
    weight: float
    takes: str
    pairs: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PairRow:
    """What the database says of a pair.

    Args:
        changed_at: unix seconds, by the database's clock.
        configured: whether its configuration is kept there.
    """

    name: str
    paused: bool
    changed_at: float
    configured: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """Requests of one user of the target, as one process has counted them, or several have.

    Args:
        account: the user, so that nobody can tell who that is.
        minutes: number of requests by the minute since the epoch.
        limit, remaining, reset_at: the window of the target's own answers, if any; unix seconds.
        told_at: when an answer told that; unix seconds.
    """

    account: str
    minutes: Mapping[int, int]
    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None
    told_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Roster:
    """A fleet as its database showed it at one moment.

    Args:
        members: those that have given a sign of life within a lease.
        rows: by name, of the pairs that the database knows.
        renewed: the schemas whose lease is still ours, and was renewed.
    """

    members: tuple[Member, ...]
    rows: Mapping[str, PairRow]
    renewed: frozenset[str]
