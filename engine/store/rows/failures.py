"""Why a record is refused or waits, in the columns that say so."""

from __future__ import annotations

from engine.model.reason import code_of
from engine.model.work import Failure


def kept(failure: Failure) -> tuple[str, str | None, str]:
    """Its reason, its code and its class."""
    return failure.reason, code_of(failure.reason), failure.reason_class
