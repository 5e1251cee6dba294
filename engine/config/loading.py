"""The configuration: read once, checked whole, every mistake reported together.

The engine's own tables are below; each connector adds the table that bears its name.
`config.toml` at the top of the repository is the manual, and a test keeps the two equal.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    create_model,
    model_validator,
)

from engine.about import offered
from engine.config import mistakes
from engine.config.common import in_common
from engine.config.places import (
    HTTP,
    STATE_DIR,
    checked_address,
    find,
    fleet_of,
    host_and_port,
    place_of_state,
    stamp_of,
)
from engine.connector import SourceConnector, SourceTerms, TargetConnector, TargetTerms
from engine.errors import Misconfigured
from engine.mapping.fields import LineSetting
from engine.mapping.settings import read_line
from engine.model.reason import Words
from engine.model.records import RecordType
from engine.model.wait import BackoffLimits
from engine.settings import Secret, Settings

# What lets somebody change something must not be found by trying.
TOKEN_CHARS_MIN = 16
# Of a service that only looks, inside the state directory of the one that writes.
SHADOW_DIR = "shadow"
BYTE_ORDER_MARK = "\ufeff"
_SCHEMES = ("postgresql://", "postgres://")
_NO_DATABASE = (
    'must be "postgresql://..." with a host and, behind an oblique, the name of the database;'
    " without it the state is a file"
)
# Parameters of an address that hold one.
_PASSWORDS = frozenset({"password", "sslpassword"})


def _lower(raw: Any) -> Any:
    return raw.lower() if isinstance(raw, str) else raw


def _host(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", text) is None:
        raise ValueError('must be a name such as "wosync.example.com", without port or path')
    return text.lower()


def checked_database(address: str) -> str:
    """The address of a database.

    Raises:
        ValueError: it is none, or has a password in it.
    """
    try:
        parts = urlsplit(address)
        secret = parts.password is not None
    except ValueError:
        # What it says of the address may be a part of a password.
        raise ValueError(_NO_DATABASE) from None
    given = parse_qs(parts.query, keep_blank_values=True)
    # An oblique in a password, which should be percent-encoded, ends the part before the path.
    if secret or "@" in parts.path or not given.keys().isdisjoint(_PASSWORDS):
        raise ValueError("a password is never written in the file; set state_password")
    if not address.startswith(_SCHEMES) or not parts.path.strip("/"):
        raise ValueError(_NO_DATABASE)
    return address


def _schema(name: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) is None or name.startswith("pg_"):
        raise ValueError("must be up to 63 lower-case letters, digits and underscores")
    return name


def _hard_to_guess(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < TOKEN_CHARS_MIN or not text.isascii() or not text.isprintable():
        raise ValueError(
            f"must be {TOKEN_CHARS_MIN} or more printable ASCII characters; one is made by:"
            " openssl rand -hex 32"
        )
    return token


Token = Annotated[Secret, AfterValidator(_hard_to_guess)]


class ServiceSettings(Settings):
    """[service]"""

    state_dir: Annotated[Path, Field(strict=False)] = STATE_DIR
    state: Annotated[str, AfterValidator(checked_database)] | None = None
    state_schema: Annotated[str, AfterValidator(_schema)] = "wosync"
    state_password: Secret | None = None
    lease_s: float = Field(default=6, ge=2, le=300)
    http: Annotated[str, AfterValidator(checked_address)] = HTTP
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = (
        "info"
    )
    log_format: Literal["auto", "json", "console"] = "auto"
    shutdown_s: float = Field(default=30, ge=0, le=3600)
    instance: str = ""
    weight: float = Field(default=1, gt=0, le=1000)
    hosts: list[Annotated[str, AfterValidator(_host)]] = Field(default_factory=list[str])
    nudge_token: Token | None = None
    page_token: Token | None = None

    @property
    def http_address(self) -> tuple[str, int]:
        """Host and port the small HTTP server listens on."""
        return host_and_port(self.http)


class PollerSettings(Settings):
    """[poller]"""

    interval_s: float = Field(default=60, gt=0, le=86_400)
    overlap_s: int = Field(default=10, ge=0, le=3600)
    sweep_interval_s: float = Field(default=3600, gt=0)
    mapping_interval_s: float = Field(default=300, gt=0)
    audit_interval_s: float = Field(default=86_400, gt=0)


class FuseSettings(Settings):
    """[fuse]"""

    share: float = Field(default=0.3, ge=0, le=1)
    records_min: int = Field(default=200, ge=0)
    creates_max: int = Field(default=5000, ge=0)


class OwnersSettings(Settings):
    """[owners]"""

    match: Literal["name", "username", "email"] = "name"
    ttl_s: float = Field(default=3600, gt=0)
    aliases: dict[str, str] = Field(default_factory=dict[str, str])


class ContactsSettings(Settings):
    """[contacts]"""

    source: Literal["auto", "resource", "arrays"] = "auto"
    missing_prospects: Literal["create", "link", "skip"] = "create"
    remove: bool = True
    one_role_per_person: Literal["auto", "always", "never"] = "auto"


class ConcurrencySettings(Settings):
    """[concurrency]"""

    opportunity_syncers: int = Field(default=4, ge=1, le=256)
    relationship_syncers: int = Field(default=4, ge=1, le=256)
    write_backs: int = Field(default=1, ge=1, le=16)


class MailboxesSettings(Settings):
    """[mailboxes]"""

    changes: int = Field(default=256, ge=1, le=100_000)
    contacts: int = Field(default=256, ge=1, le=100_000)
    write_backs: int = Field(default=512, ge=1, le=100_000)


class WriteBackSettings(Settings):
    """[write_back]"""

    batch_max: int = Field(default=100, ge=1, le=100)
    linger_ms: int = Field(default=1000, ge=0, le=60_000)


class RetrySettings(Settings):
    """[retry]"""

    attempts_max: int = Field(default=8, ge=1, le=100)
    base_s: float = Field(default=1, gt=0)
    cap_s: float = Field(default=300, gt=0)
    heal: bool = True

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.base_s > self.cap_s:
            raise ValueError(f"base_s ({self.base_s:g}) must not exceed cap_s ({self.cap_s:g})")
        return self

    @property
    def backoff(self) -> BackoffLimits:
        """The waits, in the backoff's own terms."""
        return BackoffLimits(self.base_s, self.cap_s)


