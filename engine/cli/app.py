"""The command line, assembled from small commands; connectors add theirs by entry point."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from engine.about import PROGRAM, about
from engine.cli.exits import Exit, complain, report
from engine.cli.groups import Group, add_groups
from engine.cli.misuse import explained
from engine.cli.options import ConfigOption, JsonOption, files
from engine.cli.output import ReaderGone, guarded
from engine.errors import first_engine_error


class Shell(StrEnum):
    """Shells in which the command line can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def _run(
    config: ConfigOption = None,
    shadow: Annotated[
        bool,
        typer.Option(
            "--shadow", help="Send nothing that changes anything; see what would be sent."
        ),
    ] = False,
) -> None:
    """Run the service in the foreground until SIGTERM or Ctrl-C; the same code as under systemd.

    Example: wosync run

    Example: wosync run --shadow
    """
    # Without anybody to take it, the signal for a reload would end a service that is starting.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from engine.cli.running import run

    raise typer.Exit(run(config, shadow=shadow))


def _once(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Poll once, drain everything due with its write-backs, and exit."""
    from engine.cli.running import once

    raise typer.Exit(once(config, as_json=as_json))


def _check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check configuration, credentials, fields and connectivity; changes no record."""
    from engine.cli.checking import check

    raise typer.Exit(check(config, as_json=as_json))


def _init(
    config: ConfigOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; for scripts, with --answer and --secret.")
    ] = False,
    answer: Annotated[
        list[str] | None, typer.Option(metavar="TABLE.KEY=VALUE", help="One answer.")
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(metavar="TABLE.KEY=FILE", help="A file with one secret.")
    ] = None,
    systemd_creds: Annotated[
        bool,
        typer.Option("--systemd-creds", help="Store no secret; print what encrypts them."),
    ] = False,
) -> None:
    """Ask for what the service needs, try each answer, and write the configuration."""
    from engine.cli.asker import Flags, pairs
    from engine.cli.initialising import init

    flags = Flags(pairs(answer or [], "--answer"), pairs(secret or [], "--secret"))
    raise typer.Exit(
        init(config, yes=yes, flags=flags, systemd_creds=systemd_creds, authorise=True)
    )


def _auth(
    config: ConfigOption = None,
    code: Annotated[
        str | None,
        typer.Option(
            help="The code, or the address the browser was led to; - reads it from standard input."
        ),
    ] = None,
    paste: Annotated[
        bool, typer.Option("--paste", help="Paste the answer; for a browser on another machine.")
    ] = False,
    redirect_uri: Annotated[
        str | None,
        typer.Option("--redirect-uri", help="As it is registered with the application."),
    ] = None,
    address: Annotated[
        bool, typer.Option("--address", help="Print the address of the consent page, and no more.")
    ] = False,
) -> None:
    """Have a person authorise the service, also while it runs, and say what was granted."""
    from engine.cli.authorising import auth

    raise typer.Exit(
        auth(config, code=code, paste=paste, redirect_uri=redirect_uri, only_show=address)
    )


def _status(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    everything: Annotated[bool, typer.Option("--all", help="Every record in error.")] = False,
) -> None:
    """Show how the service and both systems do, what waits, what is in error, and what helps.

    Example: wosync status

    Example: wosync status --json
    """
    from engine.cli.showing import status

    raise typer.Exit(status(config, as_json=as_json, everything=everything))


