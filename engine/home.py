"""The home directory in a path that a person wrote: the one place where a `~` is resolved.

By itself, so that whoever asks the service or completes a word loads nothing for it.
"""

from __future__ import annotations

import os
from pathlib import Path


def with_home(path: Path) -> Path:
    """The path, with a home directory in the place of a leading `~`.

    Raises:
        ValueError: nobody knows that directory, or it is no path; says why, and what to do, but
            not the path, which may be a secret in the wrong place.
    """
    if "\0" in str(path):
        raise ValueError("it holds a null character, which no path does")
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{_unknown(path)}; write the whole path, from / on") from error


def _unknown(path: Path) -> str:
    if path.parts[0] != "~":
        return "its ~ names a user whom this system does not know"
    return f"its ~ stands for no directory: HOME is not set, and user {os.getuid()} is not known"
