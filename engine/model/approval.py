"""An approval: what of that which the fuse holds is meant."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.named import Named


@dataclass(frozen=True, slots=True)
class Chosen:
    """What goes on; the rest waits on.

    Args:
        only: these records, or what is held of the people on them; None for everything.
        beside: but not these.
        seen_at: but nothing that came later, unix seconds: nobody has seen it.
    """

    only: tuple[Named, ...] | None = None
    beside: tuple[Named, ...] = ()
    seen_at: float | None = None


EVERYTHING = Chosen()


@dataclass(frozen=True, slots=True)
class Approved:
    """So many edits go on, and what is done for them belongs to this run; None without any."""

    edits: int = 0
    run: int | None = None
