"""References of known records, for a shell that completes them: at once, or none at all."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from engine.store.rows.known import asked

_BUSY_S = 0.05
_ASKED = """
    SELECT ref FROM (
        SELECT ref FROM record WHERE ref >= :from AND ref < :to
        UNION SELECT ref FROM person WHERE ref >= :from AND ref < :to
    ) ORDER BY length(ref), ref LIMIT :most
"""


def references(state: Path, beginning: str) -> list[str]:
    """Those that begin so; none where the state cannot be read as it lies there.

    Nothing is written, not even what SQLite puts beside a file that it reads: whoever completes a
    word may be root in somebody else's directory.
    """
    if not state.is_file() or state.is_symlink():
        return []
    beside = [state.with_name(f"{state.name}{suffix}").exists() for suffix in ("-wal", "-shm")]
    if any(beside) and not all(beside):
        return []
    mode = "mode=ro" if all(beside) else "mode=ro&immutable=1"
    try:
        address = f"{state.absolute().as_uri()}?{mode}"
        with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as connection:
            return [ref for (ref,) in connection.execute(_ASKED, asked(beginning))]
    except (OSError, sqlite3.Error):
        return []
