"""Prospect resolver: from a person of the source to its prospect in the target (rule 8).

A person who carries a target id is that prospect. For anybody else the target is asked once for
the e-mail address, together with everybody else's who is next in line; who is found is adopted,
who is not is created, if the settings and the person's own record allow it.

Mailbox   none: callers ask through `resolve` and share batches
Sends     notifications of the tab and write-back dispatchers
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

from engine.actors.failing import Failing, RetryLimits
from engine.actors.gate import permitted, weighing
from engine.clock import Clock
from engine.decide.failure import error_class, plain_reason
from engine.decide.person import (
    CHANGED_JUST_NOW,
    HIDDEN,
    WOULD_CREATE,
    carried_id,
    decide,
    hold_back,
    outdated,
    prospect_gone,
    refusal,
    remembered,
    unreadable,
)
from engine.errors import EngineError, Rejected
from engine.flow.governor import Governor
from engine.flow.pace import Pace
from engine.flow.purpose import spent_on
from engine.flow.worktime import holding
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.person import Candidate, Likeness, Person, PersonFacts, Standing
from engine.model.purpose import Purpose
from engine.model.records import RecordType, SourceRecord
from engine.model.verdict import Ask, Create, LostLink, NotExecuted, Question
from engine.ports import Source, Target
from engine.resolvers.dependence import Dependence
from engine.resolvers.lookups import Lookup
from engine.resolvers.person_outcomes import COMPONENT, PersonOutcomes
from engine.resolvers.prospect_creates import ProspectCreates
from engine.resolvers.prospect_search import ProspectSearch
from engine.resolvers.references import References
from engine.resolvers.refreshing import refreshing
from engine.resolvers.standings import Standings
from engine.store.port.store import Store

BATCH_MAX = 100

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
    clock: Clock
    mappings: Mappings
    references: References
    dependence: Dependence
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
    _telling: anyio.Lock = field(default_factory=anyio.Lock, init=False)
    _people_lookup: Lookup = field(
        default_factory=lambda: Lookup("people", at_source=True), init=False
    )
    _search: ProspectSearch = field(init=False)
    _creates: ProspectCreates = field(init=False)
    _shadow: ProspectResolver | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._standings = Standings(self.rules.ttl_s)
        self._outcomes = PersonOutcomes(
            self.store,
            self.target,
            self.clock,
            self.metrics,
            self._standings,
            Failing(COMPONENT, self.governor, self.rng, self.metrics, apart=True),
            self.wake_write_back,
            self.weighs,
            self.dependence,
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
        async with holding(self._telling):
            if self._standings.says(person_id, prospect_gone(prospect_id).failure.reason):
                # Another opportunity met the same, and all have been told.
                return True
            return await self._told_missing(person_id, prospect_id)

    async def _told_missing(self, person_id: int, prospect_id: int) -> bool:
        if await self.target.prospect_exists(prospect_id):
            return False
        self.forget([person_id])
        await self.store.people.forget_reading([person_id])
        found = await self.source.fetch(RecordType.PERSON, [person_id])
        for row in found.whole():
            record = self.source.read(RecordType.PERSON, row.payload)
            await self._outcomes.execute(record, prospect_gone(prospect_id))
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
        return self._standings.last(person_id) or CHANGED_JUST_NOW

    def _unknown(self, person_id: int) -> bool:
        return self._standings.fresh(person_id) is None and person_id not in self._candidates

    def _is_prospect(self, person_id: int) -> bool:
        known = self._standings.fresh(person_id)
        return known is not None and known.prospect_id is not None

    async def _recall(self, ids: Collection[int]) -> None:
        """What the store knows and is young enough needs no question."""
        now = self.clock.now()
        for person in (await self.store.people.load(ids)).values():
            told = remembered(person, now, self.rules.ttl_s)
            if told is not None and self._standings.fresh(person.id) is None:
                self._standings.note(person.id, told)

    async def _batch(self, wanted: Sequence[int]) -> list[int]:
        """These people, and those whom the next opportunities in line will need."""
        batch = list(wanted)
        # What carries out a plan is about nobody else.
        alone = permitted.get() is not None
        if len(batch) < BATCH_MAX and self.weighs is weighing.get() and not alone:
            ahead = await self.store.tabs.people_ahead(4 * BATCH_MAX, weighed=self.weighs)
            ahead = [one for one in dict.fromkeys(ahead) if one not in batch and self._unknown(one)]
            await self._recall(ahead[: 4 * BATCH_MAX])
            batch += [one for one in ahead if self._unknown(one)][: BATCH_MAX - len(batch)]
        return batch

    async def _load(self, ids: Sequence[int]) -> None:
        """Read these people, and look for those who are nobody's prospect yet."""
        with self._people_lookup.reading():
            found = await self.source.fetch(RecordType.PERSON, ids)
        rows = {row.id: row for row in found.rows}
        known = await self.store.people.load(ids)
        people: list[PersonFacts] = []
        for person_id in ids:
            if person_id in rows:
                record = self.source.read(RecordType.PERSON, rows[person_id].payload)
                known_now = await self._known(record, known.get(person_id))
                people.append(self._facts(record, known_now))
            elif (fault := found.unreadable.get(person_id)) is not None:
                self._standings.note(person_id, unreadable(fault))
            else:
                self._standings.note(person_id, HIDDEN)
        seekers: list[PersonFacts] = []
        for one in await self._with_looks_for_lost_creates(people):
            seeker = await self._sorted_out_by_itself(one)
            if seeker is not None:
                seekers.append(seeker)
        if seekers:
            await self._look_for(seekers)

    def _facts(self, record: SourceRecord, known: Person | None) -> PersonFacts:
        return PersonFacts(
            record,
            known,
            self.clock.now(),
            missing=self.rules.missing,
            visibility_s=self.rules.visibility_s,
            email_field=self.rules.email_field,
        )

    async def _known(self, record: SourceRecord, known: Person | None) -> Person | None:
        """What is known of the person; a refusal that heals stands in its way no more."""
        if known is None or not await self.dependence.healed(record, known):
            return known
        if not self.weighs:
            await self.store.refusals.lift_person(known.id, self.clock.now())
            log.info("healed", person=known.ref)
        return replace(known, lifted=True)

    def _url(self, facts: PersonFacts) -> str | None:
        prospect_id = carried_id(facts.known, facts.record)
        return None if prospect_id is None else self.target.url(RecordType.PERSON, prospect_id)

    async def _with_looks_for_lost_creates(
        self, people: Sequence[PersonFacts]
    ) -> list[PersonFacts]:
        """Find out first what became of lost creates: one look for all of them."""
        began_at = self.clock.now()
        doubts = {
            one.record.id: one.known.email or ""
            for one in people
            if one.known is not None and decide(one) == Ask(Question.IN_DOUBT)
        }
        found = await self._search.find([email for email in doubts.values() if email])
        return [
            replace(one, in_doubt=found.sought(doubts[one.record.id], began_at))
            if one.record.id in doubts
            else one
            for one in people
        ]

    async def _sorted_out_by_itself(self, facts: PersonFacts) -> PersonFacts | None:
        """A surprise at one person must not stop everybody who is asked for together."""
        try:
            return await self._sorted_out(facts)
        except EngineError:
            raise
        except Exception as error:
            log.error("unexpected", person=facts.record.ref, exc_info=error)
            self.metrics.errors.labels(COMPONENT, error_class(error)).inc()
            await self._outcomes.execute(facts.record, hold_back(facts, plain_reason(error)))
            return None

    async def _sorted_out(self, facts: PersonFacts) -> PersonFacts | None:
        """Settle whoever needs no look for its address; of the others, what is known by then."""
        facts = replace(facts, url=self._url(facts))
        while True:
            facts = replace(facts, now=self.clock.now())
            decision = decide(facts)
            if isinstance(decision, Ask):
                if decision.question is Question.ADDRESS:
                    return facts
                facts = await self._answered(facts, decision.question)
                continue
            await self._outcomes.execute(facts.record, decision, facts.known)
            match decision:
                case NotExecuted(known):
                    facts = replace(facts, known=known)
                case LostLink():
                    facts = replace(facts, known=None)
                case _:
                    return None

    async def _answered(self, facts: PersonFacts, question: Question) -> PersonFacts:
        """What is asked of one person alone."""
        if question is Question.LIKENESS:
            return replace(facts, likeness=await self._likeness(facts.record))
        prospect_id = None if facts.known is None else facts.known.prospect_id
        there = prospect_id is not None and await self.target.prospect_exists(prospect_id)
        return replace(facts, there=there)

    async def _likeness(self, record: SourceRecord) -> Likeness:
        mapping = self.mappings.of(RecordType.PERSON)
        try:
            resolution = await self.references.resolve(mapping.references(record))
            fields = mapping.fields(record, resolution.ids, new=True)
        except Rejected as error:
            return Likeness({}, None, refusal(error).failure)
        emails = fields.get(self.rules.email_field)
        first = emails[0].lower() if isinstance(emails, list) and emails else None
        return Likeness(fields, first)

    async def _look_for(self, seekers: Sequence[PersonFacts]) -> None:
        emails = list(dict.fromkeys(one.address for one in seekers))
        began_at = self.clock.now()
        ours = await self._creates.shared(emails)
        found = await self._search.find([email for email in emails if email not in ours])
        found.prospects.update(ours)
        for one in seekers:
            decision = decide(replace(one, found=found.sought(one.address, began_at)))
            if isinstance(decision, Create):
                self._candidates[one.record.id] = decision.candidate
            elif not isinstance(decision, Ask):
                await self._outcomes.execute(one.record, decision, one.known)

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
