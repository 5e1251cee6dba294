"""What the documentation says, done: every command is run, or it is said why not.

Scripts are run page by page (see `desk`). Consoles are run against one service beside one sandbox,
page by page and in their order. To write what is shown now into the pages: WOSYNC_DOCS=write, and
then look at what changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import time
import tomllib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
import yaml
from anyio.from_thread import start_blocking_portal
from markdown_it import MarkdownIt

from connectors.sandbox.demo_service import Service, running_service, service_command
from connectors.sandbox.sandbox import Addresses, Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import prepared, write_settings
from engine.cli.commands import application
from engine.clock import SystemClock
from engine.config.fleet import FleetTable
from engine.config.keys import Keys, Kind
from engine.config.loading import installed_connectors
from engine.errors import EngineError
from tests.end_to_end import desk, documents, warm
from tests.end_to_end.documents import PROGRAM, ROOT, Block
from tests.end_to_end.terminal import typing
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

PAGES = documents.pages()
IDS = [str(page.relative_to(ROOT)) for page in PAGES]
# Whose consoles they are, by the fixture that sets the stage: of somebody beside the service, of
# somebody who has not let it run yet, of one whose changed mapping the fuse holds, of one whose
# Outreach is down, and of two on whose systems the vendor's plugin has run: one lets the service
# look on, the other one stands before the first run.
CONSOLES = {
    "console": "stage",
    "console before": "beginning",
    "console held": "held",
    "console outage": "outage",
    "console shadow": "shadowed",
    "console plugin": "adopting",
}
LANGUAGES = {*CONSOLES, "sh", "toml", "yaml", "ini", "php", "sql", "{toctree}"}
# Where the pages have the sandbox's control port, as in: wosync sandbox --control-port 9470
CONTROL = "http://127.0.0.1:9470"
LOOK_S = 0.25
# A question that waits for somebody's answer, and the answer.
QUESTION, YES = "[y/N]: ", "y"
every_page = pytest.mark.parametrize("page", PAGES, ids=IDS)


def all_of(page: Path, language: str) -> list[Block]:
    """The blocks of one language."""
    return [block for block in documents.blocks(page) if block.language == language]


@every_page
def test_every_block_says_what_it_is(page: Path) -> None:
    """A block of no known language is one that nobody checks."""
    assert {block.language for block in documents.blocks(page)} <= LANGUAGES
    indented = [
        token.content
        for token in MarkdownIt().parse(page.read_text(encoding="utf-8"))
        if token.type == "code_block"
    ]
    assert indented == []


@cache
def every_command() -> Any:
    """All there are, below the one that has them."""
    return application()


def misnamed(words: list[str]) -> str | None:
    """What a command line of ours names that there is not."""
    command = every_command()
    for number, word in enumerate(words):
        below = getattr(command, "commands", None)
        if below is None or word.startswith("-"):
            given = {one.split("=")[0] for one in words[number:] if one.startswith("--")}
            known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            unknown = given - known - {"--help", "--version"}
            return f"{sorted(unknown)} of {words}" if unknown else None
        if word not in below:
            return None if word.isupper() else f"{word!r} of {words}"
        command = below[word]
    return None


@every_page
def test_every_command_that_a_sentence_names_is_there(page: Path) -> None:
    """With every option that stands behind it."""
    named = [line.split()[1:] for line in documents.named_in(page)]

    assert [wrong for words in named if (wrong := misnamed(words))] == []


@every_page
def test_every_command_that_cannot_be_run_here_is_there(page: Path) -> None:
    """Ours with their options, and the targets of the Makefile."""
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    lines = [line for block in all_of(page, "sh") for line in block.lines()]
    ours = [words for line in lines for words in documents.ours_in(line)]
    made = {name for line in lines for name in re.findall(r"(?:^|&& )make (\w+)", line)}

    assert [wrong for words in ours if (wrong := misnamed(words))] == []
    assert made <= targets


def unknown_keys(table: Mapping[str, Any], known: Keys, above: str = "") -> list[str]:
    """What stands in a piece of configuration and is no key."""
    found: list[str] = []
    for name, value in table.items():
        key = f"{above}{name}"
        try:
            kind = known.find(key).kind
        except EngineError:
            found.append(key)
            continue
        if kind is Kind.TABLE:
            found += unknown_keys(cast("dict[str, Any]", value), known, f"{key}.")
    return found


@every_page
def test_every_setting_that_a_page_shows_is_one(page: Path) -> None:
    """Pieces of config.toml are copied before they are understood."""
    known = Keys(installed_connectors())
    for block in all_of(page, "toml"):
        tables = tomllib.loads(block.text)
        # Of a fleet's own file.
        assert tables.pop("fleet", {}).keys() <= FleetTable.model_fields.keys(), block.text
        assert unknown_keys(tables, known) == [], block.text
    for block in all_of(page, "yaml"):
        yaml.safe_load(block.text)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where consoles are run: a directory with a config.toml, beside a service at rest.

    Args:
        settle: waits until the service has done what it was told to.
    """

    home: Path
    addresses: Addresses
    settle: Callable[[], None]

    def asked(self, *words: str) -> str:
        """What a command of ours shows that asks, once the question was answered with yes."""

        async def person() -> str:
            async with typing(self.home, *words, columns=80) as screen:
                await screen.answers((QUESTION, YES))
                await screen.ended()
            return screen.shown.replace("\r\n", "\n")

        return anyio.run(person)

    def run(self, command: str) -> str:
        """What a command shows to somebody in that directory."""
        words = shlex.split(command.replace(CONTROL, self.addresses.control))
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        if words[0] == PROGRAM:
            _, shown, _ = warm.run(words[1:], self.home, environment, together=True)
        else:
            shown = self._asked(words, environment)
        shown = shown.replace(self.addresses.control, CONTROL)
        return "".join(f"{line.rstrip()}\n" for line in shown.splitlines())

    def _asked(self, words: list[str], environment: Mapping[str, str]) -> str:
        assert words[0] == "curl", f"{words}: run ours, or ask the sandbox"
        words[1:1] = ["--silent", "--show-error"]
        return subprocess.run(
            words,
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        ).stdout


