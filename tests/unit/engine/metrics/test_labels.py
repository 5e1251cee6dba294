"""How a request ended, as a label: what one would act on by itself, the rest by its class."""

from __future__ import annotations

import pytest

from engine.metrics import labels


@pytest.mark.parametrize(
    ("method", "ended", "label"),
    [
        ("GET", "200", "200"),
        ("POST", "201", "201"),
        ("GET", "201", "other"),
        ("DELETE", "204", "204"),
        ("PATCH", "422", "422"),
        ("GET", "422", "4xx"),
        ("POST", "409", "4xx"),
        ("POST", "404", "404"),
        ("GET", "502", "5xx"),
        ("GET", "599", "5xx"),
        ("GET", "302", "other"),
        ("GET", "timeout", "timeout"),
        ("GET", "protocol_error", "protocol_error"),
        ("GET", "unfinished", "other"),
        ("GET", "5 hundred", "other"),
        ("GET", "", "other"),
        ("TRACE", "999", "other"),
    ],
)
def test_every_end_of_a_request_has_a_label_of_the_closed_set(
    method: str, ended: str, label: str
) -> None:
    """A system that answers with statuses of its own must not open the set."""
    assert labels.status(method, ended) == label
    assert label in labels.statuses(method)
