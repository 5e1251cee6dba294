"""One HTTP exchange: admitted by the governor, timed, counted, and every transport failure named.

Redirects are never followed here; what a redirect means is each protocol's own business. Nothing
is repeated beneath this module, and one thing in it: a reading that its caller calls repeatable is
sent once more, as a request like any other, admitted and counted, when it went out on a connection
that the server had given up. A write never is, nor an address that is good for one request.

No answer is read further than its kind may be long; see `bodies`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import httpx
import structlog

from engine import descriptors
from engine.errors import TheirFault, TooLarge, Unreachable, excerpt
from engine.flow.lane import writing
from engine.flow.worktime import State, spending
from engine.loop import loop_time, within
from engine.model.fields import Json
from engine.ports import ConnectorEnvironment
from engine.wire import bodies
from engine.wire.bodies import AnswerKind
from engine.wire.connections import StaleConnection
from engine.wire.halves import made_whole
from engine.wire.way import Incoming, Outgoing

# A whole request may take this many times `timeout_s`: an answer that drips in must end some time.
WHOLE_TIMES = 5

# Raised before the request left this machine, so nothing can have been executed.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

# A request this slow is worth a line of its own.
SLOW_S = 5.0

log = structlog.get_logger(component="exchange")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response; see `Incoming` for headers and cookies."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", errors="replace")

    def json(self) -> Json:
        """The body as JSON.

        Raises:
            TheirFault: it is not JSON.
        """
        try:
            # JSON has no NaN and no infinity; a text in their place fits no field of a number.
            return json.loads(self.body, parse_constant=str)
        except (ValueError, RecursionError) as error:
            raise TheirFault(
                f"the answer is not JSON: {excerpt(self.text)[:200]!r}", status=self.status
            ) from error


@dataclass(frozen=True, slots=True)
class _Sending:
    request: Outgoing
    route: str
    operation: str
    metered: bool
    kind: AnswerKind


class Exchange:
    """Sends requests to one system.

    Args:
        system: configuration table of the system, named in errors.
        timeout_s: seconds for connecting, and again for each read.
    """

    def __init__(self, system: str, environment: ConnectorEnvironment, *, timeout_s: float) -> None:
        self._system = system
        self._environment = environment
        # No client above it: redirects, cookies and credentials are each protocol's own business,
        # and a client's share of them costs as much CPU as the request.
        self._way = environment.way
        self._timeout_s = timeout_s
        self._whole_s = timeout_s * WHOLE_TIMES
        self._headers = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": environment.user_agent,
        }

    async def __aenter__(self) -> Self:
        await self._way.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._way.__aexit__(None, None, None)

    async def send(
        self,
        method: str,
        url: str,
        *,
        route: str,
        operation: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        metered: bool = True,
        kind: AnswerKind = AnswerKind.DOCUMENT,
        repeatable: bool = False,
        writes: bool = False,
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Args:
            route: template for metrics, never the URL itself.
            metered: False for requests outside the request budget.
            kind: how large the body of a success may be; what explains a refusal is cut.
            repeatable: a reading, of which a second one does no harm.
            writes: its failures are told apart from those of readings.

        Raises:
            NotGranted: it was refused a short while ago, and would be again; nothing was sent.
            TooLarge: the answer is larger than that.
            Unreachable: no complete answer; `ambiguous` unless the request surely never left.
        """
        self._environment.governor.ensure_granted(operation)
        writing.set(writes)
        heads = {**self._headers, **(headers or {})}
        request = Outgoing(method, url, heads, content, self._timeout_s)
        sending = _Sending(request, route, operation, metered, kind)
        try:
            return await self._exchanged(sending)
        except StaleConnection as error:
            if not repeatable:
                raise self._unreachable(operation, error, ambiguous=True) from error
        try:
            return await self._exchanged(sending)
        except StaleConnection as error:
            raise self._unreachable(operation, error, ambiguous=True) from error

    async def _exchanged(self, sending: _Sending) -> Answer:
        """One request and its answer.

        Raises:
            StaleConnection: as the transport says; nobody has been told of the failure.
            Unreachable: as `send`.
        """
        async with self._environment.governor.admitted(metered=sending.metered):
            started = loop_time()
            status = "unfinished"
            try:
                with spending(State.BUSY, self._whole_s):
                    async with within(self._whole_s):
                        answer = await self._answered(sending)
                status = str(answer.status)
                return answer
            except TooLarge as error:
                status = str(error.status)
                raise
            except Unreachable:
                status = "connect_error"
                raise
            except StaleConnection:
                status = "protocol_error"
                raise
            except (httpx.TimeoutException, TimeoutError) as error:
                status = "timeout"
                raise self._unreachable(sending.operation, error, ambiguous=True) from error
            except httpx.HTTPError as error:
                status = "protocol_error"
                raise self._unreachable(sending.operation, error, ambiguous=True) from error
            finally:
                self._say(sending, status, loop_time() - started)

    def _say(self, sending: _Sending, status: str, duration_s: float) -> None:
        method = sending.request.method
        self._environment.observe(method, sending.route, status, duration_s)
        say = log.info if duration_s >= SLOW_S else log.debug
        say(
            "request",
            system=self._system,
            method=method,
            route=sending.route,
            status=status,
            duration_s=round(duration_s, 3),
        )

    async def _answered(self, sending: _Sending) -> Answer:
        head = await self._sent(sending)
        encoding = head.headers.get("Content-Encoding", "")
        try:
            if sending.kind is AnswerKind.TOKEN:
                body = await bodies.salvaged(head.pieces, encoding, sending.kind)
            elif 200 <= head.status < 300:
                body = await bodies.whole(head.pieces, encoding, sending.kind)
            else:
                body = await bodies.beginning(head.pieces, encoding, AnswerKind.REFUSAL)
        except bodies.TooLarge as error:
            raise TooLarge(
                f"the answer is too large: {error}",
                ambiguous=True,
                system=self._system,
                operation=sending.operation,
                status=head.status,
            ) from error
        finally:
            await head.end()
        return Answer(head.status, head.headers, made_whole(body), head.cookies)

    async def _sent(self, sending: _Sending) -> Incoming:
        """Send and wait for the head of the answer; only here can a request not have left."""
        try:
            return await self._way.send(sending.request)
        except NOT_SENT as error:
            raise self._unreachable(sending.operation, error, ambiguous=False) from error

    def _unreachable(
        self, operation: str, error: httpx.HTTPError | TimeoutError, *, ambiguous: bool
    ) -> Unreachable:
        reason = f"{type(error).__name__}: {excerpt(str(error)) or 'no detail'}"
        remedy = f"check [{self._system}] base_url, the network and the system's status page"
        if descriptors.used_up(error):
            reason, remedy = f"no file descriptor is left: {reason}", descriptors.REMEDY
        self._environment.governor.failed(reason)
        return Unreachable(
            reason, ambiguous=ambiguous, system=self._system, operation=operation, remedy=remedy
        )
