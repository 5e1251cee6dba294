"""Structured logs: one line per event, journald priorities, and no secret ever.

Lines go to standard error, so that standard output stays free for results.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Literal, TextIO

import structlog

# A line longer than this is cut by journald's readers; fields are shortened first.
FIELD_CHARS_MAX = 1000
MASK = "***"
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_known_secrets: set[str] = set()


def keep_secret(texts: Iterable[str]) -> None:
    """Never let these texts out in a log line; short ones would mask ordinary words."""
    _known_secrets.update(text for text in texts if len(text) >= 6)


def redact(text: str) -> str:
    """The text with every known secret masked."""
    # The longest first: one secret may be part of another, whose rest would be left to read.
    for secret in sorted(_known_secrets, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, MASK)
    return text


def configure(
    level: str, form: Literal["auto", "json", "console"], stream: TextIO | None = None
) -> None:
    """Set up structlog, and the standard library's logging for what libraries say.

    Args:
        form: "auto" is readable on a terminal and JSON elsewhere.
    """
    out: TextIO = stream if stream is not None else sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            _redacted,
            _renderer(form, out),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_number(level)),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    # Libraries speak only when something is wrong; their info lines would print whole URLs.
    logging.basicConfig(level=logging.WARNING, stream=out, force=True)


def _renderer(form: str, out: TextIO) -> Any:
    if form == "console" or (form == "auto" and out.isatty()):
        return structlog.dev.ConsoleRenderer(colors=out.isatty() and "NO_COLOR" not in os.environ)
    render = structlog.processors.JSONRenderer()
    return _Priority(render) if _under_journald(out) else render


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _redacted(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)[:FIELD_CHARS_MAX]
    return event


class _Priority:
    """Puts journald's priority before the line; journald strips it and keeps the number."""

    def __init__(self, render: Any) -> None:
        self._render = render

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        priority = _PRIORITY.get(event.get("level", "info"), _PRIORITY["info"])
        return f"<{priority}>{self._render(logger, name, event)}"


def _under_journald(stream: TextIO) -> bool:
    """Whether systemd connected this very stream to the journal (JOURNAL_STREAM names it)."""
    try:
        device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
        status = os.fstat(stream.fileno())
        return (str(status.st_dev), str(status.st_ino)) == (device, inode)
    except (OSError, ValueError):
        return False
