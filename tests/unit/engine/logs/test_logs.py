"""Logs: one line per event, in one shape whoever speaks, and repeats folded."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from engine import logs
from engine.decide.reasons import because
from engine.logs.folding import PASSING, WINDOW_S, Folding
from engine.model.reason import Code


class Passing:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        """Seconds so far."""
        return self.now_s


def said(out: io.StringIO) -> list[dict[str, Any]]:
    """Every line so far."""
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_is_json_with_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal is read by programs first."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.setenv("WOSYNC_INSTANCE", "prod")
    out = io.StringIO()
    logs.configure("info", "json", out)
    log = structlog.get_logger(component="poller")
    log.debug("too_quiet")
    with structlog.contextvars.bound_contextvars(poll="p-7"):
        log.info("created", record="OPP-1", target_id=7)

    [facts] = said(out)
    assert (facts["event"], facts["record"], facts["target_id"]) == ("created", "OPP-1", 7)
    assert (facts["level"], facts["component"], facts["poll"]) == ("info", "poller", "p-7")
    assert facts["instance"] == "prod"
    assert facts["ts"].endswith("Z")
    assert list(facts)[:4] == ["ts", "level", "event", "component"]


def test_a_reason_says_its_kind_beside_its_words() -> None:
    """Words are worded for one record; what is searched for stays the same."""
    out = io.StringIO()
    logs.configure("info", "json", out)
    log = structlog.get_logger(component="poller")
    log.warning("refused", record="OPP-1", reason=because(Code.TARGET_GONE, target_id=7))
    log.warning("refused", record="OPP-2", reason="in words of its own")

    with_code, without = said(out)
    assert with_code["reason_code"] == "target-gone"
    assert "reason_code" not in without


def test_a_level_is_changed_while_the_service_runs() -> None:
    """A reload must reach loggers that are there already, and forget no repeats."""
    out, passed = io.StringIO(), Passing()
    logs.configure("info", "json", out, passed)
    log = structlog.get_logger().bind(component="poller")
    for _ in range(PASSING + 2):
        log.warning("poll_failed", reason="down")
    log.debug("unseen")
    logs.set_level("debug")
    log.debug("seen")
    logs.set_level("error")
    log.warning("unseen")
    log.error("also_seen")
    logs.flush()

    events = [line["event"] for line in said(out)]
    assert events == ["poll_failed"] * PASSING + ["seen", "also_seen", "poll_failed"]
    assert said(out)[-1]["repeated"] == 2


def test_under_systemd_a_line_begins_with_its_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`journalctl -p warning` must find warnings, and only when it is the journal that reads."""
    path = tmp_path / "journal"
    with path.open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        logs.configure("info", "auto", stream)
        structlog.get_logger("test").warning("watch out")
        structlog.get_logger("test").info("all well")
        logging.getLogger("uvicorn.error").error("Exception in ASGI application\n")
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with path.open("a", encoding="utf-8") as stream:
        logs.configure("info", "auto", stream)
        structlog.get_logger("test").info("elsewhere")

    starts = [line[:4] for line in path.read_text(encoding="utf-8").splitlines()]
    assert starts[:3] == ["<4>{", "<6>{", "<3>{"]
    assert starts[3].startswith('{"')


def test_a_long_field_is_cut() -> None:
    """A page of HTML in an error must not hide the lines around it."""
    out = io.StringIO()
    logs.configure("info", "json", out)

    structlog.get_logger("test").info("answer", text="x" * 10_000, rows=["y" * 100] * 1000)

    [facts] = said(out)
    assert len(facts["text"]) == logs.FIELD_CHARS_MAX
    assert len(json.dumps(facts["rows"])) < logs.FIELD_CHARS_MAX + 50


def test_a_traceback_stays_in_one_field_and_keeps_its_end() -> None:
    """The end names the error; further lines would lose their priority in the journal."""
    out = io.StringIO()
    logs.configure("info", "json", out)

    try:
        raise ValueError("x\n" * 1000 + "the very reason")
    except ValueError:
        structlog.get_logger("test").exception("failed")

    [facts] = said(out)
    assert facts["exception"].endswith("\nthe very reason")
    assert len(facts["exception"]) == logs.FIELD_CHARS_MAX


@pytest.mark.parametrize(
    "fields",
    [
        {f"field_{number}": "ü" * 900 for number in range(10)},
        {f"field_{number}": "\N{CRAB}" * 900 for number in range(200)},
        {f"field_{number}": ["x" * 90] * 9 for number in range(20)},
        {f"field_{number}": number for number in range(1000)},
        {"exception": "é" * 5000, "reason": "\x00" * 5000},
    ],
)
def test_no_line_is_longer_than_the_journal_shows(fields: dict[str, Any]) -> None:
    """What is longer is shown as nothing at all; what the line is found by stays."""
    out = io.StringIO()
    logs.configure("info", "json", out)

    structlog.get_logger(component="poller").info("answer", record="OPP-1", **fields)

    [line] = out.getvalue().splitlines()
    facts = json.loads(line)
    assert len(line.encode()) <= logs.LINE_CHARS_MAX <= 4096
    assert (facts["event"], facts["component"], facts["record"]) == ("answer", "poller", "OPP-1")


