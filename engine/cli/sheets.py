"""Lists for spreadsheets: comma-separated, with headings, and no cell taken for a formula."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from engine.plain import plain


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print them, row by row."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        writer.writerow(["" if one is None else harmless(one) for one in row])


def harmless(cell: Any) -> Any:
    """A text that steers no terminal; what a spreadsheet would take for a formula is marked."""
    if not isinstance(cell, str):
        return cell
    marked = f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell
    return plain(marked, keep="\n\t")
