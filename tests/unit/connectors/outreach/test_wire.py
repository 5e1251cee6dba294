"""Wire shapes: tolerant of what live payloads add, silent about what they contain."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.outreach.wire import (
    ENTRIES_MAX,
    Collection,
    Document,
    Problem,
    ReadableCollection,
    Types,
    Wire,
)


def test_unknown_members_are_ignored() -> None:
    """Attributes appear unannounced in live payloads."""
    text = '{"data":{"type":"opportunity","id":7,"attributes":{"healthScore":3},"extra":1}}'

    assert Document.model_validate_json(text).data.attributes == {"healthScore": 3}


def test_a_digit_string_passes_for_an_id() -> None:
    """Ids are integers, but strings are tolerated elsewhere and cost nothing to accept."""
    assert Document.model_validate_json('{"data":{"id":"7"}}').data.id == 7


def test_an_empty_collection_has_no_links() -> None:
    """The vendor leaves the member out altogether."""
    assert Collection.model_validate_json('{"data":[],"meta":{"count":null}}').links is None


def test_problems_survive_members_of_unexpected_types() -> None:
    """An odd member must not hide the rest of an error."""
    text = '{"id":5,"title":{},"detail":"Name can\'t be blank.","source":"here"}'

    problem = Problem.model_validate_json(text)

    assert (problem.id, problem.title, problem.detail) == ("5", None, "Name can't be blank.")
    assert problem.source is None


def test_a_validation_error_never_shows_its_input() -> None:
    """The input may be a customer's record, and errors are logged."""
    with pytest.raises(ValidationError) as caught:
        Document.model_validate_json('{"data":{"id":"s3cret","attributes":["s3cret"]}}')

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("row", [b"1.5", b"null", b"[]", b"{}", b'{"id":0}'])
@pytest.mark.parametrize("shape", [Collection, ReadableCollection, Types])
def test_a_page_of_countless_rows_is_one_mistake(shape: type[Wire], row: bytes) -> None:
    """Each mistake is larger than a row: millions of them took more than a gigabyte."""
    body = b'{"data":[' + b",".join([row] * (ENTRIES_MAX + 1)) + b"]}"

    with pytest.raises(ValidationError) as caught:
        shape.model_validate_json(body)

    assert caught.value.error_count() == 1
