"""The register of a fleet, in a real database."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.errors import Misconfigured
from engine.model.fleet import Member, Roster

if TYPE_CHECKING:
    from engine.store.postgres.fleet.register import Register
    from engine.store.postgres.lease import Lease

LEASE_S = 60.0
ONE = Member("1", "process 1", 1.0, "files", {"acme": 1.0, "bolt": 2.0})
TWO = Member("2", "process 2", 1.0, "files", {"acme": 1.0})


@pytest.fixture
def register(postgres: str) -> Generator[Register]:
    """A new one."""
    from engine.store.postgres.fleet.register import Register
    from tests.unit.engine.store.databases import empty

    with empty(postgres) as database:
        made = Register(database)
        made.prepare()
        yield made


def beat(register: Register, member: Member, *leases: Lease) -> Roster:
    """A sign of life on a connection of its own."""
    with closing(register.database.connect()) as connection:
        return register.beat(connection, member, LEASE_S, leases)


def test_members_see_each_other_until_one_leaves(register: Register) -> None:
    """Each with the pairs that it is able to work on."""
    beat(register, ONE)

    assert beat(register, TWO).members == (ONE, TWO)

    register.leave(ONE.id)

    assert beat(register, TWO).members == (TWO,)


@pytest.mark.parametrize(
    "stranger",
    [replace(TWO, pairs={"other": 1.0}), replace(TWO, takes="rows")],
    ids=["other pairs", "another way"],
)
def test_a_stranger_does_not_join(register: Register, stranger: Member) -> None:
    """Neither is it seen by the others."""
    beat(register, ONE)

    with pytest.raises(Misconfigured, match="another fleet of this name"):
        beat(register, stranger)

    assert register.look().members == (ONE,)


def test_files_that_change_one_host_after_the_other_end_no_members_work(
    register: Register,
) -> None:
    """For a moment they have no pair in common."""
    beat(register, ONE)
    beat(register, TWO)

    changed = beat(register, replace(TWO, pairs={"other": 1.0}))

    assert len(changed.members) == len((ONE, TWO))


def test_leases_are_renewed_together_and_a_lost_one_is_told(register: Register) -> None:
    """Tables that are gone spoil nothing for the others."""
    from engine.store.postgres.database import Database
    from engine.store.postgres.lease import taken

    own = register.database
    kept, gone = (
        Database(own.address, f"{own.schema}_{name}", own.password) for name in ("kept", "gone")
    )
    for database in (kept, gone):
        database.prepare()
    leases = [taken(database, LEASE_S) for database in (kept, gone)]

    assert beat(register, ONE, *leases).renewed == {kept.schema, gone.schema}

    with gone.connected() as connection:
        connection.execute(gone.named("DROP SCHEMA {schema} CASCADE"))
    assert beat(register, ONE, *leases).renewed == {kept.schema}

    leases[0].give_back()
    taken(kept, LEASE_S)
    assert beat(register, ONE, *leases).renewed == frozenset()


def test_pairs_are_put_replaced_paused_and_removed(register: Register) -> None:
    """What is put again by mistake changes nothing."""
    assert register.put("acme", "first", replace=False)
    assert not register.put("acme", "second", replace=False)
    assert register.configs(["acme", "bolt"]) == {"acme": "first"}
    before = register.look().rows["acme"]

    assert register.put("acme", "third", replace=True)
    register.pause("acme", paused=True)

    after = register.look().rows["acme"]
    assert register.configs(["acme"]) == {"acme": "third"}
    assert after.paused
    assert after.changed_at > before.changed_at
    assert register.remove("acme")
    assert not register.remove("acme")
