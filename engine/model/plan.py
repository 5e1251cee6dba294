"""Plans: what would be done, written down before anything is.

A plan is a header, then one line for each change and for each record that is left out, then an
end with the numbers; whoever reads it needs no more of it in memory than one line. A preview, what
the fuse holds and what takes changes back are all plans: they are of the same types, kept by
`engine.service.planning.files` and shown by `engine.cli.plans`, so that one reader serves them all.

Whoever makes another kind of plan yields `Change` lines, one for each request that it would send,
with `Edit.before` what is there now and `Edit.after` what would be; what is not to be done it
yields as `LeftOut`, with the reason. `files.writing` adds the end by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from engine.model.adoption import Finding
from engine.model.edit import Edit
from engine.model.records import RecordType

# Moves with every change of the format; a plan of another one is refused.
SCHEMA_VERSION = 2


class Kind(StrEnum):
    """What is done."""

    CREATE = "create"
    # A target record that exists already becomes the record's own.
    ADOPT = "adopt"
    UPDATE = "update"
    # A second target record of one source record.
    REMOVE = "remove"
    PROSPECT = "create prospect"
    ROLE_ADD = "add role"
    ROLE_CHANGE = "change role"
    ROLE_REMOVE = "remove role"
    WRITE_BACK = "write back"
    FLAG = "flag"
    UNFLAG = "reset flag"


@dataclass(frozen=True, slots=True)
class RoleEdit:
    """A role of somebody on an opportunity.

    Args:
        role_id: None where the plan itself makes it.
        prospect_id: None where the plan itself creates the prospect.
        person_id, person: whose it is, as far as that is known.
        before, after: its text; None where there is none.
    """

    role_id: int | None
    prospect_id: int | None
    person_id: int | None
    person: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be done to one record.

    Args:
        record_id, ref, version: the source record, as it was decided on.
        target_id: its target record; None where the plan itself creates it.
        edits: of each field, what is there and what would be.
        reason, code: why, of a flag; of anything else, why it would be refused.
        held: the fuse would hold it until somebody approves.
        overwrites: fields that somebody has filled in a target record that was not ours before.
        finding, remark: of an adoption, how the record was found, and why this target record.
    """

    kind: Kind
    record_type: RecordType
    record_id: int
    ref: str
    version: int | None = None
    target_id: int | None = None
    edits: tuple[Edit, ...] = ()
    role: RoleEdit | None = None
    reason: str | None = None
    code: str | None = None
    held: bool = False
    overwrites: bool = False
    finding: Finding | None = None
    remark: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record of which nothing is done, and why.

    Args:
        finding: how it was found, where another program has worked.
        target_id, url: the target record that it is about.
    """

    record_type: RecordType
    record_id: int
    ref: str
    reason: str
    finding: Finding | None = None
    target_id: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a plan is about, and what it was made of.

    Args:
        made_by: the version of the program.
        pair: the two systems.
        mapping: fingerprint of the mapping that it was decided by.
        made_at, source_at: unix seconds, by our clock and by the source's as far as it told.
        about: what was asked for, by name: "refs", "sample", "mapping".
    """

    made_by: str
    pair: str
    mapping: str
    made_at: float
    source_at: float | None = None
    about: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Requests:
    """So many requests of one kind, to one system; without those that only sign in."""

    system: str
    method: str
    route: str
    number: int
    writes: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The numbers of a plan.

    Args:
        changes: by kind.
        left_out: how many records are.
        requests: what the next run sends.
        held: how many changes wait for an approval, and `after_approval` what they would send.
        minutes: how long all of it takes under the present budget; None where that is not known.
        waiting: records that go on waiting, and are no part of it.
        unlooked: updates whose target record was not looked at: there were too many. What is shown
            as its former value is what was known of it.
        findings: how many records of each, where another program has worked.
        read: what it took to find that out.
    """

    changes: Mapping[Kind, int] = field(default_factory=dict[Kind, int])
    left_out: int = 0
    requests: tuple[Requests, ...] = ()
    held: int = 0
    after_approval: tuple[Requests, ...] = ()
    minutes: float | None = None
    waiting: int = 0
    unlooked: int = 0
    findings: Mapping[Finding, int] = field(default_factory=dict[Finding, int])
    read: tuple[Requests, ...] = ()


Line = Header | Change | LeftOut | End
