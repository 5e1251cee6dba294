"""What the templates are given, gathered from the same documents as the commands print."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.assembly.assembly import Assembly
from engine.model.dossier import Listed
from engine.model.sample import HOUR_S, MINUTE_S
from engine.service.addresses import source_url, target_url
from engine.service.page.chart import DAY_S, chart
from engine.service.status import Status

# Records on one page of a list; samples of what the fuse holds.
ROWS_MAX = 50
SAMPLES_MAX = 10
# Pages behind this one are not asked for: a list so long is read by reason, or by a program.
PAGES_MAX = 10_000
# How bad each verdict is, as the style sheet calls it.
TONES = {
    "works": "well",
    "works in part": "part",
    "waits": "part",
    "stands still": "still",
    "not known": "unknown",
}
LISTS: Mapping[str, tuple[str, str]] = {
    "waiting": ("Waiting", "what is due, or waits for something"),
    "held": ("Held", "what a change of many records at once holds until it is approved"),
    "refused": ("Refused", "what somebody has to mend first"),
    "doubt": ("In doubt", "what may have been created, and is looked for"),
    "vanished": ("Vanished", "what the source shows no more"),
    "people": ("People", "people who are held back"),
    "skipped": ("Skipped", "what an operator has told the service to leave alone"),
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """Requests of one window: what is left of what is allowed; None without a limit."""

    name: str
    limit: int | None
    left: int | None
    share: int
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list, with where it is in both systems."""

    record: Listed
    target_url: str | None
    source_url: str | None


async def overview(status: Status, now: float) -> dict[str, Any]:
    """The first page."""
    assembly = status.assembly
    document = await status.document()
    report = assembly.store.report
    samples = await report.samples(MINUTE_S, int(now) - DAY_S)
    worst = max(document["verdicts"], key=lambda one: _BADNESS.index(TONES[one["verdict"]]))
    others = [
        one
        for verdict in document["verdicts"]
        for one in verdict["matters"][1 if verdict is worst else 0 :]
    ]
    approval = document["approval"]
    held = await rows(assembly, "held", 0, SAMPLES_MAX) if approval["needed"] else []
    return {
        "document": document,
        "worst": worst,
        "others": others,
        "tones": TONES,
        "lag": chart([(one.at, one.lag_s) for one in samples], now),
        "backlog": chart([(one.at, one.backlog) for one in samples], now),
        "hours": [
            one
            for one in await report.samples(HOUR_S, int(now) - DAY_S)
            if one.lag_s or one.backlog
        ],
        "held": held,
        "budget": budget(assembly, now),
    }


_BADNESS = ("well", "unknown", "part", "still")


async def rows(assembly: Assembly, kind: str, offset: int, limit: int) -> list[Row]:
    """So many records of a list."""
    found = await assembly.store.dossiers.part(kind, offset, limit)
    config = assembly.config
    return [Row(one, target_url(config, one), source_url(config, one)) for one in found]


def budget(assembly: Assembly, now: float) -> list[Allowance]:
    """What may still be sent to the target, by window."""
    spent = assembly.systems.target_governor.budget
    resets_at = spent.window.reset_at if (spent.window.reset_at or 0) > now else None
    windows = (
        ("This hour", spent.hour(now), resets_at),
        ("The last 365 days", spent.year(now), None),
    )
    return [
        Allowance(
            name,
            None if math.isinf(limit) else int(limit),
            None if math.isinf(left) else int(left),
            100 if math.isinf(limit) or limit <= 0 else int(100 * left / limit),
            resets,
        )
        for name, (limit, left), resets in windows
    ]
