"""A person in front of a consent page: by plain HTTP, and with a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import anyio
import httpx

LOOK_S = 0.05
DEADLINE_S = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Form(HTMLParser):
    """What the form of a page would send as it stands, its buttons apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._selecting = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one field."""
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and (given["type"] == "hidden" or "checked" in given):
            self.fields.append((given["name"], given["value"]))
        elif tag == "select":
            self._selecting = given["name"]
        elif tag == "option" and "selected" in given:
            self.fields.append((self._selecting, given["value"]))


async def answered(address: str, decision: str = "allow", without: Sequence[str] = ()) -> str:
    """Use the consent page; returns the address that the browser is led to.

    Args:
        without: scopes whose boxes are cleared.
    """
    async with httpx.AsyncClient(trust_env=False) as client:
        page = await client.get(address)
        assert page.status_code == 200, page.text
        fields = [(name, value) for name, value in Form(page.text).fields if value not in without]
        content = urlencode([*fields, ("decision", decision)])
        answer = await client.post(address.partition("?")[0], content=content, headers=FORM)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


async def visited(address: str) -> httpx.Response:
    """Follow the browser to where it was led."""
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(address)


def browser() -> str | None:
    """A browser of this machine."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@dataclass(slots=True)
class Tab:
    """One page of a real browser, told what to do over its debugging protocol."""

    socket: aiohttp.ClientWebSocketResponse
    session: str = ""
    _sent: int = field(default=0, init=False)

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command, and wait for its answer."""
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        await self.socket.send_json(message)
        while True:
            told: dict[str, Any] = await self.socket.receive_json()
            if told.get("id") == self._sent:
                assert "error" not in told, told
                return told["result"]

    async def until(self, expression: str) -> None:
        """Wait until an expression holds in the page, whichever page that is by then."""
        with anyio.fail_after(DEADLINE_S):
            while True:
                told = await self.call("Runtime.evaluate", expression=f"Boolean({expression})")
                if told["result"].get("value") is True:
                    return
                await anyio.sleep(LOOK_S)

    async def click(self, name: str) -> None:
        """Press a button, by its id, once it is there."""
        button = f"document.getElementById({json.dumps(name)})"
        await self.until(button)
        await self.call("Runtime.evaluate", expression=f"{button}.click()")


@asynccontextmanager
async def opened(address: str) -> AsyncGenerator[Tab]:
    """A page in a headless browser, with a profile of its own."""
    program = browser()
    assert program is not None
    # A process of the browser that has not gone yet may write while the profile is removed.
    with tempfile.TemporaryDirectory(
        prefix="wosync-browser-", ignore_cleanup_errors=True
    ) as profile:
        process = await anyio.open_process(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-proxy-server",
                "--remote-debugging-port=0",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
            start_new_session=True,
        )
        try:
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(await _debugger(Path(profile)), max_msg_size=0) as socket,
            ):
                tab = Tab(socket)
                made = await tab.call("Target.createTarget", url=address)
                target = made["targetId"]
                attached = await tab.call("Target.attachToTarget", targetId=target, flatten=True)
                tab.session = attached["sessionId"]
                yield tab
        finally:
            # With all that belong to it: the first one alone leaves the others writing.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with anyio.CancelScope(shield=True):
                await process.wait()


async def _debugger(profile: Path) -> str:
    """Where the browser listens for commands; it writes that into its profile."""
    with anyio.fail_after(DEADLINE_S):
        while True:
            told = profile / "DevToolsActivePort"
            if told.exists() and (lines := told.read_text(encoding="utf-8").split()):
                port, path = lines[0], lines[-1]
                if re.fullmatch(r"\d+", port) and path.startswith("/"):
                    return f"ws://127.0.0.1:{port}{path}"
            await anyio.sleep(LOOK_S)
