"""Fixtures every test may use, and how the property tests search.

A busy machine must not fail a search for being slow, so Hypothesis judges neither the time of one
example nor that of drawing it.
"""

from __future__ import annotations

import signal

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.searching import examples
from tests.unsteady import ENDED

settings.register_profile(
    "wosync",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(100),
)
settings.load_profile("wosync")

# Left alone, the library lays out every local variable of a traceback: seconds of work in which the
# event loop stands still, and with it everything a test waits for.
for _processor in structlog.get_config()["processors"]:
    if isinstance(_processor, structlog.dev.ConsoleRenderer):
        _processor.exception_formatter = structlog.dev.plain_traceback


# What a shell runs in the background ignores Ctrl-C, and so would every process a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """The store runs on asyncio only, so the tests do too."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests come first, so that short ones fill the other processes beside them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
