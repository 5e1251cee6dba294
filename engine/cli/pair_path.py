"""How a command finds the configuration of one pair of a fleet."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from engine.about import PROGRAM
from engine.config import fleet as fleet_config
from engine.errors import Misconfigured
from engine.store.places import database_at, ensure_driver

SUFFIX = ".toml"


def path_of(fleet: Path | None, name: str) -> Path:
    """The configuration of one pair, as a file.

    Args:
        fleet: the configuration of its fleet; None for the one that is found by itself.

    Raises:
        Misconfigured: there is no such fleet or pair.
        StateUnusable: the database that has it cannot be reached.
    """
    files = fleet_config.files_of(fleet)
    if files is None:
        ensure_driver()
        from engine.service.fleet.catalogue import of_row
        from engine.store.postgres.fleet.register import Register

        found = fleet_config.look(fleet)
        database = database_at(found.service, found.schema, "[service] state")
        return of_row(found, Register(database), name)
    path = files / f"{name}{SUFFIX}"
    if "/" in name or not path.is_file():
        known = [one.stem for one in files.glob(f"*{SUFFIX}")]
        near = get_close_matches(name, known, n=1)
        raise Misconfigured(
            f"the fleet has no pair {name}" + (f"; did you mean {near[0]}?" if near else ""),
            remedy=f"see: {PROGRAM} pair list; each pair is a file in {files}",
        )
    return path
