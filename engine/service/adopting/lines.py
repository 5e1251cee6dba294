"""The lines of an adoption: for each record what it is found to be, and what adopting it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from anyio.lowlevel import checkpoint

from engine.decide import adoption
from engine.decide.claim import Claimant, owner
from engine.decide.opportunity import difference
from engine.decide.reasons import because
from engine.errors import Gone, ProtocolError, Rejected
from engine.model.adoption import IN_DOUBT, Choice, Finding, Present
from engine.model.edit import Edit
from engine.model.fields import Fields
from engine.model.plan import Change, Kind, LeftOut
from engine.model.reason import Code
from engine.model.records import RecordType, SourceRecord
from engine.service.adopting.laid import Laid, Ours
from engine.service.adopting.survey import Survey

Lines = list[Change | LeftOut]
OPPORTUNITY = RecordType.OPPORTUNITY


@dataclass(slots=True)
class Adoptions:
    """Looks at one record after the other, both sides laid down."""

    survey: Survey
    laid: Laid
    numbers: Counter[Finding] = field(default_factory=Counter[Finding], init=False)

    async def all(self) -> AsyncGenerator[Change | LeftOut]:
        """Every line, those of one record together."""
        await self._deal()
        for one in self.laid.all_ours():
            # Of most records nothing has to be waited for, and others in the service are to live.
            await checkpoint()
            for line in await self._record(one):
                yield line

    async def _deal(self) -> None:
        """Deal out what only looks like records that nothing names a target record for."""
        for alike in self.laid.groups():
            await checkpoint()
            records = self.laid.open_of(alike)
            free = await self._free(self.laid.like(alike), None)
            for record_id, share in adoption.dealt(records, free).items():
                self.laid.share_out(record_id, share)

    async def _free(self, targets: Sequence[Present], record_id: int | None) -> list[Present]:
        """Those of these that no other record carries, ticked or not."""
        others = self.laid.of_others(targets, record_id or 0)
        alive = [one for one in targets if not one.trashed and one.id not in others]
        free: list[Present] = []
        for one in alive:
            if not await self.survey.carried_by(one.id) - {record_id}:
                free.append(one)
        return free

    async def _record(self, one: Ours) -> Lines:
        if one.state == IN_DOUBT:
            why = "a create of it may have been executed: the service looks for it first"
            return self._left(one, Finding.IN_DOUBT, why)
        if one.state is not None:
            return await self._ours(one)
        named: Present | None = None
        if one.carried is not None:
            if one.carried_id is None:
                malformed = because(Code.TARGET_ID_MALFORMED, target_id=one.carried[:40])
                return self._left(one, Finding.GONE, str(malformed))
            try:
                named = await self._named(one.carried_id)
            except (Rejected, ProtocolError) as error:
                why = f"its record {one.carried_id} cannot be read: {error.message}"
                return self._left(one, Finding.UNREADABLE, why, one.carried_id)
            if named is None:
                return self._gone(one, one.carried_id)
            if (winner := self._owner(one, named)) != one.ref:
                lost = because(Code.CLAIM_LOST, target_id=named.id, owner=winner)
                return self._left(one, Finding.SHARED, str(lost), named.id)
        if one.fields is None:
            return self._left(one, Finding.UNREADABLE, one.fault or "", one.carried_id)
        chosen = await self._choice(one, named)
        if chosen is None:
            return self._nothing(one)
        return [*self._adopt(one, one.fields, chosen), *self._doubles(one, chosen)]

    async def _ours(self, one: Ours) -> Lines:
        """Nothing is to be adopted; what looks like its target record is told all the same."""
        self.numbers[Finding.OURS] += 1
        known = None if one.carried_id is None else self.laid.target(one.carried_id)
        if known is None or known[0].trashed:
            return []
        chosen = await self._choice(one, known[0])
        return [] if chosen is None else self._doubles(one, chosen)

    async def _named(self, target_id: int) -> Present | None:
        """The target record of this id; None where there is none, or it is in the trash."""
        found = self.laid.target(target_id)
        if found is None:
            try:
                await self.survey.look_at(target_id)
            except Gone:
                return None
            found = self.laid.target(target_id)
        return None if found is None or found[0].trashed else found[0]

    def _owner(self, one: Ours, named: Present) -> str:
        """The reference of the record that the target record belongs to."""
        claim = self.laid.claim(named.id)
        carriers = {each.id: _claimant(each, claim) for each in self.laid.carriers(named.id)}
        others = [each for each in carriers.values() if each.id != one.id]
        return owner(carriers[one.id], others, named.correlation).ref

    async def _choice(self, one: Ours, named: Present | None) -> Choice | None:
        referring = self.laid.referring(one.correlation)
        like = self.laid.shared_with(one.id)
        if named is not None or any(not each.trashed for each in referring):
            # Of its own nobody is to be asked.
            own = None if named is None else named.id
            besides = [each for each in self.laid.like(one.alike) if each.id != own]
            like = await self._free(besides, one.id)
        others = self.laid.of_others([*referring, *like], one.id)
        return adoption.choice(named, referring, like, others=others)

    def _adopt(self, one: Ours, fields: Fields, chosen: Choice) -> Lines:
        target_id = chosen.target.id
        found = self.laid.target(target_id)
        known: Fields = {} if found is None else found[1]
        url = self.survey.assembly.systems.target.url(OPPORTUNITY, target_id)
        record = _record(one)
        owed = adoption.owed(record, target_id, url)
        edits = tuple(
            Edit(name, known.get(name), after) for name, after in difference(fields, known).items()
        )
        lacks = adoption.lacking(record, owed)
        finding = adoption.finding(lacks, differs=bool(edits))
        self.numbers[finding] += 1
        remark = "; ".join([*lacks, adoption.remark(chosen)])

        def change(kind: Kind, edits: tuple[Edit, ...] = (), *, overwrites: bool = False) -> Change:
            return Change(
                *(kind, OPPORTUNITY, one.id, one.ref, one.version, target_id, edits),
                overwrites=overwrites,
                finding=finding,
                remark=remark if kind is Kind.ADOPT else None,
            )

        lines: Lines = [change(Kind.ADOPT)]
        if edits:
            filled = any(edit.before not in (None, "", []) for edit in edits)
            lines.append(change(Kind.UPDATE, edits, overwrites=filled))
        if owed is not None:
            told = (("id", one.carried, owed.target_id), ("url", one.url, owed.target_url))
            back = tuple(Edit(*each) for each in told if each[2] is not None)
            lines.append(change(Kind.WRITE_BACK, back))
        if one.flagged:
            lines.append(change(Kind.UNFLAG))
        return lines

    def _doubles(self, one: Ours, chosen: Choice) -> Lines:
        if chosen.others:
            self.numbers[Finding.DOUBLED] += 1
        return [
            self._line(one, Finding.DOUBLED, adoption.left_beside(each, chosen), each.id)
            for each in chosen.others
        ]

    def _gone(self, one: Ours, target_id: int) -> Lines:
        referring = [each for each in self.laid.referring(one.correlation) if not each.trashed]
        if referring:
            why = (
                f"the target record {target_id} does not exist any more, or our user may not see"
                f" it; {referring[0].id} carries its reference: clear the id and adopt again"
            )
            return self._left(one, Finding.GONE, why, referring[0].id)
        return self._left(one, Finding.GONE, str(because(Code.TARGET_GONE, target_id=target_id)))

    def _nothing(self, one: Ours) -> Lines:
        if one.flagged:
            why = "nothing is there for it, and its error flag is set: reset it to have it created"
            return self._left(one, Finding.FLAGGED, why)
        return self._left(one, Finding.UNCREATED, "the first run creates it")

    def _left(self, one: Ours, finding: Finding, why: str, target_id: int | None = None) -> Lines:
        self.numbers[finding] += 1
        return [self._line(one, finding, why, target_id)]

    def _line(self, one: Ours, finding: Finding, why: str, target_id: int | None) -> LeftOut:
        target = self.survey.assembly.systems.target
        url = None if target_id is None else target.url(OPPORTUNITY, target_id)
        return LeftOut(OPPORTUNITY, one.id, one.ref, why, finding, target_id, url)


def _record(one: Ours) -> SourceRecord:
    """The record, as far as it tells of its target record."""
    return SourceRecord(
        id=one.id,
        ref=one.ref,
        version=one.version,
        updated_at=one.updated_at,
        sync=True,
        error=one.flagged,
        target_id=one.carried,
        target_url=one.url,
        columns={},
    )


def _claimant(one: Ours, claim: tuple[int, float] | None) -> Claimant:
    return Claimant(
        id=one.id,
        ref=one.ref,
        correlation=one.correlation or one.ref,
        carries=True,
        owed=False,
        wanted=True,
        eligible=not one.flagged,
        since=claim[1] if claim is not None and claim[0] == one.id else None,
    )
