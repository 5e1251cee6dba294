"""The error behind an answer of the token endpoint (outreach-api §3.4), without I/O.

Descriptions stay out, since they may quote a token.
"""

from __future__ import annotations

from connectors.outreach.grants import refusal
from connectors.outreach.kept_tokens import Presented
from connectors.outreach.protocol import SYSTEM
from connectors.outreach.refusals import AUTHORISE_AGAIN
from engine import Answer, EngineError, Misconfigured, TheirFault, Unauthorized

OPERATION = "token"
IN_FRONT = (
    "something in front of it answers, such as a proxy or the sign-in page of a network: open the"
    " address of [outreach] base_url from this machine, and correct base_url if it is another"
)


def not_authorised() -> Unauthorized:
    """Nobody has let this service in yet."""
    return Unauthorized(
        "nobody has authorised this service yet",
        system=SYSTEM,
        operation=OPERATION,
        remedy="authorise it: wosync auth",
    )


def used_by_another(error: Unauthorized, age_s: float) -> Unauthorized:
    """The refusal of a token that nobody but this service was ever given."""
    return Unauthorized(
        f"{error.message}; it was issued to this service itself {age_s / 3600:.1f} hours ago, so"
        " another one with a copy of this state has used it, or the answer to its last use was"
        " lost",
        system=error.system,
        operation=error.operation,
        status=error.status,
        retry_after_s=error.retry_after_s,
        remedy=f"look for a second service on the same pair and stop it; then {error.remedy}",
    )


def refused(answer: Answer, presented: Presented, retry_after_s: float) -> EngineError:
    """The error behind a 3xx or 4xx answer, or a success that brings no token.

    Args:
        retry_after_s: seconds to the next attempt, where a person is waited for.
    """
    reason = refusal(answer) or ("invalid_client" if answer.status == 401 else None)
    if reason is None:
        return _incomprehensible(answer.status)
    if reason == "invalid_grant":
        return _code_refused(answer) if presented.code else _token_refused(answer)
    if answer.status == 401 or reason in {"invalid_client", "unauthorized_client"}:
        return Unauthorized(
            "the application's credentials are refused",
            system=SYSTEM,
            operation=OPERATION,
            status=answer.status,
            retry_after_s=retry_after_s,
            remedy="check [outreach] client_id and client_secret against the developer portal",
        )
    return Misconfigured(
        "the token request is refused",
        system=SYSTEM,
        operation=OPERATION,
        status=answer.status,
        retry_after_s=retry_after_s,
        remedy="check [outreach] client_id, client_secret and redirect_uri; then authorise again:"
        " wosync auth",
    )


def _token_refused(answer: Answer) -> Unauthorized:
    return Unauthorized(
        "the refresh token is refused (invalid_grant)",
        system=SYSTEM,
        operation=OPERATION,
        status=answer.status,
        remedy=AUTHORISE_AGAIN,
    )


def _code_refused(answer: Answer) -> Unauthorized:
    return Unauthorized(
        "the code of the consent is refused (invalid_grant): it was used before, is older than some"
        " minutes, or was given for another redirect address or application",
        system=SYSTEM,
        operation=OPERATION,
        status=answer.status,
        remedy="run wosync auth again and consent anew; a code serves once, with the redirect"
        " address it was asked for with",
    )


def _incomprehensible(status: int) -> TheirFault:
    return TheirFault(
        "the token endpoint's answer cannot be understood",
        system=SYSTEM,
        operation=OPERATION,
        status=status,
        remedy=IN_FRONT,
    )
