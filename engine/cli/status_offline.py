"""What the state alone tells of the service; see `engine.cli.showing`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.cli.asking import address
from engine.cli.exits import Exit, code_for
from engine.cli.reading import look
from engine.cli.state import NoState, state_in_use, state_of
from engine.config.loading import Config
from engine.errors import StateUnusable
from engine.store.places import done, ensure_in_use, place_of
from engine.store.port.report import unknown_summary

_NOBODY = "no service is running on this configuration"


def every_refused(path: Path) -> dict[str, Any]:
    """The summary with every record in error.

    Args:
        path: the configuration file.

    Raises:
        StateUnusable: the state cannot be read.
    """
    with state_in_use(look(path)).looking() as store:
        return done(store.report.summary(everything=True))


def without_service(path: Path, *, everything: bool) -> tuple[dict[str, Any], Exit]:
    """What the last run left behind, read without touching it."""
    config = look(path)
    document: dict[str, Any] = {"schema_version": 1, "ready": False, "reason": _NOBODY}
    try:
        document["reason"] = _reason(config, address(path))
        with state_in_use(config).looking() as store:
            document |= done(store.report.summary(everything=everything))
            done(ensure_in_use(store))
    except StateUnusable as error:
        code = Exit.UNREACHABLE if isinstance(error, NoState) else code_for(error)
        told = {"reason": f"{document['reason']}; {error}", "remedy": error.remedy}
        return unknown_summary() | document | told, code
    return document, Exit.UNREACHABLE


def beside_a_standby(
    path: Path, live: Mapping[str, Any], *, everything: bool
) -> tuple[dict[str, Any], Exit]:
    """What one that stands by says of itself, and what the state tells of the one that works.

    Args:
        live: as it answers.
    """
    document = {**live, "reason": f"it stands by: {live['reason']}"}
    try:
        with state_of(look(path)).looking() as store:
            return document | done(store.report.summary(everything=everything)), Exit.DONE
    except StateUnusable as error:
        return unknown_summary() | document | {"remedy": error.remedy}, code_for(error)


def _reason(config: Config, where: str) -> str:
    """Why nobody answers.

    Raises:
        StateUnusable: it cannot be told whether anybody works on the state.
    """
    place = place_of(config)
    occupant = place.occupant()
    if occupant is None:
        return _NOBODY
    if config.engine.service.state is None:
        return (
            f"a service holds the state in {place.shown} but does not answer at {where}: it hangs,"
            " or [service] http was changed since its start"
        )
    return (
        f"{occupant} works on the state in {place.shown}; no service answers at {where}, and none"
        " stands by here"
    )
