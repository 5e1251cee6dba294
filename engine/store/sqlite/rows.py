"""Rows with many columns, by name."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any


def by_name(row: sqlite3.Row) -> Mapping[str, Any]:
    """The values by the names of their columns, which a row itself looks through for each."""
    return dict(zip(row.keys(), row, strict=True))
