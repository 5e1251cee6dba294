"""Series that nobody has touched are there all the same, whoever looks first."""

from __future__ import annotations

from engine.metrics import Metrics, labels


def test_every_series_is_there_at_the_first_look_and_counts_from_before_it() -> None:
    """A counter that appears with its first event hides that event from every rate."""
    metrics = Metrics()
    metrics.know_connectors(("crm", "sales"), "sales")
    metrics.know_routes("sales", [("POST", "/deals")])
    metrics.polled("changes", 1, 0.5, 1_790_000_000.0)

    value = metrics.registry.get_sample_value

    for status in labels.statuses("POST"):
        route = {"connector": "sales", "method": "POST", "route": "/deals", "status": status}
        assert value("wosync_api_requests_total", route) == 0
    assert value("wosync_polls_total", {"feed": "changes", "outcome": "ok"}) == 1
    assert value("wosync_polls_total", {"feed": "people", "outcome": "error"}) == 0
    assert value("wosync_budget_remaining_requests", {"connector": "sales", "window": "year"}) == (
        float("inf")
    )


def test_what_is_told_later_is_there_at_the_next_look() -> None:
    """Routes are known when a connector is opened, and somebody may have looked before."""
    metrics = Metrics()
    list(metrics.registry.collect())

    metrics.know_routes("sales", [("GET", "/deals")])

    route = {"connector": "sales", "route": "/deals"}
    assert (
        metrics.registry.get_sample_value("wosync_api_request_duration_seconds_count", route) == 0
    )


def test_what_has_been_counted_is_what_a_collection_shows() -> None:
    """It is asked for every few seconds, far more often than anybody scrapes."""
    metrics = Metrics()
    metrics.reconciles.labels("opportunity", "created").inc(3)
    metrics.reconciles.labels("relationship", "related").inc()
    metrics.deliveries.labels("delivered").inc(2)

    shown = {
        (sample.labels["kind"], sample.labels["outcome"]): sample.value
        for family in metrics.reconciles.collect()
        for sample in family.samples
    }

    assert dict(metrics.reconciles.counted()) == shown
    assert shown["opportunity", "created"] == 3
    assert dict(metrics.deliveries.counted()) == {("delivered",): 2}
