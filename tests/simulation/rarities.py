"""Rarities: what people, operators and machines seldom do, each drawn for few seeds.

Each has a stream of its own, so that no draw changes what another decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from connectors.sandbox.outreach import OutreachKnobs

# Probability of each kind for a seed.
CHANCE = 0.06
AUDITED = {"poller": {"audit_interval_s": 1200}}


@dataclass(frozen=True, slots=True)
class Rarities:
    """What of it a seed has; times in virtual seconds."""

    # When an import begins, and how long after it is undone.
    undone: tuple[tuple[float, float], ...] = ()
    # When a backup of Workbooks is made, and when it is put back.
    restored: tuple[float, float] | None = None
    # By how much the clock of the machine is ahead in each process, one after the other.
    ahead_s: tuple[float, ...] = ()
    # When an operator approves what is held, on top of the approvals at the end.
    approvals: tuple[float, ...] = ()
    # Whether texts have halves of characters, relationships commas, records no close date.
    halves: bool = False
    commas: bool = False
    dateless: bool = False
    # What Outreach is told to do otherwise.
    knobs: dict[str, Any] = field(default_factory=dict[str, Any])
    settings: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    names: tuple[str, ...] = ()

    def turned(self, knobs: OutreachKnobs) -> OutreachKnobs:
        """The knobs as turned for it."""
        return replace(knobs, **self.knobs)


def drawn(seed: int, busy_s: float) -> Rarities:
    """The rarities of a seed."""
    found = Rarities()
    for draw in DRAWS:
        rng = Random(f"{seed}:weather3 {draw.__name__}")  # noqa: S311 # chance, not secrets
        if rng.random() < CHANCE:
            found = replace(draw(found, rng, busy_s), names=(*found.names, draw.__name__))
    return found


def undone(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """Imports that somebody takes back, midway or later.

    What was taken back for long is not created, of which the ledger keeps the time.
    """
    undone = tuple(
        (rng.uniform(0.0, busy_s * 0.8), rng.choice((1.0, 10.0, 60.0, 200.0)))
        for _ in range(rng.choice((1, 2)))
    )
    return replace(found, undone=undone)


def restored(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """Workbooks put back from a backup: what it has then is right, found by an audit at the latest.

    Nobody copies ids or loses a state there, since nothing would know any more what was made.
    """
    made, back = sorted(rng.uniform(0.0, busy_s) for _ in range(2))
    return replace(found, restored=(made, back), settings=merged(found.settings, AUDITED))


def clocks(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """The clock of the machine is set while the service is stopped. It changes nothing."""
    choices = (0.0, 0.0, 45.0, -45.0, 7200.0, -7200.0, 86_400.0, -86_400.0)
    return replace(found, ahead_s=tuple(rng.choice(choices) for _ in range(8)))


def fused(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """A small fuse. What it holds comes right once an operator approves, as one does in the end."""
    fuse = {
        "records_min": 1,
        "share": rng.choice((0.05, 0.3)),
        "creates_max": rng.choice((1, 3)),
    }
    approvals = tuple(sorted(rng.uniform(0.0, busy_s) for _ in range(rng.randint(0, 4))))
    return replace(found, approvals=approvals, settings=merged(found.settings, {"fuse": fuse}))


def halves(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """Halves of characters in titles and relationships; a sign stands in their place."""
    return replace(found, halves=True)


def commas(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """Commas in relationships: where no quotes are printed, such a tab may be held."""
    return replace(found, commas=True)


def one_role(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """Outreach takes one role for each person: the texts of one person's lines are joined in it.

    A role by hand may take the only place.
    """
    how = {"contacts": {"one_role_per_person": rng.choice(("auto", "auto", "always"))}}
    knobs = {**found.knobs, "one_role_per_person": True}
    return replace(found, knobs=knobs, settings=merged(found.settings, how))


def dateless(found: Rarities, rng: Random, busy_s: float) -> Rarities:
    """Outreach demands a close date: a record that ever had none may be flagged."""
    return replace(found, dateless=True, knobs={**found.knobs, "close_date_required": True})


DRAWS: tuple[Callable[[Rarities, Random, float], Rarities], ...] = (
    undone,
    restored,
    clocks,
    fused,
    halves,
    commas,
    one_role,
    dateless,
)


def merged(
    settings: dict[str, dict[str, Any]], *more: dict[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Settings with others put into their tables."""
    tables = {table: dict(keys) for table, keys in settings.items()}
    for one in more:
        for table, keys in one.items():
            tables[table] = tables.get(table, {}) | keys
    return tables
