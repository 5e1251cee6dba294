"""A reader of standard error that stops: nobody waits for it, and what it misses is counted."""

from __future__ import annotations

import io
import json
import os
import select
import threading
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO

import pytest
import structlog

from engine import logs, streams
from engine.logs import writing
from engine.logs.folding import PASSING
from engine.logs.writing import Lines
from tests.waiting import DEADLINE_S

LINE = "x" * 1000


@dataclass
class Pipe:
    """A pipe by both its ends."""

    reader: int
    stream: TextIO

    def read_lines(self, number: int) -> list[str]:
        """So many lines, as soon as they have come."""
        read = b""
        while read.count(b"\n") < number:
            assert select.select([self.reader], [], [], DEADLINE_S)[0], read
            read += os.read(self.reader, 1000)
        return read.decode().splitlines()

    def read_all(self) -> list[str]:
        """Every line until the other end is closed."""
        with os.fdopen(os.dup(self.reader), "r", encoding="utf-8") as file:
            return file.read().splitlines()


@pytest.fixture
def pipe() -> Generator[Pipe]:
    """A pipe nobody reads yet."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield Pipe(reader, stream)
    os.close(reader)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few lines wait, for a short while."""
    monkeypatch.setattr(writing, "WAITING_MAX", 20)
    monkeypatch.setattr(writing, "PATIENCE_S", 0.05)
    monkeypatch.setattr(streams, "PATIENCE_S", 0.05)


def note(number: int) -> str:
    """The line about others."""
    return f"dropped {number}"


def test_a_full_pipe_keeps_nobody_waiting_and_every_line_is_accounted_for(pipe: Pipe) -> None:
    """The loop that says them feeds a watchdog."""
    lines = Lines(pipe.stream, note)
    for _ in range(500):
        lines.msg(LINE)
    lines.drain()
    assert lines.dropped > 300

    arrived: list[str] = []
    reading = threading.Thread(target=lambda: arrived.extend(pipe.read_all()))
    reading.start()
    while lines.waiting:
        lines.drain()
    lines.msg("the last")
    lines.close()
    lines.join(DEADLINE_S)
    pipe.stream.close()
    reading.join(DEADLINE_S)

    told = [int(line.split()[1]) for line in arrived if line.startswith("dropped")]
    assert sum(told) == lines.dropped
    assert arrived.count(LINE) + lines.dropped == 500
    assert arrived[-1] == "the last"


def test_lines_keep_their_order_and_are_written_before_the_end(pipe: Pipe) -> None:
    """A process that ends in order loses none."""
    lines = Lines(pipe.stream, note)
    for number in range(10):
        lines.msg(f"line {number}")
    lines.drain()
    os.set_blocking(pipe.reader, False)

    assert os.read(pipe.reader, 10_000).decode() == "".join(f"line {n}\n" for n in range(10))


def test_lines_that_come_together_are_written_together(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write takes the interpreter from the loop; a pipe takes so much of it whole."""
    monkeypatch.setattr(writing, "WAITING_MAX", 2000)
    # The rest is over when somebody waits, and no sooner.
    monkeypatch.setattr(writing, "REST_S", DEADLINE_S)
    monkeypatch.setattr(writing, "PATIENCE_S", DEADLINE_S)
    written: list[bytes] = []
    monkeypatch.setattr(writing, "write_whole", lambda _, data: written.append(data))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] # as it is called
    lines = Lines(pipe.stream, note)
    said = [f"line {number}" for number in range(500)] + [LINE] * 9

    for line in said:
        lines.msg(line)
    lines.drain()

    assert b"".join(written).decode().splitlines() == said
    assert max(map(len, written)) <= select.PIPE_BUF
    assert len(written) <= 3 * len(b"".join(written)) // select.PIPE_BUF


def test_what_must_be_heard_is_written_at_once_with_what_was_said_before_it(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends the process next, by a signal, leaves nobody to write it."""
    monkeypatch.setattr(writing, "REST_S", 10 * DEADLINE_S)
    lines = Lines(pipe.stream, note)
    lines.info("the first")
    # The first one is written, and after it comes a rest.
    arrived = pipe.read_lines(1)
    lines.info("an ordinary one")
    lines.warning("a bad one")

    assert arrived + pipe.read_lines(2) == ["the first", "an ordinary one", "a bad one"]


def test_a_way_that_is_set_up_anew_keeps_what_the_former_one_held(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some commands read their settings only when they have said something already."""
    monkeypatch.setattr(writing, "REST_S", 10 * DEADLINE_S)
    monkeypatch.setattr(writing, "PATIENCE_S", DEADLINE_S)
    logs.configure("info", "json", pipe.stream)
    said = [f"said_{number}" for number in range(9)]
    for event in said:
        structlog.get_logger().info(event)
    for _ in range(PASSING + 3):
        structlog.get_logger().warning("trouble")
    logs.configure("info", "json", io.StringIO())

    lines = [json.loads(line) for line in pipe.read_lines(9 + PASSING + 1)]
    assert [line["event"] for line in lines] == said + ["trouble"] * (PASSING + 1)
    assert lines[-1]["repeated"] == 3


def test_what_must_be_said_waits_for_a_reader_only_so_long(pipe: Pipe) -> None:
    """An error at the very end must not keep the process from ending."""
    os.set_blocking(pipe.stream.fileno(), False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(pipe.stream.fileno(), b"x" * size)
    os.set_blocking(pipe.stream.fileno(), True)

    streams.say(pipe.stream, "wosync: something is wrong\n")

    assert pipe.stream.fileno() > 0


def test_a_reader_that_has_gone_is_no_failure(pipe: Pipe) -> None:
    """Nor is a stream that was closed meanwhile."""
    gone, writer = os.pipe()
    os.close(gone)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        lines = Lines(stream, note)
        lines.msg("unread")
        lines.drain()
        streams.say(stream, "unread")
    lines.msg("closed")
    streams.say(None, "nowhere")
    streams.say(pipe.stream, "read \ud800")

    assert os.read(pipe.reader, 100) == b"read \\ud800"
