"""Random histories of tabs, people and Outreach users, with faults, kills and lost state.

However a history goes, once it is quiet the roles of each eligible opportunity are the lines of
its tab whose people are available, beside whatever others made by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import anyio
import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.outreach import Row
from engine.decide import doubt
from engine.errors import EngineError
from engine.service import once
from tests.scenario.bench import Bench, bench
from tests.scenario.people import Line
from tests.searching import examples

pytestmark = pytest.mark.anyio

ROUNDS = 6
EDITS_MAX = 6
QUIET_RUNS = 3
# Beyond every pause, retry, bound of visibility and sweep.
QUIET_S = 4000.0
ADDRESSES = ("one@customer.example", "two@customer.example", "three@customer.example")
RELATIONSHIPS = ("", "Buyer", "Sponsor", "Decision maker")
# Nobody writes this on a tab, so that it cannot be taken for ours when an answer is lost.
BY_HAND = "Friend"
SPOILT: tuple[Fault, ...] = (
    Fault(when="after", action="drop"),
    Fault(when="before", action="drop"),
    Fault(when="after", status=502),
    Fault(when="before", status=503),
    Fault(when="after", action="garbage"),
)


@dataclass(slots=True)
class History:
    """One world and everybody who edits it.

    `faulty` histories lose answers and processes; the others lose the state instead, after which
    nobody can tell any more which roles were ours.
    """

    world: Bench
    rng: Random
    faulty: bool
    records: list[int] = field(default_factory=list[int])
    people: list[int] = field(default_factory=list[int])
    theirs: dict[int, Line] = field(default_factory=dict[int, Line])
    script: list[str] = field(default_factory=list[str])

    def edit(self) -> None:
        """One thing somebody does in either system."""
        edits: list[tuple[int, Callable[[], object]]] = [
            (8, self._edit_tab),
            (3, self._edit_person),
            (2, self._edit_record),
            (2, self._relate_by_hand),
            (1, self._enter_prospect),
        ]
        weights = [weight for weight, _ in edits]
        [(_, edit)] = self.rng.choices(edits, weights)
        self.script.append(f"{edit.__name__}: {edit()}")

    def _edit_tab(self) -> object:
        record = self.rng.choice(self.records)
        lines = list(self.world.workbooks.people_on(record))
        for _ in range(self.rng.randint(1, 3)):
            place = self.rng.randrange(len(lines) + 1)
            line = (self.rng.choice(self.people), self.rng.choice(RELATIONSHIPS))
            if place == len(lines) or len(lines) < 2:
                lines.append(line)
            elif self.rng.random() < 0.5:
                lines.pop(place)
            else:
                lines[place] = (lines[place][0], line[1])
        self.rng.shuffle(lines)
        self.world.workbooks.set_people(record, lines)
        return record, lines

    def _edit_person(self) -> object:
        person = self.rng.choice(self.people)
        columns = self.rng.choice(
            (
                {"cf_person_sync_to_outreach": self.rng.random() < 0.7},
                {"cf_person_outreach_sync_error": self.rng.random() < 0.3},
                {"main_location_email": self._address()},
                {"person_first_name": self.rng.choice(("Ada", "Grace", "G" * 256))},
            )
        )
        self.world.workbooks.people.update(person, **columns)
        return person, columns

    def _edit_record(self) -> object:
        record = self.rng.choice(self.records)
        columns = self.rng.choice(
            (
                {"description": f"Row {self.rng.randrange(1000)}"},
                {"cf_opportunity_sync_to_outreach": self.rng.random() < 0.7},
                {"cf_opportunity_outreach_sync_error": self.rng.random() < 0.3},
            )
        )
        self.world.workbooks.opportunities.update(record, **columns)
        return record, columns

    def _relate_by_hand(self) -> object:
        record = self.rng.choice(self.records)
        prospects = self.world.outreach.prospects.rows()
        if not prospects or not self.world.twins(record):
            return None
        text = BY_HAND if self.faulty else self.rng.choice((BY_HAND, *RELATIONSHIPS))
        role = self.world.relates(record, self.rng.choice(prospects).id, text)
        self.keep([row for row in self.world.role_rows(record) if row.id == role])
        return record, text

    def _enter_prospect(self) -> object:
        address = self.rng.choice(ADDRESSES)
        if address not in self.addresses():
            self.world.prospect(address)
        return address

    def _address(self) -> str | None:
        address = self.rng.choice((*ADDRESSES, None))
        return address.title() if address and self.rng.random() < 0.3 else address

    def addresses(self) -> list[str]:
        """The addresses of all prospects, in lower case."""
        rows = self.world.outreach.prospects.rows()
        return [one.lower() for row in rows for one in row.attributes.get("emails", ())]

    def keep(self, rows: Iterable[Row]) -> None:
        """These roles are not ours to touch from now on."""
        self.theirs |= {row.id: line_of(row) for row in rows}

    async def run(self) -> None:
        """A run of the engine as this history treats it: spoilt, killed, or without its state."""
        if self.faulty:
            self._spoil()
        elif self.rng.random() < 0.3:
            self.world.forget_state()
            self.keep(self.world.outreach.roles.rows())
            self.script.append("state lost")
        killed_s = self.rng.uniform(0.05, 0.3) if self.faulty and self.rng.random() < 0.3 else 60
        with anyio.move_on_after(killed_s) as scope:
            try:
                await self.world.once()
            except EngineError as error:
                self.script.append(f"ended: {error}")
        self.script.append("killed" if scope.cancelled_caught else "ran")
        await self.world.all_carried_out()
        self.world.outreach_traffic.plan.clear()
        self.world.workbooks_traffic.plan.clear()
        self.world.clock.advance(self.rng.choice((1, 30, 400)))

    def _spoil(self) -> None:
        for path in ("/opportunityProspectRoles", "/prospects$", "/opportunities$"):
            fault = replace(
                self.rng.choice(SPOILT),
                method=self.rng.choice(("POST", None)),
                path=path,
                skip=self.rng.randrange(3),
                times=self.rng.randint(1, 2),
            )
            self.world.outreach_fault(fault)
            self.script.append(str(fault))
        if self.rng.random() < 0.5:
            lost = Fault(method="PUT", path="/crm/people.api", when="after", action="drop")
            self.world.workbooks_fault(lost)


def line_of(row: Row) -> Line:
    """A role's prospect and text."""
    return row.relationships["prospect"], str(row.attributes.get("role") or "")


