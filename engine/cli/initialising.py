"""`wosync init`: from nothing to a configuration that works, one answer after the other.

What was answered is kept at once, and each part is tried before the next one begins; whoever leaves
finds it again where it was left.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import click
import httpx
from pydantic import ValidationError

from engine import logs
from engine.assembly.environment import Environment, open_source_alone, user_agent
from engine.assembly.opening import plain_errors
from engine.cli.asker import AGAIN, LEAVE, Asker, Flags, Terminal
from engine.cli.authorising import REDIRECT_URI, auth
from engine.cli.draft import Draft
from engine.cli.exits import Exit, complain
from engine.cli.services import FILE, option, unit_of
from engine.cli.workplace import passing_store
from engine.config.loading import installed_connectors
from engine.config.places import HTTP, PORT_MAX, host_and_port
from engine.connector import SourceConnector, TargetConnector
from engine.errors import ChoiceNeeded, EngineError, Misconfigured, Unauthorized, Unreachable
from engine.ports import Source
from engine.wire.way import Outgoing

ADDRESS = "base_url"
REACH_S = 15.0
# The application itself is not known; a code that is refused is answered otherwise.
UNAUTHORIZED = 401
# So many ports behind the usual one are tried for the service.
PORTS_TRIED = 20
Connector = SourceConnector | TargetConnector


class Left(Exception):
    """Whoever was asked has left."""


def init(
    path: Path | None, *, yes: bool, flags: Flags, systemd_creds: bool, authorise: bool
) -> int:
    """Ask, try and write; 130 when it was left, to be gone on with later.

    Args:
        yes: nobody is asked; what is not among the flags has its usual value.
        flags: the answers of a script.
        systemd_creds: store no secret, and print the commands that encrypt them.
        authorise: offer to authorise the service at the end.
    """
    logs.configure("warning", "auto")
    draft = Draft(path or Path(FILE), installed_connectors(), stored=not systemd_creds)
    asker: Asker = flags if yes else Terminal()
    try:
        begun = draft.begin()
        _say(f"{'Writing' if begun else 'Going on with'} {draft.path}")
        if begun or not draft.answered:
            _choose_port(draft)
        source, target = draft.connectors.source, draft.connectors.target
        _part(draft, asker, source, lambda: _try_source(draft, source))
        _part(draft, asker, target, lambda: None)
        _say(f"\nWritten: {draft.path}" + (", secrets in files beside it" if draft.stored else ""))
        if systemd_creds:
            _say_encryption(draft)
        elif authorise:
            _authorise(draft, asker, target, option(path))
    except (Left, click.Abort, KeyboardInterrupt):
        complain(
            f"\nwosync: left; what was answered is in {draft.path}, and wosync init{option(path)}"
            " goes on with it\n"
        )
        return Exit.INTERRUPTED
    _say(f"Then: wosync check{option(path)}, and {_first_run(draft, path)}")
    return Exit.DONE


def _part(draft: Draft, asker: Asker, connector: Connector, attempt: Callable[[], None]) -> None:
    """The questions of one system, until it works or whoever is asked goes on without."""
    _say(f"\n{connector.name}")
    while True:
        try:
            _ask(draft, asker, connector)
            attempt()
        except ChoiceNeeded as error:
            if not error.choices:
                raise
            draft.put(connector.name, error.key, asker.chosen(error.message, error.choices))
            # With that it may work without asking for anything else.
            try:
                attempt()
            except EngineError as further:
                if _goes_on(asker, further):
                    return
                continue
            return
        except EngineError as error:
            if _goes_on(asker, error):
                return
        else:
            return


def _goes_on(asker: Asker, error: EngineError) -> bool:
    """Whether to leave it at that; otherwise it is asked again.

    Raises:
        Left: neither.
    """
    choice = asker.after(error)
    if choice == LEAVE:
        raise Left
    return choice != AGAIN


def _ask(draft: Draft, asker: Asker, connector: Connector) -> None:
    """Every question of one system whose turn it is, each answer kept at once."""
    table = connector.name
    for question in connector.questions:
        if question.when is not None:
            key, wanted = question.when
            if draft.value(table, key) != wanted:
                continue
        if question.secret:
            present = draft.secret(table, question.key)
            given = asker.answer(table, question, present)
            if given != present:
                draft.put_secret(table, question.key, given)
            continue
        found = draft.value(table, question.key)
        answer = asker.answer(table, question, found if isinstance(found, str) else None)
        draft.put(table, question.key, answer)
        if question.key == ADDRESS:
            anyio.run(_reach, table, answer)
            _say("  ok  it can be reached")


async def _reach(system: str, address: str) -> None:
    """Whether anybody answers there at all.

    Raises:
        Misconfigured: it is no address.
        Unreachable: nobody does.
    """
    remedy = f"correct base_url of [{system}]; if it is right, check the network, and the clock"
    try:
        async with Environment.real().way(system) as way:
            heads = {"User-Agent": user_agent()}
            await (await way.send(Outgoing("GET", address, heads, None, REACH_S))).end()
    except httpx.UnsupportedProtocol as error:
        raise Misconfigured(
            f"{system}: that is no address", remedy="give it whole: https://HOST"
        ) from error
    except httpx.HTTPError as error:
        raise Unreachable(
            f"nobody answers under that address: {type(error).__name__}: {error}",
            system=system,
            remedy=remedy,
        ) from error


def _try_source(draft: Draft, connector: SourceConnector) -> None:
    """Sign in, and look at what is there for us; each finding is said.

    Raises:
        EngineError: something is wrong.
    """
    try:
        settings = draft.settings(connector)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise Misconfigured(
            f"[{connector.name}] {'; '.join(found)}", remedy="answer that again"
        ) from error
    with plain_errors():
        anyio.run(_look_at_source, connector, settings)


async def _look_at_source(connector: SourceConnector, settings: object) -> None:
    async with (
        passing_store() as store,
        open_source_alone(connector, settings, Environment.real(), store) as source,  # pyright: ignore[reportArgumentType] # the connector's own model
    ):
        await _found(source)


async def _found(source: Source) -> None:
    first, *rest = source.steps()
    await _say_fact(first.name, first.run)
    try:
        await _say_fact("signed in as", source.identity)
    except EngineError:
        _say("  --  whose key it is was not told")
    for step in rest:
        await _say_fact(step.name, step.run)
    if not source.people:
        _say(
            "  --  people are left out, opportunities are not. To have them synchronised too, put"
            " the plugin's fields on people; the service finds them when it is started again."
        )


async def _say_fact(name: str, run: Callable[[], Awaitable[str]]) -> None:
    _say(f"  ok  {name}: {await run()}")


def _authorise(draft: Draft, asker: Asker, target: Connector, option_text: str) -> None:
    """Offer the way through the browser; where it is not taken, say how to go it later.

    Whose answers the application is known by is asked for them again where it is not known.
    """
    later = f"Next: wosync auth{option_text}"
    if not asker.agrees("\nAuthorise the service in a browser now?"):
        _say(later)
        return
    local = asker.agrees("Is that browser on this machine?")
    unknown = False
    while True:
        try:
            if unknown:
                _ask(draft, asker, target)
            auth(draft.path, code=None, paste=not local, redirect_uri=None, only_show=False)
        except EngineError as error:
            if not _goes_on(asker, error):
                unknown = isinstance(error, Unauthorized) and error.status == UNAUTHORIZED
                continue
            _say(later)
        return


def _first_run(draft: Draft, path: Path | None) -> str:
    """What follows a check: of an installed service that it is started."""
    unit = unit_of(draft.path)
    if unit is None:
        return f"wosync once{option(path)} for a first run"
    return f"systemctl enable --now {unit}"


def _choose_port(draft: Draft) -> None:
    """Another port for the service where the usual one is taken, as by another pair."""
    host, usual = host_and_port(HTTP)
    if draft.value("service", "http") not in {None, HTTP}:
        return
    # There the browser is awaited after a consent, also while the service runs.
    taken = urlsplit(REDIRECT_URI).port
    for port in range(usual, min(usual + PORTS_TRIED, PORT_MAX)):
        if port == taken:
            continue
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except OSError:
                continue
        if port != usual:
            draft.put("service", "http", f"{host}:{port}")
            _say(f"  --  port {usual} is in use, so the service gets {port}")
        return


def _say_encryption(draft: Draft) -> None:
    """The commands by which the secrets are stored encrypted."""
    directory = draft.path.parent.resolve() / "credentials"
    names = _secret_names(draft)
    _say("\nNo secret was stored. Give each of them to systemd, as root:\n")
    _say(f"    install -d -m 0700 {directory}")
    for name in names:
        _say(
            f"    systemd-ask-password {name}: | systemd-creds encrypt --name={name} -"
            f" {directory}/{name}.cred"
        )
    _say("\nand have the unit load them (systemctl edit):\n\n    [Service]\n    LoadCredential=")
    for name in names:
        _say(f"    LoadCredentialEncrypted={name}:{directory}/{name}.cred")
    _say("")


def _secret_names(draft: Draft) -> Sequence[str]:
    systems = (draft.connectors.source, draft.connectors.target)
    return [
        f"{one.name}_{question.key}"
        for one in systems
        for question in one.questions
        if question.secret and draft.value(one.name, question.key) is not None
    ]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
