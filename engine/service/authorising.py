"""Authorising: the running service exchanges the code of a consent itself.

It alone holds the tokens, so that no second process ever asks for one, and goes on with the new
ones from the next request.
"""

from __future__ import annotations

from typing import Any

import anyio
import structlog

from engine import authorisation
from engine.assembly.assembly import Assembly
from engine.errors import EngineError, Misconfigured, Transient, Unauthorized
from engine.model.permissions import Authorisation, Use
from engine.ports import Authority

# How often it is looked whether the leave is used, and how long before its end it is made use of. A
# pair in which nothing happens for weeks would lose it otherwise.
EVERY_S = 3600.0
RENEW_BEFORE_S = 8 * 86_400.0

log = structlog.get_logger(component="authorising")

CREDENTIALS, CONFIGURATION, LATER, OTHER = "credentials", "configuration", "later", "other"
KINDS: tuple[tuple[type[EngineError], str], ...] = (
    (Unauthorized, CREDENTIALS),
    (Misconfigured, CONFIGURATION),
    (Transient, LATER),
)


async def redeemed(assembly: Assembly, code: str, redirect_uri: str) -> Authorisation:
    """Exchange a code, and say what came of it.

    Raises:
        EngineError: it is refused, or cannot be exchanged now.
    """
    authority = authority_of(assembly)
    await authority.redeem(code, redirect_uri)
    outcome = await authorisation.compared(authority, uses_of(assembly))
    # The next poll wakes whoever has waited for what was not granted before.
    assembly.poller.pace.nudge()
    return Authorisation(
        outcome.standing, outcome.needed, outcome.missing, await _holder(authority)
    )


async def looked(assembly: Assembly) -> Authorisation:
    """What was granted against what is needed; asks nobody."""
    return await authorisation.compared(authority_of(assembly), uses_of(assembly))


async def tried(assembly: Assembly) -> Authorisation:
    """The same, with everything tried that can be without a change.

    Raises:
        EngineError: nothing can be tried now.
    """
    return await authorisation.tried(authority_of(assembly), await looked(assembly))


async def keep_authorised_always(assembly: Assembly) -> None:
    """Look again and again that the leave does not end unused."""
    while True:
        await anyio.sleep(EVERY_S)
        await keep_authorised(assembly)


async def keep_authorised(assembly: Assembly) -> None:
    """Make use of a leave that would end before long."""
    authority = assembly.systems.target.authority
    ends_at = None if authority is None else (await authority.standing()).ends_at
    now = assembly.environment.clock.now()
    if authority is None or ends_at is None or ends_at - now > RENEW_BEFORE_S:
        return
    try:
        await authority.renew()
    except EngineError as error:
        log.warning("authorisation_not_renewed", reason=str(error), remedy=error.remedy)


def failure(error: EngineError) -> dict[str, Any]:
    """What to tell the command that asked."""
    kind = next((name for one, name in KINDS if isinstance(error, one)), OTHER)
    return {
        "failed": kind,
        "reason": str(error),
        "remedy": error.remedy,
        "retry_after_s": error.retry_after_s,
    }


def authority_of(assembly: Assembly) -> Authority:
    """By whose leave we work in the target.

    Raises:
        Misconfigured: it needs none.
    """
    authority = assembly.systems.target.authority
    if authority is None:
        raise Misconfigured(
            f"{assembly.config.connectors.target.name} needs no consent of anybody",
            remedy="nothing is to be done",
        )
    return authority


def uses_of(assembly: Assembly) -> frozenset[Use]:
    """What this configuration does in the target; people as far as is known before the start."""
    contacts = assembly.config.engine.contacts
    # Until the source was asked they may be.
    people = assembly.systems.source.people or not assembly.poller.polled.is_set()
    return authorisation.uses(assembly.mappings, contacts, people=people)


async def _holder(authority: Authority) -> str | None:
    try:
        return await authority.holder()
    except EngineError:
        # It is only said, and the leave holds without.
        return None
