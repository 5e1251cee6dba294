"""The bench: the real engine between both emulators, in one process.

Its requests reach the emulators in memory (`tests.in_memory`), or over real HTTP where a test is
marked `sockets`, or has a process of its own to be reached.

One clock drives both worlds and the engine's wall clock. It goes on with the loop's, which skips
what everybody only waits for (`tests.simulation.virtual_time`), and can be moved ahead. A test
edits a world, lets the engine run once, and looks at both worlds.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.sandbox.faults import Fault, Faults
from connectors.sandbox.outreach import OutreachWorld, Row, outreach_app
from connectors.sandbox.sample import add_seat
from connectors.sandbox.serving import serving
from connectors.sandbox.workbooks import Money, WorkbooksKnobs, WorkbooksWorld, workbooks_app
from engine.assembly.environment import Environment
from engine.config import loading as configuration
from engine.decide.patience import USUAL, Patience
from engine.loop import loop_clock
from engine.model.report import HistoryLine, RefusedRecord
from engine.service import once
from engine.service import process as service
from engine.store.sqlite import report, statefile
from tests.in_memory import Served, in_memory
from tests.scenario.people import CREATE_PROSPECT, PeopleHands
from tests.waiting import DEADLINE_S

START = 1_790_000_000.0
API_KEY = "a1b2c-3d4e5"
CLIENT_ID = "bench"
POLL_S = 0.05
# So many looks in a row that find no request under way, with a pause between.
IDLE_LOOKS = 5

OPPORTUNITIES = "/crm/opportunities.api"
CREATE = ("POST", "/api/v2/opportunities")
UPDATE = ("PATCH", "/api/v2/opportunities/{id}")
SEARCH = ("GET", "/api/v2/opportunities")
READ = ("GET", "/api/v2/opportunities/{id}")


class Clock:
    """Epoch seconds that pass with the loop and can be moved ahead."""

    def __init__(self) -> None:
        self._passed_s = loop_clock()
        self._ahead_s = START - self._passed_s()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._ahead_s + self._passed_s()

    def advance(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._ahead_s += seconds


@dataclass(frozen=True, slots=True)
class _Ahead:
    """The clock of a machine that is set wrong."""

    clock: Clock
    ahead_s: float

    def now(self) -> float:
        """Seconds since the epoch, as the machine believes."""
        return self.clock.now() + self.ahead_s


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived; `path` without the query."""

    method: str
    path: str
    body: str

    @property
    def form(self) -> dict[str, list[str]]:
        """A form-encoded body."""
        return parse_qs(self.body, keep_blank_values=True)

    @property
    def sent(self) -> set[str]:
        """Names of the attributes and relationships in a JSON:API body."""
        data = json.loads(self.body)["data"]
        return {*data.get("attributes", {}), *data.get("relationships", {})}


