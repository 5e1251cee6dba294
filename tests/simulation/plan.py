"""What one seed decides beforehand: the size of the world, its habits, and the weather."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from connectors.sandbox.outreach import OutreachKnobs
from connectors.sandbox.workbooks import WorkbooksKnobs
from tests.simulation import oddities, rarities, seeds, spells
from tests.simulation.oddities import Oddity
from tests.simulation.rarities import Rarities, merged
from tests.simulation.spells import Spell

System = Literal["workbooks", "outreach"]
EndKind = Literal["die", "stop", "lose", "put back"]

# Forms that are not settled, one after the other by seed.
EXPIRED_ANSWERS: tuple[Literal["401", "401 bare", "403", "403 bare"], ...] = (
    "401",
    "401 bare",
    "403",
    "403 bare",
)
NEXT_LINKS: tuple[Literal["absolute", "path", "query"], ...] = ("absolute", "path", "query")
# Seconds after a client gave up during which a create may still be carried out.
LATE_S = 30.0
# Failures of one record alone that are borne before it is flagged; out of reach of the weather, so
# that every flag has a cause somebody put there.
ATTEMPTS_MAX = 100
# Of seeds that found something before there were oddities: their histories stay what they were.
WITHOUT_ODDITIES = 2
LOSING = ("lose", "put back")


@dataclass(frozen=True, slots=True)
class Odds:
    """Probability of each trouble for each request while faults last."""

    lost: float = 0.0
    status_before: float = 0.0
    status_after: float = 0.0
    cut: float = 0.0
    garbage: float = 0.0
    truncated: float = 0.0
    slow: float = 0.0
    meddled: float = 0.0

    @property
    def total(self) -> float:
        """Probability of any trouble with the request itself."""
        return (
            self.lost
            + self.status_before
            + self.status_after
            + self.cut
            + self.garbage
            + self.truncated
            + self.slow
        )


@dataclass(frozen=True, slots=True)
class Outage:
    """A system that is away from `start_s` to `end_s`."""

    system: System
    kind: Literal["unreachable", "unavailable", "maintenance"]
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class End:
    """How one process ends, and how long nobody runs afterwards."""

    at_s: float
    kind: EndKind
    instants: int
    away_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything drawn before the start; times in virtual seconds."""

    seed: int
    records: int
    people: int
    busy_s: float
    pause_s: float
    odds: Odds
    outages: tuple[Outage, ...]
    ends: tuple[End, ...]
    token_losses: tuple[float, ...]
    session_losses: tuple[float, ...]
    # How long Outreach's collections lag behind its writes, once the world is made.
    index_lag_s: float
    workbooks: WorkbooksKnobs
    outreach: OutreachKnobs
    settings: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    spells: tuple[Spell, ...] = ()
    # When a copy of the state is made that is put back later.
    copy_s: float | None = None
    # Whether records are copied, and ids pasted.
    copies: bool = False
    # When a record is stamped with a time ahead, and how far.
    stamped: tuple[tuple[float, float], ...] = ()
    # What else is odd about Outreach's answers.
    oddities: tuple[Oddity, ...] = ()
    # What people, operators and machines seldom do.
    rare: Rarities = field(default_factory=Rarities)


def planned(seed: int) -> Plan:
    """The plan of a seed: its weather, and what is rare."""
    plan = _weather(seed)
    if seeds.known().get(seed) == WITHOUT_ODDITIES:
        return plan
    odd = oddities.drawn(seed, plan.busy_s)
    rare = rarities.drawn(seed, plan.busy_s)
    if rare.restored is not None:
        plan = _remembering(plan)
    settings = merged(plan.settings, *(one.settings for one in odd), rare.settings)
    return replace(
        plan, oddities=odd, rare=rare, settings=settings, outreach=rare.turned(plan.outreach)
    )


