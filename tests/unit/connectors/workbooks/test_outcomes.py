"""Outcomes of writes: every failure shape of the reference, told apart per object."""

from typing import Any

import pytest

from connectors.workbooks.outcomes import NoAccount, outcomes
from engine import Delivery, WriteBack

STALE = "This record cannot be saved since it has already been updated elsewhere."
ENTRIES = [WriteBack(901, 3, target_id="1"), WriteBack(902, 8, error=True)]
GOOD: dict[str, Any] = {"success": True, "errors": {}, "warnings": {}}


def bad(attribute: str, text: str) -> dict[str, Any]:
    """A failed object."""
    return {"success": False, "errors": {attribute: [text]}, "warnings": {}}


def envelope(*information: Any, success: bool = True, **more: Any) -> dict[str, Any]:
    """The current form of an answer to ENTRIES."""
    affected = [{"id": 901, "lock_version": 4}, {"id": 902, "lock_version": 9}]
    return {
        "success": success,
        "affected_objects": affected,
        "affected_object_information": list(information),
        **more,
    }


def deliveries(found: Any) -> list[Delivery]:
    """Only the outcomes."""
    return [result.outcome for result in outcomes(found, ENTRIES)]


def test_a_success_returns_the_new_versions() -> None:
    """The version is what an echo of this write is recognised by."""
    results = outcomes(envelope(GOOD, GOOD), ENTRIES)

    assert [result.outcome for result in results] == [Delivery.DELIVERED] * 2
    assert [result.version for result in results] == [4, 9]


@pytest.mark.parametrize("success", [True, False])
def test_each_object_of_a_partial_failure_stands_for_itself(success: bool) -> None:
    """Whether the flag of the whole is cleared is undocumented (A8)."""
    found = envelope(GOOD, bad("base", STALE), success=success, failures=[STALE])

    assert deliveries(found) == [Delivery.DELIVERED, Delivery.STALE]


@pytest.mark.parametrize(
    ("attribute", "text", "outcome", "reason"),
    [
        ("base", STALE, Delivery.STALE, STALE),
        ("base", "Record not found", Delivery.MISSING, "Record not found"),
        ("cf_x", "is not a recognised attribute", Delivery.REFUSED,
         "cf_x: is not a recognised attribute"),
        ("refcode", "'X' is already used", Delivery.REFUSED, "refcode: 'X' is already used"),
    ],
)  # fmt: skip # one case per line
def test_a_failed_object_says_why(
    attribute: str, text: str, outcome: Delivery, reason: str
) -> None:
    """Stale is re-read, missing is dropped, refused is shown to a person."""
    result = outcomes(envelope(GOOD, bad(attribute, text)), ENTRIES)[1]

    assert (result.outcome, result.reason) == (outcome, reason)


def test_errors_beside_a_true_flag_are_a_failure() -> None:
    """The success rule of the reference wants both."""
    found = envelope(GOOD, {"success": True, "errors": {"base": ["no"]}})

    assert deliveries(found) == [Delivery.DELIVERED, Delivery.REFUSED]


def test_a_failed_object_without_errors_takes_the_reason_of_the_whole() -> None:
    """Older shapes put the text on top only."""
    found = envelope(GOOD, {"success": False}, success=False, failures=[STALE])

    assert deliveries(found) == [Delivery.DELIVERED, Delivery.STALE]


def test_an_object_without_a_flag_follows_the_flag_of_the_whole() -> None:
    """Samples of 2009 have an empty element per object."""
    assert deliveries(envelope({}, {})) == [Delivery.DELIVERED] * 2


def test_a_stale_failure_of_the_whole_makes_every_entry_stale() -> None:
    """Nothing was saved; reading again finds out which one had moved on (A6)."""
    assert deliveries({"success": False, "failures": [STALE]}) == [Delivery.STALE] * 2


def test_a_missing_record_in_a_batch_makes_every_entry_stale() -> None:
    """The answer does not say which one is missing, so none may be given up."""
    assert deliveries({"success": False, "failures": ["Record not found"]}) == [Delivery.STALE] * 2


def test_a_missing_record_alone_is_missing() -> None:
    """With one object there is no doubt (A7)."""
    [result] = outcomes({"success": False, "failures": ["Record not found"]}, ENTRIES[:1])

    assert result.outcome is Delivery.MISSING


def test_an_unsupported_operation_refuses_every_entry() -> None:
    """It concerns the request, not one object."""
    found = {"success": False, "failures": ["Update or Delete Operation not supported for it"]}

    assert deliveries(found) == [Delivery.REFUSED] * 2


def test_the_older_validation_form_names_its_object() -> None:
    """The others were not saved either, so they are read and tried again."""
    found = {
        "success": False,
        "errors": {"[]": {"refcode": "'X' is already used"}},
        "affected_object_errors": [{}, {"refcode": ["'X' is already used"]}],
    }

    assert deliveries(found) == [Delivery.STALE, Delivery.REFUSED]


def test_flags_that_contradict_a_failure_of_the_whole_are_not_believed() -> None:
    """A false delivery would lose a write for good; a false refusal only asks again."""
    assert deliveries(envelope(GOOD, GOOD, success=False, failures=[STALE])) == [Delivery.STALE] * 2


NO_ACCOUNTS: list[Any] = [
    None,
    [],
    {"data": []},
    {"success": True, "data": [], "total": 0},
    {"success": "yes"},
    {"success": False},
    {"success": True, "affected_objects": [], "affected_object_information": []},
    envelope(GOOD),
    envelope(GOOD, GOOD, GOOD),
    envelope(GOOD, GOOD, success=False),
    envelope(GOOD, GOOD, affected_objects=[]),
    envelope(GOOD, GOOD, affected_objects=[{"id": 901, "lock_version": 4}]),
    envelope(GOOD, GOOD, affected_objects=[{"id": 901, "lock_version": 4}, {"id": 902}]),
    envelope(GOOD, GOOD, affected_objects=[{"id": 902, "lock_version": 9},
                                           {"id": 901, "lock_version": 4}]),
    {"success": False, "affected_object_errors": [{"a": "b"}]},
    {"success": False, "affected_object_errors": [{}, {}]},
]  # fmt: skip # the nested lists stay legible


@pytest.mark.parametrize("found", NO_ACCOUNTS)
def test_what_is_no_account_of_the_batch_is_not_read_as_one(found: Any) -> None:
    """The write may have been executed; only reading the records can tell."""
    with pytest.raises(NoAccount):
        outcomes(found, ENTRIES)