@dataclass(slots=True)
class Recorder:
    """An ASGI application around another one that keeps every request.

    `before` holds what somebody does just as a request with this method and path arrives, once.
    """

    app: ASGIApp
    seen: list[Seen] = field(default_factory=list[Seen])
    before: dict[tuple[str, str], Callable[[], object]] = field(
        default_factory=dict[tuple[str, str], Callable[[], object]]
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        action = self.before.pop((scope["method"], scope["path"]), None)
        if action is not None:
            action()
        body = bytearray()

        async def listening() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        try:
            await self.app(scope, listening, send)
        finally:
            self.seen.append(Seen(scope["method"], scope["path"], body.decode()))


@dataclass(slots=True)
class Bench(PeopleHands):
    """Both worlds, their traffic, and the engine's configuration.

    `settings` holds the configuration by table and key, and `patience` how sure a start must be
    before it gives up; in `shadow` the service only looks. A test changes them before it runs.
    """

    clock: Clock
    workbooks: WorkbooksWorld
    outreach: OutreachWorld
    workbooks_traffic: Faults
    outreach_traffic: Faults
    workbooks_door: Recorder
    outreach_door: Recorder
    directory: Path
    settings: dict[str, dict[str, Any]]
    served: Mapping[str, Served]
    patience: Patience = USUAL
    engine_ahead_s: float = 0.0
    shadow: bool = False

    @property
    def workbooks_seen(self) -> list[Seen]:
        """Requests to Workbooks, in the order of their answers."""
        return self.workbooks_door.seen

    @property
    def outreach_seen(self) -> list[Seen]:
        """Requests to Outreach, in the order of their answers."""
        return self.outreach_door.seen

    @property
    def state(self) -> Path:
        """Where the engine keeps its state."""
        return self.directory / "state"

    def config(self) -> configuration.Config:
        """The configuration, written and read as an operator's would be."""
        path = self.directory / "config.toml"
        path.write_text(_toml(self.settings), encoding="utf-8")
        return configuration.load(path)

    async def once(self) -> once.Result:
        """One run of the engine over both worlds.

        Raises:
            EngineError: what the command line would report.
        """
        with anyio.fail_after(DEADLINE_S):
            return await once.once(self.config(), self.environment())

    async def run(self) -> None:
        """The service, until it is told to stop."""
        config = self.config().in_shadow() if self.shadow else self.config()
        await service.run(config, self.environment())

    def environment(self) -> Environment:
        """The engine's clock, repeatable chance, and connections as of a new process."""
        clock = _Ahead(self.clock, self.engine_ahead_s)
        ways = {name: served.way() for name, served in self.served.items()}
        return Environment(clock, "scenario", ways, patience=self.patience)

    def forget_traffic(self) -> None:
        """Count requests anew."""
        for traffic in (self.workbooks_traffic, self.outreach_traffic):
            traffic.reset()
        self.workbooks_seen.clear()
        self.outreach_seen.clear()

    def workbooks_fault(self, fault: Fault) -> None:
        """Let this go wrong at Workbooks."""
        self.workbooks_traffic.plan.add(fault)

    def just_before_a_write_back(self, action: Callable[[], object]) -> None:
        """Let somebody do this as the next write-back arrives, before it is carried out."""
        self.workbooks_door.before["PUT", OPPORTUNITIES] = action

    async def all_carried_out(self) -> None:
        """Wait until both systems have done what a run that was cut off had sent.

        On the wire that takes far less than any time the engine waits for; where a test moves the
        clock, it must have happened before.
        """
        still = 0
        with anyio.fail_after(DEADLINE_S):
            while still < IDLE_LOOKS:
                await anyio.sleep(POLL_S)
                busy = self.outreach_traffic.in_flight + self.workbooks_traffic.in_flight
                still = 0 if busy else still + 1

    def just_before_a_create(self, action: Callable[[], object]) -> None:
        """Let somebody do this as the next create arrives, before it is carried out."""
        self.outreach_door.before[CREATE] = action

    def just_before_a_prospect_create(self, action: Callable[[], object]) -> None:
        """Let somebody do this as the next prospect arrives, before it is created."""
        self.outreach_door.before[CREATE_PROSPECT] = action

    def outreach_fault(self, fault: Fault) -> None:
        """Let this go wrong at Outreach."""
        self.outreach_traffic.plan.add(fault)

    # The hands of the people who use Workbooks.

    def has(self, name: str = "Harbour crane", **columns: Any) -> int:
        """An opportunity ticked for sync; returns its id."""
        given = {"cf_opportunity_sync_to_outreach": True} | columns
        return self.workbooks.opportunities.create(description=name, **given)

    def has_valued(self, name: str, amount: str, **columns: Any) -> int:
        """An opportunity with an amount in pounds."""
        return self.has(name, document_currency_net_value=Money(Decimal(amount)), **columns)

    def edit(self, record_id: int, **columns: Any) -> None:
        """Edit an opportunity."""
        assert self.workbooks.opportunities.update(record_id, **columns)

    def record(self, record_id: int) -> dict[str, object]:
        """An opportunity's columns, the plugin's own by short names."""
        columns = self.workbooks.opportunities.get(record_id)
        value = self.workbooks.opportunities.value
        return columns | {
            "error": value(record_id, "cf_opportunity_outreach_sync_error"),
            "outreach_id": value(record_id, "cf_opportunity_outreach_id"),
            "outreach_url": value(record_id, "cf_opportunity_outreach_url"),
        }

    # What both sides hold.

    def twins(self, record_id: int) -> list[Row]:
        """Outreach opportunities made for a record."""
        return self.outreach.find_opportunities(f"OPP-{record_id}")

    def twin(self, record_id: int) -> Row:
        """The one Outreach opportunity of a record, checked to be linked from it."""
        [row] = self.twins(record_id)
        held = self.record(record_id)
        assert held["outreach_id"] == str(row.id)
        assert held["outreach_url"] == f"https://outreach.example/opportunities/{row.id}"
        assert held["error"] is False
        return row

    def reasons(self) -> dict[str, RefusedRecord]:
        """Refused records by their reference."""
        with closing(statefile.connect(self.state / statefile.FILE_NAME)) as connection:
            return {one.ref: one for one in report.refused(connection, 1000)}

    def waiting(self) -> set[str]:
        """The reasons why something waits."""
        with closing(statefile.connect(self.state / statefile.FILE_NAME)) as connection:
            return {one.reason for one in report.waiting_reasons(connection, 1000)}

    def history(self, record_id: int, prefix: str = "OPP") -> list[HistoryLine]:
        """The decisions about a record."""
        with closing(statefile.connect(self.state / statefile.FILE_NAME)) as connection:
            return report.history(connection, f"{prefix}-{record_id}")

    def authorise_again(self) -> None:
        """What an operator does after a refused refresh token."""
        token = self.outreach.grant(CLIENT_ID, add_seat(self.outreach, "Otto Operator"))
        (self.directory / "refresh_token").write_text(token, encoding="utf-8")

    def forget_state(self) -> None:
        """Lose everything the engine knows."""
        for path in self.state.glob("*"):
            path.unlink()


@asynccontextmanager
async def bench(
    directory: Path, knobs: WorkbooksKnobs | None = None, *, sockets: bool = False
) -> AsyncGenerator[Bench]:
    """A bench in this directory, both worlds empty but for one Outreach user.

    Args:
        sockets: over real HTTP, where other processes reach it too.
    """
    clock = Clock()
    workbooks = WorkbooksWorld(clock.now, knobs)
    workbooks.add_api_key(API_KEY)
    outreach = OutreachWorld(clock.now)
    outreach.knobs.mint_interval_s = 0
    outreach.add_app(CLIENT_ID, "client secret")
    refresh_token = outreach.grant(CLIENT_ID, add_seat(outreach, "Ines Integration"))
    workbooks_traffic, outreach_traffic = (
        Faults(workbooks_app(workbooks)),
        Faults(outreach_app(outreach)),
    )
    workbooks_door, outreach_door = Recorder(workbooks_traffic), Recorder(outreach_traffic)
    secrets = {"api_key": API_KEY, "client_secret": "client secret", "refresh_token": refresh_token}
    for name, secret in secrets.items():
        (directory / name).write_text(secret, encoding="utf-8")
    doors = {"workbooks": workbooks_door, "outreach": outreach_door}
    async with AsyncExitStack() as stack:
        served: Mapping[str, Served] = {}
        if sockets:
            urls = await stack.enter_async_context(serving(doors))
        else:
            served = await stack.enter_async_context(in_memory(doors))
            urls = {name: one.base_url for name, one in served.items()}
        yield Bench(
            clock,
            workbooks,
            outreach,
            workbooks_traffic,
            outreach_traffic,
            workbooks_door,
            outreach_door,
            directory,
            _settings(directory, urls),
            served,
        )


def _settings(directory: Path, urls: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    def secret(name: str) -> dict[str, str]:
        return {"file": str(directory / name)}

    return {
        "service": {"state_dir": str(directory / "state"), "http": "127.0.0.1:0"},
        "workbooks": {"base_url": urls["workbooks"], "api_key": secret("api_key")},
        "outreach": {
            "base_url": urls["outreach"],
            "client_id": CLIENT_ID,
            "client_secret": secret("client_secret"),
            "refresh_token": secret("refresh_token"),
            "record_url": "https://outreach.example/opportunities/{id}",
            "prospect_url": "https://outreach.example/prospects/{id}",
            "visibility_s": 1,
        },
        "retry": {"base_s": 0.05, "cap_s": 0.2},
        "write_back": {"linger_ms": 20},
    }


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    lines: list[str] = []
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{name} = {_toml_value(value)}" for name, value in keys.items()]
    return "\n".join(lines) + "\n"


def _toml_value(value: Any) -> str:
    if isinstance(value, Mapping):
        members = (f"{name} = {_toml_value(one)}" for name, one in value.items())  # pyright: ignore[reportUnknownVariableType] # untyped TOML
        return f"{{ {', '.join(members)} }}"
    # A JSON string, number or boolean is a TOML one.
    return json.dumps(value)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    with anyio.fail_after(DEADLINE_S):
        while True:
            if holds():
                return
            await anyio.sleep(POLL_S)


@asynccontextmanager
async def running(world: Bench, **poller: float) -> AsyncGenerator[None]:
    """The service for the block, with these keys of [poller], told to stop as systemd would."""
    world.settings["poller"] = {"interval_s": 0.5} | poller
    ended = anyio.Event()

    async def serve() -> None:
        await world.run()
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        yield
        os.kill(os.getpid(), signal.SIGTERM)
        await until(ended.is_set)
