"""Reloading: read the configuration again, and put it in force whole or not at all.

What only tunes the work is applied while everything goes on. A file with a mistake, or with any
change that needs a restart, is refused as a whole: the old settings stay, and it is said where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import structlog
from pydantic import BaseModel

from engine import logs
from engine.assembly.assembly import Assembly
from engine.assembly.retuning import retune
from engine.config import loading as configuration
from engine.config.live import is_live
from engine.config.loading import Config
from engine.config.values import number
from engine.errors import Misconfigured
from engine.settings import secrets_in

# A key under which nothing stands.
NOT_SET = "not set"

log = structlog.get_logger(component="reload")


@dataclass(frozen=True, slots=True)
class Reloaded:
    """How a reload ended: what was changed, as `key: old → new`, or why nothing was."""

    applied: bool
    changes: tuple[str, ...] = ()
    reason: str | None = None
    remedy: str | None = None

    def document(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {
            "schema_version": 1,
            "applied": self.applied,
            "changes": list(self.changes),
            "reason": self.reason,
            "remedy": self.remedy,
        }


@dataclass(slots=True)
class Reloader:
    """Reloads one service's settings; two at once follow each other."""

    assembly: Assembly
    _lock: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    def __post_init__(self) -> None:
        self.assembly.metrics.reload_success_at.set(self.assembly.environment.clock.now())
        self._show_settings()

    async def reload(self) -> Reloaded:
        """Read the file the service was started with again."""
        async with self._lock:
            try:
                outcome = self._applied(self._read())
            except Misconfigured as error:
                return self._refused(error)
            await note_settings(self.assembly)
            return outcome

    def _read(self) -> Config:
        present = self.assembly.config
        config = configuration.load(present.path, present.connectors)
        config = config.in_shadow() if present.shadow else config
        for settings in (config.engine, config.source, config.target):
            logs.keep_secret(secrets_in(settings))
        return config

    def _applied(self, config: Config) -> Reloaded:
        changed = dict(differences(self.assembly.config, config))
        fixed = [key for key in changed if not is_live(key)]
        if fixed:
            raise Misconfigured(
                f"{', '.join(fixed)} cannot change while the service runs; nothing was changed",
                remedy="restart the service, or put the old value back and reload again",
            )
        retune(self.assembly, config)
        logs.set_level(config.engine.service.log_level)
        self._show_settings()
        metrics = self.assembly.metrics
        metrics.reload_successful.set(1)
        metrics.reload_success_at.set(self.assembly.environment.clock.now())
        metrics.reloads.labels("applied").inc()
        changes = [f"{key}: {_said(old)} → {_said(new)}" for key, (old, new) in changed.items()]
        log.info("reloaded", changes=changes)
        return Reloaded(applied=True, changes=tuple(changes))

    def _refused(self, error: Misconfigured) -> Reloaded:
        metrics = self.assembly.metrics
        metrics.reload_successful.set(0)
        metrics.reloads.labels("refused").inc()
        log.error("reload_refused", reason=error.message, remedy=error.remedy)
        reason = logs.redact(error.message)
        return Reloaded(applied=False, reason=reason, remedy=error.remedy)

    def _show_settings(self) -> None:
        for key, value in _flat(self.assembly.config):
            if is_live(key) and isinstance(value, int | float):
                self.assembly.metrics.setting.labels(key).set(value)


async def note_settings(assembly: Assembly) -> None:
    """Keep the settings in force, so that whoever asks is told which were others, and when."""
    values = {key: logs.redact(_said(value)) for key, value in _flat(assembly.config)}
    await assembly.store.kept.note_settings(values, assembly.environment.clock.now())


def _said(value: Any) -> str:
    return number(value) if isinstance(value, float) else str(value)


def differences(old: Config, new: Config) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Every key whose value differs, with both values; a secret's are not for showing."""
    before, after = dict(_flat(old)), dict(_flat(new))
    for key in dict.fromkeys((*before, *after)):
        # One that is not there is something else than one that is switched off.
        values = before.get(key, NOT_SET), after.get(key, NOT_SET)
        if values[0] != values[1]:
            yield key, values


def _flat(config: Config) -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted key."""
    connectors = config.connectors
    yield from _settings(config.engine, "")
    for name, settings in (
        (connectors.source.name, config.source),
        (connectors.target.name, config.target),
    ):
        yield from _settings(settings, f"{name}.")


def _settings(settings: object, prefix: str) -> Iterator[tuple[str, Any]]:
    if isinstance(settings, BaseModel):
        for name in type(settings).model_fields:
            yield from _setting(f"{prefix}{name}", getattr(settings, name))


def _setting(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, BaseModel):
        yield from _settings(value, f"{key}.")
    elif isinstance(value, Mapping):
        for name, member in value.items():  # pyright: ignore[reportUnknownVariableType] # a table with keys of the operator's own
            yield f"{key}.{name}", member
    else:
        yield key, value