@contextlib.contextmanager
def staged(home: Path, options: SandboxOptions, *run: str) -> Generator[Stage]:
    """One sandbox as `wosync sandbox` makes it.

    Args:
        run: the options of a service that has done all there is; there is none without them.
    """
    sandbox = Sandbox(options, SystemClock().now)
    with contextlib.ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        served = portal.wrap_async_context_manager(sandbox.serving(Ports()))
        addresses = stack.enter_context(served)
        file = write_settings(prepared(home), addresses, sandbox.credentials)
        if not run:
            yield Stage(home, addresses, lambda: None)
            return
        command = [*service_command(file.path), *run[1:]]
        started = portal.wrap_async_context_manager(running_service(file, command))
        service = stack.enter_context(started)
        portal.call(at_rest, service)
        yield Stage(home, addresses, lambda: portal.call(at_rest, service))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """A service that has done all there is."""
    with staged(tmp_path_factory.mktemp("documentation") / "home", SandboxOptions(), "run") as made:
        yield made


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """The same sandbox again, before any service ran."""
    with staged(tmp_path_factory.mktemp("beginning") / "home", SandboxOptions()) as made:
        yield made


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """A pair in step, and then a line of mapping that would change every record of it."""
    with staged(tmp_path_factory.mktemp("held") / "home", FEW) as made:
        made.run(f"{PROGRAM} config set fuse.records_min 20")
        made.run(f"{PROGRAM} once")
        made.run(f"{PROGRAM} config set mapping.opportunity.nextStep object_ref")
        made.run(f"{PROGRAM} once")
        yield made


@pytest.fixture
def outage(tmp_path: Path) -> Generator[Stage]:
    """A pair in step, and then an edit that Outreach is too ill to take."""
    with staged(tmp_path / "home", FEW, "run") as made:
        made.run(f"curl -X POST {CONTROL}/outreach/faults -d '{json.dumps(ILL)}'")
        made.run(f"curl -X PATCH {CONTROL}/workbooks/opportunities/1031 -d '{json.dumps(EDIT)}'")
        give_up = time.monotonic() + DEADLINE_S
        while "Outreach: stands still" not in made.run(f"{PROGRAM} status"):
            assert time.monotonic() < give_up
            time.sleep(LOOK_S)
        yield made


FEW = SandboxOptions(bulk=20)
ILL = {"action": "status", "status": 503, "times": None}
EDIT = {"probability": 35}
PAST = SandboxOptions(bulk=20, past=True)


@pytest.fixture
def shadowed(tmp_path: Path) -> Generator[Stage]:
    """A service that looks on where the plugin has worked."""
    with staged(tmp_path / "home", PAST, "run", "--shadow") as made:
        yield made


