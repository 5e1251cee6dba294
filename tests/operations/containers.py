"""The Containerfile, read and followed as far as that goes without an engine for containers."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_KNOWN = frozenset(
    {
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "RUN",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    }
)
# Where an image has its files; in a test they are below a directory of its own.
_PLACES = ("/opt/", "/build/", "/var/lib/wosync", "/usr/local/bin/", "/etc/wosync/")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line: its first word, and the rest."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """The command of it: in JSON, or for a shell."""
        _, _, array = self.rest.partition("[")
        return json.loads(f"[{array}") if array else shlex.split(self.rest)


def instructions() -> list[Instruction]:
    """Every instruction of the file, in order."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    found = [Instruction(*line.split(maxsplit=1)) for line in lines if line.strip()]
    unknown = [one.word for one in found if one.word not in _KNOWN]
    assert not unknown, f"nobody knows the instructions {unknown}"
    return found


def last(word: str) -> Instruction:
    """The instruction of this word that is in force."""
    return [one for one in instructions() if one.word == word][-1]


def below(text: str, top: Path) -> str:
    """The same with every path of the image below another directory."""
    for place in _PLACES:
        text = re.sub(rf"(?<![\w/]){re.escape(place)}", f"{top}{place}", text)
    return text