def _top(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the same as status, live and in place, until q or Ctrl-C.

    Example: wosync top

    Example: wosync top --json
    """
    from engine.cli.top import top

    raise typer.Exit(top(config, as_json=as_json))


def _report(
    *,
    day: Annotated[bool, typer.Option("--day", help="About one day.")] = False,
    date: Annotated[
        str | None, typer.Argument(metavar="[DATE]", help="Such as 2026-11-29; today without one.")
    ] = None,
    config: ConfigOption = None,
    as_html: Annotated[bool, typer.Option("--html", help="A page to send on.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Sum up a day: in step, waiting and on whom, refused, calls, slowest record, settings.

    Example: wosync report --day

    Example: wosync report --day 2026-11-29 --html > day.html
    """
    from engine.cli.report import report

    raise typer.Exit(report(config, date, by_day=day, as_html=as_html, as_json=as_json))


def _mapping(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the mapping in force: what fills each field, and who asked for it."""
    from engine.cli.mapping import mapping

    raise typer.Exit(mapping(config, as_json=as_json))


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
    by: Annotated[
        str | None, typer.Option(metavar="reason", help="Grouped by reason, with numbers.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated, with headings.")] = False,
) -> None:
    """List the records that wait, are held, refused, in doubt or gone, since when and why.

    Example: wosync list --waiting --by reason

    Example: wosync list --refused --csv
    """
    from engine.cli.listing import list_records

    given = {
        "waiting": waiting,
        "held": held,
        "refused": refused,
        "doubt": doubt,
        "vanished": vanished,
        "people": people,
    }
    kinds = [name for name, wanted in given.items() if wanted]
    raise typer.Exit(list_records(config, kinds, by=by, as_json=as_json, as_csv=as_csv))


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


def _reload(config: ConfigOption = None) -> None:
    """Let the running service read its configuration again; all of it is applied, or nothing."""
    from engine.cli.reloading import reload

    raise typer.Exit(reload(config))


def _tune(
    config: ConfigOption = None,
    over_s: Annotated[
        float, typer.Option("--over", min=1, max=3600, metavar="SECONDS", help="How long to look.")
    ] = 10,
    as_json: JsonOption = False,
) -> None:
    """Say what limits the running service, and which setting would change that."""
    from engine.cli.tuning import tune

    raise typer.Exit(tune(config, over_s=over_s, as_json=as_json))


def _completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="The shell that is to read it.")],
) -> None:
    """Print the script by which a shell completes commands and options."""
    from typer.completion import show_callback

    # What `--show-completion` does, but for the shell that is named and not for the one that runs.
    show_callback(context, context.command.params[0], shell.value)


def _help(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="Of this command; of all without one."),
    ] = None,
) -> None:
    """Show what a command does and which options it takes."""
    application()([*(words or []), "--help"], prog_name=PROGRAM, standalone_mode=False)


_COMMANDS = (
    ("run", _run),
    ("once", _once),
    ("init", _init),
    ("auth", _auth),
    ("check", _check),
    ("status", _status),
    ("top", _top),
    ("report", _report),
    ("mapping", _mapping),
    ("why", _why),
    ("list", _list),
    ("history", _history),
    ("undo", _undo),
    ("explain", _explain),
    ("plan", _plan),
    ("apply", _apply),
    ("shadow", _shadow),
    ("approve", _approve),
    ("retry", _retry),
    ("skip", _skip),
    ("unskip", _unskip),
    ("resync", _resync),
    ("reload", _reload),
    ("tune", _tune),
    ("completion", _completion),
    ("help", _help),
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {about().version}")
        raise typer.Exit


def application() -> typer.Typer:
    """Build the command tree; connector commands are listed by name and loaded when called."""
    app = typer.Typer(
        name=PROGRAM,
        cls=Group,
        help=about().summary,
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(  # pyright: ignore[reportUnusedFunction] # registered by the decorator
        version: Annotated[  # acted on by its callback
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
        ] = False,
    ) -> None: ...

    for name, command in _COMMANDS:
        app.command(name)(command)
    add_groups(app)
    for entry in sorted(entry_points(group="wosync.commands"), key=lambda entry: entry.name):
        app.command(entry.name)(entry.load())
    return app


def start(words: Sequence[str]) -> int:
    """Run one command line; every known error ends in a paragraph and a code, not a traceback."""
    try:
        with guarded():
            outcome = application()(list(words), prog_name=PROGRAM, standalone_mode=False)
    except TyperException as error:
        complain(explained(error, words))
        return Exit.USAGE
    except (typer.Abort, KeyboardInterrupt):
        return Exit.INTERRUPTED
    except Exception as error:
        known = first_engine_error(error)
        if known is None:
            raise
        return Exit.DONE if isinstance(known, ReaderGone) else report(known)
    return outcome if isinstance(outcome, int) else Exit.DONE
