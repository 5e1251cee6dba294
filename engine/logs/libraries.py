"""What libraries and the interpreter say, as lines like the engine's own.

Only warnings and worse: the info lines of HTTP libraries print whole addresses.
"""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

import structlog

_LEVELS = (logging.WARNING, logging.ERROR, logging.CRITICAL)


class _Handler(logging.Handler):
    """Hands a record of the standard library on to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # The library's own mistake; what it meant to say counts more.
            said = str(record.msg)
        structlog.get_logger(component=record.name).log(
            max(level for level in _LEVELS if level <= max(record.levelno, logging.WARNING)),
            "library_message",
            reason=said.strip(),
            **({"exc_info": record.exc_info} if record.exc_info else {}),
        )


def listen() -> None:
    """Take over the standard library's logging, Python's warnings, and errors nobody caught."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Handler()], force=True)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    _log_uncaught((kind, error, traceback))


def _uncaught_in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is None:
        return
    name = caught.thread.name if caught.thread else "unknown"
    _log_uncaught((caught.exc_type, caught.exc_value, caught.exc_traceback), thread=name)


def _log_uncaught(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None], **where: str
) -> None:
    structlog.get_logger(component="process").critical("crashed", exc_info=exc_info, **where)
