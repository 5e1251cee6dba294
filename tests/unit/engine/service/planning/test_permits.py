"""What a plan allows while it is carried out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.actors.gate import Attempt
from engine.errors import NotPlanned
from engine.model.edit import Edit
from engine.model.plan import Change, Kind, RoleEdit
from engine.model.records import RecordType
from engine.service.planning.people import opened
from engine.service.planning.permits import RecordPermits
from engine.service.planning.source import NEW_ID

ADA, PROSPECT = 31, 7
TOLD = Change(Kind.WRITE_BACK, RecordType.PERSON, ADA, "PERS-31", edits=(Edit("id", None, NEW_ID),))
ROLE = Change(
    Kind.ROLE_ADD,
    RecordType.OPPORTUNITY,
    1,
    "OPP-1",
    role=RoleEdit(None, None, ADA, "Ada Byron", None, "Buyer"),
)
ADDS = Attempt(Kind.ROLE_ADD, prospect_id=PROSPECT, role="Buyer")


def test_a_role_is_planned_of_whoever_is_a_prospect_by_the_moment_it_is_sent() -> None:
    """Somebody's work on another record may have told the person so since this one began."""
    with opened() as people:
        people.take_in([TOLD])
        permits = RecordPermits([ROLE], people)
        other = RecordPermits([ROLE], people)

        other.person(ADA, PROSPECT, ours=True)
        permits.write(ADDS)

        assert permits.done == [ROLE]


def test_a_role_of_nobody_who_was_told_so_is_not_planned() -> None:
    """Nor is one of somebody who is told to be another prospect than was planned."""
    known = Change(
        Kind.WRITE_BACK, RecordType.PERSON, ADA, "PERS-31", edits=(Edit("id", None, "8"),)
    )
    with opened() as people:
        people.take_in([known])
        permits = RecordPermits([ROLE], people)

        with pytest.raises(NotPlanned):
            permits.person(ADA, PROSPECT, ours=False)
        with pytest.raises(NotPlanned):
            permits.write(ADDS)


def test_a_role_on_a_record_that_was_made_anew_is_not_that_on_the_one_before() -> None:
    """The same role of the same person is planned on both, and would be refused on the first."""
    refused = replace(ROLE, target_id=1, reason="there is no such opportunity")
    with opened() as people:
        permits = RecordPermits([refused, ROLE], people, {ADA: PROSPECT})

        permits.write(replace(ADDS, target_id=2))

        assert permits.left == [refused]


@pytest.mark.parametrize("prospect_id", [PROSPECT, None])
def test_a_role_of_a_prospect_that_another_record_finds_gone_is_tried_once_more(
    prospect_id: int | None,
) -> None:
    """Which of them comes first may differ, and once that is known it is not sent at all."""
    edit = RoleEdit(None, prospect_id, None, None, None, "Sponsor")
    refused = replace(ROLE, record_id=2, ref="OPP-2", role=edit, reason="no such prospect")
    with opened() as people:
        people.take_in([refused])
        permits = RecordPermits([], people)

        with pytest.raises(NotPlanned):
            permits.write(ADDS)

        assert permits.early is (prospect_id == PROSPECT)
