"""One HTTP exchange: admitted by the governor, timed, counted, and every transport failure named.

Redirects are never followed here; what a redirect means is each protocol's own business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import anyio
import httpx
import structlog

from engine.errors import TheirFault, Unreachable, excerpt
from engine.flow.worktime import State, spending
from engine.ports import Surroundings
from engine.records import Json

# A whole request may take this many times `timeout_s`: an answer that drips in must end some time.
WHOLE_TIMES = 5

# Raised before the request left this machine, so nothing can have been executed.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

# A request this slow is worth a line of its own.
SLOW_S = 5.0

log = structlog.get_logger(component="exchange")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete response; header names are case-insensitive."""

    status: int
    headers: httpx.Headers
    body: bytes

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


class Exchange:
    """Sends requests to one system.

    Args:
        system: configuration table of the system, named in errors.
        timeout_s: seconds for connecting, and again for each read.
    """

    def __init__(self, system: str, surroundings: Surroundings, *, timeout_s: float) -> None:
        self._system = system
        self._surroundings = surroundings
        # The transport itself and no client above it: redirects, cookies and credentials are each
        # protocol's own business, and a client's share of them costs as much CPU as the request.
        self._transport = surroundings.transport
        self._extensions = {"timeout": httpx.Timeout(timeout_s).as_dict()}
        self._whole_s = timeout_s * WHOLE_TIMES
        self._headers = {
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": surroundings.user_agent,
        }

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._transport.__aexit__(None, None, None)

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
    ) -> Answer:
        """Send one request and read the whole answer, whatever its status.

        Args:
            route: template for metrics, never the URL itself.
            metered: False for requests outside the request budget.

        Raises:
            Unreachable: no complete answer; `ambiguous` unless the request surely never left.
        """
        governor = self._surroundings.governor
        async with governor.admitted(metered=metered):
            started = anyio.current_time()
            status = "unfinished"
            try:
                request = self._request(method, url, headers, content)
                with spending(State.BUSY, self._whole_s), anyio.fail_after(self._whole_s):
                    answer = await self._answered(request, operation)
                status = str(answer.status)
                return answer
            except Unreachable:
                status = "connect_error"
                raise
            except (httpx.TimeoutException, TimeoutError) as error:
                status = "timeout"
                raise self._unreachable(operation, error, ambiguous=True) from error
            except httpx.HTTPError as error:
                status = "protocol_error"
                raise self._unreachable(operation, error, ambiguous=True) from error
            finally:
                duration_s = anyio.current_time() - started
                self._surroundings.observe(method, route, status, duration_s)
                say = log.info if duration_s >= SLOW_S else log.debug
                say(
                    "request",
                    system=self._system,
                    method=method,
                    route=route,
                    status=status,
                    duration_s=round(duration_s, 3),
                )

    def _request(
        self, method: str, url: str, headers: Mapping[str, str] | None, content: bytes | None
    ) -> httpx.Request:
        return httpx.Request(
            method,
            url,
            headers={**self._headers, **(headers or {})},
            content=content,
            extensions=self._extensions,
        )

    async def _answered(self, request: httpx.Request, operation: str) -> Answer:
        response = await self._sent(request, operation)
        try:
            body = await response.aread()
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, body)

    async def _sent(self, request: httpx.Request, operation: str) -> httpx.Response:
        """Send and wait for the head of the answer; only here can a request not have left."""
        try:
            return await self._transport.handle_async_request(request)
        except NOT_SENT as error:
            raise self._unreachable(operation, error, ambiguous=False) from error

    def _unreachable(
        self, operation: str, error: httpx.HTTPError | TimeoutError, *, ambiguous: bool
    ) -> Unreachable:
        reason = f"{type(error).__name__}: {excerpt(str(error)) or 'no detail'}"
        self._surroundings.governor.failed(reason)
        return Unreachable(
            reason,
            ambiguous=ambiguous,
            system=self._system,
            operation=operation,
            remedy=f"check [{self._system}] base_url, the network and the system's status page",
        )
