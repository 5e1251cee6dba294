"""People who use Workbooks and copy records, or cut and paste their ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.simulation.people import is_refused
from tests.simulation.scene import Scene

ID = "cf_opportunity_outreach_id"
URL = "cf_opportunity_outreach_url"
SYNC = "cf_opportunity_sync_to_outreach"
# What a copy takes over, with the name under which it is shown.
COPIED = {
    **{
        name: name
        for name in (
            "description",
            "document_currency_net_value",
            "document_date",
            "probability",
            "comment",
            "queue_entry[queue[name]]",
            "party_id",
            ID,
            URL,
        )
    },
    "opportunity_stage_name": "opportunity_stage[name]",
}
# Records beyond the plan's number that copies may make.
COPIES_MAX = 3


class Copiers:
    """Those by whom two records come to carry one id."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._rng = scene.rng("weather2 copiers")
        self._opportunities = scene.workbooks.opportunities
        self._ledger = scene.ledger

    def act(self) -> None:
        """One of them does something."""
        choices: tuple[Callable[[], None], ...] = (
            self.copies,
            self.copies,
            self.pastes,
            self.cuts_and_pastes,
            self.swaps,
        )
        # Nothing is cut once a state is lost: what neither side knows any more is made anew.
        self._rng.choice(choices[:2] if self._ledger.state_lost else choices)()

    def copies(self) -> None:
        """A record, with everything it carries."""
        linked = self._linked()
        if not linked or len(self._opportunities) >= self._scene.plan.records + COPIES_MAX:
            return
        record_id = self._rng.choice(linked)
        columns = self._opportunities.get(record_id)
        values: dict[str, Any] = {name: columns[shown] for name, shown in COPIED.items()}
        copy_id = self._opportunities.create(**values, **{SYNC: True})
        if is_refused(columns, self._scene):
            self._ledger.bad_records.add(copy_id)
        self._contest(record_id, copy_id)
        self._ledger.yielded.add(copy_id)
        self._note(f"copies OPP-{record_id} as OPP-{copy_id}")

    def pastes(self) -> None:
        """The id of one record on another, which it stands on then too."""
        self._paste(cut=False)

    def cuts_and_pastes(self) -> None:
        """The id of one record on another, and not on the first any more."""
        self._paste(cut=True)

    def _paste(self, *, cut: bool) -> None:
        linked, ids = self._linked(), self._opportunities.ids()
        if not linked or len(ids) < 2:
            return
        one = self._rng.choice(linked)
        other = self._rng.choice([each for each in ids if each != one])
        self._contest(one, other)
        self._ledger.yielded.add(other)
        self._put(other, self._carried(one))
        if cut:
            self._ledger.yielded.add(one)
            self._put(one, "")
        self._note(f"pastes the id of OPP-{one} on OPP-{other}, cut={cut}")

    def swaps(self) -> None:
        """The ids of two records."""
        linked = self._linked()
        if len(linked) < 2:
            return
        one, other = self._rng.sample(linked, 2)
        self._contest(one, other)
        self._ledger.yielded |= {one, other}
        first, second = self._carried(one), self._carried(other)
        self._put(one, second)
        self._put(other, first)
        self._note(f"swaps the ids of OPP-{one} and OPP-{other}")

    def _contest(self, *records: int) -> None:
        self._ledger.contested |= set(records)
        self._ledger.contested_twins |= {
            int(carried) for one in records if (carried := self._carried(one))
        }

    def _put(self, record_id: int, carried: str) -> None:
        self._opportunities.update(record_id, **{ID: carried, URL: ""})

    def _carried(self, record_id: int) -> str:
        return str(self._opportunities.value(record_id, ID) or "")

    def _linked(self) -> list[int]:
        return [one for one in self._opportunities.ids() if self._carried(one)]

    def _note(self, text: str) -> None:
        self._scene.trace.note("action", text)
