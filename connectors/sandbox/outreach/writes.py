"""What a write may contain, and the record that results (§7, §8).

Used by HTTP requests, which are held to every rule, and by Python callers, who stand for the
vendor's own screens: those may also set what the API shows read-only, and may leave required
members out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final, cast

from connectors.sandbox.outreach import validations
from connectors.sandbox.outreach.envelope import duplicate_value, invalid, too_long
from connectors.sandbox.outreach.knobs import OutreachKnobs
from connectors.sandbox.outreach.moments import epoch, stored_date, stored_instant
from connectors.sandbox.outreach.rows import Row, Table
from connectors.sandbox.outreach.schema import Attribute, Relationship, Resource

#: Members a record cannot live without (§15.4).
REQUIRED_ATTRIBUTES: Final[Mapping[str, str]] = {"opportunity": "name", "account": "name"}
REQUIRED_LINKS: Final[Mapping[str, tuple[str, ...]]] = {
    "opportunityProspectRole": ("opportunity", "prospect")
}

Links = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a write is held against: the tables it may refer to, knobs, custom field rules."""

    tables: Mapping[str, Table]
    knobs: OutreachKnobs
    custom_fields: Mapping[str, Mapping[str, validations.Validation]]


@dataclass(frozen=True, slots=True)
class Write:
    """One create (`current` is None) or update; `trusted` marks a caller behind the API."""

    resource: Resource
    current: Row | None
    attributes: Mapping[str, Any]
    links: Links
    trusted: bool = False

    @property
    def creates(self) -> bool:
        """Whether a new record results."""
        return self.current is None


@dataclass(slots=True)
class Draft:
    """The members a record will have: set ones only; times in epoch seconds, if given."""

    attributes: dict[str, Any]
    links: dict[str, int]
    created_at: int | None = None
    updated_at: int | None = None


def drafted(write: Write, rules: Rules) -> Draft:
    """The record that a write leads to; nothing is stored.

    Raises:
        Refused: 422 with the id and pointer of outreach-api §5 and §15.8.
    """
    given = _coerced(write, rules.knobs)
    links = _linked(write, rules)
    current = write.current
    draft = Draft(
        _merged(current.attributes if current else {}, given),
        _merged(current.relationships if current else {}, links),
    )
    _take_times(draft)
    _derive(write.resource, draft.attributes, given)
    if not write.trusted:
        _require(write, draft, given)
        _require_close_date(write, draft, given, rules.knobs)
        _check_custom_fields(write, given, rules)
    _check_unique(write, draft, rules)
    return draft


def changes_nothing(write: Write, draft: Draft, knobs: OutreachKnobs) -> bool:
    """Whether an update leaves the record as it is; such a PATCH does not move `updatedAt`.

    Raises:
        Refused: the org refuses such updates, of prospects or of anything (§7).
    """
    current = write.current
    if current is None or draft.updated_at is not None or draft.created_at is not None:
        return False
    if draft.attributes != current.attributes or draft.links != current.relationships:
        return False
    strict = knobs.noop_patch == "422" or (
        knobs.noop_patch == "422 on prospects" and write.resource.type == "prospect"
    )
    if strict and not write.trusted:
        raise duplicate_value("A Contact with this email_hash already exists.")
    return True


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    together = {**before, **given}
    return {name: value for name, value in together.items() if value is not None and value != []}


def _refuse_member(write: Write, knobs: OutreachKnobs, pointer: str, detail: str) -> None:
    if write.trusted or knobs.unknown_attr == "reject":
        raise invalid(detail, pointer)


def _coerced(write: Write, knobs: OutreachKnobs) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in write.attributes.items():
        pointer = f"/data/attributes/{name}"
        attribute = write.resource.attributes.get(name)
        if attribute is None:
            _refuse_member(write, knobs, pointer, f"{name} is not a known attribute.")
        elif not write.trusted and _is_readonly(write, attribute):
            _refuse_member(write, knobs, pointer, f"{name} is read-only.")
        elif not attribute.writeonly:
            given[name] = _value(attribute, value, pointer)
    return given


def _is_readonly(write: Write, attribute: Attribute) -> bool:
    fixed_email = write.resource.type == "user" and attribute.name == "email"
    return attribute.readonly or (fixed_email and not write.creates)


def _value(attribute: Attribute, value: Any, pointer: str) -> Any:
    if value is None:
        return None
    try:
        stored = _KINDS[attribute.kind](value)
    except (TypeError, ValueError) as error:
        detail = f"{attribute.name} has the wrong type, {attribute.kind} expected."
        raise invalid(detail, pointer) from error
    length_max = attribute.length_max
    if length_max is not None and isinstance(stored, str) and len(stored) > length_max:
        raise too_long()
    return stored


def _exactly(*kinds: type) -> Callable[[Any], Any]:
    def accept(value: Any) -> Any:
        if type(value) not in kinds:
            raise TypeError(value)
        return value

    return accept


def _strings(value: Any) -> list[str]:
    items = cast("list[Any]", _exactly(list)(value))
    return [_exactly(str)(item) for item in items]


_KINDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string": _exactly(str),
    "integer": _exactly(int),
    "number": _exactly(int, float),
    "boolean": _exactly(bool),
    "object": _exactly(dict),
    "unlisted": _exactly(str, int, float),
    "strings": _strings,
    "date": lambda value: stored_date(_exactly(str)(value)),
    "date-time": lambda value: stored_instant(_exactly(str)(value)),
}


