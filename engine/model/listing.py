"""Lists of records by what becomes of them, as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KINDS = ("waiting", "held", "refused", "vanished", "doubt", "skipped", "people")
BLANK = "blank"
SORTS = ("since", "ref", "reason")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lists, in which order; `blank` is the field of the target that is blank, if any is."""

    kinds: Sequence[str]
    blank: str | None = None
    sort: str = "since"
    descending: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The lists, by name."""
        return (*self.kinds, *(() if self.blank is None else (BLANK,)))
