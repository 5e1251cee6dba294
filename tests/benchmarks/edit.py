"""Edit: how soon one edit is on its way to Outreach once an idle service has been shown it.

From the moment the poll that shows it is answered until the change arrives; the wait for the poll
is the interval's, not the engine's.
"""

from __future__ import annotations

from statistics import median, quantiles

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import Scene, Stage, stage

INTERVAL_S = 0.5
PATIENCE_S = 60.0
MEDIAN_MS_MAX = 10.0
WORST_MS_MAX = 30.0


def measure(edits: int) -> list[Figure]:
    """Edit one linked opportunity after the other, each when the one before has arrived."""
    with stage(Scene(rows=edits, interval_s=INTERVAL_S)) as set_up:
        set_up.measured("once", str(set_up.config))
        with set_up.running():
            set_up.wait_until(
                lambda: bool((set_up.status() or {}).get("ready")), "ready", PATIENCE_S
            )
            for number in range(edits):
                _edit(set_up, number + 1)
        took_ms = [1000 * seconds for seconds in _reactions(set_up)]
    p99 = quantiles(took_ms, n=100, method="inclusive")[-1]
    return [
        Figure("median", f"one edit of {edits}, median", median(took_ms), "ms", MEDIAN_MS_MAX),
        Figure("p99", "… 99th percentile", p99, "ms", WORST_MS_MAX),
    ]


def _edit(set_up: Stage, number: int) -> None:
    """Edit the opportunity with this id, and wait until the change has arrived."""
    before = len(_reactions(set_up))
    url = f"{set_up.url('control')}/workbooks/opportunities/{number}"
    set_up.http.patch(url, json={"description": f"Edited {number}"}).raise_for_status()
    set_up.wait_until(
        lambda: len(_reactions(set_up)) > before, f"the edit of {number} arrives", PATIENCE_S
    )


def _reactions(set_up: Stage) -> list[float]:
    return set_up.http.get(set_up.url("reactions")).json()
