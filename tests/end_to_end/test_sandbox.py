"""`wosync sandbox` and `wosync demo` as processes, the way people start them."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.waiting import DEADLINE_S


@contextmanager
def process(*arguments: str) -> Generator[subprocess.Popen[str]]:
    """A module of this package run by this interpreter, ended for certain."""
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as started:
        try:
            yield started
        finally:
            if started.poll() is None:
                started.kill()


def printed_until(started: subprocess.Popen[str], words: str) -> str:
    """Output up to the line with these words."""
    assert started.stdout is not None
    seen = ""
    for line in started.stdout:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"{words!r} was never printed:\n{seen}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where configuration, state and log go."""
    return tmp_path / "home"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_prints_a_working_configuration_and_ends_when_told(
    home: Path, number: signal.Signals
) -> None:
    """Copying what it prints must be all it takes to try the service."""
    arguments = ("--directory", str(home), "--bulk", "5", "--seed", "3")
    with process("connectors.sandbox", *arguments) as started:
        printed = printed_until(started, "Ctrl-C ends")
        settings = tomllib.loads((home / "config.toml").read_text(encoding="utf-8"))
        key = Path(settings["workbooks"]["api_key"]["file"]).read_text(encoding="utf-8").strip()
        page = httpx.post(
            f"{settings['workbooks']['base_url']}/crm/opportunities.api",
            data={"_method": "GET", "api_key": key, "_start": "0", "_limit": "1"},
        ).json()
        control = re.findall(r"^Control +(\S+)$", printed, re.MULTILINE)[0]
        counters = httpx.get(control).json()
        edit = shlex.split(re.findall(r"^Edit a record: +curl (.*)$", printed, re.MULTILINE)[0])
        edited = httpx.request(edit[1], edit[4], content=edit[3]).json()
        started.send_signal(number)
        rest, _ = started.communicate(timeout=DEADLINE_S)

    assert page["total"] == 188
    assert counters["workbooks"]["requests"] == 1
    assert edit[:3:2] == ["-X", "-d"]
    assert edited["document_currency_net_value"] == "1 GBP 0"
    assert (home / "config.toml").read_text(encoding="utf-8").strip() in printed
    assert key not in printed
    assert (started.returncode, rest.strip()) == (0, "Sandbox stopped.")


def test_a_taken_port_is_said_with_what_to_do(home: Path) -> None:
    """A traceback would hide the one fact that matters."""
    with process("connectors.sandbox", "--directory", str(home)) as first:
        printed = printed_until(first, "Ctrl-C ends")
        port = re.findall(r"^Control +\S+:(\d+)$", printed, re.MULTILINE)[0]
        other = str(home.with_name("other"))
        with process("connectors.sandbox", "--directory", other, "--control-port", port) as second:
            said, _ = second.communicate(timeout=DEADLINE_S)

    assert second.returncode == 1
    assert said.startswith(f"The sandbox cannot start: 127.0.0.1:{port}: Address already in use\n")
    assert "What to do: end the program that listens there, or name another port" in said
    assert said.count("\n") == 2


@pytest.mark.parametrize("command", ["connectors.sandbox", "connectors.sandbox.demo"])
@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_directory_that_cannot_be_is_named_with_what_to_do(
    tmp_path: Path, command: str, place: str
) -> None:
    """Somebody who mistypes a path knows no numbers of errors."""
    file = tmp_path / "file"
    file.touch()
    directory = file if place == "a file" else file / "below"
    with process(command, "--directory", str(directory)) as started:
        said, _ = started.communicate(timeout=DEADLINE_S)

    assert started.returncode == 1
    assert f"{directory}: " in said
    assert "What to do: name another --directory" in said
    assert "Errno" not in said
    assert said.strip().count("\n") == 1


@pytest.mark.slow
def test_the_demo_tells_its_story_and_ends_by_itself(home: Path) -> None:
    """It is the first thing anybody sees of this project."""
    with process("connectors.sandbox.demo", "--directory", str(home)) as started:
        said, _ = started.communicate(timeout=2 * DEADLINE_S)

    assert started.returncode == 0, said
    assert re.search(r"Duplicates in Outreach +0\n", said)
    created, returned = (
        int(re.findall(rf"{title} +(\d+)\n", said)[0])
        for title in ("Created in Outreach", "Ids written back")
    )
    assert created == returned == 362
    assert re.search(r"Prospects +created 44, adopted 12\n", said)
    assert re.search(r"Roles +created \d{3}, changed 1, removed 1\n", said)
    assert re.search(r"Lines held back +\d+: no e-mail address \d, person in error \d, sync", said)
    assert re.search(r"In error +opportunities 6, people 2\n", said)
    assert "on the way" not in said
    for edit in (
        "Amount edited",
        "Close date moved",
        "Stage changed",
        "Owner changed",
        "Person added",
        "Relationship changed",
        "Person taken off",
        "E-mail entered",
    ):
        assert edit in said
    assert "\x1b" not in said


def test_a_demo_whose_reader_goes_away_ends_without_a_word(home: Path) -> None:
    """`wosync demo | head` is how people look at the beginning of something long."""
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "demo", "--directory", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout is not None
        for _ in range(8):
            started.stdout.readline()
        service = tomllib.loads((home / "config.toml").read_text(encoding="utf-8"))["service"]
        started.stdout.close()
        assert started.stderr is not None
        said = started.stderr.read()

    assert (started.returncode, said) == (0, "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{service['http']}/status")


@pytest.mark.slow
def test_an_interrupted_demo_leaves_no_service_behind(home: Path) -> None:
    """Whoever presses Ctrl-C expects everything to be gone."""
    with process("connectors.sandbox.demo", "--directory", str(home)) as started:
        printed_until(started, "captured")
        service = tomllib.loads((home / "config.toml").read_text(encoding="utf-8"))["service"]
        started.send_signal(signal.SIGINT)
        started.communicate(timeout=DEADLINE_S)

    assert started.returncode == 128 + signal.SIGINT
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{service['http']}/status")
