"""Verdicts: one line for each thing that was looked at, and what to do where it is not well."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.cli.exits import Exit, code_for
from engine.cli.tables import console, table
from engine.errors import (
    EngineError,
    HeldBack,
    ProtocolError,
    Terminal,
    Throttled,
    Transient,
    Unauthorized,
)
from engine.model.permissions import Authorisation, Use, refused, without
from engine.ports import Step
from engine.redaction import redact

# By which a clock may be off before it is worth a word; dates are told in whole seconds.
CLOCK_OFF_S = 30.0
_REMEDIES: tuple[tuple[type[EngineError], str], ...] = (
    (Throttled, "nothing is wrong; run it again in some minutes"),
    (HeldBack, "nothing is wrong; run it again in some minutes"),
    (Transient, "check the address, the network and the system's status page, then run it again"),
    (
        ProtocolError,
        "something else may answer under this address, such as a proxy or the sign-in page of a"
        " network: open it from this machine, and correct base_url if it is another",
    ),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line: `ok` is None for what could not be judged. What is not well has a remedy."""

    subject: str
    step: str
    ok: bool | None
    detail: str
    remedy: str | None = None
    code: Exit = Exit.DONE


def failed(subject: str, step: str, error: EngineError) -> Verdict:
    """The line of a step that ended in this error."""
    remedy = error.remedy or next(
        (text for kind, text in _REMEDIES if isinstance(error, kind)),
        'look into the log of the service, or run the command again with log_level = "debug"',
    )
    return Verdict(subject, step, False, redact(str(error)), remedy, code_for(error))


async def walk(subject: str, steps: Sequence[Step]) -> list[Verdict]:
    """Run the steps in order; behind a failure the rest cannot be judged."""
    verdicts: list[Verdict] = []
    for step in steps:
        if any(verdict.ok is False for verdict in verdicts):
            remedy = "mend what failed above first"
            verdicts.append(Verdict(subject, step.name, None, "not reached", remedy))
            continue
        try:
            verdicts.append(Verdict(subject, step.name, True, await step.run()))
        except EngineError as error:
            verdicts.append(failed(subject, step.name, error))
    return verdicts


def granted(subject: str, found: Authorisation, ends: str | None) -> Verdict:
    """What was granted against what is needed.

    Args:
        ends: when the leave ends unused, for people.
    """
    until = f"; it ends on {ends} unless it is used" if ends is not None else ""
    if found.missing:
        detail = "\n".join(without(found.missing))
        remedy = "run wosync auth, and allow all that the page asks for"
        return Verdict(subject, "scopes", False, detail, remedy, Exit.ATTENTION)
    if found.standing.granted is None:
        detail = f"which were granted is not known before the next access token{until}"
        return Verdict(subject, "scopes", True, detail)
    detail = f"all {len(found.needed)} that are needed were granted{until}"
    return Verdict(subject, "scopes", True, detail)


def permitted(subject: str, found: Authorisation) -> Verdict | None:
    """What was tried of what is needed; None where nothing was."""
    if found.tried is None:
        return None
    if found.denied:
        detail = "\n".join(refused(found.denied))
        remedy = (
            "the scopes are there, but the user who authorised may not: have an administrator give"
            " that user a profile that may, or authorise as another user: wosync auth"
        )
        return Verdict(subject, "permissions", False, detail, remedy, Exit.ATTENTION)
    judged = "the rest, which only a change would show, is judged by the scopes"
    return Verdict(subject, "permissions", True, f"{found.tried} tried by reading; {judged}")


def customers(subject: str, error: EngineError | None) -> Verdict:
    """Whether the customers of opportunities can be read, and what does not work if not."""
    if error is None:
        return Verdict(subject, "customers", True, "readable, with the ids of their accounts")
    verdict = failed(subject, "customers", error)
    if not isinstance(error, Terminal) or isinstance(error, Unauthorized):
        return verdict
    return replace(
        verdict,
        detail=f"{verdict.detail}: {Use.ACCOUNTS.value}",
        remedy="let the integration user read organisations, or take the lines out of the mapping"
        " that are filled with an account",
        code=Exit.ATTENTION,
    )


def clock(now: float, told: Mapping[str, float]) -> Verdict | None:
    """Whether this machine's clock is right, by the systems' own word; None where none told it."""
    if not told:
        return None
    # The smallest difference: one system alone may be the one that is wrong.
    system, at = min(told.items(), key=lambda one: abs(now - one[1]))
    off_s = now - at
    if abs(off_s) <= CLOCK_OFF_S:
        return Verdict("this machine", "clock", True, f"agrees with that of {system}")
    way = "ahead of" if off_s > 0 else "behind"
    return Verdict(
        "this machine",
        "clock",
        False,
        f"it is {_span(abs(off_s))} {way} that of {system}: tokens and certificates are judged"
        " by the time",
        "set the clock, best once and for all: timedatectl set-ntp true",
        Exit.ATTENTION,
    )


def _span(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def print_table(verdicts: Sequence[Verdict]) -> None:
    """For people."""
    words = {True: "ok", False: "FAILED", None: "skipped"}
    shown = table("Subject", "Step", "Verdict", "Detail")
    for verdict in verdicts:
        detail = verdict.detail.split("\n")
        if verdict.remedy:
            detail.append(f"What to do: {verdict.remedy}")
        shown.add_row(verdict.subject, verdict.step, words[verdict.ok], detail)
    console().print(shown)


def print_json(verdicts: Sequence[Verdict]) -> None:
    """For programs."""
    lines = [
        {
            "subject": verdict.subject,
            "step": verdict.step,
            "ok": verdict.ok,
            "detail": verdict.detail,
            "remedy": verdict.remedy,
        }
        for verdict in verdicts
    ]
    sys.stdout.write(json.dumps({"schema_version": 1, "verdicts": lines}) + "\n")
