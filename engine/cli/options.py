"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        help="Configuration file; by default ./config.toml, then /etc/wosync/config.toml.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")]
