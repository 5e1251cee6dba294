"""The state file, for commands that look into it without being the service."""

from __future__ import annotations

from pathlib import Path

from engine.config.loading import Config
from engine.errors import StateUnusable
from engine.store.sqlite import statedir, statefile


class NoState(StateUnusable):
    """There is none: a service that never ran here, or another directory is meant."""


def state_path(config: Config) -> Path:
    """Where the state file is.

    Raises:
        NoState: there is none.
        StateUnusable: this user may not look.
    """
    path = config.engine.service.state_dir / statefile.FILE_NAME
    try:
        found = path.exists()
    except OSError as error:
        raise StateUnusable(
            f"{path} cannot be looked for: {error.strerror}",
            remedy="run the command as root, or as the service's user",
        ) from error
    if not found:
        raise NoState(
            f"there is no state at {path.parent}",
            remedy="if the service has never run, start it; otherwise name its configuration with"
            " --config, or set STATE_DIRECTORY to the directory that systemd gave it",
        )
    return path


def state_in_use(config: Config) -> Path:
    """Where the state file is that the running service works on, in shadow or not.

    Raises:
        NoState, StateUnusable: as `state_path`.
    """
    shadow = config.in_shadow()
    in_shadow = statedir.held(shadow.engine.service.state_dir)
    return state_path(shadow if in_shadow else config)
