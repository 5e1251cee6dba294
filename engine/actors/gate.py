"""The gate: what is only evaluated for the fuse writes to neither system, whoever asks.

Whether the work in hand is only evaluated is a context variable, as its lane is: a call that goes
through many hands cannot forget to pass it on. Every write of the target goes through here, and
everything that a person of the source is owed.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from engine.errors import WouldChange
from engine.model.records import Fields
from engine.ports import Target

weighing: ContextVar[bool] = ContextVar("weighing", default=False)
"""Whether the work in hand is only evaluated."""


def pass_gate(would: str) -> None:
    """Go on, unless the work in hand is only evaluated.

    Args:
        would: what is about to be done, without a value of the record.

    Raises:
        WouldChange: it is; nothing was done.
    """
    if weighing.get():
        raise WouldChange(would)


def gated(target: Target) -> Target:
    """The target, its writes behind the gate."""
    return cast("Target", _Gated(target))


@dataclass(frozen=True, slots=True)
class _Gated:
    """Readings pass as they are."""

    target: Target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)

    async def create(self, fields: Fields) -> int:
        pass_gate("would be created")
        return await self.target.create(fields)

    async def update(self, target_id: int, changes: Fields) -> None:
        pass_gate(f"would send {', '.join(sorted(changes))}")
        await self.target.update(target_id, changes)

    async def delete(self, target_id: int) -> None:
        pass_gate("would be removed")
        await self.target.delete(target_id)

    async def create_prospect(self, fields: Fields) -> int:
        pass_gate("would create a prospect")
        return await self.target.create_prospect(fields)

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        pass_gate("would create a role")
        return await self.target.create_role(target_id, prospect_id, role)

    async def update_role(self, role_id: int, role: str) -> None:
        pass_gate("would change a role")
        await self.target.update_role(role_id, role)

    async def delete_role(self, role_id: int) -> None:
        pass_gate("would remove a role")
        await self.target.delete_role(role_id)
