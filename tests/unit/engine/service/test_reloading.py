"""Reloading a whole assembly of which nothing is sent: all of a file is in force, or nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from engine import logs
from engine.assembly.assembly import Assembly
from engine.assembly.environment import Environment
from engine.assembly.opening import opened
from engine.config import loading as configuration
from engine.service.reloading import Reloaded, Reloader
from tests.unit.engine.service.test_gauges import Looked, looking
from tests.unit.engine.stand_ins import FakeClock

pytestmark = pytest.mark.anyio

# Every setting that can change while the service runs, by the tables of the file.
TUNED = {
    "service": {"log_level": "warning"},
    "workbooks": {"page_size": 17, "requests_in_flight_max": 3},
    "outreach": {"requests_in_flight_max": 5},
    "outreach.budget": {"per_hour": 700, "reserve": 70, "per_year": 7000, "fresh_share": 0.3},
    "poller": {
        "interval_s": 7,
        "overlap_s": 8,
        "sweep_interval_s": 90,
        "mapping_interval_s": 75,
        "audit_interval_s": 800,
    },
    "owners": {"ttl_s": 50},
    "concurrency": {"opportunity_syncers": 6, "relationship_syncers": 1, "write_backs": 2},
    "write_back": {"batch_max": 9, "linger_ms": 30},
    "retry": {"attempts_max": 5, "base_s": 0.5, "cap_s": 9},
    "history": {"keep_days": 30, "max_mb": 12},
}
KEYS = {f"{table}.{key}": value for table, keys in TUNED.items() for key, value in keys.items()}


def writes(path: Path, *, beside: str = "") -> None:
    """Somebody tunes all of it, and writes something beside it."""
    text = path.read_text(encoding="utf-8")
    for table, keys in TUNED.items():
        lines = "".join(f"{key} = {str_of(value)}\n" for key, value in keys.items())
        header = f"[{table}]\n"
        text = text.replace(header, header + lines) if header in text else text + header + lines
    path.write_text(text + beside, encoding="utf-8")


def str_of(value: float | str) -> str:
    """As TOML writes it."""
    return f'"{value}"' if isinstance(value, str) else str(value)


@asynccontextmanager
async def at_work(assembly: Assembly) -> AsyncGenerator[None]:
    """The three pools wait for something to do, for the block."""
    async with anyio.create_task_group() as tasks:
        for pool in pools(assembly):
            tasks.start_soon(pool.run)
        await checkpoint()
        yield
        tasks.cancel_scope.cancel()


def pools(assembly: Assembly) -> Iterator[Any]:
    """Those whose number is a setting."""
    yield assembly.opportunity_syncers
    yield assembly.relationship_syncers
    yield assembly.write_back_workers


def in_force(assembly: Assembly) -> dict[str, Any]:
    """By what everybody works whose work can be tuned."""
    source, target = assembly.systems.source_governor, assembly.systems.target_governor
    return {
        "poller": (assembly.poller.limits, assembly.poller.pace.interval_s),
        "poller's backoff": assembly.poller.backoff,
        "people poller": assembly.people_poller.limits,
        "audit": (assembly.auditor.page_size, assembly.auditor.share),
        "mapping": assembly.mapping_reader.pace.interval_s,
        "owners": (assembly.owner_resolver.rules, assembly.owner_resolver.pace.interval_s),
        "accounts": assembly.account_resolver.pace.interval_s,
        "prospects": (assembly.prospect_resolver.rules, assembly.prospect_resolver.pace.interval_s),
        "source": (source.in_flight_max, source.backoff),
        "target": (target.in_flight_max, target.backoff, target.limits),
        "budget": target.budget.limits,
        "history": assembly.config.engine.history,
        "workers": [
            (pool.actor, [worker.limits for worker in pool.workers]) for pool in pools(assembly)
        ],
    }


async def reloaded(looked: Looked) -> Reloaded:
    """As a signal or a command does it."""
    return await Reloader(looked.assembly).reload()


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log levels that were put in force."""
    said: list[str] = []
    monkeypatch.setattr(logs, "set_level", said.append)
    return said


async def test_a_reload_gives_what_a_restart_would_give(tmp_path: Path, levels: list[str]) -> None:
    """Whoever tunes until it fits must not find something else after the next update."""
    async with looking(tmp_path) as looked, at_work(looked.assembly):
        before, path = in_force(looked.assembly), looked.assembly.config.path
        writes(path)
        outcome = await reloaded(looked)
        await checkpoint()
        after = in_force(looked.assembly)
    environment = Environment(FakeClock(), "restart", {})
    async with opened(configuration.load(path), environment) as assembly, at_work(assembly):
        restarted = in_force(assembly)

    said = dict(change.split(": ") for change in outcome.changes)
    assert {key: values.split()[-1] for key, values in said.items()} == {
        key: str(value) for key, value in KEYS.items()
    }
    assert said["poller.interval_s"] == "60 → 7"
    assert [name for name in before if before[name] == after[name]] == []
    assert after == restarted
    assert levels == ["warning"]


async def test_a_reload_shows_in_the_metrics(tmp_path: Path, levels: list[str]) -> None:
    """The advice of `wosync tune` starts from what the metrics say is set."""
    async with looking(tmp_path) as looked:
        reloader = Reloader(looked.assembly)
        writes(looked.assembly.config.path)
        looked.clock.time += 60
        assert (await reloader.reload()).applied

        numbers = {key: value for key, value in KEYS.items() if not isinstance(value, str)}
        for key, value in numbers.items():
            assert looked.value("config_setting", setting=key) == value
        shown = [name for name, _ in looked.series() if name == "wosync_config_setting"]
        assert len(shown) == len(numbers)
        at = looked.value("config_last_reload_success_timestamp_seconds")
        assert at == looked.clock.time
        assert levels


@pytest.mark.parametrize("beside", ["[fuse]\nshare = 0.9\n", "[mailboxes]\nchanges = 9\n", "[\n"])
async def test_a_refused_file_changes_nothing_and_shows_in_the_metrics(
    tmp_path: Path, levels: list[str], beside: str
) -> None:
    """Half of it in force would be a service that nobody configured."""
    async with looking(tmp_path) as looked, at_work(looked.assembly):
        reloader, started_at = Reloader(looked.assembly), looked.clock.time
        before, config = in_force(looked.assembly), looked.assembly.config
        writes(config.path, beside=beside)
        looked.clock.time += 60
        outcome = await reloader.reload()

        assert (outcome.applied, outcome.changes) == (False, ())
        assert in_force(looked.assembly) == before
        assert looked.assembly.config is config
        assert levels == []
        assert looked.value("config_last_reload_successful") == 0
        assert looked.value("config_last_reload_success_timestamp_seconds") == started_at
        assert looked.value("config_setting", setting="poller.interval_s") == 60


async def test_another_secret_needs_a_restart_and_is_not_shown(tmp_path: Path) -> None:
    """The connections are signed in with the old one, perhaps as somebody else."""
    (tmp_path / "another").write_text("not-to-be-shown", encoding="utf-8")
    async with looking(tmp_path) as looked:
        path = looked.assembly.config.path
        text = path.read_text(encoding="utf-8")
        one = f'api_key = {{ file = "{tmp_path}/'
        path.write_text(text.replace(f"{one}secret", f"{one}another"), encoding="utf-8")
        outcome = await reloaded(looked)

    assert not outcome.applied
    assert "workbooks.api_key cannot change" in str(outcome.reason)
    assert "not-to-be-shown" not in str(outcome)
    assert logs.redact("signed in with not-to-be-shown") == f"signed in with {logs.MASK}"
