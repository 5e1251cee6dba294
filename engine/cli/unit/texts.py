"""What the units say."""

from __future__ import annotations

import re
import sysconfig
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from engine.about import PROGRAM

# The first line of every file of ours begins so; one that does not is somebody else's.
MARK = f"# Written by {PROGRAM} unit install."
_TEMPLATE = "service.unit"
_TARGET = f"{PROGRAM}.target"
_CREDENTIAL = re.compile(r"^LoadCredential=(\w+):", re.MULTILINE)
_WANTED_BY = re.compile(r"^WantedBy=(.+)$", re.MULTILINE)
_USER = re.compile(r"^User=(\S+)$", re.MULTILINE)
_DYNAMIC = "DynamicUser=yes\n"
_OF_ITS_OWN = f"""\
# A user that exists only while the service runs, each service its own; the state stays in
# /var/lib/@NAME@.
{_DYNAMIC}User=@NAME@
"""
_GIVEN = """\
# A user of this machine; the state stays in /var/lib/@NAME@.
User=@USER@
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """One file of ours: its name, and what stands in it."""

    name: str
    text: str

    @property
    def wanted_by(self) -> list[str]:
        """The units that start it once it is enabled."""
        return [name for names in _WANTED_BY.findall(self.text) for name in names.split()]


def service(*, template: bool, user: str | None = None) -> Unit:
    """The service, for one pair of systems or as the template for several.

    Args:
        user: who runs it; None for a user that systemd makes for as long as it runs.
    """
    values = {
        "IDENTITY": (_OF_ITS_OWN if user is None else _GIVEN).rstrip("\n"),
        "USER": user or "",
        "UNIT": f"{PROGRAM}@PAIR" if template else PROGRAM,
        "NAME": f"{PROGRAM}-%i" if template else PROGRAM,
        "INSTANCE": "%i" if template else "default",
        "CONFIG": f"/etc/{PROGRAM}/%i" if template else f"/etc/{PROGRAM}",
        "WOSYNC": str(command()),
    }
    text = _packaged(_TEMPLATE)
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return Unit(f"{PROGRAM}@.service" if template else f"{PROGRAM}.service", text)


def wanted(*, plain: bool, template: bool, user: str | None) -> list[Unit]:
    """Every unit of an installation."""
    units = [Unit(_TARGET, _packaged(_TARGET))]
    if plain:
        units.append(service(template=False, user=user))
    if template:
        units.append(service(template=True, user=user))
    return units


def credentials() -> list[str]:
    """The secrets that the service loads, by name."""
    return _CREDENTIAL.findall(_packaged(_TEMPLATE))


def given_user(text: str) -> str | None:
    """Whom a unit of ours names; None where systemd makes the user."""
    found = _USER.search(text)
    return None if found is None or _DYNAMIC in text else found[1]


def command() -> Path:
    """The command of the interpreter that runs this, whichever name it was called by."""
    return Path(sysconfig.get_path("scripts")) / PROGRAM


def _packaged(name: str) -> str:
    return (resources.files("engine.systemd") / name).read_text(encoding="utf-8")
