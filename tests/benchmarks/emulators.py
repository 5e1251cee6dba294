"""Both emulators in a process of their own, so that their CPU and memory count for nobody else.

Prints one JSON line once both serve, and ends when its standard input does: whoever started it
cannot leave it behind. A ledger in front of Outreach notes when the first create arrived and the
last one was answered, and keeps the bodies for the bare loop to send again. Both systems may begin
some time ago, and come to the present when they are told.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.control import control_app
from connectors.sandbox.desks import OutreachDesk, WorkbooksDesk
from connectors.sandbox.faults import Faults
from connectors.sandbox.outreach import OutreachKnobs, OutreachWorld, outreach_app
from connectors.sandbox.serving import serving
from connectors.sandbox.workbooks import Money, WorkbooksWorld, workbooks_app
from tests.benchmarks.reactions import Reactions

API_KEY = "00000-bench"
CLIENT_ID = "bench"
CLIENT_SECRET = "bench-client-secret"
OWNERS, CUSTOMERS, PERSONS = 4, 20, 60
ROLES = ("Decision Maker", "Influencer", "Champion")
STAGES = ("Qualify", "Propose", "Negotiate")
CREATES_PATH = "/api/v2/opportunities"
# Rows that share one second of updated_at: more than a page holds, as after an import.
ROWS_PER_SECOND = 200
HOUR_S = 3600


@dataclass(slots=True)
class Clock:
    """The time of both systems, so many seconds ago."""

    ago_s: float

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() - self.ago_s

    def routes(self) -> Starlette:
        """`DELETE /` comes to the present."""

        async def come(_: Request) -> Response:
            self.ago_s = 0.0
            return JSONResponse({})

        return Starlette(routes=[Route("/", come, methods=["DELETE"])])


@dataclass(slots=True)
class Ledger:
    """Creates as they cross the wire; times on this process's monotonic clock."""

    app: ASGIApp
    first_at: float | None = None
    last_at: float | None = None
    creates: int = 0
    bodies: list[str] = field(default_factory=list[str])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; note the creates."""
        creates = scope["type"] == "http" and (scope["method"], scope["path"]) == (
            "POST",
            CREATES_PATH,
        )
        if not creates:
            await self.app(scope, receive, send)
            return
        if self.first_at is None:
            self.first_at = time.monotonic()
        body = bytearray()

        async def reading() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await self.app(scope, reading, send)
        self.last_at = time.monotonic()
        self.creates += 1
        self.bodies.append(body.decode())

    def routes(self) -> Starlette:
        """`GET /` the span of the creates, `GET /bodies` what they sent, `DELETE /` forgets the
        span, not the bodies."""

        async def show(_: Request) -> Response:
            span_s = None
            if self.first_at is not None and self.last_at is not None:
                span_s = self.last_at - self.first_at
            return JSONResponse({"creates": self.creates, "span_s": span_s})

        async def bodies(_: Request) -> Response:
            return JSONResponse(self.bodies)

        async def forget(_: Request) -> Response:
            self.first_at = self.last_at = None
            self.creates = 0
            return JSONResponse({})

        return Starlette(
            routes=[
                Route("/", show, methods=["GET"]),
                Route("/", forget, methods=["DELETE"]),
                Route("/bodies", bodies, methods=["GET"]),
            ]
        )


def plant(
    workbooks: WorkbooksWorld,
    outreach: OutreachWorld,
    rows: int,
    people: int = 0,
    *,
    linked: bool = False,
    every: int = 1,
    comment_chars: int = 0,
) -> int:
    """Fill both worlds with plain, ticked, valid opportunities; returns a user to consent.

    Args:
        people: on the tab of each, whom both systems know.
        linked: each of them is in Outreach already, under another name, as its own id says.
        every: so manieth has people.
        comment_chars: so long is the comment of each; 0 for an ordinary one.
    """
    comment = "x" * comment_chars or "A comment such as people write: two sentences. Not long."
    first_user = 0
    for number in range(OWNERS):
        workbooks.add_user(f"Owner {number}", f"owner{number}@bench.example")
        attributes = {"firstName": "Owner", "lastName": str(number), "username": f"owner{number}"}
        user_id = outreach.users.create(attributes)
        first_user = first_user or user_id
    for order, name in enumerate(STAGES):
        workbooks.stage_id(name)
        outreach.stages.create({"name": name, "order": order, "isClosed": False})
    customers = [_customer(workbooks, outreach, number) for number in range(CUSTOMERS)]
    persons = [_person(workbooks, outreach, number) for number in range(PERSONS if people else 0)]
    began = int(workbooks.clock()) - HOUR_S - rows // ROWS_PER_SECOND
    for number in range(rows):
        changed_at = began + number // ROWS_PER_SECOND
        twin = None
        if linked:
            twin = str(outreach.opportunities.create({"name": f"Opportunity {number}, once"}))
        opportunity_id = workbooks.opportunities.create(
            created_at=changed_at,
            updated_at=changed_at,
            description=f"Opportunity {number + 1} of a usual length",
            document_date=date(2030, 1, 1 + number % 28),
            document_currency_net_value=Money(Decimal(1000 + number), "GBP"),
            probability=Decimal(number % 100),
            opportunity_stage_name=STAGES[number % len(STAGES)],
            comment=comment,
            assigned_to_name=f"Owner {number % OWNERS}",
            party_id=customers[number % CUSTOMERS],
            cf_opportunity_sync_to_outreach=True,
            cf_opportunity_outreach_id=twin,
        )
        if people and number % every == 0:
            on_tab = [persons[(number + place) % PERSONS] for place in range(people)]
            roles = [ROLES[place % len(ROLES)] for place in range(people)]
            workbooks.set_people(opportunity_id, list(zip(on_tab, roles, strict=True)))
    return first_user


def _person(workbooks: WorkbooksWorld, outreach: OutreachWorld, number: int) -> int:
    email = f"person{number}@bench.example"
    prospect_id = outreach.prospects.create({"firstName": "Person", "emails": [email]})
    return workbooks.people.create(
        name=f"Person {number}",
        person_first_name="Person",
        person_last_name=str(number),
        main_location_email=email,
        cf_person_sync_to_outreach=True,
        cf_person_outreach_id=str(prospect_id),
        cf_person_outreach_url=f"https://outreach.example/p/{prospect_id}",
    )


def _customer(workbooks: WorkbooksWorld, outreach: OutreachWorld, number: int) -> int:
    name = f"Customer {number}"
    account_id = outreach.accounts.create({"name": name})
    return workbooks.organisations.create(name=name, cf_organisation_outreach_id=str(account_id))


async def serve(
    rows: int,
    latency_s: float,
    ago_s: float,
    people: int,
    *,
    linked: bool,
    every: int,
    comment_chars: int,
) -> None:
    """Serve until standard input ends.

    Args:
        people: on the tab of each opportunity.
        linked, every, comment_chars: as in `plant`.
        latency_s: seconds added to every request of both systems.
        ago_s: seconds by which both are in the past until they are told to come to the present.
    """
    clock = Clock(ago_s)
    workbooks = WorkbooksWorld(clock.now)
    knobs = OutreachKnobs(mint_interval_s=0.0, rate_limit=10_000_000)
    outreach = OutreachWorld(clock.now, knobs)
    user_id = plant(
        workbooks,
        outreach,
        rows,
        people,
        linked=linked,
        every=every,
        comment_chars=comment_chars,
    )
    workbooks.add_api_key(API_KEY)
    outreach.add_app(CLIENT_ID, CLIENT_SECRET)
    workbooks_traffic = Faults(workbooks_app(workbooks), latency_s=latency_s)
    outreach_traffic = Faults(outreach_app(outreach), latency_s=latency_s)
    ledger, reactions = Ledger(outreach_traffic), Reactions()
    apps: dict[str, ASGIApp] = {
        "workbooks": reactions.polls(workbooks_traffic),
        "outreach": reactions.changes(ledger),
        "control": control_app(
            WorkbooksDesk(workbooks, workbooks_traffic), OutreachDesk(outreach, outreach_traffic)
        ),
        "ledger": ledger.routes(),
        "reactions": reactions.routes(),
        "clock": clock.routes(),
    }
    async with serving(apps) as urls:
        told = {
            "urls": urls,
            "api_key": API_KEY,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": outreach.grant(CLIENT_ID, user_id),
            "prospects": [row.id for row in outreach.prospects.rows()],
            "access_token": outreach.issue_access_token(CLIENT_ID, user_id),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)


def main() -> None:
    """Read the sizes and serve."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.emulators")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--ago", type=float, default=0.0)
    parser.add_argument("--people", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--linked", action="store_true")
    parser.add_argument("--comment", type=int, default=0)
    chosen = parser.parse_args()
    begun = partial(serve, linked=chosen.linked, every=chosen.every, comment_chars=chosen.comment)
    anyio.run(begun, chosen.rows, chosen.latency, chosen.ago, chosen.people)


if __name__ == "__main__":
    main()