class Unshowable:
    """Something whose text is a mistake."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_a_line_goes_out_whatever_is_in_it() -> None:
    """A log call that fails would be a failure of the work it tells about."""
    out = io.StringIO()
    logs.configure("info", "json", out)
    knot: list[Any] = []
    knot.append(knot)

    structlog.get_logger("test").info(
        "odd",
        amount=Decimal("1.5"),
        path=Path("/x"),
        huge=10**6000,
        ratio=float("nan"),
        knot=knot,
        unshowable=Unshowable(),
        half="\udc80",
        names={1: "a"},
    )

    [facts] = said(out)
    assert (facts["path"], facts["ratio"], facts["names"]) == ("/x", "nan", {"1": "a"})
    assert "Unshowable" in facts["unshowable"]


def test_a_stream_that_is_gone_does_not_stop_the_work() -> None:
    """The reader of a pipe may go, and a disk may be full."""
    out = io.StringIO()
    logs.configure("info", "json", out)
    out.close()

    structlog.get_logger("test").info("still_here")


def test_control_characters_do_not_reach_a_terminal() -> None:
    """A text from elsewhere must not clear the screen, nor pass for another line."""
    out = io.StringIO()
    logs.configure("info", "console", out)

    structlog.get_logger("test").info("answer", reason="\x1b[2J\nts=now level=info")

    assert "\x1b" not in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_libraries_speak_in_the_same_shape() -> None:
    """One reader for everything, and the info lines of HTTP libraries print whole addresses."""
    out = io.StringIO()
    logs.configure("debug", "json", out)
    logging.getLogger("httpx").info("HTTP Request: GET http://x/?api_key=1234567")
    logging.getLogger("asyncio").error(
        "Task exception was never retrieved", exc_info=ValueError("a\nb")
    )
    logging.getLogger("aiosqlite").warning("odd %s", *("arguments", "mistaken"))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old\nfashioned", DeprecationWarning, stacklevel=1)

    first, second, third = said(out)
    assert (first["component"], first["level"]) == ("asyncio", "error")
    assert first["reason"] == "Task exception was never retrieved"
    assert first["exception"].endswith("ValueError: a\nb")
    assert (second["component"], second["reason"]) == ("aiosqlite", "odd %s")
    assert (third["component"], third["level"]) == ("py.warnings", "warning")
    assert "DeprecationWarning: old\nfashioned" in third["reason"]


def test_an_error_nobody_caught_is_one_line() -> None:
    """The last words of a process are the ones that are read."""
    out = io.StringIO()
    logs.configure("info", "json", out)
    logs.keep_secret(["secret-of-a-crash"])
    try:
        raise RuntimeError("cannot go on with secret-of-a-crash")
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)

    def fails() -> None:
        raise KeyError("in a thread")

    thread = threading.Thread(target=fails, name="writer")
    thread.start()
    thread.join()

    first, second = said(out)
    assert (first["event"], first["level"]) == ("crashed", "critical")
    assert first["exception"].endswith("RuntimeError: cannot go on with ***")
    assert (second["event"], second["thread"]) == ("crashed", "writer")


def test_repeats_of_one_trouble_become_one_line_with_a_count() -> None:
    """An outage under full load says the same a thousand times."""
    out, passed = io.StringIO(), Passing()
    logs.configure("info", "json", out, passed)
    log = structlog.get_logger(component="opportunity_syncer")
    for number in range(50):
        log.warning(
            "deferred", record=f"OPP-{number}", reason=f"OPP-{number}: HTTP 500 in {number}.5 s"
        )
        log.info("created", record=f"OPP-{number}")
    log.warning("deferred", record="OPP-99", reason="another reason")
    log.error("deferred", record="OPP-99", reason="OPP-1: HTTP 500 in 1 s")
    passed.now_s += WINDOW_S
    log.info("next")

    lines = said(out)
    assert len([line for line in lines if line["event"] == "created"]) == 50
    deferred = [line for line in lines if line["event"] == "deferred"]
    assert len(deferred) == PASSING + 3
    assert (deferred[-1]["repeated"], deferred[-1]["record"]) == (45, "OPP-49")
    assert deferred[-1]["component"] == "opportunity_syncer"
    assert [line["event"] for line in lines[-2:]] == ["deferred", "next"]


def test_repeats_are_counted_anew_after_their_window() -> None:
    """Trouble that lasts is seen to last."""
    out, passed = io.StringIO(), Passing()
    logs.configure("info", "json", out, passed)
    log = structlog.get_logger(component="poller")
    for _ in range(3):
        for _ in range(PASSING + 1):
            log.warning("poll_failed", reason="down")
        logs.flush_repeats()
        passed.now_s += WINDOW_S
        logs.flush_repeats()
        logs.flush_repeats()

    assert [line.get("repeated") for line in said(out)] == ([None] * PASSING + [1]) * 3


def test_the_memory_of_repeats_is_bounded() -> None:
    """Reasons may be as many as records; the oldest kind makes room, its count is said."""
    folding = Folding(Passing(), kinds_max=3)

    def warn(reason: str) -> list[Any]:
        event = {"level": "warning", "component": "a", "event": "b", "reason": reason}
        return folding.passes(event)[1]

    before = [warn("a") for _ in range(PASSING + 4)] + [warn(name) for name in "bcd"]

    assert [event["reason"] for events in before for event in events] == ["a"]
    assert before[-1][0]["repeated"] == 4
    assert folding.all() == []


def test_errors_without_a_reason_are_told_apart_by_their_traceback() -> None:
    """Two mistakes of our own are two mistakes."""
    out = io.StringIO()
    logs.configure("info", "json", out, Passing())
    log = structlog.get_logger(component="opportunity_syncer")
    for number in range(20):
        log.error("unexpected", record=f"OPP-{number}", exc_info=KeyError(f"field {number % 2}"))
        log.error("unexpected", record=f"OPP-{number}", exc_info=ValueError("other"))
    logs.flush()

    assert len(said(out)) == 2 * PASSING + 2
    assert [line["repeated"] for line in said(out)[-2:]] == [15, 15]
