"""The server that tests share: one for all, and none when nobody needs it any more."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import postgres
from tests.waiting import DEADLINE_S

USER = """
import sys, time
from pathlib import Path
from tests import postgres
with postgres.server(Path(sys.argv[1])) as reached:
    print(reached, flush=True)
    time.sleep(3600)
"""


@pytest.fixture(autouse=True)
def without_a_given_one(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one to start, and none is named."""
    monkeypatch.delenv("WOSYNC_TEST_POSTGRES", raising=False)


def using(shared: Path) -> subprocess.Popen[str]:
    """A process that uses the server."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, shared],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )


def home(reached: str) -> Path:
    """Where the server is that is reached like that."""
    return Path(reached.split(maxsplit=1)[0].removeprefix("host="))


def test_all_share_it_until_the_last_one_is_gone_however_it_went(tmp_path: Path) -> None:
    """A test that is killed clears up nothing."""
    with ExitStack() as stack:
        users = [stack.enter_context(using(tmp_path)) for _ in range(2)]
        for one in users:
            stack.callback(one.kill)
        [first, second] = [one.stdout.readline() for one in users if one.stdout is not None]
        assert first == second
        users[0].kill()
        users[0].wait()
        with postgres.server(tmp_path) as reached:
            users[1].send_signal(signal.SIGINT)
            users[1].wait()
            assert f"{reached}\n" == first
            assert (home(reached) / "data" / "postmaster.pid").exists()

    until = time.monotonic() + DEADLINE_S
    while home(reached).exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    with postgres.server(tmp_path) as another:
        assert another != reached


def test_where_there_is_none_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "PLACES", f"{tmp_path}/*/bin")

    with pytest.raises(postgres.NoServer, match="install the package"), postgres.server(tmp_path):
        pass
