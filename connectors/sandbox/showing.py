"""What `wosync sandbox` does: serve, say where things are, and wait to be told to stop."""

import shlex
import signal
from pathlib import Path

import anyio
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

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
    command = f"wosync run --config {shlex.quote(path)}"
    console.print(f"\nIn another terminal: [bold]{escape(command)}[/bold]", soft_wrap=True)
    console.print("Ctrl-C ends the sandbox.")
