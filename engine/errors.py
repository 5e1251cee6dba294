"""The error tree. The class says what the caller must do, the fields say what happened.

EngineError
├── Transient            may work later by itself; alone it never flags a record
│   ├── Throttled        told to wait; the whole system pauses until then
│   ├── HeldBack         not sent: a pause or the budget would have kept it waiting for long
│   │   ├── NotPlanned   not sent: what is carried out is a plan, and this is not in it
│   │   └── Rationed     not sent: it repeats what failed, and too many requests do
│   ├── Unavailable      what many records need cannot be read: no single record's failure
│   ├── Unreachable      no usable answer; `ambiguous` when a write may have been executed
│   │   └── TooLarge     the answer was cut off for its size
│   └── Conflict         the record changed since it was read
├── Terminal             repeating the same request cannot help
│   ├── Rejected         this record (or one field of it) was refused
│   │   └── Taken        what was to be created is there already, as another record
│   ├── Gone             the record does not exist, or is hidden from us
│   └── Misconfigured    an operator must act; concerns every record
│       ├── Unauthorized the credentials are refused
│       │   └── ChoiceNeeded  one of several things they open has to be named
│       └── NotGranted   our leave does not extend to this operation, whatever the record
├── ProtocolError        somebody does not speak the protocol
│   ├── OurFault         our request was malformed
│   └── TheirFault       the answer cannot be understood
├── WouldChange          the work in hand is only evaluated, and this would have changed something
└── StateUnusable        the state cannot be used
    ├── StateInUse       another process holds it
    │   └── LeaseLost    which this one did before
    ├── StateReadOnly    what keeps it lets nobody write; it may have changed places with another
    └── StateAway        what keeps it does not answer
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, Unpack

from engine.redaction import redact

# An excerpt of a foreign error text kept in messages: long enough to name a field and a reason,
# short enough for one log line.
EXCERPT_CHARS_MAX = 300


class Context(TypedDict, total=False):
    """What an error knows besides its message.

    `system` is the configuration table of the system concerned; `operation` what was attempted
    ("create", "poll", ...); `status` the HTTP status, when there was an answer; `retry_after_s`
    the seconds the other side asked us to wait; `remedy` what an operator can do about it.
    """

    system: str | None
    operation: str | None
    status: int | None
    retry_after_s: float | None
    remedy: str | None


class EngineError(Exception):
    """Base of every error the engine knows how to handle.

    Args:
        message: what went wrong, for a person; never a secret, never a record's content.
    """

    def __init__(self, message: str, **context: Unpack[Context]) -> None:
        super().__init__(message)
        self.message = message
        self.system = context.get("system")
        self.operation = context.get("operation")
        self.status = context.get("status")
        self.retry_after_s = context.get("retry_after_s")
        self.remedy = context.get("remedy")

    def __str__(self) -> str:
        """One line: system, operation, status and message, as far as they are known."""
        where = " ".join(part for part in (self.system, self.operation) if part)
        answer = f"HTTP {self.status}: " if self.status is not None else ""
        return f"{where}: {answer}{self.message}" if where else f"{answer}{self.message}"


class Transient(EngineError):
    """May work later without anybody changing anything."""


class Throttled(Transient):
    """The system asked us to wait `retry_after_s` seconds."""


class HeldBack(Transient):
    """The request was not sent: the system is paused, or the budget spent, for `retry_after_s`."""


class NotPlanned(HeldBack):
    """What is carried out is a plan, and this is not in it; nothing was sent."""


class Rationed(HeldBack):
    """A repeat was not sent, because too many requests are; says nothing about its record."""


class Unreachable(Transient):
    """No usable answer arrived.

    Args:
        ambiguous: True when the request may have been executed all the same.
    """

    def __init__(
        self, message: str, *, ambiguous: bool = False, **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.ambiguous = ambiguous


class TooLarge(Unreachable):
    """The answer went on past what its kind may be long, and the rest was not read."""


class Unavailable(Transient):
    """Something that is read for many records at once cannot be read.

    Args:
        what: in the plural.
        cause: why not.
        retry_after_s: when to try again, seconds.
    """

    def __init__(self, what: str, cause: EngineError, *, retry_after_s: float) -> None:
        super().__init__(
            f"the {what} cannot be read: {cause.message}",
            system=cause.system,
            operation=cause.operation,
            status=cause.status,
            retry_after_s=retry_after_s,
            remedy=cause.remedy,
        )
        self.cause = cause


class Conflict(Transient):
    """The record changed between our read and our write."""


class Terminal(EngineError):
    """Sending the same thing again cannot help."""


class Rejected(Terminal):
    """The record was refused, by the target or by our own check before sending.

    Args:
        field: the target field at fault, when known.
    """

    def __init__(
        self, message: str, *, field: str | None = None, **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.field = field


class Taken(Rejected):
    """The target holds a record already that leaves no room for this one."""


class Gone(Terminal):
    """The record does not exist, or is not visible to our user."""


class Misconfigured(Terminal):
    """Settings, permissions or installed fields are wrong for every record alike."""


class Unauthorized(Misconfigured):
    """The credentials are refused."""


class ChoiceNeeded(Unauthorized):
    """One of several things that the credentials open has to be named.

    Args:
        key: the setting, in the system's own table.
        choices: what it is called, by each value it may have.
    """

    def __init__(
        self, message: str, *, key: str, choices: Mapping[int, str], **context: Unpack[Context]
    ) -> None:
        super().__init__(message, **context)
        self.key = key
        self.choices = choices


class NotGranted(Misconfigured):
    """Our leave does not extend to this operation; what needs it waits, and nothing else."""


class ProtocolError(EngineError):
    """One side does not speak the protocol."""


class OurFault(ProtocolError):
    """We sent something malformed: a defect of this program."""


class TheirFault(ProtocolError):
    """The answer has a shape that the reference does not know."""


class WouldChange(EngineError):
    """Nothing was done: what is evaluated for the fuse changes neither system."""


class Stalled(EngineError):
    """Somebody in the work on a pair gets nowhere."""


class StateUnusable(EngineError):
    """The state directory or the state file cannot be used."""


class StateInUse(StateUnusable):
    """Another process holds the state."""


class LeaseLost(StateInUse):
    """Another process may hold the state by now, and this one did before."""


class StateReadOnly(StateUnusable):
    """What keeps the state lets nobody write to it."""


class StateAway(StateUnusable):
    """What keeps the state does not answer, and may again."""


# All that is raised before a request leaves, or by a system's own word that it refuses one. What is
# not listed may have been executed; so may whatever is thought of later, until it is listed here.
_NOT_EXECUTED = (Throttled, HeldBack, Conflict, Terminal, OurFault, WouldChange)


def surely_not_executed(error: Exception) -> bool:
    """Whether a create that ended in this error surely made nothing.

    Connectors raise these classes for a create only where the system itself refuses it; what
    somebody in front of it answers is `Unreachable` and ambiguous.
    """
    if isinstance(error, Unreachable):
        return not error.ambiguous
    return isinstance(error, _NOT_EXECUTED)


def first_engine_error(error: BaseException) -> EngineError | None:
    """The engine's own error inside a group of a task group, if there is one."""
    if isinstance(error, EngineError):
        return error
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    return next((known for one in inner if (known := first_engine_error(one))), None)


def excerpt(text: str) -> str:
    """Shorten a foreign text to one line of at most EXCERPT_CHARS_MAX characters.

    Secrets are masked first: half of one would be recognised by nobody. Half a character, as JSON
    allows it, could be written nowhere; what steers a terminal has no place in a reason.
    """
    whole = text.encode(errors="replace").decode()
    plain = "".join(each if each.isprintable() else " " for each in redact(whole))
    line = " ".join(plain.split())
    if len(line) <= EXCERPT_CHARS_MAX:
        return line
    return line[: EXCERPT_CHARS_MAX - 1] + "…"
