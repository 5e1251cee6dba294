"""The oracle: what must hold once the faults have ended and everything has settled.

It reads both worlds, the ledger and the state, and shares no code with the engine: the default
mapping is written out here once more.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.outreach import Row
from connectors.sandbox.workbooks import Money
from engine.assembly.assembly import Assembly
from tests.simulation.people import is_refused
from tests.simulation.persons import BLOCKED
from tests.simulation.scene import OPPORTUNITY_URL, PROSPECT_URL, Scene

Edge = tuple[int, str]
HALF = re.compile("[\ud800-\udfff]")
PLUGIN = ("sync_to_outreach", "outreach_sync_error", "outreach_id", "outreach_url")
OWED = "SELECT record_type, record_id, reason FROM outbox ORDER BY record_type, record_id"
UNFINISHED = "SELECT id FROM record WHERE state = 'pending' ORDER BY id"
REFUSALS = "SELECT record_type, record_id, detail FROM history WHERE decision = 'refused'"
# What is not synced any more is looked into when it is synced again, and so is a lost prospect.
OPEN = """
SELECT kind, record_id FROM intent i WHERE open = 1 AND (kind = 'opportunity'
    OR (kind = 'prospect' AND doubt_since IS NULL)
    OR (kind = 'role' AND EXISTS
        (SELECT 1 FROM people_tab t WHERE t.record_id = i.record_id AND t.state = 'pending')))
