"""`wosync history`: every decision and write, of one record, of a run, or since a moment."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.exits import Exit, Misused, complain
from engine.cli.moments import moment_of, shown
from engine.cli.reading import look
from engine.cli.sheets import write_csv
from engine.cli.state import state_in_use
from engine.cli.tables import console, table
from engine.cli.writes import described
from engine.clock import SystemClock
from engine.config.loading import Config
from engine.model.named import Named
from engine.model.report import HistoryLine
from engine.model.run import Run
from engine.service.why.pointing import pointers_of, spelled
from engine.store.places import done
from engine.store.port.store import Store

NEAREST_MAX = 3
HEADINGS = (
    *("at", "run", "ref", "type", "id", "decision", "code", "detail"),
    *("write", "target_id", "role_id", "prospect_id", "found", "field", "before", "after"),
)
RUN_HEADINGS = ("run", "began_at", "kind", "detail", "decisions", "writes", "records")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Args:
        limit, page: so many lines of it, and which of such pages, from 1; the last one when 0.
    """

    x: str | None = None
    since: str | None = None
    run: int | None = None
    limit: int = 100
    page: int = 0


def history(path: Path | None, asked: Asked, *, as_json: bool, as_csv: bool) -> int:
    """Read the state without touching it; 1 when nothing is known of the record, or of the run.

    Raises:
        Misused: nothing is asked for.
    """
    if asked.x is None and asked.since is None and asked.run is None:
        raise Misused(
            "nothing is asked for",
            remedy="name a record, or give --run or --since; --runs lists the runs",
        )
    # What a shell passed on that is no text names nothing.
    text = None if asked.x is None else asked.x.encode(errors="replace").decode()
    config, clock = look(path), SystemClock()
    since = None if asked.since is None else moment_of(asked.since, clock.now(), "--since")
    with state_in_use(config).looking() as store:
        named = done(_named(store, config, text))
        if text is not None and not named:
            complain(done(_unknown(store, config, text)))
            return Exit.FAILED
        if asked.run is not None and done(store.undos.run(asked.run)) is None:
            complain(f"{PROGRAM}: no run {asked.run} is known\n  Runs: {PROGRAM} history --runs\n")
            return Exit.FAILED
        lines, number = done(_page(store, asked, since, named[:1]))
    _told(asked, named, lines, number, as_json=as_json, as_csv=as_csv)
    return Exit.DONE


async def _named(store: Store, config: Config, text: str | None) -> list[Named]:
    return [] if text is None else await store.dossiers.find(pointers_of(config, text))


