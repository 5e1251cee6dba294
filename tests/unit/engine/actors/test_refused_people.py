"""The prospect resolver by itself: whom it asks nobody about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from engine.actors.failing import RetryLimits
from engine.metrics import Metrics
from engine.model.records import RecordType, SourceRecord
from engine.model.wait import BackoffLimits
from engine.model.work import Failure
from engine.ports import Fetched
from engine.resolvers.prospects import ProspectResolver, ProspectRules
from engine.store.sqlite import people, statefile
from engine.store.sqlite.threaded import open_store
from tests.unit.engine.stand_ins import (
    NOW,
    FakeClock,
    dependence,
    governor,
    person,
    row,
    said,
    seeded,
)

pytestmark = pytest.mark.anyio

RETRY = RetryLimits(3, BackoffLimits(1, 1))
REFUSED_VERSION = 3


class Unflagged:
    """A source that does not show the error flag yet."""

    def read(self, _record_type: RecordType, _payload: str) -> SourceRecord:
        """The version that was refused."""
        return person(31, REFUSED_VERSION)

    async def fetch(self, _record_type: RecordType, ids: Sequence[int]) -> Fetched:
        """Every person asked for."""
        return Fetched([row(one, REFUSED_VERSION) for one in ids], {})


class Nobody:
    """A system that must not be asked anything; every attempt fails the test."""


async def test_a_refused_person_is_not_tried_again_before_its_flag_has_arrived(
    tmp_path: Path,
) -> None:
    """A restart in between forgets what was in memory; the target would refuse once more."""
    async with open_store(tmp_path / statefile.FILE_NAME) as store:
        failure = Failure("validation", "title", said("the title is too long"))
        await store.write(people.refuse, person(31, REFUSED_VERSION), failure, NOW)
        resolver = ProspectResolver(
            source=cast("Any", Unflagged()),
            target=cast("Any", Nobody()),
            store=store,
            clock=FakeClock(),
            mappings=cast("Any", Nobody()),
            references=cast("Any", Nobody()),
            dependence=dependence(),
            rules=ProspectRules("create", 3600, 300, "emails", RETRY),
            metrics=Metrics(),
            governor=governor(),
            rng=seeded(),
            wake=lambda: None,
            wake_write_back=lambda: None,
        )

        standing = (await resolver.resolve({31}))[31]

    assert (standing.prospect_id, standing.reason) == (None, "the title is too long")
