"""The commands about records: asked about, planned, acted on and undone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.options import ConfigOption, JsonOption, files


def _plan(
    *,
    ref: Annotated[
        list[str] | None,
        typer.Option(metavar="X", help="Only this record, by whatever you have in hand of it."),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only so many, drawn by lot.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            autocompletion=files,
            help="By the mapping in this file, which is not in force yet.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", autocompletion=files, help="Keep the plan, to apply it."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would be created, changed and flagged, and what it costs; does none of it.

    Example: wosync plan --out monday.plan

    Example: wosync plan --mapping new.toml --sample 50
    """
    from engine.cli.planning import plan

    raise typer.Exit(
        plan(config, refs=ref or [], sample=sample, mapping=mapping, out=out, as_json=as_json)
    )


def _apply(
    plan: Annotated[
        Path, typer.Argument(metavar="FILE", autocompletion=files, help="As plan --out wrote it.")
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do what a plan says and nothing else; leave out, with a list, what has changed since.

    Example: wosync apply monday.plan

    Example: wosync apply monday.plan --json
    """
    from engine.cli.applying import apply

    raise typer.Exit(apply(config, plan, as_json=as_json))


def _adopt(
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", autocompletion=files, help="Keep the plan, to apply it."),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with headings.")] = False,
) -> None:
    """Show what another program, such as the vendor's plugin, has left; does nothing about it.

    Example: wosync adopt --out plugin.plan

    Example: wosync adopt --csv
    """
    from engine.cli.adopting import adopt

    raise typer.Exit(adopt(config, out=out, as_json=as_json, as_csv=as_csv))


def _shadow(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="Every line.")] = False,
) -> None:
    """Show what `run --shadow` would have sent since it began, and what others have done of it.

    Example: wosync shadow

    Example: wosync shadow --json
    """
    from engine.cli.shadowing import shadow

    raise typer.Exit(shadow(config, as_json=as_json, everything=everything))


def _approve(
    *,
    only: Annotated[
        list[str] | None, typer.Option(metavar="X", help="Only this record, or person.")
    ] = None,
    beside: Annotated[
        list[str] | None, typer.Option("--except", metavar="X", help="Not this record, or person.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Show nothing, and ask nobody.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a mass change that was stopped for being larger than [fuse] allows; let it go on.

    Example: wosync approve

    Example: wosync approve --except OPP-17 --yes
    """
    from engine.cli.approving import approve

    raise typer.Exit(
        approve(config, only=only or [], beside=beside or [], yes=yes, as_json=as_json)
    )


def _history(
    *,
    x: Annotated[
        str | None,
        typer.Argument(
            metavar="[X]", help="A reference or id of either system, or the address of the record."
        ),
    ] = None,
    config: ConfigOption = None,
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Since then: 2h, or a date, with a time.")
    ] = None,
    run: Annotated[int | None, typer.Option(metavar="N", help="Of this run alone.")] = None,
    runs: Annotated[bool, typer.Option("--runs", help="List the runs, the latest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Lines of a page.")] = 100,
    page: Annotated[
        int, typer.Option(min=0, metavar="N", help="Which page; the latest without one.")
    ] = 0,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with headings.")] = False,
) -> None:
    """Show every decision about a record, with its reason and what was written for it.

    Example: wosync history OPP-17

    Example: wosync history --run 12 --csv
    """
    from engine.cli.history import Asked, history, list_runs

    if runs:
        raise typer.Exit(list_runs(config, limit=limit, page=page, as_json=as_json, as_csv=as_csv))
    asked = Asked(x, since, run, limit, page)
    raise typer.Exit(history(config, asked, as_json=as_json, as_csv=as_csv))


def _undo(
    *,
    x: Annotated[
        str | None,
        typer.Argument(
            metavar="[X]", help="A reference or id of either system, or the address of the record."
        ),
    ] = None,
    run: Annotated[
        int | None, typer.Option(metavar="N", help="What this run wrote; see history --runs.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="What was written since: 2h, or a date, with a time."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give back what was overwritten, where nobody has changed it since; shows it first.

    Example: wosync undo --run 12

    Example: wosync undo OPP-17 --since 2h --yes
    """
    from engine.cli.undoing import undo

    raise typer.Exit(undo(config, x, run=run, since=since, yes=yes, as_json=as_json))


def _why(
    x: Annotated[
        str,
        typer.Argument(
            metavar="X", help="A reference or id of either system, or the address of the record."
        ),
    ],
    config: ConfigOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask neither system: say what is known.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say why an opportunity or person is in step or not, and what to do.

    Example: wosync why OPP-17

    Example: wosync why https://web.example.com/prospects/4711 --offline
    """
    from engine.cli.why import why

    raise typer.Exit(why(config, x, offline=offline, as_json=as_json))


def _list(
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="What waits.")] = False,
    held: Annotated[bool, typer.Option("--held", help="What the fuse holds.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="What is in error.")] = False,
    doubt: Annotated[bool, typer.Option("--doubt", help="What may have been created.")] = False,
    vanished: Annotated[
        bool, typer.Option("--vanished", help="What the source shows no more.")
    ] = False,
    people: Annotated[bool, typer.Option("--people", help="People who are held back.")] = False,
    skipped: Annotated[
        bool, typer.Option("--skipped", help="What an operator has told us to leave alone.")
    ] = False,
    blank: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="What has this field blank in the target, and why."),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="reason", help="Grouped by reason, with numbers.")
    ] = None,
    sort: Annotated[
        str, typer.Option(metavar="since|ref|reason", help="What is sorted by.")
    ] = "since",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Records of a page; 100 of a table."),
    ] = None,
    page: Annotated[int, typer.Option(min=1, metavar="N", help="Which page.")] = 1,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with headings.")] = False,
) -> None:
    """List the records that wait, are held, refused, or lack a field, since when and why.

    Example: wosync list --waiting --by reason

    Example: wosync list --blank owner --csv
    """
    from engine.cli.listing import Asked, list_records

    given = {
        "waiting": waiting,
        "held": held,
        "refused": refused,
        "doubt": doubt,
        "vanished": vanished,
        "people": people,
        "skipped": skipped,
    }
    kinds = [name for name, wanted in given.items() if wanted]
    asked = Asked(kinds, blank, by, sort, descending=reverse, limit=limit, page=page)
    raise typer.Exit(list_records(config, asked, as_json=as_json, as_csv=as_csv))


_NamesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="X...", help="References or ids of either system, or addresses of the records."
    ),
]


def _retry(
    x: Annotated[
        list[str] | None,
        typer.Argument(metavar="[X]...", help="References, ids or addresses of the records."),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="Everything that is refused for this reason."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is refused.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reset our error flags and try the records again; a flag of somebody else stays.

    Example: wosync retry OPP-17 PERS-4

    Example: wosync retry --reason value-too-long
    """
    from engine.cli.acting import retry

    raise typer.Exit(retry(config, x or [], code=reason, everything=everything, as_json=as_json))


def _skip(
    x: _NamesArgument,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for colleagues.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Leave opportunities or people alone, whatever the source says, until they are unskipped.

    Example: wosync skip OPP-17 --reason "being merged with OPP-9"

    Example: wosync skip PERS-4 PERS-5 --reason "asked not to be contacted"
    """
    from engine.cli.acting import skip

    raise typer.Exit(skip(config, x, reason=reason, as_json=as_json))


def _unskip(x: _NamesArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Leave opportunities or people alone no more; they are looked at now.

    Example: wosync unskip OPP-17

    Example: wosync unskip PERS-4 PERS-5
    """
    from engine.cli.acting import unskip

    raise typer.Exit(unskip(config, x, as_json=as_json))


def _resync(x: _NamesArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read what the target holds of these records anew, and repair what differs.

    Example: wosync resync OPP-17

    Example: wosync resync https://web.example.com/opportunities/4711 --json
    """
    from engine.cli.acting import resync

    raise typer.Exit(resync(config, x, as_json=as_json))


def _explain(
    code: Annotated[
        str | None,
        typer.Argument(metavar="[CODE]", help="Such as owner-unknown; all without one."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a reason means, why it is so, and what to do; list them all without a code."""
    from engine.cli.explaining import explain

    raise typer.Exit(explain(code, as_json=as_json))


COMMANDS = (
    ("why", _why),
    ("list", _list),
    ("history", _history),
    ("undo", _undo),
    ("explain", _explain),
    ("plan", _plan),
    ("apply", _apply),
    ("adopt", _adopt),
    ("shadow", _shadow),
    ("approve", _approve),
    ("retry", _retry),
    ("skip", _skip),
    ("unskip", _unskip),
    ("resync", _resync),
)