ORDER BY kind, record_id
"""


class Oracle:
    """Judges one scene; every method yields complaints."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._workbooks = scene.workbooks
        self._outreach = scene.outreach
        self._ledger = scene.ledger

    def complaints(self, assembly: Assembly | None) -> list[str]:
        """Everything that is not as it must be; nothing when all is well."""
        found = [*self._duplicates(), *self._prospects()]
        for record_id in self._workbooks.opportunities.ids():
            found += [f"OPP-{record_id}: {text}" for text in self._record(record_id)]
        for person_id in self._workbooks.people.ids():
            found += [f"PERS-{person_id}: {text}" for text in self._person(person_id)]
        found += self._ledger.unwanted
        found += self._hand_made()
        found += self._shared()
        return [*found, *self._state(), *self._engine(assembly)]

    # Opportunities.

    def _duplicates(self) -> Iterator[str]:
        for custom_id, times in sorted(self._ledger.created.items()):
            excused = self._ledger.deleted[custom_id] + self._ledger.handed_over[custom_id]
            # What was given up while another record carried it is that one's, if only for a moment.
            contested = self._ledger.contested & self._ledger.yielded
            if times > 1 + excused and int(custom_id.rpartition("-")[2]) not in contested:
                yield f"{custom_id} was created {times} times"
        live = Counter(str(row.attributes.get("customId")) for row in self._live())
        for one in self._ledger.contested:
            # Whoever takes over another's may leave its own behind.
            live.pop(f"OPP-{one}", None)
        yield from (f"{one} is there {n} times" for one, n in sorted(live.items()) if n > 1)
        for custom_id in self._ledger.handed_over:
            if int(custom_id.rpartition("-")[2]) not in self._ledger.yielded:
                yield f"what belongs to {custom_id} was given to another"

    def _live(self) -> list[Row]:
        rows = self._outreach.opportunities.rows()
        return [row for row in rows if not row.attributes.get("trashedAt")]

    def _twin(self, record_id: int) -> Row | None:
        ref = f"OPP-{record_id}"
        if record_id in self._ledger.contested:
            carried = self._plugin(record_id)[2]
            return next((row for row in self._live() if str(row.id) == carried), None)
        return next((row for row in self._live() if row.attributes.get("customId") == ref), None)

    def _record(self, record_id: int) -> Iterator[str]:
        sync, error, carried, url = self._plugin(record_id)
        columns = self._workbooks.opportunities.get(record_id)
        bad = is_refused(columns, self._scene)
        twin = self._twin(record_id)
        if error:
            yield from self._flagged(record_id)
            return
        if not sync:
            return
        if bad:
            yield "holds what Outreach refuses, and is not flagged"
            return
        if twin is None:
            if record_id not in self._ledger.gone_records or not carried:
                yield "is eligible and not in Outreach"
            return
        if carried != str(twin.id) or url != OPPORTUNITY_URL.replace("{id}", str(twin.id)):
            yield f"carries {carried} {url}, but is {twin.id}"
        yield from self._fields(record_id, columns, twin)
        yield from self._roles(record_id, twin)

    def _shared(self) -> Iterator[str]:
        """What several records carry belongs to one of them, and the others are flagged."""
        carriers: dict[str, list[int]] = {}
        for record_id in self._ledger.contested & set(self._workbooks.opportunities.ids()):
            sync, error, carried, _ = self._plugin(record_id)
            if sync and not error and carried:
                carriers.setdefault(carried, []).append(record_id)
        for carried, records in sorted(carriers.items()):
            if len(records) > 1:
                yield f"{carried} belongs to several: {sorted(records)}"

    def _plugin(self, record_id: int) -> tuple[bool, bool, str, str]:
        value = self._workbooks.opportunities.value
        sync, error, carried, url = (value(record_id, f"cf_opportunity_{name}") for name in PLUGIN)
        return bool(sync), bool(error), str(carried or ""), str(url or "")

    def _flagged(self, record_id: int) -> Iterator[str]:
        contested = self._ledger.contested & self._ledger.yielded
        others = self._ledger.gone_records | self._ledger.contested
        # What is not ticked any more is left as it is, its flag as well.
        ticked, *_ = self._plugin(record_id)
        if ticked and record_id in self._ledger.mended - others and not self._ledger.state_lost:
            yield "is mended, and still flagged"
        if record_id not in self._ledger.bad_records | self._ledger.gone_records | contested:
            yield "is flagged without a cause"
        if not self._ledger.state_lost and not self._reasons("opportunity", record_id):
            yield "is flagged without a reason"

    def _fields(self, record_id: int, columns: dict[str, Any], twin: Row) -> Iterator[str]:
        held = {**twin.attributes, **twin.relationships}
        for name, wanted in self._mapped(record_id, columns).items():
            shown = _blank_as_none(held.get(name))
            by_hand = self._ledger.edited.get((twin.id, name))
            if shown != wanted and (by_hand is None or shown != by_hand):
                yield f"{name} is {shown!r} and not {wanted!r}"
        noted = self._ledger.unmapped.get(twin.id)
        if noted is not None and held.get("nextStep") != noted:
            yield f"nextStep is {held.get('nextStep')!r} and not {noted!r}"

    def _mapped(self, record_id: int, columns: dict[str, Any]) -> dict[str, object]:
        """The default mapping, in the terms of Outreach."""
        money = columns["document_currency_net_value"]
        closes: date | None = columns["document_date"]
        created: datetime = columns["created_at"]
        amount = money.amount if isinstance(money, Money) else None
        chance = columns["probability"]
        return {
            "name": _whole_characters(_blank_as_none(columns["description"])),
            "amount": None if amount is None else _whole(amount),
            "currencyType": money.code if isinstance(money, Money) else None,
            "closeDate": None if closes is None else f"{closes.isoformat()}T12:00:00.000Z",
            "probability": None if chance is None else _whole(Decimal(str(chance))),
            "description": _blank_as_none(columns["comment"]),
            "customId": f"OPP-{record_id}",
            "externalCreatedAt": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "opportunityStage": self._stage(columns["opportunity_stage[name]"]),
            "owner": self._user(columns["queue_entry[queue[name]]"]),
            "account": self._account(columns["party_id"]),
        }

    def _stage(self, name: object) -> int | None:
        rows = self._outreach.stages.rows()
        return _only(row.id for row in rows if row.attributes.get("name") == name)

    def _user(self, name: object) -> int | None:
        return _only(
            row.id
            for row in self._outreach.users.rows()
            if f"{row.attributes.get('firstName')} {row.attributes.get('lastName')}" == name
        )

    def _account(self, organisation: object) -> int | None:
        if not isinstance(organisation, int):
            return None
        carried = self._workbooks.organisations.value(organisation, "cf_organisation_outreach_id")
        account = int(str(carried)) if carried else None
        return account if account and self._outreach.accounts.get(account) else None

    # People.

    def _wanted(self, record_id: int) -> Counter[Edge]:
        """The roles that the tab asks for."""
        wanted: Counter[Edge] = Counter()
        for person_id, text in self._workbooks.people_on(record_id):
            prospect = self._prospect(person_id)
            if prospect is not None:
                wanted[prospect, str(_whole_characters(text))] += 1
        if self._outreach.knobs.one_role_per_person:
            return _joined(wanted)
        # Where Outreach takes each line once only, it does so however often the tab has it.
        return Counter(wanted.keys()) if self._outreach.knobs.duplicate_role == "422" else wanted

    def _roles(self, record_id: int, twin: Row) -> Iterator[str]:
        if self._is_tab_held(record_id):
            return
        wanted = self._wanted(record_id)
        foreign: Counter[Edge] = Counter()
        ours: Counter[Edge] = Counter()
        for row in self._outreach.roles_on(twin.id):
            edge = (row.relationships["prospect"], str(row.attributes.get("role") or ""))
            shared = twin.id in self._ledger.contested_twins
            known = self._ledger.hand_roles.keys() | self._ledger.orphaned_roles
            if shared or row.id in known:
                foreign[edge] += 1
            else:
                ours[edge] += 1
        removed = Counter(
            {
                (prospect, text): n
                for (opportunity, prospect, text), n in self._ledger.removed_roles.items()
                if opportunity == twin.id
            }
        )
        if surplus := ours - wanted:
            yield f"has roles that the tab lacks: {dict(surplus)}"
        missing = wanted - ours - foreign - removed
        for edge in list(missing):
            missing[edge] -= self._ledger.orphaned_lines[twin.id, edge[1]]
            if (twin.id, *edge) in self._ledger.refused_roles:
                missing[edge] = 0
            if self._outreach.knobs.one_role_per_person and edge[0] in {
                prospect for prospect, _ in foreign
            }:
                missing[edge] = 0
        if missing := +missing:
            yield f"lacks roles of the tab: {dict(missing)}"

    def _is_tab_held(self, record_id: int) -> bool:
        """Whether Workbooks prints the tab so that nobody can tell which texts are on it."""
        if not self._workbooks.opportunities.is_live(record_id):
            return False
        texts = [text for _, text in self._workbooks.people_on(record_id)]
        return self._workbooks.knobs.array_output == "string" and any("," in one for one in texts)

    def _prospect(self, person_id: int) -> int | None:
        carried = self._workbooks.people.value(person_id, "cf_person_outreach_id")
        prospect = int(str(carried)) if carried else None
        return prospect if self._outreach.prospects.get(prospect or 0) is not None else None

    def _person(self, person_id: int) -> Iterator[str]:
        value = self._workbooks.people.value
        sync, error, carried, url = (value(person_id, f"cf_person_{name}") for name in PLUGIN)
        email = str(value(person_id, "main_location_email") or "")
        if error:
            if person_id not in self._ledger.bad_people | self._ledger.gone_people:
                yield "is flagged without a cause"
            if not self._ledger.state_lost and not self._reasons("person", person_id):
                yield "is flagged without a reason"
            return
        if carried:
            if url != PROSPECT_URL.replace("{id}", str(carried)):
                yield f"carries {carried} and {url!r}"
            if self._prospect(person_id) is None and person_id not in self._ledger.gone_people:
                yield f"carries {carried}, who is nobody"
        elif sync and email and self._is_needed(person_id):
            if email.endswith(BLOCKED):
                yield "has an address that Outreach refuses, and is not flagged"
            else:
                yield "is needed, may be synced, and carries no id"

    def _is_needed(self, person_id: int) -> bool:
        for record_id in self._workbooks.opportunities.ids():
            sync, error, _, _ = self._plugin(record_id)
            synced = sync and not error and self._twin(record_id) is not None
            if self._is_tab_held(record_id):
                continue
            if synced and person_id in dict(self._workbooks.people_on(record_id)):
                return True
        return False

    def _prospects(self) -> Iterator[str]:
        emails = Counter(
            email for row in self._outreach.prospects.rows() for email in row.attributes["emails"]
        )
        yield from (f"{n} prospects have {one}" for one, n in sorted(emails.items()) if n > 1)
        if not self._ledger.gone_people:
            for ref, n in sorted(self._ledger.created_prospects.items()):
                if n > 1:
                    yield f"{ref} was made a prospect {n} times"

    def _hand_made(self) -> Iterator[str]:
        for role_id, (twin, prospect, text) in sorted(self._ledger.hand_roles.items()):
            row = self._outreach.roles.get(role_id)
            if row is None:
                yield f"role {role_id}, made by hand on {twin}, is gone"
            elif (row.relationships["prospect"], row.attributes.get("role")) != (prospect, text):
                yield f"role {role_id}, made by hand on {twin}, was changed"

    # The engine itself.

    def _state(self) -> Iterator[str]:
        rows = self._scene.states.rows
        live = set(self._workbooks.opportunities.ids())
        people = set(self._workbooks.people.ids())
        for record_type, record_id, reason in rows(OWED):
            # What is owed to a deleted record is owed for as long as it is deleted.
            if record_id in (live if record_type == "opportunity" else people):
                yield f"owes {record_type} {record_id} something: {reason}"
        for (record_id,) in rows(UNFINISHED):
            yield f"record {record_id} is unfinished"
        for kind, record_id in rows(OPEN):
            # What nobody can read is held with its reason, and so is a doubt about it.
            if kind != "role" or not self._is_tab_held(record_id):
                yield f"the create of {kind} {record_id} is unfinished"

    def _reasons(self, record_type: str, record_id: int) -> list[str]:
        found = self._scene.states.rows(REFUSALS)
        return [detail for *of, detail in found if of == [record_type, record_id] and detail]

    def _engine(self, assembly: Assembly | None) -> Iterator[str]:
        if assembly is None:
            yield "no engine runs"
            return
        for name, governor in assembly.systems.governors(assembly.config).items():
            if governor.down:
                yield f"{name} counts as down"


def at_rest(assembly: Assembly | None) -> bool:
    """Whether no request is under way or waits, and every mailbox is empty."""
    if assembly is None:
        return False
    governors = assembly.systems.governors(assembly.config).values()
    mailboxes = (assembly.changes, assembly.tabs, assembly.write_backs)
    under_way = any(governor.in_flight or governor.waiting for governor in governors)
    return not under_way and all(mailbox.idle for mailbox in mailboxes)


def _only(ids: Iterator[int]) -> int | None:
    found = list(ids)
    return found[0] if len(found) == 1 else None


def _joined(wanted: Counter[Edge]) -> Counter[Edge]:
    """One role for each prospect, with all its texts in the order of their alphabet."""
    texts: dict[int, set[str]] = {}
    for prospect, text in wanted:
        texts.setdefault(prospect, set()).update({text} - {""})
    return Counter((prospect, ", ".join(sorted(each))) for prospect, each in texts.items())


def _whole_characters(text: object) -> object:
    """The text with a sign in the place of each half of a character."""
    return HALF.sub("\ufffd", text) if isinstance(text, str) else text


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def _blank_as_none(value: object) -> object:
    return None if value == "" else value
