"""Every secret, pushed through every way out of the service; none of them may be seen.

Both systems answer wrongly and quote back all they were sent, in every spelling. What the service
then prints, logs, serves and remembers is searched for whole secrets and for halves of them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import signal
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import anyio
import anyio.abc
import httpx
import pytest

from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.sandbox import Addresses, Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import prepared, write_settings
from engine.errors import EXCERPT_CHARS_MAX
from engine.store.sqlite import statefile
from tests.end_to_end import started
from tests.end_to_end.test_cli_errors import CONFIGURATION, ROOT, wosync
from tests.searching import SEARCH
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

# What goes wrong has done so by then, or nobody asks any more.
FAULTS_S = 20.0
LOOK_S = 0.05
# What a browser, a person or a program may look at.
PAGES = ("/status", "/metrics", "/mapping", "/readyz", "/healthz")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")

# Ways to sign in to the source; the second is left to a longer search.
AUTHS = ("api_key", "session") if SEARCH > 1 else ("api_key",)


def readings(text: str) -> Iterable[str]:
    """The text, and what somebody reads who undoes its spelling."""
    yield text
    yield unquote_plus(text)
    for found in _BASE64.findall(text):
        plain = found.replace("-", "+").replace("_", "/")
        for start in range(4):
            whole = plain[start:]
            yield base64.b64decode(whole[: len(whole) // 4 * 4]).decode("latin-1")


def seen(secrets: dict[str, str], text: str) -> list[str]:
    """Names of the secrets of which the text shows the whole or one half."""
    found: set[str] = set()
    for reading in readings(text):
        for name, secret in secrets.items():
            half = len(secret) // 2
            # The head of an access token says only what kind of token it is.
            halves = (
                (secret[half:],) if secret.startswith("eyJ") else (secret[:half], secret[half:])
            )
            if any(part in reading for part in halves):
                found.add(name)
    return sorted(found)


@dataclass(slots=True)
class Home:
    """A configuration for a sandbox, and all secrets there are so far."""

    sandbox: Sandbox
    addresses: Addresses
    config: Path
    url: str
    secrets: dict[str, str]

    @property
    def log(self) -> Path:
        """What the running service prints."""
        return self.config.with_name("service.log")

    def of(self, system: str) -> list[str]:
        """The secrets a system knows, because it gets them with every request or made them."""
        return [secret for name, secret in self.secrets.items() if name.startswith(system)]

    def learn(self) -> None:
        """Take in the tokens and sessions there are by now."""
        state = self.config.parent / "state" / statefile.FILE_NAME
        with contextlib.closing(statefile.connect(state, query_only=True)) as connection:
            for name, value in connection.execute("SELECT name, value FROM secret"):
                kept: dict[str, Any] = json.loads(value)
                for member in ("access_token", "refresh_token"):
                    if kept.get(member):
                        self.secrets[f"{name} {member} {kept[member][-4:]}"] = kept[member]
        for session in self.sandbox.workbooks.sessions.live.values():
            self.secrets[f"workbooks session {session.id[-4:]}"] = session.id
            self.secrets[f"workbooks form token {session.token[-4:]}"] = session.token

    async def told(self, *arguments: str) -> str:
        """What a command prints."""
        command = await wosync(
            *arguments, "--config", str(self.config), cwd=self.config.parent, COLUMNS="2000"
        )
        return command.everything


@contextlib.asynccontextmanager
async def home_of(directory: Path, auth: str) -> AsyncGenerator[Home]:
    """A sandbox, served, and its configuration at the most talkative level."""
    sandbox = Sandbox(SandboxOptions(bulk=0, mint_interval_s=0))
    async with sandbox.serving(Ports()) as addresses:
        settings = write_settings(prepared(directory), addresses, sandbox.credentials)
        text = settings.path.read_text(encoding="utf-8")
        for old, new in (
            ("[service]\n", '[service]\nlog_level = "debug"\nlog_format = "json"\n'),
            ("[workbooks]\n", f'[workbooks]\nauth = "{auth}"\n'),
            ("visibility_s = 5", "visibility_s = 1"),
            ("interval_s = 2", "interval_s = 1"),
        ):
            assert old in text
            text = text.replace(old, new)
        text += "\n[retry]\nattempts_max = 2\nbase_s = 0.05\ncap_s = 0.2\n"
        settings.path.write_text(text, encoding="utf-8")
        credentials = sandbox.credentials
        secrets = {
            "workbooks api_key": credentials.api_key,
            "outreach client_secret": credentials.client_secret,
            "outreach refresh_token": credentials.refresh_token,
        }
        yield Home(sandbox, addresses, settings.path, settings.service_url, secrets)


@contextlib.asynccontextmanager
async def service(home: Home) -> AsyncGenerator[anyio.abc.Process]:
    """`wosync run`, ended in order."""
    with home.log.open("ab") as out:
        process = await started.start(
            "run", "--config", str(home.config), cwd=home.config.parent, stdout=out, stderr=out
        )
        async with process:
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                with anyio.fail_after(DEADLINE_S):
                    await process.wait()
            finally:
                if process.returncode is None:
                    process.kill()


async def looked_at(home: Home) -> str:
    """Everything the service shows over HTTP, its exemplars included."""
    shown = ""
    async with httpx.AsyncClient(base_url=home.url, trust_env=False) as client:
        for page in PAGES:
            for accept in ("*/*", "application/openmetrics-text"):
                with contextlib.suppress(httpx.HTTPError):
                    answer = await client.get(page, headers={"Accept": accept})
                    shown += f"{answer.headers}\n{answer.text}\n"
    return shown


async def at_rest(home: Home) -> None:
    """Wait until the service has done all there is to do."""
    async with httpx.AsyncClient(base_url=home.url, trust_env=False) as client:
        with anyio.fail_after(DEADLINE_S):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    status = (await client.get("/status")).json()
                    if status["ready"] and status["captured"] and not status["records"]["pending"]:
                        return
                await anyio.sleep(LOOK_S)


def careless(secrets: Iterable[str]) -> str:
    """A text with secrets in all the ways they are sent."""
    parts: list[str] = []
    for secret in secrets:
        pair = base64.b64encode(f"client:{secret}".encode()).decode()
        parts += [secret, quote(secret, safe=""), f"Basic {pair}", f"Bearer {secret}"]
    return " ".join(parts)


def texts(secrets: Sequence[str]) -> list[str]:
    """What careless servers say; in most, whoever shortens it cuts a secret in two."""
    whole = [careless(secrets), careless(reversed(secrets))]
    return whole + [
        f"{'x' * (length - len(secret) * 3 // 4)}{secret}"
        for length in (200, EXCERPT_CHARS_MAX)
        for secret in secrets
    ]


def passing_faults(secrets: Sequence[str]) -> list[Fault]:
    """Answers that quote secrets, and after which the service goes on."""
    faults: list[Fault] = []
    for text in texts(secrets):
        problem = {"id": "validationError", "title": "Invalid", "detail": text}
        refused = {"id": 1, "success": False, "errors": {"": [text]}}
        faults += [
            Fault(status=422, text=json.dumps({"errors": [problem]})),
            Fault(status=500, text=json.dumps({"error": text})),
            # The one system says what is wrong in an answer of 200.
            Fault(status=200, text=json.dumps({"success": False, "errors": text})),
            Fault(status=200, text=json.dumps({"success": True, "affected": [refused]})),
            Fault(action="garbage", text=text),
        ]
    return faults


def final_faults(secrets: Sequence[str], base: str) -> list[Fault]:
    """Answers that quote all secrets, and after which an operator has to act."""
    where = f"/delay?api_key={quote(secrets[0], safe='')}"
    elsewhere = f"http://client:{quote(secrets[0], safe='')}@elsewhere.example{where}"
    faults = [
        Fault(status=302, headers={"Location": location}, times=None)
        for location in (base + where, elsewhere)
    ]
    text = careless(secrets)
    body = json.dumps({"errors": [{"id": "unauthorizedRequest", "detail": text}], "error": text})
    return faults + [Fault(status=status, text=body, times=None) for status in (400, 403, 404)]


async def spoiled(home: Home, system: str, traffic: Faults) -> str:
    """All that can be seen over HTTP while edits meet one wrong answer after the other."""
    faults = passing_faults(home.of(system))
    traffic.plan.add(*faults)
    shown = ""
    ends_at = anyio.current_time() + FAULTS_S
    with anyio.fail_after(DEADLINE_S):
        while traffic.plan.waiting and (
            anyio.current_time() < ends_at or len(traffic.plan.waiting) >= len(faults) // 2
        ):
            for number in home.sandbox.sample.ordinary:
                home.sandbox.workbooks.opportunities.update(
                    number, description=f"Edited with {len(traffic.plan.waiting)} to come"
                )
            shown += await looked_at(home)
            await anyio.sleep(0.2)
    traffic.plan.clear()
    return shown + await looked_at(home)


async def remembered(home: Home) -> dict[str, str]:
    """What is kept, and what the commands print of it; `wosync history` reads a table."""
    told = {name: await home.told(*name.split()) for name in ("status", "status --json", "mapping")}
    state = home.config.parent / "state" / statefile.FILE_NAME
    with contextlib.closing(statefile.connect(state, query_only=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in tables.fetchall():
            # Tokens are kept, in a place of their own.
            if name != "secret":
                rows = connection.execute(f"SELECT * FROM {name}")  # noqa: S608 # its own tables
                told[f"table {name}"] = repr([tuple(row) for row in rows])
    return told


def leaks(home: Home, shown: dict[str, str]) -> dict[str, list[str]]:
    """Which text shows which secrets."""
    found = {name: seen(home.secrets, text) for name, text in shown.items()}
    return {name: secrets for name, secrets in found.items() if secrets}


@pytest.mark.slow
@pytest.mark.parametrize("auth", AUTHS)
async def test_no_way_out_of_the_service_shows_a_secret(tmp_path: Path, auth: str) -> None:
    """Logs are shipped, statuses pasted into tickets, metrics kept for years."""
    shown: dict[str, str] = {}
    async with home_of(tmp_path / "home", auth) as home:
        doors = {
            "outreach": home.sandbox.outreach_traffic,
            "workbooks": home.sandbox.workbooks_traffic,
        }
        async with service(home):
            await at_rest(home)
            home.learn()
            for system, traffic in doors.items():
                shown[f"pages while {system} errs"] = await spoiled(home, system, traffic)
        home.learn()
        shown |= await remembered(home)
        # A session is known to the process that opened it, and to no command after it.
        quoted = {"outreach": home.of("outreach"), "workbooks": home.of("workbooks api_key")}
        for system, traffic in doors.items():
            faults = final_faults(quoted[system], getattr(home.addresses, system))
            # Every fourth one; a longer search takes them all.
            chosen = faults if SEARCH > 1 else faults[::4]
            for number, fault in enumerate(chosen):
                traffic.plan.add(fault)
                shown[f"check {system} {number}"] = await home.told("check", "--json")
                traffic.plan.clear()
        home.learn()
        shown["log"] = home.log.read_text(encoding="utf-8")
        assert "FAILED" not in shown["log"]
        assert leaks(home, shown) == {}


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 200])
async def test_a_refused_sign_in_shows_no_secret(tmp_path: Path, status: int) -> None:
    """The request that carries most secrets at once is the one that is refused most often."""
    async with home_of(tmp_path / "home", "session") as home:
        secrets = home.of("outreach")
        refusal = {"error": "invalid_client", "error_description": careless(secrets)}
        answer = json.dumps(refusal if status != 200 else {"access_token": [careless(secrets)]})
        home.sandbox.outreach_traffic.plan.add(
            Fault(path="/oauth/token", status=status, text=answer, times=None)
        )
        home.sandbox.workbooks_traffic.plan.add(
            Fault(path="login", status=status, text=careless(home.of("workbooks")), times=None)
        )
        shown = {"check": await home.told("check")}

        assert "FAILED" in shown["check"]
        assert leaks(home, shown) == {}


NAMES = ("api_key", "client_secret", "refresh_token")


@pytest.mark.parametrize(
    ("written", "names"),
    [
        # Mistakes that are reported together.
        ('"{secret}"', NAMES),
        ('["{secret}"]', NAMES),
        ('{{ value = "{secret}" }}', NAMES),
        ('{{ env = "{secret}", file = "{secret}" }}', NAMES),
        ('{{ plain = {{ text = "{secret}" }} }}', NAMES),
        # The first of these ends the reading.
        *(("{secret}", (name,)) for name in NAMES),
        *(('"{secret}', (name,)) for name in NAMES),
        *(('"""{secret}"""\nextra = "{secret}"', (name,)) for name in NAMES),
    ],
)
async def test_a_secret_written_into_the_configuration_is_not_repeated(
    tmp_path: Path, written: str, names: Sequence[str]
) -> None:
    """The paragraph about the mistake goes to the journal."""
    sandbox = Sandbox(SandboxOptions(bulk=0))
    nowhere = Addresses("http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9")
    settings = write_settings(prepared(tmp_path / "home"), nowhere, sandbox.credentials)
    secrets: dict[str, str] = {name: getattr(sandbox.credentials, name) for name in names}
    home = Home(sandbox, nowhere, settings.path, settings.service_url, secrets)
    text = settings.path.read_text(encoding="utf-8")
    for name, secret in secrets.items():
        line = f"{name} = {written.format(secret=secret)}"
        text, mistaken = re.subn(rf"^{name} = .*$", line, text, flags=re.MULTILINE)
        assert mistaken
    settings.path.write_text(text, encoding="utf-8")

    ended = await wosync("check", "--config", str(settings.path), cwd=tmp_path)

    assert ended.code == CONFIGURATION, ended.everything
    assert len(names) == 1 or all(name in ended.everything for name in names)
    assert leaks(home, {"check": ended.everything}) == {}


CRASHING = """
import sys
import anyio
from engine.service import process as service
from engine.cli import app

