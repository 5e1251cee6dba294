"""The numbers of a plan: which requests it takes, and how long they take under the budget."""

from __future__ import annotations

from engine.assembly.assembly import Assembly
from engine.flow.tally import Counted, Tally
from engine.model.plan import Requests

# Seconds that a request takes where none was seen.
REQUEST_S = 0.2


def requests(tally: Tally) -> tuple[Requests, ...]:
    """The requests of a tally, by kind."""
    kinds: list[Counted] = sorted(tally.counts)
    return tuple(Requests(*kind, tally.counts[kind], writes=kind in tally.writes) for kind in kinds)


def minutes(assembly: Assembly, *tallies: Tally, seen: Tally | None = None) -> float:
    """How long all of these take: by the budget, and by what a request took just now.

    Args:
        seen: what requests took, where none of the tallies was sent.
    """
    longest, now = 0.0, assembly.environment.clock.now()
    timed = tallies if seen is None else (seen,)
    for name, governor in assembly.systems.governors(assembly.config).items():
        number = sum(
            count for tally in tallies for one, count in tally.counts.items() if one.system == name
        )
        if not number:
            continue
        took = sum(tally.seconds.get(name, 0.0) for tally in timed)
        sent = sum(tally.sent[name] for tally in timed)
        each = took / sent if sent else REQUEST_S
        after_s = governor.budget.grant(number, now, backlog=False).after_s
        longest = max(longest, after_s + number * each / governor.in_flight_max)
    return longest / 60
