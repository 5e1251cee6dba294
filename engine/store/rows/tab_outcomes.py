"""What is kept of an outcome of work on a People tab, whatever keeps it."""

from __future__ import annotations

from dataclasses import replace

from engine.decide.journal import described, waits_anew
from engine.decide.reasons import known
from engine.model.history import PEOPLE_WAIT, Note
from engine.model.tab import Roles, TabWork
from engine.model.work import Failure

# Edits are kept for so long; no collection lags behind by more.
EDITS_KEPT_S = 86_400.0


def line_of(note: Note | None, roles: Roles) -> Note | None:
    """The line of history that says what was written, if there is one.

    Args:
        note: what else it says.
    """
    if note is None and not roles.writes:
        return None
    note = note or Note("related", described(roles.writes))
    return replace(note, writes=tuple(roles.writes))


def line_of_failure(
    code: str | None, text: str | None, failure: Failure, *, news: bool
) -> Note | None:
    """The line of history when it is given up, or waits for something else from now on.

    Args:
        code, text: what is kept of what it waits for until now.
        news: it is given up just now.
    """
    if news:
        return Note("people given up", failure.reason.within("tried again only seldom: {}"))
    if waits_anew(known(code, text), failure.reason):
        return Note(PEOPLE_WAIT, failure.reason)
    return None


def columns(work: TabWork, roles: Roles) -> list[tuple[int | float | str, ...]]:
    """The roles to keep: id, record, opportunity, prospect, text, whether it is ours, when seen.

    Each once, as it is told of last; what we made once stays ours.
    """
    made = {one.id for one in roles.kept if one.made}
    known = {one.id: one for one in roles.kept}
    return [
        (
            one.id,
            work.record_id,
            work.target_id,
            one.prospect_id,
            one.role,
            int(one.id in made),
            one.seen_at,
        )
        for one in known.values()
    ]
