"""What was granted in the target, as kept, and who waits for what was not."""

from __future__ import annotations

from engine.model.kept import GRANTED
from engine.store.postgres import intents, kept
from engine.store.postgres.session import Session


def note_granted(connection: Session, granted: str) -> bool:
    """See `Refusals.note_granted`."""
    known = kept.setting(connection, GRANTED)
    if known == granted:
        return False
    kept.set_setting(connection, GRANTED, granted)
    if known is None:
        return False
    connection.execute(
        "UPDATE record SET due_at = 0"
        " WHERE state = 'pending' AND reason_code IN ('not-granted', 'permission-missing')"
        " AND mass NOT IN (1, 2) AND NOT EXISTS"
        " (SELECT 1 FROM intent i WHERE i.kind = 'opportunity' AND i.record_id = record.id"
        " AND i.doubt_since IS NOT NULL)"
    )
    connection.execute(
        "UPDATE people_tab SET due_at = 0, given_up = 0"  # noqa: S608 # a constant
        " WHERE state = 'pending' AND reason_code IN ('not-granted', 'permission-missing')"
        f" AND mass NOT IN (1, 2) AND NOT {intents.TAB_IN_DOUBT}"
    )
    # A role that was refused rests for a day; one that our user might not edit is worth a try.
    connection.execute(
        "UPDATE people_tab SET due_at = 0, given_up = 0, revision = revision + 1"  # noqa: S608 # a constant
        " WHERE state = 'pending' AND mass NOT IN (1, 2) AND target_id IN"
        " (SELECT target_id FROM refused_role WHERE reason_class = 'forbidden')"
        f" AND NOT {intents.TAB_IN_DOUBT}"
    )
    connection.execute("UPDATE refused_role SET retry_at = 0 WHERE reason_class = 'forbidden'")
    connection.execute(
        "UPDATE person SET retry_at = 0 WHERE retry_at > 0 AND reason_code = 'not-granted'"
    )
    return True
