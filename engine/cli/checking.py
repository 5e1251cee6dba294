"""`wosync check`: one line per step, each with a verdict, and a remedy where it fails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import anyio

from engine import authorisation
from engine.assembly.environment import Environment, Systems, open_systems
from engine.assembly.opening import take_over
from engine.cli.asking import ask_service
from engine.cli.exits import Exit
from engine.cli.moments import to_the_minute
from engine.cli.reach import troubles
from engine.cli.reading import load
from engine.cli.verdicts import (
    Verdict,
    clock,
    customers,
    failed,
    granted,
    permitted,
    print_json,
    print_table,
    walk,
)
from engine.cli.workplace import passing_store
from engine.config.loading import Config
from engine.config.unencrypted import unencrypted
from engine.errors import EngineError, StateInUse, StateUnusable
from engine.mapping_in_force import Mappings
from engine.metrics import Metrics
from engine.model.age import Seen
from engine.model.permissions import Authorisation, Use
from engine.model.records import RecordType
from engine.plain import plain
from engine.service.listening import listen
from engine.store.places import place_of
from engine.store.port.place import Place
from engine.store.port.store import Store

# What the service says of itself while it begins or ends; that passes by itself.
PASSING = ("starting", "stopping", "the first poll is under way")


def check(path: Path | None, *, as_json: bool) -> int:
    """Run every step and print the verdicts; the code is that of the first failure."""
    config = load(path)
    fact = f"{config.path}: every key is valid, every secret is there"
    verdicts = [Verdict("configuration", "read", True, fact)]
    verdicts += [Verdict("configuration", "encryption", True, one) for one in unencrypted(config)]
    verdicts += [
        Verdict("configuration", "reach", False, one.text, one.remedy, Exit.CONFIGURATION)
        for one in troubles(config.path)
    ]
    verdicts += anyio.run(_verdicts, config)
    (print_json if as_json else print_table)(verdicts)
    return next((verdict.code for verdict in verdicts if verdict.ok is False), Exit.DONE)


async def _verdicts(config: Config) -> list[Verdict]:
    place = place_of(config)
    try:
        found = [Verdict("state", what, True, fact) for what, fact in place.findings()]
    except EngineError as error:
        return [failed("state", "database", error)]
    try:
        with place.hold(keep=False) as seen:
            return found + await _with_state(config, place, seen)
    except StateInUse:
        return found + await _beside_the_service(config, place)
    except EngineError as error:
        return [*found, failed("state", "held" if found else "directory", error)]


async def _with_state(config: Config, place: Place, seen: Seen | None) -> list[Verdict]:
    """Every step, with the real state: a token minted on the way is kept, not lost."""
    verdicts = [Verdict("state", "directory", True, f"{place.directory} can be written")]
    verdicts.append(_check_port(config))
    async with place.open() as store:
        try:
            # Before anything is asked: the tokens in another state are not ours to renew.
            await take_over(config, store, place, seen, Environment.real().clock.now())
        except StateUnusable as error:
            return [*verdicts, failed("state", "belongs here", error)]
        return verdicts + await _with_systems(config, store)


async def _with_systems(config: Config, store: Store) -> list[Verdict]:
    verdicts: list[Verdict] = []
    async with open_systems(config, Environment.real(), store, Metrics()) as systems:
        mappings = Mappings(config, systems.source, systems.target)
        walked = await walk(config.connectors.source.name, systems.source.steps())
        walked += await _check_customers(config, systems, mappings, walked)
        walked += await walk(config.connectors.target.name, systems.target.steps())
        verdicts += walked
        verdicts += await _check_scopes(config, systems, mappings)
        if all(verdict.ok for verdict in walked):
            verdicts.append(await _check_mapping(mappings))
        verdicts += _check_clock(systems)
    return verdicts


async def _check_scopes(config: Config, systems: Systems, mappings: Mappings) -> list[Verdict]:
    """Against what the configuration needs, as far as that is known; nothing without a leave."""
    authority = systems.target.authority
    if authority is None or not (await authority.standing()).authorised:
        return []
    wanted = authorisation.uses(mappings, config.engine.contacts, people=systems.source.people)
    name = config.connectors.target.name
    found = await authorisation.compared(authority, wanted)
    try:
        found = await authorisation.tried(authority, found)
    except EngineError as error:
        return [granted(name, found, _ends(found)), failed(name, "permissions", error)]
    return _judged(name, found)


async def _check_customers(
    config: Config, systems: Systems, mappings: Mappings, walked: Sequence[Verdict]
) -> list[Verdict]:
    """Whether customers can be read, whose accounts opportunities are given."""
    wanted = authorisation.uses(mappings, config.engine.contacts, people=False)
    if Use.ACCOUNTS not in wanted or not all(verdict.ok for verdict in walked):
        return []
    error: EngineError | None = None
    try:
        # Whether there is such a one is no matter.
        await systems.source.account_ids([1])
    except EngineError as raised:
        error = raised
    return [customers(config.connectors.source.name, error)]


def _judged(name: str, found: Authorisation) -> list[Verdict]:
    tried = permitted(name, found)
    return [granted(name, found, _ends(found)), *([] if tried is None else [tried])]


def _ends(found: Authorisation) -> str | None:
    ends_at = found.standing.ends_at
    return None if ends_at is None else to_the_minute(ends_at)


def _check_port(config: Config) -> Verdict:
    """Whether a service that starts now could listen."""
    try:
        listen(*config.engine.service.http_address).close()
    except EngineError as error:
        return failed("service", "port", error)
    return Verdict("service", "port", True, f"{config.engine.service.http} is free")


def _check_clock(systems: Systems) -> list[Verdict]:
    verdict = clock(Environment.real().clock.now(), systems.dates.told())
    return [] if verdict is None else [verdict]


async def _check_mapping(mappings: Mappings) -> Verdict:
    try:
        await mappings.load()
    except EngineError as error:
        return failed("mapping", "lines", error)
    left_out = [mistake.text for mistake in mappings.mistakes]
    if left_out:
        lines = (plain(line) for line in left_out)
        detail = "\n".join(("lines kept in the source that are left out:", *lines))
        return Verdict("mapping", "lines", True, detail)
    number = sum(len(mappings.of(record_type).lines) for record_type in RecordType)
    return Verdict("mapping", "lines", True, f"{number} lines, each suits its field and column")


async def _beside_the_service(config: Config, place: Place) -> list[Verdict]:
    """The service holds the state and its tokens; what needs neither is checked all the same."""
    occupant = place.occupant() if config.engine.service.state is not None else None
    by = "the running service" if occupant is None else occupant
    verdicts = [Verdict("state", "directory", True, f"in use by {by}")]
    async with (
        passing_store() as store,
        open_systems(config, Environment.real(), store, Metrics()) as systems,
    ):
        walked = await walk(config.connectors.source.name, systems.source.steps())
        mappings = Mappings(config, systems.source, systems.target)
        verdicts += walked
        verdicts += await _check_customers(config, systems, mappings, walked)
        verdicts += _check_clock(systems)
    verdicts += _asked(config)
    unchecked = (
        "not checked beside a running service; a mistake there would keep it from starting again:"
        " after a change of a line stop the service and run wosync check before you start it"
    )
    remedy = "see the lines in force with: wosync mapping"
    verdicts.append(Verdict("mapping", "lines", None, unchecked, remedy))
    return verdicts


def _asked(config: Config) -> list[Verdict]:
    """What the service that runs says of itself, and of the system whose tokens it holds."""
    name = config.connectors.target.name
    status = ask_service(config.path, "/status")
    if status is None:
        detail = "left to the process that holds the tokens, which does not answer"
        remedy = "ask it once it answers: wosync status"
        return [Verdict(name, "all steps", None, detail, remedy)]
    reason = status["reason"]
    if status.get("standby"):
        return [Verdict("service", "ready", True, f"it stands by: {reason}")]
    verdicts = [Verdict("service", "ready", True, "it runs, and is ready")]
    if reason is not None:
        passing = reason in PASSING
        remedy = "look again in a minute" if passing else "see what waits, and why: wosync status"
        ok, code = (None, Exit.DONE) if passing else (False, Exit.UNREACHABLE)
        verdicts = [Verdict("service", "ready", ok, reason, remedy, code)]
    told = ask_service(config.path, "/authority?tried")
    if told is not None and "failed" in told:
        # It cannot try anything now, and says so of itself above.
        told = ask_service(config.path, "/authority")
    if told is not None and told.get("authorised"):
        verdicts += _judged(name, Authorisation.told(told))
    elif told is not None and "failed" not in told:
        detail = "nobody has authorised the service yet"
        verdicts.append(
            Verdict(name, "scopes", False, detail, "run: wosync auth", Exit.CREDENTIALS)
        )
    return verdicts
