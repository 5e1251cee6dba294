"""A farm: many sandboxes in one process, and the configuration of a fleet for all of them.

    python -m tests.farm DIRECTORY --pairs 300 --state postgresql://...

It writes `fleet.toml` and a file for each pair into the directory, says where the control ports are
in `farm.json`, and serves until it is told to stop; a file `ready` appears when it does.
"""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import anyio

from connectors.sandbox.sandbox import Addresses, Credentials, Ports, Sandbox, SandboxOptions
from connectors.sandbox.serving import free_port

TOLD, READY = "farm.json", "ready"
_FLEET = """\
[fleet]
name = "farm"
pairs = "{pairs}"

[service]
state = "{state}"
state_dir = "{home}"
http = "127.0.0.1:{port}"
log_level = "{log_level}"
lease_s = {lease_s:g}

[workbooks]
page_size = 100

[poller]
interval_s = {interval_s:g}
"""
_PAIR = """\
[service]
weight = {weight:g}

[workbooks]
base_url = "{workbooks}"
api_key = {{ file = "{secrets}/api_key" }}

[outreach]
base_url = "{outreach}"
client_id = "{client_id}"
client_secret = {{ file = "{secrets}/client_secret" }}
refresh_token = {{ file = "{secrets}/refresh_token" }}
visibility_s = 1
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a farm is to be.

    Args:
        state: the address of the database.
        bulk: opportunities that wait in each pair at first.
        big: those that wait in the first pair beside.
        records: so many opportunities are left in each pair; None for all.
        latency_s: added to every request.
    """

    state: str
    pairs: int = 3
    bulk: int = 0
    big: int = 0
    records: int | None = None
    latency_s: float = 0.0
    interval_s: float = 1.0
    lease_s: float = 2.0
    rows: bool = False
    log_level: str = "info"


def name_of(number: int) -> str:
    """Of a pair, counted from 1."""
    return f"pair-{number:03}"


async def plant(stack: AsyncExitStack, directory: Path, wanted: Wanted) -> dict[str, Sandbox]:
    """Serve as many sandboxes, and write the configuration of a fleet for them; by name.

    Raises:
        OSError: a port or a file cannot be had.
    """
    files = directory / ("unused" if wanted.rows else "pairs")
    files.mkdir(parents=True)
    told: dict[str, Addresses] = {}
    planted: dict[str, Sandbox] = {}
    for number in range(1, wanted.pairs + 1):
        more = wanted.big if number == 1 else 0
        options = SandboxOptions(
            seed=number, bulk=wanted.bulk + more, latency_s=wanted.latency_s, mint_interval_s=0
        )
        name = name_of(number)
        sandbox = planted[name] = Sandbox(options)
        if wanted.records is not None:
            _leave(sandbox, wanted.records)
        told[name] = await stack.enter_async_context(sandbox.serving(Ports()))
        secrets = directory / "secrets" / name
        text = pair_text(told[name], sandbox.credentials, secrets)
        (files / f"{name}.toml").write_text(text)
    (directory / "fleet.toml").write_text(fleet_text(wanted, directory / "state"))
    told_urls = {
        name: {"workbooks": one.workbooks, "outreach": one.outreach, "control": one.control}
        for name, one in told.items()
    }
    (directory / TOLD).write_text(json.dumps(told_urls))
    return planted


def _leave(sandbox: Sandbox, records: int) -> None:
    """Delete all opportunities of the sample data but so many."""
    for record_id in sorted(sandbox.workbooks.opportunities.ids())[records:]:
        sandbox.workbooks.opportunities.delete(record_id)


def fleet_text(wanted: Wanted, home: Path) -> str:
    """The configuration of one process of the fleet, with a port of its own."""
    return _FLEET.format(
        pairs="rows" if wanted.rows else "files",
        state=wanted.state,
        home=home,
        port=free_port(),
        log_level=wanted.log_level,
        lease_s=wanted.lease_s,
        interval_s=wanted.interval_s,
    )


def pair_text(
    addresses: Addresses, credentials: Credentials, secrets: Path, weight: float = 1
) -> str:
    """The configuration of one pair, its secrets in files."""
    secrets.mkdir(parents=True)
    for key in ("api_key", "client_secret", "refresh_token"):
        (secrets / key).write_text(getattr(credentials, key))
    return _PAIR.format(
        weight=weight,
        workbooks=addresses.workbooks,
        outreach=addresses.outreach,
        client_id=credentials.client_id,
        secrets=secrets,
    )


async def _serve(directory: Path, wanted: Wanted) -> None:
    async with AsyncExitStack() as stack:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            await plant(stack, directory, wanted)
            (directory / READY).touch()
            async for _ in signals:
                break


def main(given: Sequence[str] | None = None) -> None:
    """Serve a farm until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--state", required=True)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--bulk", type=int, default=0)
    parser.add_argument("--big", type=int, default=0)
    parser.add_argument("--records", type=int)
    parser.add_argument("--latency-s", type=float, default=0.0)
    parser.add_argument("--interval-s", type=float, default=1.0)
    parser.add_argument("--lease-s", type=float, default=2.0)
    parser.add_argument("--log-level", default="info")
    parser.add_argument("--rows", action="store_true")
    asked = vars(parser.parse_args(given))
    directory: Path = asked.pop("directory")
    anyio.run(_serve, directory.resolve(), Wanted(**asked))


if __name__ == "__main__":
    main()
