"""Authorising: what is needed of whom, and that a leave does not end for want of use."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from engine.assembly.assembly import Assembly
from engine.authorisation import compared, uses
from engine.config.loading import ContactsSettings
from engine.errors import EngineError, Throttled, Unauthorized
from engine.mapping_in_force import Mappings
from engine.model.permissions import Authorisation, Permission, Standing, Use
from engine.model.records import FieldKind, RecordType
from engine.service import authorising

pytestmark = pytest.mark.anyio
NOW = 1_790_000_000.0
DAY_S = 86_400.0


@dataclass
class Granted:
    """An authority that was given this much."""

    granted: frozenset[str] | None = frozenset()
    ends_at: float | None = NOW
    trouble: EngineError | None = None
    renewed: int = 0

    def needed(self, uses: Collection[Use]) -> Sequence[Permission]:
        """One permission for each use."""
        return [Permission(f"may {use.name}", use) for use in Use if use in uses]

    def missing(
        self, needed: Collection[Permission], granted: Collection[str]
    ) -> Sequence[Permission]:
        """Those not among them."""
        return [one for one in needed if one.name not in granted]

    async def standing(self) -> Standing:
        """As given."""
        return Standing(True, self.granted, self.ends_at)

    async def renew(self) -> None:
        """Count it."""
        self.renewed += 1
        if self.trouble is not None:
            raise self.trouble


def assembled(authority: Granted | None) -> Assembly:
    """As much of an assembly as is looked at."""
    made = SimpleNamespace(
        systems=SimpleNamespace(target=SimpleNamespace(authority=authority)),
        environment=SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW)),
    )
    return cast("Assembly", made)


@pytest.mark.parametrize(
    ("ends_at", "renewed"), [(NOW + 9 * DAY_S, 0), (NOW + 7 * DAY_S, 1), (NOW - 1, 1), (None, 0)]
)
async def test_a_leave_that_would_end_before_long_is_used(
    ends_at: float | None, renewed: int
) -> None:
    """A pair in which nothing happens for two weeks must not need a person with a browser."""
    authority = Granted(ends_at=ends_at)

    await authorising.keep_authorised(assembled(authority))

    assert authority.renewed == renewed


async def test_a_leave_that_cannot_be_used_now_stops_nobody() -> None:
    """It is tried again, and the alerts speak of it."""
    authority = Granted(trouble=Throttled("not now"))

    await authorising.keep_authorised(assembled(authority))
    await authorising.keep_authorised(assembled(None))

    assert authority.renewed == 1


def lines_of(kinds: Mapping[str, FieldKind]) -> Mappings:
    """Mappings with one line of this kind by record type."""

    def of(record_type: RecordType) -> object:
        line = SimpleNamespace(reference=kinds.get(record_type.name))
        return SimpleNamespace(lines=[line])

    return cast("Mappings", SimpleNamespace(of=of))


ALWAYS = {Use.OPPORTUNITIES, Use.STAGES, Use.OWNERS}


@pytest.mark.parametrize(
    ("people", "contacts", "lines", "beside"),
    [
        (False, {}, {}, set[Use]()),
        (False, {}, {"PERSON": FieldKind.ACCOUNT}, set[Use]()),
        (False, {}, {"OPPORTUNITY": FieldKind.ACCOUNT}, {Use.ACCOUNTS}),
        (True, {}, {}, {Use.PEOPLE, Use.NEW_PEOPLE, Use.REMOVED_PEOPLE}),
        (True, {"remove": False}, {}, {Use.PEOPLE, Use.NEW_PEOPLE}),
        (True, {"missing_prospects": "link"}, {}, {Use.PEOPLE, Use.REMOVED_PEOPLE}),
        (
            True,
            {"missing_prospects": "skip", "remove": False},
            {"PERSON": FieldKind.ACCOUNT},
            {Use.PEOPLE},
        ),
    ],
)
def test_what_is_used_follows_from_the_configuration(
    people: bool, contacts: dict[str, Any], lines: dict[str, FieldKind], beside: set[Use]
) -> None:
    """And nothing is asked for that is not used."""
    settings = ContactsSettings.model_validate(contacts)

    found = uses(lines_of(lines), settings, people=people)

    assert found == ALWAYS | beside


async def test_what_was_granted_is_compared_with_what_is_needed() -> None:
    """What was not told is not claimed to be missing."""
    wanted = frozenset({Use.OWNERS, Use.PEOPLE})
    some = await compared(cast("Any", Granted(frozenset({"may OWNERS"}))), wanted)
    untold = await compared(cast("Any", Granted(None)), wanted)

    assert [one.name for one in some.missing] == ["may PEOPLE"]
    assert list(untold.missing) == []
    assert Authorisation.told(some.document()) == some


def test_a_failure_is_told_by_its_kind() -> None:
    """The command that asked ends with the code that belongs to it."""
    told = authorising.failure(Unauthorized("no", remedy="yes"))

    assert told == {
        "failed": authorising.CREDENTIALS,
        "reason": "no",
        "remedy": "yes",
        "retry_after_s": None,
    }
    assert authorising.failure(Throttled("no", retry_after_s=3))["retry_after_s"] == 3
    assert authorising.failure(EngineError("no"))["failed"] == authorising.OTHER
