"""Structured logs: one line per event, journald priorities, repeats folded, and no secret ever.

Lines go to standard error, so that standard output stays free for results. Correlation is by
structlog's context variables, which every line carries.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import structlog

from engine.clock import SystemClock
from engine.logs import libraries
from engine.logs.folding import Event, Folding
from engine.logs.shaping import FIELD_CHARS_MAX, LINE_CHARS_MAX, AsConsole, Shaper, as_json
from engine.logs.writing import Lines, WithPriority
from engine.redaction import MASK, keep_secret, redact
from engine.streams import under_journald

__all__ = [
    "FIELD_CHARS_MAX",
    "LINE_CHARS_MAX",
    "MASK",
    "configure",
    "drain",
    "dropped",
    "flush",
    "flush_repeats",
    "keep_secret",
    "redact",
    "rehearsing",
    "set_level",
]


class _Logger(structlog.BoundLoggerBase):
    """What every `structlog.get_logger` becomes; its methods are those of the level in force."""


rehearsing: ContextVar[bool] = ContextVar("rehearsing", default=False)
"""Whether what is done is only a rehearsal: what it says was not done, so it is not said."""


def _unless_rehearsing(_logger: Any, _name: str, event: Event) -> Event:
    """Let the line pass; of a rehearsal only what nobody foresaw."""
    if rehearsing.get() and "exc_info" not in event:
        raise structlog.DropEvent
    return event


@dataclass(slots=True)
class _Way:
    """The way of a line from the folding to the stream."""

    folding: Folding
    shape: Shaper
    render: Callable[[Any, str, Event], str]
    lines: Lines

    def fold(self, _logger: Any, _name: str, event: Event) -> Event:
        """Let the line pass, or count it."""
        passes, before = self.folding.passes(event)
        self.say(before)
        if not passes:
            raise structlog.DropEvent
        return event

    def say(self, folded: Iterable[Event]) -> None:
        """Write the lines that stand for others."""
        for event in folded:
            self.lines.msg(_line(event, self.shape, self.render))


def _line(event: Event, shape: Shaper, render: Callable[[Any, str, Event], str]) -> str:
    """A line of our own, said at the present moment."""
    name = str(event.get("level"))
    return render(None, name, shape(None, name, _TIME(None, name, event)))


_TIME = structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")
_way: _Way | None = None


def configure(
    level: str,
    form: Literal["auto", "json", "console"],
    stream: TextIO | None = None,
    passed_s: Callable[[], float] | None = None,
) -> None:
    """Set up structlog, and the standard library's logging for what libraries say.

    Args:
        form: "auto" is readable on a terminal and JSON elsewhere.
        stream: standard error when left out.
        passed_s: seconds of a clock that only goes forward, for the folding of repeats.
    """
    global _way  # noqa: PLW0603 # as global as structlog's own configuration
    if _way is not None:
        # What was said on the former way is not lost with it.
        flush()
        _way.lines.close()
    out: TextIO = stream if stream is not None else sys.stderr
    shape, render = Shaper(plain_mails=_number(level) <= logging.DEBUG), _renderer(form, out)

    def dropped(number: int) -> str:
        event: Event = {"level": "warning", "event": "lines_dropped", "component": "logs"}
        reason = "nobody has read standard error in time"
        return _line(event | {"lines": number, "reason": reason}, shape, render)

    lines = Lines(out, dropped)
    _way = _Way(Folding(passed_s or SystemClock().now), shape, render, lines)
    structlog.configure(
        processors=[
            _unless_rehearsing,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _TIME,
            structlog.processors.format_exc_info,
            _way.fold,
            _way.shape,
            _way.render,
        ],
        wrapper_class=_Logger,
        logger_factory=lambda *_: lines,
        # A kept logger would go on writing where it wrote first.
        cache_logger_on_first_use=False,
    )
    set_level(level)
    libraries.listen()
    atexit.unregister(flush)
    atexit.register(flush)


def set_level(level: str) -> None:
    """Let lines of this level and worse pass from now on; what is being folded stays counted."""
    number = _number(level)
    # Loggers may be kept by whoever uses them, so it is their class that changes.
    for name, member in vars(structlog.make_filtering_bound_logger(number)).items():
        if callable(member) and not name.startswith("__"):
            setattr(_Logger, name, member)
    if _way is not None:
        _way.shape.plain_mails = number <= logging.DEBUG


def flush_repeats() -> None:
    """Write the count of repeats whose window is over; to be called every few seconds."""
    if _way is not None:
        _way.say(_way.folding.ended())


def flush() -> None:
    """Write the count of all repeats and what still waits, at the end of the process.

    A reader that does not read is waited for no longer than `engine.streams.PATIENCE_S`.
    """
    if _way is not None:
        _way.say(_way.folding.all())
        _way.lines.drain()


def drain() -> None:
    """Have what was said so far written, so that what is said elsewhere comes behind it."""
    if _way is not None:
        _way.lines.drain()


def dropped() -> int:
    """Lines that nobody took since logging was set up."""
    return 0 if _way is None else _way.lines.dropped


def _renderer(form: str, out: TextIO) -> Callable[[Any, str, Event], str]:
    if form == "console" or (form == "auto" and out.isatty()):
        return AsConsole(colours=out.isatty() and "NO_COLOR" not in os.environ)
    return WithPriority(as_json) if under_journald(out) else as_json


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
