"""What was granted, tried without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest

from engine import authorisation
from engine.errors import EngineError, NotGranted, Rejected, Throttled, Unauthorized
from engine.model.permissions import Authorisation, Permission, Standing, Use
from engine.ports import Authority

pytestmark = pytest.mark.anyio

READ = Permission("accounts.read", Use.ACCOUNTS)
PEOPLE = Permission("prospects.read", Use.PEOPLE)
WRITE = Permission("prospects.write", Use.NEW_PEOPLE)


@dataclass
class Trying:
    """An authority that lets these be tried, and answers so."""

    answers: Mapping[str, EngineError] = field(default_factory=dict[str, EngineError])
    asked: list[str] = field(default_factory=list[str])

    async def attempt(self, needed: Permission) -> bool:
        """As the answers say; what writes cannot be tried."""
        self.asked.append(needed.name)
        if needed.name in self.answers:
            raise self.answers[needed.name]
        return needed.name.endswith(".read")


async def tried(authority: Trying, *missing: Permission) -> Authorisation:
    """All three are needed, and some known to lack."""
    found = Authorisation(Standing(True, None, None), [READ, PEOPLE, WRITE], missing)
    return await authorisation.tried(cast("Authority", authority), found)


async def test_what_only_a_change_would_show_is_not_counted() -> None:
    """A number that says more than was done would be believed."""
    found = await tried(Trying())

    assert (found.tried, found.missing, found.denied) == (2, [], ())


async def test_what_is_known_to_lack_is_not_asked_for() -> None:
    """Its refusal is known, and would hold the work that needs it."""
    authority = Trying()
    found = await tried(authority, READ)

    assert authority.asked == [PEOPLE.name, WRITE.name]
    assert found.missing == [READ]


async def test_what_was_not_granted_after_all_is_missing_and_what_is_refused_is_denied() -> None:
    """One is mended by authorising again, and the other by an administrator."""
    answers = {READ.name: NotGranted("not granted"), PEOPLE.name: Rejected("not for you")}

    found = await tried(Trying(answers))

    assert found.missing == [READ]
    assert [(one.permission, one.reason) for one in found.denied] == [(PEOPLE, "not for you")]
    assert Authorisation.told(found.document()) == found


@pytest.mark.parametrize("error", [Throttled("later"), Unauthorized("who are you")])
async def test_what_concerns_everything_is_said_once(error: EngineError) -> None:
    """It is no word about one permission."""
    with pytest.raises(type(error)):
        await tried(Trying({READ.name: error}))
