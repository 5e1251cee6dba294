"""The scene: both worlds, what the oracle must know about them, and the engine's configuration."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import anyio

from connectors.sandbox.faults import FaultPlan
from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.workbooks import WorkbooksWorld
from engine.config import loading as configuration
from engine.loop import loop_clock
from tests.simulation.oddities import Oddity
from tests.simulation.plan import Plan, System
from tests.simulation.states import States
from tests.simulation.trace import Trace

# Makes what keeps the state, of the directory of the service and of one that it knows nothing of.
Keep = Callable[[Path, Path], States]

START = 1_790_000_000.0
API_KEY = "a1b2c-3d4e5"
CLIENT_ID = "simulation"
SECRET = "client secret"
OPPORTUNITY_URL = "https://outreach.example/opportunities/{id}"
PROSPECT_URL = "https://outreach.example/prospects/{id}"
BASE_URLS = {"workbooks": "http://workbooks.example", "outreach": "http://outreach.example"}


@dataclass(slots=True)
class Ledger:
    """What people did that changes what is right in the end. Records and people by source id."""

    # Records and people that ever held a value Outreach refuses.
    bad_records: set[int] = field(default_factory=set[int])
    bad_people: set[int] = field(default_factory=set[int])
    # Those whose counterpart somebody deleted in Outreach.
    gone_records: set[int] = field(default_factory=set[int])
    gone_people: set[int] = field(default_factory=set[int])
    # Counterparts deleted in Outreach, by customId.
    deleted: Counter[str] = field(default_factory=Counter[str])
    # Creates that Outreach carried out for the engine.
    created: Counter[str] = field(default_factory=Counter[str])
    created_prospects: Counter[str] = field(default_factory=Counter[str])
    # Roles that are not the engine's: (opportunity, prospect, text) by role id.
    hand_roles: dict[int, tuple[int, int, str]] = field(
        default_factory=dict[int, tuple[int, int, str]]
    )
    # Roles of which it is not known any more whose they are.
    orphaned_roles: set[int] = field(default_factory=set[int])
    # Since when an answer to the create of such a role is missing, in virtual seconds.
    doubtful_roles: dict[tuple[int, int, str], float] = field(
        default_factory=dict[tuple[int, int, str], float]
    )
    # Roles that something in Outreach's place refused for good.
    refused_roles: set[tuple[int, int, str]] = field(default_factory=set[tuple[int, int, str]])
    # Roles that somebody removed in Outreach.
    removed_roles: Counter[tuple[int, int, str]] = field(
        default_factory=Counter[tuple[int, int, str]]
    )
    # Roles that went with their prospect, whatever prospect the person becomes later: by
    # opportunity and text.
    orphaned_lines: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    # Values that somebody gave a mapped field in Outreach, by (Outreach id, field).
    edited: dict[tuple[int, str], object] = field(default_factory=dict[tuple[int, str], object])
    # Values of fields that nobody maps, by Outreach id.
    unmapped: dict[int, str] = field(default_factory=dict[int, str])
    # Write requests carried out, by system.
    writes: Counter[str] = field(default_factory=Counter[str])
    state_lost: bool = False
    # Records whose cause somebody has mended without a word about the flag.
    mended: set[int] = field(default_factory=set[int])
    # Since when imported records are taken back, in virtual seconds; what was created all the same.
    undone: dict[int, float] = field(default_factory=dict[int, float])
    unwanted: list[str] = field(default_factory=list[str])
    # Records that came to carry one id, and those ids; records of them that gave theirs up.
    contested: set[int] = field(default_factory=set[int])
    contested_twins: set[int] = field(default_factory=set[int])
    yielded: set[int] = field(default_factory=set[int])
    # What each counterpart carries as its customId, and how often it was taken from a record.
    custom_ids: dict[int, str] = field(default_factory=dict[int, str])
    handed_over: Counter[str] = field(default_factory=Counter[str])


class Scene:
    """One seed's two worlds on one clock."""

    def __init__(self, plan: Plan, directory: Path, trace: Trace, keep: Keep) -> None:
        self.plan = plan
        self.directory = directory
        self.states = keep(directory / "state", directory / "aside")
        self.trace = trace
        self.ledger = Ledger()
        self._clock = loop_clock()
        self.faults: dict[System, FaultPlan] = {"workbooks": FaultPlan(), "outreach": FaultPlan()}
        self.workbooks = WorkbooksWorld(self.now, plan.workbooks, seed=plan.seed)
        self.workbooks.add_api_key(API_KEY)
        self.outreach = OutreachWorld(self.now, plan.outreach)
        self.outreach.add_app(CLIENT_ID, SECRET)
        seat = self.add_seat("Ines Integration")
        self.refresh_token = self.outreach.grant(CLIENT_ID, seat)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config = self._config()

    def now(self) -> float:
        """Wall clock of everybody: epoch seconds."""
        return START + self._clock()

    def rng(self, actor: str) -> Random:
        """Randomness of one actor."""
        return Random(f"{self.plan.seed}:{actor}")  # noqa: S311 # chance, not secrets

    def add_seat(self, name: str) -> int:
        """Give somebody a seat in Outreach."""
        first, _, last = name.partition(" ")
        username = f"{first}.{last}".lower()
        return self.outreach.users.create(
            {
                "firstName": first,
                "lastName": last,
                "username": username,
                "email": f"{username}@seller.example",
            }
        )

    def meddle(self, body: str) -> None:
        """Somebody saves a record in Workbooks just as a write to it arrives."""
        for record_id in self.workbooks.opportunities.ids():
            if f"={record_id}&" in f"{body}&" or f"%3D{record_id}" in body:
                fao = f"at {anyio.current_time():.0f}"
                self.workbooks.opportunities.update(record_id, fao=fao)
                self.trace.note("action", f"meddles with OPP-{record_id}")
                return

    def begin(self, oddity: Oddity, twin: int) -> None:
        """From now on a system is odd in this way, where it is about one opportunity about that."""
        self.faults[oddity.system].add(*oddity.met(twin))
        if oddity.anew:
            self.outreach.expire_access_tokens()

    def turn_fair(self) -> None:
        """Whatever does not last goes wrong no more."""
        self.workbooks.knobs.delay_every = 0
        for plan in self.faults.values():
            plan.clear()
        for oddity in self.plan.oddities:
            if oddity.lasting:
                self.faults[oddity.system].add(*oddity.faults)

    def _config(self) -> configuration.Config:
        secrets = {
            "api_key": API_KEY,
            "client_secret": SECRET,
            "refresh_token": self.refresh_token,
        }
        for name, secret in secrets.items():
            (self.directory / name).write_text(secret, encoding="utf-8")
        path = self.directory / "config.toml"
        path.write_text(_toml(self._settings()), encoding="utf-8")
        return configuration.load(path)

    def _settings(self) -> dict[str, dict[str, Any]]:
        def secret(name: str) -> dict[str, str]:
            return {"file": str(self.directory / name)}

        base: dict[str, dict[str, Any]] = {
            "service": {
                "state_dir": str(self.states.directory),
                "shutdown_s": 30,
                **self.states.settings,
            },
            "workbooks": {"base_url": BASE_URLS["workbooks"], "api_key": secret("api_key")},
            "outreach": {
                "base_url": BASE_URLS["outreach"],
                "client_id": CLIENT_ID,
                "client_secret": secret("client_secret"),
                "refresh_token": secret("refresh_token"),
                "record_url": OPPORTUNITY_URL,
                "prospect_url": PROSPECT_URL,
            },
        }
        tables = {*base, *self.plan.settings}
        return {
            table: base.get(table, {}) | self.plan.settings.get(table, {})
            for table in sorted(tables)
        }


def _toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    lines: list[str] = []
    for table, keys in tables.items():
        lines.append(f"[{table}]")
        for name, value in keys.items():
            if isinstance(value, dict):
                [(key, text)] = value.items()  # pyright: ignore[reportUnknownVariableType] # one secret
                lines.append(f"{name} = {{ {key} = {json.dumps(text)} }}")
            else:
                # A JSON string, number or boolean is a TOML one.
                lines.append(f"{name} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"
