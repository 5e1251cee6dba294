"""Every way a command line can fail: one paragraph, the right code, nothing written, no secret."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sqlite3
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

from connectors.sandbox.sandbox import Addresses, Ports, Sandbox, SandboxOptions
from connectors.sandbox.serving import free_port
from connectors.sandbox.settings_file import prepared, write_settings
from engine.store import statedir
from engine.store.sqlite import statefile
from tests.end_to_end import started, warm
from tests.end_to_end.few import few
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

ROOT = str(Path(__file__).resolve().parents[2])
LOOK_S = 0.05
PLAIN_SECRET = "plain-text-secret-0123456789"
ATTENTION, UNREACHABLE, STATE, CREDENTIALS, CONFIGURATION = 3, 69, 74, 77, 78


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        """Both streams."""
        return self.out + self.err


async def wosync(*arguments: str, cwd: Path, **environment: str) -> Ended:
    """One command line, in a process of its own."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"}
    }
    with anyio.fail_after(DEADLINE_S):
        given = {**inherited, "PYTHONPATH": ROOT, "COLUMNS": "200", **environment}
        done = await anyio.to_thread.run_sync(
            warm.run, arguments, cwd, given, abandon_on_cancel=True
        )
    return Ended(*done)


def names_in(directory: Path) -> list[str]:
    """What lies there."""
    return sorted(one.name for one in directory.iterdir())


def paragraph(ended: Ended) -> str:
    """The one paragraph on standard error; log lines before it are not part of it."""
    assert "Traceback" not in ended.everything
    assert ended.err.count("wosync: ") == 1, ended.err
    text = ended.err[ended.err.index("wosync: ") :]
    assert "\n\n" not in text.strip()
    assert "What to do: " in text
    return text