def _remembering(plan: Plan) -> Plan:
    """The plan without what makes both systems forget what was made for whom."""
    ends = tuple(replace(one, kind="die" if one.kind in LOSING else one.kind) for one in plan.ends)
    return replace(plan, ends=ends, copy_s=None, copies=False, stamped=())


def _weather(seed: int) -> Plan:
    rng = Random(f"{seed}:plan")  # noqa: S311 # chance, not secrets
    busy_s = rng.choice((300.0, 600.0, 1200.0))
    visibility_s = rng.choice((100.0, 120.0, 180.0))
    # A stream of its own, so that the seeds of before tell their stories still.
    hard = Random(f"{seed}:weather2")  # noqa: S311 # chance, not secrets
    weather2 = spells.drawn(hard, busy_s)
    copy_s, put_back = _put_back(hard, busy_s)
    copies = copy_s is None and hard.random() < 0.35
    weather2 += spells.refusals(hard, busy_s)
    return Plan(
        seed=seed,
        records=rng.randint(4, 10),
        people=rng.randint(2, 6),
        busy_s=busy_s,
        pause_s=rng.choice((8.0, 20.0, 45.0)),
        odds=_odds(rng),
        outages=tuple(_outages(rng, busy_s)),
        ends=tuple(sorted([*_ends(rng, busy_s), *put_back], key=lambda one: one.at_s)),
        token_losses=_moments(rng, busy_s, 0.3),
        session_losses=_moments(rng, busy_s, 0.3),
        index_lag_s=rng.choice((0.0, 0.0, 5.0, 60.0)),
        workbooks=_apart(hard, _workbooks(rng)),
        outreach=_undated(hard, _outreach(rng, seed)),
        settings=_settings(rng, visibility_s),
        spells=weather2,
        copy_s=copy_s,
        copies=copies,
        stamped=_stamped(hard, busy_s),
    )


def _odds(rng: Random) -> Odds:
    severity = rng.choice((0.0, 0.02, 0.06, 0.12, 0.25))
    weights = [rng.random() ** 2 for _ in range(7)]
    shares = [severity * weight / sum(weights) for weight in weights]
    return Odds(*shares, meddled=rng.choice((0.0, 0.1, 0.4)))


def _outages(rng: Random, busy_s: float) -> list[Outage]:
    found: list[Outage] = []
    for system in ("workbooks", "outreach"):
        if rng.random() < 0.35:
            start = rng.uniform(0.0, busy_s * 0.8)
            kind = rng.choice(("unreachable", "unavailable", "maintenance"))
            found.append(Outage(system, kind, start, start + rng.uniform(20.0, 200.0)))
    return found


def _ends(rng: Random, busy_s: float) -> list[End]:
    moments = sorted(rng.uniform(1.0, busy_s) for _ in range(rng.choice((0, 1, 1, 2, 3, 5))))
    kinds: tuple[EndKind, ...] = ("die", "die", "die", "die", "stop", "lose")
    return [
        End(at, rng.choice(kinds), rng.randint(0, 25), rng.choice((0.0, 0.0, 5.0, 60.0)))
        for at in moments
    ]


def _stamped(hard: Random, busy_s: float) -> tuple[tuple[float, float], ...]:
    if hard.random() >= 0.3:
        return ()
    return ((hard.uniform(0.0, busy_s), hard.choice((90.0, 3600.0, 86_400.0))),)


def _put_back(hard: Random, busy_s: float) -> tuple[float | None, list[End]]:
    """When a copy of the state is made, and the end after which it takes the place of the state."""
    if hard.random() >= 0.25:
        return None, []
    copied, back = sorted(hard.uniform(1.0, busy_s) for _ in range(2))
    away_s = hard.choice((0.0, 5.0, 60.0, 400.0))
    return copied, [End(back, "put back", hard.randint(0, 25), away_s)]


def _apart(hard: Random, knobs: WorkbooksKnobs) -> WorkbooksKnobs:
    """Clocks of the servers of Workbooks that differ, and answers that do not tell the time."""
    return replace(
        knobs,
        servers_apart_s=hard.choice((0.0, 0.0, 0.0, 2.0, 20.0, 45.0)),
        date_header=hard.random() >= 0.15,
    )


