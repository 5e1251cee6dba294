"""What limits, by rule: each from two scrapes that were made up, in the format of the service."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cli.tuning import commands, ranges_of
from engine.config.loading import installed_connectors
from engine.tuning import Advice, Limit, read_scrape
from tests.searching import examples
from tests.unit.engine.tuning import tuning_cases as cases
from tests.unit.engine.tuning.tuning_cases import RANGES, SYSTEMS, Service

EXPECTED: tuple[tuple[Callable[[Service], None], Limit, tuple[str, float, float] | None], ...] = (
    (cases.too_few_syncers, Limit.OPPORTUNITY_SYNCER, ("concurrency.opportunity_syncers", 2, 4)),
    (
        cases.too_few_relationship_syncers,
        Limit.RELATIONSHIP_SYNCER,
        ("concurrency.relationship_syncers", 1, 2),
    ),
    (
        cases.as_many_syncers_as_places,
        Limit.OPPORTUNITY_SYNCER,
        ("sales.requests_in_flight_max", 4, 8),
    ),
    (cases.one_place, Limit.REQUESTS_IN_FLIGHT, ("sales.requests_in_flight_max", 1, 2)),
    (cases.budget_of_the_hour, Limit.BUDGET, ("sales.budget.reserve", 500, 250)),
    (cases.own_ceiling, Limit.BUDGET, ("sales.budget.per_hour", 200, 300)),
    (cases.share_for_fresh_edits, Limit.BUDGET, ("sales.budget.fresh_share", 0.1, 0.05)),
    (cases.budget_of_the_year, Limit.BUDGET, ("sales.budget.per_year", 250_000, 275_000)),
    (cases.no_setting_of_the_budget, Limit.BUDGET, None),
    (cases.many_short_holds, Limit.BUDGET, ("sales.budget.fresh_share", 0.1, 0.05)),
    (cases.held_back_again_and_again, Limit.PAUSE, None),
    (cases.outage, Limit.OUTAGE, None),
    (cases.told_to_wait, Limit.PAUSE, None),
    (cases.mass_change, Limit.FUSE, None),
    (cases.write_backs_with_full_batches, Limit.WRITE_BACK, ("concurrency.write_backs", 1, 2)),
    (cases.write_backs_with_a_low_bound, Limit.WRITE_BACK, ("write_back.batch_max", 20, 40)),
    (cases.write_backs_with_small_batches, Limit.WRITE_BACK, ("write_back.linger_ms", 0, 200)),
    (
        cases.write_backs_without_places,
        Limit.REQUESTS_IN_FLIGHT,
        ("crm.requests_in_flight_max", 2, 4),
    ),
    (cases.empty_mailbox, Limit.DISPATCHER, ("mailboxes.changes", 256, 512)),
    (cases.poller_without_a_pause, Limit.POLLER, ("crm.page_size", 25, 100)),
    (cases.poller_with_the_largest_pages, Limit.POLLER, None),
    (cases.slow_disk, Limit.DISK, None),
    (cases.late_timers, Limit.PROCESSOR, None),
    (cases.one_whole_core, Limit.PROCESSOR, None),
    (cases.waiting_for_a_resolver, Limit.RESOLVER, None),
    (cases.nothing_due, Limit.NOT_DUE, None),
    (cases.seen_late, Limit.POLL_INTERVAL, ("poller.interval_s", 60, 30)),
    (cases.idle, Limit.NOTHING, None),
    (cases.keeping_up, Limit.NOTHING, None),
    (cases.just_keeping_up, Limit.NOTHING, None),
    (cases.just_come_in, Limit.NOTHING, None),
)


@pytest.mark.parametrize(
    ("happens", "limit", "change"), EXPECTED, ids=[row[0].__name__ for row in EXPECTED]
)
def test_each_limit_is_named_with_the_setting_that_moves_it(
    happens: Callable[[Service], None], limit: Limit, change: tuple[str, float, float] | None
) -> None:
    """The first finding is the one an operator acts on."""
    service = Service()
    happens(service)

    first = service.found()[0]

    assert first.limit is limit, first
    assert first.advice == (Advice(*change) if change else None)


def test_every_limit_there_is_has_been_seen() -> None:
    """A rule without a case here is a rule nobody tried."""
    assert {limit for _, limit, _ in EXPECTED} | {Limit.SLOW_SYSTEM} == set(Limit)


def test_a_slow_system_is_named_beside_what_can_be_changed() -> None:
    """More requests at once may help, but whoever tries must know what they do it to."""
    service = Service()
    cases.slow_answers(service)

    assert [one.limit for one in service.found()] == [Limit.OPPORTUNITY_SYNCER, Limit.SLOW_SYSTEM]


@pytest.mark.parametrize(
    "stops", [cases.outage, cases.told_to_wait, cases.budget_of_the_hour, cases.one_whole_core]
)
def test_no_worker_is_advised_where_workers_do_not_help(stops: Callable[[Service], None]) -> None:
    """More of them would only stand in the same line."""
    service = Service()
    stops(service)
    service.spends("opportunity_syncer", 2, busy=1.0)
    service.settings["concurrency.opportunity_syncers"] = 2

    settings = {one.advice.setting for one in service.found() if one.advice}

    assert not any(name.startswith("concurrency.") for name in settings)


def test_workers_who_wait_for_a_place_are_not_called_too_few() -> None:
    """They would be said to be busy beside the numbers that show them waiting."""
    service = Service()
    cases.one_place(service)

    assert [one.limit for one in service.found()] == [Limit.REQUESTS_IN_FLIGHT]


def test_the_budget_says_when_it_ends_and_what_is_left() -> None:
    """Otherwise one waits and does not know for what."""
    service = Service()
    cases.budget_of_the_hour(service)

    first = service.found()[0]

    assert "sales's budget limits" in first.says
    assert "helps before 15:16 UTC" in first.says
    assert "0 of 9,500 requests of the hour are left" in first.evidence


def test_the_budget_says_which_of_its_settings_keeps_something_back() -> None:
    """Whoever looks at the allowance of the system sees that it is not spent, and wonders."""
    service = Service()
    cases.share_for_fresh_edits(service)

    first = service.found()[0]

    assert "limits the backlog, while fresh edits get through, by its fresh_share and" in first.says
    assert "fresh_share keeps back 950 of 9,500 requests for fresh edits" in first.evidence
    assert "reserve keeps back 500 requests of the hour for others" in first.evidence

    cases.budget_of_the_hour(service)
    assert "limits all requests, by its reserve" in service.found()[0].says

    service.settings["sales.budget.reserve"] = 0.0
    assert "by its" not in service.found()[0].says


@pytest.mark.parametrize("condition", ["credentials_refused", "misconfigured"])
def test_a_refusal_of_our_credentials_is_no_slowness(condition: str) -> None:
    """Nobody lowers the requests in flight for a token that was revoked."""
    service = Service()
    service.waits("opportunity", 900, 900)
    service.after.connector_paused.labels("sales").set(40)
    service.after.connector_condition.labels("sales", condition).set(1)
    service.asks("sales", 3, 6.0)

    first, *others = service.found()

    assert first.limit is Limit.OUTAGE
    assert "sales refuses the service" in first.says
    assert not [one for one in others if one.limit in (Limit.PAUSE, Limit.SLOW_SYSTEM)]


def test_a_wait_for_an_access_token_is_no_slowness() -> None:
    """The system has not told us to wait, and answers nothing late."""
    service = Service()
    service.waits("opportunity", 900, 900)
    service.after.connector_paused.labels("sales").set(40)
    service.after.connector_condition.labels("sales", "paused").set(1)
    service.asks("sales", 3, 6.0)

    first, *others = service.found()

    assert (first.limit, first.says) == (
        Limit.PAUSE,
        "sales is paused: no setting makes it go on sooner",
    )
    assert "requests_in_flight_max" not in first.caution
    assert Limit.SLOW_SYSTEM not in {one.limit for one in others}


def test_a_reserve_beyond_half_the_hour_is_lowered_to_where_it_has_an_effect() -> None:
    """Only half of an hour is ever kept back, whatever the reserve says."""
    service = Service()
    cases.budget_of_the_hour(service)
    service.settings["sales.budget.reserve"] = 9000.0
    service.after.budget_limit.labels("sales", "hour").set(100)

    assert service.found()[0].advice == Advice("sales.budget.reserve", 9000, 50)


def test_at_the_end_of_its_range_a_setting_is_not_advised() -> None:
    """A value that is refused helps nobody."""
    service = Service()
    cases.one_place(service)
    service.settings["sales.requests_in_flight_max"] = 64
    service.spends("opportunity_syncer", 256, busy=0.3, blocked=0.7)
    service.after.api_in_flight.labels("sales").set(64)
    service.before.api_in_flight.labels("sales").set(64)

    first = service.found()[0]

    assert (first.limit, first.advice) == (Limit.REQUESTS_IN_FLIGHT, None)


def test_counters_that_began_again_count_from_zero() -> None:
    """A restarted exporter must not yield negative rates."""
    service = Service()
    service.before.reconciles.labels("opportunity", "created").inc(100)
    service.after.reconciles.labels("opportunity", "created").inc(20)

    assert service.rates().reconciles_s["opportunity"] == 2.0


def test_the_backlogs_end_follows_from_its_pace() -> None:
    """When it will be done is what everybody asks first."""
    service = Service()
    service.waits("opportunity", 900, 800)
    service.waits("relationship", 10, 20)

    backlog = service.rates().backlog

    assert backlog["opportunity"].done_in_s == 80
    assert backlog["relationship"].done_in_s is None


def test_a_backlog_beyond_the_hours_budget_takes_hours() -> None:
    """The present pace says nothing once the budget is spent."""
    service = Service()
    cases.busy_opportunities(service)
    service.asks("sales", 80, 0.1)
    service.after.budget_limit.labels("sales", "hour").set(1000)
    service.after.budget_remaining.labels("sales", "hour").set(720)

    assert service.rates().budget_hours == 2.0


@pytest.mark.parametrize("text", ["", "<html></html>", "other_metric 1\n", "a{b 1\n"])
def test_what_is_not_our_metrics_is_refused(text: str) -> None:
    """Something else may listen on the port."""
    with pytest.raises(ValueError, match=r".+"):
        read_scrape(text, 0.0)


def test_ranges_come_from_the_settings_models() -> None:
    """Whoever changes a bound there need not know of this command."""
    connectors = installed_connectors()
    names = {"crm": connectors.source.name, "sales": connectors.target.name}
    wanted = {
        ".".join([names.get(table, table), key]): bounds
        for (table, _, key), bounds in ((name.partition("."), RANGES[name]) for name in RANGES)
    }

    found = ranges_of(connectors)

    assert {name: found[name] for name in wanted} == wanted


def test_a_setting_that_is_not_live_is_told_with_the_restart() -> None:
    """A reload would refuse it."""
    assert commands(Advice("mailboxes.changes", 256, 512), "") == [
        "wosync config set mailboxes.changes 512",
        "then restart the service: mailboxes.changes is not read by a reload",
    ]
    assert commands(Advice("poller.interval_s", 60, 7.5), " --config a.toml") == [
        "wosync config set poller.interval_s 7.5 --config a.toml",
        "wosync reload --config a.toml",
    ]


SHARES = st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda parts: sum(parts) > 0.01)


@st.composite
def services(draw: st.DrawFn) -> Service:
    """A service in any state, also impossible ones."""
    service = Service()
    for setting, bounds in RANGES.items():
        if setting in service.settings and draw(st.booleans()):
            high = min(bounds.high, 300_000.0)
            value = draw(st.floats(bounds.low, high, exclude_min=bounds.open_low))
            service.settings[setting] = float(int(value)) if bounds.whole else value
    for actor in ("poller", "opportunity_syncer", "relationship_syncer", "write_back"):
        busy, blocked, throttled, free = draw(SHARES)
        whole = busy + blocked + throttled + free
        service.spends(
            actor,
            draw(st.integers(0, 256)),
            busy=busy / whole,
            blocked=blocked / whole,
            throttled=throttled / whole,
            idle=free / whole,
        )
    for kind, mailbox in (
        ("opportunity", "changes"),
        ("relationship", "contacts"),
        ("write_back", "write_backs"),
    ):
        numbers = [draw(st.integers(0, 2000)) for _ in range(3)]
        service.waits(kind, numbers[0], numbers[1], mailbox, numbers[2])
    for system in SYSTEMS:
        service.after.api_in_flight.labels(system).set(draw(st.integers(0, 64)))
        service.after.connector_down.labels(system).set(draw(st.integers(0, 1)))
        service.after.connector_paused.labels(system).set(draw(st.sampled_from([0, 0, 30])))
    for lane in ("fresh", "backlog"):
        service.after.budget_held.labels("sales", lane).set(draw(st.sampled_from([0, 0, 600])))
    for window in ("hour", "year"):
        limit = draw(st.sampled_from([math.inf, 0.0, 100.0, 9500.0]))
        service.after.budget_limit.labels("sales", window).set(limit)
        service.after.budget_remaining.labels("sales", window).set(min(limit, 3.0))
    service.after.reconciles.labels("opportunity", "created").inc(draw(st.integers(0, 900)))
    service.after.poll_records.labels("changes", "changed").inc(draw(st.integers(0, 9)))
    service.after.batch_records.observe(draw(st.integers(1, 100)))
    service.after.sync_lag.labels("opportunity", "observed").observe(draw(st.floats(0, 200)))
    service.after.sync_lag.labels("opportunity", "target_ack").observe(draw(st.floats(0, 400)))
    return service


@settings(max_examples=examples(30))
@given(services())
def test_findings_never_contradict_each_other(service: Service) -> None:
    """Whatever the state: something is said, nothing twice, and nothing that would be refused."""
    found = service.found()
    advised = [one.advice for one in found if one.advice]

    assert found
    assert len({advice.setting for advice in advised}) == len(advised)
    for advice in advised:
        bounds = RANGES[advice.setting]
        assert advice.new != advice.old
        assert bounds.low <= advice.new <= bounds.high
        assert not (bounds.open_low and advice.new <= bounds.low)
        assert not bounds.whole or advice.new == int(advice.new)
        if advice.setting.endswith("_syncers"):
            assert advice.new <= service.settings["sales.requests_in_flight_max"]
            assert advice.new > advice.old
