"""`wosync unit`: the service on a machine with systemd: shown, installed, upgraded, taken away.

One text serves both services: `wosync.service` for a single pair of systems, and the template
`wosync@.service` for several on one machine. `wosync.target` holds them together.
"""

from __future__ import annotations

from engine.cli.unit.asked import Task, chosen, files_of
from engine.cli.unit.installing import Wishes, install
from engine.cli.unit.showing import show
from engine.cli.unit.sound import troubles
from engine.cli.unit.texts import MARK, service
from engine.cli.unit.uninstalling import uninstall
from engine.cli.unit.upgrading import upgrade

__all__ = [
    "MARK",
    "Task",
    "Wishes",
    "chosen",
    "files_of",
    "install",
    "service",
    "show",
    "troubles",
    "uninstall",
    "upgrade",
]
