"""The pages of the documentation, taken apart: what a reader types, and what they see."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "wosync"
# Written from the service's own tables, and compared with them elsewhere.
GENERATED = ("reasons.md", "configuration.md")
# What may stand in any line, or in the place of any number of lines.
ANYTHING = "…"
_FENCE = re.compile(r"^( *)```(.*)\n((?:.*\n)*?)^ *```$", re.MULTILINE)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
# What may stand before a call of ours.
_BEFORE = frozenset({"sudo", "exec", "podman", "kubectl", "wosync-0"})
# A backslash, or a pipe that waits for its other side.
_LINE_ENDS = re.compile(r"(?:\\|(?<=\|))\n\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Args:
        page: where it stands, for a person.
        language: what it is: `console` is run and compared, `sh` is run where it can be.
        text: what stands in it, without the indentation of a list.
    """

    page: str
    language: str
    text: str

    def steps(self) -> Iterator[tuple[str, str]]:
        """Each command of a console with what it shows."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, shown = _LINE_ENDS.sub(" ", part).partition("\n")
            yield command, shown

    def lines(self) -> Iterator[str]:
        """Each command of a script, without comments."""
        for line in _LINE_ENDS.sub(" ", self.text).splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield line.strip()


def pages() -> list[Path]:
    """Every page that somebody wrote."""
    written = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in GENERATED]
    return [ROOT / "README.md", *written]


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page."""
    found: list[Block] = []
    for indent, language, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        plain = re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)
        found.append(Block(str(page.relative_to(ROOT)), language.strip(), plain))
    return found


def named_in(page: Path) -> Iterator[str]:
    """Each command line of ours that a sentence or a table names."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for code in _INLINE.findall(text):
        if code.split(maxsplit=1)[:1] == [PROGRAM]:
            # A table has its own bars, and a bracket means that something may be left out.
            yield re.sub(r"\\\||[\[\]|]", " ", code)


def ours_in(line: str) -> Iterator[list[str]]:
    """The words behind each call of ours in a line of a shell."""
    for part in re.split(r"&&|\|\||[|;]|\$\(", line):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:
            words = part.split()
        at = [number for number, word in enumerate(words) if _is_ours(word)]
        # `systemctl restart wosync` and the like name a thing, and call nothing.
        if at and all(_comes_before(word) for word in words[: at[-1]]):
            yield words[at[-1] + 1 :]


def _is_ours(word: str) -> bool:
    return "=" not in word and word.rpartition("/")[2] == PROGRAM


def _comes_before(word: str) -> bool:
    return _is_ours(word) or "=" in word or word.startswith("-") or word in _BEFORE


def alike(expected: str, shown: str) -> bool:
    """Whether what was shown is what the page says, but for what differs each time."""
    pattern = ""
    for line in expected.strip("\n").split("\n"):
        if line.strip() == ANYTHING:
            pattern += r"(?:.*\n)*?"
        else:
            parts = [
                re.escape(part) for part in _MOMENT.sub(ANYTHING, line).rstrip().split(ANYTHING)
            ]
            pattern += f"{'.*'.join(parts)} *\n"
    return re.fullmatch(pattern, shown.strip("\n") + "\n") is not None


def first_missed(expected: str, shown: str) -> str:
    """The first line of a page that is not shown where it stands, to be found at once."""
    lines = expected.strip("\n").split("\n")
    for number in range(1, len(lines) + 1):
        if not alike("\n".join([*lines[:number], ANYTHING]), shown):
            return lines[number - 1]
    return f"nothing more behind {lines[-1]!r}"
