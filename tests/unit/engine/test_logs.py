"""Logs: one line per event, and no secret in any of them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog

from engine import logs


@pytest.fixture(autouse=True)
def quiet() -> Generator[None]:
    """What a test configures ends with it."""
    yield
    structlog.reset_defaults()


def test_a_line_is_json_with_its_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal is read by programs first."""
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    out = io.StringIO()
    logs.configure("info", "json", out)
    log = structlog.get_logger("test")
    log.debug("too_quiet")
    log.info("created", record="OPP-1", target_id=7)

    [line] = out.getvalue().splitlines()
    facts = json.loads(line)
    assert (facts["event"], facts["record"], facts["target_id"]) == ("created", "OPP-1", 7)
    assert facts["level"] == "info"
    assert facts["ts"].endswith("Z")


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_known_secret_never_comes_out(form: str) -> None:
    """Not in the event, not in a fact, not in a stack trace."""
    secret = "a-secret-nobody-may-see"
    logs.keep_secret([secret, "short"])
    out = io.StringIO()
    logs.configure("debug", "json" if form == "json" else "console", out)
    log = structlog.get_logger("test")

    event = f"key {secret}"
    log.info(event, detail=f"header {secret}; short")
    try:
        raise ValueError(f"refused {secret}")
    except ValueError:
        log.exception("failed")

    assert secret not in out.getvalue()
    assert logs.MASK in out.getvalue()
    assert "short" in out.getvalue()


def test_a_long_field_is_cut() -> None:
    """A page of HTML in an error must not hide the lines around it."""
    out = io.StringIO()
    logs.configure("info", "json", out)

    structlog.get_logger("test").info("answer", text="x" * 10_000)

    assert len(out.getvalue()) < logs.FIELD_CHARS_MAX + 500


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
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with path.open("a", encoding="utf-8") as stream:
        logs.configure("info", "auto", stream)
        structlog.get_logger("test").info("elsewhere")

    starts = [line[:4] for line in path.read_text(encoding="utf-8").splitlines()]
    assert starts[:2] == ["<4>{", "<6>{"]
    assert starts[2].startswith('{"')
