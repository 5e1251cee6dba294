"""Which requests change nothing, as they go out: a service that only looks sends no others."""

from __future__ import annotations

import pytest

from connectors.outreach.routes import ROUTES as OUTREACH
from connectors.outreach.routes import reads as outreach_reads
from connectors.workbooks.routes import reads as workbooks_reads

BASE = "https://api.example.com/api/v2"


@pytest.mark.parametrize(("method", "route"), OUTREACH)
def test_of_outreach_all_but_get_and_the_token_write(method: str, route: str) -> None:
    """Every request that the connector has."""
    assert outreach_reads(method, BASE + route, b"") is (method == "GET" or "token" in route)


@pytest.mark.parametrize(
    ("method", "url", "body", "reads"),
    [
        ("POST", "https://w.example/crm/opportunities.api", b"client=api&_method=GET", True),
        ("GET", "https://w.example/delayed/17", b"", True),
        ("POST", "https://w.example/login.api", b"username=x&password=y", True),
        ("POST", "https://w.example/logout", b"", True),
        ("PUT", "https://w.example/crm/opportunities.api", b"_method=PUT&id[]=1", False),
        ("POST", "https://w.example/crm/opportunities.api", b"client=api&name[]=x", False),
        ("POST", "https://w.example/crm/opportunities.api", b"_method=PUT&id[]=1", False),
        ("POST", "https://w.example/crm/people.api?_method=PUT", b"_method=GET", False),
        ("GET", "https://w.example/crm/people.api?_method=DELETE", b"", False),
        ("POST", "https://w.example/crm/people.api", b"\xff_method=GET", False),
        ("DELETE", "https://w.example/crm/people.api", b"", False),
    ],
)
def test_of_workbooks_the_verb_in_the_form_counts(
    method: str, url: str, body: bytes, reads: bool
) -> None:
    """Whatever the method of the request; where two are named, both."""
    assert workbooks_reads(method, url, body) is reads