@pytest.fixture(scope="module")
def adopting(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """The same systems, before any service ran."""
    with staged(tmp_path_factory.mktemp("adopting") / "home", PAST) as made:
        yield made


async def at_rest(service: Service) -> None:
    """Wait until it has nothing on its way any more."""
    with anyio.fail_after(DEADLINE_S):
        while (look := await service.look()) is None or not look.at_rest:  # noqa: ASYNC110
            await anyio.sleep(LOOK_S)


RUN = [(page, language) for page in PAGES for language in CONSOLES if all_of(page, language)]


@pytest.mark.slow
@pytest.mark.xdist_group("documentation")
@pytest.mark.parametrize(
    ("page", "language"),
    RUN,
    ids=[f"{page.relative_to(ROOT)}-{language}" for page, language in RUN],
)
def test_every_console_shows_what_the_page_says(
    page: Path, language: str, request: pytest.FixtureRequest
) -> None:
    """Whoever follows a page literally sees what stands there."""
    place: Stage = request.getfixturevalue(CONSOLES[language])
    for block in all_of(page, language):
        for command, expected in block.steps():
            asks = f"{QUESTION}{YES}\n" in expected
            shown = place.asked(*shlex.split(command)[1:]) if asks else place.run(command)
            if os.environ.get("WOSYNC_DOCS") == "write" and not documents.alike(expected, shown):
                write(page, expected, shown)
            else:
                missed = documents.first_missed(expected, shown)
                assert documents.alike(expected, shown), f"$ {command}\n{shown}\nnot: {missed}"
    if language != "console outage":
        place.settle()


def script(page: Path) -> list[str]:
    """Every line of a page that somebody copies into a shell, in order."""
    return [line for block in all_of(page, "sh") for line in block.lines()]


FOLLOWED = [
    pytest.param(page, id=name, marks=[needs("promtool", "amtool")] if "monitoring" in name else [])
    for page, name in zip(PAGES, IDS, strict=True)
    if any(desk.elsewhere(line) is None for line in script(page))
]
# What prometheus.yml and the boards have in the place of addresses that only their reader knows.
UNKNOWN = re.compile(r"(?:docs|grafana)\.example\.com")


@pytest.mark.slow
@pytest.mark.parametrize("page", FOLLOWED)
def test_every_script_is_run_that_can_be(page: Path, tmp_path: Path) -> None:
    """Whoever copies the lines of a page one after the other gets to its end."""
    with staged(tmp_path / "home", FEW) as made:
        place = desk.Desk(tmp_path / "machine", made.home, made.addresses)
        place.prepare(str(page.relative_to(ROOT)))
        place.follow([line for line in script(page) if desk.elsewhere(line) is None])
    left = [one for one in place.top.glob("etc/**/*") if one.is_file()]
    assert [one for one in left if UNKNOWN.search(one.read_text(encoding="utf-8"))] == []


def test_every_reason_not_to_run_a_line_is_about_one() -> None:
    """One that outlived its line would keep another one from being run."""
    lines = [line for page in PAGES for line in script(page)]

    assert [
        known for known in desk.ELSEWHERE if not any(re.search(known, line) for line in lines)
    ] == []


def write(page: Path, expected: str, shown: str) -> None:
    """Put what is shown now in the place of what the page says."""
    text = page.read_text(encoding="utf-8")
    assert text.count(expected) == 1, f"nobody can tell where this stands: {expected!r}"
    page.write_text(text.replace(expected, shown), encoding="utf-8")


@pytest.mark.parametrize(
    ("expected", "shown", "same"),
    [
        ("one\n", "one\n", True),
        ("one\n", "two\n", False),
        ("one …\n", "one and two\n", True),
        ("one\n…\nthree\n", "one\n2\n2\nthree\n", True),
        ("one\n…\n", "two\n", False),
        ("at 2026-11-28 22:24:40 done\n", "at 2027-01-02 03:04:05 done\n", True),
        ("one\n", "one\ntwo\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_what_differs_each_time_is_no_difference_and_all_else_is(
    expected: str, shown: str, same: bool
) -> None:
    """A comparison that takes everything compares nothing."""
    assert documents.alike(expected, shown) is same


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("status --all", False),
        ("status --everything", True),
        ("unit install --upgrade", False),
        ("unit remove", True),
        ("COMMAND --help", False),
        ("stop", True),
    ],
)
def test_a_command_that_there_is_not_is_noticed(line: str, wrong: bool) -> None:
    """A page outlives an option that was renamed."""
    assert (misnamed(line.split()) is not None) is wrong
