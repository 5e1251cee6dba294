"""The page at `/`: what it shows, to whom, and what it does for whoever signed in."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from connectors.sandbox.faults import Fault
from engine.service.page.session import COOKIE
from tests.scenario.bench import Bench, running, until
from tests.scenario.service_port import ServicePort, asked, eventually, served

pytestmark = pytest.mark.anyio

TOKEN = "a page token that nobody guesses"
HOSTILE = "<script>alert(1)</script>\u202e\x1b[2J\x07 <img src=x onerror=alert(2)>"


def configured(world: Bench) -> None:
    """A token for the page's buttons, and the name of a proxy."""
    path = Path(world.directory) / "page_token"
    path.write_text(TOKEN, encoding="utf-8")
    world.settings["service"] |= {
        "page_token": {"file": str(path)},
        "hosts": ["wosync.example.com"],
    }


async def is_ready(port: ServicePort) -> bool:
    """Whether the first poll is over."""
    return (await port.ready())[0] == 200


async def is_alive(port: ServicePort) -> bool:
    """Whether anybody answers yet."""
    with suppress(httpx.TransportError):
        return (await port.client.get("/healthz")).status_code == 200
    return False


async def page(port: ServicePort, path: str = "/", **headers: str) -> httpx.Response:
    """What a browser is shown."""
    return await port.client.get(path, headers=headers)


async def signs_in(port: ServicePort, token: str = TOKEN, **headers: str) -> httpx.Response:
    """Somebody enters the token."""
    return await port.client.post("/page/sign-in", data={"token": token}, headers=headers)


