"""The configuration as a command needs it: with every secret, or just to look at."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType

from engine.config import loading as configuration
from engine.config import view as config_view
from engine.config.loading import Config, ServiceSettings
from engine.config.places import find
from engine.settings import FileSecret, secrets_in


def load(path: Path | None) -> Config:
    """Read the configuration and set logging up; from here on no secret is printed."""
    from engine import logs

    config = configuration.load(path)
    for settings in (config.engine, config.source, config.target):
        logs.keep_secret(secrets_in(settings))
    FileSecret.watchers[:] = [lambda text: logs.keep_secret([text])]
    logs.configure(config.engine.service.log_level, config.engine.service.log_format)
    return config


def look(path: Path | None, *, speaks: bool = False) -> Config:
    """Read the configuration for a command that only asks the service, or reads its state.

    It needs no secret, and under systemd nobody but the service can read them.

    Args:
        speaks: whether the command speaks with a database that is not named there.
    """
    found = find(path)
    config = config_view.checked(found, configuration.read(found))
    _log_what_is_said(config.engine.service, speaks=speaks)
    return config


def _log_what_is_said(service: ServiceSettings, *, speaks: bool) -> None:
    """Set logging up: for a state in a file, of which nothing is said, once the command fails.

    Otherwise it would be a sixth of what such a command costs.
    """

    def configure() -> None:
        from engine import logs

        logs.configure(service.log_level, service.log_format)

    def uncaught(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        configure()
        # By now that of the logs.
        sys.excepthook(kind, error, traceback)

    if speaks or service.state is not None:
        configure()
    else:
        sys.excepthook = uncaught