class HistorySettings(Settings):
    """[history]"""

    keep_days: float = Field(default=90, gt=0, le=3650)
    max_mb: int = Field(default=256, ge=1, le=100_000)


MappingLine = Annotated[LineSetting | None, BeforeValidator(read_line)]


class MappingSettings(Settings):
    """[mapping.*]"""

    opportunity: dict[str, MappingLine] = Field(default_factory=dict[str, MappingLine])
    prospect: dict[str, MappingLine] = Field(default_factory=dict[str, MappingLine])


class EngineSettings(Settings):
    """The engine's own tables; one that is left out is an empty one, see `check`."""

    service: ServiceSettings
    poller: PollerSettings
    fuse: FuseSettings
    owners: OwnersSettings
    contacts: ContactsSettings
    concurrency: ConcurrencySettings
    mailboxes: MailboxesSettings
    write_back: WriteBackSettings
    retry: RetrySettings
    history: HistorySettings
    mapping: MappingSettings


@dataclass(frozen=True, slots=True)
class Connectors:
    """The installed pair."""

    source: SourceConnector
    target: TargetConnector

    @property
    def words(self) -> Words:
        """What people call the two systems and the columns that steer the sync."""
        return replace(self.source.words, target=self.target.title)

    def default_mapping(self, record_type: RecordType) -> dict[str, LineSetting]:
        """The standard lines, each target field joined to the source's columns for it."""
        columns = self.source.standard_columns[record_type]
        return {
            line.field: LineSetting(columns[line.standard], line.conversion)
            for line in self.target.standard_mapping[record_type]
        }


@dataclass(frozen=True, slots=True)
class Config:
    """A checked configuration.

    Args:
        source, target: the connectors' own settings models.
        shadow: nothing that is opened by it can change anything in either system.
        stamp: of the file as it was read; see `stamp_of`.
    """

    path: Path
    engine: EngineSettings
    connectors: Connectors
    source: SourceTerms
    target: TargetTerms
    shadow: bool = False
    stamp: str = ""

    @property
    def home(self) -> Path:
        """The state directory of the service that writes, also for one that only looks."""
        state_dir = self.engine.service.state_dir
        return state_dir.parent if self.shadow else state_dir

    def in_shadow(self) -> Config:
        """The same for a service that only looks, with a state of its own beside the real one."""
        if self.shadow:
            return self
        directory = self.engine.service.state_dir / SHADOW_DIR
        service = self.engine.service.model_copy(update={"state_dir": directory})
        return replace(
            self, engine=self.engine.model_copy(update={"service": service}), shadow=True
        )

    def in_earnest(self) -> Config:
        """The same for the service that writes."""
        if not self.shadow:
            return self
        service = self.engine.service.model_copy(update={"state_dir": self.home})
        return replace(
            self, engine=self.engine.model_copy(update={"service": service}), shadow=False
        )


