"""`wosync sandbox`: both systems on this machine, until Ctrl-C.

Everything heavy is imported when the command runs, so that listing the commands stays fast.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="Loopback port; 0 chooses one.")]


def sandbox(
    *,
    workbooks_port: PortOption = 0,
    outreach_port: PortOption = 0,
    control_port: PortOption = 0,
    directory: Annotated[
        Path | None,
        typer.Option(
            # No words of ours: the shell offers the directories there are.
            autocompletion=lambda: (),
            help="Where the configuration goes; a new one by default.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Chooses the sample data.")] = 1,
    bulk: Annotated[int, typer.Option(min=0, help="Rows of the sample's bulk import.")] = 240,
    latency_ms: Annotated[int, typer.Option(min=0, help="Added to every request.")] = 0,
    index_lag_s: Annotated[
        float, typer.Option(min=0, help="How long Outreach collections lag behind a write.")
    ] = 0.0,
    plugin_past: Annotated[
        bool, typer.Option("--plugin-past", help="The vendor's plugin has run on both before.")
    ] = False,
) -> None:
    """Run local stand-ins for Workbooks and Outreach, with sample data, until Ctrl-C."""
    import anyio
    from rich.console import Console

    from connectors.sandbox.sandbox import Ports, SandboxOptions
    from connectors.sandbox.settings_file import occupied
    from connectors.sandbox.showing import serve_until_told

    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    options = SandboxOptions(
        seed=seed,
        bulk=bulk,
        latency_s=latency_ms / 1000,
        index_lag_s=index_lag_s,
        past=plugin_past,
    )
    ports = Ports(workbooks_port, outreach_port, control_port)
    try:
        with occupied(directory or Path(tempfile.mkdtemp(prefix="wosync-sandbox-"))) as home:
            anyio.run(serve_until_told, console, options, ports, home)
    except OSError as error:
        errors.print(f"The sandbox cannot start: {error}", soft_wrap=True, markup=False)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    typer.run(sandbox)
