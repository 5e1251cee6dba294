"""Asking the running service over its own small HTTP port.

Where it listens is read from the file as far as that can be understood: a mistake in it must not
keep an operator from the service that runs on the former settings.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

from engine.about import PROGRAM, about
from engine.cli.exits import complain
from engine.cli.port import Answer, NoAnswer, Request, answered
from engine.cli.services import state_of
from engine.config.places import (
    HTTP,
    checked_address,
    host_and_port,
    place_of_state,
    service_key,
    way_to,
)
from engine.errors import Misconfigured, StateUnusable, Unreachable
from engine.service.control import FILE_NAME, tokens_in
from engine.service.headers import CONFIG_OF, TOKEN, VERSION, header_of

TIMEOUT_S = 5.0
# So does the service answer whoever means another one.
ANOTHER = 409
# So does it answer whoever may not tell it to do something.
FORBIDDEN = 403
NOT_FOUND, NOT_ALLOWED, STARTING = 404, 405, 503
# From here on an answer is not what was asked for.
REDIRECTED = 300
# From here on the answer may be the server's own, which is too busy or has failed.
FAILED = 500
# A service that is at work says so more often.
SIGN_OF_LIFE_S = 60.0
SHOWING = frozenset({"GET", "HEAD"})
RESTART = "restart the service, so that it and the command are of one version"


class StandsBy(Unreachable):
    """The service that answers only stands by, and another one works on the state."""


def ask_service(
    config: Path,
    path: str,
    method: str = "GET",
    *,
    content: dict[str, Any] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, Any] | None:
    """The JSON document at this path, or None when no service answers.

    Args:
        config: the configuration file of the service that is meant.
        content: what is sent with it, as JSON.

    Raises:
        Misconfigured: the service that answers runs on another configuration, or is of another
            version and is asked to do something.
        StateUnusable: this user cannot read the token by which the service knows who may do this.
        StandsBy: the service that answers does nothing of the kind.
        Unreachable: what answers is another program.
    """
    text = ask(config, path, method, content=content, timeout_s=timeout_s)
    if text is None:
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise _another_program(config)
    return cast("dict[str, Any]", told)


def ask(
    config: Path,
    path: str,
    method: str = "GET",
    accept: str = "*/*",
    *,
    content: dict[str, Any] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> str | None:
    """The text at this path; see `ask_service`."""
    changes = method not in SHOWING
    for key in _keys(config) if changes else [{}]:
        headers = _ours(config) | {"Accept": accept} | key
        request = Request(method, way_to(config) + path, headers, content)
        try:
            with _answer_of_ours(config, request, timeout_s) as answer:
                if answer.status == FORBIDDEN:
                    continue
                return _text(config, answer, shows=not changes)
        except NoAnswer:
            return None
    raise _refused(config)


def _text(config: Path, answer: Answer, *, shows: bool) -> str | None:
    if shows:
        _tell_of_version(answer)
    if VERSION in answer.headers or answer.status == ANOTHER:
        _ensure_understood(config, answer)
    return None if answer.status >= REDIRECTED else answer.read().decode("utf-8", "replace")


@contextmanager
def listening(
    config: Path, path: str, content: dict[str, Any] | Path
) -> Generator[Iterator[str] | None]:
    """The lines of an answer that takes long, as they come; None when no service answers.

    Args:
        content: what is sent with it, as JSON; or a file, as it is.

    Raises:
        Misconfigured: the service that answers runs on another configuration, or is of another
            version.
        StateUnusable: as `ask`.
        Unreachable: the service ended before it had told everything, or it is another program.
    """
    for key in _keys(config):
        with ExitStack() as opened:
            sent = (
                opened.enter_context(content.open("rb")) if isinstance(content, Path) else content
            )
            request = Request("POST", way_to(config) + path, _ours(config) | key, sent)
            try:
                answer = opened.enter_context(
                    _answer_of_ours(config, request, TIMEOUT_S, silence_s=SIGN_OF_LIFE_S)
                )
                if answer.status == FORBIDDEN:
                    continue
                _ensure_understood(config, answer)
            except NoAnswer:
                yield None
                return
            yield _lines(answer)
            return
    raise _refused(config)


@contextmanager
def _answer_of_ours(
    config: Path, request: Request, timeout_s: float, *, silence_s: float | None = None
) -> Generator[Answer]:
    """As `answered`: the service signs what it says, and no other program does.

    Raises:
        NoAnswer: there is none.
        Unreachable: it is another program's.
    """
    with answered(*_host_and_port(config), request, timeout_s, silence_s=silence_s) as answer:
        if VERSION not in answer.headers and not _may_be_unsigned(answer.status):
            raise _another_program(config)
        yield answer


def _may_be_unsigned(status: int) -> bool:
    """Whether the service may say so unsigned: for the server beneath it, or in an old version."""
    return status == ANOTHER or status >= FAILED


def _another_program(config: Path) -> Unreachable:
    return Unreachable(
        f"what answers at {address(config)} is not this service, but another program, or a version"
        " before 0.3",
        remedy="see what listens there, and end it; or give the service another address: [service]"
        " http",
    )


def _ours(config: Path) -> dict[str, str]:
    """What says which service is meant, and who asks."""
    return {CONFIG_OF: header_of(config), VERSION: about().version}


def _keys(config: Path) -> list[dict[str, str]]:
    """What shows that this user may tell the service to do something: one of these."""
    found = [{TOKEN: token} for token in tokens_in(_state_dirs(config))]
    # Without any it is asked all the same: perhaps there is no service.
    return found or [{}]


def _tell_of_version(answer: Answer) -> None:
    """Say that what is shown is another version's, which may mean other things by it."""
    version = answer.headers.get(VERSION, about().version)
    if version != about().version:
        complain(f"{PROGRAM}: {_of_versions(version)}\n  What to do: {RESTART}\n")


