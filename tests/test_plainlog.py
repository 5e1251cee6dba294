"""The log of one test does not get among what another test reads."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import pytest
import structlog

from engine import logs
from tests import plainlog


@pytest.mark.parametrize(
    "made",
    [
        structlog.reset_defaults,
        lambda: structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stdout)),
        lambda: logs.configure("debug", "json", sys.stdout),
    ],
    ids=["the library's defaults", "to stdout", "the service's"],
)
def test_whatever_a_test_made_of_the_log_the_next_finds_its_stdout_empty(
    made: Callable[[], None], capfd: pytest.CaptureFixture[str]
) -> None:
    """As the kind: each of these was undone by hand once, and once to the wrong thing."""
    with plainlog.restored():
        made()
    structlog.get_logger().info("something", record="OPP-1")
    logging.getLogger("httpx").warning("something else")
    assert capfd.readouterr().out == ""
