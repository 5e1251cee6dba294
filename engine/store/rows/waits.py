"""Which columns of the state are times, and of which tables there may be many rows."""

from __future__ import annotations

# When something is to happen.
DUE = (
    ("record", "due_at"),
    ("people_tab", "due_at"),
    ("outbox", "due_at"),
    ("intent", "look_at"),
    ("person", "retry_at"),
    ("refused_role", "retry_at"),
)
# When something has happened, which cannot be ahead of us.
HAPPENED = {
    "record": (
        "captured_at",
        "pending_since",
        "failed_since",
        "failed_at",
        "proved_at",
        "known_at",
        "lower_at",
    ),
    "people_tab": ("pending_since", "failed_at", "taken_since"),
    "intent": ("opened_at", "doubt_since"),
    "person": ("read_at", "failed_at", "taken_at"),
    "role": ("seen_at",),
    "role_edit": ("sent_at",),
    "claim": ("since",),
    "skip": ("since",),
    "listed": ("missing_since",),
    "vanished": ("since",),
    "left_blank": ("since",),
    "setting_change": ("at",),
    "run": ("began_at",),
}
# Before any key there may be.
FIRST = -(1 << 63)
# Of these there may be a million. While the clock is not known to have been ahead they are looked
# through bit by bit beside all other work, which bears such a time as it bears a clock set back
# while it goes on.
MANY = {
    "record": "id",
    "people_tab": "record_id",
    "person": "id",
    "role": "id",
    "claim": "target_id",
}
