"""One HTTP exchange: admitted by the governor, timed, counted, and every transport failure named.

Redirects are never followed here; what a redirect means is each protocol's own business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self

import anyio
import httpx

from engine.errors import TheirFault, Unreachable, excerpt
from engine.ports import Surroundings
from engine.records import Json

# Raised before the request left this machine, so nothing can have been executed.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


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
            return json.loads(self.body)
        except ValueError as error:
            raise TheirFault(
                f"the answer is not JSON: {excerpt(self.text[:200])!r}", status=self.status
            ) from error


class Exchange:
    """Sends requests to one system.

    Args:
        system: configuration table of the system, named in errors.
        timeout_s: seconds for connecting, and again for each read.
    """

    def __init__(
        self,
        system: str,
        surroundings: Surroundings,
        *,
        timeout_s: float,
    ) -> None:
        self._system = system
        self._surroundings = surroundings
        self._client = httpx.AsyncClient(
            transport=surroundings.transport,
            timeout=timeout_s,
            follow_redirects=False,
            # A cookie would be sent wherever the client goes next; each protocol keeps its own.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"User-Agent": surroundings.user_agent},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._client.aclose()

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
                request = self._client.build_request(method, url, headers=headers, content=content)
                response = await self._sent(request, operation)
                body = await response.aread()
                status = str(response.status_code)
                return Answer(response.status_code, response.headers, body)
            except Unreachable:
                status = "connect_error"
                raise
            except httpx.TimeoutException as error:
                status = "timeout"
                raise self._unreachable(operation, error, ambiguous=True) from error
            except httpx.HTTPError as error:
                status = "protocol_error"
                raise self._unreachable(operation, error, ambiguous=True) from error
            finally:
                self._surroundings.observe(method, route, status, anyio.current_time() - started)

    async def _sent(self, request: httpx.Request, operation: str) -> httpx.Response:
        """Send and wait for the head of the answer; only here can a request not have left."""
        try:
            return await self._client.send(request, stream=True)
        except NOT_SENT as error:
            raise self._unreachable(operation, error, ambiguous=False) from error

    def _unreachable(
        self, operation: str, error: httpx.HTTPError, *, ambiguous: bool
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
