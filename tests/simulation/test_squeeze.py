"""Under the hour's limit nobody waits for a backlog, and nothing of the hour is left over."""

from __future__ import annotations

import pytest

from tests.simulation.squeeze import squeezed

POLL_S = 60.0
# Of a poll's answer until it is seen in the target.
EDIT_S = 15.0
UNUSED_MAX = 0.02


@pytest.mark.slow
def test_edits_get_through_while_a_backlog_and_others_use_up_the_hour() -> None:
    """A backlog once left a tenth of the hour, others drew it, and edits waited for its end."""
    story = squeezed(records=1_100, limit=500, others=0.3, poll_s=POLL_S)

    assert story.waiting
    assert max(story.edits_s) <= POLL_S + EDIT_S
    assert story.refused == 0
    for left_over, ours in zip(story.left_over, story.ours, strict=True):
        assert left_over <= UNUSED_MAX * ours
