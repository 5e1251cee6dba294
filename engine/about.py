"""Who we are, and what is installed beside us: as the distributions themselves say it.

Read from their files: the library that knows every way of installing one takes longer to load than
a command that prints a line. It is asked where nothing is found so.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = "wosync"
_SUFFIX = ".dist-info"
_DESCRIBED = ("Name", "Version", "Summary")


class About(NamedTuple):
    """The distribution that offers the connectors."""

    distribution: str
    version: str
    summary: str


class Offer(NamedTuple):
    """An entry point.

    Args:
        target: "module:name" of what is offered.
        metadata: the file in which its distribution describes itself; None where only the library
            knows.
    """

    name: str
    target: str
    metadata: Path | None

    def load(self) -> Any:
        """What is offered."""
        module, _, name = self.target.partition(":")
        return getattr(import_module(module), name)


@cache
def about() -> About:
    """Read the installed distribution's own description."""
    for offer in offered("wosync.connectors"):
        if offer.metadata is not None:
            return About(*_described(offer.metadata))
        return _by_library(offer)
    return About(PROGRAM, "unknown", "")


@cache
def offered(group: str) -> tuple[Offer, ...]:
    """Every entry point of the group, by name; of one that is found twice the first.

    Args:
        group: one of ours.
    """
    found: dict[str, Offer] = {}
    for directory, text in _offering():
        for name, target in _entries(text, group):
            found.setdefault(name, Offer(name, target, directory / "METADATA"))
    if not found:
        from importlib.metadata import entry_points

        found = {one.name: Offer(one.name, one.value, None) for one in entry_points(group=group)}
    return tuple(found[name] for name in sorted(found))


@cache
def _offering() -> tuple[tuple[Path, str], ...]:
    """Where distributions with entry points of ours describe themselves, and all of theirs."""
    found: list[tuple[Path, str]] = []
    for place in dict.fromkeys(sys.path):
        with suppress(OSError):
            for name in sorted(os.listdir(place or ".")):  # noqa: PTH208 # a tenth of the time
                if name.endswith(_SUFFIX) and f"{PROGRAM}." in (text := _read(place, name)):
                    found.append((Path(place, name), text))
    return tuple(found)


def _read(place: str, name: str) -> str:
    """The entry points of one distribution; nothing for one that has none, or none to be read."""
    try:
        with open(f"{place or '.'}/{name}/entry_points.txt", encoding="utf-8") as file:  # noqa: PTH123 # of some hundred of them
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _entries(text: str, group: str) -> Iterator[tuple[str, str]]:
    """The lines of the group, as name and target."""
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif section == group and "=" in line and not line.startswith("#"):
            name, _, target = line.partition("=")
            yield name.strip(), target.partition("[")[0].strip()


def _described(path: Path) -> list[str]:
    """Name, version and summary: headers, which end where the description begins."""
    headers = dict.fromkeys(_DESCRIBED, "")
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line:
            break
        name, _, value = line.partition(":")
        if name in headers:
            headers[name] = value.strip()
    return list(headers.values())


def _by_library(offer: Offer) -> About:
    from importlib.metadata import entry_points

    for entry in entry_points(group="wosync.connectors", name=offer.name):
        if entry.dist is not None:
            metadata = entry.dist.metadata
            return About(metadata["Name"], metadata["Version"], metadata["Summary"])
    return About(PROGRAM, "unknown", "")
