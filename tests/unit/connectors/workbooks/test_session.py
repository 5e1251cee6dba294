"""The session: one login for everybody, and never an older cookie for a newer login."""

from __future__ import annotations

import re

import anyio
import pytest

from connectors.workbooks.session import Session
from connectors.workbooks.wire import Login
from engine import Unauthorized

pytestmark = pytest.mark.anyio


class Desk:
    """Signs in when its door is open, and counts."""

    def __init__(self) -> None:
        self.logins = 0
        self.door = anyio.Event()
        self.refuses = False

    async def log_in(self) -> tuple[Login, str]:
        """One login."""
        self.logins += 1
        number = self.logins
        await self.door.wait()
        if self.refuses:
            raise Unauthorized("no")
        return Login(authenticity_token=f"t{number}"), f"c{number}"


async def test_callers_that_come_together_share_one_login() -> None:
    """Each login throws away the session before it."""
    desk = Desk()
    session = Session(desk.log_in)
    tokens: list[str] = []

    async def call() -> None:
        tokens.append((await session.current()).facts.authenticity_token)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        desk.door.set()

    assert tokens == ["t1"] * 5


async def test_callers_that_wait_for_a_refused_login_are_refused_with_it() -> None:
    """Trying a wrong password once per caller locks the account."""
    desk = Desk()
    desk.refuses = True
    session = Session(desk.log_in)
    refusals: list[str] = []

    async def call() -> None:
        try:
            await session.current()
        except Unauthorized as error:
            refusals.append(error.message)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        desk.door.set()

    assert (refusals, desk.logins) == (["no"] * 5, 1)


async def test_a_later_caller_tries_a_refused_login_again() -> None:
    """The operator may have corrected it meanwhile."""
    desk = Desk()
    desk.door.set()
    desk.refuses = True
    session = Session(desk.log_in)
    with pytest.raises(Unauthorized):
        await session.current()
    desk.refuses = False

    assert (await session.current()).facts.authenticity_token == "t2"


async def test_a_session_lost_twice_over_is_renewed_once() -> None:
    """Two requests of the lost session end at different times."""
    desk = Desk()
    desk.door.set()
    session = Session(desk.log_in)
    lost = await session.current()

    first, second = await session.renew(lost), await session.renew(lost)

    assert first is second
    assert desk.logins == 2


async def test_a_late_answer_does_not_bring_an_old_cookie_back() -> None:
    """It would undo the login that has just replaced it."""
    desk = Desk()
    desk.door.set()
    session = Session(desk.log_in)
    lost = await session.current()
    session.learn(lost, "newer")
    assert session.cookie == "newer"

    await session.renew(lost)
    session.learn(lost, "late")
    session.learn(session.signed_in, None)

    assert session.cookie == "c2"


async def test_secrets_of_a_session_do_not_show_when_it_is_printed() -> None:
    """Cookie and token are as good as a password while the session lives."""
    desk = Desk()
    desk.door.set()
    session = Session(desk.log_in)
    await session.current()

    # An address in memory may hold any two characters.
    printed = re.sub(r"0x[0-9a-f]+", "", repr(session))
    assert "t1" not in printed
    assert "c1" not in printed
