"""Tables as every command prints them: what does not fit is folded, and nothing is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.plain import plain


class PlainConsole(Console):
    """Prints texts of others as they are: nothing in them is markup, or steers the terminal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """As the library does, each text on a line of its own making."""
        super().print(*(_plain(one) for one in objects), **options)


class PlainTable(Table):
    """A table whose cells stay in their places, whatever is in them."""

    def add_row(self, *cells: str | Sequence[str], **options: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] # cells of texts only
        """A row; a cell of several lines is given line by line."""
        super().add_row(*(_cell(one) for one in cells), **options)


def _plain(one: Any) -> Any:
    return plain(one) if isinstance(one, str) else one


def _cell(cell: str | Sequence[str]) -> str:
    return plain(cell) if isinstance(cell, str) else "\n".join(plain(line) for line in cell)


def console(*, soft_wrap: bool = False) -> PlainConsole:
    """Standard output for words as they are.

    Args:
        soft_wrap: leave lines whole, so that a command in them can be copied.
    """
    return PlainConsole(soft_wrap=soft_wrap)


def table(*headings: str, title: str | None = None) -> PlainTable:
    """Columns with these headings; with empty ones the rows stand alone."""
    made = PlainTable(box=None, show_header=any(headings), pad_edge=False)
    made.title, made.title_justify = plain(title) if title else title, "left"
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made
