"""Asking: how soon a question is answered beside many linked records, and what the page costs.

One person is on the People tab of all of them, which is the most that one answer may have to read.
A bulk import is done with and without somebody who looks at the page all the while. What it costs
is the CPU time of the service, which other work on the machine moves little: what the page takes of
it, the import lacks.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import httpx

from engine.store.sqlite import statefile
from tests.benchmarks.planted import FIRST_ID, plant_linked
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, Stage, proc_cpu_s, stage

WHY_MS_MAX = 200.0
PAGE_MS_MAX = 300.0
SLOWER_MAX = 0.03
SYNCED = 20
START_S = 60.0
IMPORT_S = 600.0
ANSWERS = 20
WORKERS = 16
LATENCY_S = 0.02
# The page is looked at so often; whoever leaves it open reloads it by hand.
LOOKS_EVERY_S = 2.0
# How far an import is may be asked less often: nothing is timed by it.
LOOK_S = 0.25


def measure(linked: int, creates: int, *, repeat: int) -> list[Figure]:
    """Answers beside so many linked records, and an import of so many beside the page.

    Args:
        creates: of each import; to be some minutes' work at Outreach's pace, not a moment's.
    """
    with stage(Scene(rows=SYNCED)) as set_up:
        set_up.measured("once", str(set_up.config))
        plant_linked(set_up.state_dir, linked)
        person = _on_every_tab(set_up)
        with set_up.running():
            set_up.wait_until(lambda: _ready(set_up), "ready", START_S)
            answers = [
                _answer(set_up, "page", "the page", "/", PAGE_MS_MAX),
                _why(set_up, "why", "why of an opportunity", f"OPP-{FIRST_ID + 5}"),
                _why(set_up, "why_person", "why of somebody on every tab", person),
            ]
            command = _command_ms(set_up, person, repeat)
    alone, beside = _imports(creates, repeat)
    return [
        *(one for pair in answers for one in pair),
        Figure(
            "command",
            "wosync why --offline, from its start to its end",
            command,
            "ms",
            at_most=WHY_MS_MAX,
        ),
        Figure("alone", f"a create of an import of {creates:,}", alone, "ms of CPU"),
        Figure("beside", "the same beside the page", beside, "ms of CPU"),
        Figure("slower", "slower by", beside / alone - 1, "share", at_most=SLOWER_MAX),
    ]


def _ready(set_up: Stage) -> bool:
    return bool((set_up.status() or {}).get("ready"))


def _on_every_tab(set_up: Stage) -> str:
    """Put one of those who are planted on the People tab of all that is; returns who it is."""
    path = set_up.state_dir / statefile.FILE_NAME
    tab = json.dumps([[FIRST_ID, "Decision Maker"]], separators=(",", ":"))
    with contextlib.closing(statefile.connect(path)) as state:
        state.execute("UPDATE record SET tab = ? WHERE id >= ?", (tab, FIRST_ID))
    return f"PERS-{FIRST_ID}"


def _why(set_up: Stage, key: str, title: str, x: str) -> list[Figure]:
    return _answer(set_up, key, title, f"/page/why?x={x}&offline=1", WHY_MS_MAX)


def _answer(set_up: Stage, key: str, title: str, path: str, at_most: float) -> list[Figure]:
    took: list[float] = []
    for _ in range(ANSWERS):
        began = time.monotonic()
        answer = set_up.http.get(f"{set_up.service_url}{path}")
        took.append((time.monotonic() - began) * 1000)
        if answer.status_code != 200:
            raise BenchmarkFailed(f"{path} was answered with {answer.status_code}")
    return [
        Figure(key, title, median(took), "ms", at_most=at_most),
        Figure(f"{key}_worst", "… the slowest", max(took), "ms", at_most=at_most),
    ]


def _command_ms(set_up: Stage, x: str, repeat: int) -> float:
    program = Path(sys.executable).with_name("wosync")
    command = [program, "why", x, "--offline", "--config"]
    took: list[float] = []
    for _ in range(repeat):
        began = time.monotonic()
        subprocess.run([*command, str(set_up.config)], capture_output=True, check=False)
        took.append((time.monotonic() - began) * 1000)
    return median(took)


def _imports(creates: int, repeat: int) -> tuple[float, float]:
    """CPU milliseconds for each create, without and with the page; medians of rounds in turn."""
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(repeat):
        alone.append(_import(creates, lambda _: None))
        beside.append(_import(creates, _look))
    return median(alone), median(beside)


def _import(creates: int, look: Callable[[str], None]) -> float:
    scene = Scene(rows=creates, workers=WORKERS, latency_s=LATENCY_S)
    over = threading.Event()
    with stage(scene) as set_up, set_up.running() as service:
        set_up.wait_until(lambda: set_up.status() is not None, "the service answers", START_S)

        def looks() -> None:
            while not over.wait(LOOKS_EVERY_S):
                look(set_up.service_url)

        began = proc_cpu_s(service.pid)
        watcher = threading.Thread(target=looks)
        watcher.start()
        try:
            set_up.wait_until(
                lambda: set_up.ledger()["creates"] >= creates,
                "all are created",
                IMPORT_S,
                look_s=LOOK_S,
            )
        finally:
            over.set()
            watcher.join()
        return (proc_cpu_s(service.pid) - began) / creates * 1000


def _look(url: str) -> None:
    httpx.get(url, timeout=START_S, trust_env=False)
