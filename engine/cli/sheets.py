"""Lists for spreadsheets: comma-separated, with headings, and no cell taken for a formula."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from typing import Any


def write_csv(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([["" if one is None else harmless(one) for one in row] for row in rows])
    sys.stdout.write(text.getvalue())


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula is marked as a text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell
