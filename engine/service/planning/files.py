"""Plan files: one JSON object a line, the first the header, the last the end with a checksum.

A file is read twice: once to see that it is whole, and then line by line, so that a plan of any
size needs no more memory than one of its lines.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter

from engine.errors import EngineError
from engine.model.plan import SCHEMA_VERSION, Change, End, Header, Kind, LeftOut, Line, RoleEdit

# Of the first line, and of no other file.
MARK = "wosync_plan"
_LINE_CHARS_MAX = 4_000_000
_ID_MAX = 2**63 - 1
# The end of the year 9999, in unix seconds.
_MOMENT_MAX = 253_402_300_799
_HEADER, _CHANGE = TypeAdapter(Header), TypeAdapter(Change)
_LEFT_OUT, _END = TypeAdapter(LeftOut), TypeAdapter(End)


class UnusablePlan(EngineError):
    """A file that is no plan, or not one that can be carried out."""


def told(line: Line) -> dict[str, Any]:
    """The line as JSON can carry it."""
    match line:
        case Header():
            return {MARK: SCHEMA_VERSION, **asdict(line)}
        case Change():
            return {"change": _lean(asdict(line))}
        case LeftOut():
            return {"left_out": _lean(asdict(line))}
        case End():
            return {"end": asdict(line)}


def _lean(given: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: there may be very many lines."""
    # Not compared by ==: the first version of a record is 0.
    silent = (None, False)
    return {
        name: value
        for name, value in given.items()
        if not any(value is one for one in silent) and value != ()
    }


def read(given: Any) -> Line:
    """The line that was told so.

    Raises:
        ValueError, KeyError, TypeError: it is none.
    """
    if "change" in given:
        line = _CHANGE.validate_python(given["change"])
        role = line.role or RoleEdit(None, None, None, None, None, None)
        ids = (line.record_id, line.version, line.target_id)
        _ensure_within(_ID_MAX, *ids, role.role_id, role.prospect_id, role.person_id)
        return line
    if "left_out" in given:
        left = _LEFT_OUT.validate_python(given["left_out"])
        _ensure_within(_ID_MAX, left.record_id, left.target_id)
        return left
    if "end" in given:
        inside = dict(given["end"])
        inside.pop("checksum", None)
        return _END.validate_python(inside)
    inside = dict(given)
    del inside[MARK]
    header = _HEADER.validate_python(inside)
    _ensure_within(_MOMENT_MAX, header.made_at, header.source_at)
    return header


def _ensure_within(most: float, *numbers: float | None) -> None:
    """No state holds more, and no calendar; what is no number is not within either."""
    for number in numbers:
        if number is not None and not 0 <= number <= most:
            raise ValueError


@dataclass(slots=True)
class Writing:
    """A plan as it is written, line by line; `end` closes it."""

    out: IO[str]
    _digest: Any = field(default_factory=hashlib.sha256, init=False)
    _kinds: Counter[Kind] = field(default_factory=Counter[Kind], init=False)
    _held: int = field(default=0, init=False)
    _left_out: int = field(default=0, init=False)

    @property
    def changes(self) -> int:
        """How many are written."""
        return self._kinds.total()

    def write(self, line: Header | Change | LeftOut) -> None:
        """Add a line."""
        if isinstance(line, Change):
            self._kinds[line.kind] += 1
            self._held += line.held
        self._left_out += isinstance(line, LeftOut)
        self._put(told(line))

    def end(self, numbers: End | None = None) -> End:
        """Add the end: these numbers, and those of the lines; returns it."""
        end = replace(
            numbers or End(),
            changes=dict(self._kinds),
            held=self._held,
            left_out=self._left_out,
        )
        inside = told(end)
        # Of everything before, the numbers among it.
        self._digest.update(_spelled(inside).encode())
        inside["end"]["checksum"] = self._digest.hexdigest()
        self.out.write(_spelled(inside))
        return end

    def _put(self, given: dict[str, Any]) -> None:
        text = _spelled(given)
        self._digest.update(text.encode())
        self.out.write(text)


def _spelled(given: dict[str, Any]) -> str:
    return json.dumps(given, separators=(",", ":")) + "\n"


def written(lines: Iterable[Line], out: IO[str]) -> End:
    """Write a whole plan; an end among the lines gives its numbers."""
    writing, numbers = Writing(out), None
    for line in lines:
        if isinstance(line, End):
            numbers = line
        else:
            writing.write(line)
    return writing.end(numbers)


def lines_of(path: Path) -> Generator[Line]:
    """The lines of a plan in a file, one after the other.

    Raises:
        UnusablePlan: it cannot be read, is none, or not as it was written.
    """
    ensure_whole(path)
    try:
        with path.open(encoding="utf-8", errors="strict") as file:
            for number, text in enumerate(file, start=1):
                yield _parsed(path, number, text)[0]
    except OSError as error:
        raise _unreadable(path, error) from error


def ensure_whole(path: Path) -> None:
    """See that the file is a plan of this version's format, whole and as it was written.

    Raises:
        UnusablePlan: it is not.
    """
    digest, number, ended = hashlib.sha256(), 0, False
    try:
        with path.open(encoding="utf-8", errors="strict") as file:
            while text := file.readline(_LINE_CHARS_MAX):
                number += 1
                if ended:
                    raise _damaged(path, f"something follows its end in line {number}")
                ended = _checked(path, number, text, digest)
    except OSError as error:
        raise _unreadable(path, error) from error
    except UnicodeDecodeError as error:
        raise _damaged(path, "it is no text") from error
    if not number:
        raise _damaged(path, "it is empty")
    if not ended:
        raise _damaged(path, "its end is missing: it was cut off")


def _checked(path: Path, number: int, text: str, digest: Any) -> bool:
    """Whether this line is the end."""
    line, given = _parsed(path, number, text)
    if (number == 1) is not isinstance(line, Header):
        raise _damaged(path, f"line {number} is out of its place")
    if not isinstance(line, End):
        digest.update(text.encode())
        return False
    checksum = given["end"].pop("checksum", None)
    digest.update(_spelled(given).encode())
    if checksum != digest.hexdigest():
        raise _damaged(path, "its checksum does not fit: something in it was changed")
    return True


def _parsed(path: Path, number: int, text: str) -> tuple[Line, Any]:
    try:
        given: Any = json.loads(text)
        if number == 1:
            _ensure_format(path, given)
        return read(given), given
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if number == 1:
            raise UnusablePlan(
                f"{path} is no plan of wosync",
                remedy="name a file that `wosync plan --out` has written",
            ) from error
        raise _damaged(path, f"line {number} cannot be read") from error


def _ensure_format(path: Path, given: Any) -> None:
    if given[MARK] != SCHEMA_VERSION:
        raise UnusablePlan(
            f"{path} is a plan of another version of wosync (format {str(given[MARK])[:20]},"
            f" this version knows {SCHEMA_VERSION})",
            remedy="make a new one: wosync plan --out",
        )


def _damaged(path: Path, why: str) -> UnusablePlan:
    return UnusablePlan(
        f"{path} is damaged: {why}", remedy="make a new plan; nothing was done of this one"
    )


def _unreadable(path: Path, error: OSError) -> UnusablePlan:
    return UnusablePlan(
        f"{path} cannot be read: {error.strerror or error}",
        remedy="check the name and the permissions of the file",
    )
