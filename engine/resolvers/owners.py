"""Owner resolver: the target's users and stages by exact name, cached (mission rule 7).

Mailbox   none: callers ask through `resolve` and share one reading of the target
Sends     a notification of the dispatchers when a record that waited for a name can go on
Store     reads the names records were synced without; wakes those records
Metrics   reference_lookups, errors
Stops     when it is cancelled
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import structlog

from engine.actors import unreadable_rows
from engine.clock import Clock
from engine.decide.roster import CONFIRM_S, Listed, believed, missing, unnamed
from engine.errors import EngineError, ProtocolError, Rejected, TheirFault
from engine.flow.directory import Directory
from engine.flow.pace import Pace
from engine.metrics import Metrics
from engine.model.reason import Reason
from engine.model.records import FieldKind, Stage, User
from engine.ports import Target
from engine.resolvers.lookups import Lookup
from engine.resolvers.refreshing import refreshing
from engine.store.port.store import Store

COMPONENT = "owner_resolver"
# So many users that a listing lacks are asked for one by one; a longer list is an odd one.
ASKED_MAX = 20

log = structlog.get_logger(component=COMPONENT)


@dataclass(frozen=True, slots=True)
class OwnerRules:
    """How an owner's name is matched; `ttl_s` in seconds."""

    match: Literal["name", "username", "email"]
    ttl_s: float
    aliases: Mapping[str, str]


@dataclass(slots=True)
class OwnerResolver:
    """Answers which target id bears a name, or none when nobody or more than one does."""

    target: Target
    store: Store
    clock: Clock
    rules: OwnerRules
    metrics: Metrics
    wake: Callable[[], None]
    pace: Pace = field(init=False)
    _directories: dict[FieldKind, Directory] = field(init=False)
    _user_lookup: Lookup = field(default_factory=lambda: Lookup("users"), init=False)
    _stage_lookup: Lookup = field(default_factory=lambda: Lookup("stages"), init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.rules.ttl_s)
        self._directories = {
            FieldKind.USER: Directory(self._users, self.rules.ttl_s),
            FieldKind.STAGE: Directory(self._stages, self.rules.ttl_s),
        }

    def retune(self, rules: OwnerRules) -> None:
        """Trust a reading for as long as these rules say from now on."""
        self.rules = rules
        self.pace.change(rules.ttl_s)
        for directory in self._directories.values():
            directory.ttl_s = rules.ttl_s

    async def run(self) -> None:
        """Once per time to live, let records go on whose name has turned up."""
        await refreshing(self.step, self.pace, COMPONENT, self.metrics)

    async def step(self) -> int:
        """Look again for every awaited name; asks the target nothing when none is awaited."""
        woken = 0
        for kind, directory in self._directories.items():
            names = await self.store.awaited.awaited_names(kind.value)
            if not names:
                continue
            await directory.refresh()
            found = [name for name in names if await self._unique(kind, name) is not None]
            woken += await self.store.awaited.wake_awaiting(kind.value, found, self.clock.now())
        if woken:
            log.info("references_turned_up", records=woken)
            self.wake()
        return woken

    async def resolve(self, kind: FieldKind, name: str) -> tuple[int | None, Reason | None]:
        """The id that bears the name, or None and why not.

        Raises:
            Transient: the target could not be asked.
        """
        ids = await self._looked_up(kind, self._target_name(kind, name))
        return (ids[0], None) if len(ids) == 1 else (None, unnamed(kind, len(ids), name))

    async def _looked_up(self, kind: FieldKind, name: str) -> tuple[int, ...]:
        directory, count = self._directories[kind], self.metrics.reference_lookups
        readings = directory.readings
        try:
            ids = await directory.lookup(name)
        except EngineError:
            count.labels(kind.value, "error").inc()
            raise
        if len(ids) > 1:
            outcome = "ambiguous"
        elif directory.readings > readings:
            outcome = "miss"
        else:
            outcome = "hit" if ids else "negative_hit"
        count.labels(kind.value, outcome).inc()
        return ids

    def cached(self) -> dict[str, tuple[int, float | None]]:
        """By kind: names known, and the seconds since they were read; None before the first."""
        return {
            kind.value: (len(directory), directory.age_s)
            for kind, directory in self._directories.items()
        }

    async def refresh(self, kinds: Iterable[FieldKind]) -> None:
        """Read these kinds anew: a reference just given was refused."""
        for kind in kinds:
            if kind in self._directories:
                await self._directories[kind].refresh()

    async def _unique(self, kind: FieldKind, name: str) -> int | None:
        ids = await self._directories[kind].lookup(self._target_name(kind, name))
        return ids[0] if len(ids) == 1 else None

    def _target_name(self, kind: FieldKind, name: str) -> str:
        return self.rules.aliases.get(name, name) if kind is FieldKind.USER else name

    async def _users(self) -> Iterable[tuple[str, int]]:
        with self._user_lookup.reading():
            roster = await self.target.users()
            shown = {user.id: json.dumps(asdict(user)) for user in roster.rows}
            # We are a user ourselves: a listing without anybody is none.
            whole = bool(roster.rows) and not roster.unreadable
            counting = await self._believed(FieldKind.USER, shown, roster.unreadable, whole=whole)
            if not counting:
                raise TheirFault("the list of users is empty, and we are one of them")
        users = [User(**json.loads(one.entry)) for one in counting.values()]
        named = [(self._bears(user), user) for user in users if self._bears(user)]
        free = {name for name, user in named if not user.locked}
        # A locked seat may own records still, but not in place of whoever has its name now.
        return [(name, user.id) for name, user in named if not user.locked or name not in free]

    async def _believed(
        self, kind: FieldKind, shown: Mapping[int, str], unreadable: Sequence[str], *, whole: bool
    ) -> dict[int, Listed]:
        """Who counts after this listing; it is said where that is not what was listed."""
        unreadable_rows.tell(self.metrics, COMPONENT, unreadable, kind=kind.value)
        known = await self.store.kept.roster(kind.value)
        counting = believed(known, shown, whole=whole, now=self.clock.now())
        if kind is FieldKind.USER:
            await self._look_for_missing(counting, known)
        if counting != known:
            await self.store.kept.keep_roster(kind.value, counting)
        lacking = counting.keys() - shown.keys()
        if lacking:
            log.warning("listing_incomplete", kind=kind.value, missing=len(lacking))
            # Soon it is known whether they are gone.
            self._directories[kind].expire_in(CONFIRM_S)
        return counting

    async def _look_for_missing(
        self, counting: dict[int, Listed], known: Mapping[int, Listed]
    ) -> None:
        """Ask for the few whom this listing is the first to lack; who is gone counts no more."""
        new = [one for one in missing(counting) if known[one].missing_since is None]
        for one in new if len(new) <= ASKED_MAX else ():
            if await self._is_gone(one):
                del counting[one]

    async def _is_gone(self, user_id: int) -> bool:
        try:
            return not await self.target.user_exists(user_id)
        except (Rejected, ProtocolError):
            return False

    def _bears(self, user: User) -> str:
        name: str = getattr(user, self.rules.match)
        return name.strip()

    async def _stages(self) -> Iterable[tuple[str, int]]:
        with self._stage_lookup.reading():
            roster = await self.target.stages()
        shown = {stage.id: json.dumps(asdict(stage)) for stage in roster.rows}
        whole = not roster.unreadable
        counting = await self._believed(FieldKind.STAGE, shown, roster.unreadable, whole=whole)
        stages = [Stage(**json.loads(one.entry)) for one in counting.values()]
        return [(stage.name.strip(), stage.id) for stage in stages]
