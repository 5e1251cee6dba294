"""The commands about the service: set up, run, checked and watched."""

from __future__ import annotations

from pathlib import Path

from engine.cli.services import CONFIG, FLEET, OF_A_PAIR
from engine.command import JSON, Argument, Command, flag, option


def _run(config: Path | None, *, shadow: bool) -> int:
    """Run the service in the foreground until SIGTERM or Ctrl-C; the same code as under systemd.

    Example: wosync run

    Example: wosync run --shadow
    """
    import signal

    # Without anybody to take it, the signal for a reload would end a service that is starting.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from engine.lean import load

    load()
    from engine.cli.running import run

    return run(config, shadow=shadow)


def _fleet(config: Path | None) -> int:
    """Run a process that shares the pairs of a fleet with others, in the foreground.

    Example: wosync fleet --config /etc/wosync/fleet.toml
    """
    import signal

    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from engine.lean import load

    load()
    from engine.cli.running import fleet

    return fleet(config)


def _once(config: Path | None, *, as_json: bool) -> int:
    """Poll once, drain everything due with its write-backs, and exit."""
    from engine.lean import load

    load()
    from engine.cli.running import once

    return once(config, as_json=as_json)


def _check(config: Path | None, *, as_json: bool) -> int:
    """Check configuration, credentials, fields and connectivity; changes no record."""
    from engine.lean import load

    load()
    from engine.cli.checking import check

    return check(config, as_json=as_json)


def _init(
    config: Path | None,
    *,
    yes: bool,
    answer: tuple[str, ...],
    secret: tuple[str, ...],
    systemd_creds: bool,
) -> int:
    """Ask for what the service needs, try each answer, and write the configuration."""
    from engine.cli.asker import Flags, pairs
    from engine.cli.initialising import init

    flags = Flags(pairs(answer, "--answer"), pairs(secret, "--secret"))
    return init(config, yes=yes, flags=flags, systemd_creds=systemd_creds, authorise=True)


def _auth(
    config: Path | None, *, code: str | None, paste: bool, redirect_uri: str | None, address: bool
) -> int:
    """Have a person authorise the service, also while it runs, and say what was granted."""
    from engine.cli.authorising import auth

    return auth(config, code=code, paste=paste, redirect_uri=redirect_uri, only_show=address)


def _status(config: Path | None, *, as_json: bool, everything: bool) -> int:
    """Show how the service and both systems do, what waits, what is in error, and what helps.

    Example: wosync status

    Example: wosync status --json
    """
    from engine.cli.showing import status

    return status(config, as_json=as_json, everything=everything)


def _top(config: Path | None, *, as_json: bool) -> int:
    """Show the same as status, live and in place, until q or Ctrl-C.

    Example: wosync top

    Example: wosync top --json
    """
    from engine.cli.top import top

    return top(config, as_json=as_json)


def _report(
    date: str | None, config: Path | None, *, day: bool, as_html: bool, as_json: bool
) -> int:
    """Sum up a day: in step, waiting and on whom, refused, calls, slowest record, settings.

    Example: wosync report --day

    Example: wosync report --day 2026-11-29 --html > day.html
    """
    from engine.cli.report import report

    return report(config, date, by_day=day, as_html=as_html, as_json=as_json)


def _mapping(config: Path | None, *, as_json: bool) -> int:
    """Show the mapping in force: what fills each field, and who asked for it."""
    from engine.cli.mapping import mapping

    return mapping(config, as_json=as_json)


_INIT = (
    CONFIG,
    flag("--yes", help="Ask nothing; for scripts, with --answer and --secret."),
    option("--answer", metavar="TABLE.KEY=VALUE", multiple=True, help="One answer."),
    option("--secret", metavar="TABLE.KEY=FILE", multiple=True, help="A file with one secret."),
    flag("--systemd-creds", help="Store no secret; print what encrypts them."),
)
_AUTH = (
    *OF_A_PAIR,
    option(
        "--code",
        metavar="<str>",
        help="The code, or the address the browser was led to; - reads it from standard input.",
    ),
    flag("--paste", help="Paste the answer; for a browser on another machine."),
    option("--redirect-uri", metavar="<str>", help="As it is registered with the application."),
    flag("--address", help="Print the address of the consent page, and no more."),
)
_REPORT = (
    flag("--day", help="About one day."),
    Argument(
        "date",
        metavar="[DATE]",
        required=False,
        help="Such as 2026-11-29; today without one.",
    ),
    *OF_A_PAIR,
    flag("--html", "as_html", help="A page to send on."),
    JSON,
)
COMMANDS = (
    Command(
        "run",
        _run,
        CONFIG,
        flag("--shadow", help="Send nothing that changes anything; see what would be sent."),
    ),
    Command("fleet", _fleet, FLEET),
    Command("once", _once, CONFIG, JSON),
    Command("init", _init, *_INIT),
    Command("auth", _auth, *_AUTH),
    Command("check", _check, *OF_A_PAIR, JSON),
    Command(
        "status",
        _status,
        *OF_A_PAIR,
        JSON,
        flag("--all", "everything", help="Every record in error."),
    ),
    Command("top", _top, *OF_A_PAIR, JSON),
    Command("report", _report, *_REPORT),
    Command("mapping", _mapping, *OF_A_PAIR, JSON),
)
