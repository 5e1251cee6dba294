"""Label values and buckets: closed sets, never a record id, a name or an address.

A value outside its set would be a series nobody expects; whatever comes from outside and is not
known here is counted as OTHER.
"""

from __future__ import annotations

OTHER = "other"

# What is done to a record, in the order a change passes.
KINDS = ("opportunity", "relationship", "write_back")
# Stages of a change by what changed: an edited People tab has nothing to be written back.
STAGES = (
    ("opportunity", "observed"),
    ("opportunity", "target_ack"),
    ("opportunity", "written_back"),
    ("relationship", "observed"),
    ("relationship", "target_ack"),
)
OPPORTUNITY_OUTCOMES = (
    "created",
    "updated",
    "noop",
    "adopted",
    "held",
    "held_by_fuse",
    "deferred",
    "in_doubt",
    "refused",
    "left",
)
TAB_OUTCOMES = (
    "related",
    "agreed",
    "again",
    "held",
    "held_by_fuse",
    "deferred",
    "in_doubt",
    "left",
)
OUTCOMES = (
    *(("opportunity", outcome) for outcome in OPPORTUNITY_OUTCOMES),
    *(("relationship", outcome) for outcome in TAB_OUTCOMES),
)
ERROR_CLASSES = (
    "auth",
    "rate_limited",
    "held_back",
    "unreachable",
    "conflict",
    "not_found",
    "validation",
    "forbidden",
    "configuration",
    "protocol",
    "duplicate",
    "storage",
    "clock_skew",
    "unexpected",
)
# Reasons a record can be refused for.
REFUSAL_CLASSES = (
    "conflict",
    "not_found",
    "validation",
    "forbidden",
    "unreachable",
    "protocol",
    "unexpected",
    OTHER,
)
# Who works before everybody else.
START_UP = "start_up"
COMPONENTS = (
    START_UP,
    "poller",
    "people_poller",
    "mapping_reader",
    "opportunity_syncer",
    "relationship_syncer",
    "owner_resolver",
    "account_resolver",
    "prospect_resolver",
    "write_back",
)
# Who has only one kind of trouble.
STORE = "store"
# Those who try again what failed.
RETRYING = ("opportunity_syncer", "relationship_syncer", "write_back")
ACTORS = (
    START_UP,
    "poller",
    "mapping_reader",
    "fuse_keeper",
    "dispatcher",
    "opportunity_syncer",
    "relationship_syncer",
    "write_back",
    "owner_resolver",
    "account_resolver",
    "prospect_resolver",
    "create_search",
)
# See `engine.flow.worktime.State`.
STATES = ("busy", "throttled", "blocked", "idle")
FEEDS = ("changes", "tab_changes", "people", "sweep", "audit")
POLL_OUTCOMES = ("ok", "empty", "error")
DOUBTS = ("opportunity", "role", "prospect")
RESOLUTIONS = ("executed", "not_executed")
# What can be refused; roles that cannot be related are tried again, but seldom.
REFUSED_KINDS = ("opportunity", "person", "relationship")
AUDIT_OUTCOMES = ("agreed", "differed", "vanished")
ROLE_EDITS = ("created", "changed", "removed", "adopted")
PROSPECT_OUTCOMES = ("created", "adopted", "held_back", "refused", "in_doubt")
DELIVERIES = ("delivered", "stale", "missing", "refused", "withdrawn", "unknown")
REFERENCE_KINDS = ("user", "stage", "account")
LOOKUPS = ("hit", "negative_hit", "miss", "ambiguous", "error")
MAILBOXES = ("changes", "contacts", "write_backs")
WINDOWS = ("hour", "year")
LANES = ("fresh", "backlog")
# How a request ends: a status by itself where somebody would act on it, its class otherwise, or
# why there is none. All of them, for every route, are there from the start.
STATUSES = (
    "200",
    "400",
    "401",
    "403",
    "404",
    "429",
    "4xx",
    "500",
    "503",
    "5xx",
    "timeout",
    "connect_error",
    "protocol_error",
    OTHER,
)
STATUSES_OF_METHODS = {"POST": ("201", "422"), "PATCH": ("422",), "DELETE": ("204",)}

# Buckets in seconds, unless said otherwise. Thresholds of alerts lie exactly on a bound.
LAG_BUCKETS = (
    1,
    2.5,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1200,
    1800,
    2700,
    3600,
    21_600,
    86_400,
)
REQUEST_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
WAIT_BUCKETS = (0.005, 0.05, 0.25, 1, 5, 15, 60, 300, 1800)
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
LOOP_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)
# In entries.
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100)


def statuses(method: str) -> tuple[str, ...]:
    """How a request with this method may end."""
    return (*STATUSES, *STATUSES_OF_METHODS.get(method, ()))


def status(method: str, ended: str) -> str:
    """The label of an end: itself, its class, or OTHER.

    Args:
        ended: a status in digits, or a word.
    """
    known = statuses(method)
    if ended in known:
        return ended
    by_class = f"{ended[:1]}xx"
    return by_class if ended.isdecimal() and by_class in known else OTHER
