"""The complete remedy: every step, in the words of the catalogue and of the pair in use. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.decide.reasons import ENTRIES
from engine.decide.why.people import standing_of
from engine.model.explanation import Finding, RecordFacts, Remedy
from engine.model.reason import Cause, Code, Entry, Words
from engine.model.why import Verdict

# Steps of one remedy: sentences, and what is to be done afterwards.
_STEPS = re.compile(r"(?<=[.])\s+(?=[A-Z])|;\s+(?=then )")
# What is wrong with a field that is mended is wrong no more: only the flag is left to be reset.
_RESET = "Reset {error}: what it was refused for is mended."
_NOTHING = ("None needed", "None, if it was meant")


def remedies(facts: RecordFacts, found: Finding) -> tuple[Remedy, ...]:
    """What is to be done, of whatever is in the way: first of all, what the verdict is about."""
    causes: list[tuple[Cause, str]] = []
    if found.cause is not None:
        causes.append((found.cause, found.subject))
    if found.verdict is Verdict.REFUSED and _mended(facts, found):
        code = Code.REFUSED if found.cause is None else found.cause.code
        return (Remedy(code, (_RESET.format(error=facts.words.error),)),)
    causes += [(one.refusal, one.title) for one in facts.fields if one.refusal is not None]
    causes += [(one.blank, one.title) for one in facts.fields if one.blank is not None]
    for line in facts.lines:
        cause = standing_of(line)
        if cause is not None:
            causes.append((cause, line.ref))
    return tuple(_distinct(causes, facts.words, healing=facts.healing))


def _mended(facts: RecordFacts, found: Finding) -> bool:
    """Whether the field that it was refused for can be sent by now, as far as we can tell."""
    cause = found.cause
    if cause is None or cause.code not in _OF_FIELDS or not facts.fields:
        return False
    return all(one.refusal is None for one in facts.fields)


_OF_FIELDS = {
    Code.VALUE_UNREADABLE,
    Code.VALUE_NOT_LISTED,
    Code.VALUE_TOO_LONG,
    Code.VALUE_REQUIRED,
    Code.VALUE_UNFIT,
}


# What helps against these is an edit of what they depend on, and nothing else has to be done.
_HEALING = frozenset(
    {
        *_OF_FIELDS,
        Code.CORRELATION_BLANK,
        Code.CREATE_KEPT_LOST,
        Code.CREATE_LOST_ALONE,
        Code.EMAIL_NOT_SEARCHABLE,
        Code.KEPT_UNANSWERED,
        Code.REFUSED,
        Code.TARGET_ID_MALFORMED,
    }
)
_THEN_RESET = "Then reset "
_BY_ITSELF = "Nothing is to be reset: the service takes its flag back by itself."
_LAST_STEP = re.compile(r"(?:; then|\. Then) reset ([^.]+)\.")
_HEALS = r". The service then takes its flag back by itself; with [retry] heal = false reset \1."


def _distinct(causes: list[tuple[Cause, str]], words: Words, *, healing: bool) -> Iterator[Remedy]:
    seen: set[tuple[Code, str]] = set()
    for cause, subject in causes:
        key = (cause.code, subject)
        # The verdict's own reason comes first, and is that of a field or a person too.
        if key in seen or (cause.code, "") in seen:
            continue
        seen.add(key)
        yield Remedy(cause.code, steps(cause.code, words, healing=healing), subject)


def steps(code: Code, words: Words, *, healing: bool = False) -> tuple[str, ...]:
    """The catalogue's remedy, step by step.

    Args:
        healing: what was refused is tried again by itself once what it was refused for is another.
    """
    text = ENTRIES[code].worded(words).remedy
    parts = [_sentence(part.strip()) for part in _STEPS.split(text) if part.strip()]
    if healing and code in _HEALING:
        parts = [_BY_ITSELF if one.startswith(_THEN_RESET) else one for one in parts]
    return tuple(parts)


def in_general(entry: Entry) -> str:
    """The remedy where nobody knows whether errors heal by themselves: they do unless told not to.

    Args:
        entry: in the words of the pair.
    """
    if entry.code not in _HEALING:
        return entry.remedy
    return _LAST_STEP.sub(_HEALS, entry.remedy)


def needs_hands(remedy: Remedy) -> bool:
    """Whether somebody has to do something at all."""
    return not remedy.steps[0].startswith(_NOTHING)


def _sentence(part: str) -> str:
    whole = part[0].upper() + part[1:]
    return whole if whole.endswith(".") else f"{whole}."
