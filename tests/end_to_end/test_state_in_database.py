"""Commands on a state in PostgreSQL: moved there and back, and every way in which it fails."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import struct
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from engine.store import statedir
from tests.end_to_end import started
from tests.end_to_end.few import few
from tests.end_to_end.test_cli_errors import (
    ATTENTION,
    CONFIGURATION,
    PLAIN_SECRET,
    STATE,
    UNREACHABLE,
    Ended,
    Home,
    names_in,
    paragraph,
    served,
    unserved,
)
from tests.end_to_end.test_state_command import names_of
from tests.waiting import DEADLINE_S

if TYPE_CHECKING:
    from tests.end_to_end.in_database import Tables

__all__ = ["unserved"]

pytestmark = pytest.mark.anyio

DONE, FAILED, USAGE = 0, 1, 2
ROOT = Path(__file__).resolve().parents[2]
LOOK_S = 0.05
# Those that look into a state, or change it, where no service runs.
LOOKING = (
    ("why", "OPP-1"),
    ("list", "--refused"),
    ("history", "--runs"),
    ("state", "backup", "copy.db"),
)
CHANGING = (("retry", "OPP-1"), ("state", "adopt"), ("plan",), ("once",))


@pytest.fixture
def tables(postgres: str) -> Generator[Tables]:
    """Tables of no state yet."""
    from tests.end_to_end.in_database import tables as made

    with made(postgres) as there:
        yield there


def name_it(home: Home, tables: Tables, address: str | None = None, *further: str) -> None:
    """Have the configuration name the tables."""
    from tests.end_to_end.in_database import named

    named(home, tables, address, *further)


def lines(ended: Ended) -> dict[tuple[str, str], str]:
    """What a check says of each step."""
    assert "Traceback" not in ended.everything, ended.everything
    verdicts = json.loads(ended.out)["verdicts"]
    return {
        (one["subject"], one["step"]): f"{one['ok']}: {one['detail']} {one['remedy'] or ''}"
        for one in verdicts
    }


async def test_a_state_is_moved_into_a_database_and_back(tmp_path: Path, tables: Tables) -> None:
    """With nothing made twice; what is to be typed next is what the command says."""
    sandbox = few()
    async with served(tmp_path / "home", sandbox) as home:
        home.replace("[service]\n", f'[service]\nstate_schema = "{tables.schema}"\nlease_s = 2\n')
        assert (await home.run("once")).code == ATTENTION
        before = names_of(sandbox)
        moved = await home.run("state", "copy", str(home.state), tables.address)
        too_early = [await home.run(*words) for words in (("once",), ("run",), ("retry", "OPP-1"))]
        shown = await home.run("status")
        await as_told(home, moved)
        checked = await home.run("check", "--json")
        ended, known = await home.run("once"), await home.run("status", "--json")

        backed_up = await home.run("state", "backup", str(tmp_path / "copy.db"))
        back = await home.run("state", "copy", tables.address, str(home.state))
        await as_told(home, back)
        again = await home.run("once")

    assert moved.code == DONE, moved.everything
    assert "rows, each compared" in moved.out
    for one in too_early:
        assert one.code == STATE, one.everything
        assert f"moved to schema {tables.schema} of database" in paragraph(one)
    assert shown.code == STATE
    assert "this state was moved to" in shown.out
    found = lines(checked)
    assert f", schema {tables.schema}: PostgreSQL " in found["state", "database"]
    assert "the tables there are ours" in found["state", "database"]
    assert found["state", "directory"].startswith("True")
    assert (ended.code, known.code) == (ATTENTION, UNREACHABLE)
    # What was refused meanwhile has left no mark that tells of more than there is.
    assert "state_of_unknown_age" not in checked.err + ended.err
    assert json.loads(known.out)["records"]["linked"] > 0
    assert backed_up.code == DONE, backed_up.everything
    assert back.code == DONE, back.everything
    assert f"what was there is kept as {home.state / 'state.db.before-1'}" in back.out
    assert again.code == ATTENTION, again.everything
    assert "state_of_unknown_age" not in again.err
    assert names_of(sandbox) == before


async def as_told(home: Home, ended: Ended) -> None:
    """Type what a command says is to be typed."""
    said = [
        line.split("wosync ", 1)[1] for line in ended.out.splitlines() if "wosync config" in line
    ]
    assert said, ended.everything
    for line in said:
        words = shlex.split(line)
        assert words[-2:] == ["--config", str(home.config)]
        changed = await home.run(*words[:-2])
        assert changed.code == DONE, changed.everything


@pytest.mark.parametrize(
    "address",
    [
        "/var/lib/wosync",
        "mysql://wosync@db.example.com/wosync",
        "postgresql://wosync@db.example.com",
        f"postgresql://wosync:{PLAIN_SECRET}@db.example.com/wosync",
        f"postgresql://wosync:x/{PLAIN_SECRET}@db.example.com/wosync",
        f"postgresql://wosync@db.example.com/wosync?password={PLAIN_SECRET}",
        f"postgresql://wosync@[{PLAIN_SECRET}/wosync",
        f"postgresql://wosync:{PLAIN_SECRET}\u2100@db.example.com/wosync",
        "postgresql://wosync@db.example.com/wosync?sslmod=verify-full",
        "postgresql://wosync@127.0.0.1/wosync?sslmode=full",
    ],
)
async def test_an_address_that_is_none_is_a_wrong_configuration(
    unserved: Home, address: str, postgres: str
) -> None:
    """Whatever is wrong with it may be a password, and is not repeated."""
    unserved.replace("[service]\n", f'[service]\nstate = "{address}"\n')
    for words in (("run",), ("status", "--json"), ("check", "--json"), ("once",)):
        ended = await unserved.run(*words)
        assert ended.code == CONFIGURATION, ended.everything
        assert "Traceback" not in ended.everything
        assert PLAIN_SECRET not in ended.everything
        assert "state" in ended.everything
    assert not unserved.state.exists()


@pytest.mark.parametrize(
    ("of", "to", "words"),
    [
        ("state", "elsewhere", "one of the two must be a directory"),
        ("postgresql://a@b/c", "postgres://a@b/d", "one of the two must be a directory"),
        ("state", f"postgresql://a:{PLAIN_SECRET}@b/c", "a password is never written"),
        (f"postgresql://a:{PLAIN_SECRET}/@b/c", "state", "a password is never written"),
        ("state", "mysql://a@b/c", "the address of the database: must be"),
        ("mysql://a@b/c", "postgres://a@b/d", "one of the two must be a directory"),
    ],
)
async def test_what_is_no_move_is_bad_usage(
    unserved: Home, of: str, to: str, words: str, postgres: str
) -> None:
    """Nothing is made; least of all a directory of that name."""
    before = names_in(unserved.directory)
    ended = await unserved.run("state", "copy", of, to)

    assert ended.code == USAGE, ended.everything
    assert words in paragraph(ended)
    assert PLAIN_SECRET not in ended.everything
    assert names_in(unserved.directory) == before


async def test_a_database_that_is_away_is_told_by_every_command(
    unserved: Home, tables: Tables, tmp_path: Path
) -> None:
    """It may be back in a moment, so the code is that of what cannot be reached."""
    name_it(unserved, tables, tables.address_of(host=str(tmp_path)))
    said = f"at {tmp_path}, schema {tables.schema} cannot be reached"
    for words in (*LOOKING, *CHANGING):
        ended = await unserved.run(*words)
        assert ended.code == UNREACHABLE, ended.everything
        assert said in paragraph(ended)
    status, check = await unserved.run("status"), await unserved.run("check", "--json")

    assert (status.code, check.code) == (UNREACHABLE, UNREACHABLE)
    assert said in status.out
    assert said in lines(check)["state", "database"]
    assert "copy.db" not in names_in(unserved.directory)
    assert not [*unserved.state.glob("*")]


async def test_a_wrong_password_is_told_and_never_repeated(
    unserved: Home, tables: Tables, postgres: str
) -> None:
    """Nor is the right one."""
    import psycopg

    from tests.postgres import GUARDED

    tables.run(f"DROP ROLE IF EXISTS {GUARDED}", f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'right'")
    try:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(postgres, user=GUARDED, password=PLAIN_SECRET).close()
            pytest.skip("this server asks nobody for a password")
        unserved.secret("password", PLAIN_SECRET)
        file = f'state_password = {{ file = "{unserved.directory / "password"}" }}'
        name_it(unserved, tables, tables.address_of(user=GUARDED), file)
        once, status, run = [await unserved.run(one) for one in ("once", "status", "run")]
        unserved.replace(f"{file}\n", "")
        none = await unserved.run("once")
    finally:
        tables.run(f"DROP ROLE {GUARDED}")

    assert [one.code for one in (once, status, run, none)] == [STATE] * 4
    for one in (once, run):
        assert f'password authentication failed for user "{GUARDED}"' in paragraph(one)
        assert "state_password" in paragraph(one)
    assert "password authentication failed" in status.out
    assert "no password supplied" in paragraph(none)
    for one in (once, status, run):
        assert PLAIN_SECRET not in one.everything


THERE = (
    "SELECT oid, relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
    " ORDER BY oid"
)
THEIRS = "CREATE TABLE schema_version (version text); INSERT INTO schema_version VALUES ('1')"


@pytest.mark.parametrize(
    ("statements", "words", "looks"),
    [
        ((THEIRS,), "holds tables of another program", STATE),
        (("UPDATE schema_version SET version = 999",), "by a newer version of wosync", STATE),
        (("DELETE FROM schema_version",), "are not those of this version", STATE),
        (("ALTER TABLE setting RENAME value TO x",), "are not those of this version", STATE),
        (
            (
                "CREATE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$",
                "CREATE TRIGGER full_up BEFORE UPDATE ON setting FOR EACH ROW"
                " EXECUTE FUNCTION full_up()",
                "INSERT INTO setting (name, value) VALUES ('pair', 'none')",
            ),
            "has no room left: no space left",
            UNREACHABLE,
        ),
    ],
)
async def test_tables_that_cannot_be_used_are_left_alone(
    unserved: Home, tables: Tables, statements: tuple[str, ...], words: str, looks: int
) -> None:
    """Each is one paragraph that says where and what to do.

    Args:
        looks: the code of a look, which needs less of them.
    """
    from engine.store.postgres.database import Database

    if statements[0] is THEIRS:
        tables.run(f"CREATE SCHEMA {tables.schema}")
    else:
        Database(tables.server, tables.schema, lambda: None).prepare()
    tables.run(*statements)
    name_it(unserved, tables)
    before = tables.rows(THERE)
    for command in ("run", "once"):
        ended = await unserved.run(command)
        assert ended.code == STATE, ended.everything
        assert words in paragraph(ended)
        assert tables.schema in paragraph(ended)
    check, status = await unserved.run("check", "--json"), await unserved.run("status")

    assert check.code == STATE
    assert [text for text in lines(check).values() if words in text]
    assert status.code == looks, status.everything
    assert tables.rows(THERE) == before


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("no schema", "permission denied for database"),
        ("no rights in it", "does not let us"),
        ("no database", "does not exist"),
        ("no role", "does not exist"),
        ("no login", "is not permitted to log in"),
        ("only to read", "can only be read"),
    ],
)
async def test_a_role_that_may_not_is_told_what_it_lacks(
    unserved: Home, tables: Tables, what: str, words: str
) -> None:
    """An administrator of the database gives it."""
    role = f"{tables.schema}role"
    tables.run(f"CREATE ROLE {role} {'NOLOGIN' if what == 'no login' else 'LOGIN'}")
    if what == "no rights in it":
        tables.run(f"CREATE SCHEMA {tables.schema}")
    if what == "only to read":
        tables.run(f"ALTER ROLE {role} SET default_transaction_read_only = on")
    named = {"no database": {"dbname": "absent"}, "no role": {"user": "absent"}}
    name_it(unserved, tables, tables.address_of(**{"user": role, **named.get(what, {})}))
    try:
        once, run = await unserved.run("once"), await unserved.run("run")
        check = await unserved.run("check", "--json")
        left = tables.owned_by(role)
    finally:
        tables.run(f"DROP OWNED BY {role}", f"DROP ROLE {role}")

    for one in (once, run):
        assert one.code == STATE, one.everything
        assert words in paragraph(one)
    assert check.code == STATE
    assert [text for text in lines(check).values() if words in text]
    assert not left


def _ended() -> bytes:
    """What a server says to everybody when it is stopped."""
    parts = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
    return b"E" + struct.pack("!I", len(parts) + 4) + parts


@asynccontextmanager
async def of_version(version: str, directory: Path) -> AsyncGenerator[None]:
    """A server of that version, which ends before it answers anything else."""

    async def told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        facts = {"server_version": version, "server_encoding": "UTF8", "client_encoding": "UTF8"}
        writer.write(b"R" + struct.pack("!II", 8, 0))
        for name, value in facts.items():
            text = f"{name}\0{value}\0".encode()
            writer.write(b"S" + struct.pack("!I", len(text) + 4) + text)
        writer.write(b"Z" + struct.pack("!I", 5) + b"I")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            await reader.read(1)
            writer.write(_ended())
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(told, directory / ".s.PGSQL.5432")
    async with server:
        yield


async def test_a_server_that_is_too_old_is_told(
    unserved: Home, tables: Tables, tmp_path: Path
) -> None:
    """Its statements would fail one by one."""
    there = tmp_path / "old"
    there.mkdir()
    name_it(unserved, tables, tables.address_of(host=str(there)))
    async with of_version("13.16", there):
        once, check = await unserved.run("once"), await unserved.run("check", "--json")

    assert (once.code, check.code) == (STATE, STATE)
    assert "runs PostgreSQL 13, and 14 is needed" in paragraph(once)
    assert "14 is needed" in lines(check)["state", "database"]


async def test_a_server_that_ends_as_soon_as_it_has_let_somebody_in_does_not_answer(
    unserved: Home, tables: Tables, tmp_path: Path
) -> None:
    """It may be back in a moment, which a service waits for."""
    there = tmp_path / "ending"
    there.mkdir()
    name_it(unserved, tables, tables.address_of(host=str(there)))
    async with of_version("15.4", there):
        once, check = await unserved.run("once"), await unserved.run("check", "--json")

    assert (once.code, check.code) == (UNREACHABLE, UNREACHABLE), once.everything
    assert "does not answer: terminating connection" in paragraph(once)


async def test_whoever_has_no_driver_is_told_how_to_get_it(
    unserved: Home, tables: Tables, tmp_path: Path
) -> None:
    """And whose state is a file needs none."""
    stub = tmp_path / "lib" / "psycopg"
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text("raise ImportError('no pq wrapper available')\n")
    environment = {**os.environ, "PYTHONPATH": f"{stub.parent}{os.pathsep}{ROOT}"}

    async def run(*words: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "engine", *words, "--config", str(unserved.config)]
        ended = await anyio.run_process(command, check=False, env=environment, cwd=tmp_path)
        return ended.returncode, ended.stderr.decode()

    assert (await run("status"))[0] == UNREACHABLE
    name_it(unserved, tables)
    code, said = await run("once")
    assert code == CONFIGURATION, said
    assert "needs psycopg, which is not installed here: no pq wrapper available" in said
    assert "What to do: install the package again with its extra postgres" in said
    assert "Traceback" not in said
    code, said = await run("state", "copy", "state", "postgresql://a@b/c")
    assert code == CONFIGURATION, said
    assert not unserved.state.exists()


async def test_a_second_process_is_told_who_works(
    unserved: Home, tables: Tables, tmp_path: Path
) -> None:
    """Of another configuration that names the same tables, or on another machine."""
    from engine.store.postgres.database import Database
    from engine.store.postgres.place import StateDatabase

    name_it(unserved, tables)
    there = StateDatabase(
        tmp_path / "elsewhere", Database(tables.server, tables.schema, lambda: None), 2.0
    )
    shutil.copy(unserved.config, tmp_path / "copy.db")
    with there.hold(keep=True):
        who = f"process {os.getpid()} on "
        for words in (*CHANGING, ("state", "copy", tables.address, str(tmp_path / "x"))):
            ended = await unserved.run(*words)
            assert ended.code == STATE, ended.everything
            assert who in paragraph(ended)
        status, check = await unserved.run("status"), await unserved.run("check", "--json")

    assert status.code == UNREACHABLE
    assert f"{who}" in status.out
    assert who in lines(check)["state", "directory"]
    assert not (tmp_path / "x").exists()


async def test_commands_beside_a_service_that_stands_by(tmp_path: Path, tables: Tables) -> None:
    """It is well, and does nothing of what is asked; the state tells what there is to know."""
    from engine.store.postgres.database import Database
    from engine.store.postgres.place import StateDatabase

    there = StateDatabase(
        tmp_path / "elsewhere", Database(tables.server, tables.schema, lambda: None), 2.0
    )
    async with served(tmp_path / "home", few()) as home:
        name_it(home, tables)
        assert (await home.run("once")).code == ATTENTION
        with there.hold(keep=True):
            command = ["run", "--config", str(home.config)]
            async with await started.start(*command, cwd=home.directory) as service:
                with anyio.fail_after(DEADLINE_S):
                    status = await home.run("status", "--json")
                    while status.code == UNREACHABLE:
                        await anyio.sleep(LOOK_S)
                        status = await home.run("status", "--json")
                shown, check = await home.run("status"), await home.run("check", "--json")
                looks = [await home.run(*words) for words in LOOKING]
                asked = [
                    await home.run(*words)
                    for words in (
                        ("retry", "OPP-1"),
                        ("approve",),
                        ("plan",),
                        ("reload",),
                        ("mapping",),
                        ("auth", "--paste"),
                        ("tune", "--over", "1"),
                    )
                ]
                service.terminate()
                assert await service.wait() == DONE

    document = json.loads(status.out)
    assert (status.code, document["running"], document["standby"]) == (DONE, True, True)
    assert document["records"]["linked"] > 0
    assert f"it stands by: process {os.getpid()} on " in shown.out
    assert "stands by" in lines(check)["service", "ready"]
    assert check.code == DONE, check.everything
    for one in looks:
        assert one.code in (DONE, FAILED), one.everything
        assert "Traceback" not in one.everything
    for one in asked:
        assert one.code == UNREACHABLE, one.everything
        assert "the service here stands by" in paragraph(one)


async def test_a_directory_that_cannot_be_written_to_is_told_beside_a_database(
    unserved: Home, tables: Tables
) -> None:
    """What is of this machine alone lies there."""
    unserved.replace(f'"{unserved.state}"', f'"{unserved.config / "state"}"')
    name_it(unserved, tables)
    once, check = await unserved.run("once"), await unserved.run("check", "--json")

    assert (once.code, check.code) == (STATE, STATE)
    assert "config.toml/state" in paragraph(once)
    assert tables.names() == []
    assert "config.toml/state" in lines(check)["state", "held"]


async def test_a_check_before_the_first_start_leaves_nothing(
    tmp_path: Path, tables: Tables
) -> None:
    """Neither tables, nor a mark by which the first start would take the state for lost."""
    async with served(tmp_path / "home", few()) as home:
        name_it(home, tables)
        checked = await home.run("check", "--json")
        left = tables.names(), home.state.exists() and names_in(home.state)
        first = await home.run("once")

    assert "the first start makes its tables" in lines(checked)["state", "database"]
    # Of a token that was minted on the way nothing may be lost.
    assert left in (([], False), ([tables.schema], [statedir.MARK_NAME]))
    assert first.code == ATTENTION, first.everything
    assert "state_of_unknown_age" not in first.err


@pytest.mark.parametrize("away", [False, True])
async def test_references_are_offered_from_a_database_or_nothing_is(
    unserved: Home, tables: Tables, tmp_path: Path, away: bool
) -> None:
    """Somebody has pressed a key, and waits."""
    from engine.store.postgres.database import Database

    Database(tables.server, tables.schema, lambda: None).prepare()
    tables.run(
        "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload, state,"
        " lane, due_at) VALUES (1, 'OPP-1', 1, 1, 1, 0, '{}', 'settled', 0, 1)"
    )
    name_it(unserved, tables, tables.address_of(host=str(tmp_path)) if away else None)
    line = f"wosync why --config {unserved.config} OPP-"
    environment = {
        **os.environ,
        "_WOSYNC_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }
    ended = await anyio.run_process(
        [sys.executable, "-m", "engine"], check=False, env=environment, cwd=ROOT
    )

    assert (ended.returncode, ended.stderr) == (DONE, b"")
    assert ended.stdout.decode().split() == ([] if away else ["OPP-1"])
