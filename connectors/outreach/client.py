"""The only user of HTTP: sends requests, keeps the governor informed, follows pages.

Tokens are fetched before a request asks the governor for admission, so that a request waiting for
one never holds a place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from collections.abc import Collection as AnyCollection
from dataclasses import replace

import structlog

from connectors.outreach import (
    custom_fields,
    directory,
    limits,
    prospects,
    protocol,
    refusals,
    roles,
)
from connectors.outreach.oauth import Tokens
from connectors.outreach.protocol import MEDIA_TYPE, SYSTEM, Request, Requests, Shape
from connectors.outreach.routes import TOKEN_PATH
from connectors.outreach.settings import OutreachSettings
from connectors.outreach.token_refusals import token_refused
from connectors.outreach.wire import Collection, Document, ReadableCollection, Resource, Types
from engine import (
    Answer,
    AnswerKind,
    ConnectorEnvironment,
    EngineError,
    Exchange,
    Fields,
    Gone,
    NotGranted,
    Roster,
    TheirFault,
    Throttled,
    TooLarge,
    Unreachable,
)

log = structlog.get_logger(component=SYSTEM)

# What a scope is missing for is tried again after so many seconds.
NOT_GRANTED_S = 60.0
# No listing that is asked for here has as many records.
ROWS_MAX = 100_000
# So many pages may be short ones; those behind them bring half the smallest size on average.
SHORT_PAGES_MAX = 100


class OutreachClient:
    """Every call the connector makes, in wire shapes."""

    def __init__(
        self, settings: OutreachSettings, environment: ConnectorEnvironment, exchange: Exchange
    ) -> None:
        self._exchange = exchange
        self._environment = environment
        self._token_url = settings.base_url + TOKEN_PATH
        self._requests = Requests(settings.base_url)
        self._patience = limits.Patience(environment.rng)
        self.tokens = Tokens(settings, environment, self._request_token)

    async def create(self, fields: Fields) -> int:
        """Create one opportunity and return its id."""
        return await self._create(self._requests.create(fields))

    async def update(self, target_id: int, changes: Fields) -> None:
        """Send exactly these fields; a repeat does no harm."""
        request = self._requests.update(target_id, changes)
        shown = await self._update(request, target_id)
        if shown is not None:
            _alive(shown, request)

    async def get(self, target_id: int, field_names: AnyCollection[str]) -> Resource:
        """One opportunity, limited to these fields."""
        request = self._requests.get(target_id, field_names)
        return _alive((await self._call(request, Document)).data, request)

    async def shown(
        self, target_ids: Sequence[int], field_names: AnyCollection[str]
    ) -> Roster[Resource]:
        """Opportunities by id, limited to these fields, those in the trash among them."""
        return await self._collect_readable(self._requests.shown(target_ids, field_names))

    async def find(self, correlations: Sequence[str]) -> list[Resource]:
        """Opportunities whose `customId` is one of the values as far as the filter can tell."""
        return await self._collect(self._requests.find(correlations))

    async def listed(
        self, field_names: AnyCollection[str], after: str | None
    ) -> tuple[Roster[Resource], str | None]:
        """A page of all opportunities, and the address of the next one."""
        request = self._requests.listed(field_names)
        if after is not None:
            request = replace(request, url=after)
        page = await self._page(request, ReadableCollection)
        unreadable = page.unreadable if isinstance(page, ReadableCollection) else ()
        following = self._requests.following(request, page)
        if following is not None and following.url == request.url:
            raise _endless(request, "the link to the next page leads back to one already read")
        return Roster(page.data, unreadable), None if following is None else following.url

    async def delete(self, target_id: int) -> None:
        """Remove one opportunity; one that is not there is removed (outreach-api §5)."""
        await self._delete(self._requests.remove(target_id))

    async def probe(self) -> list[Resource]:
        """One opportunity, or none when there is none."""
        return (await self._call(self._requests.probe(), Collection)).data

    async def peek(self, resource: str) -> None:
        """Read one record of a resource, or none when there is none."""
        await self._call(self._requests.peek(resource), Collection)

    async def users(self) -> Roster[Resource]:
        """Every user."""
        return await self._collect_readable(directory.users(self._requests))

    async def user_exists(self, user_id: int) -> bool:
        """Whether one user exists."""
        return await self._exists(directory.one_user(self._requests, user_id))

    async def user_named(self, user_id: int) -> str:
        """Name and e-mail address of one user."""
        shown = await self._call(directory.named_user(self._requests, user_id), Document)
        user = directory.user(shown.data)
        return f"{user.name or user.username or f'user {user_id}'} ({user.email or user_id})"

    async def stages(self) -> Roster[Resource]:
        """Every opportunity stage."""
        return await self._collect_readable(directory.stages(self._requests))

    async def indexed_accounts(self, ids: Sequence[int]) -> set[int]:
        """Those of the ids that the account index shows."""
        shown = await self._collect_readable(directory.accounts(self._requests, ids))
        return {resource.id for resource in shown.rows}.intersection(ids)

    async def account_exists(self, account_id: int) -> bool:
        """Whether one account exists, shown by the index or not."""
        return await self._exists(directory.account(self._requests, account_id))

    async def types(self) -> Types:
        """The rules of every record type's custom fields."""
        return await self._call(custom_fields.request(self._requests), Types)

    async def indexed_prospects(self, emails: Sequence[str]) -> Roster[Resource]:
        """Prospects that carry any of these addresses, as far as the filter can tell."""
        return await self._collect_readable(prospects.find(self._requests, emails))

    async def create_prospect(self, fields: Fields) -> int:
        """Create one prospect and return its id."""
        return await self._create(prospects.create(self._requests, fields))

    async def prospect_exists(self, prospect_id: int) -> bool:
        """Whether one prospect exists, shown by the index or not."""
        return await self._exists(prospects.one(self._requests, prospect_id))

    async def roles(self, target_id: int) -> list[Resource]:
        """Every role on an opportunity, as far as the filter can tell."""
        return await self._collect(roles.of_opportunity(self._requests, target_id))

    async def role(self, role_id: int) -> list[Resource]:
        """One role, shown by the index or not; nothing when it is not there."""
        try:
            return [(await self._call(roles.one(self._requests, role_id), Document)).data]
        except Gone:
            return []

    async def create_role(self, target_id: int, prospect_id: int, role: str) -> int:
        """Create one role and return its id."""
        return await self._create(roles.create(self._requests, target_id, prospect_id, role))

    async def update_role(self, role_id: int, role: str) -> None:
        """Send the text of a role; a repeat does no harm."""
        await self._update(roles.update(self._requests, role_id, role), role_id)

    async def delete_role(self, role_id: int) -> None:
        """Remove a role; one that is not there is removed (outreach-api §5)."""
        await self._delete(roles.delete(self._requests, role_id))

    async def _delete(self, request: Request) -> None:
        try:
            answer = await self._send(request)
        except Gone:
            return
        # A portal's page says success too; the service answers without a body (outreach-api §7).
        if answer.body.strip():
            raise protocol.unusable(answer, request)
        self._succeeded(request)

    async def _create(self, request: Request) -> int:
        answer = await self._send(request)
        shown = self._parsed(Document, answer, request).data
        # A record of another type is the answer to something else, and its id would be a lie.
        if shown.type not in (None, request.resource):
            error = protocol.unusable(answer, request)
            self._environment.governor.failed(str(error))
            raise error
        self._succeeded(request)
        return shown.id

    async def _update(self, request: Request, record_id: int) -> Resource | None:
        """The record as the answer shows it; None when it has no body."""
        answer, shown = await self._send(request), None
        # A body that speaks of another record, or of none, means that nothing can be relied on.
        if answer.status != 204:
            shown = self._parsed(Document, answer, request).data
            if shown.id != record_id:
                raise protocol.unusable(answer, request)
        self._succeeded(request)
        return shown

    async def _exists(self, request: Request) -> bool:
        try:
            await self._call(request, Document)
        except Gone:
            return False
        return True

    async def _collect(self, first: Request) -> list[Resource]:
        """Every resource of a collection of which each row counts: see `_collected`."""
        return (await self._collected(first, Collection)).rows

    async def _collect_readable(self, first: Request) -> Roster[Resource]:
        """Every resource that can be read; others are skipped and reported."""
        found = await self._collected(first, ReadableCollection)
        if found.unreadable:
            log.warning(
                "rows_unreadable",
                operation=first.operation,
                rows=len(found.unreadable),
                first=found.unreadable[0],
            )
        return found

    async def _collected(self, first: Request, shape: type[Collection]) -> Roster[Resource]:
        """Every resource of a collection, each id once.

        Raises:
            TheirFault: a page leads to another origin, to one that was read already or nowhere
                new, or the pages never end.
        """
        found: dict[int, Resource] = {}
        request, asked = first, {first.url}
        unreadable: tuple[str, ...] = ()
        while True:
            page = await self._page(request, shape)
            if isinstance(page, ReadableCollection):
                unreadable += page.unreadable
            known = len(found)
            # Pages of a moving collection may overlap; the later reading is the newer one.
            found.update((resource.id, resource) for resource in page.data)
            following = self._requests.following(request, page)
            if following is None:
                return Roster(list(found.values()), unreadable)
            if following.url in asked:
                raise _endless(first, "the link to the next page leads back to one already read")
            if len(found) == known:
                raise _endless(first, "a page shows nothing new and leads on all the same")
            if len(found) > ROWS_MAX or len(asked) > _pages_max(len(found)):
                raise _endless(first, f"the collection goes on after {len(asked)} pages")
            asked.add(following.url)
            request = following

    async def _page(self, request: Request, shape: type[Collection]) -> Collection:
        while True:
            try:
                return await self._call(request, shape)
            except Unreachable as error:
                lighter = _lighter(error, request)
                if lighter is None:
                    raise
                request = lighter

    async def _call(self, request: Request, shape: type[Shape]) -> Shape:
        document = self._parsed(shape, await self._send(request), request)
        self._succeeded(request)
        return document

    def _parsed(self, shape: type[Shape], answer: Answer, request: Request) -> Shape:
        try:
            return protocol.parsed(shape, answer, request)
        except (Unreachable, TheirFault) as error:
            # A success in name only, such as a portal's page, is a sign of an outage.
            self._environment.governor.failed(str(error))
            raise

    def _succeeded(self, request: Request) -> None:
        self._patience.rest()
        self._environment.governor.succeeded(request.operation)

    async def _send(self, request: Request) -> Answer:
        answer = await self._authorised(request)
        if 200 <= answer.status < 300:
            return answer
        raise self._told(answer, request)

    async def _authorised(self, request: Request) -> Answer:
        """The answer, after one replacement of the token when it is refused (outreach-api §3.2)."""
        token = await self._token(self.tokens.bearer(), request)
        answer = await self._sent(request, token)
        if token_refused(answer) and refusals.before_execution(answer, request):
            token = await self._token(self.tokens.replace(token), request)
            answer = await self._sent(request, token)
            if token_refused(answer):
                self.tokens.refused_again(token)
        if not token_refused(answer) and answer.status < 500:
            # A failing gateway may not have looked at the token.
            self.tokens.accepted(token)
        return answer

    async def _token(self, renewal: Awaitable[str], request: Request) -> str:
        """A token for a request that, if there is none, was not sent or was refused for that."""
        try:
            return await renewal
        except (Unreachable, TheirFault) as error:
            if request.repeatable:
                raise
            raise Unreachable(
                error.message,
                ambiguous=False,
                system=SYSTEM,
                operation=error.operation,
                status=error.status,
                retry_after_s=error.retry_after_s,
                remedy=error.remedy,
            ) from error

    async def _sent(self, request: Request, token: str) -> Answer:
        try:
            answer = await self._exchange.send(
                request.method,
                request.url,
                route=request.route,
                operation=request.operation,
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": MEDIA_TYPE,
                    "Accept": MEDIA_TYPE,
                },
                content=request.content,
                kind=request.answer_kind,
                repeatable=request.method == "GET",
                writes=request.method != "GET",
            )
        except TooLarge as error:
            if _lighter(error, request) is None:
                self._environment.governor.failed(str(error))
            raise
        seen = limits.rate_limit(answer.headers, self._environment.clock.now())
        self._environment.governor.learn(seen.limit, seen.remaining, seen.reset_at)
        return answer

    def _told(self, answer: Answer, request: Request) -> EngineError:
        """The error of a refusing answer, with the governor told what follows from it."""
        error = refusals.error_for(answer, request)
        governor = self._environment.governor
        now = self._environment.clock.now()
        told_s = limits.told_s(answer.headers, now)
        told = answer.status == 429 or (answer.status == 503 and told_s is not None)
        if isinstance(error, Throttled) or told:
            error.retry_after_s = self._patience.wait_s(told_s, now)
            governor.pause(error.retry_after_s, str(error), cause=error)
        elif isinstance(error, NotGranted):
            error.retry_after_s = NOT_GRANTED_S
            governor.withhold(error, NOT_GRANTED_S)
        elif isinstance(error, Unreachable) and _lighter(error, request) is None:
            # A page that is too heavy says nothing about the system; a lighter one is tried next.
            governor.failed(str(error))
        return error

    async def _request_token(self, content: bytes) -> Answer:
        return await self._exchange.send(
            "POST",
            self._token_url,
            route=TOKEN_PATH,
            operation="token",
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            content=content,
            metered=False,
            kind=AnswerKind.TOKEN,
        )


def _alive(resource: Resource, request: Request) -> Resource:
    """The opportunity, unless it is in the trash: then it is gone, and a write changed nothing."""
    if protocol.in_trash(resource):
        raise Gone("it is in the trash", system=SYSTEM, operation=request.operation)
    return resource


def _lighter(error: Unreachable, request: Request) -> Request | None:
    """What to try after a 502, which may mean a page too heavy to serve, or one too large to read.

    See outreach-api §5.
    """
    heavy = error.status == 502 or isinstance(error, TooLarge)
    return protocol.smaller(request) if heavy else None


def _pages_max(rows: int) -> int:
    """Pages that so many rows may have come on."""
    return SHORT_PAGES_MAX + rows // (protocol.PAGE_SIZE_MIN // 2)


def _endless(first: Request, reason: str) -> TheirFault:
    return TheirFault(reason, system=SYSTEM, operation=first.operation)
