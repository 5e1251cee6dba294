"""What people who use Workbooks do to persons."""

from __future__ import annotations

from typing import Any

from tests.simulation.scene import Scene

FIRST_NAMES = ("Mary", "Nils", "Olga", "Paul", "Rosa", "Sven", "Tess", "Uwe")
BLOCKED = "blocked.example"


class CrmPersons:
    """The hands of those who keep persons in Workbooks."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._rng = scene.rng("crm users")
        self._workbooks = scene.workbooks
        self._ledger = scene.ledger
        self._serial = 0

    def meets_somebody(self) -> None:
        """A new person, who may share an address with another or have none."""
        people = self._workbooks.people
        if len(people) >= self._scene.plan.people + 3:
            return
        self._serial += 1
        first = self._rng.choice(FIRST_NAMES)
        person_id = people.create(
            name=f"{first} Number{self._serial}",
            person_first_name=first,
            person_last_name=f"Number{self._serial}",
            main_location_email=self._email(),
            cf_person_sync_to_outreach=self._rng.random() < 0.8,
        )
        self._judge_person(person_id)
        self._note(f"meets PERS-{person_id}")

    def edits_a_person(self) -> None:
        """Address, sync, or title of a person."""
        person_id = self._person()
        if person_id is None:
            return
        column, value = self._rng.choice(
            (
                ("main_location_email", self._email()),
                ("cf_person_sync_to_outreach", self._rng.random() < 0.7),
                ("person_job_title", self._rng.choice(("Buyer", "Chief", "Clerk"))),
            )
        )
        self._workbooks.people.update(person_id, **{column: value})
        self._judge_person(person_id)
        self._note(f"edits PERS-{person_id} {column}={value}")

    def deletes_a_person(self) -> None:
        """A person, who leaves every tab."""
        person_id = self._person()
        if person_id is not None and self._rng.random() < 0.4:
            self._workbooks.people.delete(person_id)
            self._note(f"deletes PERS-{person_id}")

    def _reset_person(self, person_id: int, *, cure: bool) -> None:
        values: dict[str, Any] = {"cf_person_outreach_sync_error": False}
        if cure:
            values |= {"main_location_email": self._email(good=True)}
            carried = self._workbooks.people.value(person_id, "cf_person_outreach_id")
            if carried and self._scene.outreach.prospects.get(int(str(carried))) is None:
                values |= {"cf_person_outreach_id": "", "cf_person_outreach_url": ""}
        self._workbooks.people.update(person_id, **values)
        self._judge_person(person_id)
        self._note(f"resets PERS-{person_id} cure={cure}")

    def _email(self, *, good: bool = False) -> str | None:
        draw = self._rng.random()
        if not good and draw < 0.1:
            return None
        if not good and draw < 0.2:
            return f"p{self._rng.randint(1, 9)}@{BLOCKED}"
        return f"p{self._rng.randint(1, 9)}@customer.example"

    def _judge_person(self, person_id: int) -> None:
        email = self._workbooks.people.value(person_id, "main_location_email")
        if email and str(email).endswith(BLOCKED):
            self._ledger.bad_people.add(person_id)

    def _person(self) -> int | None:
        ids = self._workbooks.people.ids()
        return self._rng.choice(ids) if ids else None

    def _note(self, text: str) -> None:
        self._scene.trace.note("action", text)
