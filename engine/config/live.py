"""Which settings change while the service runs, and which need a restart.

What only tunes the work is live. What says between which systems, with which identity, state or
mapping the work is done needs a restart: half of it applied would be a different service.
"""

from __future__ import annotations

# Keys of config.toml as table.key; a connector's own tables hold the keys below under its name.
_LIVE = frozenset(
    {
        "service.log_level",
        "poller.interval_s",
        "poller.overlap_s",
        "poller.sweep_interval_s",
        "poller.mapping_interval_s",
        "poller.audit_interval_s",
        "owners.ttl_s",
        "concurrency.opportunity_syncers",
        "concurrency.relationship_syncers",
        "concurrency.write_backs",
        "write_back.batch_max",
        "write_back.linger_ms",
        "retry.attempts_max",
        "retry.base_s",
        "retry.cap_s",
        "history.keep_days",
        "history.max_mb",
    }
)
_ENGINE_TABLES = frozenset(key.partition(".")[0] for key in _LIVE) | {
    "fuse",
    "contacts",
    "mailboxes",
    "mapping",
}
# In the table of either system.
_LIVE_OF_SYSTEMS = frozenset(
    {
        "page_size",
        "requests_in_flight_max",
        "budget.per_hour",
        "budget.reserve",
        "budget.per_year",
        "budget.fresh_share",
        "budget.account",
    }
)


def is_live(key: str) -> bool:
    """Whether a reload applies a change of this key.

    Args:
        key: dotted, as in `poller.interval_s`.
    """
    table, _, rest = key.partition(".")
    return key in _LIVE or (table not in _ENGINE_TABLES and rest in _LIVE_OF_SYSTEMS)
