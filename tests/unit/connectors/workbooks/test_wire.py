"""Wire shapes: error texts are found in every container they come in."""

from typing import Any

import pytest

from connectors.workbooks.wire import Refusal, messages


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
