"""What an operator does to records by a command, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.model.named import Named
from engine.model.reason import Code

# An operator's reason is no longer than this.
REASON_CHARS_MAX = 500


class Act(StrEnum):
    """What is asked for."""

    RETRY = "retry"
    SKIP = "skip"
    UNSKIP = "unskip"
    RESYNC = "resync"


class Did(StrEnum):
    """What came of it for one record; whatever is not an act names what stands in the way."""

    RESET = "our error flag is reset, and it is tried again"
    UNFLAGGED = "our error flag is reset; it may not be synced as it stands"
    DUE = "it is tried now"
    SOUGHT = "a create of it may have been executed: it is looked for first"
    SKIPPED = "it is skipped from now on"
    DOUBTED = "it is skipped; its create in doubt is still looked for"
    UNSKIPPED = "it is skipped no more, and looked at now"
    READ = "the target is read anew, and repaired where it differs"
    NOT_SKIPPED = "it was not skipped"
    NOTHING = "nothing is in its way"
    STILL_REFUSED = "it is skipped no more, and still refused: retry it"
    NOT_OURS = "the error flag was set by somebody else, and stays"
    HELD = "the fuse holds it: approve that, or skip it"
    LEFT_ALONE = "it is skipped: unskip it first"
    NOT_LINKED = "it is not in the target, as far as is known"
    INELIGIBLE = "it may not be synced as it stands"


# What was asked for was not done: somebody has to do something else first.
IN_THE_WAY = frozenset(
    {
        Did.STILL_REFUSED,
        Did.NOT_OURS,
        Did.HELD,
        Did.LEFT_ALONE,
        Did.NOT_LINKED,
        Did.INELIGIBLE,
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Args:
        names: whatever somebody has in hand of each record.
        code: instead of names, everything that is refused for this reason.
        everything: instead of names, everything that is refused.
        reason: in the operator's words, for a skip.
    """

    act: Act
    names: tuple[str, ...] = ()
    code: Code | None = None
    everything: bool = False
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is sent to the service."""
        return {
            "act": self.act.value,
            "x": list(self.names),
            "code": None if self.code is None else self.code.value,
            "all": self.everything,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it for this record."""

    named: Named
    did: Did


def request_of(given: Any) -> Request:
    """The request as it was sent.

    Raises:
        ValueError: it is none.
        KeyError: a member is missing.
        TypeError: a member is of another kind.
    """
    code = given["code"]
    return Request(
        Act(given["act"]),
        tuple(str(one) for one in given["x"]),
        None if code is None else Code(code),
        bool(given["all"]),
        str(given["reason"])[:REASON_CHARS_MAX],
    )


def document(
    act: Act, done: Sequence[Done], unknown: Sequence[dict[str, Any]], *, shadow: bool = False
) -> dict[str, Any]:
    """What came of it, as JSON can carry it.

    Args:
        shadow: it was done by a service that only looks, and so in neither system.
    """
    return {
        "schema_version": 1,
        "act": act.value,
        "shadow": shadow,
        "done": [
            {
                "ref": one.named.ref,
                "type": one.named.record_type.value,
                "did": one.did.name.lower().replace("_", "-"),
                "said": one.did.value,
                "in_the_way": one.did in IN_THE_WAY,
            }
            for one in done
        ],
        "unknown": list(unknown),
    }


def unknown(
    text: str, tried: Sequence[str], near: Sequence[Named], *, several: bool
) -> dict[str, Any]:
    """What is told of a name by which not exactly one record is known."""
    refs = [f"{one.ref} ({one.record_type.value})" for one in near]
    return {"x": text, "tried": list(tried), "nearest": refs, "several": several}
