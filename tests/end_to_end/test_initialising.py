"""`wosync init` at a terminal and in a script: from an empty folder to records that synced."""

from __future__ import annotations

import contextlib
import re
import stat
import tomllib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Addresses, Ports, Sandbox
from connectors.sandbox.workbooks.login import Database
from tests.end_to_end import browsing
from tests.end_to_end.terminal import Screen, typing
from tests.end_to_end.test_authorising import small
from tests.end_to_end.test_cli_errors import (
    ATTENTION,
    CREDENTIALS,
    UNREACHABLE,
    Ended,
    paragraph,
    wosync,
)

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
DONE, USAGE, INTERRUPTED = 0, 2, 130
NOBODY = "http://127.0.0.1:1"


@dataclass(slots=True)
class Beginner:
    """Somebody with two systems and an empty folder."""

    sandbox: Sandbox
    at: Addresses
    folder: Path

    @property
    def secrets(self) -> list[str]:
        """What must never be shown."""
        return [self.sandbox.credentials.api_key, self.sandbox.credentials.client_secret]

    @property
    def config(self) -> Path:
        """What is written."""
        return self.folder / "config.toml"

    def flags(self, **changes: str) -> list[str]:
        """What a script gives; the secrets lie in files of its own."""
        own = self.folder.parent / "given"
        own.mkdir(exist_ok=True)
        (own / "key").write_text(changes.get("key", self.secrets[0]), encoding="utf-8")
        (own / "client").write_text(self.secrets[1], encoding="utf-8")
        return [
            *("--answer", f"workbooks.base_url={changes.get('workbooks', self.at.workbooks)}"),
            *("--answer", f"outreach.base_url={self.at.outreach}"),
            *("--answer", f"outreach.client_id={self.sandbox.credentials.client_id}"),
            *("--secret", f"workbooks.api_key={own / 'key'}"),
            *("--secret", f"outreach.client_secret={own / 'client'}"),
        ]

    async def runs(self, *arguments: str) -> Ended:
        """A command in that folder."""
        ended = await wosync(*arguments, cwd=self.folder)
        assert [one for one in self.secrets if one in ended.everything] == []
        return ended


@contextlib.asynccontextmanager
async def beginner(tmp_path: Path, sandbox: Sandbox | None = None) -> AsyncGenerator[Beginner]:
    """Both systems, served."""
    sandbox = sandbox or small()
    folder = tmp_path / "empty"
    folder.mkdir()
    async with sandbox.serving(Ports()) as addresses:
        yield Beginner(sandbox, addresses, folder)


async def pasted_consent(screen: Screen) -> str:
    """Allow it in a browser on another machine, and paste what that shows; returns the code."""
    shown = await screen.until("is shown): ")
    [address] = re.findall(r"^(http\S+authorize\S+)\r?$", shown, re.MULTILINE)
    location = await browsing.answered(address)
    screen.types(location)
    return parse_qs(urlsplit(location).query)["code"][0]


async def test_somebody_with_nothing_gets_records_that_synced(tmp_path: Path) -> None:
    """With a wrong address and a wrong key on the way, and without any secret on the screen."""
    async with beginner(tmp_path) as one:
        key, client = one.secrets
        async with typing(one.folder, "init") as screen:
            await screen.answers(
                ("workbooks.base_url", NOBODY),
                ("What now", "again"),
                ("workbooks.base_url", one.at.workbooks),
                ("workbooks.auth", ""),
                ("is shown): ", "a-key-of-nobody"),
                ("What now", ""),
                ("workbooks.base_url", ""),
                ("workbooks.auth", ""),
                ("there is): ", key),
                ("outreach.base_url", one.at.outreach),
                ("outreach.client_id", one.sandbox.credentials.client_id),
                ("is shown): ", client),
                ("in a browser now?", "y"),
                ("on this machine?", "n"),
            )
            code = await pasted_consent(screen)
            await screen.until("Authorised by")
            ended = await screen.ended()
        check = await one.runs("check")
        once = await one.runs("once")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in one.folder.rglob("*")}

    shown = screen.shown
    assert ended == DONE, shown
    assert "nobody answers under that address" in shown
    assert "check the key" in shown
    assert "signed in as: API User in Main" in shown
    assert [one for one in (key, client, code, "a-key-of-nobody") if one in shown] == []
    assert check.code == DONE, check.everything
    assert once.code == ATTENTION, once.everything
    assert modes["secrets"] == 0o700
    assert modes["workbooks_api_key"] == modes["outreach_client_secret"] == 0o600
    text = one.config.read_text(encoding="utf-8")
    assert key not in text and client not in text
    assert "# Address of Workbooks" in text


