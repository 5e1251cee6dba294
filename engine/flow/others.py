"""What others draw from a window that all share: arithmetic over what the system's answers tell.

Where less is left than there was less what we sent, somebody else has drawn the difference.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

# So much of what was watched last tells the pace, seconds; it is kept in spells of a minute.
REMEMBERED_S, SPELL_S = 3600.0, 60.0
# The first requests of others say little of how fast more of them come.
WATCHED_MIN_S = 30.0
# They are taken to go on as they did for so long after an answer, seconds.
UNSEEN_MAX_S = 60.0


@dataclass(slots=True)
class _Spell:
    """Seconds that were watched, and the requests that others drew in them."""

    seconds: float = 0.0
    drawn: int = 0


@dataclass(slots=True)
class Others:
    """The pace of others, learnt from pairs of answers about one window."""

    _spells: deque[_Spell] = field(default_factory=deque[_Spell])
    _watched_s: float = 0.0
    _drawn: int = 0
    _latest: float | None = None

    def look_away(self) -> None:
        """What the next answer tells has nothing to do with the one before."""
        self._latest = None

    def note(self, drawn: int, now: float) -> None:
        """So many requests were drawn by others since the answer before, at `now` unix seconds."""
        before, self._latest = self._latest, now
        if before is None or now < before:
            return
        if not self._spells or self._spells[-1].seconds >= SPELL_S:
            self._spells.append(_Spell())
        spell = self._spells[-1]
        spell.seconds += now - before
        spell.drawn += drawn
        self._watched_s += now - before
        self._drawn += drawn
        while self._watched_s - self._spells[0].seconds >= REMEMBERED_S:
            oldest = self._spells.popleft()
            self._watched_s -= oldest.seconds
            self._drawn -= oldest.drawn

    def unseen_s(self, now: float) -> float:
        """Seconds for which they have gone on drawing unseen."""
        return 0.0 if self._latest is None else min(max(0.0, now - self._latest), UNSEEN_MAX_S)

    def per_second(self) -> float:
        """Requests that others draw each second."""
        return self._drawn / max(self._watched_s, WATCHED_MIN_S)
