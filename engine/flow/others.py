"""What others draw from a window that all share: arithmetic over what the system's answers tell.

Where less is left than there was less what we sent, somebody else has drawn the difference. It may
have been another process of ours, which tells of it a little later: where there may be any, nothing
is taken to be of strangers before all of them had time to tell.
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
# What an answer shows just before we hear of others, they have told of by the third time: what they
# told just before that answer we may have heard then, and what they told after it the next time.
TELLINGS = 3


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
    _processes: bool = False
    """There may be other processes of ours: we hear of them."""
    _nobodys: deque[int] = field(default_factory=lambda: deque([0]))
    """What answers have shown and nobody of ours has told of, by how often they told since."""
    _to_show: int = 0
    """What others of ours have told of, and no answer has shown yet."""

    def look_away(self) -> None:
        """What the next answer tells has nothing to do with the one before."""
        self._latest = None
        self._to_show = 0

    def told(self, requests: int) -> None:
        """Other processes of ours say that they have drawn so many since they said so before."""
        self._processes = True
        for place, shown in enumerate(self._nobodys):
            told_of = min(shown, requests)
            self._nobodys[place] -= told_of
            requests -= told_of
        self._to_show += requests
        if len(self._nobodys) == TELLINGS:
            self._book(self._nobodys.popleft())
        self._nobodys.append(0)

    def note(self, drawn: int, now: float) -> None:
        """So many requests were drawn by others since the answer before, at `now` unix seconds."""
        before, self._latest = self._latest, now
        shown = min(drawn, self._to_show)
        self._to_show -= shown
        drawn -= shown
        if before is None or now < before:
            return
        if not self._spells or self._spells[-1].seconds >= SPELL_S:
            self._spells.append(_Spell())
        spell = self._spells[-1]
        spell.seconds += now - before
        self._watched_s += now - before
        if self._processes:
            self._nobodys[-1] += drawn
        else:
            self._book(drawn)
        while self._watched_s - self._spells[0].seconds >= REMEMBERED_S:
            oldest = self._spells.popleft()
            self._watched_s -= oldest.seconds
            self._drawn -= oldest.drawn

    def _book(self, drawn: int) -> None:
        if self._spells:
            self._spells[-1].drawn += drawn
            self._drawn += drawn

    def unseen_s(self, now: float) -> float:
        """Seconds for which they have gone on drawing unseen."""
        return 0.0 if self._latest is None else min(max(0.0, now - self._latest), UNSEEN_MAX_S)

    def per_second(self) -> float:
        """Requests that others draw each second."""
        return self._drawn / max(self._watched_s, WATCHED_MIN_S)
