"""`wosync demo`: the real service between two local systems, watched for half a minute.

Everything heavy is imported when the command runs, so that listing the commands stays fast.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on, with an edit every few seconds, until Ctrl-C.")
    ] = False,
    directory: Annotated[
        Path | None,
        typer.Option(
            # No words of ours: the shell offers the directories there are.
            autocompletion=lambda: (),
            help="Where configuration, state and log go; a new one by default.",
        ),
    ] = None,
) -> None:
    """Show the service at work between local stand-ins for both systems; needs no account."""
    import anyio
    from rich.console import Console
    from rich.markup import escape

    from connectors.sandbox.demo_service import DemoFailed
    from connectors.sandbox.demo_story import Demo, watched
    from connectors.sandbox.settings_file import occupied

    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        with occupied(directory or Path(tempfile.mkdtemp(prefix="wosync-demo-"))) as home:
            code = anyio.run(watched, Demo(console, home, keep=keep))
    except (DemoFailed, OSError) as error:
        errors.print(f"\nThe demo cannot go on: {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    raise typer.Exit(code)


if __name__ == "__main__":
    typer.run(demo)
