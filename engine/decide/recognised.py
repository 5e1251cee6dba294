"""Which reason a kept sentence is: for what was kept without its code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import Formatter

from engine.decide.reasons import ENTRIES
from engine.model.dossier import Cause
from engine.model.mass_change import HELD
from engine.model.reason import Code

# A sentence with less of its own than this could be anything.
_OWN_CHARS_MIN = 6
# Of one class, what is said where the sentence is that of a system.
_OF_CLASS = {
    "validation": Code.REFUSED,
    "forbidden": Code.FORBIDDEN,
    "not_found": Code.NOT_FOUND,
    "conflict": Code.EDIT_CONFLICT,
    "auth": Code.CREDENTIALS_REFUSED,
    "configuration": Code.CONFIGURATION_WRONG,
    "rate_limited": Code.THROTTLED,
    "unreachable": Code.UNANSWERED,
    "protocol": Code.ANSWER_NOT_UNDERSTOOD,
    "held_back": Code.SYSTEM_PAUSED,
    "duplicate": Code.ALREADY_THERE,
    "storage": Code.STATE_UNUSABLE,
}
# Of these the sentence itself may say more.
_GENERIC = frozenset(_OF_CLASS.values())
# The sentences of these are alike but for their cause.
_BUDGETS = (
    ("per_hour", Code.BUDGET_HOUR_SPENT),
    ("per_year", Code.BUDGET_YEAR_SPENT),
    ("", Code.BUDGET_RESERVE_REACHED),
)


def cause(
    text: str | None, reason_class: str | None, field: str | None = None, code: str | None = None
) -> Cause | None:
    """What was kept as the reason; None where there is none.

    Args:
        code: as it was kept, where it was.
    """
    if text is None:
        return None
    if code in set(Code) - _GENERIC:
        return Cause(Code(code), text, reason_class, field)
    return Cause(recognised(text, reason_class), text, reason_class, field)


def recognised(text: str, reason_class: str | None = None) -> Code:
    """The kind of reason that is said in this sentence."""
    if text.startswith(f"{HELD}: "):
        return Code.MASS_CHANGE_HELD
    if "held back by the budget: " in text:
        return budget(text)
    for pattern, code in _PATTERNS:
        if pattern.fullmatch(text):
            return code
    return _OF_CLASS.get(reason_class or "", Code.INTERNAL_ERROR)


def budget(said: str) -> Code:
    """Which part of the budget is spent, by what is said of it."""
    return next(code for word, code in _BUDGETS if word in said)


def _patterns() -> Iterator[tuple[int, re.Pattern[str], Code]]:
    for code, entry in ENTRIES.items():
        parts = list(Formatter().parse(entry.text))
        own = sum(len(literal) for literal, *_ in parts)
        if own >= _OWN_CHARS_MIN:
            pattern = "".join(
                re.escape(literal) + ("" if place is None else "(?:.*)")
                for literal, place, *_ in parts
            )
            yield own, re.compile(pattern, re.DOTALL), code


# The most telling sentence first.
_PATTERNS = [
    (pattern, code)
    for _, pattern, code in sorted(_patterns(), key=lambda one: one[0], reverse=True)
]
