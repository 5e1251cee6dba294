"""A person of the source: what is known of it, and what a decision about it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.model.fields import Fields
from engine.model.intent import Intent
from engine.model.reason import Reason
from engine.model.records import SourceRecord
from engine.model.skip import Skip
from engine.model.work import Basis, Failure


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a person; times in unix seconds.

    `prospect_id` is None while there is no prospect, and `reason` then says why. `intent` is the
    create of its prospect, open while it is not known whether it was executed; `refused_version` is
    the version of the person that the target refused. The last create failed, or got lost, at
    `failed_at`, and the next is due at `retry_at`. `taken_at` is set while the target calls the
    e-mail address taken and shows nobody who has it: it was looked for last then. `lifted` while
    our own error flag counts as reset, although the person may still show it; `basis` is what a
    refusal depended on.
    """

    id: int
    ref: str
    version: int
    read_at: float
    prospect_id: int | None
    delivered_id: str | None
    delivered_version: int | None
    refused_version: int | None
    intent: Intent | None
    reason: Reason | None
    email: str | None
    failed_at: float | None = None
    taken_at: float | None = None
    retry_at: float = 0.0
    lifted: bool = False
    skip: Skip | None = None
    basis: Basis | None = None

    @property
    def doubt_since(self) -> float | None:
        """Since when it is not known whether a create was executed."""
        return None if self.intent is None else self.intent.doubt_since

    @property
    def is_open(self) -> bool:
        """Whether it is not known what became of a create, in doubt or not."""
        return self.intent is not None and self.intent.open

    @property
    def sent(self) -> int:
        """Creates that failed or got lost in a row."""
        return 0 if self.intent is None else self.intent.sent


@dataclass(frozen=True, slots=True)
class PersonNow:
    """What is known of a person at the moment at which it is to be linked.

    `delivered_version` is the one that our own write-back produced.
    """

    version: int
    delivered_version: int | None
    prospect_id: int | None


@dataclass(frozen=True, slots=True)
class Sought:
    """What a look for an e-mail address has shown.

    `refusal` is why the target does not look for it at all; `began_at` is when the look began,
    unix seconds.
    """

    prospect_id: int | None
    refusal: Failure | None
    began_at: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the person would be in the target.

    `email` is its first address in lower case, None without one; `refusal` is why it cannot be
    told at all.
    """

    fields: Fields
    email: str | None
    refusal: Failure | None = None


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """All that a decision about a person rests on; what was not asked yet is None.

    Args:
        record: the person as it was just read.
        missing: what is done about who is nobody's prospect.
        visibility_s: seconds a target collection may lag behind a write.
        email_field: the target's field of addresses.
        url: address of the prospect whose id the person carries.
        in_doubt: what a look has shown for the address of a create that is in doubt.
        there: whether the prospect that we know of still exists.
        found: what a look has shown for the person's own address.
    """

    record: SourceRecord
    known: Person | None
    now: float
    missing: Literal["create", "link", "skip"]
    visibility_s: float
    email_field: str
    url: str | None = None
    in_doubt: Sought | None = None
    there: bool | None = None
    likeness: Likeness | None = None
    found: Sought | None = None

    @property
    def address(self) -> str:
        """The person's address, empty where it has none or that is not known yet."""
        return (self.likeness.email or "") if self.likeness is not None else ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person to be created, as read at this time, unix seconds."""

    record: SourceRecord
    fields: Fields
    email: str
    known: Person | None
    read_at: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's prospect, or why there is none.

    `retry_s` is set when that ends by itself, so many seconds from now. `would` is set when the
    person is only evaluated for the fuse, and says what would become of it.
    """

    prospect_id: int | None
    reason: Reason | None = None
    retry_s: float | None = None
    would: str = ""
