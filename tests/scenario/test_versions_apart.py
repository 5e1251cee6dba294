"""A service of another version beside the command: nothing is done, and what is shown is marked."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from engine.about import about
from engine.cli import asking
from engine.cli.approving import approve
from engine.cli.exits import Exit
from engine.cli.why import why
from engine.errors import Misconfigured
from tests.scenario.bench import Bench
from tests.scenario.service_port import served

pytestmark = pytest.mark.anyio


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> str:
    """The command is of another version than the service."""
    command = about()._replace(version="99.1")
    monkeypatch.setattr(asking, "about", lambda: command)
    return about().version


@pytest.mark.parametrize("what", ["why", "approve"])
async def test_nothing_is_done_by_a_service_of_another_version(
    world: Bench, later: str, what: str
) -> None:
    """It may mean something else by what it is told to do."""
    world.has("Harbour crane")
    async with served(world):
        path = world.directory / "config.toml"
        asked: dict[str, Callable[[], int]] = {
            "why": lambda: why(path, "OPP-1", offline=False, as_json=False),
            "approve": lambda: approve(path, yes=True),
        }
        with pytest.raises(Misconfigured) as refused:
            await anyio.to_thread.run_sync(asked[what])

    assert f"is version {later}, and this command is 99.1" in str(refused.value)
    assert "restart" in str(refused.value.remedy)


async def test_what_a_service_of_another_version_shows_is_marked(
    world: Bench, later: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown all the same: somebody may need it to see what is wrong."""
    async with served(world):
        path = world.directory / "config.toml"
        told = await anyio.to_thread.run_sync(lambda: asking.ask_service(path, "/status"))

    assert told is not None
    assert f"is version {later}, and this command is 99.1" in capsys.readouterr().err


async def test_nothing_is_said_where_both_are_of_one_version(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it should be."""
    world.has("Harbour crane")
    async with served(world):
        path = world.directory / "config.toml"
        code = await anyio.to_thread.run_sync(lambda: approve(path, yes=True))

    assert code == Exit.DONE
    assert "version" not in capsys.readouterr().err
