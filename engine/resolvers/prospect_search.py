"""Prospect search: which prospects carry these e-mail addresses, asked for many at once.

The target answers for all of them or for none, so an address of a kind that it does not take would
keep everybody waiting who is asked for with it. A refused search is therefore halved until the
address at fault stands alone, and the others have their answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.decide.failure import FORBIDDEN, error_class
from engine.decide.reasons import because
from engine.errors import EngineError, OurFault, ProtocolError, Rejected, Terminal, Unreachable
from engine.model.person import Sought
from engine.model.reason import Code
from engine.model.records import ProspectMatch
from engine.model.work import Failure
from engine.ports import Target
from engine.resolvers.lookups import Lookup

# After so many refusals without a single answer it is not the addresses that are at fault: more
# than it takes to halve a whole batch down to its first two addresses.
REFUSALS_MAX = 16
# Addresses in one search at most, and how much smaller the next is after one that failed.
SIZE_MAX = 100
SHRINKING = 4


@dataclass(slots=True)
class Found:
    """By address in lower case: the prospect, and why the target does not look for one."""

    prospects: dict[str, int] = field(default_factory=dict[str, int])
    refused: dict[str, Failure] = field(default_factory=dict[str, Failure])

    def sought(self, email: str, began_at: float) -> Sought:
        """What a look that began then has shown for this address."""
        return Sought(self.prospects.get(email), self.refused.get(email), began_at)


@dataclass(slots=True)
class ProspectSearch:
    """Asks the target; `email_field` is the target's field of addresses."""

    target: Target
    email_field: str
    _lookup: Lookup = field(default_factory=lambda: Lookup("prospects"), init=False)
    _size: int = field(default=SIZE_MAX, init=False)

    async def find(self, emails: Sequence[str]) -> Found:
        """Look for these addresses, in lower case; of several prospects with one the oldest counts.

        Raises:
            Unavailable: the target looks for nobody at all.
            Transient: it could not be asked.
        """
        if not emails:
            return Found()
        with self._lookup.reading():
            return await self._narrowed(emails)

    async def _narrowed(self, emails: Sequence[str]) -> Found:
        found, answered, refusals = Found(), False, 0
        parts = [list(emails[at : at + self._size]) for at in range(0, len(emails), self._size)]
        while parts:
            part = parts.pop()
            try:
                matches = await self.target.find_prospects(part)
            except (Terminal, ProtocolError) as error:
                refusals += 1
                if not answered and refusals == REFUSALS_MAX:
                    raise
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                elif (answered or parts) and _concerns_its_address(error):
                    found.refused[part[0]] = self._refusal(error)
                else:
                    raise
            except Unreachable:
                # It may be the size that is too much for the system.
                self._size = max(1, len(part) // SHRINKING)
                raise
            else:
                answered = True
                self._size = min(SIZE_MAX, max(self._size, 2 * len(part)))
                _note(found, matches)
        return found

    def _refusal(self, error: EngineError) -> Failure:
        reason = because(Code.EMAIL_NOT_SEARCHABLE, detail=error.message)
        return Failure(error_class(Rejected(reason, status=error.status)), self.email_field, reason)


def _concerns_its_address(error: EngineError) -> bool:
    """Whether what a single address was answered speaks of that address, and of no other."""
    return isinstance(error, Rejected | OurFault) and error_class(error) != FORBIDDEN


def _note(found: Found, matches: Sequence[ProspectMatch]) -> None:
    for match in matches:
        for email in match.emails:
            found.prospects.setdefault(email.lower(), match.id)
