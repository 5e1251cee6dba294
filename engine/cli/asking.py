"""Asking the running service over its own small HTTP port.

Where it listens is read from the file as far as that can be understood: a mistake in it must not
keep an operator from the service that runs on the former settings.
"""

from __future__ import annotations

import re
import ssl
import tomllib
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from engine.about import PROGRAM, about
from engine.cli.exits import complain
from engine.cli.services import state_of
from engine.config.loading import ServiceSettings, place_of_state
from engine.errors import Misconfigured, StateUnusable, Unreachable
from engine.service.control import FILE_NAME, tokens_in
from engine.service.headers import CONFIG_OF, TOKEN, VERSION

TIMEOUT_S = 5.0
# So does the service answer whoever means another one.
ANOTHER = 409
# So does it answer whoever may not tell it to do something.
FORBIDDEN = 403
NOT_FOUND, NOT_ALLOWED, STARTING = 404, 405, 503
# A service that is at work says so more often.
SIGN_OF_LIFE_S = 60.0
SHOWING = frozenset({"GET", "HEAD"})
RESTART = "restart the service, so that it and the command are of one version"


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
    """
    answer = ask(config, path, method, content=content, timeout_s=timeout_s)
    try:
        return None if answer is None else answer.json()
    except ValueError:
        return None


def ask(
    config: Path,
    path: str,
    method: str = "GET",
    accept: str = "*/*",
    *,
    content: dict[str, Any] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> httpx.Response | None:
    """The whole answer; see `ask_service`.

    Raises:
        StateUnusable: this user cannot read the token by which the service knows who may do this.
    """
    headers = _ours(config) | {"Accept": accept}
    changes = method not in SHOWING
    # Without any it is asked all the same: perhaps there is no service.
    keys = [{TOKEN: token} for token in tokens_in(_state_dirs(config))] if changes else []
    for key in keys or [{}]:
        answer = _asked(config, path, method, headers | key, content=content, timeout_s=timeout_s)
        if answer is None or answer.status_code != FORBIDDEN:
            return answer
    raise _forbidden(config)


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
        Unreachable: the service ended before it had told everything.
    """
    headers = _ours(config)
    keys = [{TOKEN: token} for token in tokens_in(_state_dirs(config))]
    for key in keys or [{}]:
        with ExitStack() as opened:
            answer = opened.enter_context(_opened(config, path, content, headers | key))
            if answer is None:
                yield None
                return
            if answer.status_code == FORBIDDEN:
                continue
            yield _lines(answer)
            return
    raise _forbidden(config)


@contextmanager
def _opened(
    config: Path, path: str, content: dict[str, Any] | Path, headers: dict[str, str]
) -> Generator[httpx.Response | None]:
    timeout = httpx.Timeout(TIMEOUT_S, read=SIGN_OF_LIFE_S)
    verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with (
        httpx.Client(trust_env=False, verify=verify, timeout=timeout) as client,
        ExitStack() as opened,
    ):
        url = f"http://{address(config)}{path}"
        given: dict[str, Any] = {"json": content}
        if isinstance(content, Path):
            given = {"content": opened.enter_context(content.open("rb"))}
        request = client.build_request("POST", url, **given, headers=headers)
        try:
            answer = client.send(request, stream=True)
        except httpx.HTTPError:
            yield None
            return
        try:
            if answer.status_code == ANOTHER:
                answer.read()
            _ensure_understood(config, answer)
            yield answer
        finally:
            answer.close()


def _ours(config: Path) -> dict[str, str]:
    """What says which service is meant, and who asks."""
    return {CONFIG_OF: str(config.resolve()), VERSION: about().version}


def _tell_of_version(answer: httpx.Response) -> None:
    """Say that what is shown is another version's, which may mean other things by it."""
    version = answer.headers.get(VERSION, about().version)
    if version != about().version:
        complain(f"{PROGRAM}: {_of_versions(version)}\n  What to do: {RESTART}\n")


def _of_versions(version: str) -> str:
    return f"the service that runs is version {version}, and this command is {about().version}"


def _ensure_understood(config: Path, answer: httpx.Response) -> None:
    """See that it is the service that is meant, and that it knows what it is asked."""
    if answer.status_code == ANOTHER:
        told = answer.json()
        if "version" in told:
            raise Misconfigured(
                f"{_of_versions(told['version'])}; nothing was done", remedy=RESTART
            )
        raise _another(config, answer)
    if answer.status_code in (NOT_FOUND, NOT_ALLOWED):
        raise Misconfigured(
            "the service that runs is of another version of wosync, and does not know this",
            remedy=RESTART,
        )
    if answer.status_code == STARTING:
        raise Unreachable("the service is starting", remedy="try again when it is ready")


def _lines(answer: httpx.Response) -> Iterator[str]:
    try:
        yield from answer.iter_lines()
    except httpx.HTTPError as error:
        raise Unreachable(
            "the service ended before it had told everything",
            remedy="see: wosync status; then try again",
        ) from error


def _another(config: Path, answer: httpx.Response) -> Misconfigured:
    return Misconfigured(
        f"the service that answers at {address(config)} runs on {answer.json()['config']},"
        f" not on {config.resolve()}",
        remedy="name its configuration with --config, or give each pair its own [service] http",
    )


def _asked(
    config: Path,
    path: str,
    method: str,
    headers: dict[str, str],
    *,
    content: dict[str, Any] | None,
    timeout_s: float,
) -> httpx.Response | None:
    where = address(config)
    try:
        answer = httpx.request(
            method,
            f"http://{where}{path}",
            timeout=timeout_s,
            json=content,
            trust_env=False,
            headers=headers,
            # Nothing is encrypted here, and reading every authority of the world takes a while.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        if method in SHOWING:
            _tell_of_version(answer)
        if VERSION in answer.headers or answer.status_code == ANOTHER:
            _ensure_understood(config, answer)
        if answer.status_code != FORBIDDEN:
            answer.raise_for_status()
    except (httpx.HTTPError, ValueError, KeyError):
        return None
    return answer


def address(config: Path) -> str:
    """Where the service listens, as host:port."""
    for http in (_service_key(config, "http"), ServiceSettings().http):
        try:
            host, port = ServiceSettings(http=http).http_address
        except ValueError:
            continue
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    raise AssertionError("the default address is valid")


def _forbidden(config: Path) -> StateUnusable:
    places = ", ".join(str(directory / FILE_NAME) for directory in _state_dirs(config))
    return StateUnusable(
        f"the service does not take this from just anybody: its token is not in {places}, or this"
        " user may not read it",
        remedy="run the command as root or as the service's user; if systemd gave the service its"
        " directory, set STATE_DIRECTORY to it",
    )


def _state_dirs(config: Path) -> list[Path]:
    """Where the service with this configuration may have its state, the likeliest first."""
    named = _service_key(config, "state_dir")
    places = [
        place_of_state(Path(named) if named else None, config),
        # A command in a shell does not get what systemd gave the service.
        None if named else state_of(config),
    ]
    return [place for place in places if place is not None]


def _service_key(config: Path, key: str) -> str:
    """A text under [service], also from a file with mistakes; empty where there is none."""
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    try:
        service: Any = tomllib.loads(text).get("service")
        found = service.get(key) if isinstance(service, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # untyped TOML
    except (ValueError, RecursionError):
        line = re.search(rf'^\s*{key}\s*=\s*"([^"]+)"', text, re.MULTILINE)
        found = line.group(1) if line else None
    return found if isinstance(found, str) else ""
