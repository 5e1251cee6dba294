"""`wosync retry`, `skip`, `unskip`, `resync` as commands: beside the service, and without one."""

from __future__ import annotations

import pytest
from anyio import to_thread

from engine.cli import acting
from engine.cli.exits import Exit, Misused
from tests.scenario.bench import Bench, until
from tests.scenario.service_port import served

pytestmark = pytest.mark.anyio

TOO_LONG = "x" * 256


async def test_beside_the_service_it_is_done_at_once(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """And each word of the command tells what was done, what was not, and what is unknown."""
    bad = world.has(TOO_LONG)
    good = world.has("Harbour crane")
    path = world.directory / "config.toml"
    async with served(world):
        await until(lambda: world.record(bad)["error"] is True and bool(world.twins(good)))

        def act() -> list[int]:
            return [
                acting.retry(path, [f"OPP-{bad}"], code=None, everything=False, as_json=False),
                acting.skip(path, [f"OPP-{good}"], reason="being\nmerged \x1b[2J", as_json=False),
                acting.resync(path, [f"OPP-{good}"], as_json=False),
                acting.unskip(path, [f"OPP-{good}", "OPP-99"], as_json=False),
            ]

        codes = await to_thread.run_sync(act)
        # Only now: an edit that a poll brings is tried by itself, and nothing is left to retry.
        world.edit(bad, description="Short")
        await until(lambda: bool(world.twins(bad)))
        await until(lambda: world.record(bad)["error"] is False)

    out, err = capsys.readouterr()
    assert codes == [Exit.DONE, Exit.DONE, Exit.ATTENTION, Exit.FAILED]
    assert "our error flag is reset, and it is tried again" in out
    assert "it is skipped: unskip it first" in out
    assert "nothing is known of OPP-99" in err
    assert "next start" not in out


async def test_without_a_service_it_is_done_at_the_next_start(
    world: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said so, and kept in the state."""
    bad = world.has(TOO_LONG)
    await world.once()
    world.edit(bad, description="Short")
    path = world.directory / "config.toml"

    code = acting.retry(path, [], code="value-too-long", everything=False, as_json=False)
    assert code == Exit.DONE
    assert "next start" in capsys.readouterr().out
    await world.once()

    assert world.twin(bad).attributes["name"] == "Short"
    assert acting.retry(path, [], code=None, everything=True, as_json=False) == Exit.DONE
    assert "nothing was done" in capsys.readouterr().out


async def test_what_is_not_wanted_is_said(world: Bench) -> None:
    """A reason that there is not, none at all, and too many things at once."""
    await world.once()
    path = world.directory / "config.toml"

    for names, code, everything in (([], None, False), (["OPP-1"], None, True)):
        with pytest.raises(Misused, match="records, or"):
            acting.retry(path, names, code=code, everything=everything, as_json=False)
    with pytest.raises(Misused, match="nearest: value-too-long"):
        acting.retry(path, [], code="value-to-long", everything=False, as_json=False)
    for reason in ("", " \n", "x" * 501):
        with pytest.raises(Misused, match="characters"):
            acting.skip(path, ["OPP-1"], reason=reason, as_json=False)
