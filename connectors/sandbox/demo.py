"""`wosync demo`: the real service between two local systems, watched for half a minute.

With `--ha` two processes of it share a state in PostgreSQL, and the one that works is killed.

Everything heavy is imported when the command runs, so that listing the commands stays fast.
"""

import sys
from pathlib import Path

import click

from engine import AnyPath, Command, flag, option

# As sysexits.h has it: a program that is needed is not there.
_UNAVAILABLE = 69


def _demo(directory: Path | None, *, keep: bool, ha: bool) -> int:
    """Show the service at work between local stand-ins for both systems; needs no account."""
    if keep and ha:
        raise click.UsageError(
            "--keep goes with a single process; leave out one of --keep and --ha"
        )
    import tempfile

    import anyio
    from rich.console import Console
    from rich.markup import escape

    from connectors.sandbox.demo_database import NothingToRun
    from connectors.sandbox.demo_failover import Failover
    from connectors.sandbox.demo_service import DemoFailed
    from connectors.sandbox.demo_story import Demo, watched
    from connectors.sandbox.mishaps import told
    from connectors.sandbox.settings_file import occupied

    console = Console(highlight=False, emoji=False)
    errors = Console(stderr=True, highlight=False, emoji=False)
    try:
        with occupied(directory or Path(tempfile.mkdtemp(prefix="wosync-demo-"))) as home:
            story = Failover(console, home) if ha else Demo(console, home, keep=keep)
            code = anyio.run(watched, story)
    except NothingToRun as missing:
        errors.print(f"The demo cannot begin: {escape(str(missing))}", soft_wrap=True)
        return _UNAVAILABLE
    except (DemoFailed, OSError) as error:
        text = told(error) if isinstance(error, OSError) else str(error)
        errors.print(f"\nThe demo cannot go on: {escape(text)}", soft_wrap=True)
        return 1
    return code


demo = Command(
    "demo",
    _demo,
    flag("--keep", help="Go on, with an edit every few seconds, until Ctrl-C."),
    flag(
        "--ha",
        help="Two processes on a state in PostgreSQL: one is killed, the other takes over.",
    ),
    option(
        "--directory",
        metavar="<path>",
        type=AnyPath(),
        help="Where configuration, state and log go; a new one by default.",
    ),
)

if __name__ == "__main__":
    sys.exit(demo.main(standalone_mode=False))
