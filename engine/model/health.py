"""Health: what is known of a system or of the service, and what is said of it.

What is said is the same for `wosync status`, `wosync top` and the page: see `engine.decide.health`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.model.condition import Condition, Health
from engine.model.reason import Code


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that is in the way of something.

    Args:
        subject: the record, the permission or the setting it is about; empty for all of it.
        since, next_at: unix seconds; None while nobody knows.
        remedy: every step that helps, in their order.
    """

    code: Code | None
    text: str
    subject: str = ""
    since: float | None = None
    next_at: float | None = None
    remedy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a system, or of the service.

    Args:
        matters: what is in the way, the most serious first: it is what the word stands for.
    """

    name: str
    title: str
    health: Health
    matters: tuple[Matter, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something failed, and is tried again; times in unix seconds."""

    text: str
    code: Code
    since: float | None = None
    next_at: float | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """Something that is not asked of a system, for want of a permission."""

    text: str
    next_at: float | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class RefusedRole:
    """A line of a People tab that the target does not take.

    Args:
        record, name: reference and title of the opportunity.
        people: references of those whose line it may be.
    """

    record: str
    name: str
    people: tuple[str, ...]
    text: str
    code: Code
    since: float | None
    next_at: float | None


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """All that a verdict about a system rests on; times in unix seconds.

    Args:
        asked: something was asked of it since the start.
        present: what keeps requests from it, in words; None while nothing does.
        backlog: what keeps only the backlog's requests from it.
        polls: of the source, why polls fail.
        withheld: what is not asked of it, for want of a permission.
        without: permissions that were not granted, each as what does not work for it.
        left_out: of the source, lines of the mapping that cannot work.
        unreadable: of the source, why rows of opportunities were passed by.
        absent: of the source, columns that rows come without, by the field that needs them.
        roles: of the target, lines of People tabs that it does not take.
    """

    name: str
    title: str
    condition: Condition
    asked: bool = True
    present: Trouble | None = None
    backlog: Trouble | None = None
    polls: Trouble | None = None
    withheld: tuple[Withheld, ...] = ()
    without: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    absent: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    roles: tuple[RefusedRole, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """All that the verdict about the service itself rests on.

    Args:
        stalled: actors that get nowhere.
        waiting: what its start waits for.
        held: records that a mass change holds, while it waits for an approval; and since when.
        creates_paused: why nothing is created.
        reload_refused: why the last reload was.
        clocks: what is to be told of the source's clocks.
    """

    stopping: bool = False
    started: bool = True
    polled: bool = True
    stalled: tuple[str, ...] = ()
    waiting: Trouble | None = None
    held: int = 0
    held_since: float | None = None
    creates_paused: str | None = None
    reload_refused: str | None = None
    clocks: tuple[str, ...] = ()