async def test_it_can_be_left_and_taken_up_again(tmp_path: Path) -> None:
    """What was answered is the answer that Enter gives."""
    async with beginner(tmp_path) as one:
        async with typing(one.folder, "init") as screen:
            await screen.answers(
                ("workbooks.base_url", one.at.workbooks),
                ("workbooks.auth", ""),
                ("is shown): ", one.secrets[0]),
                ("outreach.base_url", one.at.outreach),
            )
            await screen.until("outreach.client_id")
            screen.interrupts()
            left = await screen.ended()
        async with typing(one.folder, "init") as again:
            await again.answers(
                ("workbooks.base_url", ""),
                ("workbooks.auth", ""),
                ("there is): ", ""),
                ("outreach.base_url", ""),
                ("outreach.client_id", one.sandbox.credentials.client_id),
                ("is shown): ", one.secrets[1]),
                ("in a browser now?", "n"),
            )
            ended = await again.ended()

    assert left == INTERRUPTED, screen.shown
    assert "goes on with it" in screen.shown
    assert ended == DONE, again.shown
    assert "Next: wosync auth" in again.shown
    tables = tomllib.loads(one.config.read_text(encoding="utf-8"))
    assert tables["workbooks"]["base_url"] == one.at.workbooks
    assert tables["outreach"]["base_url"] == one.at.outreach
    assert one.secrets[0] not in screen.shown + again.shown


async def test_an_application_that_is_not_known_is_asked_for_again(tmp_path: Path) -> None:
    """The consent says nothing of a wrong secret; nobody is to begin anew for it."""
    async with beginner(tmp_path) as one, typing(one.folder, "init") as screen:
        await screen.answers(
            ("workbooks.base_url", one.at.workbooks),
            ("workbooks.auth", ""),
            ("is shown): ", one.secrets[0]),
            ("outreach.base_url", one.at.outreach),
            ("outreach.client_id", one.sandbox.credentials.client_id),
            ("is shown): ", "a-secret-of-nobody"),
            ("in a browser now?", "y"),
            ("on this machine?", "n"),
        )
        await pasted_consent(screen)
        await screen.answers(
            ("What now", "again"),
            ("outreach.base_url", ""),
            ("outreach.client_id", ""),
            ("there is): ", one.secrets[1]),
        )
        await pasted_consent(screen)
        await screen.until("Authorised by")
        ended = await screen.ended()

    assert ended == DONE, screen.shown
    assert "the application's credentials are refused" in screen.shown
    assert "a-secret-of-nobody" not in screen.shown


async def test_of_two_databases_one_is_chosen(tmp_path: Path) -> None:
    """The service says which there are; an operator should not have to look up a number."""
    sandbox = small()
    sandbox.workbooks.databases.append(Database(77, "Second"))
    async with beginner(tmp_path, sandbox) as one, typing(one.folder, "init") as screen:
        await screen.answers(
            ("workbooks.base_url", one.at.workbooks),
            ("workbooks.auth", "session"),
            ("workbooks.username", "api@example.com"),
            ("is shown): ", "secret"),
            ("Which", "12"),
            ("outreach.base_url", one.at.outreach),
            ("outreach.client_id", one.sandbox.credentials.client_id),
            ("is shown): ", one.secrets[1]),
            ("in a browser now?", "n"),
        )
        ended = await screen.ended()

    assert ended == DONE, screen.shown
    assert "77  Second" in screen.shown
    tables = tomllib.loads(one.config.read_text(encoding="utf-8"))
    assert tables["workbooks"]["logical_database_id"] == 12


async def test_a_script_gives_everything_at_once(tmp_path: Path) -> None:
    """And asks for nothing a second time."""
    async with beginner(tmp_path) as one:
        first = await one.runs("init", "--yes", *one.flags())
        text = one.config.read_text(encoding="utf-8")
        second = await one.runs("init", "--yes")
        checked = await one.runs("check", "--json")

    assert (first.code, second.code) == (DONE, DONE), first.everything + second.everything
    assert one.config.read_text(encoding="utf-8") == text
    assert checked.code == CREDENTIALS
    assert "wosync auth" in checked.out


