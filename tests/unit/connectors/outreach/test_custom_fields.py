"""Custom fields: the rules of an organisation, read once and kept on every value."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.outreach.custom_fields import ruled
from connectors.outreach.fields import FIELDS
from connectors.outreach.mapping import encode, observe
from connectors.outreach.target import OutreachTarget
from connectors.outreach.wire import Validation
from engine import (
    FieldKind,
    Money,
    RecordType,
    Rejected,
    TargetField,
    TheirFault,
    Unreachable,
    Value,
)
from tests.unit.connectors.outreach.stand_ins import World, document, problem, resource

pytestmark = pytest.mark.anyio
REGIONS = ["EMEA", "AMER", "APAC"]


def custom(kind: str, definition: Any = None, *, required: bool = False) -> TargetField:
    """One custom field with a rule of this type."""
    rule = Validation.model_validate(
        {"type": kind, "label": "Region", "required": required, "definition": definition}
    )
    return ruled(FIELDS, {"custom1": rule})["custom1"]


def rules(*described: tuple[str, dict[str, Any]]) -> httpx.Response:
    """The answer of `/types`."""
    data = [{"type": name, "meta": {"validations": rules}} for name, rules in described]
    return httpx.Response(200, json={"data": data})


# --- what is learnt -----------------------------------------------------------------------------


async def test_the_rules_of_both_record_types_are_read_in_one_request(
    world: World, target: OutreachTarget
) -> None:
    """A configuration names custom fields by label, and each suits its own conversions."""
    region = {"type": "inclusion", "required": True, "label": " Region ", "definition": REGIONS}
    world.server.script = [
        rules(
            ("account", {"custom1": {"type": "boolean"}}),
            ("Opportunity", {"custom1": region, "custom2": {"type": "currency"}}),
            ("prospect", {"custom1": {"type": "date", "label": "Met on"}}),
        )
    ]

    fact = await target.read_custom_fields()

    assert fact == "rules for custom fields: 2 of the opportunity, 1 of the prospect"
    assert [request.url.path for request in world.server.requests] == ["/api/v2/types"]
    opportunity = target.fields(RecordType.OPPORTUNITY)
    assert opportunity["custom1"] == TargetField(
        "custom1",
        FieldKind.TEXT,
        chars_max=32_000,
        required=True,
        label="Region",
        choices=("EMEA", "AMER", "APAC"),
        as_text=True,
    )
    assert opportunity["custom2"].kind is FieldKind.DECIMAL
    assert opportunity["custom3"] == FIELDS["custom3"]
    met = target.fields(RecordType.PERSON)["custom1"]
    assert (met.kind, met.label, met.required) == (FieldKind.DATE, "Met on", False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("boolean", FieldKind.BOOLEAN),
        ("currency", FieldKind.DECIMAL),
        ("numerical", FieldKind.DECIMAL),
        ("percentage", FieldKind.DECIMAL),
        ("date", FieldKind.DATE),
        ("date_time", FieldKind.DATETIME),
        ("inclusion", FieldKind.TEXT),
        ("multi_inclusion", FieldKind.LIST),
        ("phone_number", FieldKind.TEXT),
        ("string", FieldKind.TEXT),
        ("url", FieldKind.TEXT),
        ("hologram", FieldKind.TEXT),
    ],
)
def test_every_published_rule_has_its_kind_and_any_other_is_text(
    kind: str, expected: FieldKind
) -> None:
    """The kind picks the default conversion of a custom mapping."""
    field = custom(kind, REGIONS)

    assert (field.kind, field.as_text) == (expected, True)
    assert field.choices == (tuple(REGIONS) if "inclusion" in kind else ())


@pytest.mark.parametrize(
    "reply",
    [
        problem(403, "unauthorizedRequest", "You are not authorized."),
        problem(403, "unauthorizedOauthScope", "requires the scope 'types.read'"),
        problem(404, "routeNotFound"),
        httpx.Response(404, text="<html>"),
    ],
)
async def test_without_access_to_the_rules_custom_fields_stay_plain_texts(
    world: World, target: OutreachTarget, reply: httpx.Response
) -> None:
    """They are a help and no condition; the operator is told."""
    world.server.script = [reply]
    [step] = [step for step in target.steps() if step.name == "custom fields"]

    fact = await step.run()

    assert f"HTTP {reply.status_code}" in fact
    assert target.fields(RecordType.OPPORTUNITY) == FIELDS


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(httpx.Response(500), Unreachable), (httpx.Response(200, text="<html>"), TheirFault)],
)
async def test_a_failing_service_fails_the_step(
    world: World, target: OutreachTarget, reply: httpx.Response, kind: type[Exception]
) -> None:
    """Going on without the rules would send what they forbid."""
    world.server.script = [reply]

    with pytest.raises(kind):
        await target.read_custom_fields()


async def test_odd_members_of_the_answer_are_passed_over(
    world: World, target: OutreachTarget
) -> None:
    """One rule nobody understands must not keep the service from starting."""
    odd = {"custom1": None, "custom2": {"type": 5, "label": None}, "custom3": {"label": "Sun"}}
    data = [{"type": None}, {"meta": 3}, {"type": "OPPORTUNITY", "meta": {"validations": odd}}]
    world.server.script = [httpx.Response(200, json={"data": data})]

    await target.read_custom_fields()

    fields = target.fields(RecordType.OPPORTUNITY)
    assert (fields["custom2"].kind, fields["custom3"].label) == (FieldKind.TEXT, "Sun")


async def test_a_rule_that_is_withdrawn_is_forgotten_at_the_next_reading(
    world: World, target: OutreachTarget
) -> None:
    """Administrators change their minds while the service runs."""
    world.server.script = [
        rules(("opportunity", {"custom1": {"type": "date", "required": True}})),
        rules(("opportunity", {})),
    ]

    await target.read_custom_fields()
    await target.read_custom_fields()

    assert target.fields(RecordType.OPPORTUNITY) == FIELDS


async def test_a_reading_of_a_record_follows_the_rules(
    world: World, target: OutreachTarget
) -> None:
    """What was sent as true may come back as 1."""
    world.server.script = [
        rules(("opportunity", {"custom1": {"type": "boolean"}})),
        document(17, **resource(17, attributes={"custom1": "1", "custom2": "1"})),
    ]
    await target.read_custom_fields()

    assert await target.get(17, ["custom1", "custom2"]) == {"custom1": "true", "custom2": "1"}


# --- what is sent, and what comes back ----------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("boolean", " TRUE ", "true"),
        ("currency", Money(Decimal("12.50"), "GBP"), "12.5"),
        ("numerical", Decimal("1E+3"), "1000"),
        ("numerical", Decimal("-0.00"), "0"),
        ("percentage", 40, "40"),
        ("numerical", "5.0", "5"),
        ("date", date(2026, 9, 30), "2026-09-30"),
        ("date", datetime(2026, 9, 30, 8, 5, tzinfo=UTC), "2026-09-30"),
        (
            "date_time",
            datetime(2026, 9, 30, 8, 5, 1, 9, tzinfo=timezone(timedelta(hours=2))),
            "2026-09-30T06:05:01",
        ),
        ("date_time", date(2026, 9, 30), "2026-09-30T00:00:00"),
        ("inclusion", " AMER ", "AMER"),
        ("multi_inclusion", ("APAC", "EMEA", "APAC", ""), "EMEA;APAC"),
        ("multi_inclusion", "AMER", "AMER"),
        ("multi_inclusion", "AMER; EMEA", "EMEA;AMER"),
        ("multi_inclusion", (), None),
        ("phone_number", "+44 20", "+44 20"),
        ("url", "https://x.test", "https://x.test"),
        ("date", None, None),
        ("multi_inclusion", " ", None),
    ],
)
def test_a_value_travels_as_the_text_of_its_rule(kind: str, value: Value, text: str | None) -> None:
    """The schema knows texts only; what they mean is the organisation's business."""
    assert encode(custom(kind, REGIONS), value) == text


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("boolean", "perhaps"),
        ("boolean", 2),
        ("currency", "a lot"),
        ("numerical", True),
        ("numerical", Decimal("1E-999999999")),
        ("date", "soon"),
        ("date_time", 5),
        ("date_time", datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))),
        ("inclusion", "Secret"),
        ("multi_inclusion", ("EMEA", "Secret")),
        ("multi_inclusion", "EMEA;Secret"),
        ("multi_inclusion", 5),
        ("string", "x" * 32_001),
        ("string", Decimal("1E+999999999")),
    ],
)
def test_a_value_the_rule_forbids_is_rejected_by_name_and_label(kind: str, value: Value) -> None:
    """The administrator knows the label, the configuration the name, and nobody needs the value."""
    with pytest.raises(Rejected) as caught:
        encode(custom(kind, REGIONS), value)

    assert caught.value.field == "custom1"
    assert "custom1 (Region)" in caught.value.message
    assert "Secret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["string", "boolean", "numerical", "inclusion", "multi_inclusion"])
