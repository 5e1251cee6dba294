"""What follows once a record's fields are known, and once the target has spoken."""

from __future__ import annotations

import pytest

from engine.decide.opportunity import (
    Agree,
    Create,
    Hold,
    Reconcile,
    Refuse,
    Send,
    Step,
    gone,
    holds,
    identity,
    may_be_reference,
    must_claim,
    must_observe,
    needless,
    step,
)
from engine.errors import Rejected
from engine.model.edit import Edit, changes
from engine.model.fields import Fields
from engine.model.mass_change import Mass
from tests.unit.engine.decide.test_opportunity import LINKED, known

PLAIN = Reconcile(7, observe=False)
LOST_LINK = Reconcile(7, observe=True, lost_link=True)


@pytest.mark.parametrize(
    ("mass", "fields", "expected"),
    [
        (Mass.NONE, {"name": "A"}, Agree()),
        (Mass.EVALUATING, {"name": "A"}, Agree()),
        (
            Mass.NONE,
            {"name": "B", "stage": 3},
            Send((Edit("name", "A", "B"), Edit("stage", None, 3))),
        ),
        (Mass.APPROVED, {"name": "B"}, Send((Edit("name", "A", "B"),))),
        (Mass.EVALUATING, {"stage": 3, "name": "B"}, Hold("would send name, stage")),
    ],
)
def test_what_differs_is_sent_or_held(mass: Mass, fields: Fields, expected: Step) -> None:
    """With what it takes the place of; what is only evaluated waits."""
    assert step(known(mass=mass), fields, {"name": "A"}) == expected


def test_edits_are_sent_as_fields() -> None:
    """The former value stays here."""
    assert changes([Edit("name", "A", "B"), Edit("stage", 2, None)]) == {"name": "B", "stage": None}


def test_whose_it_is_is_settled_unless_it_is_known() -> None:
    """A link that was lost may be another's by now."""
    assert not must_claim(LINKED, PLAIN)
    assert must_claim(LINKED, LOST_LINK)
    assert must_claim(known(), PLAIN)
    assert must_claim(known(target_id=8), PLAIN)


def test_the_target_is_read_when_what_it_holds_is_not_known() -> None:
    """A field mapped only now may hold what it shall already."""
    assert not must_observe(LINKED, PLAIN, {"name": "B"})
    assert must_observe(LINKED, PLAIN, {"name": "B", "stage": 3})
    assert must_observe(LINKED, LOST_LINK, {"name": "B"})
    assert must_observe(known(target_id=7), PLAIN, {"name": "B"})


def test_fields_that_a_blank_leaves_alone_still_hold_what_they_held() -> None:
    """And what is mapped no more is forgotten."""
    held = holds({"name": "B"}, {"name": "A", "stage": 3, "former": 1}, ["name", "stage"])

    assert held == {"name": "B", "stage": 3}


def test_a_change_that_somebody_made_already_is_no_fault() -> None:
    """The target may refuse to change nothing; a missing permission is told all the same."""
    refused, forbidden = Rejected("no change", status=422), Rejected("no", status=403)

    assert needless(refused, {"name": "B"}, {"name": "B"})
    assert not needless(refused, {"name": "B"}, {"name": "A"})
    assert not needless(forbidden, {"name": "B"}, {"name": "B"})


@pytest.mark.parametrize(
    ("error", "referred", "expected"),
    [
        (Rejected("no", status=422), {"owner"}, True),
        (Rejected("no", status=422, field="owner"), {"owner"}, True),
        (Rejected("no", status=422, field="name"), {"owner"}, False),
        (Rejected("no", status=422), set[str](), False),
        (Rejected("our own word"), {"owner"}, False),
    ],
)
def test_a_refusal_may_be_about_a_reference_that_was_sent(
    error: Rejected, referred: set[str], expected: bool
) -> None:
    """Then references are resolved anew, and otherwise nothing is asked."""
    assert may_be_reference(error, referred) is expected


def test_what_is_gone_is_created_anew_only_where_that_is_wanted() -> None:
    """Somebody deleted it; or the id was cleared, which says so."""
    assert gone(PLAIN, recreate_missing=True) == Create()
    assert gone(LOST_LINK, recreate_missing=False) == Create()
    refused = gone(PLAIN, recreate_missing=False)
    assert isinstance(refused, Refuse)
    assert "clear the id" in refused.reason


@pytest.mark.parametrize("blank", [None, "", 7])
def test_a_record_without_a_correlation_value_is_not_created(blank: str | int | None) -> None:
    """A lost create could not be found again."""
    assert identity({"customId": "OPP-1"}, "customId") == "OPP-1"
    refused = identity({"customId": blank}, "customId")
    assert isinstance(refused, Refuse)
    assert refused.field == "customId"
