"""The people who use Workbooks, as far as one seed has them do something.

Whatever they do that bears on what is right in the end stands in the scene's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from connectors.sandbox.workbooks import Money
from tests.simulation.persons import CrmPersons
from tests.simulation.scene import Scene

SELLERS = ("Ada King", "Ben Okri", "Cleo Marsh")
NEWCOMER = "Dora Finch"
NOBODY = "The Night Desk"
STAGES = ("Discovery", "Proposal", "Closed Won")
LATE_STAGE = "Negotiation"
UNKNOWN_STAGE = "Limbo"
RELATIONS = ("Decision maker", "Sponsor", "Technical buyer", "")
CURRENCIES = ("GBP", "EUR", "USD")
TOO_LONG = "x" * 300
# How often somebody mends what was refused, and leaves the flag to the service.
MENDED_ALONE = 0.4
HALVES = ("\ud83d", "\udc00")
Line = tuple[int, str]


class CrmUsers(CrmPersons):
    """Those who work in Workbooks."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._organisations: list[int] = []
        self._rare = scene.rng("weather3 crm users")
        self._mending = scene.rng("mending crm users")

    def begin(self) -> None:
        """Fill the world with what is there before the engine first runs."""
        scene, rng = self._scene, self._rng
        for name in SELLERS:
            scene.add_seat(name)
        for order, name in enumerate(STAGES):
            scene.outreach.stages.create({"name": name, "order": order})
        for place in range(4):
            account = None
            if place < 2:
                account = scene.outreach.accounts.create({"name": f"Org {place}", "named": True})
            carried = {0: account, 1: account, 2: 987_654, 3: None}[place]
            self._organisations.append(
                self._workbooks.organisations.create(
                    name=f"Org {place}",
                    cf_organisation_outreach_id=None if carried is None else str(carried),
                )
            )
        for _ in range(scene.plan.people):
            self.meets_somebody()
        for _ in range(rng.randint(1, scene.plan.records)):
            self.creates()

    def act(self) -> None:
        """One of them does something."""
        choices: tuple[tuple[int, Callable[[], None]], ...] = (
            (8, self.edits),
            (4, self.creates),
            (1, self.imports),
            (3, self.ticks),
            (7, self.moves_people),
            (3, self.edits_a_person),
            (1, self.meets_somebody),
            (3, self.resets_flags),
            (1, self.deletes),
            (1, self.deletes_a_person),
            (1, self.clears_an_id),
            (1, self.organises),
        )
        self._rng.choices([one for _, one in choices], [weight for weight, _ in choices])[0]()

    def creates(self) -> None:
        """A new opportunity, up to the plan's number."""
        if len(self._workbooks.opportunities) < self._scene.plan.records:
            self.enters()

    def enters(self) -> int:
        """A new opportunity, however many there are."""
        values = self._values()
        record_id = self._workbooks.opportunities.create(
            cf_opportunity_sync_to_outreach=self._rng.random() < 0.85, **values
        )
        self.judges(record_id)
        self._note(f"creates OPP-{record_id}")
        if self._rng.random() < 0.7:
            self._fill_tab(record_id)
        return record_id

    def imports(self) -> None:
        """Several opportunities that share one second."""
        for _ in range(self._rng.randint(2, 5)):
            self.creates()

    def edits(self) -> None:
        """Some columns of one opportunity, or of several within one second."""
        for _ in range(self._rng.choice((1, 1, 1, 3))):
            record_id = self._record()
            if record_id is None:
                return
            values = self._values()
            names = self._rng.sample(sorted(values), self._rng.randint(1, 3))
            self._workbooks.opportunities.update(
                record_id, **{name: values[name] for name in names}
            )
            self.judges(record_id)
            self._note(f"edits OPP-{record_id} {names}")

    def ticks(self) -> None:
        """Sync on or off."""
        record_id = self._record()
        if record_id is not None:
            on = self._rng.random() < 0.6
            self._workbooks.opportunities.update(record_id, cf_opportunity_sync_to_outreach=on)
            self._ledger.yielded |= set() if on else {record_id}
            self._ledger.undone.pop(record_id, None)
            self._note(f"ticks OPP-{record_id} {on}")

    def moves_people(self) -> None:
        """Edits a People tab."""
        record_id = self._record()
        if record_id is not None:
            self._fill_tab(record_id)

    def resets_flags(self) -> None:
        """Takes back error flags, whether or not the cause is cured."""
        for record_id in self._workbooks.opportunities.ids():
            if self._workbooks.opportunities.value(record_id, "cf_opportunity_outreach_sync_error"):
                self._reset(record_id, cure=self._rng.random() < 0.6)
        for person_id in self._workbooks.people.ids():
            if self._workbooks.people.value(person_id, "cf_person_outreach_sync_error"):
                self._reset_person(person_id, cure=self._rng.random() < 0.6)

    def deletes(self) -> None:
        """An opportunity."""
        record_id = self._record()
        if record_id is not None and self._rng.random() < 0.5:
            self._workbooks.opportunities.delete(record_id)
            self._ledger.yielded.add(record_id)
            self._note(f"deletes OPP-{record_id}")

    def clears_an_id(self) -> None:
        """*Outreach Id* and URL of an opportunity.

        Not where the state was lost: what neither side knows any more is made anew.
        """
        record_id = self._record()
        if record_id is not None and not self._ledger.state_lost:
            self._workbooks.opportunities.update(
                record_id, cf_opportunity_outreach_id="", cf_opportunity_outreach_url=""
            )
            self._ledger.yielded.add(record_id)
            self._note(f"clears the id of OPP-{record_id}")

    def organises(self) -> None:
        """An organisation gets its account in Outreach."""
        organisation = self._organisations[3]
        account = self._scene.outreach.accounts.create({"name": "Late Org", "named": True})
        if not self._workbooks.organisations.value(organisation, "cf_organisation_outreach_id"):
            self._workbooks.organisations.update(
                organisation, cf_organisation_outreach_id=str(account)
            )
            self._note(f"gives ORG-{organisation} account {account}")

    def make_good(self) -> None:
        """At the end: every flag is reset where its cause can be cured."""
        for record_id in self._workbooks.opportunities.ids():
            if self._workbooks.opportunities.value(record_id, "cf_opportunity_outreach_sync_error"):
                self._reset(record_id, cure=self._rng.random() < 0.7)

    def _reset(self, record_id: int, *, cure: bool) -> None:
        opportunities = self._workbooks.opportunities
        values: dict[str, Any] = {"cf_opportunity_outreach_sync_error": False}
        if cure:
            values |= {"description": self._title(), "comment": "cured"}
            if self._scene.plan.rare.dateless:
                values["document_date"] = date(2026, 12, 1)
            if self._is_gone(record_id) or self._is_anothers(record_id):
                values |= {"cf_opportunity_outreach_id": "", "cf_opportunity_outreach_url": ""}
        flag = "cf_opportunity_outreach_sync_error"
        if cure and not self._ledger.state_lost and self._mending.random() < MENDED_ALONE:
            # The service takes its own flag back.
            del values[flag]
            self._ledger.mended.add(record_id)
        opportunities.update(record_id, **values)
        self.judges(record_id)
        self._note(f"resets OPP-{record_id} cure={cure} flag={flag in values}")

    def _is_gone(self, record_id: int) -> bool:
        carried = self._workbooks.opportunities.value(record_id, "cf_opportunity_outreach_id")
        if not carried:
            return False
        row = self._scene.outreach.opportunities.get(int(str(carried)))
        return row is None or bool(row.attributes.get("trashedAt"))

    def _is_anothers(self, record_id: int) -> bool:
        """Whether it carries the id of what belongs to another record."""
        if record_id not in self._ledger.contested:
            return False
        carried = self._workbooks.opportunities.value(record_id, "cf_opportunity_outreach_id")
        row = self._scene.outreach.opportunities.get(int(str(carried or 0)))
        return row is not None and row.attributes.get("customId") != f"OPP-{record_id}"

    def _fill_tab(self, record_id: int) -> None:
        people = self._workbooks.people.ids()
        lines: list[Line] = [
            (self._rng.choice(people), self._odd_text(self._rng.choice(RELATIONS)))
            for _ in range(self._rng.choice((0, 1, 2, 3)) if people else 0)
        ]
        kept = self._workbooks.people_on(record_id)
        if self._rng.random() < 0.5 and kept:
            lines = [*kept[:-1], *lines[:1]]
        self._workbooks.set_people(record_id, lines)
        self._note(f"puts {lines} on OPP-{record_id}")

    def _values(self) -> dict[str, Any]:
        rng = self._rng
        bad = rng.random() < 0.06
        title = rng.choice(("", TOO_LONG)) if bad else self._title()
        amount = Decimal(rng.choice(("0", "1234.50", "99.49", "100000", "7.5")))
        return {
            "description": title,
            "document_currency_net_value": Money(amount, rng.choice(CURRENCIES)),
            "document_date": self._undated(date(2026, 10, 1) + timedelta(days=rng.randint(0, 400))),
            "probability": rng.choice((0, 10, 55, 100, None)),
            "comment": rng.choice(("", "call back", "met on Monday")),
            "opportunity_stage_name": rng.choice((*STAGES, LATE_STAGE, UNKNOWN_STAGE)),
            "queue_entry[queue[name]]": rng.choice((*SELLERS, NEWCOMER, NOBODY)),
            "party_id": rng.choice((*self._organisations, None)),
        }

    def _title(self) -> str:
        title = f"{self._rng.choice(('Crane', 'Barge', 'Buoy', 'Tug'))} {self._rng.randint(1, 99)}"
        return self._halved(title)

    def _halved(self, text: str) -> str:
        if not self._scene.plan.rare.halves or self._rare.random() < 0.6:
            return text
        return f"{text}{self._rare.choice(HALVES)} blue"

    def _odd_text(self, relation: str) -> str:
        if self._scene.plan.rare.commas and self._rare.random() < 0.3:
            return "Buyer, main"
        return self._halved(relation)

    def _undated(self, day: date) -> date | None:
        return None if self._scene.plan.rare.dateless and self._rare.random() < 0.3 else day

    def judges(self, record_id: int) -> None:
        """Note a record that holds what Outreach refuses."""
        if is_refused(self._workbooks.opportunities.get(record_id), self._scene):
            self._ledger.bad_records.add(record_id)
            self._ledger.mended.discard(record_id)

    def _record(self) -> int | None:
        ids = self._workbooks.opportunities.ids()
        return self._rng.choice(ids) if ids else None


def is_refused(columns: Mapping[str, object], scene: Scene) -> bool:
    """Whether Outreach certainly refuses an opportunity with these columns."""
    title, day = columns["description"], columns["document_date"]
    dateless = scene.outreach.knobs.close_date_required and day is None
    return not title or title == TOO_LONG or dateless
