"""Prospect resolver: from a person of the source to its prospect in the target (rule 8).

A person who carries a target id is that prospect. For anybody else the target is asked once for
the e-mail address, together with everybody else's who is next in line; who is found is adopted,
who is not is created, if the settings and the person's own record allow it.

Mailbox   none: callers ask through `resolve` and share batches
Sends     rings of the tab and write-back bells
Store     reads and writes people; owes them their id, or the reason why they have none
Metrics   prospects{outcome}, errors{prospect_resolver}
Stops     when it is cancelled
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

import anyio
import structlog

from engine.actors.candidates import Candidate, outdated
from engine.actors.failing import Failing, RetryLimits
from engine.actors.foreseen_outcomes import WOULD_CREATE, ForeseenOutcomes
from engine.actors.gate import weighing
from engine.actors.lookups import Lookup
from engine.actors.person_outcomes import COMPONENT, PersonOutcomes, rare_look_due, refused_still
from engine.actors.prospect_creates import ProspectCreates
from engine.actors.prospect_search import ProspectSearch
from engine.actors.references import References
from engine.actors.refreshing import refreshing
from engine.actors.standings import Standing, Standings
from engine.decide.doubt import resend_after_s
from engine.decide.failure import error_class, plain_reason
from engine.errors import EngineError, Rejected
from engine.flow.governor import Governor
from engine.flow.pace import Pace
from engine.flow.purpose import spent_on
from engine.flow.worktime import holding
from engine.mappings import Mappings
from engine.metrics import Metrics
from engine.model.history import Note
from engine.model.identity import id_of
from engine.model.person import Person
from engine.model.purpose import Purpose
from engine.model.records import RecordType, SourceRecord
from engine.ports import Source, Target, WallClock
from engine.store.port.store import Store

BATCH_MAX = 100
# So soon is somebody read again who was forgotten while being asked for.
FORGOTTEN_S = 1.0

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class ProspectRules:
    """Times in seconds: `visibility_s` how long a collection may lag behind a write, `row_age_s`
    how long ago somebody who is created may have been read.
    """

    missing: Literal["create", "link", "skip"]
    ttl_s: float
    visibility_s: float
    email_field: str
    retry: RetryLimits
    row_age_s: float = 60.0


@dataclass(slots=True)
class ProspectResolver:
    """Answers which prospect a person is, creating it where that is wanted.

    Args:
        weighs: says what it would do, and does nothing.
    """

    source: Source
    target: Target
    store: Store
    clock: WallClock
    mappings: Mappings
    references: References
    rules: ProspectRules
    metrics: Metrics
    governor: Governor
    rng: Random
    wake: Callable[[], None]
    wake_write_back: Callable[[], None]
    weighs: bool = False
    pace: Pace = field(init=False)
    _standings: Standings = field(init=False)
    _outcomes: PersonOutcomes = field(init=False)
    _candidates: dict[int, Candidate] = field(default_factory=dict[int, Candidate], init=False)
    _asking: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _people_lookup: Lookup = field(
        default_factory=lambda: Lookup("people", at_source=True), init=False
    )
    _search: ProspectSearch = field(init=False)
    _creates: ProspectCreates = field(init=False)
    _shadow: ProspectResolver | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._standings = Standings(self.rules.ttl_s)
        self._outcomes = (ForeseenOutcomes if self.weighs else PersonOutcomes)(
            self.store,
            self.target,
            self.clock,
            self.metrics,
            self._standings,
            Failing(COMPONENT, self.governor, self.rng, self.metrics, apart=True),
            self.wake_write_back,
        )
        self._search = ProspectSearch(self.target, self.rules.email_field)
        self._creates = ProspectCreates(
            self.store, self.target, self.clock, self._outcomes, self._search
        )
        self.pace = Pace(self.rules.ttl_s)

    def retune(self, rules: ProspectRules) -> None:
        """Trust a standing for as long as these rules say from now on."""
        self.rules = rules
        self._standings.ttl_s = rules.ttl_s
        self.pace.change(rules.ttl_s)
        self._shadow = None

    async def run(self) -> None:
        """Once per time to live, let opportunities go on whose people have a prospect by now."""
        await refreshing(self.step, self.pace, COMPONENT, self.metrics)

    async def step(self) -> int:
        """Ask again for everybody awaited; asks nobody anything when nobody is."""
        if not self.source.people:
            return 0
        awaited = await self.store.people.awaited()
        self.forget(awaited)
        for start in range(0, len(awaited), BATCH_MAX):
            async with holding(self._asking):
                with spent_on(Purpose.PEOPLE):
                    await self._load(awaited[start : start + BATCH_MAX])
        available = [one for one in awaited if one in self._candidates or self._is_prospect(one)]
        return await self.wake_awaiting(available)

    async def wake_awaiting(self, ids: Collection[int]) -> int:
        """Relate again where lines wait for these people; returns the opportunities concerned."""
        woken = await self.store.tabs.wake_awaiting(ids, self.clock.now())
        if woken:
            log.info("people_turned_up", people=len(ids), opportunities=woken)
            self.wake()
        return woken

    def forget(self, ids: Iterable[int]) -> None:
        """Ask again for these people: they may have changed."""
        for person_id in ids:
            self._standings.forget(person_id)
            self._candidates.pop(person_id, None)
        if self._shadow is not None:
            self._shadow.forget(ids)

    async def foresee(self, ids: Collection[int]) -> dict[int, Standing]:
        """What `resolve` would answer, and do for it; see `Standing.would`. It does nothing.

        Raises:
            Transient: a system could not be asked.
        """
        if self._shadow is None:
            self._shadow = replace(self, weighs=True)
        return await self._shadow.resolve(ids)

    async def resolve(self, ids: Collection[int]) -> dict[int, Standing]:
        """The standing of each of these people.

        Raises:
            Transient: a system could not be asked.
            Rejected: our user may not create prospects at all.
        """
        with spent_on(Purpose.PEOPLE):
            return await self._resolved(ids)

    async def _resolved(self, ids: Collection[int]) -> dict[int, Standing]:
        hold, now, age_s = self._creates.under_way, self.clock.now(), self.rules.row_age_s
        old = outdated(self._candidates, ids, taken_hold_of=hold, now=now, age_max_s=age_s)
        for person_id in list(old):
            del self._candidates[person_id]
        if any(self._standings.fresh(person_id) is None for person_id in ids):
            await self._recall(ids)
        if any(self._unknown(person_id) for person_id in ids):
            async with holding(self._asking):
                # Whoever asked meanwhile may have asked for these too.
                unknown = [person_id for person_id in ids if self._unknown(person_id)]
                for start in range(0, len(unknown), BATCH_MAX):
                    await self._load(await self._batch(unknown[start : start + BATCH_MAX]))
        return {person_id: await self._standing(person_id) for person_id in ids}

    async def missing(self, person_id: int, prospect_id: int) -> bool:
        """The target refused this prospect: tell the person if it is gone; returns whether."""
        if await self.target.prospect_exists(prospect_id):
            return False
        self.forget([person_id])
        await self.store.people.forget_reading([person_id])
        rows = await self.source.fetch(RecordType.PERSON, [person_id])
        for row in rows:
            record = self.source.read(RecordType.PERSON, row.payload)
            reason = (
                f"the prospect {prospect_id} does not exist any more, or our user may not see it;"
                " clear the id to have the person looked for again"
            )
            await self._outcomes.refused(record, Rejected(reason))
        # Its other opportunities lost their roles with it, and nobody has noticed there yet.
        await self.store.people.relate_again(person_id, self.clock.now())
        self.wake()
        return True

    async def _standing(self, person_id: int) -> Standing:
        if person_id in self._candidates:
            if self.weighs:
                self._standings.note(person_id, WOULD_CREATE)
                del self._candidates[person_id]
            else:
                await self._create(person_id)
        # Young enough when it was asked for, whatever has passed since.
        known = self._standings.last(person_id)
        return known or Standing(None, "it changed just now and is read again", retry_s=FORGOTTEN_S)

    def _unknown(self, person_id: int) -> bool:
        return self._standings.fresh(person_id) is None and person_id not in self._candidates

    def _is_prospect(self, person_id: int) -> bool:
        known = self._standings.fresh(person_id)
        return known is not None and known.prospect_id is not None

    async def _recall(self, ids: Collection[int]) -> None:
        """What the store knows and is young enough needs no question."""
        now = self.clock.now()
        for person in (await self.store.people.load(ids)).values():
            young = 0 <= now - person.read_at < self.rules.ttl_s
            if (
                person.prospect_id is not None
                and young
                and self._standings.fresh(person.id) is None
            ):
                self._standings.note(person.id, Standing(person.prospect_id))

    async def _batch(self, wanted: Sequence[int]) -> list[int]:
        """These people, and those whom the next opportunities in line will need."""
        batch = list(wanted)
        if len(batch) < BATCH_MAX and self.weighs is weighing.get():
            ahead = await self.store.tabs.people_ahead(4 * BATCH_MAX, weighed=self.weighs)
            ahead = [one for one in dict.fromkeys(ahead) if one not in batch and self._unknown(one)]
            await self._recall(ahead[: 4 * BATCH_MAX])
            batch += [one for one in ahead if self._unknown(one)][: BATCH_MAX - len(batch)]
        return batch

    async def _load(self, ids: Sequence[int]) -> None:
        """Read these people, and look for those who are nobody's prospect yet."""
        with self._people_lookup.reading():
            rows = {row.id: row for row in await self.source.fetch(RecordType.PERSON, ids)}
        known = await self.store.people.load(ids)
        records: list[SourceRecord] = []
        for person_id in ids:
            if person_id in rows:
                records.append(self.source.read(RecordType.PERSON, rows[person_id].payload))
            else:
                self._standings.note(person_id, Standing(None, "deleted, or hidden from our user"))
        seekers: list[Candidate] = []
        for record in await self._out_of_doubt(records, known):
            candidate = await self._sorted_out_by_itself(record, known.get(record.id))
            if candidate is not None:
                seekers.append(candidate)
        if seekers:
            await self._look_for(seekers)

    async def _out_of_doubt(
        self, records: Sequence[SourceRecord], known: dict[int, Person]
    ) -> list[SourceRecord]:
        """Find out first what became of lost creates; returns the people in no doubt any more.

        What may have been created carries the address of then, whatever the person carries now.
        """
        doubts = {
            record.id: person
            for record in records
            if (person := known.get(record.id)) is not None
            and person.doubt_since is not None
            and _carried(person, record) is None
        }
        # Taken before the look: only a look that began past the bound proves anything.
        now = self.clock.now()
        emails = [person.email for person in doubts.values() if person.email is not None]
        found = await self._search.find(emails)
        clear: list[SourceRecord] = []
        for record in records:
            person = doubts.get(record.id)
            if person is None:
                clear.append(record)
                continue
            prospect_id = found.prospects.get(person.email or "")
            age_s = now - (person.doubt_since or now)
            # However soon it would show: a create that keeps getting lost is sent ever less often.
            bound_s = max(self.rules.visibility_s, resend_after_s(person.sent))
            if prospect_id is not None:
                await self._outcomes.executed(record, prospect_id, person.email or "")
            elif age_s < bound_s or person.email in found.refused:
                self._outcomes.in_doubt(record, age_s, bound_s)
            elif person.taken_at is not None:
                reason = person.reason or "no reason given"
                await self._outcomes.invisible(record, reason, self.rules.email_field)
            else:
                await self._outcomes.not_executed(record)
                known[record.id] = replace(person, doubt_since=None)
                clear.append(record)
        return clear

    async def _sorted_out_by_itself(
        self, record: SourceRecord, known: Person | None
    ) -> Candidate | None:
        """A surprise at one person must not stop everybody who is asked for together."""
        try:
            return await self._sorted_out(record, known)
        except EngineError:
            raise
        except Exception as error:
            log.error("unexpected", person=record.ref, exc_info=error)
            self.metrics.errors.labels(COMPONENT, error_class(error)).inc()
            return await self._outcomes.held_back(record, plain_reason(error), known)

    async def _sorted_out(self, record: SourceRecord, known: Person | None) -> Candidate | None:
        """Settle whoever needs no look into the target; the others are candidates."""
        if known is not None and refused_still(known, record):
            if rare_look_due(known, record, self.clock.now()):
                return await self._candidate(record, known)
            return await self._outcomes.held_back(record, known.reason or "refused", known)
        carried = _carried(known, record)
        if carried is not None:
            return await self._linked(record, carried, known)
        if known is not None and known.prospect_id is not None:
            # Its id is on the way to the person, or somebody cleared it: it is told again.
            if await self.target.prospect_exists(known.prospect_id):
                note = Note("linked", "the id was blank")
                await self._outcomes.link(record, known.prospect_id, None, note)
                return None
            await self._outcomes.lost_link(record, known.prospect_id)
            known = None
        if known is not None and self._outcomes.waits(record, known):
            return None
        if self.rules.missing == "skip":
            return await self._outcomes.held_back(record, "not in the target", known)
        if not record.eligible:
            reason = "the error flag is set" if record.sync else "sync is off"
            return await self._outcomes.held_back(record, f"not in the target, and {reason}", known)
        return await self._candidate(record, known)

    async def _candidate(self, record: SourceRecord, known: Person | None) -> Candidate | None:
        mapping = self.mappings.of(RecordType.PERSON)
        try:
            resolution = await self.references.resolve(mapping.references(record))
            fields = mapping.fields(record, resolution.ids)
        except Rejected as error:
            await self._outcomes.refused(record, error)
            return None
        emails = fields.get(self.rules.email_field)
        if not isinstance(emails, list) or not emails:
            return await self._outcomes.held_back(record, "has no e-mail address", known)
        return Candidate(record, fields, emails[0].lower(), known, self.clock.now())

    async def _linked(self, record: SourceRecord, carried: str, known: Person | None) -> None:
        prospect_id = id_of(carried)
        if prospect_id is None:
            reason = f"its target id {carried[:40]!r} is not the id of any prospect"
            await self._outcomes.held_back(record, reason, known)
        else:
            await self._outcomes.carried(record, prospect_id, known)

    async def _look_for(self, seekers: Sequence[Candidate]) -> None:
        emails = list(dict.fromkeys(one.email for one in seekers))
        ours = await self.store.people.by_email(emails)
        found = await self._search.find([email for email in emails if email not in ours])
        for seeker in seekers:
            prospect_id = ours.get(seeker.email) or found.prospects.get(seeker.email)
            if prospect_id is not None:
                await self._outcomes.adopted(seeker.record, prospect_id, seeker.email)
            elif seeker.email in found.refused:
                await self._outcomes.refused(seeker.record, found.refused[seeker.email])
            elif seeker.known is not None and refused_still(seeker.known, seeker.record):
                await self._outcomes.still_invisible(seeker.record, seeker.known.reason or "")
            elif self.rules.missing == "link":
                await self._outcomes.held_back(
                    seeker.record, "no prospect has the e-mail address", None
                )
            else:
                self._candidates[seeker.record.id] = seeker

    async def _create(self, person_id: int) -> None:
        async with self._creates.alone_with(self._candidates[person_id].email):
            # It stays a candidate until it is done, so that others who need it wait for this.
            candidate = self._candidates.get(person_id)
            if candidate is not None:
                try:
                    await self._creates.create_or_adopt(
                        candidate, self.rules.retry, self.rules.visibility_s
                    )
                finally:
                    if self._candidates.get(person_id) is candidate:
                        del self._candidates[person_id]


def _carried(known: Person | None, record: SourceRecord) -> str | None:
    """The prospect id the person carries; what we wrote last counts until a newer version shows."""
    if known is not None and known.delivered_version == record.version:
        return known.delivered_id or record.target_id
    return record.target_id
