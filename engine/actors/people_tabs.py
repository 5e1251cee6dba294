"""People tabs: what the lines of a tab are in the target's terms, and which cannot be told yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from engine.actors.prospect_resolver import ProspectResolver
from engine.decide.person import WOULD_CREATE
from engine.decide.roles import Script
from engine.model.person import Standing
from engine.model.records import Relation
from engine.model.tab import Edge
from engine.store.port.store import Store


@dataclass(frozen=True, slots=True)
class Tab:
    """The tab in the target's terms, and the lines that cannot be told yet.

    `would` says what would become of people, by person id, where that is only foreseen;
    `protected` are prospects whose roles stay as they are.
    """

    wanted: list[Edge]
    people: Mapping[int, int]
    held: Mapping[int, Standing]
    would: Mapping[int, str]
    protected: set[int]


@dataclass(frozen=True, slots=True)
class PeopleTabs:
    """Asks for the people on tabs."""

    store: Store
    prospects: ProspectResolver

    async def told(self, people: tuple[Relation, ...], *, foreseen: bool) -> Tab:
        """The tab; `foreseen` when nothing may be done for it, such as to create a prospect.

        Raises:
            EngineError: as `ProspectResolver.resolve`.
        """
        asked = self.prospects.foresee if foreseen else self.prospects.resolve
        standings = await asked({line.person_id for line in people})
        found = {
            # Nobody in the target has such an id: a line of theirs is a role to be created.
            person_id: -person_id if standing.prospect_id is None else standing.prospect_id
            for person_id, standing in standings.items()
            if standing.prospect_id is not None or standing is WOULD_CREATE
        }
        held = {one: standing for one, standing in standings.items() if one not in found}
        # A person who cannot be told keeps what it had: the tab still has the line.
        known = (await self.store.people.load(held)).values() if held else ()
        return Tab(
            wanted=[
                (found[line.person_id], line.role) for line in people if line.person_id in found
            ],
            people=found,
            held=held,
            would={one: standing.would for one, standing in standings.items() if standing.would},
            protected={one.prospect_id for one in known if one.prospect_id is not None},
        )


def what_would_happen(edits: Script, tab: Tab) -> str:
    """What a tab would change, for a person, without a value of the record."""
    roles = {"create": edits.create, "change": edits.change, "remove": edits.remove}
    said = [f"{name} {len(some)} roles" for name, some in roles.items() if some]
    people = Counter(tab.would.values())
    said += [f"have {number} people {what}" for what, number in sorted(people.items())]
    return f"would {', '.join(said)}"
