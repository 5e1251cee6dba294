"""`wosync retry`, `skip`, `unskip` and `resync`: what an operator does to records by name."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.about import PROGRAM
from engine.cli.asking import ask_service
from engine.cli.exits import Exit, Misused, complain
from engine.cli.reading import look
from engine.cli.state import changed_state
from engine.cli.tables import console, table
from engine.clock import SystemClock
from engine.config.loading import Config
from engine.config.places import find
from engine.decide.reasons import entry_of, nearest
from engine.model.acting import REASON_CHARS_MAX, Act, Done, Request, document, unknown
from engine.model.named import Named
from engine.model.reason import Code
from engine.plain import plain
from engine.service.why.pointing import NEAREST_MAX, pointers_of, spelled
from engine.store.places import done
from engine.store.port.store import Store

# Names that were never captured are looked for in both systems, one after the other.
TIMEOUT_S = 60.0
# So many are told one by one; of more, only how many there are.
SHOWN_MAX = 20


def retry(
    path: Path | None, names: Sequence[str], *, code: str | None, everything: bool, as_json: bool
) -> int:
    """Reset our error flags and try the records again."""
    if sum((bool(names), code is not None, everything)) != 1:
        raise Misused(
            "either records, or --reason CODE, or --all is wanted",
            remedy=f"name what to retry, such as: {PROGRAM} retry OPP-17",
        )
    wanted = None if code is None else _code(code)
    return _act(path, Request(Act.RETRY, _texts(names), wanted, everything), as_json=as_json)


def skip(path: Path | None, names: Sequence[str], *, reason: str, as_json: bool) -> int:
    """Leave records alone from now on."""
    said = plain(" ".join(reason.split()))
    if not said or len(said) > REASON_CHARS_MAX:
        raise Misused(
            f"--reason wants 1 to {REASON_CHARS_MAX} characters", remedy="say why, for colleagues"
        )
    return _act(path, Request(Act.SKIP, _texts(names), reason=said), as_json=as_json)


def unskip(path: Path | None, names: Sequence[str], *, as_json: bool) -> int:
    """Leave records alone no more."""
    return _act(path, Request(Act.UNSKIP, _texts(names)), as_json=as_json)


def resync(path: Path | None, names: Sequence[str], *, as_json: bool) -> int:
    """Read the target anew, and repair it."""
    return _act(path, Request(Act.RESYNC, _texts(names)), as_json=as_json)


def _texts(names: Sequence[str]) -> tuple[str, ...]:
    # What a shell passed on that is no text names nothing.
    return tuple(one.encode(errors="replace").decode() for one in names)


def _code(text: str) -> Code:
    entry = entry_of(text)
    if entry is None:
        near = ", ".join(nearest(text))
        raise Misused(
            f"there is no reason {text!r}" + (f"; nearest: {near}" if near else ""),
            remedy=f"see: {PROGRAM} list --refused --by reason",
        )
    return entry.code


def _act(path: Path | None, request: Request, *, as_json: bool) -> int:
    """0 done, 3 where something else has to be done first, 1 where a record is unknown."""
    found = find(path)
    told = ask_service(found, "/act", "POST", content=request.as_json(), timeout_s=TIMEOUT_S)
    beside = told is not None
    if told is None:
        told = _in_state(look(found), request)
    if as_json:
        sys.stdout.write(json.dumps(told | {"at_next_start": not beside}) + "\n")
    else:
        _print(told, beside=beside)
    if told["unknown"]:
        return Exit.FAILED
    return Exit.ATTENTION if any(one["in_the_way"] for one in told["done"]) else Exit.DONE


def _in_state(config: Config, request: Request) -> dict[str, Any]:
    """Do it to the state itself, for the next start."""
    clock = SystemClock()
    with changed_state(config) as store:
        return done(done_in(store, config, request, clock.now()))


async def done_in(store: Store, config: Config, request: Request, now: float) -> dict[str, Any]:
    """What is done, and told, where no service runs."""
    missing: list[dict[str, Any]] = []
    if request.everything or request.code is not None:
        named = await store.acting.refused(request.code)
    else:
        found = [await _one(store, config, text, missing) for text in request.names]
        named = list(dict.fromkeys(one for one in found if one is not None))
    return document(request.act, await _done(store, request, named, now), missing)


async def _one(
    store: Store, config: Config, text: str, missing: list[dict[str, Any]]
) -> Named | None:
    pointers = pointers_of(config, text)
    found = await store.dossiers.find(pointers)
    if len(found) == 1:
        return found[0]
    tried = [spelled(one, config) for one in pointers]
    near = found or await store.dossiers.alike(pointers, NEAREST_MAX)
    missing.append(unknown(text, tried, near, several=bool(found)))
    return None


async def _done(store: Store, request: Request, named: Sequence[Named], now: float) -> list[Done]:
    match request.act:
        case Act.RETRY:
            return await store.acting.retry(named, now)
        case Act.SKIP:
            return await store.acting.skip(named, request.reason, now)
        case Act.UNSKIP:
            return await store.acting.unskip(named, now)
        case Act.RESYNC:
            return await store.acting.resync(named, now)


def _print(told: dict[str, Any], *, beside: bool) -> None:
    out, done = console(), told["done"]
    if len(done) <= SHOWN_MAX:
        shown = table("Record", "What was done")
        for one in done:
            shown.add_row(one["ref"], one["said"])
        if done:
            out.print(shown)
    else:
        shown = table("Records", "What was done")
        for said, number in Counter(one["said"] for one in done).most_common():
            shown.add_row(str(number), said)
        out.print(shown)
    if not done and not told["unknown"]:
        out.print("nothing is refused for that: nothing was done")
    if done and not beside:
        out.print("No service answers: it is done at the next start.", soft_wrap=True)
    if done and told["shadow"]:
        out.print("The service only looks: in neither system is anything changed.", soft_wrap=True)
    for one in told["unknown"]:
        complain(_unknown(one))


def _unknown(one: dict[str, Any]) -> str:
    if one["several"]:
        names = ", ".join(one["nearest"])
        return f"{PROGRAM}: {one['x']} may be {names}\n  What to do: name the one that is meant.\n"
    lines = [f"{PROGRAM}: nothing is known of {one['x']}"]
    lines += [f"  Looked for: the {tried}" for tried in one["tried"]]
    if not one["tried"]:
        lines.append("  It is no reference, id or address of either system.")
    if one["nearest"]:
        lines.append(f"  Nearest: {', '.join(one['nearest'])}")
    lines.append("  What to do: check the reference; give it as either system shows it.")
    return "\n".join(lines) + "\n"
