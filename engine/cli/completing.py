"""What a shell completes that is no command and no option: settings, references, codes of reasons.

A key was pressed, and somebody waits: this reads what it needs and loads nothing else. Commands and
options are left to the library that knows them.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "_WOSYNC_COMPLETE"
_HOME, _STATES = Path("/etc/wosync"), Path("/var/lib")
_FILE, _STATE = "config.toml", "state.db"
_TABLE = re.compile(r"^\[([\w.]+)\]$")
_KEY = re.compile(r"^(# )?(\w+) = ")
# Nothing that a shell would take for more than a word; references come from another system.
_HARMLESS = re.compile(r"[\w./#-]+")
# Tables with keys of the operator's own: of these only what stands in force is known.
_OPEN = ("mapping.", "owners.aliases")


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody is typing: the words before the cursor, and what the next begins with."""

    words: Sequence[str]
    beginning: str


@dataclass(frozen=True, slots=True)
class Slots:
    """What can stand behind a command.

    Args:
        words: of which kind its arguments are.
        most: how many of them there are.
        options: of which kind the value of an option is; None for one that is not ours to know.
    """

    words: Callable[[Line], Iterable[str]] | None
    most: int = 1000
    options: Mapping[str, Callable[[Line], Iterable[str]] | None] = field(
        default_factory=dict[str, Callable[["Line"], Iterable[str]] | None]
    )


def completed(environment: Mapping[str, str]) -> bool:
    """Answer a shell, if it asks for what is known here; whether it did."""
    asked = environment.get(VARIABLE, "")
    line = _typed(environment, asked)
    if line is None or not asked.startswith("complete_"):
        return False
    offered = _offered(line)
    if offered is None:
        return False
    words = [word for word in offered if _HARMLESS.fullmatch(word)]
    shell = asked.removeprefix("complete_")
    if shell == "fish" and environment.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
        # Nothing to offer leaves the place to the names of files.
        sys.exit(0 if words else 1)
    sys.stdout.write(_as_shown(words, shell))
    return True


def _as_shown(words: Sequence[str], shell: str) -> str:
    if shell != "zsh":
        return "".join(f"{word}\n" for word in words)
    quoted = "\n".join(f'"{word}"' for word in words)
    return f"_arguments '*: :(({quoted}))'\n" if words else "_files\n"


def _typed(environment: Mapping[str, str], asked: str) -> Line | None:
    """What stands on the line, the program's name left out; None for a line that is not whole."""
    try:
        if asked == "complete_bash":
            words = _split(environment["COMP_WORDS"])
            at = int(environment["COMP_CWORD"])
            return Line(words[1:at], words[at] if at < len(words) else "")
        text = environment["_TYPER_COMPLETE_ARGS"]
        words = _split(text)[1:]
    except (KeyError, ValueError):
        return None
    if not words or text.endswith(" "):
        return Line(words, "")
    return Line(words[:-1], words[-1])


def _split(text: str) -> list[str]:
    """As a shell does; what was opened and not closed yet is not understood."""
    return shlex.split(text, posix=True)


def _offered(line: Line) -> Iterable[str] | None:
    """What begins so at this place; None where the place is not known here."""
    if line.beginning.startswith("-"):
        return None
    name = next((name for name in COMMANDS if tuple(line.words[: len(name)]) == name), None)
    if name is None:
        return None
    slots, behind = COMMANDS[name], line.words[len(name) :]
    values = {"--config": None, **slots.options}
    if behind and behind[-1] in values:
        kind = values[behind[-1]]
        return None if kind is None else kind(line)
    given = _arguments(behind, values)
    return None if slots.words is None or given >= slots.most else slots.words(line)


def _arguments(behind: Sequence[str], values: Iterable[str]) -> int:
    """How many there are already, options and their values left out."""
    valued = set(values)
    return sum(
        not word.startswith("-") and not (at and behind[at - 1] in valued)
        for at, word in enumerate(behind)
    )


def codes(line: Line) -> Iterable[str]:
    """Every code of a reason."""
    from engine.model.reason import Code

    return [code.value for code in Code if code.value.startswith(line.beginning.lower())]


def settings(line: Line) -> Iterable[str]:
    """Every key of the manual, and every table of it."""
    return [name for name in known_settings() if name.startswith(line.beginning)]


def known_settings() -> list[str]:
    """Names of settings and of the tables they are in, as `wosync config` takes them."""
    path = _manual()
    found: dict[str, None] = {}
    table = ""
    for line in path.read_text(encoding="utf-8").splitlines() if path else ():
        if (heading := _TABLE.match(line)) is not None:
            table = heading[1]
            found[table.partition(".")[0]] = found[table] = None
        elif (key := _KEY.match(line)) is not None and not (
            key[1] and f"{table}.".startswith(_OPEN)
        ):
            found[f"{table}.{key[2]}"] = None
    return list(found)


def _manual() -> Path | None:
    checkout = Path(__file__).parents[2] / _FILE
    installed = Path(sys.prefix) / "share/wosync" / _FILE
    return next((path for path in (checkout, installed) if path.is_file()), None)


def references(line: Line) -> Iterable[str]:
    """References of records that the state knows."""
    from engine.store.sqlite.known import references as known

    state = _state(line)
    return [] if state is None else known(state, line.beginning.upper())


def _state(line: Line) -> Path | None:
    """The state of the configuration that the line names, or that is found without a word."""
    import tomllib

    named = [word for at, word in enumerate(line.words) if at and line.words[at - 1] == "--config"]
    named += [word.partition("=")[2] for word in line.words if word.startswith("--config=")]
    places = [Path(named[-1])] if named else [Path(_FILE), _HOME / _FILE]
    try:
        path = next(place for place in places if place.is_file())
        with path.open("rb") as file:
            named_there = tomllib.load(file).get("service", {}).get("state_dir")
        return path.absolute().parent / (named_there or _usual(path)) / _STATE
    except (OSError, StopIteration, ValueError, AttributeError, TypeError):
        return None


def _usual(path: Path) -> Path:
    """Where the state is when the configuration does not say."""
    given = os.environ.get("STATE_DIRECTORY")
    place = path.absolute().parent
    if given:
        return Path(given)
    if place == _HOME:
        return _STATES / "wosync"
    return _STATES / f"wosync-{place.name}" if place.parent == _HOME else Path("state")


COMMANDS: Mapping[tuple[str, ...], Slots] = {
    ("approve",): Slots(None, options={"--only": references, "--except": references}),
    ("config", "get"): Slots(settings, 1),
    ("config", "set"): Slots(settings, 1),
    ("explain",): Slots(codes, 1),
    ("history",): Slots(references, 1),
    ("list",): Slots(
        None,
        options={
            "--by": lambda _: ["reason"],
            "--sort": lambda _: ["since", "ref", "reason"],
            "--blank": None,
        },
    ),
    ("plan",): Slots(None, options={"--ref": references}),
    ("resync",): Slots(references),
    ("retry",): Slots(references, options={"--reason": codes}),
    ("skip",): Slots(references, options={"--reason": None}),
    ("undo",): Slots(references, options={"--run": None, "--since": None}),
    ("unskip",): Slots(references),
    ("why",): Slots(references, 1),
}
