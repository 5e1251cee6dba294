"""The prospect resolver by itself: a create that may have been executed is not sent again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from engine.actors.failing import RetryLimits
from engine.metrics import Metrics
from engine.model.fields import Fields
from engine.model.records import ProspectMatch, RecordType, SourceRecord
from engine.model.wait import BackoffLimits
from engine.ports import Fetched
from engine.resolvers.prospects import ProspectResolver, ProspectRules
from engine.resolvers.references import Resolution
from engine.store.sqlite import statefile
from engine.store.sqlite.threaded import open_store
from tests.unit.engine.stand_ins import FakeClock, dependence, governor, person, row, seeded

pytestmark = pytest.mark.anyio

RETRY = RetryLimits(3, BackoffLimits(1, 1))
ADDRESS = "ada@customer.example"


class Workbook:
    """A source with one person, whose only mapped field is the address."""

    def read(self, _record_type: RecordType, _payload: str) -> SourceRecord:
        """Ticked, without an error flag and without an id."""
        return person(31, 4)

    async def fetch(self, _record_type: RecordType, ids: Sequence[int]) -> Fetched:
        """Every person asked for."""
        return Fetched([row(one, 4) for one in ids], {})

    def of(self, _record_type: RecordType) -> Workbook:
        """Stands in for the mapping as well."""
        return self

    def references(self, _record: SourceRecord) -> list[object]:
        """No field refers to anything."""
        return []

    def fields(self, _record: SourceRecord, _ids: object, *, new: bool) -> Fields:
        """The address of one that is to be made."""
        assert new
        return {"emails": [ADDRESS]}

    async def resolve(self, _wanted: object) -> Resolution:
        """Nothing was asked for."""
        return Resolution()


class Surprising:
    """A target that creates prospects, with an answer that our own code stumbles over."""

    def __init__(self) -> None:
        self.created: list[Fields] = []

    async def find_prospects(self, _emails: Sequence[str]) -> list[ProspectMatch]:
        """Not those of the last minutes: the collection lags."""
        return []

    async def create_prospect(self, fields: Fields) -> int:
        """Makes it, and fails."""
        self.created.append(fields)
        raise KeyError("data")


async def test_a_surprise_after_a_create_leaves_the_prospect_in_doubt(tmp_path: Path) -> None:
    """A defect of ours must not become a person who is there twice."""
    workbook, target = Workbook(), Surprising()
    async with open_store(tmp_path / statefile.FILE_NAME) as store:
        resolver = ProspectResolver(
            source=cast("Any", workbook),
            target=cast("Any", target),
            store=store,
            clock=FakeClock(),
            mappings=cast("Any", workbook),
            references=cast("Any", workbook),
            dependence=dependence(),
            rules=ProspectRules("create", 3600, 300, "emails", RETRY),
            metrics=Metrics(),
            governor=governor(),
            rng=seeded(),
            wake=lambda: None,
            wake_write_back=lambda: None,
        )
        standings = [(await resolver.resolve({31}))[31]]
        resolver.forget([31])
        standings.append((await resolver.resolve({31}))[31])

    assert [one.prospect_id for one in standings] == [None, None]
    assert "not known yet" in str(standings[1].reason)
    assert target.created == [{"emails": [ADDRESS]}]
