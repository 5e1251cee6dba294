"""A People tab as work: its lines, the roles known, and what a decision about them needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from engine.model.intent import Intent
from engine.model.lane import Lane
from engine.model.mass_change import Mass
from engine.model.person import Standing
from engine.model.reason import Reason
from engine.model.undone import Undone
from engine.model.work import Failure
from engine.model.write import Write

EMPTY_TAB = "[]"


Edge = tuple[int, str]
"""(prospect id, role)"""


@dataclass(frozen=True, slots=True)
class KnownRole:
    """A role in the target that stands for a line of the tab; `made` when it is ours to change."""

    id: int
    prospect_id: int
    role: str
    made: bool
    seen_at: float


@dataclass(frozen=True, slots=True)
class RoleEdit:
    """A role was, or was to be, changed or removed.

    Args:
        sent_at: unix seconds.
        became: the text it was to have; None for one that was to be removed.
        told: whether `became` was kept at all.
    """

    sent_at: float
    became: str | None = None
    told: bool = True


@dataclass(frozen=True, slots=True)
class RefusedRole:
    """Why the target does not take a role, and all else that this depended on.

    Args:
        joined: each person had one role here.
        held: an equal role was there, and it takes each once only.
        retry_at: it is sent again from then on, unix seconds, even if nothing has changed.
        created: it was to be created; otherwise another role was to become it.
    """

    failure: Failure
    joined: bool
    held: bool
    retry_at: float
    created: bool = True


@dataclass(frozen=True, slots=True)
class TabWork:
    """An opportunity whose roles may differ, with everything a decision needs.

    `intent` is the latest edit that created roles, open while answers may be lacking; `announced`
    are the creates of one that is open. `listed` is False when `roles` may lack some that are in
    the target. `left_out` is True while the opportunity itself is not synced;
    its payload tells neither of a flag that we set nor of a record that is shown no more. `lifted`
    while a flag of ours that the payload shows counts as reset.
    `failures` and `attempts` are as in `work.Work`;
    the target
    calls a role taken since `taken_since`, and no listing shows it. `edited` has roles that
    were changed or removed by us lately, by id; `undone` is set while the roles are left alone.
    `refused` are roles that the target did not take; `let_go` is as in `work.Work`.
    """

    record_id: int
    ref: str
    version: int
    pending_since: float
    payload: str
    tab: str | None
    target_id: int
    revision: int
    lane: Lane
    mass: Mass
    listed: bool
    roles: tuple[KnownRole, ...]
    announced: tuple[Edge, ...]
    intent: Intent | None
    attempts: int
    failed_at: float | None
    left_out: bool
    failures: int = 0
    taken_since: float | None = None
    lifted: bool = False
    edited: Mapping[int, RoleEdit] = field(default_factory=dict[int, RoleEdit])
    undone: Undone | None = None
    refused: Mapping[Edge, RefusedRole] = field(default_factory=dict[Edge, RefusedRole])
    let_go: int | None = None

    @property
    def doubt_since(self) -> float | None:
        """Since when the answer of a create is lost."""
        return None if self.intent is None else self.intent.doubt_since

    @property
    def is_open(self) -> bool:
        """Whether the answer of a create may be lacking, in doubt or not."""
        return self.intent is not None and self.intent.open

    @property
    def sent(self) -> int:
        """How often creates were sent since the roles last agreed."""
        return 0 if self.intent is None else self.intent.sent


@dataclass(frozen=True, slots=True)
class Roles:
    """What became of the roles: those to keep, the ids of those that are gone, what we did.

    `refused` are all that the target does not take, those of before among them.
    """

    kept: Sequence[KnownRole]
    removed: Sequence[int] = ()
    writes: Sequence[Write] = ()
    refused: Mapping[Edge, RefusedRole] = field(default_factory=dict[Edge, RefusedRole])


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why a line is not in the target, and when it is tried again, unix seconds."""

    failure: Failure
    due_at: float


@dataclass(frozen=True, slots=True)
class Later:
    """Some line can be told only then, unix seconds, and why."""

    look_at: float
    why: Reason | None


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a tab in the target's terms, and those that cannot be told yet.

    `people` has prospect ids by person id, and `held` why somebody is none; `would` says what would
    become of people, by person id, where that is only foreseen; `protected` are prospects whose
    roles stay as they are.
    """

    wanted: tuple[Edge, ...]
    people: Mapping[int, int]
    held: Mapping[int, Standing]
    would: Mapping[int, str]
    protected: frozenset[int]


@dataclass(frozen=True, slots=True)
class Joining:
    """Whether each person has one role here, and whether that may still turn out."""

    joins: bool
    learns: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What the edits of a tab came to, for a person to read.

    Args:
        refusal: why a line cannot be told at all, and when it is tried again.
        kept_back: lines that were not sent, because they were refused before.
        again: somebody turned out to be no prospect any more, and its line is held back from now.
        others: there are roles that stand for no line.
    """

    edits: Sequence[str]
    refused: Sequence[str]
    refusal: GivenUp | None
    joins: bool
    again: bool
    others: bool
    kept_back: int = 0


class TabOutcome(StrEnum):
    """How an attempt at a tab ended, as counted."""

    RELATED = "related"
    AGREED = "agreed"
    LEFT = "left"
    HELD = "held"
    HELD_BY_FUSE = "held_by_fuse"
    DEFERRED = "deferred"
    IN_DOUBT = "in_doubt"
    # Nothing was ended: the tab has changed, or some line can be told soon.
    AGAIN = "again"


RESTS = frozenset({TabOutcome.RELATED, TabOutcome.AGREED, TabOutcome.HELD_BY_FUSE})
"""There is nothing more to send before somebody changes something, or approves of it."""
