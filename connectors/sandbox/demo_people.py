"""What happens on People tabs during the demo, and how one sees it in Outreach."""

from random import Random

from connectors.sandbox import sample_words as words
from connectors.sandbox.demo_edits import Change
from connectors.sandbox.sandbox import Sandbox

NOT_RELATED = "not related"

_FOUND_EMAIL = "found.at.last.{}@customer.example"

Line = tuple[int, str]
"""Person id and relationship."""


class TabKeeper:
    """A CRM user who looks after the People tabs of imported opportunities, and edits no more."""

    def __init__(self, sandbox: Sandbox, seed: int = 1) -> None:
        self._sandbox = sandbox
        self._workbooks = sandbox.workbooks
        self._rng = Random(f"tabs:{seed}")
        self._available = sandbox.sample.available
        self._deals = [one for one in sandbox.sample.bulk if self._single_lines(one)]
        self._rng.shuffle(self._deals)

    def everything(self) -> list[Change]:
        """Somebody comes, changes, goes, and becomes reachable."""
        return [self.adds(), self.changes(), self.takes_off(), self.finds_an_email()]

    def adds(self) -> Change:
        """Put a person on a tab, without any other edit of the opportunity."""
        deal, _ = self._next()
        tab = self._workbooks.people_on(deal)
        on_tab = {person for person, _ in tab}
        person = self._rng.choice([one for one in self._available if one not in on_tab])
        role = self._rng.choice(words.RELATIONSHIPS)
        change = self._change("Person added", deal, person)
        change.wanted = self._described(person, [role])
        self._workbooks.set_people(deal, [*tab, (person, role)])
        return change

    def changes(self) -> Change:
        """Give a person on a tab another relationship."""
        deal, line = self._next()
        person, before = line
        role = self._rng.choice([one for one in words.RELATIONSHIPS if one != before])
        change = self._change("Relationship changed", deal, person)
        change.wanted = self._described(person, [role])
        tab = self._workbooks.people_on(deal)
        self._workbooks.set_people(deal, [(person, role) if one == line else one for one in tab])
        return change

    def takes_off(self) -> Change:
        """Take a person off a tab."""
        deal, line = self._next()
        change = self._change("Person taken off", deal, line[0])
        change.wanted = NOT_RELATED
        tab = self._workbooks.people_on(deal)
        self._workbooks.set_people(deal, [one for one in tab if one != line])
        return change

    def finds_an_email(self) -> Change:
        """Enter the e-mail address that a person on a tab lacked, and nothing else."""
        nobody = self._sandbox.sample.without_email
        deals = [*self._sandbox.sample.ordinary, *self._sandbox.sample.bulk]
        deal, person = next(
            (deal, person)
            for deal in deals
            for person, _ in self._workbooks.people_on(deal)
            if person in nobody
        )
        change = self._change("E-mail entered", deal, person)
        roles = [role for one, role in self._workbooks.people_on(deal) if one == person]
        change.wanted = self._described(person, roles)
        self._workbooks.people.update(person, main_location_email=_FOUND_EMAIL.format(person))
        return change

    def _next(self) -> tuple[int, Line]:
        """The opportunity whose turn it is, and somebody who stands on its tab once."""
        while True:
            deal = self._deals.pop()
            self._deals.insert(0, deal)
            if lines := self._single_lines(deal):
                return deal, self._rng.choice(lines)

    def _single_lines(self, deal: int) -> list[Line]:
        """Lines of people who are, or become, prospects and stand on the tab once."""
        tab = self._workbooks.people_on(deal)
        people = [person for person, _ in tab]
        return [one for one in tab if one[0] in self._available and people.count(one[0]) == 1]

    def _change(self, what: str, deal: int, person: int) -> Change:
        def shown() -> str:
            return self._described(person, self._roles(deal, person))

        ref = str(self._workbooks.opportunities.value(deal, "object_ref"))
        return Change(what, ref, shown(), shown)

    def _roles(self, deal: int, person: int) -> list[str]:
        """What Outreach says the person is to the opportunity."""
        outreach = self._sandbox.outreach
        ref = str(self._workbooks.opportunities.value(deal, "object_ref"))
        email = self._workbooks.people.value(person, "main_location_email")
        prospects = {row.id for row in outreach.tables["prospect"].find("emails", str(email or ""))}
        return [
            str(role.attributes.get("role", ""))
            for opportunity in outreach.find_opportunities(ref)
            for role in outreach.roles_on(opportunity.id)
            if role.relationships["prospect"] in prospects
        ]

    def _described(self, person: int, roles: list[str]) -> str:
        if not roles:
            return NOT_RELATED
        name = self._workbooks.people.value(person, "name")
        return f"{name}, {' and '.join(sorted(roles))}"