async def crash(config):
    secrets = [config.source.api_key, config.target.client_secret, config.target.refresh_token]
    said = " ".join(secret.get_secret_value() for secret in secrets)
    def forgotten(loop, said=said):
        async def fail():
            raise LookupError(said)
        loop.create_task(fail())
    import asyncio, gc, logging, threading, warnings
    forgotten(asyncio.get_running_loop())
    await anyio.sleep(0.01)
    gc.collect()
    logging.getLogger("uvicorn.error").error("failed with %s", said)
    warnings.warn(said)
    thread = threading.Thread(target=lambda: int(said))
    thread.start()
    thread.join()
    try:
        raise KeyError(said)
    except KeyError as error:
        raise ExceptionGroup(said, [error, ValueError(said)]) from error

service.run = crash
sys.exit(app.start(["run", "--config", sys.argv[1]]))
"""


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_crash_shows_no_secret(tmp_path: Path, form: str) -> None:
    """A traceback quotes what it was about; so do libraries, threads and forgotten tasks."""
    async with home_of(tmp_path / "home", "api_key") as home:
        text = home.config.read_text(encoding="utf-8")
        home.config.write_text(text.replace('"json"', f'"{form}"'), encoding="utf-8")
        with anyio.fail_after(DEADLINE_S):
            done = await anyio.run_process(
                [sys.executable, "-c", CRASHING, str(home.config)], cwd=ROOT, check=False
            )
        printed = done.stdout.decode() + done.stderr.decode()

        assert done.returncode == 1
        assert leaks(home, {form: printed}) == {}
        lines = [line for line in printed.splitlines() if "crashed" in line or "library" in line]
        assert len(lines) == 5, printed
        if form == "json":
            assert all(json.loads(line) for line in printed.splitlines())