@cache
def installed_connectors() -> Connectors:
    """The source and the target offered through the entry-point group.

    Raises:
        Misconfigured: not exactly one of each.
    """
    found = [offer.load() for offer in offered("wosync.connectors")]
    sources = [item for item in found if isinstance(item, SourceConnector)]
    targets = [item for item in found if isinstance(item, TargetConnector)]
    if len(sources) != 1 or len(targets) != 1:
        raise Misconfigured(
            "exactly one source and one target connector must be installed, found"
            f" {[item.name for item in sources]} and {[item.name for item in targets]}",
            remedy="install this package again: make clean, then make demo",
        )
    return Connectors(sources[0], targets[0])


def load(path: Path | None, connectors: Connectors | None = None) -> Config:
    """Read and check the configuration.

    Raises:
        Misconfigured: it is missing, is not TOML, or has mistakes; all are listed.
    """
    path = find(path)
    stamp = stamp_of(path)
    return replace(check(path, read(path), connectors), stamp=stamp)


def read(path: Path) -> dict[str, Any]:
    """The tables of the file, unchecked; of a pair in a fleet with what all its pairs have.

    Raises:
        Misconfigured: it cannot be read, is not TOML, or says what is for the fleet to say.
    """
    fleet = fleet_of(path)
    own = read_alone(path)
    return own if fleet is None else in_common(fleet, read_alone(fleet), path, own)


def read_alone(path: Path) -> dict[str, Any]:
    """The tables of the file itself, unchecked.

    Raises:
        Misconfigured: it cannot be read, or is not TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError as error:
        raise _not_toml(path, error) from error
    except OSError as error:
        denied = "let the user who runs this read it: chmod 644, since no secret stands in it"
        raise Misconfigured(
            f"{path} cannot be read: {error.strerror}",
            remedy=denied if isinstance(error, PermissionError) else "name the file that is meant",
        ) from error
    return parsed(path, text)


def parsed(path: Path, text: str) -> dict[str, Any]:
    """The tables of a text, unchecked.

    Args:
        path: where it stands, or would.

    Raises:
        Misconfigured: it is not TOML.
    """
    if text.startswith(BYTE_ORDER_MARK):
        # Invisible in the editor that put it there.
        raise Misconfigured(
            f"{path} begins with a byte order mark",
            remedy="save it as UTF-8 without one (some editors call it BOM)",
        )
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_toml(path, error) from error


def _not_toml(path: Path, error: Exception) -> Misconfigured:
    return Misconfigured(f"{path} is not valid TOML: {error}", remedy="correct the line it names")


def check(path: Path, tables: Mapping[str, Any], connectors: Connectors | None = None) -> Config:
    """Check tables as if they stood in the file.

    Raises:
        Misconfigured: they have mistakes; all are listed.
    """
    connectors = connectors or installed_connectors()
    model = _whole_model(connectors)
    empty = {name: dict[str, Any]() for name in EngineSettings.model_fields}
    try:
        settings = model.model_validate({**empty, **tables})
    except ValidationError as error:
        raise mistakes.refused(path, error, model) from error
    # Checked by the whole model, which is the only one that is made for it.
    engine = EngineSettings.model_construct(
        **{name: getattr(settings, name) for name in EngineSettings.model_fields}
    )
    return Config(
        path,
        _with_state_dir(engine, path),
        connectors,
        getattr(settings, connectors.source.name),
        getattr(settings, connectors.target.name),
    )


def _with_state_dir(engine: EngineSettings, path: Path) -> EngineSettings:
    named = "state_dir" in engine.service.model_fields_set
    directory = place_of_state(engine.service.state_dir if named else None, path)
    service = engine.service.model_copy(update={"state_dir": directory})
    return engine.model_copy(update={"service": service})


def _whole_model(connectors: Connectors) -> type[BaseModel]:
    pair = (connectors.source, connectors.target)
    return _model_with(tuple((connector.name, connector.settings) for connector in pair))


@cache
def _model_with(settings: tuple[tuple[str, type[BaseModel]], ...]) -> type[BaseModel]:
    tables: dict[str, Any] = {name: (model, ...) for name, model in settings}
    return create_model("Configuration", __base__=EngineSettings, **tables)
