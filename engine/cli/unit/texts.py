"""What the units say."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from engine.about import PROGRAM

# The first line of every file of ours begins so; one that does not is somebody else's.
MARK = f"# Written by {PROGRAM} unit install."
_TEMPLATE = "service.unit"
_TARGET = f"{PROGRAM}.target"
FLEET = f"{PROGRAM}-fleet"
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
_OF_A_PAIR = {
    "FILE": "config.toml",
    "READY": """\
# Ready after the first successful poll of both systems; the service asks for more time while it
# waits for one of them.""",
    "FED": """\
# Fed only while every actor makes progress. The abort leaves the stack of every thread in the
# journal, then the service starts again.""",
    "START": "run --config @CONFIG@/config.toml",
    "RELOAD": "@WOSYNC@ reload --config @CONFIG@/config.toml",
    "LIMITS": """\
LimitNOFILE=4096
TasksMax=64
MemoryHigh=384M
MemoryMax=512M""",
}
_OF_A_FLEET = {
    "FILE": "fleet.toml",
    "READY": """\
# Ready once it is a member of the fleet, or waits for the database to become one.""",
    "FED": """\
# Fed only while the process as a whole makes progress. The abort leaves the stack of every thread
# in the journal, then the service starts again; others take its pairs meanwhile.""",
    "START": "fleet --config @CONFIG@/fleet.toml",
    # Every file is read again; a pair goes on with its changed one.
    "RELOAD": "/bin/sh -c 'kill -HUP $MAINPID'",
    "LIMITS": """\
# Each pair has connections to two systems and some megabytes: so many pairs as the machine carries.
LimitNOFILE=65536
TasksMax=512
MemoryHigh=80%
MemoryMax=90%""",
}


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
        **_OF_A_PAIR,
        "UNIT": f"{PROGRAM}@PAIR" if template else PROGRAM,
        "NAME": f"{PROGRAM}-%i" if template else PROGRAM,
        "INSTANCE": "%i" if template else "default",
        "CONFIG": f"/etc/{PROGRAM}/%i" if template else f"/etc/{PROGRAM}",
    }
    return _filled(f"{PROGRAM}@.service" if template else f"{PROGRAM}.service", values, user)


def fleet(*, user: str | None = None) -> Unit:
    """The service of a process of a fleet.

    Args:
        user: as of `service`.
    """
    values = {
        **_OF_A_FLEET,
        "UNIT": FLEET,
        "NAME": FLEET,
        "INSTANCE": "fleet",
        "CONFIG": f"/etc/{PROGRAM}",
    }
    return _filled(f"{FLEET}.service", values, user)


def _filled(name: str, values: Mapping[str, str], user: str | None) -> Unit:
    """A service of ours: what stands in its places may have places itself."""
    whole = {
        "IDENTITY": (_OF_ITS_OWN if user is None else _GIVEN).rstrip("\n"),
        **values,
        "USER": user or "",
        "WOSYNC": str(command()),
    }
    order = ("IDENTITY", "READY", "FED", "START", "RELOAD", "LIMITS", *whole)
    text = _packaged(_TEMPLATE)
    for place in order:
        text = text.replace(f"@{place}@", whole[place])
    return Unit(name, text)


def wanted(*, plain: bool, template: bool, fleets: bool = False, user: str | None) -> list[Unit]:
    """Every unit of an installation."""
    units = [Unit(_TARGET, _packaged(_TARGET))]
    if plain:
        units.append(service(template=False, user=user))
    if template:
        units.append(service(template=True, user=user))
    if fleets:
        units.append(fleet(user=user))
    return units


def fleet_begun() -> str:
    """The configuration of a fleet, as it is before anybody filled it in."""
    return _packaged("fleet.toml")


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