def _undated(hard: Random, knobs: OutreachKnobs) -> OutreachKnobs:
    return replace(knobs, date_header=hard.random() >= 0.15)


def _moments(rng: Random, busy_s: float, chance: float) -> tuple[float, ...]:
    return (rng.uniform(0.0, busy_s),) if rng.random() < chance else ()


def _workbooks(rng: Random) -> WorkbooksKnobs:
    return WorkbooksKnobs(
        array_output=rng.choice(("string", "json")),
        epoch_as_number=rng.random() < 0.3,
        assigned_to_name_column=rng.random() < 0.8,
        opportunity_contacts_resource=rng.random() < 0.75,
        false_matches_unset=True,
        shuffle_unsorted=rng.random() < 0.3,
        stale_shape=rng.choice(("failures", "objects", "both")),
        validation_shape=rng.choice(("modern", "manual")),
        partial_success_flag=rng.random() < 0.7,
        contact_edit_touches_opportunity=rng.random() < 0.25,
        delay_every=rng.choice((0, 0, 0, 5, 17)),
        delay_hops=rng.choice((1, 1, 3)),
        delay_s=rng.choice((0.0, 2.0, 20.0)),
        rotate_session_every=rng.choice((0, 0, 3)),
        gzip=rng.random() < 0.5,
    )


def _outreach(rng: Random, seed: int) -> OutreachKnobs:
    return OutreachKnobs(
        access_token_lifetime_s=rng.choice((7200, 7200, 900)),
        refresh_reuse="allow",
        retry_after=rng.choice(("epoch", "delta", "iso", "absent")),
        reset_on_429=rng.random() < 0.5,
        remaining_two_values=rng.random() < 0.3,
        disorder=rng.random() < 0.3,
        duplicate_role=rng.choice(("allow", "allow", "422")),
        soft_delete=rng.random() < 0.2,
        # No draw, so that the seeds of before tell their stories still.
        noop_patch="422" if seed % 2 else "accept",
        expired_answer=EXPIRED_ANSWERS[seed % len(EXPIRED_ANSWERS)],
        next_links=NEXT_LINKS[seed % len(NEXT_LINKS)],
        types_casing=rng.choice(("camel", "pascal")),
        excluded_email_domains=frozenset({"blocked.example"}),
    )


def _settings(rng: Random, visibility_s: float) -> dict[str, dict[str, Any]]:
    return {
        "workbooks": {
            "auth": rng.choice(("api_key", "api_key", "session")),
            "page_size": rng.choice((3, 10, 100)),
            "requests_in_flight_max": rng.choice((1, 4)),
        },
        "outreach": {
            "visibility_s": visibility_s,
            "on_missing": rng.choice(("refuse", "refuse", "recreate")),
            "requests_in_flight_max": rng.choice((1, 2, 4)),
        },
        "poller": {
            "interval_s": rng.choice((20, 60, 60)),
            "overlap_s": 10,
            "sweep_interval_s": rng.choice((200, 400)),
            "mapping_interval_s": 900,
        },
        "owners": {"ttl_s": rng.choice((200, 400))},
        "contacts": {"source": rng.choice(("auto", "auto", "arrays"))},
        "retry": {"attempts_max": ATTEMPTS_MAX, "base_s": 1, "cap_s": rng.choice((20, 60))},
        "write_back": {
            "batch_max": rng.choice((2, 100)),
            "linger_ms": rng.choice((0, 1000)),
        },
        "concurrency": {
            "opportunity_syncers": rng.choice((1, 4)),
            "relationship_syncers": rng.choice((1, 4)),
            "write_backs": rng.choice((1, 2)),
        },
        "mailboxes": {"changes": rng.choice((1, 256)), "contacts": rng.choice((1, 256))},
    }
