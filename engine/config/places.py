"""Where things are: the configuration, the state, and the service's HTTP port.

By themselves, so that a command that only asks the service loads nothing of the settings' classes.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

from engine.errors import Misconfigured
from engine.home import with_home

CONFIGURATIONS = (Path("config.toml"), Path("/etc/wosync/config.toml"))
# What all pairs of a fleet have in common, and the directory beside it with a file for each.
FLEET, PAIRS = "fleet.toml", "pairs"
FLEETS = (Path(FLEET), Path("/etc/wosync") / FLEET)
_EXCHANGED = "..data"
# [service] state_dir and http, where they are not set.
STATE_DIR = Path("state")
HTTP = "127.0.0.1:9464"
PORT_MAX = 65_535
_FLEET_TABLE = re.compile(r"^\s*\[\s*fleet\s*\]", re.MULTILINE)
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})")


def find(path: Path | None) -> Path:
    """The configuration file to use.

    Raises:
        Misconfigured: there is none, or it is that of a fleet and no pair of it.
    """
    candidates = [path] if path is not None else list(CONFIGURATIONS)
    for candidate in candidates:
        if _is_file(candidate):
            _ensure_of_a_pair(candidate)
            return candidate
    looked = " or ".join(str(candidate) for candidate in candidates)
    raise Misconfigured(
        f"there is no configuration file at {looked}",
        remedy="write one with: wosync init; if there is one elsewhere, name it with --config PATH;"
        " to try the service without any system at all, run: wosync demo",
    )


def _ensure_of_a_pair(path: Path) -> None:
    """Whoever forgets to name the pair asks the whole fleet what only one of them can answer."""
    if path.name != FLEET or fleet_of(path) is not None:
        return
    if (path.parent / PAIRS).is_dir() or _FLEET_TABLE.search(_text_of(path)):
        raise Misconfigured(
            f"{path} is the configuration of a fleet, and this is done with one pair",
            remedy="name the pair: --pair NAME, as wosync pair list shows it; to run the fleet:"
            " wosync fleet",
        )


def fleet_of(path: Path) -> Path | None:
    """The file of the fleet that a pair's configuration belongs to; None for one on its own."""
    place = path.parent.resolve()
    fleet = place.parent / FLEET
    return followed(fleet) if place.name == PAIRS and fleet.is_file() else None


def followed(file: Path) -> Path:
    """Where the file is that a link leads to; in a volume of Kubernetes, the place that stays.

    There each file is a link to a directory beside it, which is exchanged as a whole.
    """
    while file.is_symlink() and (to := file.readlink()).parts[0] != _EXCHANGED:
        file = file.parent / to
    return file.parent.resolve() / file.name


def way_to(config: Path) -> str:
    """What precedes every path at the port of the service with this configuration."""
    return "" if fleet_of(config) is None else f"/pair/{config.stem}"


def home_of_fleet(fleet: Path, named: str | None) -> Path:
    """The state directory of a fleet's processes on this machine.

    Args:
        fleet: its file.
        named: [service] state_dir there, where it is set.
    """
    return place_of_state(Path(named) if named else None, fleet)


def is_installed(path: Path) -> bool:
    """Whether it is where a unit of systemd looks, for one pair of systems or for several."""
    place, home = path.parent.resolve(), CONFIGURATIONS[-1].parent
    return home in {place, place.parent}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be read: {error.strerror}", remedy="check the permissions on the way"
        ) from error


def stamp_of(config: Path) -> str:
    """What differs when the file was changed, or that of its fleet; empty where nobody can tell."""
    fleet = fleet_of(config)
    own = _stamp_of(config)
    return own if fleet is None or not own else f"{own} {_stamp_of(fleet)}"


def _stamp_of(config: Path) -> str:
    try:
        found = config.stat()
    except OSError:
        return ""
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"


def place_of_state(named: Path | None, config: Path) -> Path:
    """The state directory: beside the configuration if relative; unnamed, systemd's own wins.

    Args:
        named: [service] state_dir, where it is set.
        config: the configuration file.

    Raises:
        Misconfigured: it is below a home directory that nobody knows.
    """
    if named is None and os.environ.get("STATE_DIRECTORY"):
        return Path(os.environ["STATE_DIRECTORY"].split(":")[0])
    try:
        return config.parent.resolve() / with_home(named or STATE_DIR)
    except ValueError as error:
        raise Misconfigured(
            f"{config}: [service] state_dir cannot be used: {error}", remedy="correct it there"
        ) from error


def checked_address(text: str) -> str:
    """The same text.

    Raises:
        ValueError: it is no host and port.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found.group(2)) > PORT_MAX:
        raise ValueError('must be "host:port" such as "127.0.0.1:9464", with a port up to 65535')
    return text


def host_and_port(address: str) -> tuple[str, int]:
    """The parts of a checked address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def service_key(config: Path, key: str) -> str:
    """A text under [service], also from a file with mistakes; empty where there is none.

    Of a pair in a fleet, that of the fleet.
    """
    fleet = fleet_of(config)
    if fleet is None:
        return _service_key(config, key)
    found = _service_key(fleet, key)
    return str(home_of_fleet(fleet, found) / PAIRS / config.stem) if key == "state_dir" else found


def _text_of(config: Path) -> str:
    try:
        return config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _service_key(config: Path, key: str) -> str:
    text = _text_of(config)
    try:
        service: Any = tomllib.loads(text).get("service")
        found = service.get(key) if isinstance(service, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped TOML
    except (ValueError, RecursionError):
        line = re.search(rf'^\s*{key}\s*=\s*"([^"]+)"', text, re.MULTILINE)
        found = line.group(1) if line else None
    return found if isinstance(found, str) else ""
