"""What a mutant is: one mistake in one file, and the tests that notice it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Stale(Exception):
    """The file does not hold the mutant's old text exactly once; the text says how often."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    Args:
        name: what the mistaken program does.
        file: path below the root of the project.
        old, new: the text to be replaced, which stands there exactly once, and what replaces it.
        tests: what should notice it, as pytest takes it, from the root of the project.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, root: Path) -> str:
        """The file's text with the mistake in it.

        Raises:
            Stale: the old text is not there exactly once.
        """
        text = (root / self.file).read_text(encoding="utf-8")
        times = text.count(self.old)
        if times != 1:
            raise Stale(f"{self.file} holds the text of {self.name!r} {times} times")
        return text.replace(self.old, self.new)
