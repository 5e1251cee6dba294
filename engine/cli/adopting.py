"""`wosync adopt`: what another program, such as the vendor's plugin, has left of a pair."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from engine.about import PROGRAM
from engine.cli.exits import Exit
from engine.cli.planning import kept_in, told
from engine.cli.plans import SAMPLES, described, moment, print_requests, printed_json, totals
from engine.cli.reading import load
from engine.cli.services import option
from engine.cli.sheets import write_csv
from engine.cli.tables import console, table
from engine.config.places import find
from engine.model.adoption import FOR_PEOPLE, Finding
from engine.model.plan import Change, End, Header, Kind, LeftOut, Line
from engine.service.planning.files import lines_of
from engine.service.planning.planning import plan_alone
from engine.service.planning.rehearsal import Wanted

# What adopting does about each.
DOES = {
    Finding.LINKED: "links it here; sends nothing",
    Finding.DIFFERENT: "links it, and sends what differs",
    Finding.HALF_WRITTEN: "links it, and writes back what is lacking",
    Finding.DOUBLED: "takes one; the others are left to you, and none is removed",
    Finding.GONE: "nothing: the id is yours to clear or to correct",
    Finding.SHARED: "nothing: the id is yours to clear",
    Finding.UNREADABLE: "nothing: the record is yours to correct",
    Finding.FLAGGED: "nothing: the flag is yours to reset",
    Finding.IN_DOUBT: "nothing: the service finds out by itself",
    Finding.UNCREATED: "nothing: the first run creates it",
    Finding.OURS: "nothing: the service works for it",
}
HEADINGS = ("finding", "ref", "record_id", "target_id", "link", "does", "reason")


def adopt(path: Path | None, *, out: Path | None, as_json: bool, as_csv: bool) -> int:
    """0 when nothing in it needs anybody, 3 when something is left to a person.

    Args:
        out: keeps the plan, to be applied.
    """
    found = find(path)
    with kept_in(out) as file:
        with file.open("w", encoding="utf-8") as written:
            if not told(found, "/plan", {"adopts": True}, written):
                anyio.run(plan_alone, load(found), Wanted(adopts=True), written)
        kept = file if out is None else file.replace(out)
        if as_json:
            end = printed_json(lines_of(kept)).end
        elif as_csv:
            end = printed_csv(lines_of(kept))
        else:
            end = shown(lines_of(kept))
            _print_next(out, end, option(path))
    return code_of(end)


def code_of(end: End) -> Exit:
    """Whether anything in it is left to a person."""
    return Exit.ATTENTION if any(end.findings.get(one) for one in FOR_PEOPLE) else Exit.DONE


@dataclass(slots=True)
class _Seen:
    """What is shown: the numbers, and some records of each finding."""

    header: Header | None = None
    end: End = field(default_factory=End)
    lines: dict[Finding, list[list[Change | LeftOut]]] = field(
        default_factory=dict[Finding, list[list[Change | LeftOut]]]
    )
    overwriting: int = 0

    def note(self, line: Line) -> None:
        match line:
            case Header():
                self.header = line
            case End():
                self.end = line
            case Change() | LeftOut():
                if line.finding is not None:
                    self._note_line(line, line.finding)

    def _note_line(self, line: Change | LeftOut, finding: Finding) -> None:
        kept = self.lines.setdefault(finding, [])
        if isinstance(line, Change):
            self.overwriting += line.overwrites
            if kept and kept[-1][0].record_id == line.record_id:
                kept[-1].append(line)
                return
        if len(kept) <= SAMPLES:
            # One more than is shown: what follows belongs to that one.
            kept.append([line])


def shown(lines: Iterable[Line]) -> End:
    """Print an adoption for people; returns its numbers."""
    seen = _Seen()
    for line in lines:
        seen.note(line)
    out = console(soft_wrap=True)
    if seen.header is not None:
        out.print(f"Adoption of {moment(seen.header.made_at)} UTC for {seen.header.pair}")
    out.print(f"Read for it: {totals(seen.end.read)} requests; nothing was sent or written.")
    out.print()
    _print_numbers(seen)
    for finding in Finding:
        if records := seen.lines.get(finding):
            _print_finding(finding, records[:SAMPLES], seen.end.findings.get(finding, 0))
    print_requests(seen.end, "Requests of applying it")
    return seen.end


def _print_numbers(seen: _Seen) -> None:
    if not seen.end.findings:
        console(soft_wrap=True).print("No record is ticked.")
        return
    shown = table("Found", "Records", "What adopting does")
    for finding in Finding:
        if number := seen.end.findings.get(finding, 0):
            shown.add_row(finding.value, str(number), DOES[finding])
    console().print(shown)
    if seen.overwriting:
        console(soft_wrap=True).print(
            f"{seen.overwriting} updates overwrite what others have entered."
        )


def _print_finding(finding: Finding, records: list[list[Change | LeftOut]], number: int) -> None:
    # Of one that is doubled there may be several lines.
    of = f"{len(records)} of {number}" if number > len(records) else str(number)
    console().print()
    console(soft_wrap=True).print(f"{finding.value} ({of})")
    shown = table("", "")
    for lines in records:
        shown.add_row(f"  {lines[0].ref}", [text for line in lines for text in _told(line)])
    console().print(shown)


def _told(line: Change | LeftOut) -> Iterator[str]:
    if isinstance(line, LeftOut):
        yield line.reason
        if line.url is not None:
            yield line.url
        return
    match line.kind:
        case Kind.ADOPT:
            yield f"id {line.target_id}: {line.remark}"
        case Kind.UPDATE:
            # Its id stands above already.
            yield from described(line)[1:]
        case Kind.WRITE_BACK:
            yield f"writes back {' and '.join(edit.field for edit in line.edits)}"
        case _:
            yield f"does: {line.kind.value}"


def _print_next(out: Path | None, end: End, further: str) -> None:
    if out is None:
        if end.changes:
            sys.stdout.write(f"To keep it as a plan: {PROGRAM} adopt --out FILE{further}\n")
        return
    sys.stdout.write(f"kept in {out}; to do it: {PROGRAM} apply {out}{further}\n")


def printed_csv(lines: Iterable[Line]) -> End:
    """Print it for spreadsheets, line by line; returns its numbers."""
    end = End()

    def rows() -> Iterator[tuple[object, ...]]:
        nonlocal end
        for line in lines:
            match line:
                case End():
                    end = line
                case Header():
                    continue
                case LeftOut():
                    yield _row(line, line.target_id, line.url, "", line.reason)
                case Change():
                    names = ", ".join(edit.field for edit in line.edits)
                    does = f"{line.kind.value} {names}".rstrip()
                    yield _row(line, line.target_id, None, does, line.remark)

    write_csv(HEADINGS, rows())
    return end


def _row(
    line: Change | LeftOut, target_id: int | None, url: str | None, does: str, reason: str | None
) -> tuple[object, ...]:
    finding = "" if line.finding is None else line.finding.value
    return (finding, line.ref, line.record_id, target_id, url, does, reason)
