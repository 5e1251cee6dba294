"""Forms are read as the standard library reads them, however they are spelt."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from hypothesis import example, given
from hypothesis import strategies as st

from connectors.sandbox.workbooks.params import form_pairs

SPELT = st.text(st.sampled_from("ab[]=&+%2C%é%FF;?# "), max_size=20)


@given(SPELT)
@example("a=1&a=2&&b&=c&a[b]=%5B+%2B%zz%C3")
def test_a_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    """Blank values and names too."""
    assert [*form_pairs(text)] == parse_qsl(text, keep_blank_values=True)


@given(st.lists(st.tuples(st.text(), st.text())))
def test_what_was_written_is_read(pairs: list[tuple[str, str]]) -> None:
    """Whatever names and values are made of."""
    text = urlencode(pairs, errors="replace")

    assert [*form_pairs(text)] == parse_qsl(text, keep_blank_values=True)