def _linked(write: Write, rules: Rules) -> dict[str, int | None]:
    links: dict[str, int | None] = {}
    for name, target in write.links.items():
        pointer = f"/data/relationships/{name}"
        relationship = write.resource.relationships.get(name)
        if relationship is None or relationship.kind != "one":
            _refuse_member(write, rules.knobs, pointer, f"{name} cannot be written.")
            continue
        if relationship.readonly and not write.trusted:
            _refuse_member(write, rules.knobs, pointer, f"{name} is read-only.")
            continue
        if target is not None and not _exists(relationship, target, rules, write.trusted):
            raise invalid(f"Could not find '{relationship.target}' with ID '{target}'.", pointer)
        links["opportunityStage" if _mirrors_stage(write, name) else name] = target
    return links


def _mirrors_stage(write: Write, name: str) -> bool:
    return write.resource.type == "opportunity" and name == "stage"


def _exists(relationship: Relationship, target: int, rules: Rules, trusted: bool) -> bool:
    table = rules.tables.get(relationship.target)
    return trusted if table is None else table.get(target) is not None


def _take_times(draft: Draft) -> None:
    created, updated = (draft.attributes.pop(name, None) for name in ("createdAt", "updatedAt"))
    draft.created_at = int(epoch(created)) if created else None
    draft.updated_at = int(epoch(updated)) if updated else None


def _derive(resource: Resource, attributes: dict[str, Any], given: Mapping[str, Any]) -> None:
    if resource.type == "opportunity":
        _settle_amounts(attributes, given)
    elif resource.type in ("user", "prospect") and given.keys() & {"firstName", "lastName"}:
        parts = (attributes.get("firstName"), attributes.get("lastName"))
        attributes["name"] = " ".join(part for part in parts if part)


def _settle_amounts(attributes: dict[str, Any], given: Mapping[str, Any]) -> None:
    # Writing one sets both (§15.13); with both given the precise one decides.
    source = next((name for name in ("amountPrecise", "amount") if name in given), None)
    if source is None:
        return
    value = attributes.get(source)
    if value is None:
        attributes.pop("amount", None)
        attributes.pop("amountPrecise", None)
        return
    try:
        precise = Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)
        whole = int(precise.to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError) as error:
        raise invalid(f"{source} is not a number.", f"/data/attributes/{source}") from error
    attributes["amount"] = whole
    attributes["amountPrecise"] = str(precise)


def _require(write: Write, draft: Draft, given: Mapping[str, Any]) -> None:
    name = REQUIRED_ATTRIBUTES.get(write.resource.type)
    if name and (write.creates or name in given) and not draft.attributes.get(name, "").strip():
        raise invalid("Name can't be blank.", f"/data/attributes/{name}")
    for link in REQUIRED_LINKS.get(write.resource.type, ()):
        if link not in draft.links:
            label = link[0].upper() + link[1:]
            raise invalid(f"{label} can't be blank.", f"/data/relationships/{link}")


def _require_close_date(
    write: Write, draft: Draft, given: Mapping[str, Any], knobs: OutreachKnobs
) -> None:
    if not knobs.close_date_required or write.resource.type != "opportunity":
        return
    if (write.creates or "closeDate" in given) and not draft.attributes.get("closeDate"):
        raise invalid("Close date can't be blank.", "/data/attributes/closeDate")


def _check_custom_fields(write: Write, given: Mapping[str, Any], rules: Rules) -> None:
    for name, rule in rules.custom_fields.get(write.resource.type, {}).items():
        if write.creates or name in given:
            validations.check(name, rule, given.get(name))


def _check_unique(write: Write, draft: Draft, rules: Rules) -> None:
    match write.resource.type:
        case "prospect":
            _check_emails(write, draft, rules)
        case "user" if _is_taken(write, rules, "username", draft.attributes.get("username")):
            raise invalid("Username has already been taken.", "/data/attributes/username")
        case "opportunityProspectRole" if (
            rules.knobs.duplicate_role == "422" or rules.knobs.one_role_per_person
        ):
            _check_role(write, draft, rules)
        case _:
            pass


def _is_taken(write: Write, rules: Rules, lookup: str, value: str | None) -> bool:
    if value is None:
        return False
    own_id = write.current.id if write.current else None
    return any(row.id != own_id for row in rules.tables[write.resource.type].find(lookup, value))


def _check_emails(write: Write, draft: Draft, rules: Rules) -> None:
    for email in draft.attributes.get("emails", ()):
        if email.rpartition("@")[2].casefold() in rules.knobs.excluded_email_domains:
            raise invalid("Contacts contact is using an excluded email address.", "/data")
        if _is_taken(write, rules, "emails", email):
            raise invalid("Contacts email hash has already been taken.", "/data")


def _check_role(write: Write, draft: Draft, rules: Rules) -> None:
    own_id = write.current.id if write.current else None
    same = [
        row
        for row in rules.tables["opportunityProspectRole"].find(
            "opportunity", draft.links.get("opportunity")
        )
        if row.id != own_id
        and row.relationships.get("prospect") == draft.links.get("prospect")
        and (
            rules.knobs.one_role_per_person
            or row.attributes.get("role") == draft.attributes.get("role")
        )
    ]
    if same:
        raise invalid("Role has already been taken.", "/data")
