"""The pooler of tests: strict about sessions, and gone with whoever has started it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests import pooler
from tests.waiting import DEADLINE_S

USER = """
import sys, time
from tests import pooler
with pooler.pooled(sys.argv[1]) as reached:
    print(reached, flush=True)
    time.sleep(3600)
"""


def test_a_client_has_another_session_each_time_which_has_forgotten_the_last(pooled: str) -> None:
    """As behind a busy pooler, and worse."""
    with ExitStack() as stack:
        # So that there are several sessions to be had: each is in a transaction at the same time.
        for _ in range(pooler.SESSIONS):
            busy = stack.enter_context(psycopg.connect(pooled, prepare_threshold=None))
            busy.execute("SELECT 1")
            stack.callback(busy.rollback)
        stack.pop_all().close()
        one = stack.enter_context(psycopg.connect(pooled, autocommit=True, prepare_threshold=None))
        one.execute("SET search_path = elsewhere")
        kept = [one.execute("SHOW search_path").fetchone() for _ in range(pooler.SESSIONS * 2)]
        sessions = {
            one.execute("SELECT pg_backend_pid()").fetchone() for _ in range(pooler.SESSIONS * 2)
        }

    assert ("elsewhere",) not in kept
    assert len(sessions) > 1


def test_it_ends_with_a_process_that_is_killed(unpooled: str, pooled: str) -> None:
    """Which clears up nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", USER, unpooled],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as user:
        assert user.stdout is not None
        reached = user.stdout.readline().strip()
        psycopg.connect(reached).close()
        user.kill()

    until = time.monotonic() + DEADLINE_S
    with pytest.raises(psycopg.OperationalError):
        while time.monotonic() < until:
            psycopg.connect(reached).close()
            time.sleep(0.01)
    shutil.rmtree(str(conninfo_to_dict(reached)["host"]))


def test_where_there_is_none_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pooler, "PLACES", str(tmp_path))

    with pytest.raises(pooler.NoPooler, match="install the package pgbouncer"):
        pooler.program()
