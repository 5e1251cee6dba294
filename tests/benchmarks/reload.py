"""Reload: how long one takes while everybody works, and whether a record is lost or sent twice.

The number of syncers goes down and up again while creates are under way.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from statistics import median

from engine.service.control import tokens_in
from engine.service.headers import TOKEN
from tests.benchmarks.report import Figure
from tests.benchmarks.stage import BenchmarkFailed, Scene, Stage, stage

RELOAD_S_MAX = 1.0
# The first reload comes when this share is created, and no more come once this share is left.
WARM = 0.1
LEFT = 0.2
PAUSE_S = 0.5
LOOK_S = 0.02
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class _Reload:
    """Seconds from the request to its answer, and until as many syncers work as it said."""

    answer_s: float
    effect_s: float


def measure(rows: int, *, workers: int, latency_s: float) -> list[Figure]:
    """Reload again and again while `rows` records are created by `workers` syncers, or half."""
    with stage(Scene(rows, latency_s, workers)) as set_up, set_up.running():
        set_up.wait_until(
            lambda: set_up.ledger()["creates"] > rows * WARM, "creates under way", PATIENCE_S
        )
        reloads: list[_Reload] = []
        sizes = (workers // 2, workers)
        while not reloads or set_up.ledger()["creates"] < rows * (1 - LEFT):
            reloads.append(_reload(set_up, sizes[len(reloads) % 2]))
            time.sleep(PAUSE_S)
        set_up.wait_until(lambda: _linked(set_up) >= rows, "everything linked", PATIENCE_S)
        sent = Counter(_correlations(set_up))
    answers = [reload.answer_s for reload in reloads]
    effects = [reload.effect_s for reload in reloads]
    repeated = sent.total() - len(sent)
    return [
        Figure("reloads", f"reloads while {rows:,} records are created", len(reloads), "reloads"),
        Figure("answer", "until answered, median", median(answers), "s"),
        Figure("answer_worst", "… worst", max(answers), "s", at_most=RELOAD_S_MAX),
        Figure("effect", "until so many workers, median", median(effects), "s"),
        Figure("effect_worst", "… worst", max(effects), "s", at_most=RELOAD_S_MAX),
        Figure("lost", "records lost", rows - len(sent), "records", at_most=0),
        Figure("repeated", "records created twice", repeated, "records", at_most=0),
    ]


def _reload(set_up: Stage, syncers: int) -> _Reload:
    set_up.set_syncers(syncers)
    began = time.monotonic()
    [token] = tokens_in([set_up.state_dir])
    answer = set_up.http.post(f"{set_up.service_url}/reload", headers={TOKEN: token})
    answer_s = time.monotonic() - began
    if not answer.json()["applied"]:
        raise BenchmarkFailed(f"the reload was refused: {answer.text}")
    sample = 'wosync_actor_workers{actor="opportunity_syncer"}'
    while set_up.metric(sample) != syncers:
        if time.monotonic() > began + PATIENCE_S:
            raise BenchmarkFailed(f"there are not {syncers} syncers")
        time.sleep(LOOK_S)
    return _Reload(answer_s, time.monotonic() - began)


def _linked(set_up: Stage) -> int:
    return (set_up.status() or {}).get("records", {}).get("linked", 0)


def _correlations(set_up: Stage) -> list[str]:
    """What each create said about which record it is for."""
    bodies: list[str] = set_up.http.get(f"{set_up.url('ledger')}/bodies").json()
    return [json.loads(body)["data"]["attributes"]["customId"] for body in bodies]
