"""`wosync auth` as people use it: a consent page, an answer, and tokens in use at once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.abc
import httpx
import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Sandbox
from connectors.sandbox.serving import free_port
from engine.store.sqlite import statefile
from tests.end_to_end import browsing, started
from tests.end_to_end.few import few
from tests.end_to_end.test_cli_errors import (
    ATTENTION,
    CREDENTIALS,
    DEADLINE_S,
    LOOK_S,
    ROOT,
    Ended,
    Home,
    paragraph,
    served,
)

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

DONE, FAILED = 0, 1
TOKEN = ("POST", "/oauth/token")
OPPORTUNITIES = {"opportunities.read", "opportunities.write"}
LOOKED_UP = {"opportunityStages.read", "users.read", "accounts.read"}
PEOPLE = {"prospects.read", "opportunityProspectRoles.read", "opportunityProspectRoles.write"}
ALL = OPPORTUNITIES | LOOKED_UP | PEOPLE | {"prospects.write", "opportunityProspectRoles.delete"}


def small() -> Sandbox:
    """A sandbox with a few records, and no minute between two tokens."""
    return few(mint_interval_s=0)


@asynccontextmanager
async def unauthorised(directory: Path, sandbox: Sandbox) -> AsyncGenerator[Home]:
    """A configuration without any refresh token."""
    async with served(directory, sandbox) as home:
        text = home.config.read_text(encoding="utf-8")
        home.config.write_text(re.sub(r"(?m)^refresh_token.*\n", "", text), encoding="utf-8")
        (home.directory / "refresh_token").unlink()
        yield home


@dataclass(slots=True)
class Asking:
    """`wosync auth`, which waits for an answer."""

    process: anyio.abc.Process
    address: str
    shown: str
    ended: Ended | None = None
    secrets: list[str] = field(default_factory=list[str])

    @property
    def scopes(self) -> set[str]:
        """What the consent page is asked for."""
        [scopes] = parse_qs(urlsplit(self.address).query)["scope"]
        return set(scopes.split())

    def code(self, location: str) -> str:
        """The code in the address the browser is led to."""
        [code] = parse_qs(urlsplit(location).query)["code"]
        self.secrets.append(code)
        return code


@asynccontextmanager
async def asking(home: Home, *arguments: str) -> AsyncGenerator[Asking]:
    """The command, up to where it waits; it is then seen through to its end."""
    where = f"http://localhost:{free_port()}/callback"
    command = ["auth", "--config", str(home.config), "--redirect-uri", where, *arguments]
    with anyio.fail_after(DEADLINE_S):
        async with await started.start(
            *command,
            cwd=home.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": ROOT, "PYTHONUNBUFFERED": "1"},
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            shown = ""
            while not re.search(r"(Waiting for the answer|address\s+bar\.)", shown):
                shown += (await process.stdout.receive()).decode()
            [address] = re.findall(r"^http\S+$", shown, re.MULTILINE)
            found = Asking(process, address, shown)
            yield found
            rest = b"".join([part async for part in process.stdout]).decode()
            errors = b"".join([part async for part in process.stderr]).decode()
            code = await process.wait()
    found.ended = Ended(code, shown + rest, errors)
    assert [one for one in (*home.secrets, *found.secrets) if one in found.ended.everything] == []


async def authorised(home: Home, decision: str = "allow", without: tuple[str, ...] = ()) -> Ended:
    """The whole way, as somebody with a browser goes it."""
    async with asking(home) as command:
        location = await browsing.answered(command.address, decision, without)
        if decision == "allow":
            command.code(location)
        page = await browsing.visited(location)
    assert page.status_code == 200
    assert command.ended is not None
    return command.ended


async def fresh_code(home: Home, *arguments: str) -> tuple[str, str]:
    """The code of a consent that nobody has exchanged yet, and the redirect address it is for."""
    where = f"http://localhost:{free_port()}/callback"
    shown = await home.run("auth", "--address", "--redirect-uri", where, *arguments)
    location = await browsing.answered(shown.out.strip())
    [code] = parse_qs(urlsplit(location).query)["code"]
    return code, where


def an_hour_later(home: Home) -> None:
    """Let the last mint be so long ago; two within a minute are never sent."""
    path = home.state / statefile.FILE_NAME
    with contextlib.closing(statefile.connect(path)) as connection:
        query = "SELECT name, value FROM secret"
        for name, value in connection.execute(query).fetchall():
            kept = json.loads(value)
            kept["attempted_at"] -= 3600
            text = json.dumps(kept)
            connection.execute("UPDATE secret SET value = ? WHERE name = ?", (text, name))
        connection.commit()


async def test_a_consent_is_all_it_takes_to_begin(tmp_path: Path) -> None:
    """From a configuration without any token to records that are synchronised."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home:
        before = await home.run("check")
        ended = await authorised(home)
        after = await home.run("check")
        once = await home.run("once")

    assert before.code == CREDENTIALS
    assert "nobody has authorised this service yet" in " ".join(before.out.split())
    assert "wosync auth" in before.out
    assert ended.code == DONE, ended.everything
    assert re.search(r"^Authorised by .+ \(.+@.+\)\.$", ended.out, re.MULTILINE)
    assert f"All {len(ALL)} scopes that are needed were granted." in ended.out
    assert re.search(r"^It ends on \d{4}-\d\d-\d\d \d\d:\d\d UTC if", ended.out, re.MULTILINE)
    assert after.code == DONE, after.everything
    assert once.code == ATTENTION, once.everything
    # The exchange of the code is the only mint there was.
    assert sandbox.outreach.stats[TOKEN] == 1