@dataclass(frozen=True, slots=True)
class Home:
    """A directory with a configuration for a sandbox, and what must never be printed."""

    directory: Path
    config: Path
    secrets: tuple[str, ...]

    @property
    def state(self) -> Path:
        """The state directory."""
        return self.directory / "state"

    @property
    def captured(self) -> int:
        """Records in the state; it may exist to remember when a sign-in was last tried."""
        path = self.state / statefile.FILE_NAME
        if not path.exists():
            return 0
        with contextlib.closing(statefile.connect(path, query_only=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM record").fetchone()[0])

    def replace(self, old: str, new: str) -> None:
        """Change the configuration."""
        text = self.config.read_text(encoding="utf-8")
        assert old in text
        self.config.write_text(text.replace(old, new, 1), encoding="utf-8")

    def secret(self, name: str, text: str) -> None:
        """Put another secret into its file."""
        (self.directory / name).write_text(text, encoding="utf-8")

    async def run(self, *arguments: str) -> Ended:
        """A command with this configuration; no secret may appear whatever happens."""
        ended = await wosync(*arguments, "--config", str(self.config), cwd=self.directory)
        leaked = [secret for secret in self.secrets if secret in ended.everything]
        assert leaked == []
        return ended


def home_of(directory: Path, sandbox: Sandbox, addresses: Addresses) -> Home:
    """A configuration that works."""
    home = prepared(directory)
    written = write_settings(home, addresses, sandbox.credentials)
    credentials = sandbox.credentials
    secrets = (credentials.api_key, credentials.client_secret, credentials.refresh_token)
    return Home(home, written.path, secrets)


@contextlib.asynccontextmanager
async def served(directory: Path, sandbox: Sandbox | None = None) -> AsyncGenerator[Home]:
    """A small sandbox on real sockets, and a configuration for it."""
    sandbox = sandbox or few()
    async with sandbox.serving(Ports()) as addresses:
        yield home_of(directory, sandbox, addresses)


@pytest.fixture
def unserved(tmp_path: Path) -> Home:
    """A configuration of two systems that nobody serves."""
    closed = f"http://127.0.0.1:{free_port()}"
    sandbox = Sandbox(SandboxOptions(bulk=0))
    return home_of(tmp_path / "home", sandbox, Addresses(closed, closed, closed))


@pytest.mark.parametrize("command", ["run", "once", "check", "status"])
async def test_no_configuration_is_a_wrong_configuration(tmp_path: Path, command: str) -> None:
    """The first thing anybody does is start it without one."""
    ended = await wosync(command, "--config", "absent.toml", cwd=tmp_path)

    assert ended.code == CONFIGURATION
    assert "absent.toml" in paragraph(ended)
    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[poller]", "[poller", "is not valid TOML"),
        ("interval_s = 2", "intervall_s = 2", "[poller] intervall_s: unknown key; did you mean"),
        ("[owners]", "[owner]", "[owner]: unknown key; did you mean 'owners'?"),
        ("interval_s = 2", 'interval_s = "often"', "[poller] interval_s: "),
        ("visibility_s = 5", "visibility_s = -1", "[outreach] visibility_s: "),
    ],
)
async def test_a_mistake_in_the_configuration_is_named(
    unserved: Home, old: str, new: str, words: str
) -> None:
    """The operator corrects the line and goes on."""
    unserved.replace(old, new)
    ended = await unserved.run("run")

    assert ended.code == CONFIGURATION
    assert words in paragraph(ended)
    assert not unserved.state.exists()


async def test_several_mistakes_are_reported_together(unserved: Home) -> None:
    """A start for each mistake would be a start too many."""
    unserved.replace("interval_s = 2", "interval_s = 0\noverlap = 1")
    unserved.replace("ttl_s = 30", 'ttl_s = "x"')
    ended = await unserved.run("once")

    text = paragraph(ended)
    assert ended.code == CONFIGURATION
    assert "has 3 mistakes" in text
    for place in ("[poller] interval_s", "[poller] overlap", "[owners] ttl_s"):
        assert place in text


@pytest.mark.parametrize("name", ["api_key", "client_secret", "refresh_token"])
async def test_a_secret_in_plain_text_is_refused_and_never_repeated(
    unserved: Home, name: str
) -> None:
    """The paragraph goes to a log; the secret must not."""
    reference = f'{name} = {{ file = "{unserved.directory / name}" }}'
    unserved.replace(reference, f'{name} = "{PLAIN_SECRET}"')
    ended = await unserved.run("check")

    assert ended.code == CONFIGURATION
    assert f"{name}: a secret is never written in the file" in paragraph(ended)
    assert PLAIN_SECRET not in ended.everything


async def test_a_secret_the_environment_does_not_hold_is_named(unserved: Home) -> None:
    """A unit file without its EnvironmentFile."""
    reference = f'{{ file = "{unserved.directory / "api_key"}" }}'
    unserved.replace(reference, '{ env = "SURELY_NOT_SET" }')
    ended = await unserved.run("run")

    assert ended.code == CONFIGURATION
    assert "the environment variable SURELY_NOT_SET is not set" in paragraph(ended)
    assert not unserved.state.exists()


@pytest.mark.parametrize("command", ["run", "once", "check"])
async def test_a_variable_that_is_no_text_is_named_and_never_repeated(
    unserved: Home, command: str
) -> None:
    """An EnvironmentFile in another encoding, or a file that was cut off within a character."""
    reference = f'{{ file = "{unserved.directory / "api_key"}" }}'
    unserved.replace(reference, '{ env = "WB_KEY" }')
    command_line = (command, "--config", str(unserved.config))
    broken = os.fsdecode(b"abcdefgh\xffij")
    ended = await wosync(*command_line, cwd=unserved.directory, WB_KEY=broken)

    assert ended.code == CONFIGURATION
    assert "[workbooks] api_key: the environment variable WB_KEY is not readable" in paragraph(
        ended
    )
    assert "abcdefgh" not in ended.everything
    assert not unserved.state.exists()


@pytest.mark.parametrize(
    ("place", "command"),
    [
        *(("api_key", command) for command in ("run", "once", "check")),
        *(("state_dir", command) for command in ("run", "once", "status", "retry O-1")),
        *(("state_dir", command) for command in ("config show", "list --waiting", "top --json")),
    ],
)
async def test_a_home_directory_that_nobody_knows_is_a_wrong_configuration(
    unserved: Home, place: str, command: str
) -> None:
    """A configuration may come from a machine that has a user more."""
    written = {"api_key": unserved.directory / "api_key", "state_dir": unserved.state}
    unserved.replace(f'"{written[place]}"', '"~nosuchuser/x"')
    ended = await unserved.run(*command.split())

    assert ended.code == CONFIGURATION
    assert place in paragraph(ended)
    assert "its ~ names a user whom this system does not know; write the whole path" in ended.err
    assert not unserved.state.exists()


async def test_once_says_that_a_system_cannot_be_reached(unserved: Home) -> None:
    """A timer unit tries again later; nothing is left behind until it does."""
    ended = await unserved.run("once")

    assert ended.code == UNREACHABLE
    assert "workbooks" in paragraph(ended)
    assert not unserved.state.exists()


async def test_check_says_that_a_system_cannot_be_reached(unserved: Home) -> None:
    """Each step has its verdict, and a remedy where it failed."""
    ended = await unserved.run("check")

    assert ended.code == UNREACHABLE
    assert "Traceback" not in ended.everything
    assert "FAILED" in ended.out
    assert "What to do: " in ended.out
    assert unserved.captured == 0


@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_status_says_that_no_service_answers(unserved: Home, form: tuple[str, ...]) -> None:
    """A look at a service that is not there must not make it a state."""
    ended = await unserved.run("status", *form)

    assert (ended.code, ended.err) == (UNREACHABLE, "")
    assert "no service is running" in ended.out
    assert not unserved.state.exists()


@pytest.mark.parametrize(
    ("name", "system"),
    [("api_key", "workbooks"), ("client_secret", "outreach"), ("refresh_token", "outreach")],
)
async def test_refused_credentials_have_a_code_of_their_own(
    tmp_path: Path, name: str, system: str
) -> None:
    """A timer unit that is told of them must not try into a locked account."""
    async with served(tmp_path / "home") as home:
        home.secret(name, PLAIN_SECRET)
        ended = await home.run("once")

    assert ended.code == CREDENTIALS
    assert f"wosync: {system}" in paragraph(ended)
    assert PLAIN_SECRET not in ended.everything
    assert home.captured == 0


@pytest.mark.parametrize("name", ["api_key", "client_secret", "refresh_token"])
async def test_check_finds_refused_credentials(tmp_path: Path, name: str) -> None:
    """What check says and what the service does are the same."""
    async with served(tmp_path / "home") as home:
        home.secret(name, PLAIN_SECRET)
        ended = await home.run("check")

    assert ended.code == CREDENTIALS
    assert "FAILED" in ended.out
    assert "Traceback" not in ended.everything
    assert PLAIN_SECRET not in ended.everything


async def test_check_leaves_the_state_of_another_pair_alone(tmp_path: Path) -> None:
    """With a variable left over from another pair, it would renew that pair's token."""
    async with served(tmp_path / "home") as home, served(tmp_path / "other") as other:
        assert (await home.run("once")).code == ATTENTION
        path = home.state / statefile.FILE_NAME
        tokens = secrets_of(path)
        other.replace('state_dir = "', f'state_dir = "{home.state}"  # "')
        ended = await other.run("check")

    assert ended.code == STATE, ended.everything
    assert "this state belongs to" in " ".join(ended.out.split())
    assert secrets_of(path) == tokens


def secrets_of(path: Path) -> list[tuple[str, str]]:
    """What the state keeps of the two systems' credentials."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, value FROM secret ORDER BY name").fetchall()


async def test_the_service_does_not_end_at_one_refusal_and_says_what_it_waits_for(
    tmp_path: Path,
) -> None:
    """Whoever has mistyped a secret sees it at once, and may put another one into its file."""
    async with served(tmp_path / "home") as home:
        given = home.directory.joinpath("api_key").read_text(encoding="utf-8")
        home.secret("api_key", PLAIN_SECRET)
        [http] = re.findall(r'^http = "(.+)"', home.config.read_text("utf-8"), re.MULTILINE)
        command = ["run", "--config", str(home.config)]
        async with (
            await started.start(*command, cwd=home.directory) as service,
            httpx.AsyncClient(base_url=f"http://{http}", trust_env=False) as client,
        ):
            with anyio.fail_after(DEADLINE_S):
                waits = await seen(client, "one refusal proves nothing")
                home.secret("api_key", given)
                await seen(client, "ready\n")
                service.terminate()
                assert await service.wait() == 0

    assert waits.status_code == 503
    assert "workbooks" in waits.text
    assert PLAIN_SECRET not in waits.text


async def seen(client: httpx.AsyncClient, words: str) -> httpx.Response:
    """What the service says of its readiness, once it holds these words."""
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.get("/readyz")
            if words in answer.text:
                return answer
        await anyio.sleep(LOOK_S)


async def test_a_missing_custom_field_is_named_with_its_key(tmp_path: Path) -> None:
    """The plugin is not installed, or an administrator renamed its field."""
    sandbox = Sandbox(SandboxOptions(bulk=0))
    sandbox.workbooks.custom_fields.remove("cf_opportunity_sync_to_outreach")
    async with served(tmp_path / "home", sandbox) as home:
        ended = await home.run("once")

    text = paragraph(ended)
    assert ended.code == CONFIGURATION
    assert "Sync to Outreach" in text
    assert "[workbooks.fields] sync" in text
    assert not home.state.exists()


@pytest.mark.parametrize("command", ["once", "run"])
async def test_a_state_of_a_newer_version_is_left_alone(unserved: Home, command: str) -> None:
    """A downgrade must not damage what the newer version wrote."""
    unserved.state.mkdir()
    path = unserved.state / statefile.FILE_NAME
    statefile.prepare(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = path.read_bytes()
    ended = await unserved.run(command)

    assert ended.code == STATE
    assert "newer version of wosync" in paragraph(ended)
    assert path.read_bytes() == before
    assert names_in(unserved.state) == [statefile.FILE_NAME]


async def test_a_state_directory_that_cannot_be_made_is_named(unserved: Home) -> None:
    """Below a regular file, which not even an administrator's rights get around."""
    unserved.replace(str(unserved.state), str(unserved.config / "state"))
    ended = await unserved.run("once")

    assert ended.code == STATE
    assert "config.toml/state" in paragraph(ended)
    assert unserved.config.is_file()


@pytest.mark.parametrize("command", ["once", "run"])
async def test_a_second_process_on_the_same_state_is_refused(unserved: Home, command: str) -> None:
    """Two writers on one state would duplicate records."""
    with statedir.lease(unserved.state):
        ended = await unserved.run(command)

        assert ended.code == STATE
        assert "another wosync process" in paragraph(ended)
        assert names_in(unserved.state) == [statedir.LOCK_NAME]


async def test_a_port_in_use_is_the_operators_to_change(unserved: Home) -> None:
    """Two pairs on one machine, both on the default port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port: int = other.getsockname()[1]
        unserved.replace('http = "127.0.0.1:', f'http = "127.0.0.1:{port}" # ')
        ended = await unserved.run("run")

    assert ended.code == CONFIGURATION
    assert f"cannot listen on 127.0.0.1:{port}" in paragraph(ended)
    assert not unserved.state.exists()


async def test_a_port_that_cannot_exist_is_a_wrong_configuration(unserved: Home) -> None:
    """A digit too many is a typing mistake like any other."""
    unserved.replace('http = "127.0.0.1:', 'http = "127.0.0.1:99999" # ')
    ended = await unserved.run("run")

    assert ended.code == CONFIGURATION
    assert "[service] http" in paragraph(ended)
    assert not unserved.state.exists()


@pytest.mark.parametrize(
    "arguments", [("sing",), ("run", "--louder"), ("once", "--config"), ("run", "extra"), ("--no",)]
)
async def test_a_command_line_that_does_not_exist_is_bad_usage(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A mistyped command must not look like a failed run."""
    ended = await wosync(*arguments, cwd=tmp_path)

    assert ended.code == 2
    assert "Traceback" not in ended.everything
    assert ended.err.startswith("wosync: ")
    assert names_in(tmp_path) == []


async def test_the_version_is_one_line(tmp_path: Path) -> None:
    """It is pasted into reports."""
    ended = await wosync("--version", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("wosync ")
    assert ended.out.count("\n") == 1


async def test_the_help_lists_every_command(tmp_path: Path) -> None:
    """It is the first page of the manual."""
    ended = await wosync("--help", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    for command in ("run", "once", "check", "status", "demo", "sandbox"):
        assert f"\n  {command} " in ended.out


async def once_with_little_room(home: Home, room_kib: int) -> Ended:
    """`once`, in a process whose files may not grow beyond so many KiB."""
    command = [sys.executable, "-m", "engine", "once", "--config", str(home.config)]
    with anyio.fail_after(DEADLINE_S):
        done = await anyio.run_process(
            ["bash", "-c", f'ulimit -f {room_kib}; exec "$@"', "bash", *command],
            cwd=home.directory,
            check=False,
            env={**os.environ, "PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    return Ended(done.returncode or 0, done.stdout.decode(), done.stderr.decode())


@pytest.mark.slow
async def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """With room again, the next start goes on where this one ended."""
    sandbox = Sandbox(SandboxOptions(bulk=0))
    async with served(tmp_path / "home", sandbox) as home:
        first = await once_with_little_room(home, 0)
        assert first.code == STATE, first.err
        assert "free space" in paragraph(first)
        assert not home.state.exists()

        full = await once_with_little_room(home, 700)
        assert full.code == STATE, full.err
        assert "the state file cannot be written" in paragraph(full)

        # A good state must not be moved away for want of room.
        still = await once_with_little_room(home, 0)
        assert still.code == STATE, still.err
        assert "free space" in paragraph(still)
        assert "move" not in paragraph(still)

        again = await home.run("once")

        assert again.code == ATTENTION, again.err
        references = [row.attributes["customId"] for row in sandbox.outreach.opportunities.rows()]
        made = [one for one in references if one is not None]
        assert len(made) == len(set(made)) > 100
