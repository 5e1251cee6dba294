"""Sample people, kind by kind, and the People tabs they stand on; see `sample`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any

from connectors.sandbox import sample_words as words
from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.planted import Sample
from connectors.sandbox.workbooks import WorkbooksWorld

LINKED, UNLINKED, NEWCOMERS, UNSYNCED, WITHOUT_EMAIL = 14, 12, 43, 5, 4

# Distinct ranges, so that a number on the screen says what it is.
FIRST_PERSON, FIRST_PROSPECT = 3001, 70_001

EXCLUDED_DOMAIN = "rival.example"
# Every so many tabs, somebody stands there who cannot be related, or stands there twice.
_HELD_BACK_EVERY, _TWICE_EVERY = 8, 10
_WITH_TELEPHONE_EVERY = 3
_HISTORY_S = 30 * 86_400

_TITLE_TOO_LONG = (
    "Interim Group Director of Procurement, Category Management, Supplier Assurance and Logistics"
    " for the Northern, Central and Southern Regions, Deputy Chair of the Standing Committee on"
    " Scanning, and Acting Head of Facilities until the appointment of a permanent successor"
)

Columns = dict[str, Any]

# What is wrong, in a person's words, and the columns that make it so.
_DEFECTS: tuple[tuple[str, Columns], ...] = (
    ("the job title is longer than Outreach takes", {"person_job_title": _TITLE_TOO_LONG}),
    (
        "Outreach excludes the e-mail domain",
        {"main_location_email": f"purchasing@{EXCLUDED_DOMAIN}"},
    ),
)


@dataclass(slots=True)
class PeoplePlanter:
    """Plants every kind of person, then puts them on tabs; ids follow from the sample alone."""

    workbooks: WorkbooksWorld
    outreach: OutreachWorld
    sample: Sample
    rng: Random
    _planted: int = field(default=0, init=False)

    def plant(self) -> None:
        """Plant the people; organisations must be there."""
        sample = self.sample
        for _ in range(LINKED):
            columns = self._columns()
            prospect_id = self._prospect(columns)
            columns["cf_person_outreach_id"] = str(prospect_id)
            columns["cf_person_outreach_url"] = f"https://outreach.example/p/{prospect_id}"
            sample.prospects[self._person(columns)] = prospect_id
        for _ in range(UNLINKED):
            columns = self._columns()
            prospect_id = self._prospect(columns)
            sample.unlinked[self._person(columns)] = prospect_id
        for _ in range(NEWCOMERS):
            sample.newcomers.append(self._person(self._columns()))
        for _ in range(UNSYNCED):
            columns = self._columns() | {"cf_person_sync_to_outreach": False}
            sample.unsynced.append(self._person(columns))
        for _ in range(WITHOUT_EMAIL):
            columns = self._columns() | {"main_location_email": None}
            sample.without_email.append(self._person(columns))
        self.outreach.knobs.excluded_email_domains |= {EXCLUDED_DOMAIN}
        for reason, defect in _DEFECTS:
            sample.refused[self._person(self._columns() | defect)] = reason

    def _columns(self) -> Columns:
        place = self._planted
        self._planted += 1
        first = words.FIRST_NAMES[place % len(words.FIRST_NAMES)]
        last = words.LAST_NAMES[(place * 5 + place // 20) % len(words.LAST_NAMES)]
        customer = self.sample.customers[place % len(self.sample.customers)]
        entered_at = int(self.workbooks.clock()) - _HISTORY_S
        # The range of numbers that is kept free for fiction.
        telephone = None if place % _WITH_TELEPHONE_EVERY else f"01632 960{place:03d}"
        return {
            "id": FIRST_PERSON + place,
            "created_at": entered_at,
            "updated_at": entered_at,
            "name": f"{first} {last}",
            "person_first_name": first,
            "person_last_name": last,
            "person_job_title": self.rng.choice(words.JOB_TITLES),
            "employer_link": customer.id,
            "main_location_email": f"{words.mailbox(f'{first} {last}')}.{place}@customer.example",
            "main_location_telephone": telephone,
            "cf_person_sync_to_outreach": True,
        }

    def _person(self, columns: Columns) -> int:
        return self.workbooks.people.create(**columns)

    def _prospect(self, columns: Columns) -> int:
        customers = self.sample.customers
        account_id = next(one.account_id for one in customers if one.id == columns["employer_link"])
        attributes = {
            "firstName": columns["person_first_name"],
            "lastName": columns["person_last_name"],
            "title": columns["person_job_title"],
            "emails": [columns["main_location_email"]],
        }
        prospect_id = FIRST_PROSPECT + self._planted - 1
        return self.outreach.prospects.create(attributes, {"account": account_id}, id=prospect_id)

    def fill_tabs(self) -> None:
        """Put one to four lines on a good part of the tabs; opportunities must be there."""
        sample = self.sample
        most = [one for place, one in enumerate(sample.ordinary) if place % 4]
        chosen = [*sample.linked, *most, *sample.bulk[::3], *sample.unticked[::4]]
        held_back = cycle(sample.held_back)
        for place, opportunity_id in enumerate(chosen):
            entries = self._entries(place, held_back)
            self.workbooks.set_people(opportunity_id, entries)
            if opportunity_id in sample.linked:
                self._relate_earlier(sample.linked[opportunity_id], entries)

    def _entries(self, place: int, held_back: Iterator[int]) -> list[tuple[int, str]]:
        roles = words.RELATIONSHIPS
        on_tab = self.rng.sample(self.sample.available, self.rng.randrange(1, 4))
        entries = [(person_id, self.rng.choice(roles)) for person_id in on_tab]
        if place % _HELD_BACK_EVERY == 3:
            entries.append((next(held_back), self.rng.choice(roles)))
        if place % _TWICE_EVERY == 0:
            # One person may hold two relationships to one opportunity (§15).
            entries = [(on_tab[0], roles[0]), *entries[1:], (on_tab[0], roles[2])]
        return entries

    def _relate_earlier(self, target_id: int, entries: list[tuple[int, str]]) -> None:
        """Who was linked long ago was related long ago."""
        for person_id, role in entries:
            prospect_id = self.sample.prospects.get(person_id)
            if prospect_id is not None:
                links = {"opportunity": target_id, "prospect": prospect_id}
                self.sample.roles.add(self.outreach.roles.create({"role": role}, links))
