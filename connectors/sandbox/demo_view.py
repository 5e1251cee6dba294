"""What the demo shows: a live table on a terminal, plain lines everywhere else."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from connectors.sandbox.calling import program
from connectors.sandbox.demo_edits import Change
from connectors.sandbox.demo_service import Look, Refusal
from connectors.sandbox.demo_tally import Tally
from connectors.sandbox.sandbox import Addresses
from connectors.sandbox.settings_file import SettingsFile

LINE_EVERY_S = 2.0
_INDENT = (0, 0, 0, 3)


class Board:
    """One place on the screen that changes while it is watched.

    On a terminal it is redrawn in place and stays as it was last; elsewhere `line` is printed, at
    most every two seconds.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._next_line_s = LINE_EVERY_S
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, picture: RenderableType, line: str, elapsed_s: float) -> None:
        """Show the present state."""
        if self._live is not None:
            self._live.update(indented(picture), refresh=True)
        elif elapsed_s >= self._next_line_s:
            self._next_line_s = elapsed_s + LINE_EVERY_S
            self.say(line)

    def say(self, line: str) -> None:
        """Print a line where nothing is redrawn."""
        if self._live is None:
            self._console.print(f"   {escape(line)}", soft_wrap=True)

    @property
    def redraws(self) -> bool:
        """Whether the last picture stays on the screen."""
        return self._live is not None


def heading(console: Console, text: str) -> None:
    """Begin a part of the demo."""
    console.print(f"\n[bold]{escape(text)}[/bold]\n")


def opening(console: Console, addresses: Addresses, records: int) -> None:
    """Say what is about to happen."""
    console.print("[bold]Workbooks to Outreach, on this machine[/bold]\n")
    console.print(f"   Two local stand-ins, {records} sample opportunities in one of them, and the")
    console.print("   real service between the two. Nothing leaves this machine.")
    console.print()
    list_facts(console, (("Workbooks", addresses.workbooks), ("Outreach", addresses.outreach)))


@dataclass(frozen=True, slots=True)
class Arrived:
    """What can be seen in the two systems: ids written back, people related."""

    ids: int
    roles: int


def progress(look: Look | None, arrived: Arrived, elapsed_s: float) -> tuple[RenderableType, str]:
    """The first synchronisation: as a table and as a line."""
    table = plain_table("Time", "Captured", "Synced", "In\nerror", "Waiting", "Ids\nback", "Roles")
    # Nine columns fit into 80 characters only if they stand close together.
    table.padding = (0, 1, 0, 0)
    table.add_column("Requests\nWorkbooks", justify="right")
    table.add_column("Requests\nOutreach", justify="right")
    for column in table.columns:
        column.justify = "right"
    if look is None:
        table.add_row(f"{elapsed_s:.1f} s", *("·" for _ in table.columns[1:]))
        return table, f"{elapsed_s:4.1f} s  the service is starting"
    in_error = look.in_error + look.people_in_error
    waiting = look.pending + look.to_relate
    numbers = (look.captured, look.linked, in_error, waiting, arrived.ids, arrived.roles)
    requests = (look.workbooks_requests, look.outreach_requests)
    table.add_row(f"{elapsed_s:.1f} s", *(f"{number:,}" for number in (*numbers, *requests)))
    line = (
        f"{elapsed_s:4.1f} s  captured {look.captured}, synced {look.linked}, in error {in_error},"
        f" waiting {waiting}, ids back {arrived.ids}, roles {arrived.roles},"
        f" requests: Workbooks {requests[0]}, Outreach {requests[1]}"
    )
    return table, line


def changes_table(changes: Sequence[Change]) -> RenderableType:
    """Edits and what became of them."""
    table = plain_table("What somebody did", "Record", "Outreach before", "Outreach after")
    for column in table.columns[2:]:
        # Room for a date: folded, it would no longer be read as one.
        column.min_width = 10
    table.add_column("Arrived", justify="right", min_width=len("Arrived"), no_wrap=True)
    for change in changes:
        took = "…" if change.arrived_s is None else f"{change.arrived_s:.1f} s"
        after = "" if change.after is None else escape(change.after)
        table.add_row(change.what, change.ref, escape(change.before), after, took)
    return table


def change_line(change: Change) -> str:
    """One edit that has arrived."""
    return (
        f"{change.what}, {change.ref}: {change.before} → {change.after}"
        f" after {change.arrived_s or 0:.1f} s"
    )


def summary(console: Console, tally: Tally, look: Look) -> None:
    """What happened, in numbers."""
    people = tally.people
    each = (tally.per_record(tally.workbooks_requests), tally.per_record(tally.outreach_requests))
    list_facts(
        console,
        (
            ("Created in Outreach", f"{tally.created:,}"),
            ("Updates in Outreach", f"{tally.updated:,}"),
            ("Ids written back", f"{tally.written_back:,}"),
            (
                "Prospects",
                f"created {people.prospects_created:,}, adopted {people.prospects_adopted:,}",
            ),
            (
                "Roles",
                f"created {people.roles_created:,}, changed {people.roles_changed:,},"
                f" removed {people.roles_removed:,}",
            ),
            ("Lines held back", _held_back(people.held_back)),
            ("Duplicates in Outreach", f"{tally.duplicates:,}"),
            ("In error", f"opportunities {look.in_error:,}, people {look.people_in_error:,}"),
            ("Records written", f"{tally.records:,}: opportunities, prospects and roles"),
            ("Requests per record", f"Workbooks {each[0]:.2f}, Outreach {each[1]:.2f}"),
        ),
    )


def _held_back(reasons: Mapping[str, int]) -> str:
    lines = sum(reasons.values())
    told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    return f"{lines:,}: {told}" if lines else "0"


def refusals_table(console: Console, refusals: Sequence[Refusal]) -> None:
    """The records in error, with the reason a user of Workbooks needs."""
    table = plain_table("Record", "Field", "Why it cannot be synced")
    for refusal in refusals:
        table.add_row(refusal.ref or "·", refusal.field or "·", escape(refusal.reason))
    console.print(indented(table))


def whereabouts(
    console: Console, settings: SettingsFile, log_path: Path, refusals: Sequence[Refusal]
) -> None:
    """Where to look next."""
    config = str(settings.path)
    told = f"--config {shlex.quote(config)}"
    # Both systems end with the demo.
    why = [f"{program()} why {one.ref} --offline {told}" for one in refusals if one.ref]
    list_facts(
        console,
        (
            ("Configuration", config),
            ("Log of the service", str(log_path)),
            ("Its state", f"{program()} status {told}"),
            *(("Why a record failed", line) for line in why[:1]),
            ("A sandbox that stays", f"{program()} sandbox"),
            ("Your own systems", f"{program()} init, in an empty directory"),
        ),
    )


def plain_table(*columns: str) -> Table:
    """A table as the demo draws one."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def indented(picture: RenderableType) -> RenderableType:
    """The picture where the text of a part stands."""
    return Padding(picture, _INDENT, expand=False)


def list_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    """Lines of a name and what it is."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        # Addresses, paths and commands are there to be copied, so no line is ever folded.
        console.print(f"   {name:<{width}}   {escape(value)}", soft_wrap=True)
