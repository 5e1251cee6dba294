"""Root in the state of another user, without the right to look everywhere, as in many containers.

The program lies where that user cannot read it, and much of it is loaded when it is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import anyio
import pytest

from tests.end_to_end.documents import ROOT
from tests.end_to_end.few import few
from tests.end_to_end.test_cli_errors import ATTENTION, Home, served
from tests.waiting import DEADLINE_S

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as somebody else"),
    pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv of util-linux is missing"),
]

OWNER = 61_234
DONE, UNREACHABLE = 0, 69
WITHOUT = ("setpriv", "--bounding-set=-dac_read_search", "--inh-caps=-dac_read_search")
# Stands for a record that is linked.
REF = "REF"
# What looks into a state, and what changes it, while no service runs.
COMMANDS = (
    (("status", "--json"), UNREACHABLE),
    (("why", REF, "--offline"), DONE),
    (("history", "--runs"), DONE),
    (("skip", REF, "--reason", "being merged"), DONE),
    (("state", "adopt"), DONE),
    (("check",), DONE),
    (("once",), ATTENTION),
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program that nobody but root can read."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for package in ("engine", "connectors"):
        shutil.copytree(
            ROOT / package, private / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return private


@pytest.fixture
def state() -> Generator[Path]:
    """A place to which everybody can walk; what a test is given is open to its user alone."""
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        yield Path(above) / "state"


def give_away(state: Path) -> None:
    """Have all of it belong to that other user."""
    for one in (state, *state.iterdir()):
        os.chown(one, OWNER, OWNER)


def owners(state: Path) -> set[int]:
    """Whose the files in it are."""
    return {one.stat().st_uid for one in state.iterdir()}


async def ended(program: Path, home: Home, *words: str) -> tuple[int, str]:
    """The exit code of a command of root without that right, and what it said."""
    with anyio.fail_after(DEADLINE_S):
        done = await anyio.run_process(
            [*WITHOUT, sys.executable, "-m", "engine", *words, "--config", str(home.config)],
            stderr=subprocess.STDOUT,
            cwd=home.directory,
            env={**os.environ, "PYTHONPATH": str(program)},
            check=False,
        )
    return done.returncode, done.stdout.decode()


async def test_root_that_may_not_look_everywhere_does_all_that_root_may(
    program: Path, state: Path, tmp_path: Path
) -> None:
    """What is loaded after root's rights were given up is not to be had any more."""
    sandbox = few()
    ref = f"OPP-{sandbox.sample.ordinary[0]}"
    async with served(tmp_path / "home", sandbox) as home:
        home.replace(f'state_dir = "{home.state}"', f'state_dir = "{state}"')
        assert (await home.run("once")).code == ATTENTION
        give_away(state)
        for words, expected in COMMANDS:
            typed = [ref if word == REF else word for word in words]
            code, said = await ended(program, home, *typed)
            assert code == expected, f"{' '.join(words)}: {said}"

    assert owners(state) == {OWNER}
