"""The register of a fleet: its members, its pairs, and the renewal of all leases of one member.

All that a member says and hears goes in one transaction, a few times within a lease.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Json

from engine.errors import Misconfigured, StateUnusable
from engine.model.fleet import Member, PairRow, Roster
from engine.store.postgres import troubles
from engine.store.postgres.database import Database
from engine.store.postgres.lease import Lease
from engine.store.postgres.session import Session, transaction
from engine.store.postgres.steps import Steps

# A process that has said nothing for so long is forgotten.
FORGOTTEN = "1 hour"
STEPS = Steps("engine.store.postgres.fleet", "fleet_version", ("fleet_version", "member", "pair"))


@dataclass(frozen=True, slots=True)
class Register:
    """The tables of one fleet.

    Args:
        database: with the schema of the fleet.
    """

    database: Database

    def prepare(self) -> None:
        """Bring the tables up to date; they are made where there are none.

        Raises:
            StateUnusable: they cannot be, or are those of a newer version or of something else.
        """
        database = self.database
        with database.connected() as connection:
            known, version = len(STEPS.scripts), self._version(connection)
            if version == known:
                return
            if connection.execute("SHOW transaction_read_only").fetchone() == ("on",):
                raise troubles.read_only(database.shown)
            with connection.transaction():
                connection.execute(
                    "SELECT pg_advisory_xact_lock(hashtext('wosync'), hashtext(%s))",
                    (database.schema,),
                )
                version = self._version(connection)
                connection.execute(database.named("CREATE SCHEMA IF NOT EXISTS {schema}"))
                connection.execute("SELECT set_config('search_path', %s, true)", (database.schema,))
                for script in STEPS.scripts[version:]:
                    connection.execute(script.encode())
                connection.execute("UPDATE fleet_version SET version = %s", (known,))

    def _version(self, connection: psycopg.Connection[Any]) -> int:
        shown, known = self.database.shown, len(STEPS.scripts)
        version = STEPS.version(connection, shown, self.database.schema)
        if version > known:
            raise StateUnusable(
                f"the fleet in {shown} is one of a newer version of wosync (schema {version}, this"
                f" version knows {known})",
                remedy="install the newer version here as well",
            )
        return version

    def beat(
        self,
        connection: psycopg.Connection[Any],
        member: Member,
        lasts_s: float,
        leases: Sequence[Lease],
    ) -> Roster:
        """Say that a member lives, renew its leases, and look who else there is.

        Args:
            lasts_s: how long it counts as alive from now on, and the leases last.

        Raises:
            psycopg.Error: it was not heard, or nobody knows whether it was.
            Misconfigured: it is none yet, and another fleet has this name.
        """
        with transaction(connection, self.database.schema) as session:
            known = session.execute("SELECT FROM member WHERE id = %s", (member.id,))
            session.execute(
                "INSERT INTO member (id, holder, weight, takes, pairs, until)"
                " VALUES (%(id)s, %(holder)s, %(weight)s, %(takes)s, %(pairs)s,"
                "  clock_timestamp() + make_interval(secs => %(lasts_s)s))"
                " ON CONFLICT (id) DO UPDATE SET weight = excluded.weight,"
                "  pairs = excluded.pairs, until = excluded.until",
                {
                    "id": member.id,
                    "holder": member.holder,
                    "weight": member.weight,
                    "takes": member.takes,
                    "pairs": Json(dict(member.pairs)),
                    "lasts_s": lasts_s,
                },
            )
            session.execute(
                f"DELETE FROM member WHERE until < clock_timestamp() - interval '{FORGOTTEN}'"  # noqa: S608 # our constant
            )
            renewed = session.execute(
                "SELECT * FROM renew(%s, %s, %s)",
                (
                    [lease.database.schema for lease in leases],
                    [lease.number for lease in leases],
                    lasts_s,
                ),
            )
            members, rows = _members(session), _rows(session)
            roster = Roster(
                tuple(_member(*row) for row in members.fetchall()),
                {row[0]: PairRow(*row) for row in rows.fetchall()},
                frozenset(name for (name,) in renewed.fetchall()),
            )
            # Files of one that is at work may be changed on one host before they are on another.
            if known.fetchone() is None:
                # Raised in here, it undoes that this member has joined.
                ensure_one_fleet(member, roster, self.database.shown)
        return roster

    def leave(self, member: str) -> None:
        """Take a member off; the others need not wait until it counts as dead.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.database.connected() as connection:
            connection.execute(
                self.database.named("DELETE FROM {schema}.member WHERE id = %s"), (member,)
            )

    def look(self) -> Roster:
        """Who and what there is now.

        Raises:
            StateUnusable: the database cannot be reached, or holds no fleet.
        """
        with self.database.reading() as session:
            members, rows = _members(session), _rows(session)
            return Roster(
                tuple(_member(*row) for row in members.fetchall()),
                {row[0]: PairRow(*row) for row in rows.fetchall()},
                frozenset(),
            )

    def holders(self, schemas: Sequence[str]) -> Mapping[str, str]:
        """Who works on the tables in each of these schemas, where anybody does.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.database.connected() as connection:
            there = connection.execute(
                "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relname = 'leader' AND n.nspname = ANY(%s)",
                (list(schemas),),
            ).fetchall()
            looks = [
                sql.SQL(
                    "SELECT {name}, holder FROM {schema}.leader WHERE until > clock_timestamp()"
                ).format(name=sql.Literal(name), schema=sql.Identifier(name))
                for (name,) in there
            ]
            if not looks:
                return {}
            return dict(connection.execute(sql.SQL(" UNION ALL ").join(looks)).fetchall())

    def configs(self, names: Sequence[str]) -> Mapping[str, str]:
        """The configurations of these pairs that are kept here.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.database.reading() as session:
            rows = session.execute(
                "SELECT name, config FROM pair WHERE name = ANY(%s) AND config IS NOT NULL",
                (list(names),),
            )
            return dict(rows.fetchall())

    def put(self, name: str, config: str, *, replace: bool) -> bool:
        """Keep the configuration of a pair; False where there is one and it is not to be replaced.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.database.connected() as connection:
            found = connection.execute(
                self.database.named(
                    "INSERT INTO {schema}.pair AS known (name, config) VALUES (%s, %s)"
                    " ON CONFLICT (name) DO UPDATE SET config = excluded.config,"
                    " changed_at = clock_timestamp() WHERE %s <> 0 OR known.config IS NULL"
                ),
                (name, config, replace),
            )
            return found.rowcount == 1

    def pause(self, name: str, *, paused: bool) -> None:
        """Have nobody work on a pair, or somebody again.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.database.connected() as connection:
            connection.execute(
                self.database.named(
                    "INSERT INTO {schema}.pair AS known (name, paused) VALUES (%s, %s <> 0)"
                    " ON CONFLICT (name) DO UPDATE SET paused = excluded.paused,"
                    " changed_at = CASE WHEN known.paused = excluded.paused"
                    "  THEN known.changed_at ELSE clock_timestamp() END"
                ),
                (name, paused),
            )

    def remove(self, name: str) -> bool:
        """Forget a pair; whether it was known. Its state stays where it is.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.database.connected() as connection:
            found = connection.execute(
                self.database.named("DELETE FROM {schema}.pair WHERE name = %s"), (name,)
            )
            return found.rowcount == 1


def ensure_one_fleet(member: Member, roster: Roster, shown: str) -> None:
    """See that those who share pairs with this member are of its own fleet.

    Raises:
        Misconfigured: another fleet has this name.
    """
    for other in roster.members:
        if other.id == member.id:
            continue
        apart = bool(member.pairs and other.pairs) and not member.pairs.keys() & other.pairs.keys()
        if other.takes == member.takes and not apart:
            continue
        how = (
            "works on other pairs"
            if apart
            else f"takes its pairs from {other.takes}, and this one from {member.takes}"
        )
        raise Misconfigured(
            f"another fleet of this name is in {shown}: {other.holder} {how}",
            remedy="give this one another [fleet] name, or its processes the same pairs",
        )


def _members(session: Session) -> Any:
    return session.execute(
        "SELECT id, holder, weight, takes, pairs FROM member"
        " WHERE until > clock_timestamp() ORDER BY id"
    )


def _rows(session: Session) -> Any:
    return session.execute(
        "SELECT name, paused, extract(epoch FROM changed_at)::float8, config IS NOT NULL FROM pair"
    )


def _member(id_: str, holder: str, weight: float, takes: str, pairs: Mapping[str, float]) -> Member:
    return Member(id_, holder, weight, takes, pairs)
