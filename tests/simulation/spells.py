"""Spells: trouble with some requests alone, for some time, while everything else goes well.

Their draws come from a stream of their own, so that what else a seed decides stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

import httpx

from tests.simulation.fates import FRONT, Fate, Kind

Struck = Literal["creates", "opportunities", "prospects", "roles", "writes", "reads"]
STRUCK: tuple[Struck, ...] = ("creates", "opportunities", "prospects", "roles", "writes")
CREATED = {
    "/api/v2/opportunities": "opportunities",
    "/api/v2/prospects": "prospects",
    "/api/v2/opportunityProspectRoles": "roles",
}
# How a write fails: its answer is lost, or it never arrives.
LOSSES: tuple[Fate, ...] = (
    Fate(Kind.CUT),
    Fate(Kind.CUT),
    Fate(Kind.TRUNCATED),
    Fate(Kind.GARBAGE, after=True),
    Fate(Kind.STATUS_AFTER, 502),
    *(Fate(Kind.STATUS_AFTER, status) for status in FRONT),
)
AWAY: tuple[Fate, ...] = (
    Fate(Kind.LOST),
    Fate(Kind.STATUS_BEFORE, 503),
    Fate(Kind.STATUS_BEFORE, 500),
    Fate(Kind.GARBAGE),
)

# How something in front refuses what it lets through a moment later.
REFUSED = tuple(
    Fate(Kind.STATUS_BEFORE, status)
    for status in (302, 401, 403, 404, 405, 406, 409, 422, 423, 425)
)
# A new pair may be given up once it was refused for a minute.
REFUSED_MAX_S = 45.0


@dataclass(frozen=True, slots=True)
class Spell:
    """From `start_s` to `end_s` a share of the struck requests to a system has this fate."""

    struck: Struck
    fate: Fate
    share: float
    start_s: float
    end_s: float
    system: str = "outreach"

    def strikes(self, request: httpx.Request, now: float) -> bool:
        """Whether it is about such a request."""
        path = request.url.path
        if not self.start_s <= now < self.end_s or path == "/oauth/token":
            return False
        if self.struck == "reads":
            return request.method == "GET"
        if self.struck == "writes":
            return request.method in ("POST", "PATCH", "DELETE")
        created = CREATED.get(path) if request.method == "POST" else None
        return created is not None and self.struck in ("creates", created)


@dataclass(slots=True)
class Spells:
    """All spells over one system, and the chance by which they strike."""

    spells: Sequence[Spell]
    rng: Random

    def fate(self, request: httpx.Request, now: float) -> Fate | None:
        """The fate of the request, where one of them decides it."""
        for spell in self.spells:
            if spell.strikes(request, now) and self.rng.random() < spell.share:
                return spell.fate
        return None


def drawn(rng: Random, busy_s: float) -> tuple[Spell, ...]:
    """The spells of a seed; most have none or one."""
    found: list[Spell] = []
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        start = rng.uniform(0.0, busy_s * 0.9)
        # Some go on until the weather turns fair.
        end = start + rng.choice((rng.uniform(15.0, 120.0), rng.uniform(60.0, 600.0)))
        struck = rng.choice(STRUCK)
        fate = rng.choice(LOSSES if rng.random() < 0.6 else AWAY)
        found.append(Spell(struck, fate, rng.choice((0.5, 1.0, 1.0)), start, end))
    return tuple(found)


def refusals(rng: Random, busy_s: float) -> tuple[Spell, ...]:
    """Short refusals of all that is read from one system, or written to Outreach."""
    found: list[Spell] = []
    for _ in range(rng.choice((0, 0, 1, 2))):
        start = rng.choice((0.0, rng.uniform(0.0, busy_s * 0.9)))
        end = start + rng.uniform(1.0, REFUSED_MAX_S)
        system = rng.choice(("workbooks", "outreach"))
        struck: Struck = rng.choice(("reads", "writes")) if system == "outreach" else "reads"
        share = rng.choice((0.3, 1.0))
        found.append(Spell(struck, rng.choice(REFUSED), share, start, end, system))
    return tuple(found)


def over(system: str, spells: Sequence[Spell], seed: int) -> Spells:
    """The spells over a system."""
    rng = Random(f"{seed}:spells over {system}")  # noqa: S311 # chance, not secrets
    return Spells([one for one in spells if one.system == system], rng)
