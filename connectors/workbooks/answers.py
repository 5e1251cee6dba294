"""Answers of Workbooks, read without I/O: what they hold, or which error they are."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import TypeVar, cast
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, ValidationError

from connectors.workbooks.wire import (
    ENTRIES_MAX,
    SESSION_COOKIE,
    WAIT_REASONS,
    Listing,
    Refusal,
    Row,
)
from engine import (
    Answer,
    ChoiceNeeded,
    EngineError,
    Json,
    Misconfigured,
    TheirFault,
    Throttled,
    Unauthorized,
    Unreachable,
    excerpt,
)

SYSTEM = "workbooks"

REDIRECTS = frozenset({301, 302, 303, 307, 308})

# No wait is documented for maintenance or limits (§3.3, A34); a minute is one poll.
WAIT_S = 60.0
# A longer wait is more likely a mistake than meant.
WAIT_S_MAX = 3600.0

# Longer than any address a server takes, shorter than what the HTTP library refuses.
URL_CHARS_MAX = 8192

REMEDIES = {
    "unrecognised_name_or_password": "check the key, or the name and password, under [workbooks]",
    "password_expired": "change the password in Workbooks, or use an API key",
    "login_disabled": "have the user's account enabled in Workbooks",
    "client_not_activated": "follow the activation e-mail that Workbooks has sent to the user",
    "licence_expired": "renew the Workbooks licence",
    "no_licensed_edition": "allocate a Workbooks edition to the user",
    "no_permission_for_api": "give the user the API capability in Workbooks",
}
REMEDY_CREDENTIALS = (
    "check that the credentials under [workbooks] are current and that their user may read and"
    " change opportunities"
)
REMEDY_COLUMNS = (
    "check the column names under [workbooks.fields] and [workbooks.person_fields], and in the"
    " mapping"
)
REMEDY_ENDPOINT = "check [workbooks] base_url, and that the API user may see this kind of record"

_Shape = TypeVar("_Shape", bound=BaseModel)


def document(answer: Answer, operation: str, now: float) -> dict[str, Json]:
    """The JSON object of a 200 answer; the caller must still look at `success` (§1).

    Args:
        now: unix seconds, to read a Retry-After date.

    Raises:
        Throttled: told to wait, or the database is away for maintenance (§3.3, A27, A34).
        Unauthorized: 401, or 403 for any other reason.
        Misconfigured: 404, 405 or 406: the endpoint, the method or a column does not exist.
        Unreachable: any other 5xx.
        TheirFault: another status, or a body that is no JSON object.
    """
    if answer.status != 200:
        raise _by_status(answer, operation, now)
    found = _json_object(answer)
    if found is None:
        raise _not_json(answer, operation)
    if found.get("success") is not True and refusal_of(answer).reason:
        raise refused(answer, operation, now)
    return found


def rows(found: dict[str, Json], operation: str) -> tuple[list[Row], int]:
    """The rows of a listing (§4), and how many were skipped because they are null.

    Raises:
        TheirFault: it is no listing, it reports a failure, or it has more rows than any listing.
    """
    data = found.get("data")
    listed = cast("list[Json]", data) if isinstance(data, list) else []
    if len(listed) > ENTRIES_MAX:
        # Let go at once: whoever keeps the error would keep millions of values with it.
        listed.clear()
        raise TheirFault(
            f"the listing has more than {ENTRIES_MAX:,} rows", system=SYSTEM, operation=operation
        )
    if found.get("success") is False:
        said = excerpt(Refusal.model_validate(found).text) or "without a reason"
        raise TheirFault(f"the read failed: {said}", system=SYSTEM, operation=operation, status=200)
    shaped_rows = shaped(Listing, found, operation).data
    shown = [row for row in shaped_rows if row is not None]
    return shown, len(shaped_rows) - len(shown)


def shaped(model: type[_Shape], found: Json, operation: str) -> _Shape:
    """`found` as `model`.

    Raises:
        TheirFault: it has another shape; names the places, never the values.
    """
    try:
        return model.model_validate(found)
    except ValidationError as error:
        places = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
        said = excerpt(", ".join(f"{place}: {what}" for place, what in places.items()))
        raise TheirFault(
            f"the answer has an unknown shape: {said}", system=SYSTEM, operation=operation
        ) from error


def refusal_of(answer: Answer) -> Refusal:
    """What the body says about a refusal; an HTML or empty body says nothing (A25)."""
    return Refusal.model_validate(_json_object(answer) or {})


# The reason of a login that opens several databases.
SEVERAL_DATABASES = "no_database_selection_made"


def refused(answer: Answer, operation: str, now: float) -> Throttled | Unauthorized:
    """The error behind a refusal with a login reason, by the classes of §3.3 and A1."""
    refusal = refusal_of(answer)
    if refusal.reason in WAIT_REASONS:
        return Throttled(
            f"the database is not available now: {excerpt(refusal.text)}",
            system=SYSTEM,
            operation=operation,
            status=answer.status,
            retry_after_s=wait_s(answer, now),
            remedy="none needed: maintenance ends by itself",
        )
    said = excerpt(refusal.text) or "without a reason"
    if refusal.reason == SEVERAL_DATABASES:
        return ChoiceNeeded(
            f"refused: {said}",
            key="logical_database_id",
            choices=_choices(refusal.databases),
            system=SYSTEM,
            operation=operation,
            status=answer.status,
            remedy=_remedy(refusal),
        )
    return Unauthorized(
        f"refused: {said}",
        system=SYSTEM,
        operation=operation,
        status=answer.status,
        remedy=_remedy(refusal),
    )


def wait_s(answer: Answer, now: float) -> float:
    """Seconds to wait: Retry-After as digits or as an HTTP date, else WAIT_S (A34)."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit() and len(given) < 10:
        asked = float(given)
    else:
        until, there = _moment(given), served_at(answer)
        if until is None:
            return WAIT_S
        # By the service's own clock, where it tells it.
        asked = until - (now if there is None else there)
    return min(max(asked, 1.0), WAIT_S_MAX)


