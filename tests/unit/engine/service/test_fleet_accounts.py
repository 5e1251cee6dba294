"""The users that pairs of a fleet's process act as: who joins whom, and what is told to others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import anyio
import pytest

from engine.assembly.assembly import Assembly
from engine.errors import StateAway
from engine.flow.governor import Governor
from engine.flow.minutes import MINUTE_S
from engine.model.fleet import Drawn
from engine.service.fleet import accounts
from engine.service.fleet.accounts import Accounts, account_of
from tests.unit.engine.stand_ins import NOW, FakeClock, governor
from tests.waiting import DEADLINE_S

if TYPE_CHECKING:
    from engine.store.postgres.fleet.accounts import AccountTables

pytestmark = pytest.mark.anyio
MINUTE = int(NOW // MINUTE_S)


@dataclass
class Kept:
    """What other processes have told, and what they are told."""

    others: dict[str, Drawn] = field(default_factory=dict[str, Drawn])
    told: dict[str, Drawn] = field(default_factory=dict[str, Drawn])
    away: bool = False

    def exchange(
        self, told: Sequence[Drawn], asked: Collection[str], now: float, *, tidy: bool
    ) -> Mapping[str, Drawn]:
        """As the tables do."""
        assert (now, tidy) in {(NOW, False), (NOW, True)}
        if self.away:
            raise StateAway("the database cannot be reached", remedy="wait")
        self.told |= {one.account: one for one in told}
        return {account: self.others.get(account, Drawn(account, {})) for account in asked}


@dataclass
class Token:
    """Says whom it acts for."""

    subject: str | None = None

    async def account(self) -> str | None:
        """As the port has it."""
        return self.subject


def assembled(token: Token | None, name: str = "") -> Assembly:
    """What is needed of a pair."""
    made = SimpleNamespace(
        config=SimpleNamespace(target=SimpleNamespace(budget=SimpleNamespace(account=name))),
        systems=SimpleNamespace(
            target_governor=governor(), target=SimpleNamespace(authority=token)
        ),
    )
    return cast("Assembly", made)


def of(pair: Assembly) -> Governor:
    """The governor of a pair's target."""
    return pair.systems.target_governor


@pytest.fixture
def kept() -> Kept:
    """Where processes tell each other."""
    return Kept()


@pytest.fixture
def subject(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Accounts:
    """The accounts of a process, which look often."""
    for name in ("SOON_S", "SELDOM_S", "EXCHANGE_S"):
        monkeypatch.setattr(accounts, name, 0.01)
    return Accounts(cast("AccountTables", kept), FakeClock())


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    with anyio.fail_after(DEADLINE_S):
        while not holds():  # noqa: ASYNC110 # another task decides
            await anyio.sleep(0.005)


async def beside(
    runs: Sequence[Callable[[], Coroutine[Any, Any, None]]], deeds: Callable[[], Awaitable[None]]
) -> None:
    """Do something while these run."""
    async with anyio.create_task_group() as tasks:
        for run in runs:
            tasks.start_soon(run)
        await deeds()
        tasks.cancel_scope.cancel()


async def test_a_name_that_is_set_goes_before_what_a_token_says() -> None:
    """Where tokens do not say it, an operator can; whose name it is, nobody can tell."""
    named = await account_of(assembled(Token("ann"), "sales"))

    assert named is not None
    assert named == await account_of(assembled(None, "sales"))
    assert "sales" not in named
    assert await account_of(assembled(Token("ann"))) == "ann"
    assert await account_of(assembled(Token())) is None
    assert await account_of(assembled(None)) is None


async def test_pairs_join_once_their_tokens_say_whom_they_act_for(subject: Accounts) -> None:
    """Before they have a budget of their own, and so they do after."""
    token = Token()
    late, other = assembled(token), assembled(Token("ann"))

    async def deeds() -> None:
        await until(lambda: of(other).budget.common is not None)
        assert of(late).budget.common is None
        token.subject = "bob"
        await until(lambda: of(late).budget.common is not None)
        assert of(late).budget.common is not of(other).budget.common
        token.subject = "ann"
        await until(lambda: of(late).budget.common is of(other).budget.common)
        token.subject = None
        of(late).budget.count(NOW)
        await anyio.sleep(0.05)
        assert of(other).budget.used_last_hour(NOW) == 1

    await beside([lambda: subject.follow(late), lambda: subject.follow(other)], deeds)
    assert of(late).budget.common is None
    assert of(other).budget.used_last_hour(NOW) == 0


async def test_what_is_drawn_is_told_and_what_others_draw_is_heard(
    subject: Accounts, kept: Kept
) -> None:
    """At once when something is drawn, and the rest at the end."""
    pair = assembled(Token("ann"))
    kept.others["ann"] = Drawn("ann", {MINUTE: 5}, 100, 70, NOW + 500, NOW)

    async def deeds() -> None:
        async with subject.shared():
            await until(lambda: of(pair).budget.used_last_hour(NOW) == 5)
            assert of(pair).budget.window.remaining == 70
            of(pair).budget.count(NOW)
            await until(lambda: kept.told["ann"].minutes == {MINUTE: 1})
            of(pair).budget.count(NOW)
        assert kept.told["ann"].minutes == {MINUTE: 2}

    await beside([lambda: subject.follow(pair)], deeds)


async def test_a_database_that_is_away_loses_nothing_of_it(subject: Accounts, kept: Kept) -> None:
    """Everybody goes on by what is known, and tells the rest later."""
    pair = assembled(Token("ann"))
    kept.away = True

    async def deeds() -> None:
        await until(lambda: of(pair).budget.common is not None)
        of(pair).budget.count(NOW)
        await subject.exchange(everything=True)
        await subject.exchange(everything=False)
        assert kept.told == {}
        kept.away = False
        await subject.exchange(everything=False)
        assert kept.told["ann"].minutes == {MINUTE: 1}

    await beside([lambda: subject.follow(pair)], deeds)


async def test_a_user_for_whom_nothing_counts_any_more_is_forgotten(subject: Accounts) -> None:
    """Pairs come and go for as long as the process runs."""
    pair = assembled(Token("ann"))

    async def deeds() -> None:
        await until(lambda: of(pair).budget.common is not None)
        await subject.exchange(everything=True)
        assert list(subject.common) == ["ann"]

    await beside([lambda: subject.follow(pair)], deeds)
    await subject.exchange(everything=True)
    assert subject.common == {}
