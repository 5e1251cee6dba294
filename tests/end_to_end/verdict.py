"""What must be true of both systems in the end, read from the two and from nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connectors.sandbox.outreach import Row
from connectors.sandbox.sandbox import Sandbox
from connectors.sandbox.workbooks import Money
from tests.end_to_end.hands import Edge


@dataclass(slots=True)
class Verdict:
    """What was looked at, what is there twice, and what is missing or wrong."""

    records: int = 0
    people: int = 0
    roles: int = 0
    duplicates: list[str] = field(default_factory=list[str])
    misses: list[str] = field(default_factory=list[str])


def verdict(sandbox: Sandbox, made: Counter[Edge]) -> Verdict:
    """Judge both systems.

    Args:
        made: roles that somebody entered in Outreach, each to be left as it is.
    """
    found = Verdict()
    found.duplicates += twins(sandbox)
    wanted: Counter[Edge] = Counter()
    for deal in sandbox.workbooks.opportunities.ids():
        row = _judge_record(sandbox, deal, found)
        if row is not None:
            wanted.update(_edges(sandbox, deal, row, found))
    _judge_people(sandbox, found)
    _judge_roles(sandbox, wanted, made, found)
    return found


def twins(sandbox: Sandbox) -> Iterator[str]:
    """Records of Outreach that stand for the same thing."""
    opportunities = (
        row.attributes.get("customId") for row in sandbox.outreach.opportunities.rows()
    )
    prospects = sandbox.outreach.prospects.rows()
    addresses = (str(one).lower() for row in prospects for one in row.attributes["emails"])
    people = (row.attributes.get("externalId") for row in prospects)
    for values in (opportunities, addresses, people):
        yield from (
            f"{one} is there {n} times" for one, n in Counter(values).items() if one and n > 1
        )


def _judge_record(sandbox: Sandbox, deal: int, found: Verdict) -> Row | None:
    """Compare one opportunity; returns its counterpart when it has to have one."""
    columns = sandbox.workbooks.opportunities.get(deal)
    value = sandbox.workbooks.opportunities.value
    ref, flagged = columns["object_ref"], value(deal, "cf_opportunity_outreach_sync_error")
    if not value(deal, "cf_opportunity_sync_to_outreach") or deal in sandbox.sample.flagged:
        return None
    found.records += 1
    if deal in sandbox.sample.failing:
        if not flagged:
            found.misses.append(f"{ref}: not flagged")
        return None
    row = _carried(sandbox.outreach.opportunities.get, value(deal, "cf_opportunity_outreach_id"))
    if row is None or flagged:
        found.misses.append(f"{ref}: not in Outreach, or flagged")
        return None
    shown = {name: row.attributes.get(name) for name in _MAPPED}
    wanted = _mapped(columns)
    if shown != wanted:
        found.misses.append(f"{ref}: is {shown} and not {wanted}")
    if not value(deal, "cf_opportunity_outreach_url"):
        found.misses.append(f"{ref}: has no URL")
    return row


_MAPPED = ("name", "customId", "probability", "description", "amount", "currencyType")


def _mapped(columns: dict[str, Any]) -> dict[str, Any]:
    money, chance = columns["document_currency_net_value"], columns["probability"]
    amount = money.amount if isinstance(money, Money) else None
    return {
        "name": columns["description"],
        "customId": columns["object_ref"],
        "probability": None if chance is None else int(chance),
        "description": columns["comment"] or None,
        "amount": None if amount is None else int(amount.quantize(Decimal(1), ROUND_HALF_UP)),
        "currencyType": money.code if isinstance(money, Money) else None,
    }


def _edges(sandbox: Sandbox, deal: int, row: Row, found: Verdict) -> Iterator[Edge]:
    """What the People tab asks for, as far as its people can be prospects."""
    for person, role in sandbox.workbooks.people_on(deal):
        prospect = _prospect(sandbox, person)
        if prospect is not None:
            yield row.id, prospect.id, role
        elif _available(sandbox, person):
            found.misses.append(f"person {person} on {deal}: no prospect")


def _prospect(sandbox: Sandbox, person: int) -> Row | None:
    carried = sandbox.workbooks.people.value(person, "cf_person_outreach_id")
    return _carried(sandbox.outreach.prospects.get, carried)


def _available(sandbox: Sandbox, person: int) -> bool:
    value = sandbox.workbooks.people.value
    return (
        person not in sandbox.sample.refused
        and bool(value(person, "cf_person_sync_to_outreach"))
        and bool(value(person, "main_location_email"))
    )


def _judge_people(sandbox: Sandbox, found: Verdict) -> None:
    """Whoever became a prospect carries its id and URL; whoever was refused says so."""
    people = sandbox.workbooks.people
    for person in people.ids():
        prospect = _prospect(sandbox, person)
        flagged = bool(people.value(person, "cf_person_outreach_sync_error"))
        if flagged and person not in sandbox.sample.refused:
            found.misses.append(f"person {person}: flagged")
        if prospect is None:
            continue
        found.people += 1
        addresses = [str(one).lower() for one in prospect.attributes["emails"]]
        if str(people.value(person, "main_location_email")).lower() not in addresses:
            found.misses.append(f"person {person}: carries the id of somebody else")
        if not people.value(person, "cf_person_outreach_url"):
            found.misses.append(f"person {person}: has no URL")
    refs = {people.value(person, "object_ref"): person for person in people.ids()}
    for row in sandbox.outreach.prospects.rows():
        person = refs.get(row.attributes.get("externalId"))
        if person is not None and _prospect(sandbox, person) != row:
            found.misses.append(f"person {person}: does not carry the prospect made for it")


def _judge_roles(
    sandbox: Sandbox, wanted: Counter[Edge], made: Counter[Edge], found: Verdict
) -> None:
    """As multisets: what the tabs say, and what somebody entered.

    A role that somebody entered and that equals a line may stand for it, or stand beside it.
    """
    shown: Counter[Edge] = Counter(
        (
            row.relationships["opportunity"],
            row.relationships["prospect"],
            str(row.attributes.get("role") or ""),
        )
        for row in sandbox.outreach.roles.rows()
    )
    judged = {row.id for row in _judged(sandbox)}
    found.roles = shown.total()
    for edge in shown | wanted | made:
        if edge[0] not in judged:
            continue
        if shown[edge] < max(wanted[edge], made[edge]):
            found.misses.append(f"role {edge}: {shown[edge]} of {wanted[edge]}, {made[edge]}")
        if shown[edge] > wanted[edge] + made[edge]:
            found.duplicates.append(f"role {edge}: {shown[edge]} of {wanted[edge]}, {made[edge]}")


def _judged(sandbox: Sandbox) -> Iterator[Row]:
    """Opportunities of Outreach whose record is synced."""
    value = sandbox.workbooks.opportunities.value
    for deal in sandbox.workbooks.opportunities.ids():
        synced = value(deal, "cf_opportunity_sync_to_outreach")
        if synced and not value(deal, "cf_opportunity_outreach_sync_error"):
            carried = value(deal, "cf_opportunity_outreach_id")
            row = _carried(sandbox.outreach.opportunities.get, carried)
            if row is not None:
                yield row


def _carried(get: Callable[[int], Row | None], carried: object) -> Row | None:
    text = str(carried or "")
    return get(int(text)) if text.isdigit() else None
