"""Roles: who stands on an opportunity, and as what."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.outreach.target import OutreachTarget
from engine import Gone, Rejected, Role, Taken, TheirFault, Unreachable
from tests.unit.connectors.outreach.stand_ins import BASE, World, document, page, problem, resource

pytestmark = pytest.mark.anyio
DUPLICATE = problem(422, "validationError", "Role has already been taken.", "/data")


def role(role_id: int, prospect_id: int | None, text: Any, target_id: int = 17) -> dict[str, Any]:
    """A role as the collection returns it."""
    prospect = None if prospect_id is None else {"type": "prospect", "id": prospect_id}
    return resource(
        role_id,
        attributes={"role": text, "primary": False},
        relationships={
            "opportunity": {"data": {"type": "opportunity", "id": target_id}},
            "prospect": {"data": prospect},
        },
    )


async def test_the_roles_of_one_opportunity_are_listed_in_whole_pages(
    world: World, target: OutreachTarget
) -> None:
    """One request shows everybody, and the next page is not forgotten."""
    link = f"{BASE}/api/v2/opportunityProspectRoles?page%5Bafter%5D=abc"
    world.server.script = [page(role(6, 42, "Buyer"), following=link), page(role(5, 42, "User"))]

    assert await target.roles(17) == [Role(5, 42, "User"), Role(6, 42, "Buyer")]

    assert world.server.requests[0].url.path == "/api/v2/opportunityProspectRoles"
    assert world.server.query(0) == {
        "filter[opportunity][id]": "17",
        "page[size]": "1000",
        "count": "false",
    }


async def test_role_texts_are_canonical_and_blank_is_an_empty_text(
    world: World, target: OutreachTarget
) -> None:
    """They are compared with what the source says."""
    texts = [" Decision\r\nMaker ", None, "", 5]
    world.server.script = [page(*(role(5 + n, 42, text) for n, text in enumerate(texts)))]

    assert [one.role for one in await target.roles(17)] == ["Decision\nMaker", "", "", ""]


async def test_what_belongs_elsewhere_or_to_nobody_is_left_out(
    world: World, target: OutreachTarget
) -> None:
    """A filter that is ignored would have us remove the roles of all other opportunities."""
    world.server.script = [
        page(role(5, 42, "Buyer", target_id=18), role(6, None, "Buyer"), resource(7))
    ]

    assert await target.roles(17) == []


@pytest.mark.parametrize(("text", "sent"), [(" Buyer\r\n", "Buyer"), ("", ""), ("  ", "")])
async def test_a_role_is_created_with_both_ends_and_its_text(
    world: World, target: OutreachTarget, text: str, sent: str
) -> None:
    """An empty text is a text: it makes the answer comparable."""
    world.server.script = [
        httpx.Response(201, json={"data": resource(5, type="opportunityProspectRole")})
    ]

    assert await target.create_role(17, 42, text) == 5

    assert world.server.body() == {
        "data": {
            "type": "opportunityProspectRole",
            "attributes": {"role": sent},
            "relationships": {
                "opportunity": {"data": {"type": "opportunity", "id": 17}},
                "prospect": {"data": {"type": "prospect", "id": 42}},
            },
        }
    }


@pytest.mark.parametrize("text", ["Buyer", ""])
async def test_a_change_sends_the_text_and_nothing_else(
    world: World, target: OutreachTarget, text: str
) -> None:
    """The primary mark and the ends of a role are not ours to touch."""
    world.server.script = [document(5)]

    await target.update_role(5, text)

    assert world.server.requests[0].method == "PATCH"
    assert world.server.requests[0].url.path == "/api/v2/opportunityProspectRoles/5"
    assert world.server.body() == {
        "data": {"type": "opportunityProspectRole", "id": 5, "attributes": {"role": text}}
    }


async def test_a_text_too_long_is_rejected_before_anything_is_sent(
    world: World, target: OutreachTarget
) -> None:
    """The refusal of the other side would name no field."""
    for writing in (target.create_role(17, 42, "x" * 256), target.update_role(5, "x" * 256)):
        with pytest.raises(Rejected) as caught:
            await writing
        assert caught.value.field == "role"

    assert world.server.requests == []


async def test_a_role_that_is_there_already_is_told_apart(
    world: World, target: OutreachTarget
) -> None:
    """The engine lists the roles again and adopts it."""
    world.server.script = [DUPLICATE, DUPLICATE]

    with pytest.raises(Taken):
        await target.create_role(17, 42, "Buyer")
    with pytest.raises(Taken):
        await target.update_role(5, "Buyer")


@pytest.mark.parametrize("end", ["prospect", "opportunity"])
async def test_a_missing_end_of_a_role_is_named(
    world: World, target: OutreachTarget, end: str
) -> None:
    """The person's relationship waits, or the opportunity is looked at again."""
    world.server.script = [
        problem(422, "validationError", "must exist", f"/data/relationships/{end}"),
        problem(404, "resourceNotFound", f"Could not find '{end}' with ID '9'."),
    ]

    for _ in range(2):
        with pytest.raises(Rejected) as caught:
            await target.create_role(17, 42, "Buyer")
        assert type(caught.value) is Rejected
        assert caught.value.field == end


async def test_a_lost_answer_leaves_a_role_in_doubt(world: World, target: OutreachTarget) -> None:
    """It is found again by listing the roles of the opportunity."""
    world.server.script = [httpx.ReadError("reset")]

    with pytest.raises(Unreachable) as caught:
        await target.create_role(17, 42, "Buyer")

    assert caught.value.ambiguous
    assert len(world.server.requests) == 1


async def test_a_change_of_a_role_that_is_gone_says_so(
    world: World, target: OutreachTarget
) -> None:
    """Somebody removed it by hand."""
    detail = "Could not find 'opportunityProspectRole' with ID '5'."
    world.server.script = [problem(404, "resourceNotFound", detail)]

    with pytest.raises(Gone):
        await target.update_role(5, "Buyer")


@pytest.mark.parametrize("reply", [httpx.Response(204), problem(404, "resourceNotFound")])
async def test_a_role_that_is_gone_already_counts_as_removed(
    world: World, target: OutreachTarget, reply: httpx.Response
) -> None:
    """The end is the same, and a removal may be sent twice."""
    world.server.script = [reply]

    await target.delete_role(5)

    assert world.server.requests[0].method == "DELETE"
    assert world.server.requests[0].url.path == "/api/v2/opportunityProspectRoles/5"
    assert world.server.requests[0].content == b""


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (httpx.Response(404, text="<html>"), TheirFault),
        (httpx.Response(500), Unreachable),
        (problem(403, "unauthorizedRequest"), Rejected),
    ],
)
async def test_a_removal_that_failed_is_not_taken_for_done(
    world: World, target: OutreachTarget, reply: httpx.Response, kind: type[Exception]
) -> None:
    """The role would stay for ever."""
    world.server.script = [reply]

    with pytest.raises(kind):
        await target.delete_role(5)
