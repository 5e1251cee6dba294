"""The demo's child is asked politely, watched for its end, and never left behind."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from connectors.sandbox.demo_service import (
    DemoFailed,
    Refusal,
    Service,
    read_look,
    running_service,
)
from connectors.sandbox.serving import free_port
from connectors.sandbox.settings_file import SettingsFile
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
RECORDS = {"pending": 0, "linked": 10, "refused": 2, "in_doubt": 0}
PEOPLE = {"pending": 0, "held_back": 4, "refused": 1}
DOCUMENT: dict[str, object] = {
    "ready": True,
    "reason": None,
    "captured": 12,
    "records": RECORDS,
    "people": PEOPLE,
    "outbox": 0,
    "approval": {"records": 0, "needed": False},
    "requests": {"workbooks": 3, "outreach": 14},
    "refused": [{"ref": "OPP-1", "field": "name", "class": "validation", "reason": "too long"}],
}


def settings(directory: Path) -> SettingsFile:
    """Where the child would be configured, and a port that nobody answers on."""
    return SettingsFile(directory / "config.toml", "", f"http://127.0.0.1:{free_port()}")


def alive(pid: int) -> bool:
    """Whether a process of this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def log_says(service: Service, words: str) -> None:
    """Wait until the child has written something."""
    with anyio.fail_after(DEADLINE_S):
        while True:
            if words in service.log_path.read_text():
                return
            await anyio.sleep(0.005)


async def ended(service: Service) -> None:
    """Wait until the child has ended by itself."""
    with anyio.fail_after(DEADLINE_S):
        await service.process.wait()


async def test_the_child_is_gone_when_the_block_is_left(tmp_path: Path) -> None:
    """A demo that leaves a process behind is remembered for that."""
    command = [sys.executable, "-c", SLEEPER]
    async with running_service(settings(tmp_path), command) as service:
        await log_says(service, "up")
        assert await service.look() is None
        assert alive(service.process.pid)

    assert not alive(service.process.pid)


async def test_the_child_is_gone_after_a_cancellation(tmp_path: Path) -> None:
    """Ctrl-C is how most demos end."""
    pid = 0
    with anyio.CancelScope() as scope:
        async with running_service(settings(tmp_path), [sys.executable, "-c", SLEEPER]) as service:
            pid = service.process.pid
            scope.cancel()
            await anyio.sleep_forever()

    assert not alive(pid)


async def test_the_end_of_the_service_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    """The one thing a person can act on is what the service said last."""
    last_words = "print('this and that'); print('the disk is full'); raise SystemExit(74)"
    async with running_service(settings(tmp_path), [sys.executable, "-c", last_words]) as service:
        await ended(service)
        with pytest.raises(DemoFailed, match=r"exit code 74\.(?s:.*)the disk is full"):
            await service.look()


async def test_the_child_inherits_no_setting_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the demo shows must not depend on, or reach, the person's own systems."""
    monkeypatch.setenv("WOSYNC_WORKBOOKS_API_KEY", "real")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/wosync")
    print_names = "import os; print(*os.environ, sep='\\n')"
    async with running_service(settings(tmp_path), [sys.executable, "-c", print_names]) as service:
        await ended(service)
        names = service.log_path.read_text().split()

    assert "PATH" in names
    assert not {"WOSYNC_WORKBOOKS_API_KEY", "HTTP_PROXY", "STATE_DIRECTORY"} & set(names)


def test_a_look_is_read_from_the_status() -> None:
    """The demo knows the service by its published status only."""
    look = read_look(DOCUMENT)

    assert (look.captured, look.linked, look.in_error, look.pending) == (12, 10, 2, 0)
    assert (look.to_relate, look.people_in_error) == (0, 1)
    assert (look.workbooks_requests, look.outreach_requests) == (3, 14)
    assert look.refusals == (Refusal("OPP-1", "name", "too long"),)


AT_REST: list[tuple[dict[str, object], bool]] = [
    ({}, True),
    ({"ready": False}, False),
    ({"captured": 0}, False),
    ({"outbox": 1}, False),
    ({"records": RECORDS | {"pending": 1}}, False),
    ({"people": PEOPLE | {"pending": 1}}, False),
    ({"approval": {"records": 11, "needed": False}}, False),
    ({"approval": {"records": 11, "needed": True}}, True),
]


@pytest.mark.parametrize(("change", "at_rest"), AT_REST)
def test_at_rest_means_that_nothing_is_on_its_way(change: dict[str, object], at_rest: bool) -> None:
    """The story must not go on while records still move."""
    assert read_look(DOCUMENT | change).at_rest is at_rest
