"""Fixtures every test may use, how the property tests search, and what no test should pay for.

A busy machine must not fail a search for being slow, so Hypothesis judges neither the time of one
example nor that of drawing it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import ssl
from collections.abc import Generator
from functools import cache
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer  # pyright: ignore[reportMissingTypeStubs]
from xdist.scheduler import LoadGroupScheduling  # pyright: ignore[reportMissingTypeStubs]

from engine.store.sqlite import statefile
from tests import fresh, plainlog
from tests import postgres as its_server
from tests.scratch import scratch
from tests.searching import examples
from tests.unsteady import ENDED

settings.register_profile(
    "wosync",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(100),
)
settings.load_profile("wosync")

plainlog.configure()

# What a shell runs in the background ignores Ctrl-C, and so would every process a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests make few cycles; looking for them among ten thousand collected tests takes its time.
GARBAGE_THRESHOLD = 20_000

# Where no test takes long.
SHORT = ("tests/unit/", "tests/contract/", "tests/mutants/", "tests/test_")

if (_scratch := scratch()) is not None:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _scratch)


@pytest.fixture(scope="session", autouse=True)
def authorities_read_once() -> Generator[None]:
    """Whoever makes an HTTP client reads every authority there is, even to ask by plain HTTP."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session", autouse=True)
def fresh_states_copied() -> Generator[None]:
    """Hundreds of tests begin with no state; see `tests.fresh`."""
    with fresh.copied():
        yield


@pytest.fixture(scope="session")
def unpooled(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """How to reach a PostgreSQL server without a pooler; see `tests.postgres`."""
    beneath = tmp_path_factory.getbasetemp()
    # Each process of a run has a directory of its own there.
    shared = beneath.parent if "PYTEST_XDIST_WORKER" in os.environ else beneath
    with contextlib.ExitStack() as stack:
        try:
            reached = stack.enter_context(its_server.server(shared))
        except its_server.NoServer as missing:
            _excused(missing)
        yield reached


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """How to reach a PostgreSQL server: through a pooler where that is asked for."""
    through = "pooled" if os.environ.get(its_server.THROUGH_POOLER) else "unpooled"
    return request.getfixturevalue(through)


@pytest.fixture(scope="session")
def pooled(unpooled: str) -> Generator[str]:
    """How to reach that server through a pooler; see `tests.pooler`."""
    # Whoever asks no database needs no driver.
    from tests import pooler

    with contextlib.ExitStack() as stack:
        try:
            reached = stack.enter_context(pooler.pooled(unpooled))
        except pooler.NoPooler as missing:
            _excused(missing)
        yield reached


def _excused(missing: Exception) -> NoReturn:
    """Skip for want of a program; in CI, where `.ci/run` installs it, that is no excuse."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))


@pytest.fixture(autouse=True)
def log_restored() -> Generator[None]:
    """What a test makes of the log ends with it; see `tests.plainlog`."""
    with plainlog.restored():
        yield


@pytest.fixture
def every_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of how a state comes about: a fresh one takes every step of the schema."""
    monkeypatch.setattr(statefile, "prepare", fresh.migrated)


@pytest.fixture
def anyio_backend() -> str:
    """The store runs on asyncio only, so the tests do too."""
    return "asyncio"


def pytest_collection() -> None:
    """Nothing that is collected now is garbage."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What was collected stays until the end, and the little that does not is not looked for."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(GARBAGE_THRESHOLD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests come first, so that short ones fill the other processes beside them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    """Tests of a millisecond are handed out file by file: to ask for each takes longer than it."""
    return ByFile(config, log) if config.getoption("dist") == "loadgroup" else None


class ByFile(LoadGroupScheduling):
    """Short tests of one file go to one process, one after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return (
            nodeid.partition("::")[0] if nodeid.startswith(SHORT) else super()._split_scope(nodeid)
        )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test sums up in its property `summary` is shown, however many processes there are."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(f"{report.nodeid.split('::')[0]}: {value}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What a run ended with is kept, for whoever judges its failures."""
    cache = getattr(session.config, "cache", None)
    if cache is not None and not hasattr(session.config, "workerinput"):
        cache.set(ENDED, int(exitstatus))
