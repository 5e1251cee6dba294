"""A ready `config.toml` for a running sandbox, with its secrets in files beside it."""

import fcntl
import json
import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import IO

from connectors.sandbox.sandbox import Addresses, Credentials
from connectors.sandbox.serving import HOST, free_port
from engine import with_home

CONFIG_NAME = "config.toml"
STATE_NAME = "state"
LOCK_NAME = "sandbox.lock"

_VISIBILITY_S = 5
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What was written: the configuration's path and text, and where the service will listen."""

    path: Path
    text: str
    service_url: str


def prepared(directory: Path) -> Path:
    """The directory, made if need be, for its owner alone; absolute.

    Raises:
        FileExistsError: it holds the state of an earlier sandbox, whose records are gone, or is a
            file.
        OSError: it cannot be made.
    """
    directory = _made(directory)
    if (directory / STATE_NAME).exists():
        raise FileExistsError(
            f"{directory} holds the state of an earlier sandbox, whose records are gone;"
            " name an empty directory"
        )
    return directory


@contextmanager
def occupied(directory: Path) -> Generator[Path]:
    """The directory, prepared, and held for the block: a second sandbox cannot have it meanwhile.

    It is held by an advisory lock on a file of its own, which ends with the process; the directory
    itself is locked by those who edit the configuration.

    Raises:
        BlockingIOError: another sandbox is using it.
        FileExistsError, OSError: see `prepared`.
    """
    directory = _made(directory)
    with (directory / LOCK_NAME).open("w") as lock:
        _lock(lock, directory)
        yield prepared(directory)


def _lock(lock: IO[str], directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(
            f"{directory} is in use by a sandbox that is running; end that one, or name an empty"
            " directory"
        ) from error


def _made(directory: Path) -> Path:
    try:
        directory = with_home(directory).resolve()
    except ValueError as error:
        raise FileNotFoundError(f"{directory} cannot be made: {error}") from error
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def write_settings(
    directory: Path,
    addresses: Addresses,
    credentials: Credentials,
    *,
    owners_ttl_s: int = 30,
    index_lag_s: float = 0.0,
    in_service: Mapping[str, str | int] | None = None,
) -> SettingsFile:
    """Write the configuration and its secrets (mode 0600) into a prepared directory.

    Args:
        owners_ttl_s: seconds until the service looks again for a user it did not find.
        index_lag_s: seconds that the emulated collections lag; the service waits longer.
        in_service: further keys of the table `[service]`.

    Raises:
        OSError: a file cannot be written.
    """
    secrets = {
        name: _write_secret(directory / name, getattr(credentials, name))
        for name in ("api_key", "client_secret", "refresh_token")
    }
    http = f"{HOST}:{free_port()}"
    values: dict[str, str | int] = {
        **secrets,
        "state_dir": str(directory / STATE_NAME),
        "http": http,
        "workbooks_url": addresses.workbooks,
        "outreach_url": addresses.outreach,
        "client_id": credentials.client_id,
        "record_url": f"{addresses.outreach}/opportunities/{{id}}",
        "prospect_url": f"{addresses.outreach}/prospects/{{id}}",
        "visibility_s": max(_VISIBILITY_S, math.ceil(index_lag_s) + 1),
        "owners_ttl_s": owners_ttl_s,
    }
    template = files("connectors.sandbox").joinpath("settings.toml").read_text(encoding="utf-8")
    lines = "".join(f"\n{name} = {_toml(value)}" for name, value in (in_service or {}).items())
    told = {name: _toml(value) for name, value in values.items()}
    text = Template(template).substitute(told, in_service=lines)
    path = directory / CONFIG_NAME
    path.write_text(text, encoding="utf-8")
    return SettingsFile(path, text, f"http://{http}")


def _write_secret(path: Path, secret: str) -> str:
    # Made with its mode, so that there is no moment at which others could read it.
    path.unlink(missing_ok=True)
    path.touch(mode=_OWNER_ONLY, exist_ok=False)
    path.write_text(secret + "\n", encoding="utf-8")
    return str(path)


def _toml(value: str | int) -> str:
    # A JSON string is a TOML basic string, but for DEL, which no path or address has.
    return json.dumps(value, ensure_ascii=False)
