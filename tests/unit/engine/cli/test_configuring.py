"""The KEY of `wosync config`, as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.test_config_command import PLAIN, USAGE, Operator, operator_in


@pytest.fixture
def operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """A copy of the manual; no secret is within reach, and no systemd."""
    return operator_in(tmp_path / "etc", capsys, monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("poller.intervall_s", "3"), "did you mean poller.interval_s?"),
        (("workbooks.api_kye", PLAIN), "did you mean workbooks.api_key?"),
        (("poller", "3"), "poller is a table; its keys are set one by one"),
        (("Jo Example", "3"), "'Jo Example' is not a key"),
        (("retry.base_s=2",), "KEY and VALUE apart: wosync config set retry.base_s VALUE"),
        (("[retry] base_s = 2",), "KEY and VALUE apart: wosync config set retry.base_s VALUE"),
        ((f"workbooks.api_key={PLAIN}",), "apart: wosync config set workbooks.api_key VALUE"),
    ],
)
def test_a_mistyped_key_is_a_mistake_in_the_command_line(
    operator: Operator, arguments: tuple[str, ...], words: str
) -> None:
    """Nothing is wrong with the configuration; what stood behind the key may be a secret."""
    said = operator.refused("set", *arguments, code=USAGE)

    assert words in said
    assert "What to do: " in said


def test_a_key_is_taken_as_every_message_writes_it(operator: Operator) -> None:
    """`[poller] interval_s` is copied from the paragraph that complains about it."""
    assert operator.types("get", "[poller] interval_s").out == "60\n"
    assert operator.types("get", "[retry]").out == operator.types("get", "retry").out
    operator.types("set", "[outreach.budget] per_hour", "8000")
    assert operator.types("get", "outreach.budget.per_hour").out == "8000\n"
    assert operator.types("get", "[poller] intervall_s").code == USAGE
