"""What the engine's log is while tests run, and how what a test makes of it ends with the test.

Left alone, structlog prints to stdout, which belongs to what a command says: a test that reads a
command's words must not find the log among them, whichever test ran before it in the same process.
And it paints every line, and lays out every local variable of a traceback: time in which the event
loop stands still, and with it everything a test waits for.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

import structlog


def configure() -> None:
    """Plain lines on stderr, however the log is set up now."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
        context_class=dict,
        logger_factory=structlog.PrintLoggerFactory(sys.__stderr__),
        cache_logger_on_first_use=False,
    )


@contextmanager
def restored() -> Generator[None]:
    """Whatever is made of the log inside, it is plain again afterwards, as are Python's hooks."""
    root = logging.getLogger()
    before = root.level, root.handlers[:], sys.excepthook, threading.excepthook
    yield
    configure()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(False)
    root.level, root.handlers[:], sys.excepthook, threading.excepthook = before
