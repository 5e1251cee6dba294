"""Idle: how soon a service is ready, and what it takes of a core and of memory with nothing to do.

With the intervals of the default configuration; one poll falls into each window of a minute.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.planted import plant_linked
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import Scene, Stage, proc_cpu_s, proc_status_mb, stage

CORE_PERCENT_MAX = 0.5
RSS_MB_MAX = 80.0
SYNCED = 20
START_S = 60.0
# Start-up's own work: reference lists, the first poll, pools.
SETTLE_S = 4.0
SCRAPE_EVERY_S = 15.0


def measure(linked: int, window_s: float) -> list[Figure]:
    """Leave a service alone for so long: without and with linked records, and while scraped."""
    # Each has an own stage and idles, so both can at one time: it is their own CPU that is counted.
    with ThreadPoolExecutor() as both:
        small = both.submit(_figures, "small", f"{SYNCED} linked", 0, window_s)
        large = both.submit(_figures, "large", f"{linked:,} linked", linked, window_s)
        return [*small.result(), *large.result()]


def _figures(key: str, title: str, linked: int, window_s: float) -> list[Figure]:
    with stage(Scene(rows=SYNCED)) as set_up:
        set_up.measured("once", str(set_up.config))
        plant_linked(set_up.state_dir, linked)
        began = time.monotonic()
        with set_up.running() as process:
            set_up.wait_until(lambda: bool((set_up.status() or {}).get("ready")), "ready", START_S)
            ready_s = time.monotonic() - began
            time.sleep(SETTLE_S)
            alone = _core_percent(process.pid, window_s)
            scraped = _core_percent(process.pid, window_s, set_up)
            rss_mb = proc_status_mb(process.pid, "VmRSS")
            peak_mb = proc_status_mb(process.pid, "VmHWM")
    return [
        Figure(f"{key}_ready", f"ready after, {title}", ready_s, "s"),
        Figure(f"{key}_core", "… idle", alone, "% core", at_most=CORE_PERCENT_MAX),
        Figure(f"{key}_rss", "… resident memory", rss_mb, "MB", at_most=RSS_MB_MAX),
        Figure(f"{key}_peak", "… its peak", peak_mb, "MB"),
        Figure(f"{key}_scraped", f"… scraped every {SCRAPE_EVERY_S:g} s", scraped, "% core"),
    ]


def _core_percent(process_id: int, window_s: float, scraped: Stage | None = None) -> float:
    before, began = proc_cpu_s(process_id), time.monotonic()
    while (left_s := began + window_s - time.monotonic()) > 0:
        if scraped is not None:
            scraped.http.get(f"{scraped.service_url}/metrics").raise_for_status()
        time.sleep(min(left_s, SCRAPE_EVERY_S))
    return (proc_cpu_s(process_id) - before) / (time.monotonic() - began) * 100
