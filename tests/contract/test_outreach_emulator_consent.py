"""The emulator's consent page, as a browser uses it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from connectors.sandbox.outreach import OutreachKnobs, OutreachWorld, outreach_app
from tests.end_to_end.browsing import FORM, Form

pytestmark = pytest.mark.anyio
ASKED = {
    "client_id": "client",
    "redirect_uri": "http://localhost:9465/cb?x=1",
    "response_type": "code",
    "scope": "opportunities.read users.read",
    "state": 'a"b',
}


class Page:
    """A world whose page is shown, and a browser in front of it."""

    def __init__(self) -> None:
        self.world = OutreachWorld(knobs=OutreachKnobs(consent="ask", mint_interval_s=0))
        self.user_id = self.world.users.create({"name": "Jo <Example>", "email": "jo@x.example"})
        self.world.add_app("client", "secret", [ASKED["redirect_uri"]])
        transport = httpx.ASGITransport(outreach_app(self.world))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://outreach.test")

    async def shown(self, **changes: str) -> httpx.Response:
        """The page."""
        return await self.client.get("/oauth/authorize", params=ASKED | changes)

    async def sent(self, fields: list[tuple[str, str]], decision: str) -> dict[str, list[str]]:
        """What the form leads to, as parameters of the redirect."""
        content = urlencode([*fields, ("decision", decision)])
        answer = await self.client.post("/oauth/authorize", content=content, headers=FORM)
        assert answer.status_code == 302
        location = answer.headers["Location"]
        assert location.startswith(ASKED["redirect_uri"] + "&")
        return parse_qs(urlsplit(location).query)

    async def exchanged(self, code: str) -> dict[str, Any]:
        """The tokens for a code."""
        form = {
            "client_id": "client",
            "client_secret": "secret",
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": ASKED["redirect_uri"],
        }
        return (await self.client.post("/oauth/token", data=form)).json()


async def test_the_page_names_who_asks_for_what_and_escapes_it() -> None:
    """Nothing in the request becomes a part of the page."""
    page = await Page().shown()

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "Jo &lt;Example&gt;" in page.text
    fields = Form(page.text).fields
    assert ("state", 'a"b') in fields
    assert [value for name, value in fields if name == "scope"] == ASKED["scope"].split()


async def test_what_is_allowed_is_granted_to_the_chosen_user() -> None:
    """The boxes that are still ticked, and no others."""
    page = Page()
    other = page.world.users.create({"name": "Another", "email": "another@x.example"})
    fields = Form((await page.shown()).text).fields
    chosen = [one for one in fields if one != ("scope", "users.read") and one[0] != "user"]

    answer = await page.sent([*chosen, ("user", str(other))], "allow")
    tokens = await page.exchanged(answer["code"][0])

    assert answer["state"] == ['a"b']
    assert tokens["scope"] == "opportunities.read"
    assert page.world.vault.owner_of(f"Bearer {tokens['access_token']}").user_id == other


@pytest.mark.parametrize(
    ("decision", "kept", "error"),
    [
        ("cancel", True, "access_denied"),
        ("anything", True, "access_denied"),
        ("allow", False, "invalid_scope"),
    ],
)
async def test_what_is_not_allowed_gives_no_code(decision: str, kept: bool, error: str) -> None:
    """Cancelled, sent in another way, or with every box cleared."""
    page = Page()
    fields = Form((await page.shown()).text).fields

    answer = await page.sent([one for one in fields if kept or one[0] != "scope"], decision)

    assert answer["error"] == [error]
    assert answer["state"] == ['a"b']
    assert "code" not in answer


async def test_an_address_that_is_not_registered_is_never_led_to() -> None:
    """Neither by the page nor by its form."""
    page = Page()
    shown = await page.shown(redirect_uri="http://elsewhere.example/")
    content = urlencode(ASKED | {"redirect_uri": "http://elsewhere.example/", "decision": "allow"})
    sent = await page.client.post("/oauth/authorize", content=content, headers=FORM)

    assert (shown.status_code, sent.status_code) == (400, 400)
