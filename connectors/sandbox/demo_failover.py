"""The story of `wosync demo --ha`: one process is killed in the middle, another goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from rich.console import Console

from connectors.sandbox import demo_failover_view as view
from connectors.sandbox.demo_database import driver, running_database
from connectors.sandbox.demo_edits import Change, Person
from connectors.sandbox.demo_failover_view import Turn
from connectors.sandbox.demo_pair import Member, Pair, Part, pair
from connectors.sandbox.demo_people import TabKeeper
from connectors.sandbox.demo_service import DemoFailed, Look
from connectors.sandbox.demo_tally import missed, tally, written_back
from connectors.sandbox.demo_view import Board, change_line, heading
from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Ports, Sandbox, SandboxOptions

LOOK_EVERY_S = 0.1
PATIENCE_S = 60.0
# Slow enough that it is killed in the middle, and sends nothing for nothing.
SLOW_S, QUICK_S = 0.15, 0.005
# So many creates go well; these after them are carried out, and not answered before it is killed.
WELL, UNHEARD, HELD_S = 100, 3, 3.0
# Looks in a row that find nothing left to do.
CALM = 3


@dataclass(slots=True)
class _Edits:
    """What somebody did just now, followed until it shows on the other side."""

    changes: Sequence[Change]
    _made_at: float = field(default_factory=anyio.current_time)

    @property
    def elapsed_s(self) -> float:
        """Seconds since then."""
        return anyio.current_time() - self._made_at

    def arrived(self) -> bool:
        """Look whether all have."""
        for change in self.changes:
            change.look(self.elapsed_s)
        return all(change.arrived_s is not None for change in self.changes)


class Failover:
    """One run of it in a prepared directory.

    Args:
        command: replaces the service's own command line.
        patience_s: how long anything may take before the demo gives up.
    """

    keep = False

    def __init__(
        self,
        console: Console,
        home: Path,
        *,
        command: Sequence[str] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._console = console
        self._home = home
        self._command = command
        self._patience_s = patience_s
        self.shown = False
        options = SandboxOptions(latency_s=QUICK_S, mint_interval_s=0)
        self._sandbox = Sandbox(options)
        self._person = Person(self._sandbox)
        self._tab_keeper = TabKeeper(self._sandbox)
        self._turns: list[Turn] = []
        self._there = len(self._sandbox.outreach.opportunities)

    async def run(self) -> None:
        """Everything, from the database to the last line.

        Raises:
            NothingToRun: something that it needs is not on this machine.
            DemoFailed: a process ended, or something took longer than the patience.
            OSError: a port or a file cannot be had.
        """
        driver()
        sandbox, console = self._sandbox, self._console
        async with (
            running_database() as database,
            sandbox.serving(Ports()) as addresses,
            pair(self._home, addresses, sandbox.credentials, database, self._command) as both,
        ):
            view.opening(console, addresses, database, sandbox.sample.opportunities)
            heading(console, "1  Two processes, one state")
            await self._begin(both)
            heading(console, "2  The one that works is killed in the middle of it")
            killed = await self._kill(both)
            heading(console, "3  The other one takes over")
            await self._take_over(both, killed)
            heading(console, "4  In order, as for an upgrade")
            await self._hand_over(both, killed)
            heading(console, "5  What happened")
            view.summary(console, tally(sandbox), missed(sandbox), self._turns)
            heading(console, "Where to look next")
            view.whereabouts(console, both)
            self.shown = True

    def farewell(self) -> None:
        """Say that everything has been stopped."""
        self._console.print("\n   Stopped; nothing goes on running.")

    async def _begin(self, both: Pair) -> None:
        self._sandbox.outreach_traffic.latency_s = SLOW_S
        self._sandbox.outreach_traffic.plan.add(
            Fault(
                method="POST",
                path="/opportunities$",
                when="after",
                action="delay",
                delay_s=HELD_S,
                skip=WELL,
                times=UNHEARD,
            )
        )
        for member in both.members:
            await member.start()
        await self._until(
            both,
            lambda: {one.part for one in both.members} == {Part.LEADS, Part.STANDS_BY},
            "one of both processes leads, and the other stands by",
        )
        await self._next_turn(both)
        view.roles(self._console, both, self._turns[-1].number)

    async def _kill(self, both: Pair) -> Member:
        """Have it work, and kill it; returns who it was."""
        plan = self._sandbox.outreach_traffic.plan
        with Board(self._console) as board:
            await self._until(
                both, lambda: not plan.waiting, "creates have been sent to Outreach", board
            )
        victim = self._leader(both)
        pid = victim.pid
        await victim.kill()
        self._sandbox.outreach_traffic.latency_s = QUICK_S
        view.said(
            self._console,
            f"kill -9 {pid}: {victim.name} is gone; at least {UNHEARD} creates were carried out"
            " whose answers it never heard.",
        )
        return victim

    async def _take_over(self, both: Pair, killed: Member) -> None:
        """See the other one take over, and finish the work."""
        edits = _Edits(
            [self._person.edits_amount(), *self._person.wins_a_lead(), self._tab_keeper.adds()]
        )
        with Board(self._console) as board:
            await self._until(both, lambda: both.leader is not None, "another one leads", board)
        turn = await self._next_turn(
            both, f"{edits.elapsed_s:.1f} s after {killed.name} was killed"
        )
        view.said(self._console, f"{turn.name} leads, number {turn.number}, {turn.after}.")
        with Board(self._console) as board:
            doubtful = await self._until_at_rest(both, edits, board)
        view.said(self._console, f"Creates in doubt: {doubtful}. What was found is not sent again.")
        self._console.print()
        view.said(self._console, "Edited while nobody worked:")
        self._tell(edits)

    async def _hand_over(self, both: Pair, killed: Member) -> None:
        """Start it again, and have the one that works stop for it."""
        await killed.start()
        await self._until(both, lambda: killed.part is Part.STANDS_BY, f"{killed.name} stands by")
        view.said(self._console, f"{killed.name} was started again, and stands by.")
        works = self._leader(both)
        edits = _Edits([self._person.reassigns()])
        await works.stop()
        await self._until(both, lambda: both.leader is not None, f"{killed.name} leads")
        turn = await self._next_turn(
            both, f"{edits.elapsed_s:.1f} s after {works.name} was told to stop"
        )
        view.said(self._console, f"{turn.name} leads, number {turn.number}, {turn.after}.")
        await self._until_at_rest(both, edits)
        self._tell(edits)

    def _tell(self, edits: _Edits) -> None:
        for change in edits.changes:
            view.said(self._console, change_line(change))

    async def _next_turn(self, both: Pair, after: str = "") -> Turn:
        turn = Turn(await both.lease_number(), self._leader(both).name, after)
        self._turns.append(turn)
        return turn

    def _leader(self, both: Pair) -> Member:
        leader = both.leader
        if leader is None:
            raise DemoFailed("Nobody leads any more.")
        return leader

    async def _until_at_rest(self, both: Pair, edits: _Edits, board: Board | None = None) -> int:
        """Watch until all has arrived; how many creates were in doubt meanwhile, at most."""
        calm = doubtful = 0

        def resting() -> bool:
            nonlocal calm, doubtful
            doubtful = max(doubtful, 0 if both.look is None else both.look.in_doubt)
            calm = calm + 1 if edits.arrived() and _rests(both.look) else 0
            return calm >= CALM

        await self._until(both, resting, "every edit has arrived and nothing is left to do", board)
        return doubtful

    async def _until(
        self, both: Pair, holds: Callable[[], bool], what: str, board: Board | None = None
    ) -> None:
        """Watch until it holds.

        Raises:
            DemoFailed: it takes longer than the patience.
        """
        started = anyio.current_time()
        while True:
            await both.ask()
            elapsed_s = anyio.current_time() - started
            done = holds()
            if board is not None:
                picture, line = view.work(
                    both.members, both.look, self._created(), written_back(self._sandbox), elapsed_s
                )
                board.show(picture, line, elapsed_s)
                if done:
                    board.say(line)
            if done:
                return
            if elapsed_s > self._patience_s:
                raise DemoFailed(
                    f"It takes longer than {self._patience_s:.0f} seconds until {what}."
                    f"{both.members[0].log_end()}{both.members[1].log_end()}"
                )
            await anyio.sleep(LOOK_EVERY_S)

    def _created(self) -> int:
        """Opportunities of Outreach that were not there before."""
        return len(self._sandbox.outreach.opportunities) - self._there


def _rests(look: Look | None) -> bool:
    return look is not None and look.at_rest and not look.in_doubt