@pytest.mark.parametrize("value", [None, "", " \r\n"])
def test_a_required_custom_field_must_not_be_blank(kind: str, value: Value) -> None:
    """Outreach would refuse the record, and may not say which field it was."""
    with pytest.raises(Rejected, match=r"custom1 \(Region\): must not be blank"):
        encode(custom(kind, REGIONS, required=True), value)


def test_an_empty_list_is_blank_as_well() -> None:
    """A list of nothing ends as no text at all."""
    with pytest.raises(Rejected, match="must not be blank"):
        encode(custom("multi_inclusion", REGIONS, required=True), ())


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("boolean", "1", "true"),
        ("boolean", True, "true"),
        ("boolean", "False", "false"),
        ("boolean", 0, "false"),
        ("boolean", "perhaps", "perhaps"),
        ("boolean", 1.5, "1.5"),
        ("numerical", "5.0", "5"),
        ("numerical", 5, "5"),
        ("numerical", 5.0, "5"),
        ("currency", "1.5E+3", "1500"),
        ("percentage", "1E-999999999", "1E-999999999"),
        ("numerical", "many", "many"),
        ("date", "2026-09-30T00:00:00.000Z", "2026-09-30"),
        ("date", "2026-09-30T00:00:00+02:00", "2026-09-30"),
        ("date", "someday", "someday"),
        ("date_time", "2026-09-30T08:05:01.000Z", "2026-09-30T08:05:01"),
        ("date_time", "2026-09-30T08:05:01+02:00", "2026-09-30T06:05:01"),
        ("date_time", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("inclusion", " AMER ", "AMER"),
        ("inclusion", "withdrawn", "withdrawn"),
        ("multi_inclusion", "APAC ; EMEA;", "EMEA;APAC"),
        ("multi_inclusion", ["APAC", "EMEA"], "EMEA;APAC"),
        ("multi_inclusion", "withdrawn;EMEA", "EMEA;withdrawn"),
        ("multi_inclusion", [], None),
        ("multi_inclusion", {"a": 1}, '{"a": 1}'),
        ("numerical", "", None),
        ("date", None, None),
    ],
)
def test_any_spelling_the_api_returns_reads_as_the_text_that_would_be_sent(
    kind: str, raw: Any, text: str | None
) -> None:
    """Otherwise a record that is equal would be updated for ever."""
    assert observe(custom(kind, REGIONS), raw) == text


def test_a_choice_that_holds_the_separator_stays_one_choice() -> None:
    """Administrators write what they like."""
    field = custom("multi_inclusion", ["a;b", "c"])

    assert encode(field, "a;b") == "a;b"
    assert encode(field, ("c",)) == "c"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_numbers_survive_the_round_trip_in_any_notation(number: Decimal) -> None:
    """Text, number and exponent mean the same."""
    field = custom("numerical")
    sent = encode(field, number)

    assert isinstance(sent, str)
    assert Decimal(sent) == number
    for returned in (sent, f"{number:f}", f"{number:E}"):
        assert observe(field, returned) == sent


@given(st.permutations(REGIONS), st.integers(0, 3))
def test_choices_survive_the_round_trip_in_any_order(order: list[str], count: int) -> None:
    """They are a set in meaning."""
    field = custom("multi_inclusion", REGIONS)
    members = order[:count]

    assert observe(field, " ; ".join(reversed(members))) == encode(field, tuple(members))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(["boolean", "numerical", "date", "date_time", "inclusion", "multi_inclusion"]),
    json_values,
)
def test_observing_a_custom_field_never_fails(kind: str, raw: Any) -> None:
    """One odd value in an answer must not stop a record."""
    observe(custom(kind, REGIONS), raw)
