"""`wosync demo`: the real service between two local systems, watched for half a minute.

Everything heavy is imported when the command runs, so that listing the commands stays fast.
"""

import sys
from pathlib import Path

from engine import AnyPath, Command, flag, option


def _demo(directory: Path | None, *, keep: bool) -> int:
    """Show the service at work between local stand-ins for both systems; needs no account."""
    import tempfile

    import anyio
    from rich.console import Console
    from rich.markup import escape

    from connectors.sandbox.demo_service import DemoFailed
    from connectors.sandbox.demo_story import Demo, watched
    from connectors.sandbox.mishaps import told
    from connectors.sandbox.settings_file import occupied

    console = Console(highlight=False, emoji=False)
    errors = Console(stderr=True, highlight=False, emoji=False)
    try:
        with occupied(directory or Path(tempfile.mkdtemp(prefix="wosync-demo-"))) as home:
            code = anyio.run(watched, Demo(console, home, keep=keep))
    except (DemoFailed, OSError) as error:
        text = told(error) if isinstance(error, OSError) else str(error)
        errors.print(f"\nThe demo cannot go on: {escape(text)}", soft_wrap=True)
        return 1
    return code


demo = Command(
    "demo",
    _demo,
    flag("--keep", help="Go on, with an edit every few seconds, until Ctrl-C."),
    option(
        "--directory",
        metavar="<path>",
        type=AnyPath(),
        help="Where configuration, state and log go; a new one by default.",
    ),
)

if __name__ == "__main__":
    sys.exit(demo.main(standalone_mode=False))
