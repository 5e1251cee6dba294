"""The people who use Outreach, and what makes the people of both systems act.

Whatever they do that bears on what is right in the end stands in the scene's ledger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Protocol

import anyio

from tests.simulation.people import LATE_STAGE, NEWCOMER, RELATIONS
from tests.simulation.scene import Scene


class OutreachUsers:
    """Those who work in Outreach."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._rng = scene.rng("outreach users")
        self._outreach = scene.outreach
        self._ledger = scene.ledger

    def act(self) -> None:
        """One of them does something."""
        choices: tuple[tuple[int, Callable[[], None]], ...] = (
            (3, self.renames),
            (3, self.notes_down),
            (3, self.relates),
            (1, self.unrelates),
            (1, self.deletes),
            (1, self.deletes_a_prospect),
            (1, self.locks),
            (1, self.joins),
            (2, self.enters_a_prospect),
        )
        self._rng.choices([one for _, one in choices], [weight for weight, _ in choices])[0]()

    def renames(self) -> None:
        """An opportunity gets another name in Outreach."""
        twin = self._pick(self._live())
        if twin is not None:
            name = f"Renamed {self._rng.randint(1, 99)}"
            self._outreach.opportunities.update(twin, {"name": name})
            self._ledger.edited[twin, "name"] = name
            self._note(f"renames {twin}")

    def notes_down(self) -> None:
        """A field that nobody maps."""
        twin = self._pick(self._live())
        if twin is not None:
            text = f"step {self._rng.randint(1, 99)}"
            self._outreach.opportunities.update(twin, {"nextStep": text})
            self._ledger.unmapped[twin] = text
            self._note(f"notes down on {twin}")

    def relates(self) -> None:
        """A role made by hand."""
        twin = self._pick(self._live())
        prospect = self._pick([row.id for row in self._outreach.prospects.rows()])
        if twin is None or prospect is None:
            return
        text = self._rng.choice((*RELATIONS[:3], "Golf partner"))
        taken = {
            (row.relationships.get("prospect"), row.attributes.get("role"))
            for row in self._outreach.roles_on(twin)
        }
        if self._outreach.knobs.duplicate_role == "422" and (prospect, text) in taken:
            return
        if self._outreach.knobs.one_role_per_person and prospect in dict(taken):
            return
        links = {"opportunity": twin, "prospect": prospect}
        role = self._outreach.roles.create({"role": text}, links)
        if self._may_be_taken(twin, prospect, text):
            self._ledger.orphaned_roles.add(role)
        else:
            self._ledger.hand_roles[role] = (twin, prospect, text)
        self._note(f"relates {prospect} to {twin} as {text}")

    def _may_be_taken(self, twin: int, prospect: int, text: str) -> bool:
        """Whether nobody can tell it from one that the engine asked for and got no answer about."""
        lost_at = self._ledger.doubtful_roles.get((twin, prospect, text))
        visible_s = float(self._scene.plan.settings["outreach"]["visibility_s"])
        return lost_at is not None and anyio.current_time() <= lost_at + visible_s

    def unrelates(self) -> None:
        """A role is removed, whoever made it."""
        role = self._pick([row.id for row in self._outreach.roles.rows()])
        if role is not None:
            self._forget_role(role)
            self._outreach.roles.delete(role)
            self._note(f"removes role {role}")

    def deletes(self) -> None:
        """An opportunity."""
        twin = self._pick(self._live())
        row = self._outreach.opportunities.get(twin) if twin is not None else None
        if twin is None or row is None or self._rng.random() < 0.4:
            return
        for role in self._outreach.roles_on(twin):
            self._forget_role(role.id)
        custom_id = str(row.attributes.get("customId"))
        self._ledger.deleted[custom_id] += 1
        self._ledger.gone_records.add(int(custom_id.rpartition("-")[2]))
        opportunities = self._scene.workbooks.opportunities
        self._ledger.gone_records |= {
            one
            for one in opportunities.ids()
            if opportunities.value(one, "cf_opportunity_outreach_id") == str(twin)
        }
        self._outreach.opportunities.delete(twin)
        self._note(f"deletes {twin}")

    def deletes_a_prospect(self) -> None:
        """A prospect, with its roles."""
        prospect = self._pick([row.id for row in self._outreach.prospects.rows()])
        if prospect is None or self._rng.random() < 0.4:
            return
        for row in self._outreach.roles.rows():
            if row.relationships.get("prospect") == prospect:
                twin, text = row.relationships["opportunity"], row.attributes.get("role")
                self._ledger.orphaned_lines[twin, str(text or "")] += 1
                self._forget_role(row.id)
        for person_id in self._scene.workbooks.people.ids():
            self._ledger.gone_people.add(person_id)
        self._outreach.prospects.delete(prospect)
        self._note(f"deletes prospect {prospect}")

    def locks(self) -> None:
        """A user's seat."""
        user = self._pick([row.id for row in self._outreach.users.rows()][1:])
        if user is not None:
            self._outreach.users.update(user, {"locked": True})
            self._note(f"locks user {user}")

    def joins(self) -> None:
        """Somebody and some stage that Workbooks knew before Outreach did."""
        if not any(row.attributes["lastName"] == "Finch" for row in self._outreach.users.rows()):
            self._scene.add_seat(NEWCOMER)
            self._outreach.stages.create({"name": LATE_STAGE, "order": 9})
            self._note("joins")

    def enters_a_prospect(self) -> None:
        """Somebody enters a person with an address that Workbooks may know too."""
        email = f"p{self._rng.randint(1, 9)}@customer.example"
        if not self._outreach.tables["prospect"].find("emails", email):
            prospect = self._outreach.prospects.create({"emails": [email], "firstName": "Hand"})
            self._note(f"enters prospect {prospect} {email}")

    def _forget_role(self, role_id: int) -> None:
        row = self._outreach.roles.get(role_id)
        hand = self._ledger.hand_roles.pop(role_id, None)
        if row is not None and hand is None:
            links = row.relationships
            text = str(row.attributes.get("role") or "")
            self._ledger.removed_roles[links["opportunity"], links["prospect"], text] += 1

    def _live(self) -> list[int]:
        rows = self._outreach.opportunities.rows()
        return [row.id for row in rows if not row.attributes.get("trashedAt")]

    def _pick(self, ids: list[int]) -> int | None:
        return self._rng.choice(ids) if ids else None

    def _note(self, text: str) -> None:
        self._scene.trace.note("action", f"in Outreach: {text}")


class Actor(Protocol):
    """Somebody who does something now and then."""

    def act(self) -> None:
        """Do something."""


async def working_day(actor: Actor, rng: Random, pause_s: float, until_s: float) -> None:
    """Let them act now and then until the day is over."""
    while True:
        await asyncio.sleep(rng.expovariate(1.0 / pause_s))
        if anyio.current_time() >= until_s:
            return
        actor.act()
