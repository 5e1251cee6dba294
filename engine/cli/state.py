"""The state, for commands that look into it without being the service."""

from __future__ import annotations

from engine.config.loading import Config
from engine.errors import StateUnusable
from engine.store.places import place_of
from engine.store.port.place import Place


class NoState(StateUnusable):
    """There is none: a service that never ran here, or another directory is meant."""


def state_of(config: Config) -> Place:
    """The state of a service.

    Raises:
        NoState: there is none.
        StateUnusable: this user may not look.
    """
    place = place_of(config)
    try:
        found = place.is_there()
    except OSError as error:
        raise StateUnusable(
            f"the state in {place.directory} cannot be looked for: {error.strerror}",
            remedy="run the command as root, or as the service's user",
        ) from error
    if not found:
        raise NoState(
            f"there is no state at {place.directory}",
            remedy="if the service has never run, start it; otherwise name its configuration with"
            " --config, or set STATE_DIRECTORY to the directory that systemd gave it",
        )
    return place


def state_in_use(config: Config) -> Place:
    """The state that the running service works on, in shadow or not.

    Raises:
        NoState, StateUnusable: as `state_of`.
    """
    shadow = config.in_shadow()
    return state_of(shadow if place_of(shadow).held() else config)
