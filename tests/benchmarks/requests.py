"""Requests: what creating n opportunities costs each system, and what an idle poll costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, Stage, stage

CREATES = "POST /api/v2/opportunities"
READS = "GET /crm/opportunities.api"
TAB_READS = "GET /crm/opportunity_contacts.api"
WRITES = "PUT /crm/opportunities.api"
POLLS = 'wosync_polls_total{feed="changes",outcome="empty"}'
KNOWN = 'wosync_poll_records_total{feed="changes",what="known"}'
POLLING_S = 'wosync_actor_longest_busy_seconds{actor="poller"}'
# Long enough for a poll to rest after it, however busy the machine is.
INTERVAL_S = 0.5
IDLE_POLLS = 4
# Twice between two polls, which is all that counting them takes.
LOOK_S = INTERVAL_S / 2
# Relationships are polled beside opportunities, on the same interval but not in step with them.
TAB_READS_MAX = 1 + 1 / IDLE_POLLS
# Rows first seen in the last minute are read again by every poll; only behind them is a poll idle.
# So the records are created, and seen as the write-backs left them, that long ago and more.
AGO_S = 150.0
PATIENCE_S = 150.0
# Token, users, stages, accounts: what Outreach is asked besides creates, in pages.
CONSTANT_MAX = 6


@dataclass(frozen=True, slots=True)
class _Moment:
    """Opportunity polls finished, and the requests of each system until then."""

    polls: float
    workbooks: Counter[str]
    outreach: int


def measure(rows: int) -> list[Figure]:
    """Create `rows` opportunities with `once`, then let `run` poll with nothing to do."""
    with stage(Scene(rows=rows, interval_s=INTERVAL_S, ago_s=AGO_S)) as set_up:
        set_up.measured("once", str(set_up.config), str(AGO_S))
        workbooks, outreach = set_up.counters("workbooks"), set_up.counters("outreach")
        set_up.measured("once", str(set_up.config), str(AGO_S))
        set_up.come_to_the_present()
        with set_up.running():
            idle = _idle(set_up)
    creates, total = outreach[CREATES], sum(outreach.values())
    hundreds = rows / 100
    return [
        Figure("records", "records created from nothing", rows, "records"),
        Figure("creates", f"creates for {rows} records", creates, "requests", at_most=rows),
        Figure("outreach_per_record", "Outreach requests per record", total / rows, "requests"),
        Figure(
            "outreach_constant",
            "Outreach requests besides creates",
            total - creates,
            "requests",
            at_most=CONSTANT_MAX,
        ),
        Figure(
            "workbooks_reads_per_100",
            "opportunity reads per 100 records, start-up included",
            workbooks[READS] / hundreds,
            "requests",
        ),
        Figure(
            "workbooks_writes_per_100",
            "write requests per 100 write-backs",
            workbooks[WRITES] / hundreds,
            "requests",
        ),
        *idle,
    ]


def _idle(set_up: Stage) -> list[Figure]:
    """Requests of polls that find nothing, each system's per poll."""
    set_up.wait_until(lambda: bool((set_up.status() or {}).get("ready")), "ready", PATIENCE_S)
    # The write-backs just made are read once as echoes; only behind them is a poll idle.
    _wait_unchanged(set_up, lambda: set_up.metric(KNOWN))
    before = _consistent(set_up)
    set_up.wait_until(
        lambda: set_up.metric(POLLS) >= before.polls + IDLE_POLLS,
        "idle polls",
        PATIENCE_S,
        look_s=LOOK_S,
    )
    after = _consistent(set_up)
    polls, outreach = after.polls - before.polls, after.outreach - before.outreach
    asked = after.workbooks - before.workbooks
    reads, tab_reads = asked.pop(READS, 0), asked.pop(TAB_READS, 0)
    return [
        _per_poll("idle_reads", "opportunity reads", reads / polls, 1),
        _per_poll("idle_tab_reads", "relationship reads", tab_reads / polls, TAB_READS_MAX),
        _per_poll("idle_others", "other Workbooks requests", asked.total() / polls, 0),
        _per_poll("idle_outreach", "Outreach requests", outreach / polls, 0),
    ]


def _per_poll(key: str, what: str, value: float, at_most: float) -> Figure:
    return Figure(key, f"{what} per idle poll", value, "requests", at_most)


def _wait_unchanged(set_up: Stage, value: Callable[[], float]) -> None:
    """Wait until the value stays the same over some polls."""
    seen: list[tuple[float, float]] = []

    def steady() -> bool:
        seen.append((set_up.metric(POLLS), value()))
        recent = [one for one in seen if one[0] >= seen[-1][0] - IDLE_POLLS]
        long_enough = recent[-1][0] - seen[0][0] >= IDLE_POLLS
        return long_enough and all(one[1] == other[1] for one, other in pairwise(recent))

    set_up.wait_until(steady, "polls that read nothing", PATIENCE_S, look_s=LOOK_S)


def _consistent(set_up: Stage) -> _Moment:
    """A moment when no poll is under way, not even between an answer and its being counted."""
    found: list[_Moment] = []

    def taken() -> bool:
        polls, resting = _resting(set_up)
        workbooks = Counter(set_up.counters("workbooks"))
        outreach = sum(set_up.counters("outreach").values())
        if not resting or set_up.in_flight() or _resting(set_up) != (polls, True):
            return False
        found.append(_Moment(polls, workbooks, outreach))
        return True

    set_up.wait_until(taken, "a moment between two polls", PATIENCE_S)
    if not found:
        raise BenchmarkFailed("no moment between two polls")
    return found[-1]


def _resting(set_up: Stage) -> tuple[float, bool]:
    """Opportunity polls finished, and whether none is under way."""
    polls, polling_s = set_up.metrics(POLLS, POLLING_S)
    return polls, not polling_s
