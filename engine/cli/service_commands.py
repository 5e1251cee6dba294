"""The commands about the service: set up, run, checked and watched."""

from __future__ import annotations

import signal
from typing import Annotated

import typer

from engine.cli.options import ConfigOption, JsonOption


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


COMMANDS = (
    ("run", _run),
    ("once", _once),
    ("init", _init),
    ("auth", _auth),
    ("check", _check),
    ("status", _status),
    ("top", _top),
    ("report", _report),
    ("mapping", _mapping),
)
