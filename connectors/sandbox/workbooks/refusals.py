"""Refusals: answers that end a request early, as exceptions."""

from connectors.sandbox.workbooks.fields import RecordType

# Login refusals and their status (§3.3).
LOGIN_REFUSALS = {
    "password_expired": 401,
    "login_disabled": 401,
    "unrecognised_name_or_password": 401,
    "session_expired": 401,
    "no_session": 401,
    "no_session_found": 401,
    "client_not_licensed": 401,
    "licence_expired": 401,
    "no_licensed_edition": 401,
    "client_not_activated": 401,
    "no_permission_for_api": 403,
    "requested_database_not_available": 403,
    "no_available_database": 403,
    "database_being_migrated": 403,
    "database_archived": 403,
    "no_database_selection_made": 403,
    "invalid_application_name": 403,
    "user_agent_required": 403,
}


class Refusal(Exception):
    """An answer other than 200, with its JSON body."""

    def __init__(self, status: int, body: dict[str, object]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body: dict[str, object] = {"success": False, **body}


class Redirect(Exception):
    """A 302 to another path of the same host."""

    def __init__(self, location: str) -> None:
        super().__init__(location)
        self.location = location


def unsuitable(message: str) -> Refusal:
    """406: parameters inconsistent or unsuitable (§1)."""
    return Refusal(406, {"failures": [message]})


def not_allowed(method: str) -> Refusal:
    """405: the resource does not allow this method (§1)."""
    return Refusal(405, {"failures": [f"Method {method} is not allowed here"]})


def not_found() -> Refusal:
    """404: no such resource, or no access to it; the two are not told apart (§1)."""
    return Refusal(404, {"failures": ["Not found"]})


def refused(reason: str, **more: object) -> Refusal:
    """A refused login, key or token (§3.3, A25-A27); unknown reasons are 401."""
    message = reason.replace("_", " ").capitalize()
    body = {"failure_reason": reason, "failure_message": message, **more}
    return Refusal(LOGIN_REFUSALS.get(reason, 401), body)


def unknown_column(record_type: RecordType, name: str) -> Refusal:
    """406 for a filter or sort on a column the type lacks (A23)."""
    return unsuitable(f"Unknown column '{name}' for {record_type.class_name}")
