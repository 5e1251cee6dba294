"""The catalogue of reasons: every one there is, what it means, and what helps. Pure.

Whoever refuses, waits, holds, skips or leaves a field blank says why with `because`; what is
written to a record, to its history, to the log and what a person is told comes from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from engine.decide.catalogue.fields import FIELDS
from engine.decide.catalogue.people import PEOPLE, ROLES
from engine.decide.catalogue.records import RECORDS, WRITE_BACKS
from engine.decide.catalogue.systems import ANSWERS, EARLIER, KEPT_FAILING, NOT_SENT
from engine.model.reason import Cause, Code, Entry, Reason, code_of

# By subject, in the order in which they are listed.
SUBJECTS: Mapping[str, tuple[Entry, ...]] = {
    "The record": RECORDS,
    "Fields": FIELDS,
    "People": PEOPLE,
    "The People tab and its roles": ROLES,
    "What is written back": WRITE_BACKS,
    "What a system answers": ANSWERS,
    "What is not sent": NOT_SENT,
    "What keeps failing": KEPT_FAILING,
    "Kept by an earlier version": EARLIER,
}
ENTRIES: Mapping[Code, Entry] = {
    entry.code: entry for entries in SUBJECTS.values() for entry in entries
}
# Guesses for a code that there is not.
NEAREST_MAX = 3
_ALIKE = 0.5


def because(code: Code, **known: object) -> Reason:
    """The reason, as said of one record.

    Args:
        known: what the catalogue's sentence has a place for.
    """
    return Reason(code, ENTRIES[code].text.format(**known))


def foreign(code: Code, words: str) -> Reason:
    """A reason of which only others know the words: those of a system, or of what stopped us."""
    return Reason(code, words)


def listed(sentences: Sequence[str]) -> str:
    """Several sentences as one; a reason among them, the first one, is what it is about."""
    whole = "; ".join(sentences)
    code = next((code for one in sentences if (code := code_of(one)) is not None), None)
    return whole if code is None else Reason(code, whole)


def kept(code: str | None, text: str) -> Reason:
    """A reason as the state kept it; a code of another version is none that we know."""
    known = Code(code) if code in set(Code) else Code.UNSPECIFIED
    return Reason(known, text)


def cause(reason: Reason, reason_class: str | None = None, field: str | None = None) -> Cause:
    """The reason as it is explained, with the class of its error and the field at fault."""
    return Cause(reason.code, str(reason), reason_class, field)


def kept_cause(
    code: str | None, text: str | None, reason_class: str | None = None, field: str | None = None
) -> Cause | None:
    """What the state kept as the reason; None where there is none."""
    return None if text is None else cause(kept(code, text), reason_class, field)


def known(code: str | None, text: str | None) -> Reason | None:
    """The same where there may be none."""
    return None if text is None else kept(code, text)


def entry_of(text: str) -> Entry | None:
    """The entry of a code as a person types it, or None where there is no such code."""
    typed = _spelled(text)
    return ENTRIES[Code(typed)] if typed in set(Code) else None


def nearest(text: str) -> list[str]:
    """Codes that may be meant: those spelled alike, then those that have a word of it."""
    typed = _spelled(text)
    words = {word for word in typed.split("-") if word}
    sharing = [code.value for code in Code if words & set(code.value.split("-"))]
    sharing.sort(key=lambda code: -len(words & set(code.split("-"))))
    alike = get_close_matches(typed, [code.value for code in Code], NEAREST_MAX, _ALIKE)
    return list(dict.fromkeys([*alike, *sharing]))[:NEAREST_MAX]


def _spelled(text: str) -> str:
    return "-".join(text.strip().lower().replace("_", " ").replace("-", " ").split())
