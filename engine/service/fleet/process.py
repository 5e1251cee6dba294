"""A process of a fleet: it works on its part of the pairs until it is told to stop.

What its part is, each process finds out by itself from what the database shows to all of them; the
lease of a pair decides who works on it. SIGTERM and SIGINT end it in order, a second one at once,
SIGHUP reads everything again.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field

import anyio
import structlog
from anyio.to_thread import run_sync

from engine import logs
from engine.assembly.environment import Environment
from engine.config.fleet import Fleet
from engine.config.loading import Config
from engine.decide.sharing import shared
from engine.errors import EngineError, StateAway
from engine.loop import from_threads
from engine.model.fleet import Member, PairRow, Roster
from engine.service import http
from engine.service.fleet import routes
from engine.service.fleet.accounts import Accounts
from engine.service.fleet.catalogue import Catalogue, Known
from engine.service.fleet.keeper import Keeper
from engine.service.fleet.runner import Runner
from engine.service.fleet.shown import Shown
from engine.service.fleet.threads import in_thread
from engine.service.listening import listen
from engine.service.notify import Notifier
from engine.store.places import database_at
from engine.store.port.place import Place
from engine.store.postgres.database import Database
from engine.store.postgres.fleet.accounts import AccountTables
from engine.store.postgres.fleet.register import Register
from engine.store.postgres.lease import Lease
from engine.store.postgres.lent import Lent
from engine.store.postgres.place import StateDatabase

# So often files are looked through for changes, seconds, and the supervisor is told that we live.
FILES_S, ALIVE_S = 10.0, 2.0
# So many pairs start at the same time: each asks both systems a few things.
STARTS = 8
AGAIN_S = 2.0

log = structlog.get_logger(component="fleet")


async def run(fleet: Fleet, environment: Environment | None = None) -> None:
    """Work until told to stop.

    Raises:
        EngineError: it cannot start, or another fleet has its name.
    """
    service = fleet.service
    with listen(*service.http_address) as listener:
        await Process(fleet, environment or Environment.real()).serve(listener)
    log.info("stopped")


@dataclass(slots=True)
class Process:
    """One process of a fleet."""

    fleet: Fleet
    environment: Environment
    id: str = field(default_factory=lambda: secrets.token_hex(8), init=False)
    catalogue: Catalogue = field(init=False)
    keeper: Keeper = field(init=False)
    accounts: Accounts = field(init=False)
    known: Mapping[str, Known] = field(default_factory=dict[str, Known], init=False)
    roster: Roster | None = field(default=None, init=False)
    trouble: EngineError | None = field(default=None, init=False)
    runners: dict[str, Runner] = field(default_factory=dict[str, Runner], init=False)
    stop: anyio.Event = field(default_factory=anyio.Event, init=False)
    threads: anyio.CapacityLimiter = field(init=False)
    notifier: Notifier = field(default_factory=Notifier.from_environment, init=False)
    shown: Shown = field(init=False)
    scrapes: anyio.CapacityLimiter = field(init=False)
    _database: Database = field(init=False)
    _lent: Lent = field(init=False)
    _starts: anyio.CapacityLimiter = field(init=False)
    _rows: Mapping[str, PairRow] = field(default_factory=dict[str, PairRow], init=False)
    _in_loop: Callable[..., object] = field(default_factory=from_threads, init=False)
    _owners: Mapping[str, str] = field(default_factory=dict[str, str], init=False)
    _shared_of: Roster | None = field(default=None, init=False)
    _look_now: bool = field(default=False, init=False)
    """Somebody has asked that everything be read again; done by whoever shares alone."""
    _news: anyio.Event = field(default_factory=anyio.Event, init=False)
    _whole: anyio.CancelScope = field(default_factory=anyio.CancelScope, init=False)

    def __post_init__(self) -> None:
        fleet = self.fleet
        self._database = database_at(fleet.service, fleet.schema, "[service] state")
        self._lent = Lent(self._database, fleet.service.lease_s)
        register = Register(self._database)
        self.catalogue = Catalogue(fleet, register)
        self.threads = anyio.CapacityLimiter(fleet.table.connections)
        self.scrapes, self.shown = anyio.CapacityLimiter(1), Shown(fleet.table.metrics_pairs)
        self._starts = anyio.CapacityLimiter(STARTS)
        kept = AccountTables(self._lent, fleet.schema, self.id)
        self.accounts = Accounts(kept, self.environment.clock)
        self.keeper = Keeper(register, self._lent, fleet.service.lease_s, self._member, self._hear)

    @property
    def lent(self) -> Lent:
        """See `Shared.lent`."""
        return self._lent

    def leased(self, database: Database) -> AbstractContextManager[Lease]:
        """See `Shared.leased`."""
        return self.keeper.leased(database)

    async def serve(self, listener: socket.socket) -> None:
        """Everything at once, until told to stop.

        Raises:
            EngineError: as `run`.
        """
        with closing(self._lent):
            async with (
                http.serving_app(routes.application(self), listener),
                anyio.create_task_group() as outermost,
            ):
                outermost.start_soon(self._watch_signals)
                outermost.start_soon(self._say_that_all_is_well)
                with self._whole:
                    if await self._joined():
                        await self._share()
                outermost.cancel_scope.cancel()

    def _member(self) -> Member:
        """This process, as it is now; also asked on other threads."""
        pairs = {name: one.weight for name, one in self.known.items() if one.config is not None}
        if self.stop.is_set():
            pairs = {}
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        table = self.fleet.table
        return Member(self.id, holder, table.weight, table.pairs, pairs)

    def _hear(self, heard: Roster | EngineError) -> None:
        """Take over what the register says; called on the keeper's thread."""
        self._in_loop(self._take_over, heard)

    def _take_over(self, heard: Roster | EngineError) -> None:
        if isinstance(heard, Roster):
            self.roster, self.trouble = heard, None
        else:
            if self.trouble is None:
                log.warning("register_not_reached", reason=str(heard), remedy=heard.remedy)
            self.trouble = heard
        self._news.set()

    async def _joined(self) -> bool:
        """Become a member, as soon as the database can be reached; False when told to stop before.

        Raises:
            EngineError: waiting would not help.
        """
        while not self.stop.is_set():
            try:
                await run_sync(self.keeper.register.prepare)
                roster = await run_sync(self.keeper.register.look)
                self.known = await run_sync(self.catalogue.look, roster.rows)
                self.roster = await run_sync(self.keeper.beat)
            except StateAway as error:
                if self.trouble is None:
                    log.warning("waiting_for_database", reason=str(error), remedy=error.remedy)
                    self.notifier.ready(f"waiting: {error.message}")
                self.trouble = error
                with anyio.move_on_after(AGAIN_S):
                    await self.stop.wait()
            else:
                self.trouble = None
                self.notifier.ready(self.line())
                for one in self.known.values():
                    _say_trouble(one, None)
                log.info("joined", fleet=self.fleet.table.name, pairs=len(self.known))
                return True
        return False

    async def _share(self) -> None:
        """Work on our part of the pairs until told to stop."""
        async with (
            in_thread(self.keeper.kept()),
            self.accounts.shared(),
            anyio.create_task_group() as tasks,
        ):
            looked_at = anyio.current_time()
            while not self.stop.is_set():
                self._news = anyio.Event()
                late = anyio.current_time() - looked_at >= FILES_S
                if self._look_now or late or self._rows_changed():
                    self._look_now = False
                    await self._look_again()
                    looked_at = anyio.current_time()
                self._distribute(tasks.start_soon)
                with anyio.move_on_after(FILES_S):
                    await self._news.wait()
            for runner in self.runners.values():
                runner.stop("the process stops")

    def _rows_changed(self) -> bool:
        roster = self.roster
        return roster is not None and roster.rows != self._rows

    async def _look_again(self) -> None:
        """Read what was changed, and have whoever works on it go on with that."""
        rows: Mapping[str, PairRow] = {} if self.roster is None else self.roster.rows
        try:
            known = await run_sync(self.catalogue.look, rows)
        except EngineError as error:
            log.warning("pairs_not_read", reason=str(error), remedy=error.remedy)
            return
        before, self.known, self._rows = self.known, known, rows
        for name, one in known.items():
            if one is before.get(name):
                continue
            _say_trouble(one, before.get(name))
            if one.config is not None and name in self.runners:
                await self.runners[name].change(one)
        if set(known) != set(before):
            self.keeper.soon()

    def _distribute(self, start_soon: Callable[..., object]) -> None:
        """Begin to work on what is ours, and end the work on what is not any more."""
        roster = self.roster
        if roster is None or self.trouble is not None:
            return
        owners = self.owners()
        ours = {name for name, owner in owners.items() if owner == self.id}
        for name, runner in self.runners.items():
            # A mistake in a file that was right before does not end the work begun with that.
            if name not in ours and not (name in self.known and self._only_mistaken(name)):
                runner.stop("another process takes it over" if name in owners else "not wanted")
        for name in ours - self.runners.keys():
            one = self.known.get(name)
            if one is not None and one.config is not None:
                runner = Runner(
                    one,
                    self.environment,
                    self._place,
                    self._starts,
                    self.accounts.follow,
                    self._overloaded,
                )
                self.runners[name] = runner
                start_soon(self._run, runner)

    def owners(self) -> Mapping[str, str]:
        """See `shared`; found out again only after a change, since of many pairs it takes long."""
        roster, before = self.roster, self._shared_of
        if roster is None:
            return {}
        if roster is not before:
            if before is None or (roster.members, roster.rows) != (before.members, before.rows):
                paused = (name for name, row in roster.rows.items() if row.paused)
                self._owners = shared(roster.members, paused)
            self._shared_of = roster
        return self._owners

    def _only_mistaken(self, name: str) -> bool:
        one, roster = self.known[name], self.roster
        paused = roster is not None and name in roster.rows and roster.rows[name].paused
        return one.trouble is not None and not paused and name not in self._owned()

    def _owned(self) -> set[str]:
        roster = self.roster
        members = () if roster is None else roster.members
        return {name for member in members for name in member.pairs}

    async def _run(self, runner: Runner) -> None:
        try:
            await runner.run()
        finally:
            del self.runners[runner.name]
            self._news.set()

    def _overloaded(self) -> bool:
        """Whether pairs wait until one of them has done with the database."""
        return self.threads.statistics().tasks_waiting > 0

    def _place(self, config: Config) -> Place:
        service = config.engine.service
        database = database_at(self.fleet.service, service.state_schema, "[service] state")
        return StateDatabase(service.state_dir, database, self.fleet.service.lease_s, self)

    async def _watch_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
            async for number in received:
                name = signal.Signals(number).name
                if number == signal.SIGHUP:
                    self._look_now = True
                    self._news.set()
                elif self.stop.is_set():
                    log.warning("stopping_at_once", signal=name)
                    self._whole.cancel()
                else:
                    log.info("stopping", signal=name, pairs=len(self.runners))
                    self.notifier.stopping(f"stopping {len(self.runners)} pairs")
                    self.stop.set()
                    self._news.set()
                    self.keeper.soon()

    async def _say_that_all_is_well(self) -> None:
        every_s = min(ALIVE_S, (self.notifier.watchdog_s or ALIVE_S * 3) / 3)
        while True:
            logs.flush_repeats()
            self.notifier.alive()
            self.notifier.status(self.line())
            await anyio.sleep(every_s)

    def line(self) -> str:
        """How it does, in one line."""
        if self.trouble is not None:
            return f"the register cannot be reached: {self.trouble.message}"
        return f"works on {len(self.runners)} of {len(self.known)} pairs"


def _say_trouble(one: Known, before: Known | None) -> None:
    """Say why a pair cannot be worked with, where that was not said before."""
    if one.trouble is None:
        return
    told = None if before is None or before.trouble is None else before.trouble.message
    if one.trouble.message != told:
        reason = logs.redact(one.trouble.message)
        log.error("pair_refused", pair=one.name, reason=reason, remedy=one.trouble.remedy)
