"""The lines of a People tab, each with its person as it is known best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engine.assembly import limits
from engine.assembly.assembly import Assembly
from engine.decide.failure import error_class, plain_reason
from engine.decide.person import carried_id
from engine.errors import EngineError, Rejected
from engine.model.dossier import Dossier
from engine.model.explanation import LineFact
from engine.model.named import Named
from engine.model.person import Likeness, Person, PersonFacts
from engine.model.records import RecordType, SourceRecord
from engine.model.work import Failure

Miss = Callable[[str, EngineError], None]
# The parts of a person's name, as the source's neutral fields are called.
_NAMES = ("first_name", "middle_name", "last_name")


async def of(
    assembly: Assembly,
    record: SourceRecord,
    dossier: Dossier | None,
    *,
    live: bool,
    miss: Miss,
) -> tuple[LineFact, ...]:
    """The lines of the tab, in its order; those of the state where the tab is not at hand."""
    if not assembly.systems.source.people:
        return ()
    known = {} if dossier is None else {one.id: one for one in dossier.people}
    lines = [(one.person_id, one.role) for one in record.people or ()]
    if record.people is None:
        lines = [(one, "") for one in known]
    ids = list(dict.fromkeys(person_id for person_id, _ in lines))
    if not ids:
        return ()
    known |= await assembly.store.people.load(ids)
    rows = await _rows(assembly, ids, live=live, miss=miss)
    people = {one: await _person(assembly, one, rows, known, miss=miss, live=live) for one in ids}
    return tuple(_with_role(people[person_id], role) for person_id, role in lines)


async def of_person(
    assembly: Assembly, named: Named, record: SourceRecord | None, *, miss: Miss, live: bool
) -> LineFact:
    """A person by itself."""
    known = await assembly.store.people.load([named.id])
    rows = {} if record is None else {named.id: record}
    line = await _person(assembly, named.id, rows, known, miss=miss, live=live)
    return replace(line, ref=named.ref, hidden=False)


async def _rows(
    assembly: Assembly, ids: Sequence[int], *, live: bool, miss: Miss
) -> Mapping[int, SourceRecord] | None:
    """The people as they are shown now; None where they are not asked for."""
    source = assembly.systems.source
    if not live:
        return None
    try:
        found = await source.fetch(RecordType.PERSON, ids)
        return {row.id: source.read(RecordType.PERSON, row.payload) for row in found.whole()}
    except EngineError as error:
        miss("the people on its tab", error)
        return None


async def _person(
    assembly: Assembly,
    person_id: int,
    rows: Mapping[int, SourceRecord] | None,
    known: Mapping[int, Person],
    *,
    miss: Miss,
    live: bool,
) -> LineFact:
    stored = known.get(person_id)
    record = None if rows is None else rows.get(person_id)
    dossier = await assembly.store.dossiers.of_person(person_id)
    ref = record.ref if record is not None else stored.ref if stored is not None else ""
    facts = None
    if record is not None:
        facts = await _facts(assembly, record, stored, miss=miss, live=live)
    return LineFact(
        person_id,
        "",
        ref or f"person {person_id}",
        "" if record is None else _name(assembly, record),
        hidden=rows is not None and record is None,
        facts=facts,
        known=stored,
        cause=None if dossier is None else dossier.cause,
    )


async def _facts(
    assembly: Assembly, record: SourceRecord, known: Person | None, *, miss: Miss, live: bool
) -> PersonFacts:
    rules = limits.prospect_rules(assembly.config)
    if known is not None and await assembly.worker_factory.dependence.healed(record, known):
        known = replace(known, lifted=True)
    prospect_id = carried_id(known, record)
    target = assembly.systems.target
    return PersonFacts(
        record,
        known,
        assembly.environment.clock.now(),
        missing=rules.missing,
        visibility_s=rules.visibility_s,
        email_field=rules.email_field,
        url=None if prospect_id is None else target.url(RecordType.PERSON, prospect_id),
        likeness=await _likeness(assembly, record, miss=miss) if live else None,
    )


async def _likeness(assembly: Assembly, record: SourceRecord, *, miss: Miss) -> Likeness | None:
    mapping = assembly.mappings.of(RecordType.PERSON)
    references = assembly.worker_factory.references
    try:
        resolution = await references.resolve(mapping.references(record))
        fields = mapping.fields(record, resolution.ids, new=True)
    except Rejected as error:
        return Likeness({}, None, Failure(error_class(error), error.field, plain_reason(error)))
    except EngineError as error:
        miss(f"what {record.ref} would be", error)
        return None
    emails = fields.get(limits.prospect_rules(assembly.config).email_field)
    return Likeness(fields, emails[0].lower() if isinstance(emails, list) and emails else None)


def _name(assembly: Assembly, record: SourceRecord) -> str:
    columns = assembly.config.connectors.source.standard_columns[RecordType.PERSON]
    parts: list[str] = []
    for name in _NAMES:
        found = (record.columns.get(column) for column in columns.get(name, ()))
        part = next((one for one in found if isinstance(one, str) and one.strip()), None)
        if part is not None:
            parts.append(part.strip())
    return " ".join(parts)


def _with_role(line: LineFact, role: str) -> LineFact:
    return replace(line, role=role)
