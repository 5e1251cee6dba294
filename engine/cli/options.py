"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def files() -> list[str]:
    """No words of ours when a path is completed: the shell then offers the files there are."""
    return []


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        autocompletion=files,
        # That it cannot be read is a wrong configuration, not a mistake in the command line.
        readable=False,
        help="Configuration file; by default ./config.toml, then /etc/wosync/config.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")]
