"""What the running service failed with, as an error of the command that asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import (
    EngineError,
    Misconfigured,
    Throttled,
    Transient,
    Unauthorized,
    Unreachable,
)
from engine.service import authorising

_KINDS: dict[str, type[EngineError]] = {
    authorising.CREDENTIALS: Unauthorized,
    authorising.CONFIGURATION: Misconfigured,
    authorising.LATER: Transient,
}


def raised(told: Mapping[str, Any]) -> EngineError:
    """The error that `authorising.failure` has told."""
    kind = _KINDS.get(told["failed"], EngineError)
    if kind is Transient:
        kind = Throttled if told["retry_after_s"] else Unreachable
    return kind(told["reason"], remedy=told["remedy"], retry_after_s=told["retry_after_s"])
