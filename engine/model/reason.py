"""Reasons: why a record is refused, waits, is held or skipped, or has a field left blank.

A code names the kind for ever: it stands in states, logs and scripts of others. What it means is
said once, in the catalogue; a reason adds what is known of the one case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# What an entry of the catalogue is besides an error, in place of the error's class.
SKIP = "skip"
WAIT = "wait"
HOLD = "hold"
BLANK = "blank"
STATES = (SKIP, WAIT, HOLD, BLANK)
# What the reason of everything held begins with, and the decision its history tells.
HELD = "held by the fuse"


class Code(StrEnum):
    """One for each kind of reason; never renamed, and never used for anything else."""

    # A record as it is in the source.
    SYNC_OFF = "sync-off"
    ERROR_FLAG_SET = "error-flag-set"
    SKIPPED = "skipped"
    UNDONE = "undone"
    RECORD_HIDDEN = "record-hidden"
    RECORD_DELETED = "record-deleted"
    ROW_UNREADABLE = "row-unreadable"
    RECORD_NOT_LISTED = "record-not-listed"
    NO_LONGER_ELIGIBLE = "no-longer-eligible"
    HIDDEN_MEANWHILE = "hidden-meanwhile"
    NOT_CAPTURED_YET = "not-captured-yet"
    WAITS_ITS_TURN = "waits-its-turn"
    SOURCE_LAGS = "source-lags"
    TARGET_ID_MALFORMED = "target-id-malformed"
    CORRELATION_BLANK = "correlation-blank"

    # Its record in the target.
    TARGET_GONE = "target-gone"
    CLAIM_LOST = "claim-lost"
    CLAIM_CONTENDED = "claim-contended"
    CREATE_IN_DOUBT = "create-in-doubt"
    CREATE_KEPT_LOST = "create-kept-lost"
    CREATE_LOST_ALONE = "create-lost-alone"
    CREATES_PAUSED = "creates-paused"
    ANOTHER_WRITER = "another-writer"
    MASS_CHANGE_HELD = "mass-change-held"
    NOT_PLANNED = "not-planned"

    # What is written to the source.
    WRITE_BACK_REFUSED = "write-back-refused"
    WRITE_BACK_OVERRUN = "write-back-overrun"
    WRITE_BACK_OTHER_ID = "write-back-other-id"
    WRITE_BACK_SUPERSEDED = "write-back-superseded"
    WRITE_BACK_HIDDEN = "write-back-hidden"

    # A field.
    VALUE_UNREADABLE = "value-unreadable"
    VALUE_NOT_LISTED = "value-not-listed"
    VALUE_TOO_LONG = "value-too-long"
    VALUE_REQUIRED = "value-required"
    VALUE_UNFIT = "value-unfit"
    OWNER_UNKNOWN = "owner-unknown"
    OWNER_AMBIGUOUS = "owner-ambiguous"
    STAGE_UNKNOWN = "stage-unknown"
    STAGE_AMBIGUOUS = "stage-ambiguous"
    ACCOUNT_UNKNOWN = "account-unknown"
    CUSTOMER_ID_MALFORMED = "customer-id-malformed"
    CUSTOMER_UNLINKED = "customer-unlinked"
    SOURCE_BLANK = "source-blank"
    COLUMN_ABSENT = "column-absent"

    # A person.
    PERSON_SYNC_OFF = "person-sync-off"
    PERSON_FLAGGED = "person-flagged"
    PERSON_HIDDEN = "person-hidden"
    PERSON_WITHOUT_EMAIL = "person-without-email"
    PERSON_NOT_IN_TARGET = "person-not-in-target"
    PERSON_READ_AGAIN = "person-read-again"
    PERSON_REFUSED = "person-refused"
    PROSPECT_NOT_FOUND = "prospect-not-found"
    PROSPECT_ID_MALFORMED = "prospect-id-malformed"
    PROSPECT_GONE = "prospect-gone"
    PROSPECT_IN_DOUBT = "prospect-in-doubt"
    PROSPECT_NOT_CREATED = "prospect-not-created"
    PROSPECT_FORBIDDEN = "prospect-forbidden"
    EMAIL_TAKEN_UNSEEN = "email-taken-unseen"
    EMAIL_TAKEN_HIDDEN = "email-taken-hidden"
    EMAIL_NOT_SEARCHABLE = "email-not-searchable"

    # The People tab and its roles.
    TAB_UNREADABLE = "tab-unreadable"
    PERSON_AWAITED = "person-awaited"
    ROLES_IN_DOUBT = "roles-in-doubt"
    ROLES_NOT_SHOWN = "roles-not-shown"
    ROLES_TOO_YOUNG = "roles-too-young"
    ROLE_REFUSED = "role-refused"
    ROLE_TAKEN_HIDDEN = "role-taken-hidden"
    ROLES_JOINED = "roles-joined"

    # An answer, or none.
    REFUSED = "refused"
    ALREADY_THERE = "already-there"
    NOT_FOUND = "not-found"
    EDIT_CONFLICT = "edit-conflict"
    FORBIDDEN = "forbidden"
    PERMISSION_MISSING = "permission-missing"
    NOT_GRANTED = "not-granted"
    CREDENTIALS_REFUSED = "credentials-refused"
    CONFIGURATION_WRONG = "configuration-wrong"
    THROTTLED = "throttled"
    UNANSWERED = "unanswered"
    ANSWER_TOO_LARGE = "answer-too-large"
    ANSWER_NOT_UNDERSTOOD = "answer-not-understood"
    REQUEST_MALFORMED = "request-malformed"
    SYSTEM_PAUSED = "system-paused"
    ACCESS_AWAITED = "access-awaited"
    BUDGET_HOUR_SPENT = "budget-hour-spent"
    BUDGET_YEAR_SPENT = "budget-year-spent"
    BUDGET_RESERVE_REACHED = "budget-reserve-reached"
    RETRIES_RATIONED = "retries-rationed"
    STATE_UNUSABLE = "state-unusable"
    INTERNAL_ERROR = "internal-error"
    KEPT_UNANSWERED = "kept-unanswered"
    KEPT_NOT_UNDERSTOOD = "kept-not-understood"
    KEPT_CONFLICTING = "kept-conflicting"
    KEPT_MISCONFIGURED = "kept-misconfigured"
    KEPT_UNAUTHORISED = "kept-unauthorised"
    KEPT_BREAKING = "kept-breaking"

    # A setting of the source's own.
    MAPPING_LINE_LEFT_OUT = "mapping-line-left-out"

    # A reason that was kept by a version that had no codes.
    UNSPECIFIED = "unspecified"


class Reason(str):
    """Why, of one record: the sentence that says it, and the code of its kind.

    It is a text wherever one is wanted, and only the catalogue makes one: see `reasons.because`.
    """

    __slots__ = ("code",)
    code: Code

    def __new__(cls, code: Code, text: str) -> Reason:
        """The sentence as it is."""
        made = super().__new__(cls, text)
        made.code = code
        return made

    def __getnewargs__(self) -> tuple[Code, str]:  # pyright: ignore[reportIncompatibleMethodOverride] # a copy needs both
        """What a copy is made of."""
        return self.code, str(self)

    def within(self, sentence: str) -> Reason:
        """The same reason inside a longer sentence, which has `{}` in its place."""
        return Reason(self.code, sentence.replace("{}", self))


NOTHING_BLANK: Mapping[str, Reason] = MappingProxyType({})
"""By field, why it was left blank; of a record on which none was."""


def code_of(text: object) -> Code | None:
    """The kind of a reason; None for a text that is none."""
    return text.code if isinstance(text, Reason) else None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, as it was kept: the code, the class of the error, the field at fault, the sentence."""

    code: Code
    text: str
    reason_class: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """What people call the two systems and the columns that steer the sync."""

    source: str = "the source"
    target: str = "the target"
    sync: str = "the sync box"
    error: str = "the error flag"
    id: str = "the target id"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue says of a code.

    In all but `text`, `{source}`, `{target}`, `{sync}`, `{error}` and `{id}` stand for the words
    of the pair in use.

    Args:
        kind: one of `metrics.labels.ERROR_CLASSES`, or of STATES.
        text: what is said of a record, with named places for what is known of it.
        admin: what it means, for whoever looks after the records.
        engineer: what happened between the systems, for whoever looks after the service.
        remedy: every step that helps, in their order.
        ends: what makes it go away.
    """

    code: Code
    kind: str
    text: str
    admin: str
    engineer: str
    remedy: str
    ends: str

    def worded(self, words: Words) -> Entry:
        """The same in the words of a pair of systems."""
        names = {name: getattr(words, name) for name in Words.__slots__}
        return Entry(
            self.code,
            self.kind,
            self.text,
            self.admin.format(**names),
            self.engineer.format(**names),
            self.remedy.format(**names),
            self.ends.format(**names),
        )
