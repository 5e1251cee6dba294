"""The configuration of a fleet: what its processes are told, and what all its pairs have in common.

Any table of a pair may stand in `fleet.toml`, and counts for every pair that says nothing itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, Field, ValidationError, create_model

from engine.config import mistakes
from engine.config.common import FLEET_TABLE, SERVICE
from engine.config.loading import (
    Config,
    EngineSettings,
    ServiceSettings,
    installed_connectors,
    read_alone,
)
from engine.config.places import FLEET, FLEETS, PAIRS, followed, home_of_fleet
from engine.errors import Misconfigured
from engine.settings import Settings

# Of a fleet, and of a pair: it becomes a part of the name of a schema, of a file and of an address.
NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
NAME_CHARS_MAX = 40
_NOT_A_NAME = (
    f"must be up to {NAME_CHARS_MAX} lower-case letters and digits, beginning with a letter, with"
    " single hyphens or underscores between them"
)


def checked_name(name: str) -> str:
    """The same name.

    Raises:
        ValueError: it is none.
    """
    if len(name) > NAME_CHARS_MAX or NAME.fullmatch(name) is None:
        raise ValueError(_NOT_A_NAME)
    return name


# What commands need not know.
_TOKENS = frozenset({"nudge_token", "page_token"})
# In the place of a database that nobody asks.
_ANY = {"state": "postgresql://nowhere/nothing"}


class FleetTable(Settings):
    """[fleet]"""

    name: Annotated[str, AfterValidator(checked_name)] = "main"
    pairs: Literal["files", "rows"] = "files"
    weight: float = Field(default=1, gt=0, le=1000)
    connections: int = Field(default=8, ge=2, le=200)
    metrics_pairs: int = Field(default=50, ge=0, le=10_000)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A checked configuration of a fleet.

    Args:
        table: [fleet].
        service: [service]; its state is a database.
        home: the state directory of its processes on this machine.
    """

    path: Path
    table: FleetTable
    service: ServiceSettings
    home: Path

    @property
    def state(self) -> str:
        """The address of the database."""
        return self.service.state or ""

    @property
    def schema(self) -> str:
        """The schema in which the processes of the fleet find each other."""
        return f"wosync_fleet_{self.table.name.replace('-', '_')}"

    @property
    def files(self) -> Path:
        """The directory with a file for each pair: the operator's own, or copies of the rows."""
        return (self.path.parent if self.table.pairs == "files" else self.home) / PAIRS


def find(path: Path | None) -> Path:
    """The file of a fleet to use.

    Raises:
        Misconfigured: there is none.
    """
    candidates = [path] if path is not None else list(FLEETS)
    for candidate in candidates:
        if candidate.is_file():
            return _named_as_such(candidate.absolute())
    looked = " or ".join(str(candidate) for candidate in candidates)
    raise Misconfigured(
        f"there is no configuration of a fleet at {looked}",
        remedy="write one, or name it with --config PATH; see docs/fleet.md",
    )


def _named_as_such(path: Path) -> Path:
    if path.name != FLEET:
        raise Misconfigured(
            f"{path} is not called {FLEET}, by which its pairs find it",
            remedy=f"rename it to {FLEET}; each fleet has a directory of its own",
        )
    return path


def load(path: Path | None) -> Fleet:
    """Read and check it.

    Raises:
        Misconfigured: it is missing, is not TOML, or has mistakes; all are listed.
    """
    found = followed(find(path))
    return check(found, read_alone(found))


def look(path: Path | None) -> Fleet:
    """The same for a command that needs no secret but the database's.

    Raises:
        Misconfigured: as `load`.
    """
    found = followed(find(path))
    tables = read_alone(found)
    service = tables.get(SERVICE)
    if isinstance(service, dict):
        table = cast("dict[str, Any]", service)
        tables[SERVICE] = {name: one for name, one in table.items() if name not in _TOKENS}
    return check(found, tables)


def files_of(path: Path | None) -> Path | None:
    """The directory with a file for each pair, where that is how they are configured.

    Raises:
        Misconfigured: there is no configuration of a fleet, or its table has mistakes.
    """
    found = followed(find(path))
    fleet = check(found, {FLEET_TABLE: read_alone(found).get(FLEET_TABLE, {}), SERVICE: _ANY})
    return fleet.files if fleet.table.pairs == "files" else None


def check(path: Path, tables: Mapping[str, Any]) -> Fleet:
    """Check tables as if they stood in the file.

    Raises:
        Misconfigured: they have mistakes; all are listed.
    """
    model = _model()
    try:
        settings = model.model_validate(tables)
    except ValidationError as error:
        raise mistakes.refused(path, error, model) from error
    table: FleetTable = getattr(settings, FLEET_TABLE)
    service: ServiceSettings = getattr(settings, SERVICE)
    if service.state is None:
        raise Misconfigured(
            f"{path} names no database: the processes of a fleet share their pairs through one",
            remedy='set [service] state = "postgresql://..."; see docs/fleet.md',
        )
    named = str(service.state_dir) if "state_dir" in service.model_fields_set else None
    return Fleet(path, table, service, home_of_fleet(path, named))


def _model() -> type[BaseModel]:
    connectors = installed_connectors()
    names = (*EngineSettings.model_fields, connectors.source.name, connectors.target.name)
    # What pairs have in common is checked with each of them, where it is whole.
    fields: dict[str, Any] = {name: (dict[str, Any], {}) for name in names}
    fields[FLEET_TABLE] = (FleetTable, Field(default_factory=FleetTable))
    fields[SERVICE] = (ServiceSettings, Field(default_factory=ServiceSettings))
    return create_model("FleetConfiguration", __base__=Settings, **fields)


def marks(config: Config, secrets: Iterable[str]) -> Sequence[str]:
    """What two pairs may not have in common: their tables, and the records they work on.

    Args:
        secrets: of both systems, in the order of the settings.
    """
    told = hashlib.sha256()
    for text in (config.source.base_url, config.target.base_url, *secrets):
        told.update(f"{len(text)}:{text}".encode())
    return f"schema {config.engine.service.state_schema}", f"records {told.hexdigest()}"


def doubles(marked: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Of pairs that have a mark in common, in this order, all but the first: each beside that."""
    firsts: dict[str, str] = {}
    found: dict[str, str] = {}
    for name, marks_of_it in marked.items():
        others = {firsts.setdefault(mark, name) for mark in marks_of_it} - {name}
        if others:
            found[name] = min(others)
    return found


def configured_twice(path: Path, first: str) -> Misconfigured:
    """What is wrong with a pair that is another one as well."""
    return Misconfigured(
        f"{path}: this pair is configured twice, here and as {first}: both would work on the"
        " same records, or in the same [service] state_schema",
        remedy="take one of them away, or correct its systems, credentials or state_schema",
    )
