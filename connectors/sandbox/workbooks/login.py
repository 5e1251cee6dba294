"""`login.api` and `logout` (workbooks-api §3.1, §3.3, §3.4)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.sandbox.workbooks.catalogue import OPPORTUNITY_QUEUE
from connectors.sandbox.workbooks.formats import OutputFormats, render
from connectors.sandbox.workbooks.params import Params
from connectors.sandbox.workbooks.refusals import refused, unsuitable
from connectors.sandbox.workbooks.sessions import (
    Session,
    Sessions,
    User,
    Users,
    admitted,
    application_name,
)

DATABASE_INSTANCE_ID = 345
_RESERVED_NAMES = frozenset({"workbooks", "workbooks desktop"})
_MADE_AT = int(datetime(2025, 2, 4, 10, 25, 56, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Database:
    """A logical database a user may choose at login."""

    id: int
    name: str


def log_in(
    params: Params,
    user_agent: str,
    users: Users,
    sessions: Sessions,
    databases: list[Database],
) -> tuple[Session, dict[str, object]]:
    """Open or reconnect a session and give the body that answers it.

    Raises:
        Refusal: 401 or 403 with a reason of §3.3; 406 without `client` or `api_version`.
    """
    if not user_agent.strip():
        raise refused("user_agent_required")
    for name in ("client", "api_version"):
        if params.credential(name) is None:
            raise unsuitable(f"Parameter {name} is required")
    application = application_name(params, user_agent)
    if application.lower() in _RESERVED_NAMES:
        raise refused("invalid_application_name")
    session = _session(params, application, users, sessions, databases)
    return session, _body(session, users.by_id[session.user_id], databases)


def _session(
    params: Params,
    application: str,
    users: Users,
    sessions: Sessions,
    databases: list[Database],
) -> Session:
    """One of the three credential sets of §3.1, in the order listed there."""
    key = params.credential("api_key")
    if key:
        return sessions.open(users.of_key(key).id, application, params)
    user = users.of_name(params.credential("username"))
    password = params.credential("password")
    if password is not None:
        if user is None or user.password is None or user.password != password:
            raise refused("unrecognised_name_or_password")
        admitted(user)
        _choose_database(params, databases)
        return sessions.open(user.id, application, params)
    earlier = params.credential("session_id")
    if earlier is None:
        raise refused("no_session" if user else "unrecognised_name_or_password")
    session = sessions.find(earlier)
    if session is None or user is None or session.user_id != user.id:
        raise refused("no_session_found")
    _choose_database(params, databases)
    sessions.renew(session)
    return session


def _choose_database(params: Params, databases: list[Database]) -> None:
    wanted = params.credential("logical_database_id")
    if wanted is None and len(databases) > 1:
        raise refused(
            "no_database_selection_made",
            databases=_listed(databases),
            default_database_id=databases[0].id,
        )
    if wanted is not None and wanted not in [str(one.id) for one in databases]:
        raise refused("requested_database_not_available")


def _listed(databases: list[Database]) -> list[dict[str, object]]:
    made_at = render("datetime", _MADE_AT, OutputFormats())
    return [{"id": one.id, "name": one.name, "created_at": made_at} for one in databases]


def _body(session: Session, user: User, databases: list[Database]) -> dict[str, object]:
    """The keys seen in vendor samples, which show no `success` (§3.1)."""
    return {
        "session_id": session.id,
        "authenticity_token": session.token,
        "user_id": user.id,
        "login_name": user.login_name,
        "person_name": user.person_name,
        "database_name": databases[0].name,
        "logical_database_id": databases[0].id,
        "default_database_id": databases[0].id,
        "database_instance_id": DATABASE_INSTANCE_ID,
        "databases": _listed(databases),
        "api_version": 1,
        "version": "sandbox (build 1)",
        "timezone": "London (GMT+00:00)",
        "my_queues": {OPPORTUNITY_QUEUE: user.queue_id},
    }
