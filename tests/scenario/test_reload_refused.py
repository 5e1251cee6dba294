"""A reload that cannot be applied as a whole is refused as a whole, with the reason."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
from pathlib import Path

import pytest

from engine.errors import Misconfigured
from tests.scenario.bench import Bench, until
from tests.scenario.reload_hands import (
    Tables,
    applied,
    lines,
    number,
    pools_are,
    refused,
    shows,
    spoils,
    syncs,
    workers,
    writes,
)
from tests.scenario.service_port import eventually, served, total

pytestmark = pytest.mark.anyio


# Each beside a live change, which must then not be applied either.
FIXED: tuple[tuple[str, Tables], ...] = (
    ("service.shutdown_s", {"service": {"shutdown_s": 7}}),
    ("service.http", {"service": {"http": "127.0.0.1:9"}}),
    ("service.state_dir", {"service": {"state_dir": "/elsewhere"}}),
    ("mailboxes.changes", {"mailboxes": {"changes": 9}}),
    ("fuse.share", {"fuse": {"share": 0.9}}),
    ("contacts.remove", {"contacts": {"remove": False}}),
    ("owners.match", {"owners": {"match": "email"}}),
    ("mapping.opportunity.name", {"mapping.opportunity": {"name": "comment"}}),
    ("workbooks.base_url", {"workbooks": {"base_url": "http://127.0.0.1:9"}}),
    ("outreach.client_id", {"outreach": {"client_id": "somebody"}}),
    ("outreach.visibility_s", {"outreach": {"visibility_s": 9}}),
)


async def test_what_needs_a_restart_is_refused_with_everything_beside_it(
    world: Bench, said: io.StringIO
) -> None:
    """Half a file in force is a service nobody configured."""
    async with served(world) as port:
        await syncs(world, "First")
        before, config = await workers(port), dict(world.settings)
        for key, tables in FIXED:
            world.settings = {name: dict(keys) for name, keys in config.items()}
            writes(world, {"concurrency": number(9), "service": {"log_level": "error"}})
            writes(world, tables)
            said.truncate(0)
            said.seek(0)
            reason = await refused(port)

            assert key in reason, key
            [line] = lines(said, "reload_refused")
            assert (line["level"], line["reason"]) == ("error", reason)
            assert line["remedy"]
            status = await port.status()
            assert (status["reload_refused"], status["ready"]) == (reason, True)
        values = await port.values()
        assert await workers(port) == before
        assert total(values, "config_last_reload_successful") == 0
        assert total(values, "config_reloads_total", outcome="refused") == len(FIXED)
        assert total(values, "config_setting", setting="concurrency.opportunity_syncers") == 4
        await syncs(world, "Second")
        # The level of the refused file is not in force.
        await until(lambda: bool(lines(said, "written_back")))

        world.settings = config
        at = await port.value("config_last_reload_success_timestamp_seconds")
        world.clock.advance(60)
        await applied(world, port, {"concurrency": number(2)})
        values = await port.values()
        assert (await port.status())["reload_refused"] is None
        assert total(values, "config_last_reload_successful") == 1
        assert total(values, "config_last_reload_success_timestamp_seconds") >= at + 60
        await eventually(lambda: pools_are(port, 2))
        await syncs(world, "Third")


def break_toml(world: Bench) -> str:
    """A bracket is missing."""
    spoils(world, "[service\n")
    return "is not valid TOML"


def unknown_key(world: Bench) -> str:
    """A slip of the pen."""
    writes_unchecked(world, {"poller": {"intervall_s": 5}})
    return "did you mean 'interval_s'?"


def wrong_value(world: Bench) -> str:
    """A text where a number belongs, and a number that is none."""
    writes_unchecked(world, {"concurrency": {"write_backs": 0}, "retry": {"base_s": "soon"}})
    return "has 2 mistakes"


def no_secret(world: Bench) -> str:
    """The secret's file was moved away."""
    writes_unchecked(world, {"workbooks": {"api_key": {"file": str(world.directory / "gone")}}})
    return "gone cannot be read: No such file"


def no_file(world: Bench) -> str:
    """The file itself was moved away."""
    (world.directory / "config.toml").unlink()
    return "there is no configuration file at"


def no_text(world: Bench) -> str:
    """Somebody copied the wrong file."""
    (world.directory / "config.toml").write_bytes(b"\xff\xfe\x00\x00" * 1000)
    return "is not valid TOML"


def a_directory(world: Bench) -> str:
    """A mount that went wrong."""
    (world.directory / "config.toml").unlink()
    (world.directory / "config.toml").mkdir()
    return "there is no configuration file at"


def unreadable(world: Bench) -> str:
    """A disk that gives errors; it does so to anybody."""
    path = world.directory / "config.toml"
    path.unlink()
    # Reading a process's memory from its beginning is an I/O error for everybody.
    path.symlink_to("/proc/self/mem")
    return "cannot be read: Input/output error"


def writes_unchecked(world: Bench, tables: Tables) -> None:
    """As `writes`, whatever it is; what the world will use next stays."""
    kept = {name: dict(keys) for name, keys in world.settings.items()}
    # The file is written before it is checked.
    with contextlib.suppress(Misconfigured):
        writes(world, tables)
    world.settings = kept


BROKEN = (
    break_toml,
    unknown_key,
    wrong_value,
    no_secret,
    no_file,
    no_text,
    a_directory,
    unreadable,
)


async def test_a_file_with_mistakes_is_refused_in_one_line_and_the_service_goes_on(
    world: Bench, said: io.StringIO
) -> None:
    """The old settings are good ones; nobody is paged by a missing bracket."""
    async with served(world) as port:
        await syncs(world, "First")
        for spoil in BROKEN:
            said.truncate(0)
            said.seek(0)
            words = spoil(world)
            reason = await refused(port)

            assert words in reason, spoil.__name__
            assert [line["reason"] for line in lines(said, "reload_refused")] == [reason]
            assert (await port.status())["reload_refused"] == reason
            await syncs(world, spoil.__name__)

            path = world.directory / "config.toml"
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            await applied(world, port, {})
            assert (await port.status())["reload_refused"] is None
        assert await port.value("config_reloads_total", outcome="refused") == len(BROKEN)
        assert lines(said, "unexpected") == []


async def test_a_place_that_may_not_be_looked_at_is_refused_like_any_other(
    world: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions of a directory above the file, changed by a deployment."""

    def denied(self: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    async with served(world) as port:
        await syncs(world, "First")
        with monkeypatch.context() as patched:
            patched.setattr(Path, "is_file", denied)
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: shows(port, "config_reloads_total", 1, outcome="refused"))
        assert "Permission denied" in str((await port.status())["reload_refused"])
        await syncs(world, "Second")


async def test_a_secret_that_changed_in_its_file_is_no_change_of_the_settings(
    world: Bench,
) -> None:
    """Rotated by somebody else, and read anew anyway."""
    async with served(world) as port:
        await syncs(world, "First")
        (world.directory / "client_secret").write_text("another secret", encoding="utf-8")

        assert await applied(world, port, {}) == []
        document = json.dumps(await port.status())
        assert "another secret" not in document


async def test_a_field_that_is_switched_off_is_a_change(world: Bench) -> None:
    """It was said that nothing had changed, and the field went on being sent."""
    async with served(world) as port:
        world.settings["mapping.opportunity"] = {"probability": False}
        world.config()
        answer = await port.reload()

    assert answer["applied"] is False
    assert (
        "mapping.opportunity.probability cannot change while the service runs" in answer["reason"]
    )
    assert "restart the service" in answer["remedy"]
