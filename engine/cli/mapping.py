"""`wosync mapping`: the lines in force, what fills each field, and who asked for it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio

from engine.cli.asking import ask_service
from engine.cli.exits import Exit
from engine.cli.reading import load
from engine.cli.tables import console, table
from engine.config.loading import Config
from engine.config.places import find
from engine.mapping.settings import TABLES


def mapping(path: Path | None, *, as_json: bool) -> int:
    """Ask the running service, or both systems when none runs; 3 when lines were left out."""
    document = ask_service(find(path), "/mapping")
    document = document or anyio.run(_composed, load(path))
    if as_json:
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        _print(document)
    return Exit.ATTENTION if document["left_out"] else Exit.DONE


async def _composed(config: Config) -> dict[str, Any]:
    from engine.assembly.environment import Environment
    from engine.assembly.opening import opened, plain_errors

    with plain_errors():
        async with opened(config, Environment.real()) as assembly:
            for step in (*assembly.systems.source.steps(), *assembly.systems.target.steps()):
                await step.run()
            await assembly.mappings.load()
            return assembly.mappings.document()


def _print(document: dict[str, Any]) -> None:
    out = console()
    for name in TABLES.values():
        shown = table("Target field", "Filled with", "Origin", title=f"[{name}]")
        for line in document[name]:
            shown.add_row(line["field"], line["filled_with"], line["origin"])
        out.print(shown)
        out.print()
    for text in document["left_out"]:
        out.print(f"Left out: {text}")