async def test_exactly_what_the_configuration_needs_is_asked_for(tmp_path: Path) -> None:
    """A consent for more than is used is refused by whoever looks at it closely."""
    async with unauthorised(tmp_path / "home", small()) as home:
        shown = await home.run("auth", "--address")
        home.config.write_text(
            home.config.read_text(encoding="utf-8")
            + '\n[contacts]\nremove = false\nmissing_prospects = "link"\n'
            + "[mapping.opportunity]\naccount = false\n",
            encoding="utf-8",
        )
        less = await home.run("auth", "--address")

    def scopes(ended: Ended) -> set[str]:
        return set(parse_qs(urlsplit(ended.out.strip()).query)["scope"][0].split())

    assert scopes(shown) == ALL
    assert scopes(less) == ALL - {
        "opportunityProspectRoles.delete",
        "prospects.write",
        "accounts.read",
    }


async def test_nothing_is_asked_for_people_where_none_are_synchronised(tmp_path: Path) -> None:
    """Where the plugin's fields are missing on people, opportunities are synchronised alone."""
    sandbox = small()
    sandbox.workbooks.custom_fields.remove("cf_person_sync_to_outreach")
    async with unauthorised(tmp_path / "home", sandbox) as home:
        shown = await home.run("auth", "--address")
        sandbox.workbooks_traffic.plan.add(Fault(status=503, times=None))
        guessed = await home.run("auth", "--address")

    def scopes(ended: Ended) -> set[str]:
        return set(parse_qs(urlsplit(ended.out.strip()).query)["scope"][0].split())

    assert scopes(shown) == OPPORTUNITIES | LOOKED_UP
    # Who cannot be asked may have them.
    assert scopes(guessed) == ALL


async def test_a_cancelled_consent_changes_nothing_and_can_be_given_after_all(
    tmp_path: Path,
) -> None:
    """Whoever clicks the wrong button must not have to tidy up."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home:
        cancelled = await authorised(home, "cancel")
        left = home.state.exists()
        ended = await authorised(home)

    assert cancelled.code == CREDENTIALS
    assert "the consent was cancelled" in paragraph(cancelled)
    assert not left
    assert ended.code == DONE, ended.everything


async def test_fewer_scopes_than_asked_are_named_with_what_will_not_work(tmp_path: Path) -> None:
    """Otherwise it shows days later, on the first record that needs one."""
    async with unauthorised(tmp_path / "home", small()) as home:
        ended = await authorised(home, without=("prospects.write", "users.read"))

    assert ended.code == ATTENTION
    assert (
        "prospects.write was not granted: people who are not in the target yet are not created"
        in ended.out
    )
    assert "users.read was not granted: owners cannot be looked up" in ended.out
    assert "wosync auth" in ended.out.splitlines()[-2]


async def test_a_code_serves_once(tmp_path: Path) -> None:
    """The first use must stay in force whatever the second one meets."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home:
        code, where = await fresh_code(home)
        first = await home.run("auth", "--code", code, "--redirect-uri", where)
        an_hour_later(home)
        second = await home.run("auth", "--code", code, "--redirect-uri", where)
        after = await home.run("check")

    assert first.code == DONE, first.everything
    assert second.code == CREDENTIALS
    assert "it was used before" in paragraph(second)
    assert "wosync auth" in paragraph(second)
    assert code not in second.everything
    assert after.code == DONE, after.everything


