"""The answer of a consent page, as a browser brings it or a person pastes it. Pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from engine.errors import EngineError, Misconfigured, Unauthorized, excerpt

CANCELLED = "access_denied"
UNKNOWN_PERMISSION = "invalid_scope"
_CODE = re.compile(r"[!-~]{4,4096}")
AGAIN = "wosync auth"


class NotTheAnswer(EngineError):
    """What came is no answer to the consent that was asked for; another may follow."""


def code_in(pasted: str, state: str | None) -> str:
    """The code in what a person pasted: the address the browser was led to, or the code alone.

    Args:
        state: what the consent page was asked to send back; None when that is not known here.

    Raises:
        NotTheAnswer: there is no code in it, or it answers something else.
        Unauthorized, Misconfigured: see `code_of`.
    """
    text = pasted.strip().strip("<>\"'")
    query = urlsplit(text).query if "://" in text else text.partition("?")[2]
    if query or "code=" in text:
        return code_of(dict(parse_qsl(query or text)), state)
    if "://" in text or not _CODE.fullmatch(text):
        raise NotTheAnswer(
            "there is no code in what was pasted",
            remedy="paste the whole address that the browser shows after you have allowed it; the"
            " page itself may say that it cannot be reached",
        )
    return text


def code_of(answer: Mapping[str, str], state: str | None) -> str:
    """The code among the parameters of an answer.

    Raises:
        NotTheAnswer: it answers something else, or nothing.
        Unauthorized: the consent was cancelled.
        Misconfigured: the consent page refused what was asked for.
    """
    told = answer.get("state", "")
    if state is not None and not hmac.compare_digest(told.encode(), state.encode()):
        raise NotTheAnswer(
            "this answers a consent that was asked for at another time",
            remedy=f"use the address that was printed last; if it is lost, run again: {AGAIN}",
        )
    if "error" in answer:
        raise _refusal(answer["error"])
    code = answer.get("code", "").strip()
    if not _CODE.fullmatch(code):
        raise NotTheAnswer(
            "the answer of the consent page holds no code",
            remedy=f"run {AGAIN} again and use the address it prints",
        )
    return code


def _refusal(reason: str) -> EngineError:
    if reason == CANCELLED:
        return Unauthorized(
            "the consent was cancelled; nothing has changed",
            remedy=f"run {AGAIN} again and allow it, as a user who may do what the service does",
        )
    if reason == UNKNOWN_PERMISSION:
        return Misconfigured(
            "the consent page refuses the permissions that were asked for; nothing has changed",
            remedy="let the application ask for each of them in the developer portal, then run"
            f" again: {AGAIN}",
        )
    return Misconfigured(
        f"the consent page refuses the request: {excerpt(reason)}; nothing has changed",
        remedy="check the application's id and its redirect address in the developer portal, then"
        f" run again: {AGAIN}",
    )
