"""Plans for people: the numbers, samples of each kind with old → new, the requests.

Whatever makes a plan is shown by `show`, and by `--json` through `printed_json`: a preview, what
the fuse holds, what takes changes back.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from engine.cli.tables import console, table
from engine.cli.writes import CHARS_MAX, NOTHING, value
from engine.model.fields import Scalar
from engine.model.plan import Change, End, Header, Kind, LeftOut, Line, Requests
from engine.service.planning.files import told
from engine.service.planning.source import NEW_ID

SAMPLES = 10
# So much of what two long values share is shown before their difference.
_BEFORE = 15
# What is made has no former values.
_MAKING = (Kind.CREATE, Kind.PROSPECT)
# Which line of the history is the last that an undo is about: for the command that does it.
_FOR_COMMANDS = ("upto",)


@dataclass(slots=True)
class Seen:
    """What is shown of a plan: its numbers, and some of each kind."""

    samples: int
    header: Header | None = None
    end: End = field(default_factory=End)
    changes: dict[Kind, list[Change]] = field(default_factory=dict[Kind, list[Change]])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])
    adopted: int = 0
    overwriting: int = 0

    def note(self, line: Line) -> None:
        """Take a line in."""
        match line:
            case Header():
                self.header = line
            case End():
                self.end = line
            case LeftOut():
                if len(self.left_out) < self.samples:
                    self.left_out.append(line)
            case Change():
                self.overwriting += line.overwrites
                kept = self.changes.setdefault(line.kind, [])
                if len(kept) < self.samples:
                    kept.append(line)

    @property
    def idle(self) -> bool:
        """Whether nothing would be done."""
        return not any(self.end.changes.values())


def show(lines: Iterable[Line], *, samples: int = SAMPLES) -> Seen:
    """Print a plan; returns what was seen of it.

    Args:
        samples: so many changes of each kind are shown.
    """
    seen = Seen(samples)
    for line in lines:
        seen.note(line)
    out = console(soft_wrap=True)
    if seen.header is not None:
        out.print(f"Plan of {moment(seen.header.made_at)} UTC for {seen.header.pair}")
        for name, value in seen.header.about.items():
            if name not in _FOR_COMMANDS:
                out.print(f"  {name}: {value}")
    if seen.idle:
        out.print("Nothing would change.")
    else:
        _print_numbers(seen)
        for kind in Kind:
            _print_kind(seen, kind)
    _print_left_out(seen)
    print_requests(seen.end)
    return seen


def _print_numbers(seen: Seen) -> None:
    shown = table("Change", "Number")
    for kind in Kind:
        if number := seen.end.changes.get(kind, 0):
            shown.add_row(kind.value, str(number))
    console().print()
    console().print(shown)
    out = console(soft_wrap=True)
    if seen.overwriting:
        out.print(f"Of them {seen.overwriting} overwrite what others have entered.")
    if seen.end.unlooked:
        out.print(
            f"The target records of {seen.end.unlooked} updates were not looked at: what they hold"
            " is shown as it was known last."
        )
    if seen.end.held:
        out.print(f"The fuse would hold {seen.end.held} of them until they are approved.")


def _print_kind(seen: Seen, kind: Kind) -> None:
    changes = seen.changes.get(kind)
    if not changes:
        return
    number = seen.end.changes.get(kind, len(changes))
    of = f"{len(changes)} of {number}" if number > len(changes) else str(number)
    console().print()
    console(soft_wrap=True).print(f"{kind.value} ({of})")
    shown = table("", "")
    for change in changes:
        shown.add_row(f"  {change.ref}", described(change))
    console().print(shown)


def described(change: Change) -> list[str]:
    """What a change does, line by line."""
    if change.edits and all(edit.after == NEW_ID for edit in change.edits):
        lines = ["the id and the address that it gets"]
    elif change.kind in _MAKING:
        lines = [", ".join(f"{edit.field} {value(edit.after)}" for edit in change.edits)]
    else:
        lines = [f"{edit.field}: {_old_new(edit.before, edit.after)}" for edit in change.edits]
    if change.role is not None:
        who = change.role.person or f"prospect {change.role.prospect_id or 'to be created'}"
        lines.append(f"{who}: {_old_new(change.role.before, change.role.after)}")
    if change.reason is not None:
        code = f" ({change.code})" if change.code else ""
        lines.append(f"{change.reason}{code}")
    if change.target_id is not None and change.kind in (Kind.UPDATE, Kind.ADOPT, Kind.REMOVE):
        lines.insert(0, f"id {change.target_id}")
    if change.held:
        lines.append("held by the fuse until it is approved")
    return lines or [NOTHING]


def _old_new(before: Scalar, after: Scalar) -> str:
    at = 0
    if isinstance(before, str) and isinstance(after, str):
        # What is cut must not be what differs.
        pairs = enumerate(zip(before, after, strict=False))
        differing = (number for number, (one, other) in pairs if one != other)
        shared = next(differing, min(len(before), len(after)))
        if max(len(before), len(after)) > CHARS_MAX:
            at = max(0, shared - _BEFORE)
    return f"{value(before, at)} → {value(after, at)}"


def _print_left_out(seen: Seen) -> None:
    if not seen.left_out:
        return
    number = max(seen.end.left_out, len(seen.left_out))
    console().print()
    console(soft_wrap=True).print(f"Left out ({number})")
    shown = table("", "")
    for one in seen.left_out:
        shown.add_row(f"  {one.ref}", one.reason)
    console().print(shown)


def print_requests(end: End, title: str = "Requests of the next run") -> None:
    """Print what a plan sends, and how long that takes."""
    out = console(soft_wrap=True)
    if end.requests:
        out.print()
        out.print(f"{title}: {totals(end.requests)}")
        _print_routes(end.requests)
    if end.after_approval:
        out.print()
        out.print(f"Once approved, further requests: {totals(end.after_approval)}")
        _print_routes(end.after_approval)
    if end.minutes is not None:
        out.print(f"Under the present budget all of it takes {_minutes(end.minutes)}.")
    if end.waiting:
        out.print(f"{end.waiting} records go on waiting; see: wosync status")


def _print_routes(requests: Iterable[Requests]) -> None:
    shown = table("", "", "", "")
    for one in requests:
        shown.add_row(f"  {one.system}", one.method, one.route, str(one.number))
    console().print(shown)


def totals(requests: Iterable[Requests]) -> str:
    """How many of them, by system."""
    numbers: dict[str, int] = {}
    for one in requests:
        numbers[one.system] = numbers.get(one.system, 0) + one.number
    return ", ".join(f"{system} {number}" for system, number in numbers.items())


def _minutes(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return f"about {minutes:.0f} minutes"
    return f"about {minutes / 60:.1f} hours"


def moment(at: float) -> str:
    """A time as commands print it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def printed_json(lines: Iterable[Line], further: Mapping[str, object] | None = None) -> Seen:
    """Print a plan as one JSON document, written line by line; returns what was seen of it.

    Args:
        further: members of the document beside those of the plan.
    """
    seen, first = Seen(0), True
    out = sys.stdout
    out.write('{"schema_version": 1, "lines": [')
    for line in lines:
        seen.note(line)
        if isinstance(line, Change | LeftOut):
            out.write("" if first else ",")
            out.write("\n" + json.dumps(told(line)))
            first = False
    header = None if seen.header is None else told(seen.header)
    document = {"header": header, **told(seen.end), **(further or {})}
    out.write("],\n" + json.dumps(document)[1:] + "\n")
    return seen
