"""`wosync demo --ha` as a process: two services on a database of its own, and nothing stays."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.scratch import scratch
from tests.waiting import DEADLINE_S

DUPLICATES, MISSED = "Duplicates in Outreach", "Missed"


@pytest.fixture(autouse=True)
def installed() -> None:
    """There is a PostgreSQL on this machine."""
    try:
        postgres.binaries()
    except postgres.NoServer as missing:
        # In CI, where `.ci/run` installs it, it is no excuse.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(missing))


@pytest.fixture
def temporary() -> Generator[Path]:
    """Where the demo and all that it starts keep what is temporary.

    Its name is short: sockets lie there.
    """
    made = Path(tempfile.mkdtemp(prefix="wosync-", dir=scratch()))
    # The server is another user's where this one is root.
    made.chmod(0o711)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def demo(home: Path, temporary: Path) -> Generator[subprocess.Popen[str]]:
    """The demo, ended for certain."""
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "demo", "--ha", "--directory", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(temporary)},
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def left_behind(*places: Path) -> list[str]:
    """The command lines of processes that have to do with these directories."""
    found: list[str] = []
    for told in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = told.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(str(place) in line for place in places):
            found.append(line)
    return found


@pytest.mark.slow
def test_it_shows_a_failover_in_which_nothing_is_lost_and_nothing_done_twice(
    tmp_path: Path, temporary: Path
) -> None:
    """Whoever decides about a second process sees first what becomes of a killed one."""
    home = tmp_path / "home"
    with demo(home, temporary) as started:
        said, _ = started.communicate(timeout=2 * DEADLINE_S)

    assert started.returncode == 0, said
    assert re.search(rf"{DUPLICATES} +0\n", said)
    assert re.search(rf"{MISSED} +0\n", said)
    created, returned = (
        int(re.findall(rf"{title} +(\d+)\n", said)[0])
        for title in ("Created in Outreach", "Ids written back")
    )
    assert created == returned == 361
    first, second, third = re.findall(r"^   Number (\d+) +(one|two)", said, re.MULTILINE)
    assert int(first[0]) < int(second[0]) < int(third[0])
    assert first[1] == third[1] != second[1]
    assert re.search(r"kill -9 \d+: (one|two) is gone", said)
    assert re.search(r"leads, number \d+, \d+\.\d s after (one|two) was killed", said)
    # Some were carried out, and their answers never heard.
    assert int(re.findall(r"Creates in doubt: (\d+)", said)[0]) > 0
    for edit in ("Amount edited", "Opportunity entered", "Person added", "Owner changed"):
        assert edit in said
    assert "\x1b" not in said
    assert (left_behind(home, temporary), [*temporary.iterdir()]) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_wherever_it_is_interrupted_nothing_goes_on(
    tmp_path: Path, temporary: Path, number: signal.Signals
) -> None:
    """Two services and a database are more than anybody wants to look for."""
    home = tmp_path / "home"
    # Before the services are started, or while records are on their way.
    words = "Nothing leaves" if number is signal.SIGTERM else "created"
    with demo(home, temporary) as started:
        assert started.stdout is not None
        for line in started.stdout:
            if words in line:
                break
        assert left_behind(home, temporary)
        started.send_signal(number)
        said, _ = started.communicate(timeout=DEADLINE_S)

    assert started.returncode == 128 + number
    assert "Stopped; nothing goes on running." in said
    assert (left_behind(home, temporary), [*temporary.iterdir()]) == ([], [])
