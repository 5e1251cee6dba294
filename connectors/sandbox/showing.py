"""What `wosync sandbox` does: serve, say where things are, and wait to be told to stop."""

import json
import shlex
import signal
from pathlib import Path

import anyio
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

from connectors.sandbox.calling import program
from connectors.sandbox.sandbox import Addresses, Ports, Sandbox, SandboxOptions
from connectors.sandbox.settings_file import SettingsFile, write_settings


async def serve_until_told(
    console: Console, options: SandboxOptions, ports: Ports, home: Path
) -> None:
    """Run a sandbox, configured in a prepared directory, until SIGINT, SIGTERM or SIGHUP.

    Raises:
        OSError: a port is taken, or a file cannot be written.
    """
    running = Sandbox(options)
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async with running.serving(ports) as addresses:
            settings = write_settings(
                home, addresses, running.credentials, index_lag_s=options.index_lag_s
            )
            _show(console, addresses, settings)
            _tell_commands(console, addresses, settings, running.sample.ordinary[0])
            async for _ in signals:
                break
        console.print("Sandbox stopped.")


def _show(console: Console, addresses: Addresses, settings: SettingsFile) -> None:
    path = str(settings.path)
    # Addresses and paths are there to be copied, so no line of them is ever folded.
    lines = (
        ("Workbooks", addresses.workbooks),
        ("Outreach", addresses.outreach),
        ("Control", addresses.control),
        ("Config", path),
    )
    for title, value in lines:
        console.print(f"[bold]{title:<10}[/bold] {escape(value)}", soft_wrap=True)
    console.print()
    console.print(
        Syntax(settings.text.rstrip(), "toml", theme="ansi_dark", background_color="default")
        if console.is_terminal
        else settings.text.rstrip(),
        soft_wrap=True,
        markup=False,
    )


def _tell_commands(
    console: Console, addresses: Addresses, settings: SettingsFile, opportunity: int
) -> None:
    """Say how to begin: start the service, and edit a record as a user of Workbooks does."""
    given = shlex.quote(json.dumps({"document_currency_net_value": "1 GBP 0"}))
    record = f"{addresses.control}/workbooks/opportunities/{opportunity}"
    commands = (
        ("In another terminal", f"{program()} run --config {shlex.quote(str(settings.path))}"),
        ("Edit a record", f"curl -X PATCH -d {given} {record}"),
    )
    console.print()
    for title, command in commands:
        console.print(f"{title + ':':<20} [bold]{escape(command)}[/bold]", soft_wrap=True)
    console.print("Ctrl-C ends the sandbox.")
