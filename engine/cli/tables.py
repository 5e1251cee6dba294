"""Tables as every command prints them: what does not fit is folded, and nothing is cut."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table


def console(*, soft_wrap: bool = False) -> Console:
    """Standard output for words as they are: nothing in them is read as markup.

    Args:
        soft_wrap: leave lines whole, so that a command in them can be copied.
    """
    return Console(highlight=False, markup=False, soft_wrap=soft_wrap)


def table(*headings: str, title: str | None = None) -> Table:
    """Columns with these headings; with empty ones the rows stand alone."""
    made = Table(box=None, show_header=any(headings), pad_edge=False)
    made.title, made.title_justify = title, "left"
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made
