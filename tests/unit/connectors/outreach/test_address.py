"""The base address, and the text by which a state knows it."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from connectors.outreach.address import address_in

# As written by a person, and as states have it since the first version.
KEPT = (
    ("https://api.outreach.io", "https://api.outreach.io"),
    ("https://api.outreach.io/", "https://api.outreach.io"),
    ("https://api.outreach.io///", "https://api.outreach.io"),
    ("https://API.Outreach.io", "https://api.outreach.io"),
    ("https://api.outreach.io.", "https://api.outreach.io."),
    ("https://api.outreach.io:443", "https://api.outreach.io"),
    ("https://api.outreach.io:", "https://api.outreach.io"),
    ("https://api.outreach.io:8443/", "https://api.outreach.io:8443"),
    ("https://api.outreach.io:080", "https://api.outreach.io:80"),
    ("HTTPS://api.outreach.io", "https://api.outreach.io"),
    ("HTTPS://api.outreach.io:443", "https://api.outreach.io:443"),
    ("http://localhost:80", "http://localhost"),
    ("http://localhost:443", "http://localhost:443"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("http://1.2.3", "http://1.2.3"),
    ("http://[::1]:8080", "http://[::1]:8080"),
    ("http://[FE80::1]", "http://[FE80::1]"),
    ("http://[fe80::1%eth0]/x", "http://[fe80::1%eth0]/x"),
    ("https://@api.outreach.io", "https://api.outreach.io"),
    ("https://a_b-c.example", "https://a_b-c.example"),
    ("https://-a..example", "https://-a..example"),
    ("https://müller.example", "https://xn--mller-kva.example"),
    ("https://MÜLLER.example.:8443/", "https://xn--mller-kva.example.:8443"),
    ("https://xn--mller-kva.example", "https://xn--mller-kva.example"),
    ("https://straße.example", "https://xn--strae-oqa.example"),
    ("https://例え。example", "https://xn--r8jz45g.example"),
    ("https://proxy.example/out%20reach/", "https://proxy.example/out%20reach"),
    ("https://proxy.example/out reach", "https://proxy.example/out%20reach"),
    ("https://proxy.example/Ausgänge/é", "https://proxy.example/Ausg%C3%A4nge/%C3%A9"),
    ("https://proxy.example/a%2fb%zz%", "https://proxy.example/a%2fb%zz%"),
    ("https://proxy.example/a/../b", "https://proxy.example/b"),
    ("https://proxy.example/./b", "https://proxy.example/b"),
    ("https://proxy.example/../../b/.", "https://proxy.example/b"),
    ("https://proxy.example/a/..", "https://proxy.example"),
    ("https://proxy.example//a//../b", "https://proxy.example//a/b"),
    ("https://proxy.example/a.b/...", "https://proxy.example/a.b/..."),
    ("https://proxy.example/!$&'()*+,;=:@-._~", "https://proxy.example/!$&'()*+,;=:@-._~"),
    ('https://proxy.example/"<>`{}|\\^[]', "https://proxy.example/%22%3C%3E%60%7B%7D|\\^[]"),
)

FORM, BESIDE = "must be an http or https address", "must not carry a query, a fragment or cred"
REFUSED = (
    ("", FORM),
    ("api.outreach.io", FORM),
    ("ftp://api.outreach.io", FORM),
    ("https:api.outreach.io", FORM),
    ("https://", FORM),
    ("https:///path", FORM),
    ("https://:8443", FORM),
    ("https://user:pw@api.outreach.io", BESIDE),
    ("https://api.outreach.io?x=1", BESIDE),
    ("https://api.outreach.io/#x", BESIDE),
    ("https://ho\tst", "must hold no control character"),
    ("https://ho\nst/", "must hold no control character"),
    ("https://host/a\rb", "must hold no control character"),
    ("https://api.outreach.io:port", "its port must be a number up to 65535"),
    ("https://[v1.a]", "its host is no IPv6 address"),
    ("https://[]", "its host is no IPv6 address"),
    ("https://[::1", r"its host holds '\[', which the name of no host does"),
    ("https://xn--.example", "its host is no name of a host"),
    ("https://999.1.1.1", "its host is no IPv4 address"),
    ("https://☃.example", "its host is no name of a host"),
    ("https://a\u200bb.example", "its host is no name of a host"),
)
# Earlier versions took these, and not a single request could leave for them.
NEVER_REACHED = (
    ("https://api.outreach.io?", BESIDE),
    ("https://api.outreach.io/#", BESIDE),
    ("https://api.outreach.io:65536", "its port must be a number up to 65535"),
    ("https://api.outreach.io:-1", "its port must be a number up to 65535"),
    ("https://api outreach.io", "its host holds ' ', which"),
    ("https://api%20outreach.io", "its host holds '%', which"),
    ("https://[host", r"its host holds '\[', which"),
    ("https://<host>", "its host holds '<', which"),
)


@pytest.mark.parametrize(("address", "known_by"), KEPT)
def test_a_state_knows_its_pair_by_the_same_text_in_every_version(
    address: str, known_by: str
) -> None:
    """With another text an upgrade would find the state of another pair, and refuse it."""
    assert str(address_in(address)) == known_by
    assert str(httpx.URL(address)).rstrip("/") == known_by


@pytest.mark.parametrize(("address", "words"), (*REFUSED, *NEVER_REACHED))
def test_what_is_wrong_with_an_address_is_said(address: str, words: str) -> None:
    """A sentence about something else sends the operator looking in the wrong place."""
    with pytest.raises(ValueError, match=words):
        address_in(address)


def test_a_library_for_other_letters_is_loaded_for_these_alone() -> None:
    """Every command that reads a configuration would pay for it."""
    code = (
        "import sys, connectors.outreach.settings as one\n"
        "one.address_in('https://api.outreach.io/a b')\n"
        "sys.exit('idna' in sys.modules or 'httpx' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
