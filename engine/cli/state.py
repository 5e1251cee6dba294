"""The state, for commands that look into it without being the service."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from engine.config.loading import Config
from engine.errors import StateUnusable
from engine.store.places import done, ensure_in_use, place_of
from engine.store.port.place import Place
from engine.store.port.store import Store

_IN_A_FILE = (
    "if the service has never run, start it; otherwise name its configuration with --config, or set"
    " STATE_DIRECTORY to the directory that systemd gave it"
)
_IN_A_DATABASE = (
    "if the service has never run, start it; otherwise correct [service] state and state_schema"
)


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
            f"there is no state in {place.shown}",
            remedy=_IN_A_FILE if config.engine.service.state is None else _IN_A_DATABASE,
        )
    return place


@contextmanager
def changed_state(config: Config) -> Generator[Store]:
    """The state of a service that does not run, to be changed for its next start.

    Raises:
        NoState: there is none.
        StateUnusable: a process works on it, it was moved away, or this user may not change it.
    """
    with state_of(config).changing() as store:
        done(ensure_in_use(store))
        yield store


def state_in_use(config: Config) -> Place:
    """The state that the running service works on, in shadow or not.

    Raises:
        NoState, StateUnusable: as `state_of`.
    """
    shadow = config.in_shadow()
    return state_of(shadow if place_of(shadow).held() else config)
