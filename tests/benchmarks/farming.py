"""Farm: what many pairs cost that one process works on, and who waits for whom.

With both systems of all pairs and the database on the same machine. The pairs poll every minute;
every two seconds where one of ten imports many records while the others are edited.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.fleets import Farm, farm
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, proc_status_mb
from tests.benchmarks.statistics import SAID_S, Counted, made, server
from tests.farm import name_of

CORE_PERCENT_MAX = 0.1
MB_MAX = 3.0
TRANSACTIONS_MAX = 1.0
INTERVAL_S = 60.0
BESIDE, BESIDE_INTERVAL_S = 10, 2.0
# Outreach is asked nothing for so long when what was there at first is in it.
DRAINED_S = 10.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done to find out.

    Args:
        records: that each of them imports at first.
        settle_s: Outreach must have been asked nothing for so long before pairs are idle.
        window_s: for how long idle pairs are looked at, seconds.
        imported: records that one pair imports while the others are edited.
        edits: in the others, one after the other.
    """

    pairs: int
    records: int
    settle_s: float
    window_s: float
    imported: int
    edits: int


def measure(size: Size) -> list[Figure]:
    """Find out.

    Raises:
        BenchmarkFailed: something did not work.
    """
    with server() as home:
        many, few = (made(home, name, statements=False) for name in ("many", "few"))
        return [*_shared(many, size), *_fair(few, size)]


def _shared(database: Counted, size: Size) -> list[Figure]:
    pairs = size.pairs
    with farm(database, pairs, INTERVAL_S, "--records", str(size.records)) as planted:
        with planted.fleet() as (_, first_s):
            planted.settle(DRAINED_S)
        with planted.fleet() as (one, start_s):
            planted.settle(size.settle_s)
            time.sleep(SAID_S)
            idle = planted.window(database, one.id, size.window_s)
            whole_mb = proc_status_mb(one.id, "VmRSS")
            with planted.process() as other:
                planted.until(lambda: other.ready() is not None, "the other answers")
                evenly_s = planted.all_ready(one, other, evenly=True)
                half_mb = proc_status_mb(other.id, "VmRSS")
                other.kill()
                taken_over_s = planted.all_ready(one)
    pair_mb = (whole_mb - half_mb) / (pairs - pairs // 2)
    core_percent = idle.cpu_s * 100 / pairs
    database_percent = idle.database_cpu_s * 100 / pairs
    return [
        Figure("first", f"{pairs} pairs ready, with their first import", first_s, "s"),
        Figure("start", "… after a start", start_s, "s"),
        Figure("idle", "an idle pair", core_percent, "% core", at_most=CORE_PERCENT_MAX),
        Figure("idle_database", "… of it in the database", database_percent, "% core"),
        Figure(
            "transactions",
            "… transactions",
            idle.transactions / pairs,
            "1/s",
            at_most=TRANSACTIONS_MAX,
        ),
        Figure("memory", "… memory", pair_mb, "MB", at_most=MB_MAX),
        Figure("process", f"a process with {pairs}", whole_mb, "MB"),
        Figure("evenly", "shared evenly after another one answers", evenly_s, "s"),
        Figure("taken_over", "all ready again after it was killed", taken_over_s, "s"),
    ]


def _fair(database: Counted, size: Size) -> list[Figure]:
    """How long edits take beside an import, and beside nothing."""
    with farm(database, BESIDE, BESIDE_INTERVAL_S, "--bulk", "20") as planted, planted.fleet():
        planted.settle(DRAINED_S)
        alone = _lags(planted, size.edits)
        _import(planted, size.imported)
        before, began = planted.requests().target_requests, time.monotonic()
        beside = _lags(planted, size.edits)
        rate = (planted.requests().target_requests - before) / (time.monotonic() - began)
    return [
        Figure("edit", f"an edit, polled every {BESIDE_INTERVAL_S:g} s", median(alone), "s"),
        Figure("edit_worst", "… at worst", max(alone), "s"),
        Figure("beside", "… while another pair imports", median(beside), "s"),
        Figure("beside_worst", "… at worst", max(beside), "s"),
        Figure("rate", "… requests to Outreach meanwhile", rate, "1/s"),
    ]


def _import(planted: Farm, records: int) -> None:
    """Have the first pair find so many new records."""
    control = planted.told[name_of(1)]["control"]
    for number in range(records):
        row = {"description": f"Imported {number}", "cf_opportunity_sync_to_outreach": True}
        planted.http.post(f"{control}/workbooks/opportunities", json=row).raise_for_status()


def _lags(planted: Farm, edits: int) -> list[float]:
    """Seconds from each edit in one of the others until it is in Outreach, one after the other."""
    pairs = [_Edited.found(planted, name_of(number)) for number in range(2, BESIDE + 1)]
    return [pairs[number % len(pairs)].lag_s(f"Edit {number}") for number in range(edits)]


@dataclass(frozen=True, slots=True)
class _Edited:
    """A record of a pair, and where it is shown in both systems."""

    planted: Farm
    here: str
    there: str

    @classmethod
    def found(cls, planted: Farm, pair: str) -> _Edited:
        """One that is linked."""
        control = planted.told[pair]["control"]
        table = f"{control}/workbooks/opportunities"
        for number in planted.http.get(table).json()["ids"]:
            row = planted.http.get(f"{table}/{number}").json()
            if target := row.get("cf_opportunity_outreach_id"):
                there = f"{control}/outreach/opportunities/{target}"
                return cls(planted, f"{table}/{number}", there)
        raise BenchmarkFailed(f"nothing is linked in {pair}")

    def lag_s(self, text: str) -> float:
        """Edit it, and wait until that has arrived."""
        wanted = f"{text} at {time.monotonic():.3f}"
        http = self.planted.http
        http.patch(self.here, json={"description": wanted}).raise_for_status()

        def arrived() -> bool:
            return wanted in http.get(self.there).text

        return self.planted.until(arrived, "an edit arrives")
