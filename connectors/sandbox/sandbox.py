"""The sandbox: both emulators with sample data, traffic counted, served on loopback.

sandbox = Sandbox(SandboxOptions(seed=1))
async with sandbox.serving(Ports()) as addresses:
    ...
"""

import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass
from random import Random

from starlette.types import ASGIApp

from connectors.sandbox.control import control_app
from connectors.sandbox.desks import OutreachDesk, WorkbooksDesk
from connectors.sandbox.faults import FaultPlan, Faults
from connectors.sandbox.outreach import OutreachKnobs, OutreachWorld, outreach_app
from connectors.sandbox.sample import FIRST_USER, plant
from connectors.sandbox.serving import HOST, serving
from connectors.sandbox.workbooks import WorkbooksWorld, workbooks_app

_KEY_ALPHABET = "0123456789abcdef"


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How a sandbox begins; times in seconds.

    Args:
        bulk: rows of the sample data's bulk import.
        latency_s: added to every request of both systems.
        index_lag_s: how long Outreach collections lag behind a write (outreach-api §6.4).
        mint_interval_s: least time between two access tokens (outreach-api §3.2); 0 for none.
        past: the vendor's plugin has run on both, and left what it leaves.
    """

    seed: int = 1
    bulk: int = 240
    latency_s: float = 0.0
    index_lag_s: float = 0.0
    mint_interval_s: float = 60.0
    past: bool = False


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports; 0 lets the system choose."""

    workbooks: int = 0
    outreach: int = 0
    control: int = 0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base URLs of a sandbox being served."""

    workbooks: str
    outreach: str
    control: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client of both systems needs; worth nothing outside this sandbox."""

    api_key: str
    client_id: str
    client_secret: str
    refresh_token: str


class Sandbox:
    """Two worlds with sample data, and the traffic in front of each."""

    def __init__(
        self, options: SandboxOptions | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        chosen = options or SandboxOptions()
        self.workbooks = WorkbooksWorld(clock, seed=chosen.seed)
        knobs = OutreachKnobs(mint_interval_s=chosen.mint_interval_s, consent="ask")
        self.outreach = OutreachWorld(clock, knobs)
        self.sample = plant(
            self.workbooks,
            self.outreach,
            seed=chosen.seed,
            bulk=chosen.bulk,
            past=chosen.past,
        )
        # Only now: the sample data was written long ago and is to be seen from the start.
        self.outreach.knobs.index_lag_s = chosen.index_lag_s
        self.credentials = self._credentials(Random(f"credentials:{chosen.seed}"))
        self.workbooks_traffic = Faults(
            workbooks_app(self.workbooks), FaultPlan(seed=chosen.seed), latency_s=chosen.latency_s
        )
        self.outreach_traffic = Faults(
            outreach_app(self.outreach), FaultPlan(seed=chosen.seed), latency_s=chosen.latency_s
        )

    @contextlib.asynccontextmanager
    async def serving(self, ports: Ports, host: str = HOST) -> AsyncGenerator[Addresses]:
        """Serve both systems and the control port.

        Args:
            host: the address to serve them on.

        Raises:
            OSError: a port is taken.
        """
        control = control_app(
            WorkbooksDesk(self.workbooks, self.workbooks_traffic),
            OutreachDesk(self.outreach, self.outreach_traffic),
        )
        apps: dict[str, ASGIApp] = {
            "workbooks": self.workbooks_traffic,
            "outreach": self.outreach_traffic,
            "control": control,
        }
        async with serving(apps, asdict(ports), host) as urls:
            yield Addresses(**urls)

    def _credentials(self, rng: Random) -> Credentials:
        def token(length: int) -> str:
            return "".join(rng.choice(_KEY_ALPHABET) for _ in range(length))

        api_key = "-".join(token(5) for _ in range(8))
        client_id, client_secret = f"sandbox-{token(12)}", token(40)
        self.workbooks.add_api_key(api_key)
        self.outreach.add_app(client_id, client_secret)
        refresh_token = self.outreach.grant(client_id, FIRST_USER)
        return Credentials(api_key, client_id, client_secret, refresh_token)
