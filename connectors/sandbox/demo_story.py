"""The demo's story: start, first synchronisation, a working day, and what came of it."""

import signal
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Protocol

import anyio
import anyio.abc
from rich.console import Console
from rich.markup import escape

from connectors.sandbox import demo_view as view
from connectors.sandbox.demo_edits import Change, Person
from connectors.sandbox.demo_people import TabKeeper
from connectors.sandbox.demo_service import DemoFailed, Look, Service, running_service
from connectors.sandbox.demo_tally import related, tally, written_back
from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import SettingsFile, write_settings

LOOK_EVERY_S = 0.2
KEEP_EDIT_EVERY_S = 4.0
PATIENCE_S = 60.0
# Enough for the table to be seen moving.
LATENCY_S = 0.005
OWNERS_TTL_S = 5


class Demo:
    """One run of the demo in a prepared directory.

    Args:
        keep: go on after the story, until told to stop.
        command: replaces the service's own command line.
        patience_s: how long anything may take before the demo gives up.
    """

    def __init__(
        self,
        console: Console,
        home: Path,
        *,
        keep: bool = False,
        command: Sequence[str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._console = console
        self._home = home
        self._command = command
        self._patience_s = patience_s
        self.keep = keep
        self.shown = False
        self._sandbox = Sandbox(SandboxOptions(latency_s=LATENCY_S, mint_interval_s=0))
        self._person = Person(self._sandbox)
        self._tab_keeper = TabKeeper(self._sandbox)

    async def run(self) -> None:
        """Everything, from the first server to the last line.

        Raises:
            DemoFailed: the service ended, or something took longer than the patience.
            OSError: a port or a file cannot be had.
        """
        console, sandbox = self._console, self._sandbox
        async with sandbox.serving(Ports()) as addresses:
            view.opening(console, addresses, sandbox.sample.opportunities)
            settings = write_settings(
                self._home, addresses, sandbox.credentials, owners_ttl_s=OWNERS_TTL_S
            )
            async with running_service(settings, self._command) as service:
                view.heading(console, "1  The first synchronisation")
                await self._settle(service)
                view.heading(console, "2  A working day in Workbooks")
                await self._work(service)
                await self._close(service, settings)
                if self.keep:
                    await self._go_on(service)

    def farewell(self) -> None:
        """Say that everything has been stopped."""
        self._console.print("\n   Stopped; nothing goes on running.")

    async def _settle(self, service: Service) -> Look:
        """Watch until nothing is on its way any more."""
        started, linked = anyio.current_time(), -1
        with view.Board(self._console) as board:
            while True:
                look = await service.look()
                elapsed_s = anyio.current_time() - started
                arrived = view.Arrived(written_back(self._sandbox), related(self._sandbox))
                picture, line = view.progress(look, arrived, elapsed_s)
                board.show(picture, line, elapsed_s)
                if look is not None and look.at_rest and look.linked == linked:
                    board.say(line)
                    return look
                linked = -1 if look is None or not look.at_rest else look.linked
                if elapsed_s > self._patience_s:
                    reason = f" It says: {look.reason}." if look and look.reason else ""
                    raise DemoFailed(
                        f"Nothing has settled within {self._patience_s:.0f} seconds.{reason}"
                        f"{service.log_end()}"
                    )
                await anyio.sleep(LOOK_EVERY_S)

    async def _work(self, service: Service) -> None:
        changes = [*self._person.everything(), *self._tab_keeper.everything()]
        with view.Board(self._console) as board:
            await self._follow(service, changes, board)

    async def _follow(self, service: Service, changes: list[Change], board: view.Board) -> None:
        """Watch until every change has arrived."""
        started = anyio.current_time()
        while True:
            elapsed_s = anyio.current_time() - started
            for change in changes:
                if change.look(elapsed_s):
                    board.say(view.change_line(change))
            if board.redraws:
                board.show(view.changes_table(changes), "", elapsed_s)
            missing = [change.ref for change in changes if change.arrived_s is None]
            if not missing:
                return
            if elapsed_s > self._patience_s:
                raise DemoFailed(
                    f"After {self._patience_s:.0f} seconds, edits have not arrived in Outreach:"
                    f" {', '.join(missing)}.{service.log_end()}"
                )
            await service.look()
            await anyio.sleep(LOOK_EVERY_S)

    async def _close(self, service: Service, settings: SettingsFile) -> None:
        console = self._console
        view.heading(console, "3  What happened")
        look = await self._rest(service)
        view.summary(console, tally(self._sandbox), look)
        view.heading(console, "Left in error, each for its own reason")
        view.refusals_table(console, look.refusals)
        view.heading(console, "Where to look next")
        view.whereabouts(console, settings, service.log_path, look.refusals)
        self.shown = True

    async def _rest(self, service: Service) -> Look:
        """A last look, once what the edits caused is done."""
        look: Look | None = None
        with anyio.move_on_after(self._patience_s):
            while look is None or not look.at_rest:
                await anyio.sleep(LOOK_EVERY_S)
                look = await service.look()
        if look is None:
            raise DemoFailed(f"The service does not answer any more.{service.log_end()}")
        return look

    async def _go_on(self, service: Service) -> None:
        view.heading(self._console, "Going on until Ctrl-C, with an edit every few seconds")
        for edit in cycle((self._person.edits_amount, self._tab_keeper.changes)):
            change = edit()
            started = anyio.current_time()
            while not change.look(anyio.current_time() - started):
                await service.look()
                await anyio.sleep(LOOK_EVERY_S)
            self._console.print(f"   {escape(view.change_line(change))}", soft_wrap=True)
            await anyio.sleep(KEEP_EDIT_EVERY_S)


class Story(Protocol):
    """What is told by `wosync demo`; see `Demo`."""

    keep: bool
    shown: bool

    async def run(self) -> None:
        """See `Demo.run`."""
        ...

    def farewell(self) -> None:
        """See `Demo.farewell`."""
        ...


async def watched(story: Story) -> int:
    """Run until done or told to stop by SIGINT, SIGTERM or SIGHUP; the exit code.

    Raises:
        DemoFailed, OSError: see `Demo.run`.
    """
    stopped_by: list[int] = []
    failures: list[DemoFailed | OSError] = []
    async with anyio.create_task_group() as tasks:

        async def watch(*, task_status: anyio.abc.TaskStatus[None]) -> None:
            caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            with anyio.open_signal_receiver(*caught) as signals:
                task_status.started()
                async for number in signals:
                    stopped_by.append(number)
                    tasks.cancel_scope.cancel()

        await tasks.start(watch)
        try:
            await story.run()
        except (DemoFailed, OSError) as error:
            # Kept for outside: a task group would wrap it.
            failures.append(error)
        tasks.cancel_scope.cancel()
    if failures:
        raise failures[0]
    if not stopped_by:
        return 0
    story.farewell()
    return 0 if story.keep and story.shown else 128 + stopped_by[0]
