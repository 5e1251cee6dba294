"""What the state alone tells of the service; see `engine.cli.showing`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.cli.asking import address
from engine.cli.exits import Exit
from engine.cli.reading import look
from engine.cli.state import NoState, state_in_use
from engine.errors import StateUnusable
from engine.store.places import done, place_of
from engine.store.port.report import unknown_summary


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
    state_dir, where = config.engine.service.state_dir, address(path)
    reason = "no service is running on this configuration"
    if place_of(config).held():
        reason = (
            f"a service holds the state in {state_dir} but does not answer at {where}: it hangs,"
            " or [service] http was changed since its start"
        )
    document: dict[str, Any] = {"schema_version": 1, "ready": False, "reason": reason}
    try:
        with state_in_use(config).looking() as store:
            known = done(store.report.summary(everything=everything))
        return document | known, Exit.UNREACHABLE
    except StateUnusable as error:
        code = Exit.UNREACHABLE if isinstance(error, NoState) else Exit.STATE
        told = {"reason": f"{reason}; {error}", "remedy": error.remedy}
        return document | unknown_summary() | told, code