def _of_versions(version: str) -> str:
    return f"the service that runs is version {version}, and this command is {about().version}"


def _ensure_understood(config: Path, answer: Answer) -> None:
    """See that it is the service that is meant, and that it knows what it is asked."""
    if answer.status == ANOTHER:
        raise _another(config, answer)
    if answer.status in (NOT_FOUND, NOT_ALLOWED):
        ensure_works(config)
        raise Misconfigured(
            "the service that runs is of another version of wosync, and does not know this",
            remedy=RESTART,
        )
    if answer.status == STARTING:
        raise Unreachable("the service is starting", remedy="try again when it is ready")


def _lines(answer: Answer) -> Iterator[str]:
    try:
        yield from answer.lines()
    except NoAnswer as error:
        raise Unreachable(
            "the service ended before it had told everything",
            remedy="see: wosync status; then try again",
        ) from error


def _another(config: Path, answer: Answer) -> Misconfigured:
    try:
        told = json.loads(answer.read())
        version, path = told.get("version"), told.get("config")
    except (ValueError, AttributeError) as error:
        # Whatever program that is, it is not the service.
        raise NoAnswer from error
    if version is not None:
        return Misconfigured(f"{_of_versions(version)}; nothing was done", remedy=RESTART)
    return Misconfigured(
        f"the service that answers at {address(config)} runs on {path}, not on {config.resolve()}",
        remedy="name its configuration with --config, or give each pair its own [service] http",
    )


def address(config: Path) -> str:
    """Where the service listens, as host:port."""
    host, port = _host_and_port(config)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _host_and_port(config: Path) -> tuple[str, int]:
    try:
        return host_and_port(checked_address(service_key(config, "http")))
    except ValueError:
        return host_and_port(HTTP)


def ensure_works(config: Path) -> None:
    """See that the service that answers, if there is one, is none that only stands by.

    Raises:
        StandsBy: it is.
    """
    told = ask_service(config, "/status")
    if told is not None and told.get("standby"):
        raise StandsBy(
            f"the service here stands by: {told['reason']}",
            remedy="give the command on the machine of the one that works; see docs/postgresql.md",
        )


def _refused(config: Path) -> StateUnusable:
    ensure_works(config)
    places = ", ".join(str(directory / FILE_NAME) for directory in _state_dirs(config))
    return StateUnusable(
        f"the service does not take this from just anybody: its token is not in {places}, or this"
        " user may not read it",
        remedy="run the command as root or as the service's user; if systemd gave the service its"
        " directory, set STATE_DIRECTORY to it",
    )


def _state_dirs(config: Path) -> list[Path]:
    """Where the service with this configuration may have its state, the likeliest first."""
    named = service_key(config, "state_dir")
    places = [
        place_of_state(Path(named) if named else None, config),
        # A command in a shell does not get what systemd gave the service.
        None if named else state_of(config),
    ]
    return list(dict.fromkeys(place for place in places if place is not None))
