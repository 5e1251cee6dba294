"""The HTTP client: credentials, redirects, lost sessions. The only user of the exchange.

An answer belongs to one of four: the delaying redirect, followed here; the lost session, renewed
here once; an error, raised as its class; a proper answer, returned. The cookie is sent by hand,
because the delaying address must not get it (workbooks-api §11, A10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import anyio

from connectors.workbooks import answers, protocol
from connectors.workbooks.answers import SYSTEM
from connectors.workbooks.outcomes import NoAccount, outcomes
from connectors.workbooks.protocol import Call, Form
from connectors.workbooks.routes import DELAY_ROUTE
from connectors.workbooks.session import Session, SignedIn
from connectors.workbooks.settings import WorkbooksSettings
from connectors.workbooks.wire import LOGIN_AGAIN_REASONS, SESSION_COOKIE, Login, Row
from engine import (
    Answer,
    AnswerKind,
    ConnectorEnvironment,
    EngineError,
    Exchange,
    Json,
    TheirFault,
    Throttled,
    TooLarge,
    Unauthorized,
    Unreachable,
    WriteBack,
    WriteBackResult,
    keep_secret,
)

# Leaving must not wait for a server that is gone.
LOGOUT_S = 5.0
# How an address that is good for one request answers the next (A10).
TICKET_SPENT = frozenset({404, 405, 410})


@dataclass(frozen=True, slots=True)
class Reply:
    """The last answer to a call: after a delay or not, and whether it asks for a login."""

    answer: Answer
    delayed: bool
    to_login: bool

    @property
    def session_lost(self) -> bool:
        """True when only a login can help (§3.4, A25, A26)."""
        return self.to_login or self.answer.status == 401


class Client:
    """Sends calls and returns what they ask for."""

    def __init__(self, settings: WorkbooksSettings, environment: ConnectorEnvironment) -> None:
        self._settings = settings
        self._environment = environment
        self._secrets = [
            secret for secret in (settings.api_key, settings.password) if secret is not None
        ]
        self._exchange = Exchange(
            SYSTEM,
            environment,
            timeout_s=settings.timeout_s,
        )
        self._session = Session(self._log_in) if settings.auth == "session" else None

    async def __aenter__(self) -> Self:
        await self._exchange.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> None:
        try:
            await self._log_out()
        finally:
            await self._exchange.__aexit__(*details)

    async def sign_in(self) -> str:
        """Prove the credentials; returns a line for the operator.

        Raises:
            EngineError: they are refused, or the service cannot be reached.
        """
        if self._session is None:
            await self.read_some(protocol.any_opportunity())
            return "the API key is accepted"
        signed_in = await self._session.renew(self._session.signed_in)
        return f"signed in as {signed_in.who}"

    async def identify(self) -> str:
        """Who the credentials belong to, and to which database they lead.

        Raises:
            EngineError: they are refused, or the service cannot be reached.
        """
        if self._session is not None:
            return (await self._session.current()).who
        # A key tells nobody who it belongs to; a session that is opened with it does.
        facts, cookie = await self._log_in()
        keep_secret([cookie, facts.authenticity_token or ""], passing=True)
        await self._end(cookie)
        return SignedIn(facts).who

    async def read(self, call: Call) -> list[Row]:
        """The rows of a listing of which each row counts.

        Raises:
            TheirFault: one of them is null.
            EngineError: as `read_some`.
        """
        shown, odd = await self.read_some(call)
        if odd:
            raise TheirFault(
                f"{odd} rows of the answer are null", system=SYSTEM, operation=call.operation
            )
        return shown

    async def read_some(self, call: Call) -> tuple[list[Row], int]:
        """The rows of a listing, and how many were skipped because they are null.

        Raises:
            EngineError: as `read_at`.
        """
        rows, odd, _ = await self.read_at(call)
        return rows, odd

    async def read_at(self, call: Call) -> tuple[list[Row], int, float | None]:
        """As `read_some`, and the time the answer told, unix seconds.

        Raises:
            EngineError: as `answers.document` and `answers.rows`; Throttled as well when one
                request was redirected more than `delay_hops_max` times.
        """
        reply = await self._reply(call)
        if reply.delayed and reply.answer.status in TICKET_SPENT:
            # Says that the delaying address is good for nothing any more, and nothing about what
            # was asked for (A10): the call as a whole may be made again.
            reason = "the delaying address does not lead to an answer"
            self._environment.governor.failed(reason)
            raise Unreachable(
                reason, system=SYSTEM, operation=call.operation, status=reply.answer.status
            )
        rows, odd = answers.rows(self._document(call, reply), call.operation)
        return rows, odd, answers.served_at(reply.answer)

    async def write(self, call: Call, entries: Sequence[WriteBack]) -> list[WriteBackResult]:
        """Send one write-back batch; one result per entry, in order.

        Raises:
            Unreachable: with `ambiguous` unless the write was surely not executed.
            EngineError: the request was refused as a whole before anything was executed.
        """
        reply = await self._reply(call)
        try:
            found = self._document(call, reply)
            results = outcomes(found, entries)
        except (TheirFault, NoAccount) as error:
            raise self._in_doubt(call, error, reply.answer.status) from error
        except EngineError as error:
            # What the end of a delay says about the delay is no account of the write (A10).
            if reply.delayed:
                raise self._in_doubt(call, error, reply.answer.status) from error
            raise
        return results

    async def _reply(self, call: Call) -> Reply:
        session = self._session
        if session is None:
            key = self._settings.api_key
            reply = await self._send(call, (("api_key", key.get_secret_value()),) if key else ())
            return self._not_to_login(call, reply)
        signed_in = await session.current()
        reply = await self._send_in_session(call, session, signed_in)
        # After a delay a write might have been executed, so only an undelayed one is repeated.
        if reply.session_lost and not (call.writes and reply.delayed):
            signed_in = await session.renew(signed_in)
            reply = await self._send_in_session(call, session, signed_in)
        return self._not_to_login(call, reply)

    async def _send_in_session(self, call: Call, session: Session, signed_in: SignedIn) -> Reply:
        token = signed_in.facts.authenticity_token
        credentials: Form = (("_authenticity_token", token),) if call.writes else ()
        return await self._send(call, credentials, signed_in, session.cookie)

    async def _send(
        self,
        call: Call,
        credentials: Form = (),
        signed_in: SignedIn | None = None,
        cookie: str = "",
    ) -> Reply:
        url = f"{self._settings.base_url}/{call.path}"
        headers = {"Content-Type": protocol.FORM_TYPE}
        if cookie:
            headers["Cookie"] = f"{SESSION_COOKIE}={cookie}"
        try:
            answer = await self._exchange.send(
                call.method,
                url,
                route=call.route,
                operation=call.operation,
                headers=headers,
                content=call.body(credentials),
                kind=_kind(call),
                # A POST of ours that reads may be repeated as any reading (§2.2).
                repeatable=call.reads,
            )
        except Unreachable as error:
            # Reads and logins may be repeated freely, so nothing about them is in doubt.
            error.ambiguous = error.ambiguous and call.writes
            # A page too large to read says nothing about the system: a shorter one is tried next.
            if isinstance(error, TooLarge) and not call.reads:
                self._environment.governor.failed(error.message)
            raise
        return await self._followed(call, url, answer, signed_in)

    async def _followed(
        self, call: Call, url: str, answer: Answer, signed_in: SignedIn | None
    ) -> Reply:
        """Follow delaying redirects to the answer that counts (§11, A2, A10)."""
        self._learn(signed_in, answer)
        hops = 0
        try:
            while answer.status in answers.REDIRECTS:
                url = answers.redirect_url(answer, url, call.operation)
                if self._leads_to_login(url):
                    return Reply(answer, hops > 0, to_login=True)
                hops += 1
                self._check_hop(call, url, hops)
                # Neither body, cookie nor credentials: the address itself is the ticket (A10), and
                # it is good for one request, so this one is never repeated.
                answer = await self._exchange.send(
                    "GET",
                    url,
                    route=DELAY_ROUTE,
                    operation=call.operation,
                    kind=_kind(call),
                )
                self._learn(signed_in, answer)
        except EngineError as error:
            if call.writes:
                raise self._in_doubt(call, error, answer.status) from error
            raise
        return Reply(answer, hops > 0, to_login=False)

    def _leads_to_login(self, url: str) -> bool:
        settings = self._settings
        return answers.leads_to_login(url, settings.base_url, settings.login_redirect_prefix)

    def _check_hop(self, call: Call, url: str, hops: int) -> None:
        if answers.origin(url) != answers.origin(self._settings.base_url):
            raise TheirFault(
                "redirected to another origin",
                system=SYSTEM,
                operation=call.operation,
                remedy="check [workbooks] base_url: scheme, host and port",
            )
        if hops > self._settings.delay_hops_max:
            message = f"delayed more than {self._settings.delay_hops_max} times"
            error = Throttled(
                message, system=SYSTEM, operation=call.operation, retry_after_s=answers.WAIT_S
            )
            self._environment.governor.pause(answers.WAIT_S, message, cause=error)
            raise error

    def _not_to_login(self, call: Call, reply: Reply) -> Reply:
        if not reply.to_login:
            return reply
        error = Unauthorized(
            "redirected to the login page: the credentials are not accepted",
            system=SYSTEM,
            operation=call.operation,
            status=reply.answer.status,
            remedy=answers.REMEDY_CREDENTIALS,
        )
        self._environment.governor.refused(error)
        if call.writes and reply.delayed:
            raise self._in_doubt(call, error, reply.answer.status) from error
        raise error

    def _document(self, call: Call, reply: Reply) -> dict[str, Json]:
        """The JSON of a proper answer; the governor hears how it went."""
        governor = self._environment.governor
        try:
            found = answers.document(
                self._scrubbed(reply.answer), call.operation, self._environment.clock.now()
            )
        except Throttled as error:
            governor.pause(error.retry_after_s or answers.WAIT_S, error.message, cause=error)
            raise
        except Unreachable as error:
            governor.failed(error.message)
            error.ambiguous = call.writes
            raise
        except TheirFault as error:
            governor.failed(error.message)
            raise
        except Unauthorized as error:
            # Says nothing about whether the service works for anybody it lets in.
            governor.refused(error)
            raise
        except EngineError:
            governor.succeeded()
            raise
        governor.succeeded(call.operation)
        return found

    def _scrubbed(self, answer: Answer) -> Answer:
        # An error text that echoes what was sent must not carry a secret into a log. Rows and
        # login facts stay as they are: a password may happen to be a word in them.
        body = answer.body
        if answer.status == 200 and (b'"data"' in body or b'"authenticity_token"' in body):
            return answer
        for secret in (one.get_secret_value().encode() for one in self._secrets):
            body = body.replace(secret, b"***")
        return replace(answer, body=body)

    def _in_doubt(self, call: Call, error: Exception, status: int) -> Unreachable:
        return Unreachable(
            f"the write may have been executed, but its answer does not tell: {error}",
            ambiguous=True,
            system=SYSTEM,
            operation=call.operation,
            status=status,
        )

    def _learn(self, signed_in: SignedIn | None, answer: Answer) -> None:
        if self._session is not None:
            self._session.learn(signed_in, answers.session_cookie(answer.cookies))

    async def _log_in(self) -> tuple[Login, str]:
        call = protocol.login(self._settings)
        reply = await self._send(call)
        if answers.refusal_of(reply.answer).reason in LOGIN_AGAIN_REASONS:
            reply = await self._send(call)
        found = self._document(call, self._not_to_login(call, reply))
        facts = answers.shaped(Login, found, call.operation)
        cookie = answers.session_cookie(reply.answer.cookies) or facts.session_id
        if not cookie:
            raise TheirFault("a login without a session id", system=SYSTEM, operation="login")
        return facts, cookie

    async def _log_out(self) -> None:
        """End the session as the manual asks (§3.2); that it fails concerns nobody any more."""
        if self._session is not None and self._session.signed_in is not None:
            await self._end(self._session.cookie)

    async def _end(self, cookie: str) -> None:
        call = protocol.logout()
        headers = {
            "Content-Type": protocol.FORM_TYPE,
            "Cookie": f"{SESSION_COOKIE}={cookie}",
        }
        with anyio.move_on_after(LOGOUT_S, shield=True):
            try:
                await self._exchange.send(
                    call.method,
                    f"{self._settings.base_url}/{call.path}",
                    route=call.route,
                    operation=call.operation,
                    headers=headers,
                    content=call.body(()),
                )
            except EngineError:
                return


def _kind(call: Call) -> AnswerKind:
    return AnswerKind.LISTING if call.reads else AnswerKind.DOCUMENT
