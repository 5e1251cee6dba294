"""The gate: what is only evaluated for the fuse writes to neither system, whoever asks.

Whether the work in hand is only evaluated is a context variable, as its lane is: a call that goes
through many hands cannot forget to pass it on. Every write of the target goes through here, and
everything that a person of the source is owed. So does what carries out a plan: nothing passes that
is not in it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, cast

from engine.errors import WouldChange
from engine.model.fields import Fields, Scalar
from engine.model.plan import Kind
from engine.model.records import TargetField, Value
from engine.ports import Target

weighing: ContextVar[bool] = ContextVar("weighing", default=False)
"""Whether the work in hand is only evaluated."""


class Permits(Protocol):
    """What a plan that is carried out permits; each permission serves once."""

    def write(self, attempt: Attempt) -> None:
        """Go on, if it is planned.

        Raises:
            NotPlanned: it is not.
        """
        ...

    def person(self, person_id: int, prospect_id: int | None, *, ours: bool) -> None:
        """Go on with telling somebody about a prospect, or with a flag, if that is planned.

        Raises:
            NotPlanned: it is not.
        """
        ...

    def flags(self, record_id: int) -> bool:
        """Whether the record may be flagged."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write of the target that is about to be sent; what it is not about is None."""

    kind: Kind
    target_id: int | None = None
    fields: Fields | None = None
    role_id: int | None = None
    prospect_id: int | None = None
    role: str | None = None


permitted: ContextVar[Permits | None] = ContextVar("permitted", default=None)
"""What the work in hand may do, where it carries out a plan; None where it may do anything."""


def pass_gate(would: str, attempt: Attempt | None = None) -> None:
    """Go on, unless the work in hand is only evaluated, or carries out a plan without this.

    Args:
        would: what is about to be done, without a value of the record.

    Raises:
        WouldChange: it is; nothing was done.
        NotPlanned: it does; nothing was done.
    """
    if weighing.get():
        raise WouldChange(would)
    permits = permitted.get()
    if permits is not None and attempt is not None:
        permits.write(attempt)


def pass_gate_for(
    person_id: int, would: str, *, prospect_id: int | None = None, ours: bool = False
) -> None:
    """The same for what a person of the source is owed.

    Args:
        prospect_id: which the person is to be told.
        ours: we have created it, as is just known.
    """
    pass_gate(would)
    permits = permitted.get()
    if permits is not None:
        permits.person(person_id, prospect_id, ours=ours)


def may_flag(record_id: int) -> bool:
    """Whether a record may be flagged by the work in hand."""
    permits = permitted.get()
    return permits is None or permits.flags(record_id)


def gated(target: Target) -> Target:
    """The target, its writes behind the gate."""
    return cast("Target", _Gated(target))


@dataclass(frozen=True, slots=True)
class _Gated:
    """Readings pass as they are."""

    target: Target

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)

    def encode(self, field: TargetField, value: Value) -> Scalar:
        # Asked for each field of a record, for which the way above is a long one.
        return self.target.encode(field, value)

    async def create(self, fields: Fields) -> int:
        pass_gate("would be created", Attempt(Kind.CREATE, fields=fields))
        return await self.target.create(fields)

    async def update(self, target_id: int, changes: Fields) -> None:
        would = f"would send {', '.join(sorted(changes))}"
        pass_gate(would, Attempt(Kind.UPDATE, target_id, changes))
        await self.target.update(target_id, changes)

    async def delete(self, target_id: int) -> None:
        pass_gate("would be removed", Attempt(Kind.REMOVE, target_id))
        await self.target.delete(target_id)

    async def create_prospect(self, fields: Fields) -> int:
        pass_gate("would create a prospect", Attempt(Kind.PROSPECT, fields=fields))
        return await self.target.create_prospect(fields)

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        attempt = Attempt(Kind.ROLE_ADD, target_id, prospect_id=prospect_id, role=role)
        pass_gate("would create a role", attempt)
        return await self.target.create_role(target_id, prospect_id, role)

    async def update_role(self, role_id: int, role: str) -> None:
        pass_gate("would change a role", Attempt(Kind.ROLE_CHANGE, role_id=role_id, role=role))
        await self.target.update_role(role_id, role)

    async def delete_role(self, role_id: int) -> None:
        pass_gate("would remove a role", Attempt(Kind.ROLE_REMOVE, role_id=role_id))
        await self.target.delete_role(role_id)
