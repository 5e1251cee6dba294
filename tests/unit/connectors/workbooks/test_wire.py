"""Wire shapes: error texts are found in every container they come in."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.workbooks.wire import ENTRIES_MAX, Listing, Refusal, messages


@pytest.mark.parametrize(
    ("container", "lines"),
    [
        (None, []),
        ({}, []),
        ([], []),
        ("", []),
        ("Record not found", ["Record not found"]),
        (["a", "b"], ["a", "b"]),
        ({"base": ["stale"]}, ["stale"]),
        ({"refcode": "is taken", "name": ["is blank", "is odd"]},
         ["refcode: is taken", "name: is blank", "name: is odd"]),
        ({"[]": {"refcode": "is taken"}}, ["refcode: is taken"]),
        (7, ["7"]),
    ],
)  # fmt: skip # the pairs read as a table
def test_error_texts_are_flattened_with_their_attribute(container: Any, lines: list[str]) -> None:
    """Whatever shape the service picks, the operator reads the reason."""
    assert messages(container) == lines


def test_a_refusal_is_readable_whatever_its_parts_are() -> None:
    """An odd error body must not hide the error behind a second one."""
    refusal = Refusal.model_validate({"failure_reason": 5, "failures": {"a": [1]}, "x": "y"})

    assert refusal.reason == ""
    assert refusal.text == "5; a: 1"


@pytest.mark.parametrize("row", [1.5, None, [], {}])
def test_a_listing_of_countless_rows_is_one_mistake(row: object) -> None:
    """Each mistake is larger than a row: millions of them took more than a gigabyte."""
    with pytest.raises(ValidationError) as caught:
        Listing.model_validate({"success": True, "data": [row] * (ENTRIES_MAX + 1)})

    assert caught.value.error_count() == 1
