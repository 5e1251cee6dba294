"""What people do while the service dies: edits on tabs, on records, on people, and in Outreach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random

from connectors.sandbox import sample_words as words
from connectors.sandbox.outreach import Row
from connectors.sandbox.sandbox import Sandbox
from connectors.sandbox.workbooks import Money

BULK = 40
# A relationship nobody enters in Workbooks.
BY_HAND = "Met at the fair"

Edge = tuple[int, int, str]
"""(opportunity, prospect, role), all in Outreach."""


class Hands:
    """Users of both systems; what they do follows from `rng` alone.

    `made` are the roles that were, or are, entered in Outreach and not by the service.
    """

    def __init__(self, sandbox: Sandbox, rng: Random) -> None:
        self._workbooks = sandbox.workbooks
        self._outreach = sandbox.outreach
        self._sample = sandbox.sample
        self._rng = rng
        self._done = 0
        self._deals = [*self._sample.ordinary, *self._sample.linked, *self._sample.bulk]
        # The time comes for each of them, in this order.
        self._unavailable = [*self._sample.unsynced, *self._sample.without_email]
        self._available = list(self._sample.available)
        self.made: Counter[Edge] = Counter(
            (row.relationships["opportunity"], row.relationships["prospect"], _role_of(row))
            for row in self._outreach.roles.rows()
        )

    def do_something(self) -> None:
        """One thing after the other; imports are rare."""
        usual: tuple[Callable[[], None], ...] = (
            self._edits_a_record,
            self._adds_to_a_tab,
            self._edits_a_record,
            self._changes_a_line,
            self._enters_a_record,
            self._takes_off_a_tab,
            self._makes_somebody_available,
            self._enters_a_role_in_outreach,
        )
        usual[self._done % len(usual)]()
        self._done += 1
        if self._done % 30 == 0:
            self._imports()

    def _edits_a_record(self) -> None:
        self._workbooks.opportunities.update(
            self._rng.choice(self._deals),
            probability=self._rng.randrange(100),
            comment=f"note {self._done}",
        )

    def _enters_a_record(self) -> None:
        deal = self._enter(f"Entered as number {self._done}")
        people = self._rng.sample(self._available, 2)
        self._workbooks.set_people(deal, [(one, self._role()) for one in people])

    def _imports(self) -> None:
        for place in range(BULK):
            self._enter(f"Imported as {self._done}.{place}")

    def _enter(self, name: str) -> int:
        deal = self._workbooks.opportunities.create(
            description=name,
            cf_opportunity_sync_to_outreach=True,
            probability=self._rng.randrange(100),
            document_currency_net_value=Money(Decimal(self._rng.randrange(10**7)) / 100, "GBP"),
        )
        self._deals.append(deal)
        return deal

    def _adds_to_a_tab(self) -> None:
        deal = self._rng.choice(self._deals)
        tab = self._workbooks.people_on(deal)
        line = (self._rng.choice(self._available), self._role())
        if line not in tab:
            self._workbooks.set_people(deal, [*tab, line])

    def _changes_a_line(self) -> None:
        deal, tab = self._deal_with_people()
        place = self._rng.randrange(len(tab))
        line = (tab[place][0], self._role())
        if line not in tab:
            tab[place] = line
            self._workbooks.set_people(deal, tab)

    def _takes_off_a_tab(self) -> None:
        deal, tab = self._deal_with_people()
        tab.pop(self._rng.randrange(len(tab)))
        self._workbooks.set_people(deal, tab)

    def _makes_somebody_available(self) -> None:
        """Tick a person, or enter an e-mail address; later on, somebody is new altogether."""
        people = self._workbooks.people
        address = f"person.{self._done}@customer.example"
        if self._unavailable:
            person = self._unavailable.pop(0)
            without = people.value(person, "main_location_email") in (None, "")
            given = {"main_location_email": address} if without else {}
            people.update(person, cf_person_sync_to_outreach=True, **given)
        else:
            person = people.create(
                name=f"Person {self._done}",
                person_last_name=f"Person {self._done}",
                main_location_email=address,
                cf_person_sync_to_outreach=True,
            )
        self._available.append(person)

    def _enters_a_role_in_outreach(self) -> None:
        rows = self._outreach.opportunities.rows()
        opportunity = self._rng.choice(rows).id
        prospect = self._rng.choice(list(self._sample.prospects.values()))
        edge = (opportunity, prospect, BY_HAND)
        if not self.made[edge]:
            links: dict[str, int | None] = {"opportunity": opportunity, "prospect": prospect}
            self._outreach.roles.create({"role": BY_HAND}, links)
            self.made[edge] += 1

    def _deal_with_people(self) -> tuple[int, list[tuple[int, str]]]:
        while True:
            deal = self._rng.choice(self._deals)
            tab = self._workbooks.people_on(deal)
            if tab:
                return deal, tab

    def _role(self) -> str:
        return self._rng.choice(words.RELATIONSHIPS)


def _role_of(row: Row) -> str:
    return str(row.attributes.get("role") or "")
