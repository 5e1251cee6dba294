"""Lost: what it takes to know linked records again once the state is gone, and a restart.

Each record is in both systems and differs in its name; its people are no roles in Outreach yet.
What is sent to make that equal is work and no look, and is not counted.
"""

from __future__ import annotations

from collections import Counter

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import Scene, stage

PEOPLE = 3
RECORD = "GET /api/v2/opportunities/{id}"
RECORDS = "GET /api/v2/opportunities"
ROLES = "GET /api/v2/opportunityProspectRoles"
PER_RECORD_MAX = 0.1
# Users.
RESTART_MAX = 1


def measure(rows: int) -> list[Figure]:
    """Run `once` on an empty state beside linked records, and once more with nothing to do."""
    with stage(Scene(rows, workers=16, people=PEOPLE, linked=True)) as set_up:
        set_up.measured("once", str(set_up.config))
        found = Counter(set_up.counters("outreach"))
        set_up.measured("once", str(set_up.config))
        again = Counter(set_up.counters("outreach")) - found
    looks = (found[RECORD] + found[RECORDS]) / rows
    return [
        Figure(
            "looks", "look-ups per record, state lost", looks, "requests", at_most=PER_RECORD_MAX
        ),
        Figure(
            "listings",
            "listings of roles per record with people",
            found[ROLES] / rows,
            "requests",
            at_most=1,
        ),
        Figure(
            "restart",
            "Outreach requests of a restart",
            again.total(),
            "requests",
            at_most=RESTART_MAX,
        ),
    ]
