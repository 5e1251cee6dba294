"""What a state keeps of its provenance, in the engine's terms.

Whoever needs a setting is given a function that knows each of those named here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from engine.errors import StateUnusable
from engine.installation import Installation
from engine.model.age import Aged, Evidence, Rest, Seen
from engine.model.history import Note

# Which state this is, and how many writes it has acknowledged; the mark repeats both.
NAME = "state_name"
WRITES = "state_writes"
INSTALLATION = "installation"
# Set in a state that was moved: to which installation. Neither it nor what it holds is used again.
# One that is on its way has the same of where it comes from, and so is at home there.
MOVED = "moved"
# Set in a copy, and by whoever takes a state over: why it is of unknown age.
COPIED = "copied"
ADOPTED = "it was taken over by wosync state adopt"
AGED = "aged"
# The service was alive then, and whether it ended in order since.
LIVED_AT = "lived_at"
DATES = "lived_at_by_dates"
ENDED = "ended_in_order"

# All that tells how old a state is, for whoever reads it at once.
TELLING = (NAME, WRITES, INSTALLATION, MOVED, COPIED, AGED, LIVED_AT, DATES, ENDED)

Setting = Callable[[str], str | None]


def evidence(
    setting: Setting, mark: Seen | None, here: Installation, *, holds_records: bool
) -> Evidence:
    """What tells how old the state is that is to be taken up here."""
    lived_at, was = setting(LIVED_AT), _at_work(setting, here)
    promoted = _promoted(was, here)
    # What it holds no more, another life of it may have held.
    held = setting(MOVED) is not None or promoted is not None
    return Evidence(
        name=setting(NAME),
        writes=int(setting(WRITES) or 0),
        holds_records=holds_records or held,
        copied=setting(COPIED) or promoted,
        lived_at=None if lived_at is None else float(lived_at),
        ended=bool(setting(ENDED)),
        mark=mark,
        elsewhere=setting(MOVED) is not None or not here.is_that_of(was),
    )


def of_a_machine(mark: Seen | None, name: str | None) -> Seen | None:
    """The mark of one of the machines that may work on a state in a database, as far as it counts.

    One that never worked on it has none, and one that did so last before the state got another name
    has that of before: neither proves anything, nor does a directory that was copied.

    Args:
        name: that of the state; None where it has none yet.
    """
    if name is None:
        return mark
    if mark is None or mark.name < name:
        return Seen(name, 0, moved=False)
    return replace(mark, moved=False)


def foreign(setting: Setting, here: Installation) -> StateUnusable:
    """Why it is not taken up here."""
    ensure_in_use(setting)
    return StateUnusable(
        f"this state belongs to {_at_work(setting, here)}, and this is {here}",
        remedy="two services with copies of one state create everything twice; if the"
        " other one will never run again, take it over: wosync state adopt",
    )


def ensure_in_use(setting: Setting) -> None:
    """Whether it was not moved away.

    Raises:
        StateUnusable: it was, or is on its way here and not whole.
    """
    moved = setting(MOVED)
    if moved is None:
        return
    other = Installation.read(moved)
    if is_arriving(setting):
        raise StateUnusable(
            f"the state of {other} was being moved here, and that was cut off before its end",
            remedy="move it again with the same two, which begins anew: wosync state copy",
        )
    raise StateUnusable(
        f"this state was moved to {other}",
        remedy="use that one, as [service] state or state_dir names it; if it is lost, take this"
        " one over: wosync state adopt",
    )


def is_arriving(setting: Setting) -> bool:
    """Whether it is on its way here from where it is still at home."""
    moved = setting(MOVED)
    return moved is not None and moved == setting(INSTALLATION)


def _at_work(setting: Setting, here: Installation) -> Installation:
    """The installation that was at work with it last."""
    known = setting(INSTALLATION)
    return here if known is None else Installation.read(known)


def _promoted(was: Installation, here: Installation) -> str | None:
    """Why what was committed last may be lost: a replica that goes on may not have had it."""
    if was.timeline in ("", here.timeline) or not here.timeline:
        return None
    return (
        f"its server goes by timeline {here.timeline} after {was.timeline}: a replica was promoted,"
        " or a backup put back, which may lack what was committed last"
    )


def name_at(now: float) -> str:
    """A name for a state that gets one of its own now."""
    return f"{int(now * 1e6):016x}"


def encoded(aged: Aged) -> str:
    """The age, to be kept."""
    return json.dumps(asdict(aged))


def aged(setting: Setting) -> Aged | None:
    """What is kept of the age."""
    known = setting(AGED)
    return None if known is None else Aged(**json.loads(known))


def rest(setting: Setting, told: Mapping[str, float], source: str | None) -> Rest:
    """The time from the last sign of life to a moment that the systems tell so."""
    lived_at = setting(LIVED_AT)
    before = json.loads(setting(DATES) or "{}")
    return Rest(None if lived_at is None else float(lived_at), before, told, source)


def of_life(now: float, dates: Mapping[str, float], *, ended: bool) -> dict[str, str]:
    """A sign of life, as settings."""
    return {LIVED_AT: str(now), DATES: json.dumps(dates), ENDED: "1" if ended else ""}


def taken_over(target_id: int) -> Note:
    """What is told of a target record that was made for another record."""
    return Note("linked", f"id {target_id} carries the reference of another record")


def tells_of(detail: str, target_id: int) -> bool:
    """Whether a line of history is about this target record."""
    return re.search(rf"\bid {target_id}\b", detail) is not None
