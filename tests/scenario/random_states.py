"""Random states for tests of plans: two worlds that people have worked in, and a service between.

One seed decides what is entered, what was synchronised since, and what was done in both systems
behind that: edits, copies, ids pasted, records deleted or unticked, roles made by hand, people who
share an address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from connectors.sandbox.sample import add_seat
from tests.scenario.bench import Bench

ROLES = ("Buyer", "Advisor", "", "Sponsor")
OWNERS = ("Ines Integration", "Otto Owner", "Nobody There", "Twin Tom")


@dataclass(slots=True)
class Hands:
    """Everybody who works in both systems."""

    world: Bench
    rng: Random
    records: list[int] = field(default_factory=list[int])
    people: list[int] = field(default_factory=list[int])

    def enter(self) -> None:
        """Fill both systems."""
        for name in ("Otto Owner", "Twin Tom", "Twin Tom"):
            add_seat(self.world.outreach, name)
        for number in range(self.rng.randint(0, 6)):
            self.person(number)
        for number in range(self.rng.randint(1, 9)):
            self.record(number)

    def person(self, number: int) -> None:
        """Somebody; addresses may be shared, missing, or a prospect's already."""
        email = self.rng.choice(["", "", "", "shared@customer.example", None])
        extra = {} if self.rng.random() < 0.8 else {"cf_person_sync_to_outreach": False}
        self.people.append(self.world.knows(f"Per{number} Son", email, **extra))
        if self.rng.random() < 0.2 and email == "":
            self.world.prospect(f"per{number}.son@customer.example")

    def record(self, number: int) -> None:
        """An opportunity, as people enter them."""
        extra: dict[str, object] = {}
        if self.rng.random() < 0.6:
            extra["assigned_to_name"] = self.rng.choice(OWNERS)
        if self.rng.random() < 0.15:
            extra["cf_opportunity_sync_to_outreach"] = False
        if self.rng.random() < 0.1:
            extra["probability"] = "often"
        name = f"Crane {number}" if self.rng.random() < 0.9 else "x" * 300
        made = self.world.has(name, **extra)
        self.records.append(made)
        self.tab(made)

    def tab(self, record: int) -> None:
        """Put people on its tab, or take them off."""
        lines = [
            (self.rng.choice(self.people), self.rng.choice(ROLES))
            for _ in range(self.rng.randint(0, 3) if self.people else 0)
        ]
        if self.world.workbooks.opportunities.is_live(record):
            self.world.puts(record, *dict.fromkeys(lines))

    def meddle(self) -> None:
        """Do a few things in both systems."""
        deeds: list[Callable[[], None]] = [
            self._edit,
            self._edit,
            self._edit_tab,
            self._edit_tab,
            self._untick,
            self._delete,
            self._hide,
            self._trash_target,
            self._new,
            self._edit_target,
            self._delete_target,
            self._delete_role,
            self._role_by_hand,
            self._delete_prospect,
            self._paste,
            self._reset_flag,
            self._mend_person,
        ]
        for _ in range(self.rng.randint(0, 6)):
            self.rng.choice(deeds)()

    def _change(self, record: int, **columns: str | bool) -> None:
        # It may be so already, or be gone.
        if self.world.workbooks.opportunities.is_live(record):
            self.world.workbooks.opportunities.update(record, **columns)

    def _delete(self) -> None:
        record = self.rng.choice(self.records)
        if self.world.workbooks.opportunities.is_live(record):
            self.world.workbooks.opportunities.delete(record)

    def _hide(self) -> None:
        self.world.workbooks.opportunities.hide(self.rng.choice(self.records))

    def _edit(self) -> None:
        record = self.rng.choice(self.records)
        self._change(record, description=f"Edited {self.rng.randint(1, 99)}")

    def _edit_tab(self) -> None:
        self.tab(self.rng.choice(self.records))

    def _untick(self) -> None:
        self._change(self.rng.choice(self.records), cf_opportunity_sync_to_outreach=False)

    def _new(self) -> None:
        self.record(self.rng.randint(20, 99))

    def _edit_target(self) -> None:
        rows = self.world.outreach.opportunities.rows()
        if rows:
            self.world.outreach.opportunities.update(self.rng.choice(rows).id, {"name": "By hand"})

    def _delete_target(self) -> None:
        rows = self.world.outreach.opportunities.rows()
        if rows:
            self.world.outreach.opportunities.delete(self.rng.choice(rows).id)

    def _trash_target(self) -> None:
        rows = self.world.outreach.opportunities.rows()
        if rows:
            self.world.outreach.opportunities.trash(self.rng.choice(rows).id)

    def _delete_role(self) -> None:
        rows = self.world.outreach.roles.rows()
        if rows:
            self.world.outreach.roles.delete(self.rng.choice(rows).id)

    def _role_by_hand(self) -> None:
        record, number = self.rng.choice(self.records), self.rng.randint(1, 9**9)
        if len(self.world.twins(record)) == 1:
            prospect = self.world.prospect(f"by{number}@hand.example")
            self.world.relates(record, prospect, "By hand")

    def _delete_prospect(self) -> None:
        rows = self.world.outreach.prospects.rows()
        if rows:
            self.world.outreach.prospects.delete(self.rng.choice(rows).id)

    def _paste(self) -> None:
        rows = self.world.outreach.opportunities.rows()
        if rows:
            pasted = str(self.rng.choice(rows).id)
            self._change(self.rng.choice(self.records), cf_opportunity_outreach_id=pasted)

    def _reset_flag(self) -> None:
        record = self.rng.choice(self.records)
        self._change(record, cf_opportunity_outreach_sync_error=False)

    def _mend_person(self) -> None:
        if self.people:
            person = self.rng.choice(self.people)
            self.world.workbooks.people.update(
                person, main_location_email=f"mended{person}@customer.example"
            )


async def prepare(world: Bench, seed: int) -> None:
    """Bring a bench into the random state of this seed."""
    rng = Random(seed)  # noqa: S311 # no secret
    # A fuse small enough to be met.
    world.settings["fuse"] = {"records_min": rng.choice([1, 50]), "share": 0.2}
    if rng.random() < 0.3:
        world.settings["fuse"]["creates_max"] = rng.choice([0, 2])
    if rng.random() < 0.2:
        world.settings["contacts"] = {"missing_prospects": rng.choice(["link", "skip"])}
    if rng.random() < 0.3:
        world.settings["outreach"]["on_missing"] = "recreate"
    hands = Hands(world, rng)
    hands.enter()
    for _ in range(rng.randint(0, 2)):
        await world.once()
        hands.meddle()
    if rng.random() < 0.15:
        world.forget_state()
    if rng.random() < 0.2:
        world.settings["mapping.opportunity"] = {"description": {"constant": "Mapped"}}
    world.clock.advance(rng.choice([0, 30, 400, 4000]))
