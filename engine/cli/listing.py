"""`wosync list`: which records wait, are held, refused, or lack a field, since when and why."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.exits import Exit, Misused
from engine.cli.reading import look
from engine.cli.sheets import write_csv
from engine.cli.state import state_in_use
from engine.cli.tables import console, table
from engine.config.loading import Config
from engine.model.dossier import Listed
from engine.model.listing import KINDS, SORTS, Wanted
from engine.service.addresses import source_url, target_url
from engine.store.places import done
from engine.store.port.store import Store

HEADINGS = (
    *("list", "ref", "type", "id", "target_id", "since", "code", "field", "reason"),
    *("source_url", "target_url"),
)
REASON = "reason"
PAGE_RECORDS = 100
NEAREST_MAX = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Args:
        kinds: names of lists; `blank` is the field of the target that is blank on another one.
        by: what the records are counted by, where they are.
        sort: what they are sorted by; the other way round when `descending`.
        limit, page: so many records of a page, and which page, from 1. Without a limit a table has
            pages of a hundred, and what is for a program is whole.
    """

    kinds: Sequence[str]
    blank: str | None = None
    by: str | None = None
    sort: str = "since"
    descending: bool = False
    limit: int | None = None
    page: int = 1


def list_records(path: Path | None, asked: Asked, *, as_json: bool, as_csv: bool) -> int:
    """Read the state without touching it; 0 also where a list is empty.

    Raises:
        Misused: no list is named, or it cannot be grouped, sorted or filled so.
    """
    _ensure_known(asked)
    config = look(path)
    whole = asked.by is not None or ((as_json or as_csv) and asked.limit is None)
    limit = None if whole else asked.limit or PAGE_RECORDS
    with state_in_use(config).looking() as store:
        rows, number = done(_page(store, asked, limit))
    if asked.by is not None:
        _grouped(rows, as_json=as_json, as_csv=as_csv)
    elif as_json:
        documents = [_document(config, kind, one) for kind, one in rows]
        document = {"schema_version": 1, "total": number, "records": documents}
        sys.stdout.write(json.dumps(document) + "\n")
    elif as_csv:
        write_csv(HEADINGS, [list(_document(config, kind, one).values()) for kind, one in rows])
    else:
        _print(config, asked, rows, number)
    return Exit.DONE


async def _page(
    store: Store, asked: Asked, limit: int | None
) -> tuple[list[tuple[str, Listed]], int]:
    """The records of the page asked for, each with its list, and how many there are of them all."""
    field = await _field(store, asked.blank)
    wanted = Wanted(asked.kinds, field, asked.sort, asked.descending)
    skip = 0 if limit is None else (asked.page - 1) * limit
    rows = await store.dossiers.chosen(wanted, limit=limit, skip=skip)
    return rows, len(rows) if limit is None else await store.dossiers.counted(wanted)


def _ensure_known(asked: Asked) -> None:
    if not asked.kinds and asked.blank is None:
        every = ", ".join([*(f"--{kind}" for kind in KINDS), "--blank FIELD"])
        raise Misused("no list is named", remedy=f"name at least one of {every}")
    if asked.by not in (None, REASON):
        raise Misused(f"lists cannot be grouped by {asked.by!r}", remedy=f"give --by {REASON}")
    if asked.sort not in SORTS:
        raise Misused(
            f"lists cannot be sorted by {asked.sort!r}",
            remedy=f"give --sort with one of {', '.join(SORTS)}",
        )


async def _field(store: Store, text: str | None) -> str | None:
    """The field of the target that somebody has typed."""
    if text is None:
        return None
    known = {one.casefold(): one for one in await store.dossiers.blank_fields()}
    if not known or text.casefold() in known:
        return known.get(text.casefold(), text)
    near = get_close_matches(text.casefold(), known, NEAREST_MAX)
    meant = [known[one] for one in near] or list(known.values())
    raise Misused(
        f"no field {text!r} is mapped", remedy=f"give --blank with one of {', '.join(meant)}"
    )


def _document(config: Config, kind: str, one: Listed) -> dict[str, Any]:
    cause = one.cause
    values = (
        kind,
        one.ref,
        one.record_type.value,
        one.id,
        one.target_id,
        _time(one.since),
        None if cause is None else cause.code.value,
        None if cause is None else cause.field,
        None if cause is None else cause.text,
        source_url(config, one),
        target_url(config, one),
    )
    return dict(zip(HEADINGS, values, strict=True))


def _grouped(rows: Sequence[tuple[str, Listed]], *, as_json: bool, as_csv: bool) -> None:
    counts = Counter(
        (kind, "" if one.cause is None else one.cause.code.value) for kind, one in rows
    )
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    if as_json:
        reasons = [
            {"list": kind, "code": code or None, "records": number}
            for (kind, code), number in ordered
        ]
        sys.stdout.write(json.dumps({"schema_version": 1, "reasons": reasons}) + "\n")
        return
    if as_csv:
        heads = ("list", "code", "records")
        write_csv(heads, [[kind, code, number] for (kind, code), number in ordered])
        return
    out, shown = console(), table("Records", "List", "Code")
    for (kind, code), number in ordered:
        shown.add_row(str(number), kind, code)
    out.print(shown)
    out.print(f"More about one: {PROGRAM} explain CODE")


def _print(config: Config, asked: Asked, rows: Sequence[tuple[str, Listed]], number: int) -> None:
    out = console(soft_wrap=True)
    if not number:
        out.print("none")
        return
    if rows:
        shown = table("Record", "List", "Since (UTC)", "Why")
        for kind, one in rows:
            why = [] if one.cause is None else [one.cause.code.value, one.cause.text]
            why += [url for url in (source_url(config, one), target_url(config, one)) if url]
            since = (_time(one.since) or "").replace(" ", "\N{NO-BREAK SPACE}")
            shown.add_row(one.ref, kind, since, why)
        console().print(shown)
    size = asked.limit or PAGE_RECORDS
    pages = -(-number // size)
    count = f"{number} in all"
    if pages > 1:
        count = f"{number} in {pages} pages of {size}; this is page {asked.page} (--page N)"
    out.print(f"{count}; more about one: {PROGRAM} why X")


def _time(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
