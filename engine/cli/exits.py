"""Exit codes, and how an error becomes one paragraph with a remedy."""

from __future__ import annotations

import sys
from enum import IntEnum

from engine import streams
from engine.cli.output import OutputLost, behind_the_log
from engine.errors import (
    EngineError,
    HeldBack,
    Misconfigured,
    StateAway,
    StateUnusable,
    Throttled,
    Unauthorized,
    Unreachable,
)
from engine.plain import plain
from engine.redaction import redact


class Exit(IntEnum):
    """What a command's end means; systemd does not restart on CREDENTIALS and CONFIGURATION.

    STATE is the code for input and output of every kind: also for output that cannot be written.
    """

    DONE = 0
    FAILED = 1
    USAGE = 2
    ATTENTION = 3
    UNREACHABLE = 69
    STATE = 74
    CREDENTIALS = 77
    CONFIGURATION = 78
    INTERRUPTED = 130


class Misused(EngineError):
    """An argument names something there is not: a mistake of the command line itself."""


_CODES: tuple[tuple[type[EngineError], Exit], ...] = (
    (Unauthorized, Exit.CREDENTIALS),
    (Misconfigured, Exit.CONFIGURATION),
    (Misused, Exit.USAGE),
    (StateAway, Exit.UNREACHABLE),
    (StateUnusable, Exit.STATE),
    (OutputLost, Exit.STATE),
    (Unreachable, Exit.UNREACHABLE),
    (Throttled, Exit.UNREACHABLE),
    (HeldBack, Exit.UNREACHABLE),
)


def code_for(error: EngineError) -> Exit:
    """The exit code that tells this error from others."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code
    return Exit.FAILED


def paragraph(error: EngineError) -> str:
    """What is wrong, where, and what to do about it."""
    text = f"wosync: {error}"
    if error.remedy:
        text += f"\n  What to do: {error.remedy}."
    return redact(text)


def complain(text: str) -> None:
    """Say it on standard error, behind the log; if nobody takes it, the exit code says enough."""
    behind_the_log()
    streams.say(sys.stderr, plain(text, keep="\n\t"))


def report(error: EngineError) -> Exit:
    """Say the error on standard error and return its code."""
    lines = paragraph(error).splitlines()
    # journald takes each line's priority from its beginning.
    mark = f"<{streams.PRIORITY['error']}>" if streams.under_journald(sys.stderr) else ""
    complain("".join(f"{mark}{line}\n" for line in lines))
    return code_for(error)
