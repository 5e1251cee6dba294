"""A create that was, or is about to be, sent: what is announced on disk before it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class IntentKind(StrEnum):
    """What is created; the intent is that of a record, of a People tab, or of a person."""

    OPPORTUNITY = "opportunity"
    ROLE = "role"
    PROSPECT = "prospect"


@dataclass(frozen=True, slots=True)
class Intent:
    """A create, and what is known of its result; times in unix seconds.

    While it is `open` its result is not known: it is announced, and in doubt from `doubt_since` on.
    `correlation` is what it is looked for by: the value in the target record, an e-mail address, or
    the roles of a tab as JSON. `checks` counts the looks, `sent` how often it was sent in a row
    without coming to what was wanted: again only after it was looked for in vain. `look_at` is when
    it is looked for next, where many share a look.
    """

    correlation: str
    opened_at: float
    doubt_since: float | None
    checks: int
    sent: int = 1
    look_at: float = 0.0
    open: bool = True

    def answered(self) -> Intent:
        """The same once it is known what became of it; how often it was sent still counts."""
        return replace(self, doubt_since=None, checks=0, look_at=0.0, open=False)
