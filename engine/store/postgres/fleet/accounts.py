"""The accounts of a fleet: what each of its processes has drawn for a user of the target.

A process tells what it has sent and hears what all others have, for many accounts in one
transaction. What a process has told counts for its hour, whatever has become of the process.
Ages are taken by the database's clock, so that those of the machines may differ.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import psycopg

from engine.model.fleet import Drawn
from engine.store.postgres import troubles
from engine.store.postgres.lent import Lent
from engine.store.postgres.session import Session, transaction

# All that a process has told for so long without a word counts no more.
_OLD = "61 minutes"
# An answer may name any number; there is no limit where it is larger.
_MOST = 2**62


@dataclass(frozen=True, slots=True)
class AccountTables:
    """The accounts as one process sees them.

    Args:
        lent: connections to the database of the fleet.
        schema: of the fleet.
        member: the process.
    """

    lent: Lent
    schema: str
    member: str

    def exchange(
        self, told: Sequence[Drawn], asked: Collection[str], now: float, *, tidy: bool
    ) -> Mapping[str, Drawn]:
        """Tell what was drawn here; what all others have drawn of those asked for, by account.

        Args:
            now: unix seconds, by the clock of whoever asks.
            tidy: forget what counts no more.

        Raises:
            StateUnusable: the database cannot be reached.
        """
        with self.lent.borrowed() as connection:
            try:
                with transaction(connection, self.schema) as session:
                    if told:
                        self._tell(session, told, now)
                    if tidy:
                        _tidy(session)
                    return self._heard(session, list(asked), now)
            except psycopg.Error as error:
                connection.close()
                raise troubles.told(self.lent.database.shown, error) from error

    def _tell(self, session: Session, told: Sequence[Drawn], now: float) -> None:
        session.execute(
            "INSERT INTO drawn (account, member, minutes, told_at)"
            " SELECT account, %(member)s, minutes::jsonb, clock_timestamp()"
            " FROM unnest(%(accounts)s::text[], %(minutes)s::text[]) AS told (account, minutes)"
            " ON CONFLICT (account, member) DO UPDATE"
            "  SET minutes = excluded.minutes, told_at = excluded.told_at",
            {
                "member": self.member,
                "accounts": [one.account for one in told],
                "minutes": [_written(one.minutes) for one in told],
            },
        )
        windows = [one for one in told if one.remaining is not None and one.reset_at is not None]
        if not windows:
            return
        # In order: two processes that each wait for a row of the other would wait for ever.
        session.execute(
            "INSERT INTO allowance AS known (account, allowed, remaining, reset_at, told_at)"
            " SELECT account, allowed, remaining, reset_at,"
            "  clock_timestamp() - make_interval(secs => age_s)"
            " FROM unnest(%(accounts)s::text[], %(allowed)s::int8[], %(remaining)s::int8[],"
            "  %(reset_at)s::float8[], %(age_s)s::float8[])"
            "  AS told (account, allowed, remaining, reset_at, age_s)"
            " ORDER BY account"
            " ON CONFLICT (account) DO UPDATE SET allowed = excluded.allowed,"
            "  remaining = excluded.remaining, reset_at = excluded.reset_at,"
            "  told_at = excluded.told_at WHERE known.told_at < excluded.told_at",
            {
                "accounts": [one.account for one in windows],
                "allowed": [_bounded(one.limit) for one in windows],
                "remaining": [_bounded(one.remaining) for one in windows],
                "reset_at": [one.reset_at for one in windows],
                "age_s": [max(0.0, now - one.told_at) for one in windows],
            },
        )

    def _heard(self, session: Session, asked: list[str], now: float) -> Mapping[str, Drawn]:
        drawn = session.execute(
            "SELECT account, minutes FROM drawn WHERE account = ANY(%s) AND member <> %s",
            (asked, self.member),
        )
        windows = session.execute(
            "SELECT account, allowed, remaining, reset_at,"
            " extract(epoch FROM clock_timestamp() - told_at)::float8"
            " FROM allowance WHERE account = ANY(%s)",
            (asked,),
        )
        minutes: dict[str, dict[int, int]] = {account: defaultdict(int) for account in asked}
        for account, of_one in drawn:
            for minute, requests in of_one.items():
                minutes[account][int(minute)] += requests
        heard = {account: Drawn(account, of_all) for account, of_all in minutes.items()}
        for account, limit, remaining, reset_at, age_s in windows:
            heard[account] = Drawn(
                account, minutes[account], limit, remaining, reset_at, now - age_s
            )
        return heard


def _tidy(session: Session) -> None:
    # What another process works on is left to the next time, for it may wait for us.
    for table, key in (("drawn", "(account, member)"), ("allowance", "account")):
        session.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT {key.strip('()')} FROM {table}"  # noqa: S608 # our constants
            f" WHERE told_at < clock_timestamp() - interval '{_OLD}' FOR UPDATE SKIP LOCKED)"
        )


def _bounded(number: int | None) -> int | None:
    return None if number is None else min(number, _MOST)


def _written(minutes: Mapping[int, int]) -> str:
    return json.dumps({str(minute): requests for minute, requests in minutes.items()})
