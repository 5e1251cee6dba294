"""What is done to a machine, step by step: said as it is done, or only said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from engine.errors import EngineError

PROGRAM_TIMEOUT_S = 120
_WIDTH = 9


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done.

    Args:
        verb: what was done, in one word of the past.
        what: to which file, or by which command.
        act: does it; None where it is so already.
    """

    verb: str
    what: str
    act: Callable[[], None] | None = None


def carry_out(steps: Iterable[Step], *, dry: bool) -> None:
    """Do each step and say so; without doing anything when dry."""
    for step in steps:
        if step.act is not None and not dry:
            step.act()
        sys.stdout.write(f"{step.verb:<{_WIDTH}}{step.what}\n")
        sys.stdout.flush()


def changes(steps: Iterable[Step]) -> bool:
    """Whether any of them does something."""
    return any(step.act is not None for step in steps)


def file(path: Path, text: str, mode: int = 0o644) -> Step:
    """A file with this text."""
    try:
        present = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return Step("written", str(path), lambda: _write(path, text, mode))
    if present == text:
        return Step("kept", str(path))
    return Step("replaced", str(path), lambda: _write(path, text, mode))


def directory(path: Path, mode: int) -> list[Step]:
    """A directory, unless there is one."""
    if path.is_dir():
        return []

    def make() -> None:
        _ensure_above(path)
        path.mkdir()
        path.chmod(mode)

    return [Step("made", str(path), make)]


def link(path: Path, to: Path) -> list[Step]:
    """A link of this name, unless something of the name is there."""
    if path.is_symlink() and path.readlink() == to:
        return [Step("kept", str(path))]
    if os.path.lexists(path):
        return [Step("left", f"{path}, which leads elsewhere")]

    def lay() -> None:
        _ensure_above(path)
        path.symlink_to(to)

    return [Step("linked", f"{path} to {to}", lay)]


def removal(path: Path) -> list[Step]:
    """A file, link or directory that goes, if it is there; a link is not followed."""
    if not os.path.lexists(path):
        return []

    def remove() -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    return [Step("removed", str(path), remove)]


def run(words: Sequence[str], remedy: str) -> Step:
    """A program of the system that must succeed.

    Args:
        remedy: what somebody does where it does not.
    """
    return Step("ran", " ".join(words), lambda: _run(words, remedy))


def _run(words: Sequence[str], remedy: str) -> None:
    try:
        subprocess.run(  # noqa: S603 # nothing in it comes from outside
            words, check=True, capture_output=True, text=True, timeout=PROGRAM_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        reason = str(getattr(error, "stderr", None) or error).strip()
        raise EngineError(f"{' '.join(words)} failed: {reason}", remedy=remedy) from error


def _ensure_above(path: Path) -> None:
    """The directories of a system are everybody's to read, whatever the umask."""
    for above in reversed(path.parents):
        if not above.is_dir():
            above.mkdir()
            above.chmod(0o755)


def _write(path: Path, text: str, mode: int) -> None:
    """The whole text or, whatever happens, what was there before."""
    _ensure_above(path)
    handle, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            written.write(text)
            os.fchmod(written.fileno(), mode)
            written.flush()
            os.fsync(written.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    above = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(above)
    finally:
        os.close(above)