async def test_a_page_in_front_is_told_from_a_refusal(tmp_path: Path) -> None:
    """A proxy's page is nothing that another consent would cure, nor one that costs the code."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home:
        code, where = await fresh_code(home)
        page = Fault(path="/oauth/token", status=200, text="<html>Sign in to the network</html>")
        sandbox.outreach_traffic.plan.add(page)
        stopped = await home.run("auth", "--code", code, "--redirect-uri", where)

    assert stopped.code == FAILED
    assert "such as a proxy or the sign-in page of a network" in paragraph(stopped)


async def test_wrong_client_credentials_name_their_keys(tmp_path: Path) -> None:
    """A secret that was pasted with its last character missing."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home:
        code, where = await fresh_code(home)
        (home.directory / "client_secret").write_text("not this one", encoding="utf-8")
        refused = await home.run("auth", "--code", code, "--redirect-uri", where)
        (home.directory / "client_secret").write_text(sandbox.credentials.client_secret, "utf-8")
        ended = await home.run("auth", "--code", code, "--redirect-uri", where)

    assert refused.code == CREDENTIALS
    assert "client_id and client_secret" in paragraph(refused)
    assert ended.code == DONE, ended.everything


async def test_an_answer_to_another_consent_is_not_taken(tmp_path: Path) -> None:
    """Somebody may lead the browser here with a code of their own."""
    sandbox = small()
    async with unauthorised(tmp_path / "home", sandbox) as home, asking(home) as command:
        mine = await browsing.answered(command.address)
        command.code(mine)
        forged = re.sub(r"state=[^&]+", "state=another", mine)
        refused = await browsing.visited(forged)
        elsewhere = await browsing.visited(mine.replace("/callback", "/favicon.ico"))
        taken = await browsing.visited(mine)

    assert (refused.status_code, elsewhere.status_code, taken.status_code) == (400, 404, 200)
    assert command.ended is not None
    assert command.ended.code == DONE, command.ended.everything


async def test_a_pasted_answer_is_read_from_standard_input(tmp_path: Path) -> None:
    """The browser may be on another machine, and the terminal a pipe."""
    async with unauthorised(tmp_path / "home", small()) as home:
        async with asking(home, "--paste") as command:
            location = await browsing.answered(command.address)
            command.code(location)
            assert command.process.stdin is not None
            await command.process.stdin.send(f"{location}\n".encode())
        assert command.ended is not None

    assert command.ended.code == DONE, command.ended.everything


@asynccontextmanager
async def running(home: Home) -> AsyncGenerator[str]:
    """The service; yields its address."""
    [http] = re.findall(r'^http = "([^"]+)"', home.config.read_text("utf-8"), re.MULTILINE)
    process = await started.start("run", "--config", str(home.config), cwd=home.directory)
    async with process:
        try:
            yield f"http://{http}"
        finally:
            assert process.returncode is None
            process.terminate()
            with anyio.CancelScope(shield=True):
                await process.wait()


async def until(url: str, words: str) -> None:
    """Wait until the service says so of itself."""
    with anyio.fail_after(DEADLINE_S):
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    if words in (await client.get(f"{url}/readyz")).text:
                        return
                except httpx.HTTPError:
                    pass
                await anyio.sleep(LOOK_S)


async def test_a_running_service_is_authorised_and_goes_on(tmp_path: Path) -> None:
    """It exchanges the code itself: two processes that both mint would end each other's tokens."""
    sandbox = small()
    sandbox.outreach.knobs.refresh_reuse = "deny"
    async with unauthorised(tmp_path / "home", sandbox) as home, running(home) as url:
        await until(url, "nobody has authorised this service yet")
        ended = await authorised(home)
        await until(url, "ready\n")
        mints = sandbox.outreach.stats[TOKEN]

        sandbox.outreach.revoke_all_tokens()
        for number in sandbox.sample.ordinary:
            sandbox.workbooks.opportunities.update(number, description=f"Edited {number}")
        await until(url, "the refresh token is refused")
        again = await authorised(home)
        await until(url, "ready\n")

    assert ended.code == again.code == DONE, ended.everything + again.everything
    assert mints == 1


@pytest.mark.skipif(
    browsing.browser() is None and not os.environ.get("CI"),
    reason="no browser found; install the package chromium to run this",
)
@pytest.mark.parametrize("decision", ["allow", "cancel"])
async def test_a_real_browser_brings_the_answer(tmp_path: Path, decision: str) -> None:
    """Redirects, forms and extra requests as browsers make them."""
    async with unauthorised(tmp_path / "home", small()) as home:
        async with asking(home) as command, browsing.opened(command.address) as tab:
            await tab.click(decision)
            said = {"allow": "wosync has the answer", "cancel": "the consent was cancelled"}
            await tab.until(f"document.body.innerText.includes({said[decision]!r})")
        assert command.ended is not None
        after = await home.run("check")

    assert command.ended.code == (DONE if decision == "allow" else CREDENTIALS)
    assert after.code == command.ended.code, after.everything