async def test_comments_and_keys_of_a_file_that_is_there_are_kept(tmp_path: Path) -> None:
    """It may be the manual, copied, with settings of somebody."""
    async with beginner(tmp_path) as one:
        one.config.write_text("# mine\n[poller]\ninterval_s = 30 # mine too\n", encoding="utf-8")
        ended = await one.runs("init", "--yes", *one.flags())

    text = one.config.read_text(encoding="utf-8")
    assert ended.code == DONE, ended.everything
    assert text.startswith("# mine\n[poller]\ninterval_s = 30 # mine too\n")
    assert one.at.workbooks in text


async def test_without_the_plugins_fields_on_people_it_goes_on(tmp_path: Path) -> None:
    """And says what that means."""
    sandbox = small()
    sandbox.workbooks.custom_fields.remove("cf_person_sync_to_outreach")
    async with beginner(tmp_path, sandbox) as one:
        ended = await one.runs("init", "--yes", *one.flags())

    assert ended.code == DONE, ended.everything
    assert 'no field titled "Sync to Outreach"' in ended.out
    assert "people are left out, opportunities are not" in ended.out


async def test_secrets_can_be_left_to_systemd(tmp_path: Path) -> None:
    """Then none is stored, and the commands that encrypt them are printed."""
    async with beginner(tmp_path) as one:
        ended = await one.runs("init", "--yes", "--systemd-creds", *one.flags())
        left = sorted(path.name for path in one.folder.iterdir())

    assert ended.code == DONE, ended.everything
    assert left == ["config.toml"]
    tables = tomllib.loads(one.config.read_text(encoding="utf-8"))
    assert tables["workbooks"]["api_key"] == {"credential": "workbooks_api_key"}
    for name in ("workbooks_api_key", "outreach_client_secret"):
        assert f"systemd-creds encrypt --name={name} - " in ended.out
        assert f"LoadCredentialEncrypted={name}:" in ended.out


@pytest.mark.parametrize(
    ("changes", "fault", "code", "words"),
    [
        ({"key": "a-key-of-nobody"}, None, CREDENTIALS, "check the key"),
        ({"workbooks": NOBODY}, None, UNREACHABLE, "nobody answers under that address"),
        ({"workbooks": "ftp://x"}, None, 78, "no address"),
        ({}, Fault(status=200, text="<html>Sign in</html>", times=None), 1, "open [workbooks]"),
        ({}, Fault(status=404, text="not here", times=None), 78, "What to do"),
    ],
    ids=["wrong key", "nobody there", "no address", "a portal in between", "another host"],
)
async def test_a_mistake_is_one_paragraph_with_a_remedy(
    tmp_path: Path, changes: dict[str, str], fault: Fault | None, code: int, words: str
) -> None:
    """And the same command goes on once it is corrected."""
    async with beginner(tmp_path) as one:
        if fault is not None:
            one.sandbox.workbooks_traffic.plan.add(fault)
        refused = await one.runs("init", "--yes", *one.flags(**changes))
        one.sandbox.workbooks_traffic.plan.clear()
        ended = await one.runs("init", "--yes", *one.flags())

    assert refused.code == code, refused.everything
    assert words in paragraph(refused)
    assert ended.code == DONE, ended.everything


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--answer", "nonsense"], "--answer wants TABLE.KEY=VALUE"),
        (["--answer", "outreach.base_url=http://127.0.0.1:1"], "workbooks.api_key is missing"),
        (["--secret", "workbooks.api_key=/nowhere/to/be/found"], "cannot be read"),
        (["--secret", "workbooks.api_key=~nosuchuser/key"], "its ~ names a user whom"),
        (["--answer", "workbooks.auth=magic"], "one of api_key, session is wanted"),
        (
            ["--answer", "workbooks.api_key=shown-to-everybody"],
            "give the file it is in with --secret",
        ),
    ],
)
async def test_what_a_script_leaves_out_is_named(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    """With the flag that gives it."""
    async with beginner(tmp_path) as one:
        reached = ["--answer", f"workbooks.base_url={one.at.workbooks}"]
        refused = await one.runs("init", "--yes", *reached, *arguments)

    assert refused.code == USAGE
    assert words in paragraph(refused)
    assert "shown-to-everybody" not in refused.everything
