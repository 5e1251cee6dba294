"""The page in a real browser: nothing that axe-core finds, no script, on a desktop and a phone."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.browsing import Tab, browser, opened
from tests.scenario.bench import Bench, bench, until
from tests.scenario.service_port import served
from tests.scenario.test_page import configured, held

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(browser() is None, reason="chromium is not installed (package chromium)"),
]

WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")


async def judged(tab: Tab) -> list[str]:
    """What axe-core finds in the page, each with where it is."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    await tab.call("Runtime.evaluate", expression=axe)
    told = await tab.call(
        "Runtime.evaluate",
        expression="axe.run().then(found => JSON.stringify(found.violations.map("
        "one => [one.id, one.nodes.map(node => node.html.slice(0, 200))])))",
        awaitPromise=True,
    )
    return [json.dumps(one) for one in json.loads(told["result"]["value"])]


async def shows(tab: Tab, address: str, width: int, scheme: str) -> None:
    """Open a page on a screen of this width."""
    await tab.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    await tab.call("Emulation.setEmulatedMedia", features=features)
    await tab.call("Page.navigate", url=address)
    await tab.until(f"location.href == {json.dumps(address)} && document.readyState == 'complete'")
    # As it stands, and not on its way from one colour to another.
    await tab.until("document.getAnimations().length == 0")


async def evaluated(tab: Tab, expression: str) -> Any:
    """The value of an expression in the page."""
    told = await tab.call("Runtime.evaluate", expression=expression)
    return told["result"].get("value")


async def shown(world: Bench, record: int) -> None:
    """Something of everything that a page can show."""
    world.has("x" * 300)
    person = world.knows("Ada Byron")
    world.puts(record, (person, "Buyer"), (world.knows("Bob Long"), "x" * 256))
    world.workbooks.add_mapping("noSuchField", "comment")


async def test_axe_finds_nothing_and_every_page_fits_its_screen(tmp_path: Path) -> None:
    """Contrast, labels, headings, landmarks: light and dark, with everything there is to show."""
    async with bench(tmp_path, sockets=True) as world:
        configured(world)
        await held(world)
        record = world.has("Harbour crane", comment="Harbour crane")
        await shown(world, record)
        async with served(world) as port, opened("about:blank") as tab:
            await until(lambda: world.record(record)["outreach_id"] is not None)
            base = str(port.client.base_url).rstrip("/")
            await tab.call("Page.enable")
            found: dict[str, list[str]] = {}
            for path in (
                "/",
                "/page/list/refused",
                "/page/list/people",
                f"/page/why?x=OPP-{record}",
                "/page/why?x=nobody",
                "/page/mapping",
                "/page/sign-in",
            ):
                for width, scheme in zip(WIDTHS, SCHEMES, strict=True):
                    await shows(tab, base + path, width, scheme)
                    found[f"{path} {width} {scheme}"] = await judged(tab)
                    wide = await evaluated(tab, "document.documentElement.scrollWidth")
                    assert wide <= width, (path, width)

    assert {place: one for place, one in found.items() if one} == {}


async def test_a_person_signs_in_by_keyboard_and_approves(tmp_path: Path) -> None:
    """Under the policy of the page, with the cookie that a browser keeps, and without a script."""
    async with bench(tmp_path, sockets=True) as world:
        configured(world)
        await held(world)
        async with served(world) as port, opened("about:blank") as tab:
            base = str(port.client.base_url).rstrip("/")
            await tab.call("Page.enable")
            await tab.call("Emulation.setScriptExecutionDisabled", value=False)
            await shows(tab, f"{base}/page/sign-in", 1280, "light")
            await evaluated(tab, "document.getElementById('token').focus()")
            await tab.call("Input.insertText", text="a page token that nobody guesses")
            enter = {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}
            await tab.call("Input.dispatchKeyEvent", type="keyDown", **enter)
            await tab.until("document.querySelector('form[action=\"/page/approve\"] button')")
            assert await evaluated(tab, "document.cookie") == ""
            await evaluated(tab, "document.querySelector('button.grave').focus()")
            await tab.call("Input.dispatchKeyEvent", type="keyDown", **enter)
            await until(
                lambda: (
                    "Comment 1"
                    in {row.attributes["name"] for row in world.outreach.opportunities.rows()}
                )
            )
            await tab.until("!document.querySelector('button.grave')")
