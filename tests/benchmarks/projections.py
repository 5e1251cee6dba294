"""Projections: what a thousand pairs with ten million records would need, from measured unit costs.

The unit costs are this machine's and this version's; what follows from them is calculated, and
`tests.simulation.fleets` plays the same fleet on virtual time.
"""

from __future__ import annotations

from tests.benchmarks.projection import DAY_S, HOUR_S, Scenario, UnitCosts, Work, projected
from tests.benchmarks.report import Figure
from tests.benchmarks.unit_costs import PEOPLE, Effort, measured

FLEET = Scenario()


def measure(effort: Effort) -> list[Figure]:
    """Find out the unit costs, and what the fleet needs at such."""
    costs = measured(effort)
    return [*_units(costs), *_needs(costs, FLEET)]


def _units(costs: UnitCosts) -> list[Figure]:
    return [
        *_work("record", f"a record with {PEOPLE} people", costs.record),
        Figure("record_bytes", "… in the database", costs.record_bytes, "bytes"),
        *_work("edit", "an edit that comes alone", costs.edit),
        Figure("edit_bytes", "… in the history", costs.edit_bytes, "bytes"),
        *_work("poll", "a poll that shows nothing", costs.poll),
        *_work("idle", "a minute of a pair besides", 60 * costs.idle_second),
        Figure("renewal_wal", "a renewal of a lease", costs.renewal.wal_bytes, "bytes logged"),
        Figure("renewal_dead", "… rows that die", costs.renewal.dead_rows, ""),
        Figure("renewal_cpu", "… CPU of the database", 1000 * costs.renewal.database_cpu_s, "ms"),
        Figure("beat_transactions", "a sign of life of a process", costs.beat.transactions, "tx"),
        Figure("beat_wal", "… for each pair it knows", costs.beat_wal_bytes, "bytes logged"),
        Figure("process", "memory of a process", costs.process_bytes / 1e6, "MB"),
        Figure("pair", "… for each pair", costs.pair_bytes / 1e6, "MB"),
        Figure("connections", "connections of a process at rest", costs.connections, ""),
        Figure("start", "a pair is ready after, where many start", costs.start_s, "s"),
    ]


def _work(key: str, title: str, work: Work) -> list[Figure]:
    return [
        Figure(f"{key}_transactions", title, work.transactions, "transactions"),
        Figure(f"{key}_statements", "… statements", work.statements, ""),
        Figure(f"{key}_wal", "… logged by the database", work.wal_bytes, "bytes"),
        Figure(f"{key}_dead", "… rows that die", work.dead_rows, ""),
        Figure(f"{key}_vacuumed", "… of them for vacuum", work.vacuumed_rows, ""),
        Figure(f"{key}_workbooks", "… requests to Workbooks", work.source_requests, ""),
        Figure(f"{key}_outreach", "… requests to Outreach", work.target_requests, ""),
        Figure(f"{key}_cpu", "… CPU", 1000 * work.cpu_s, "ms"),
        Figure(f"{key}_database_cpu", "… CPU of the database", 1000 * work.database_cpu_s, "ms"),
    ]


def _needs(costs: UnitCosts, fleet: Scenario) -> list[Figure]:
    needs = projected(costs, fleet)
    second, idle = needs.second, needs.idle_second
    records = fleet.pairs * fleet.records
    title = f"{fleet.pairs:,} pairs, {records:,} records, {fleet.processes} processes: connections"
    return [
        Figure("fleet_connections", title, needs.connections, "at rest"),
        Figure("fleet_connections_max", "… at most", needs.connections_max, ""),
        Figure("fleet_transactions_idle", "… transactions, idle", idle.transactions, "1/s"),
        Figure("fleet_transactions", "… transactions", second.transactions, "1/s"),
        Figure("fleet_statements", "… statements", second.statements, "1/s"),
        Figure("fleet_wal", "… logged in a day", second.wal_bytes * DAY_S / 1e9, "GB"),
        Figure("fleet_dead", "… rows that die in an hour", second.dead_rows * HOUR_S, ""),
        Figure("fleet_vacuumed", "… of them for vacuum", second.vacuumed_rows * HOUR_S, ""),
        Figure("fleet_database", "… size of the database", needs.database_bytes / 1e9, "GB"),
        Figure("fleet_workbooks", "… requests to Workbooks", second.source_requests, "1/s"),
        Figure("fleet_outreach", "… requests to Outreach", second.target_requests, "1/s"),
        Figure("fleet_memory", "… memory of a process", needs.process_bytes / 1e6, "MB"),
        Figure("fleet_cores", "… busy cores of all processes", needs.cores, ""),
        Figure("fleet_database_cores", "… busy cores of the database", needs.database_cores, ""),
        Figure("fleet_import", "… CPU of the first import", needs.import_s / HOUR_S, "h"),
        Figure("fleet_import_wal", "… logged by it", needs.import_wal_bytes / 1e9, "GB"),
        Figure("fleet_takeover", "… until a dead one's are ready", needs.takeover_s, "s"),
    ]
