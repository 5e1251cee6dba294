"""`wosync approve`: show what the fuse holds, and let it go on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.about import PROGRAM
from engine.cli.asking import ask_service, ensure_works
from engine.cli.exits import Exit, Misused
from engine.cli.reading import look
from engine.cli.services import option
from engine.cli.state import changed_state, state_in_use
from engine.clock import SystemClock
from engine.config.loading import Config
from engine.config.places import find
from engine.model.approval import Approved, Chosen
from engine.model.named import Named
from engine.service.why.pointing import pointers_of, unknown
from engine.store.places import done
from engine.store.port.store import Store

if TYPE_CHECKING:
    from engine.cli.plans import Seen

# A service may be at work on much else.
TIMEOUT_S = 30.0
# The options that choose records, as the service is told as well.
_CHOOSING = ("only", "except")
_NOTHING = "nothing waits for approval\n"
_NOTHING_OF_THAT = "nothing of that waits for approval\n"


def approve(
    path: Path | None,
    *,
    only: Sequence[str] = (),
    beside: Sequence[str] = (),
    yes: bool = False,
    as_json: bool = False,
) -> int:
    """Tell the running service; without one, the state itself, for the next run.

    Args:
        only, beside: records, by whatever somebody has in hand of them.
        yes: nobody is shown anything, nor asked.
    """
    if only and beside:
        raise Misused("--only and --except choose records in two ways", remedy="give one of them")
    found = find(path)
    asked: dict[str, Any] = dict(zip(_CHOOSING, (_texts(only), _texts(beside)), strict=True))
    if not yes and not _waits(found):
        # What turns up just now was shown to nobody.
        asked["seen_at"] = 0
    elif not yes:
        seen = _shown(found, asked, as_json=as_json)
        if seen.idle:
            sys.stdout.write("" if as_json else _NOTHING_OF_THAT)
            return Exit.DONE
        if as_json or not sys.stdin.isatty():
            how = f"{PROGRAM} approve{option(path)}{_flags(asked)} --yes"
            sys.stderr.write(f"nothing is approved yet; if it is meant: {how}\n")
            return Exit.ATTENTION
        if not click.confirm("Let all of this go on?", default=False):
            sys.stdout.write("nothing is approved\n")
            return Exit.ATTENTION
        if seen.header is not None:
            asked["seen_at"] = seen.header.made_at
    approved = _approved(found, asked)
    if not approved.edits:
        sys.stdout.write(_NOTHING_OF_THAT if only or beside else _NOTHING)
        return Exit.DONE
    history = f"{PROGRAM} history{option(path)} --run {approved.run}"
    edits = "1 edit" if approved.edits == 1 else f"{approved.edits} edits"
    sys.stdout.write(f"{edits} approved\nWhat becomes of it: {history}\n")
    return Exit.DONE


def _texts(names: Sequence[str]) -> list[str]:
    # What a shell passed on that is no text names nothing.
    return [one.encode(errors="replace").decode() for one in names]


def _flags(asked: Mapping[str, Sequence[str]]) -> str:
    """The options by which the same records are chosen again, with a blank before each."""
    return "".join(f" --{name} {shlex.quote(one)}" for name in _CHOOSING for one in asked[name])


def _waits(found: Path) -> bool:
    """Whether anything does, as the service tells, or the state."""
    ensure_works(found)
    status = ask_service(found, "/status")
    if status is not None:
        return bool(status["approval"]["records"])
    with state_in_use(look(found)).looking() as store:
        return bool(done(store.fuse.held()).records)


def _shown(found: Path, asked: dict[str, Any], *, as_json: bool) -> Seen:
    # Only here anything of the service is needed.
    import anyio

    from engine.cli.planning import kept_in, told
    from engine.cli.plans import printed_json, show
    from engine.cli.reading import load
    from engine.service.planning.desk import wanted_of
    from engine.service.planning.files import lines_of
    from engine.service.planning.planning import plan_alone

    wanted = {"held": True, "refs": asked["only"], "except": asked["except"]}
    with kept_in(None) as file:
        with file.open("w", encoding="utf-8") as written:
            if not told(found, "/plan", wanted, written):
                anyio.run(plan_alone, load(found), wanted_of(wanted), written)
        return printed_json(lines_of(file)) if as_json else show(lines_of(file))


def _approved(found: Path, asked: dict[str, Any]) -> Approved:
    answer = ask_service(found, "/approve", "POST", content=asked, timeout_s=TIMEOUT_S)
    if answer is None:
        config = look(found)
        return _in_state(config, asked)
    if "failure" in answer:
        from engine.cli.failures import raised

        raise raised(answer["failure"])
    return Approved(answer["approved"], answer["run"])


def _in_state(config: Config, asked: dict[str, Any]) -> Approved:
    clock = SystemClock()
    with changed_state(config) as store:
        only = done(_meant(store, config, asked["only"]))
        beside = done(_meant(store, config, asked["except"]))
        chosen = Chosen(tuple(only) if only else None, tuple(beside), asked.get("seen_at"))
        return done(store.fuse.approve(clock.now(), chosen))


async def _meant(store: Store, config: Config, names: Sequence[str]) -> list[Named]:
    meant: list[Named] = []
    for text in names:
        found = await store.dossiers.find(pointers_of(config, text))
        if not found:
            raise unknown(text, config)
        meant += found
    return meant
