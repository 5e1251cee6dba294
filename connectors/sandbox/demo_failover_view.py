"""What the demo of a failover shows; see `demo_view`."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.markup import escape

from connectors.sandbox.demo_database import Database
from connectors.sandbox.demo_pair import Member, Pair, Part
from connectors.sandbox.demo_service import Look
from connectors.sandbox.demo_tally import Tally
from connectors.sandbox.demo_view import list_facts, plain_table
from connectors.sandbox.sandbox import Addresses

_STYLES = {
    Part.LEADS: "green",
    Part.KILLED: "red",
    Part.STOPPED: "yellow",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """Who led from when on.

    Args:
        after: what became of the one before, and how long nobody led; blank for the first.
    """

    number: int
    name: str
    after: str = ""


def opening(console: Console, addresses: Addresses, database: Database, records: int) -> None:
    """Say what is about to happen."""
    console.print("[bold]Workbooks to Outreach, by two processes, one of which is killed[/bold]\n")
    console.print(
        f"   Two local stand-ins, {records} sample opportunities in one of them, a database"
    )
    console.print("   of the demo's own, and two processes of the real service that share a state")
    console.print("   in it. Nothing leaves this machine.")
    console.print()
    list_facts(
        console,
        (
            ("Workbooks", addresses.workbooks),
            ("Outreach", addresses.outreach),
            (database.version, database.address),
        ),
    )


def roles(console: Console, pair: Pair, number: int) -> None:
    """Say who leads and who stands by."""
    list_facts(console, [(f"Process {one.name}", _told(one, number)) for one in pair.members])


def _told(member: Member, number: int) -> str:
    doing = f"{member.part}, number {number}" if member.part is Part.LEADS else f"{member.part}"
    return f"{doing} (pid {member.pid})" if member.pid else doing


def work(
    members: Sequence[Member], look: Look | None, created: int, ids: int, elapsed_s: float
) -> tuple[RenderableType, str]:
    """Both processes and the work: as a table and as a line.

    Args:
        look: what the leader says; None while nobody leads.
        created: opportunities of Outreach that were made, as it has them itself.
        ids: of those the ones whose id is back in Workbooks.
    """
    table = plain_table("Time", *(f"Process {one.name}" for one in members))
    for column in table.columns[1:]:
        column.min_width = len(Part.STANDS_BY)
    for name in ("Waiting", "In doubt", "Created", "Ids back"):
        table.add_column(name, justify="right")
    parts = ", ".join(f"{one.name} {_doing(one.part)}" for one in members)
    line = f"{elapsed_s:4.1f} s  {parts}: created {created}, ids back {ids}"
    told = ("·", "·")
    if look is not None:
        waiting = look.pending + look.to_relate
        told = (f"{waiting:,}", f"{look.in_doubt:,}")
        line += f", waiting {waiting}, in doubt {look.in_doubt}"
    parts_shown = (_styled(one.part) for one in members)
    table.add_row(f"{elapsed_s:.1f} s", *parts_shown, *told, f"{created:,}", f"{ids:,}")
    return table, line


def _doing(part: Part) -> str:
    return f"is {part}" if part in (Part.KILLED, Part.STOPPED) else str(part)


def _styled(part: Part) -> str:
    style = _STYLES.get(part)
    return f"[{style}]{part}[/{style}]" if style else str(part)


def said(console: Console, text: str) -> None:
    """One sentence of what happened."""
    console.print(f"   {escape(text)}", soft_wrap=True)


def summary(console: Console, tally: Tally, missed: int, turns: Sequence[Turn]) -> None:
    """What came of it, counted in the two systems, and who led."""
    list_facts(
        console,
        (
            ("Created in Outreach", f"{tally.created:,}"),
            ("Ids written back", f"{tally.written_back:,}"),
            ("Duplicates in Outreach", f"{tally.duplicates:,}"),
            ("Missed", f"{missed:,}"),
            *((f"Number {turn.number}", _turn(turn)) for turn in turns),
        ),
    )


def _turn(turn: Turn) -> str:
    return f"{turn.name}, {turn.after}" if turn.after else turn.name


def whereabouts(console: Console, pair: Pair) -> None:
    """Where to look next."""
    list_facts(
        console,
        [
            *(
                (f"Log of process {one.name}", str(one.settings.path.with_name("service.log")))
                for one in pair.members
            ),
            ("How it works", "docs/postgresql.md, One works, the others stand by"),
        ],
    )
