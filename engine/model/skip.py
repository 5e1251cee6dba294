"""What an operator has told the service to leave alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a record is left alone, in the operator's words, and since when, unix seconds."""

    reason: str
    since: float
