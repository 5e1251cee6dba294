"""The catalogue: the pairs of a fleet as this machine knows them, each with its configuration.

A pair is a file. Where the fleet takes its pairs from the database, each row is kept here as a
copy, so that every command finds it as it finds any other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine import logs
from engine.config import fleet as fleet_config
from engine.config import loading
from engine.config.fleet import Fleet
from engine.config.loading import Config
from engine.config.places import FLEET, followed, stamp_of
from engine.errors import EngineError, Misconfigured, StateUnusable
from engine.model.fleet import PairRow
from engine.settings import secrets_in
from engine.store import statedir
from engine.store.postgres.fleet.register import Register

SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Known:
    """A pair of the catalogue.

    Args:
        stamp: of its configuration, as `engine.config.places.stamp_of` tells it.
        config: as it was read; None where it cannot be worked with.
        trouble: why not.
    """

    name: str
    path: Path
    stamp: str
    config: Config | None = None
    trouble: EngineError | None = None

    @property
    def weight(self) -> float:
        """How much of the work it is, beside others."""
        return 1.0 if self.config is None else self.config.engine.service.weight


@dataclass(slots=True)
class Catalogue:
    """Reads the pairs of a fleet; what it does may be slow, and belongs on a thread."""

    fleet: Fleet
    register: Register
    _read: dict[str, Known] = field(default_factory=dict[str, Known], init=False)
    _copied: dict[str, float] = field(default_factory=dict[str, float], init=False)

    def look(self, rows: Mapping[str, PairRow]) -> Mapping[str, Known]:
        """The pairs by name, those that were changed read again.

        Args:
            rows: what the database says of them.

        Raises:
            StateUnusable: the copies cannot be brought up to date.
        """
        if self.fleet.table.pairs == "rows":
            self._copy(rows)
        self._read = {known.name: known for known in self._found()}
        return self._without_doubles(self._read)

    def _found(self) -> Iterator[Known]:
        for path in sorted(self._paths()):
            stamp, before = stamp_of(path), self._read.get(path.stem)
            # A secret that was missing may be there by now.
            if before is None or before.trouble is not None or before.stamp != stamp:
                yield _read(path, stamp)
            else:
                yield before

    def _paths(self) -> Iterable[Path]:
        directory = self.fleet.files
        try:
            return [one for one in directory.iterdir() if one.suffix == SUFFIX and one.is_file()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateUnusable(
                f"{directory} cannot be read: {error.strerror}",
                remedy="let the user of the service read it",
            ) from error

    def _copy(self, rows: Mapping[str, PairRow]) -> None:
        """Bring the copies of the rows up to date."""
        configured = {name: row for name, row in rows.items() if row.configured}
        changed = [
            name
            for name, row in configured.items()
            if self._copied.get(name) != row.changed_at or not self._path(name).exists()
        ]
        texts: Mapping[str, str] = self.register.configs(changed) if changed else {}
        try:
            _prepare(self.fleet)
            for name, text in texts.items():
                write(self._path(name), text)
                self._copied[name] = configured[name].changed_at
            for path in self._paths():
                if path.stem not in configured:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise StateUnusable(
                f"{self.fleet.files} cannot be written: {error.strerror}",
                remedy="check [service] state_dir, its owner and the free space of its file system",
            ) from error

    def _path(self, name: str) -> Path:
        return self.fleet.files / f"{name}{SUFFIX}"

    def _without_doubles(self, known: Mapping[str, Known]) -> Mapping[str, Known]:
        """Of pairs that would work on the same records the first by name is left, and no other."""
        firsts = fleet_config.doubles({name: _marks(one) for name, one in known.items()})
        return {
            name: _double(one, firsts[name]) if name in firsts else one
            for name, one in known.items()
        }


def _read(path: Path, stamp: str) -> Known:
    name = path.stem
    try:
        fleet_config.checked_name(name)
    except ValueError as error:
        trouble = Misconfigured(f"{path}: the name of a pair {error}", remedy="rename the file")
        return Known(name, path, stamp, trouble=trouble)
    try:
        config = loading.load(path)
    except Misconfigured as error:
        return Known(name, path, stamp, trouble=error)
    for settings in (config.engine, config.source, config.target):
        logs.keep_secret(secrets_in(settings))
    return Known(name, path, stamp, config)


def _marks(known: Known) -> Sequence[str]:
    config = known.config
    if config is None:
        return ()
    systems = (config.source, config.target)
    secrets = [text for settings in systems for text in secrets_in(settings)]
    return fleet_config.marks(config, secrets)


def _double(known: Known, first: str) -> Known:
    trouble = fleet_config.configured_twice(known.path, first)
    return Known(known.name, known.path, known.stamp, trouble=trouble)


def _prepare(fleet: Fleet) -> None:
    """Have a place for copies that lies as files of pairs do, beside the file of their fleet."""
    fleet.files.mkdir(parents=True, exist_ok=True, mode=0o700)
    link = fleet.home / FLEET
    if followed(link) != fleet.path:
        with suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(fleet.path)


def write(path: Path, text: str) -> None:
    """Write a copy for its owner alone, whole or not at all."""
    new = path.with_suffix(f".{os.getpid()}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def of_row(fleet: Fleet, register: Register, name: str) -> Path:
    """The copy of one pair's row, brought up to date: where commands find its configuration.

    Root acts as the owner of the directory meanwhile: the service is to read and replace it.

    Raises:
        Misconfigured: there is none of this name.
        StateUnusable: the database cannot be reached, or the copy not be written safely.
    """
    text, path = register.configs([name]).get(name), fleet.files / f"{name}{SUFFIX}"
    if text is None:
        raise Misconfigured(
            f"the fleet {fleet.table.name} has no pair {name}", remedy="see: wosync pair list"
        )
    directory = fleet.home
    try:
        with statedir.entered(directory) if directory.exists() else nullcontext():
            _prepare(fleet)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                write(path, text)
    except OSError as error:
        raise StateUnusable(
            f"{path} cannot be written: {error.strerror}",
            remedy="run the command as root, or as the service's user",
        ) from error
    return path
