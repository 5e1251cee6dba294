"""`wosync sandbox`: both systems on this machine, until Ctrl-C.

Everything heavy is imported when the command runs, so that listing the commands stays fast.
"""

import sys
from pathlib import Path

import click

from engine import AnyPath, Command, Number, Whole, flag, option


def _sandbox(
    directory: Path | None,
    *,
    workbooks_port: int,
    outreach_port: int,
    control_port: int,
    seed: int,
    bulk: int,
    latency_ms: int,
    index_lag_s: float,
    plugin_past: bool,
) -> int:
    """Run local stand-ins for Workbooks and Outreach, with sample data, until Ctrl-C."""
    import tempfile

    import anyio
    from rich.console import Console

    from connectors.sandbox.mishaps import told
    from connectors.sandbox.sandbox import Ports, SandboxOptions
    from connectors.sandbox.settings_file import occupied
    from connectors.sandbox.showing import serve_until_told

    console = Console(highlight=False, emoji=False)
    errors = Console(stderr=True, highlight=False, emoji=False)
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
        errors.print(f"The sandbox cannot start: {told(error)}", soft_wrap=True, markup=False)
        return 1
    return 0


def _port(name: str) -> click.Option:
    return option(
        name,
        metavar="<int range>",
        type=Whole(0, 65_535),
        default=0,
        help="Loopback port; 0 chooses one.",
    )


def _number(name: str, default: int, text: str) -> click.Option:
    return option(name, metavar="<int range>", type=Whole(0), default=default, help=text)


sandbox = Command(
    "sandbox",
    _sandbox,
    _port("--workbooks-port"),
    _port("--outreach-port"),
    _port("--control-port"),
    option(
        "--directory",
        metavar="<path>",
        type=AnyPath(),
        help="Where the configuration goes; a new one by default.",
    ),
    option("--seed", metavar="<int>", type=int, default=1, help="Chooses the sample data."),
    _number("--bulk", 240, "Rows of the sample's bulk import."),
    _number("--latency-ms", 0, "Added to every request."),
    option(
        "--index-lag-s",
        metavar="<float range>",
        type=Number(0),
        default=0.0,
        help="How long Outreach collections lag behind a write.",
    ),
    flag("--plugin-past", help="The vendor's plugin has run on both before."),
)

if __name__ == "__main__":
    sys.exit(sandbox.main(standalone_mode=False))