def available(world: Bench, person: int) -> int | None:
    """The prospect a person is by now; None when nobody could have made it one."""
    held = world.person(person)
    if held["outreach_id"] is not None:
        return int(str(held["outreach_id"]))
    overlong = len(str(held["person_first_name"])) > 255
    wanted = held["cf_person_sync_to_outreach"] and held["main_location[email]"]
    assert held["error"] or overlong or not wanted, f"person {person} was left out"
    assert not (overlong and wanted and not held["error"] and on_a_tab(world, person))
    return None


def on_a_tab(world: Bench, person: int) -> bool:
    """Whether some eligible opportunity has this person."""
    opportunities = world.workbooks.opportunities.ids()
    return any(
        person in (one for one, _ in world.workbooks.people_on(record))
        for record in opportunities
        if eligible(world, record)
    )


def eligible(world: Bench, record: int) -> bool:
    """Rule 2 without its time."""
    held = world.record(record)
    return bool(held["cf_opportunity_sync_to_outreach"]) and not held["error"]


def check(history: History) -> None:
    """What must hold once it is quiet."""
    world = history.world
    rows = {row.id: row for row in world.outreach.roles.rows()}
    for role, line in history.theirs.items():
        assert line_of(rows[role]) == line, "a role of somebody else's was touched"
    for record in filter(lambda one: eligible(world, one), history.records):
        wanted = Counter(
            (prospect, role)
            for person, role in world.workbooks.people_on(record)
            if (prospect := available(world, person)) is not None
        )
        present = Counter(world.roles(record))
        ours = Counter(
            line_of(row) for row in world.role_rows(record) if row.id not in history.theirs
        )
        assert wanted <= present, f"{record} lacks {wanted - present}"
        assert ours <= wanted, f"{record} has {ours - wanted} of ours too many"
    check_prospects(history)


def check_prospects(history: History) -> None:
    """Whoever was made a prospect knows it, and nobody was made one twice."""
    world = history.world
    refs = {str(world.person(person)["object_ref"]): person for person in history.people}
    for row in world.outreach.prospects.rows():
        person = refs.get(str(row.attributes.get("externalId")))
        if person is not None:
            assert world.person(person)["outreach_id"] == str(row.id)
    addresses = history.addresses()
    assert len(addresses) == len(set(addresses))


async def play(directory: Path, seed: int) -> None:
    """Play one history and check its end."""
    rng = Random(f"people:{seed}")  # noqa: S311 - a repeatable history, no secret
    async with bench(directory) as world:
        world.workbooks.knobs.contact_edit_touches_opportunity = rng.random() < 0.3
        world.workbooks.knobs.opportunity_contacts_resource = rng.random() < 0.7
        world.settings["outreach"]["visibility_s"] = 100
        world.outreach.knobs.index_lag_s = rng.choice((0.0, 0.0, 20.0))
        history = History(world, rng, faulty=seed % 3 != 0)
        history.records = [world.has(f"Row {number}") for number in range(3)]
        history.people = [
            world.knows(f"Person {number}", address) for number, address in enumerate(ADDRESSES)
        ]
        history.people.append(world.knows("Person 9", ADDRESSES[0].upper()))
        try:
            await _play(history)
        except AssertionError as error:
            error.add_note(f"seed {seed}\n" + "\n".join(history.script))
            raise


async def _play(history: History) -> None:
    for _ in range(ROUNDS):
        for _ in range(history.rng.randint(1, EDITS_MAX)):
            history.edit()
        await history.run()
    for _ in range(QUIET_RUNS):
        history.world.clock.advance(QUIET_S)
        await history.world.once()
    result = await history.world.once()
    assert (result.counts.pending, result.counts.tabs, result.counts.in_doubt) == (0, 0, 0)
    assert result.counts.outbox == 0
    check(history)
    history.world.forget_traffic()
    await history.world.once()
    sent = [seen for seen in history.world.outreach_seen if seen.method in ("POST", "PATCH")]
    assert [seen for seen in sent if "oauth" not in seen.path] == []


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is left to the next run: the clock of a history moves by itself."""
    monkeypatch.setattr(once, "RETRY_PATIENCE_S", 0.3)
    monkeypatch.setattr(doubt, "FIRST_LOOK_S", 30.0)
    monkeypatch.setattr(doubt, "GROWTH", 1.0)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(examples(4)))
async def test_a_random_history_ends_with_equal_people(
    anyio_backend: str, tmp_path: Path, seed: int
) -> None:
    """Lost, repeated, reordered and interrupted work converges to the same end."""
    await play(tmp_path, seed)
