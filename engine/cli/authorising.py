"""`wosync auth`: let a person authorise the service, and keep the tokens where it looks for them.

A service that is running exchanges the code itself, and without one this command does so with the
state in its hands: there is never a second process that asks for a token.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import click

from engine import authorisation
from engine.assembly.environment import Environment, open_systems
from engine.assembly.opening import opened, plain_errors
from engine.cli.asking import ask_service, ensure_works
from engine.cli.exits import Exit, complain
from engine.cli.failures import raised
from engine.cli.moments import to_the_minute
from engine.cli.reading import load
from engine.cli.redirect import can_be_caught, caught
from engine.cli.services import option
from engine.cli.workplace import passing_store
from engine.config.loading import Config
from engine.decide.consent import code_in
from engine.errors import (
    EngineError,
    HeldBack,
    Misconfigured,
    Throttled,
    Unauthorized,
    Unreachable,
)
from engine.logs import keep_secret
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.permissions import Authorisation, Permission, without
from engine.service import authorising
from engine.store.places import place_of

# Where the consent page leads back to, unless another address is registered with the application.
REDIRECT_URI = "http://localhost:9465/callback"
# Seconds that the running service may take over an exchange, and that an exchange may be put off.
EXCHANGE_S = 90.0
PUT_OFF_MAX_S = 180.0
FROM_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Asked:
    """A consent that is asked for: where, for what, and what is to come back.

    Args:
        assumed: why permissions for people are among those needed, when that is a guess.
    """

    address: str
    state: str
    redirect_uri: str
    needed: list[Permission]
    assumed: str | None


def auth(
    path: Path | None, *, code: str | None, paste: bool, redirect_uri: str | None, only_show: bool
) -> int:
    """Ask for a consent, exchange what comes back, and say what came of it.

    Args:
        code: the code, or the address the browser was led to; None to wait for it.
        paste: take it from the terminal, and not from a browser on this machine.
        redirect_uri: as it is registered with the application, where that is not the usual one.
        only_show: print the address, and nothing else.
    """
    config = load(path)
    _ensure_it_can_be_kept(config)
    asked = anyio.run(_asked, config, redirect_uri)
    if only_show:
        sys.stdout.write(f"{asked.address}\n")
        return Exit.DONE
    if code is None:
        code = _awaited(asked, paste=paste)
    else:
        code = code_in(sys.stdin.readline() if code == FROM_STANDARD_INPUT else code, None)
    keep_secret([code])
    outcome = anyio.run(exchanged, config, code, asked.redirect_uri)
    lines = report(outcome, option(path))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return Exit.ATTENTION if outcome.missing else Exit.DONE


def report(outcome: Authorisation, option_text: str = "") -> list[str]:
    """Who authorised, what was granted against what is needed, and until when that holds."""
    standing = outcome.standing
    lines = [f"Authorised by {outcome.by}." if outcome.by else "Authorised."]
    if standing.granted is None:
        lines.append("Which scopes were granted was not told; they show when they are needed.")
    elif outcome.missing:
        lines += [f"{line}." for line in without(outcome.missing)]
        lines.append(f"To grant what is missing, run again: wosync auth{option_text}")
    else:
        lines.append(f"All {len(outcome.needed)} scopes that are needed were granted.")
    if standing.ends_at is not None:
        lines.append(
            f"It ends on {to_the_minute(standing.ends_at)} if the service does not run before then;"
            " while it runs it renews it."
        )
    return lines


async def exchanged(config: Config, code: str, redirect_uri: str) -> Authorisation:
    """Have the code exchanged by whoever holds the tokens; waits where it must be put off.

    Raises:
        EngineError: it is refused, or cannot be exchanged now.
    """
    waited_s = 0.0
    while True:
        try:
            return await _exchanged_once(config, code, redirect_uri)
        except (Throttled, HeldBack) as error:
            wait_s = max(1.0, error.retry_after_s or 0.0)
            waited_s += wait_s
            if waited_s > PUT_OFF_MAX_S:
                raise
            complain(f"wosync: {error}; going on in {wait_s:.0f} seconds\n")
            await anyio.sleep(wait_s)


async def _exchanged_once(config: Config, code: str, redirect_uri: str) -> Authorisation:
    content = {"code": code, "redirect_uri": redirect_uri}
    told = ask_service(config.path, "/authorise", "POST", content=content, timeout_s=EXCHANGE_S)
    if told is not None:
        return _outcome(told)
    if place_of(config).held():
        raise Unreachable(
            "the service that holds the state did not answer, so it is not known whether the code"
            " was exchanged",
            remedy="see: wosync check; if nothing was granted, authorise again",
        )
    with plain_errors():
        async with opened(config, Environment.real()) as assembly:
            with suppress(EngineError):
                # Whether people are synchronised; what else is wrong there shows in a check.
                for step in assembly.systems.source.steps():
                    await step.run()
            return await authorising.redeemed(assembly, code, redirect_uri)


def _outcome(told: dict[str, Any]) -> Authorisation:
    if "failed" in told:
        raise raised(told)
    return Authorisation.told(told)


def _ensure_it_can_be_kept(config: Config) -> None:
    """Before anybody is sent to a browser.

    Raises:
        StateUnusable: a process that cannot be asked has the state.
    """
    place = place_of(config)
    ensure_works(config.path)
    if ask_service(config.path, "/status") is None and (
        place.directory.exists() or place.is_there()
    ):
        with place.hold(keep=True):
            pass


async def _asked(config: Config, redirect_uri: str | None) -> Asked:
    """What is to be asked for; no token is touched for that."""
    async with (
        passing_store() as store,
        open_systems(config, Environment.real(), store, Metrics()) as systems,
    ):
        authority = systems.target.authority
        if authority is None:
            raise Misconfigured(
                f"{config.connectors.target.name} needs no consent of anybody",
                remedy="nothing is to be done",
            )
        assumed = None
        try:
            for step in systems.source.steps():
                await step.run()
        except EngineError as error:
            assumed = str(error)
        mappings = Mappings(config, systems.source, systems.target)
        people = systems.source.people or assumed is not None
        wanted = authorisation.uses(mappings, config.engine.contacts, people=people)
        needed = list(authority.needed(wanted))
        where = redirect_uri or authority.redirect_uri or REDIRECT_URI
        state = secrets.token_urlsafe(24)
        address = authority.consent_address(needed, state, where)
        return Asked(address, state, where, needed, assumed)


def _awaited(asked: Asked, *, paste: bool) -> str:
    """Show the address and wait for the answer; returns its code."""
    catching = can_be_caught(asked.redirect_uri) and not paste
    names = ", ".join(one.name for one in asked.needed)
    sys.stdout.write(
        "Open this address in a browser, as the user whose rights the service is to have, and"
        f" allow it:\n\n{asked.address}\n\nIt asks for {names}.\n"
    )
    if asked.assumed is not None:
        sys.stdout.write(f"Those for people are a guess: {asked.assumed}.\n")
    sys.stdout.write(
        f"If the page does not know the redirect address, add {asked.redirect_uri} to the"
        " application, or name the registered one with --redirect-uri.\n"
    )
    if catching:
        sys.stdout.write(
            f"Waiting for the answer on {asked.redirect_uri}. If the browser is on another machine:"
            " Ctrl-C, then wosync auth --paste\n"
        )
        sys.stdout.flush()
        with plain_errors():
            return anyio.run(caught, asked.redirect_uri, asked.state)
    sys.stdout.write(
        "The browser is then led to an address that may not open; copy that from its address bar.\n"
    )
    sys.stdout.flush()
    return pasted(lambda text: code_in(text, asked.state))


def pasted(read: Callable[[str], str]) -> str:
    """The code in what a person pastes; asked again until there is one. Never shown."""
    while True:
        if sys.stdin.isatty():
            text: str = click.prompt("Paste it here (nothing is shown)", hide_input=True)
        else:
            text = sys.stdin.readline()
        try:
            return read(text)
        except EngineError as error:
            if isinstance(error, Unauthorized | Misconfigured) or not sys.stdin.isatty():
                raise
            complain(f"wosync: {error}\n  What to do: {error.remedy}.\n")