async def _page(
    store: Store, asked: Asked, since: float | None, named: Sequence[Named]
) -> tuple[list[HistoryLine], int]:
    """The lines of the page asked for, and how many there are of them all."""
    number = await store.journal.counted(run=asked.run, since=since, records=named)
    last = max(1, -(-number // asked.limit))
    page = asked.page or last
    lines = await store.journal.lines(
        run=asked.run,
        since=since,
        records=named,
        limit=asked.limit,
        skip=(page - 1) * asked.limit,
    )
    if page >= last and asked.run is None:
        for one in named:
            lines += await store.journal.present(one)
    return lines, number


def _told(
    asked: Asked,
    named: Sequence[Named],
    lines: Sequence[HistoryLine],
    number: int,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    if as_json:
        ref = named[0].ref if named else None
        document = {
            "schema_version": 1,
            "ref": ref,
            "lines": number,
            "history": [_document(line) for line in lines],
        }
        sys.stdout.write(json.dumps(document) + "\n")
    elif as_csv:
        write_csv(HEADINGS, [row for line in lines for row in _rows(line)])
    else:
        _print(asked, named, lines, number)


def _document(line: HistoryLine) -> dict[str, Any]:
    return {
        "at": shown(line.at),
        "run": line.run,
        "ref": line.ref,
        "record_type": line.record_type.value,
        "id": line.record_id,
        "version": line.version,
        "decision": line.decision,
        "detail": line.detail,
        "reason_code": line.reason_code,
        "writes": [one.document() for one in line.writes],
    }


def _rows(line: HistoryLine) -> Iterator[list[Any]]:
    """A row for each field that was written; one for a line without any."""
    told = _document(line)
    head = [told[name] for name in ("at", "run", "ref", "record_type", "id", "decision")]
    head += [line.reason_code, line.detail]
    if not line.writes:
        yield [*head, *[None] * (len(HEADINGS) - len(head))]
    for write in line.writes:
        of = [
            write.kind.value,
            write.target_id,
            write.role_id,
            write.prospect_id,
            write.found,
        ]
        if not write.edits:
            yield [*head, *of, None, None, None]
        for edit in write.edits:
            yield [*head, *of, edit.field, _cell(edit.before), _cell(edit.after)]


def _cell(held: Any) -> Any:
    return json.dumps(held) if isinstance(held, list | bool) else held


def _print(asked: Asked, named: Sequence[Named], lines: Sequence[HistoryLine], number: int) -> None:
    out = console(soft_wrap=True)
    for other in named[1:]:
        out.print(f"The same name is that of {other.ref} ({other.record_type.value}).")
    if not lines:
        out.print("nothing is kept")
        return
    alone = bool(named)
    heads = ("When (UTC)", "Run", "Decision", "Detail")
    made = table(*(heads if alone else (*heads[:2], "Record", *heads[2:])))
    for line in lines:
        cells = [
            shown(line.at),
            str(line.run or ""),
            line.decision,
            described(line.detail, [one.document() for one in line.writes]),
        ]
        made.add_row(*(cells if alone else [*cells[:2], line.ref, *cells[2:]]))
    console().print(made)
    if number > len(lines) and number > asked.limit:
        pages = -(-number // asked.limit)
        out.print(
            f"{number} lines in {pages} pages of {asked.limit}; this is page"
            f" {asked.page or pages}. Another one: --page N"
        )


async def _unknown(store: Store, config: Config, text: str) -> str:
    pointers = pointers_of(config, text)
    lines = [f"{PROGRAM}: nothing is known of {text}"]
    lines += [f"  Looked for: the {spelled(one, config)}" for one in pointers]
    if not pointers:
        lines.append("  It is no reference, id or address of either system.")
    near = [one.ref for one in await store.dossiers.alike(pointers, NEAREST_MAX)]
    if near:
        lines.append(f"  Nearest: {', '.join(near)}")
    lines.append(
        f"  What to do: check the reference; of one that was never captured ask: {PROGRAM} why"
    )
    return "\n".join(lines) + "\n"


def list_runs(path: Path | None, *, limit: int, page: int, as_json: bool, as_csv: bool) -> int:
    """The runs that left something, the latest first."""
    with state_in_use(look(path)).looking() as store:
        found = done(store.journal.runs(limit=limit, skip=(max(1, page) - 1) * limit))
    if as_json:
        documents = [dict(zip(RUN_HEADINGS, _run(one), strict=True)) for one in found]
        sys.stdout.write(json.dumps({"schema_version": 1, "runs": documents}) + "\n")
    elif as_csv:
        write_csv(RUN_HEADINGS, [_run(one) for one in found])
    elif not found:
        console().print("no run has left anything")
    else:
        made = table("Run", "Began (UTC)", "With", "Decisions", "Writes", "Records")
        for one in found:
            kind = f"{one.kind}: {one.detail}" if one.detail else one.kind
            counts = (one.decisions, one.writes, one.records)
            cells = [str(number) for number in counts]
            made.add_row(str(one.id), shown(one.began_at), kind, *cells)
        console().print(made)
        console(soft_wrap=True).print(
            f"What one of them did: {PROGRAM} history --run N; take it back: {PROGRAM} undo --run N"
        )
    return Exit.DONE


def _run(one: Run) -> list[Any]:
    counts = (one.decisions, one.writes, one.records)
    return [one.id, shown(one.began_at), one.kind, one.detail, *counts]
