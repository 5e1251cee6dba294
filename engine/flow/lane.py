"""The two lanes work travels in: a fresh edit overtakes a bulk backlog.

The lane of the work in hand, and what else the governor must know of it, are context variables, so
that a connector deep in a call need not pass them on.
"""

from __future__ import annotations

from contextvars import ContextVar

from engine.model.lane import Lane

retrying: ContextVar[bool] = ContextVar("retrying", default=False)
"""Whether the work in hand failed before."""

writing: ContextVar[bool] = ContextVar("writing", default=False)
"""Whether the request in hand, or the latest one, may change something."""

current_lane: ContextVar[Lane] = ContextVar("current_lane", default=Lane.FRESH)
