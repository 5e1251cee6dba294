"""Copies of the state, putting one back, and a state that wakes up somewhere else."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from connectors.sandbox.sandbox import Sandbox
from engine.store import statedir
from engine.store.sqlite import statefile
from tests.end_to_end.few import few
from tests.end_to_end.test_cli_errors import ATTENTION, STATE, names_in, paragraph, served

pytestmark = pytest.mark.anyio

DONE = 0


def names_of(sandbox: Sandbox) -> list[str]:
    """The correlation values of the opportunities in Outreach."""
    return sorted(str(row.attributes["customId"]) for row in sandbox.outreach.opportunities.rows())


async def test_a_copy_is_made_beside_the_service_and_put_back(tmp_path: Path) -> None:
    """Nothing is doubled, and the roles made since are known."""
    copy = tmp_path / "copy.db"
    sandbox = few()
    async with served(tmp_path / "home", sandbox) as home:
        assert (await home.run("once")).code == ATTENTION
        with statedir.lease(home.state):
            made = await home.run("state", "backup", str(copy))
            refused = await home.run("state", "restore", str(copy))
        again = await home.run("state", "backup", str(copy))
        before = names_of(sandbox)
        roles = len(sandbox.outreach.roles.rows())
        put_back = await home.run("state", "restore", str(copy))
        names = names_in(home.state)
        ended = await home.run("once")

    assert made.code == DONE, made.everything
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["copy.db", "home"]
    assert refused.code == STATE
    assert "another wosync process" in paragraph(refused)
    assert again.code == STATE
    assert "exists already" in paragraph(again)
    assert put_back.code == DONE, put_back.everything
    kept = [statedir.MARK_NAME, statedir.REST_NAME, statedir.FILE_NAME]
    assert names == [*kept, f"{statedir.FILE_NAME}.before-1"]
    assert ended.code == ATTENTION, ended.everything
    assert "state_of_unknown_age" in ended.err
    assert names_of(sandbox) == before
    assert len(sandbox.outreach.roles.rows()) == roles


@pytest.mark.parametrize("what", ["nothing", "text", "empty", "theirs", "newer", "another pair"])
async def test_what_is_no_copy_of_this_state_is_not_put_back(tmp_path: Path, what: str) -> None:
    """The present state stays as it is."""
    copy = tmp_path / "copy.db"
    async with served(tmp_path / "home", few()) as home:
        assert (await home.run("once")).code == ATTENTION
        if what in ("newer", "another pair"):
            assert (await home.run("state", "backup", str(copy))).code == DONE
            _spoil(copy, what)
        elif what == "text":
            copy.write_text("this is no database, whatever its name says\n" * 100)
        elif what == "empty":
            copy.touch()
        elif what == "theirs":
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                connection.execute("CREATE TABLE theirs (x)")
        before = (home.state / statedir.FILE_NAME).read_bytes()
        ended = await home.run("state", "restore", str(copy))

    assert ended.code == STATE, ended.everything
    assert paragraph(ended)
    assert (home.state / statedir.FILE_NAME).read_bytes() == before
    assert names_in(home.state) == [statedir.MARK_NAME, statedir.REST_NAME, statedir.FILE_NAME]


def _spoil(copy: Path, what: str) -> None:
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        if what == "newer":
            connection.execute("PRAGMA user_version = 999")
        else:
            connection.execute("UPDATE setting SET value = 'others' WHERE name = 'pair'")
            connection.commit()


async def test_a_copied_directory_asks_before_it_is_at_work_elsewhere(tmp_path: Path) -> None:
    """Two services on copies of one state create everything twice."""
    sandbox = few()
    async with served(tmp_path / "home", sandbox) as home:
        assert (await home.run("once")).code == ATTENTION
        elsewhere = tmp_path / "elsewhere"
        shutil.copytree(home.state, elsewhere)
        home.replace(f'state_dir = "{home.state}"', f'state_dir = "{elsewhere}"')
        before = names_of(sandbox)
        once, run, check = (
            await home.run("once"),
            await home.run("run"),
            await home.run("check"),
        )
        adopted = await home.run("state", "adopt")
        ended = await home.run("once")

    for refused in (once, run):
        assert refused.code == STATE, refused.everything
        assert "this state belongs to" in paragraph(refused)
        assert "wosync state adopt" in paragraph(refused)
    assert check.code == STATE
    assert adopted.code == DONE, adopted.everything
    assert ended.code == ATTENTION, ended.everything
    assert "taken over by wosync state adopt" in ended.err
    assert names_of(sandbox) == before


async def test_the_state_of_another_pair_is_not_adopted(tmp_path: Path) -> None:
    """It would be said to be at home here, and the next start would refuse it."""
    async with served(tmp_path / "home", few()) as home:
        assert (await home.run("once")).code == ATTENTION
        _spoil(home.state / statedir.FILE_NAME, "another pair")
        before = settings_of(home.state / statedir.FILE_NAME)
        refused = await home.run("state", "adopt")

    assert refused.code == STATE, refused.everything
    assert "this state belongs to others" in paragraph(refused)
    assert settings_of(home.state / statedir.FILE_NAME) == before


def settings_of(path: Path) -> list[tuple[str, str]]:
    """What a state keeps of whose it is."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            "SELECT name, value FROM setting WHERE name IN ('pair', 'installation', 'copied')"
        ).fetchall()


async def test_a_named_instance_may_move(tmp_path: Path) -> None:
    """In a container, neither machine nor directory need be the same at the next start."""
    async with served(tmp_path / "home", few()) as home:
        home.replace("[service]\n", '[service]\ninstance = "prod"\n')
        assert (await home.run("once")).code == ATTENTION
        elsewhere = tmp_path / "elsewhere"
        shutil.move(home.state, elsewhere)
        home.replace(f'state_dir = "{home.state}"', f'state_dir = "{elsewhere}"')
        ended = await home.run("once")
        home.replace('instance = "prod"', 'instance = "test"')
        other = await home.run("once")

    assert ended.code == ATTENTION, ended.everything
    assert "state_of_unknown_age" not in ended.err
    assert other.code == STATE
    assert "instance prod" in paragraph(other)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as somebody else")
async def test_root_keeps_its_copy_where_the_service_may_not_write(tmp_path: Path) -> None:
    """The directory belongs to the service's user, the copy to whoever made it."""
    copy = tmp_path / "copy.db"
    async with served(tmp_path / "home", few()) as home:
        home.state.mkdir(mode=0o700)
        os.chown(home.state, 61_234, 61_234)
        assert (await home.run("once")).code == ATTENTION
        made = await home.run("state", "backup", str(copy))
        put_back = await home.run("state", "restore", str(copy))

    assert (made.code, put_back.code) == (DONE, DONE), made.everything + put_back.everything
    assert copy.stat().st_uid == 0
    assert {one.stat().st_uid for one in home.state.iterdir()} == {61_234}
    with contextlib.closing(statefile.connect(copy, query_only=True)) as connection:
        assert connection.execute("SELECT count(*) FROM record").fetchone()[0] > 0