def key_in(text: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="key" value="([0-9a-f]{64})"', text)
    assert found is not None
    return found[1]


async def held(world: Bench) -> None:
    """A change of many records at once, which waits."""
    world.settings["fuse"] = {"share": 0.3, "records_min": 2}
    for one in range(5):
        world.has(f"Row {one}", comment=f"Comment {one}")
    await world.once()
    world.settings["mapping.opportunity"] = {"name": "comment"}
    await world.once()


async def test_the_page_shows_what_the_status_says(world: Bench) -> None:
    """Verdicts with cause and remedy, numbers, and nothing from elsewhere."""
    record = world.has("Harbour crane")
    async with served(world) as port:
        await until(lambda: world.record(record)["outreach_id"] is not None)
        await eventually(lambda: is_ready(port))
        well = await page(port)
        world.outreach_fault(Fault(status=503, times=None))
        world.has("During the outage")

        async def down() -> bool:
            return "Outreach stands still" in (await page(port)).text

        await eventually(down)
        still = await page(port)

    assert well.status_code == 200
    assert well.headers["content-type"] == "text/html; charset=utf-8"
    assert "Everything works" in well.text
    assert "wosync check" in still.text
    policy = well.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "unsafe" not in policy
    assert well.headers["cache-control"] == "no-store"
    assert "<script" not in well.text
    assert ' style="' not in well.text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', well.text)


async def test_the_page_is_there_while_the_service_waits_to_start(world: Bench) -> None:
    """An outage during a restart is when somebody looks; every part of it answers."""
    world.workbooks_fault(Fault(status=503, times=None))
    world.settings["service"]["shutdown_s"] = 0.2
    async with served(world) as port:

        async def waits() -> bool:
            return "its start waits" in (await page(port)).text.lower()

        await eventually(waits)
        paths = ("/", "/page/list/waiting", "/page/mapping", "/page/why?x=OPP-1", "/page/sign-in")
        answers = [await page(port, path) for path in paths]

    assert {one.status_code for one in answers} == {200}
    assert "Workbooks" in answers[0].text


async def test_why_is_answered_as_the_command_answers(world: Bench) -> None:
    """The whole of it: verdict, gates, fields, history, remedy."""
    record = world.has("x" * 300)
    async with served(world) as port:
        await until(lambda: world.record(record)["error"] is True)
        told = await port.why(f"OPP-{record}")
        shown = (await page(port, f"/page/why?x=OPP-{record}")).text
        unknown = (await page(port, "/page/why?x=OPP-99999")).text

    assert f"OPP-{record} is refused" in " ".join(shown.split())
    assert told["code"] in shown
    for gate in told["gates"]:
        assert gate["name"].replace("'", "&#39;") in shown
    for step in told["remedies"][0]["steps"]:
        assert step in shown
    assert "Nothing is known of OPP-99999" in unknown


async def test_lists_link_to_why_and_into_the_target_and_are_paged(world: Bench) -> None:
    """Fifty on a page, and each record on one of them only."""
    world.settings["workbooks"]["record_url"] = "https://tenant.example/link/abc/{ref}"
    linked = world.has("Linked", cf_opportunity_outreach_id="99999001")
    refused = [linked, *(world.has(f"{'x' * 300} {one}") for one in range(54))]
    async with served(world) as port:
        await until(lambda: all(world.record(one)["error"] is True for one in refused))
        first = (await page(port, "/page/list/refused")).text
        second = (await page(port, "/page/list/refused?page=2")).text
        odd = [
            await page(port, f"/page/list/refused?page={one}") for one in ("0", "x", "9999999", "²")
        ]
        missing = await page(port, "/page/list/nothing")

    rows = [re.findall(r'why\?x=(OPP-\d+)"', text) for text in (first, second)]
    assert [len(one) for one in rows] == [50, 5]
    assert {*rows[0], *rows[1]} == {f"OPP-{one}" for one in refused}
    assert f'href="https://tenant.example/link/abc/OPP-{linked}"' in first + second
    assert 'rel="next" href="?page=2"' in first
    assert 'rel="next"' not in second
    assert {one.status_code for one in odd} == {200}
    assert missing.status_code == 404


async def test_hostile_names_are_shown_harmlessly(world: Bench) -> None:
    """Markup is text, and what steers a terminal or turns the direction of writing is spelled."""
    record = world.has(HOSTILE)
    person = world.knows("<b>Ada</b> \u202eByron")
    world.puts(record, (person, "<i>Buyer</i>"))
    async with served(world) as port:
        await until(lambda: world.record(record)["outreach_id"] is not None)
        texts = [
            (await page(port, path)).text
            for path in (
                "/",
                f"/page/why?x=OPP-{record}",
                f"/page/why?x={quote(HOSTILE)}",
                "/page/list/waiting",
                "/page/list/people",
            )
        ]

    for text in texts:
        assert "<script" not in text
        assert "<img" not in text
        assert "<b>Ada" not in text
        assert not {"\u202e", "\x1b", "\x07"} & set(text)
    assert "&lt;script&gt;" in texts[1]
    assert "\\u202e" in texts[1]


async def test_nobody_presses_a_button_without_the_token(world: Bench) -> None:
    """Where none is configured there are no buttons; with one, only for whoever entered it."""
    await held(world)
    async with served(world) as port:
        await eventually(lambda: is_ready(port))
        bare = await page(port)
        nobody = [await signs_in(port), await port.client.post("/page/approve", data={"key": ""})]

    assert "edits at once are held" in bare.text
    assert "wosync approve" in bare.text
    assert "<button" not in bare.text.partition("<main")[2]
    assert "Sign in" not in bare.text
    assert {one.status_code for one in nobody} == {403}


async def test_a_mass_change_is_approved_by_whoever_signed_in(world: Bench) -> None:
    """Its samples are shown first; every way round the form is refused."""
    configured(world)
    await held(world)
    async with served(world) as port:
        await eventually(lambda: is_ready(port))
        wrong = await signs_in(port, "wrong")
        elsewhere = await signs_in(port, Origin="https://evil.example")
        assert COOKIE not in port.client.cookies
        right = await signs_in(port)
        shown = (await page(port)).text
        key = key_in(shown)

        async def approves(**headers: str) -> httpx.Response:
            return await port.client.post("/page/approve", data={"key": key}, headers=headers)

        refused = [
            await port.client.post("/page/approve", data={"key": "0" * 64}),
            await port.client.post("/page/approve", content=b"key=" + b"x" * 100_000),
            await approves(Origin="https://evil.example"),
            await approves(Origin="null"),
            await approves(Origin="http://[bad"),
            await approves(**{"Sec-Fetch-Site": "cross-site"}),
            await approves(Cookie=f"{COOKIE}=1.2.3"),
        ]
        assert (await port.status())["approval"]["needed"]
        approved = await approves()
        await until(
            lambda: (
                "Comment 1"
                in {row.attributes["name"] for row in world.outreach.opportunities.rows()}
            )
        )
        signed_out = await port.client.post("/page/sign-out", data={"key": key})

    assert (wrong.status_code, elsewhere.status_code, right.status_code) == (403, 403, 303)
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Approve all" in shown
    assert "OPP-1" in shown
    assert [one.status_code for one in refused] == [403, 413, 403, 403, 403, 403, 403]
    assert (approved.status_code, signed_out.status_code) == (303, 303)
    assert COOKIE not in port.client.cookies


async def test_the_page_answers_under_names_of_ours_alone(world: Bench) -> None:
    """A page of the web that points its name here reads nothing."""
    configured(world)
    record = world.has("Harbour crane")
    async with served(world) as port:
        await eventually(lambda: is_ready(port))
        ours = [
            await page(port, Host=name)
            for name in ("127.0.0.1", "localhost:9464", "wosync.example.com", "[::1]")
        ]
        strangers = [
            await page(port, path, Host="evil.example")
            for path in ("/", "/page/list/waiting", f"/page/why?x=OPP-{record}", "/page/mapping")
        ]
        strangers.append(await page(port, Host="[bad"))
        led_here = await page(port, f"/page/why?x=OPP-{record}", **{"Sec-Fetch-Site": "cross-site"})

    assert {one.status_code for one in ours} == {200}
    assert {one.status_code for one in strangers} == {421}
    assert "This is what was known" in led_here.text


async def test_beyond_this_machine_the_page_is_shown_to_whoever_signed_in(world: Bench) -> None:
    """It shows what records hold."""
    configured(world)
    record = world.has("Harbour crane")
    async with asked(world) as port:
        address = world.settings["service"]["http"]
        world.settings["service"]["http"] = address.replace("127.0.0.1", "0.0.0.0")
        async with running(world):
            await eventually(lambda: is_alive(port))
            await until(lambda: world.record(record)["outreach_id"] is not None)
            strangers = [
                await page(port, path)
                for path in ("/", "/page/list/waiting", f"/page/why?x=OPP-{record}")
            ]
            await signs_in(port)
            shown = await page(port, f"/page/why?x=OPP-{record}")
            renamed = await page(port, Host="evil.example")

    assert {one.status_code for one in strangers} == {401}
    assert renamed.status_code == 421
    assert all("Harbour crane" not in one.text for one in strangers)
    assert all("page_token" in one.text for one in strangers)
    assert "Harbour crane" in shown.text
