"""A projection: what a fleet needs, calculated from what one pair, record and edit cost.

Nothing in here measures anything: `unit_costs` does, and `tests.simulation.fleets` plays the same
fleet on virtual time, to show that the sums are right.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

HOUR_S, DAY_S = 3600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Work:
    """What one piece of work costs.

    Args:
        transactions, statements: of the database.
        wal_bytes: what it logs; images of whole pages, of the first change behind a checkpoint,
            come on top.
        dead_rows: versions of rows that nobody sees any more.
        vacuumed_rows: those of them that only vacuum takes away.
        source_requests, target_requests: to Workbooks, and to Outreach.
        cpu_s: of the process.
        database_cpu_s: of the database's processes.
    """

    transactions: float = 0.0
    statements: float = 0.0
    wal_bytes: float = 0.0
    dead_rows: float = 0.0
    vacuumed_rows: float = 0.0
    source_requests: float = 0.0
    target_requests: float = 0.0
    cpu_s: float = 0.0
    database_cpu_s: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(*(mine + its for mine, its in zip(_all(self), _all(other), strict=True)))

    def __sub__(self, other: Work) -> Work:
        return self + -1 * other

    def __rmul__(self, times: float) -> Work:
        return Work(*(times * one for one in _all(self)))

    def __truediv__(self, parts: float) -> Work:
        return 1 / parts * self


def _all(work: Work) -> list[float]:
    return [getattr(work, one.name) for one in fields(Work)]


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """What was measured.

    Args:
        record: to take in a record with its people, and to create it.
        edit: to bring one edit over, of a record that nobody has edited lately.
        idle_second: of a pair without news, besides its polls and its lease.
        poll: one that shows nothing.
        renewal: of the lease of a pair.
        beat: of a process, besides the leases.
        beat_wal_bytes: more of it for each pair of the fleet: a process says which it knows.
        record_bytes: in the database, with indexes, people and the line of its creation.
        edit_bytes: what an edit leaves in the history.
        process_bytes, pair_bytes: resident memory of a process, and more of it for each pair.
        connections: that a process has open with nothing to do but polls.
        start_s: until a pair is ready, where many start at the same time.
    """

    record: Work
    edit: Work
    idle_second: Work
    poll: Work
    renewal: Work
    beat: Work
    beat_wal_bytes: float
    record_bytes: float
    edit_bytes: float
    process_bytes: float
    pair_bytes: float
    connections: float
    start_s: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fleet, and what happens to it.

    Args:
        records: of each pair.
        edits_per_day: of each pair.
        connections: the most that a process may have: `[fleet] connections`.
        renewals: in each `lease_s`.
        sweep_s, audit_s, keep_s: `[poller] sweep_interval_s`, `audit_interval_s` and `[history]
            keep_days`, in seconds.
        history_bytes: `[history] max_mb`, in bytes.
    """

    pairs: int = 1000
    records: int = 10_000
    edits_per_day: float = 200.0
    processes: int = 10
    connections: int = 8
    lease_s: float = 6.0
    renewals: int = 3
    interval_s: float = 60.0
    sweep_s: float = 3600.0
    audit_s: float = 86_400.0
    page_size: int = 100
    keep_s: float = 90 * DAY_S
    history_bytes: float = 256e6


@dataclass(frozen=True, slots=True)
class Projection:
    """What a fleet needs.

    Args:
        second: of all pairs and processes, on average.
        idle_second: the same without any edit.
        connections: at rest.
        connections_max: with every thread at work.
        database_bytes: records, and as much history as is kept.
        process_bytes: memory of each process.
        cores, database_cores: busy ones, of all processes and of the database.
        import_s: CPU of all processes until all records were created, at first.
        import_wal_bytes: that the import logs.
        takeover_s: until all pairs of a process that died are ready again, its lease included.
    """

    second: Work
    idle_second: Work
    connections: float
    connections_max: float
    database_bytes: float
    process_bytes: float
    cores: float
    database_cores: float
    import_s: float
    import_wal_bytes: float
    takeover_s: float


def projected(costs: UnitCosts, fleet: Scenario) -> Projection:
    """What such a fleet needs at such costs."""
    edits = fleet.pairs * fleet.edits_per_day / DAY_S
    idle = idle_second(costs, fleet)
    second = idle + edits * costs.edit
    each = fleet.pairs / fleet.processes
    kept = min(fleet.history_bytes, fleet.edits_per_day * fleet.keep_s / DAY_S * costs.edit_bytes)
    records = fleet.pairs * fleet.records
    return Projection(
        second=second,
        idle_second=idle,
        connections=fleet.processes * costs.connections,
        # One more for the sign of life.
        connections_max=fleet.processes * (fleet.connections + 1.0),
        database_bytes=records * costs.record_bytes + fleet.pairs * kept,
        process_bytes=costs.process_bytes + each * costs.pair_bytes,
        cores=second.cpu_s,
        database_cores=second.database_cpu_s,
        import_s=records * costs.record.cpu_s,
        import_wal_bytes=records * costs.record.wal_bytes,
        # The lease ends, the others notice, and start those pairs and as many that move along.
        takeover_s=fleet.lease_s * (1 + 1 / fleet.renewals)
        + 2 * each / max(1, fleet.processes - 1) * costs.start_s,
    )


def idle_second(costs: UnitCosts, fleet: Scenario) -> Work:
    """What a second costs all pairs and processes together while nobody edits anything."""
    renewals = fleet.renewals / fleet.lease_s
    # A sweep asks at least once, and an audit reads all pages; each shows about what a poll does.
    looks = 1 / fleet.sweep_s + max(
        1 / fleet.sweep_s, fleet.records / fleet.page_size / fleet.audit_s
    )
    pair = (
        costs.idle_second + 1 / fleet.interval_s * costs.poll + renewals * costs.renewal
    ) + Work(source_requests=looks)
    beats = fleet.processes * renewals
    beat = costs.beat + Work(wal_bytes=fleet.pairs * costs.beat_wal_bytes)
    return fleet.pairs * pair + beats * beat