def served_at(answer: Answer) -> float | None:
    """When the answer was given, unix seconds by the service's clock; None when it does not tell.

    What tells an age lay in a cache, and its time is that of another answer.
    """
    return None if "age" in answer.headers else _moment(answer.headers.get("date", ""))


def _moment(text: str) -> float | None:
    """Unix seconds of an HTTP date; None for anything else."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def session_cookie(lines: Sequence[str]) -> str | None:
    """The session id among `Set-Cookie` lines, the last one winning; None without one (§3.2)."""
    found: str | None = None
    for line in lines:
        name, _, value = line.partition(";")[0].partition("=")
        if name.strip() == SESSION_COOKIE and value.strip():
            found = value.strip()
    return found


def redirect_url(answer: Answer, url: str, operation: str) -> str:
    """The absolute address a redirect of `url` points to.

    Raises:
        TheirFault: it points nowhere.
    """
    location = answer.headers.get("location", "").strip()
    if location:
        try:
            target = urljoin(url, location)
            # What the HTTP library would refuse to send is nowhere as well.
            if origin(target)[1] and target.isprintable() and len(target) <= URL_CHARS_MAX:
                return target
        except ValueError:
            pass
    raise TheirFault(
        "a redirect without a usable Location",
        system=SYSTEM,
        operation=operation,
        status=answer.status,
    )


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of an absolute URL, for comparison."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or {"http": 80, "https": 443}.get(parts.scheme),
    )


def leads_to_login(url: str, base_url: str, prefix: str) -> bool:
    """Whether a redirect means a lost session and not a delay (§3.4, A2)."""
    path = urlsplit(url).path
    return path.removeprefix(urlsplit(base_url).path).startswith(prefix)


def _by_status(answer: Answer, operation: str, now: float) -> EngineError:
    refusal = refusal_of(answer)
    said = excerpt(refusal.text) or "without a reason"
    status = answer.status
    if status in (401, 403):
        return refused(answer, operation, now)
    if status in (429, 503):
        return Throttled(
            f"told to wait: {said}",
            system=SYSTEM,
            operation=operation,
            status=status,
            retry_after_s=wait_s(answer, now),
        )
    if status in (404, 405, 406):
        message = "no such resource, or no access to it" if status == 404 else f"refused: {said}"
        return Misconfigured(
            message,
            system=SYSTEM,
            operation=operation,
            status=status,
            remedy=REMEDY_COLUMNS if status == 406 else REMEDY_ENDPOINT,
        )
    if status >= 500:
        return Unreachable(
            f"server error: {said}",
            system=SYSTEM,
            operation=operation,
            status=status,
            remedy="check the Workbooks status page",
        )
    return TheirFault("an unexpected status", system=SYSTEM, operation=operation, status=status)


def _remedy(refusal: Refusal) -> str:
    if refusal.reason == SEVERAL_DATABASES:
        named = [f"{one} ({name})" for one, name in _choices(refusal.databases).items()]
        choices = f" to one of {', '.join(named)}" if named else ""
        return f"set [workbooks] logical_database_id{choices}"
    return REMEDIES.get(refusal.reason, REMEDY_CREDENTIALS)


def _choices(databases: Json) -> dict[int, str]:
    """Names of the databases by their ids, those that can be told."""
    if not isinstance(databases, list):
        return {}
    listed = [cast(dict[str, Json], one) for one in cast(list[Json], databases) if _is_object(one)]
    found = ((one.get("id"), one.get("name")) for one in listed)
    return {int(one): str(name) for one, name in found if str(one).isdecimal()}  # pyright: ignore[reportArgumentType] # digits


def _is_object(found: Json) -> bool:
    return isinstance(found, dict)


def _json_object(answer: Answer) -> dict[str, Json] | None:
    try:
        found = answer.json()
    except TheirFault:
        return None
    return found if _is_object(found) else None


def _not_json(answer: Answer, operation: str) -> TheirFault:
    html = answer.body.lstrip()[:1] == b"<" or "html" in answer.headers.get("content-type", "")
    return TheirFault(
        "the answer is an HTML page, not JSON: probably a maintenance page"
        if html
        else "the answer is no JSON object",
        system=SYSTEM,
        operation=operation,
        status=answer.status,
        remedy="open [workbooks] base_url in a browser and check the Workbooks status page",
    )
