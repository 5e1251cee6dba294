"""Settings of the table `[outreach]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from connectors.outreach.address import address_in
from engine import BudgetSettings, Secret, Settings, TextOrReference

API_PATH = "/api/v2"


def _origin(text: str) -> str:
    # One origin is written in one way: refresh tokens belong to it.
    origin = str(address_in(text.strip()))
    if origin.endswith(API_PATH):
        raise ValueError(f"must be given without {API_PATH}: the token endpoint lies beside it")
    return origin


def _without_credentials(text: str) -> str:
    # Shown to people as it stands, and written into every record.
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise ValueError("must not carry credentials")
    return text


def _with_id(text: str) -> str:
    text = _without_credentials(text)
    if "{id}" not in text:
        raise ValueError("must contain {id}, which stands for the record's id")
    return text


class OutreachSettings(Settings):
    """How to reach Outreach and as whom (outreach-api §1, §3, §4, §13)."""

    # Where both the API and the token endpoint live; plain http serves local emulators.
    base_url: Annotated[str, AfterValidator(_origin)] = "https://api.outreach.io"

    # The application's credentials from the developer portal.
    client_id: TextOrReference
    client_secret: Secret

    # A first refresh token from elsewhere; `wosync auth` needs none. Each mint rotates it, and the
    # successor is kept in the state; a different value here means a new authorisation.
    refresh_token: Secret | None = None

    # Where the consent page leads back to, as registered with the application; also sent with a
    # refresh, which is accepted with and without it.
    redirect_uri: Annotated[str, AfterValidator(_without_credentials)] | None = None

    # Address of an opportunity in the web application; a template, because it is unpublished.
    record_url: Annotated[str, AfterValidator(_with_id)] = (
        "https://web.outreach.io/opportunities/{id}"
    )

    # Address of a prospect in the web application.
    prospect_url: Annotated[str, AfterValidator(_with_id)] = (
        "https://web.outreach.io/prospects/{id}/overview"
    )

    # Requests under way at once; no limit is published, four per user is considerate.
    requests_in_flight_max: int = Field(default=4, ge=1, le=64)

    # Seconds to connect, and again for each read; heavy collection pages take tens of seconds.
    timeout_s: float = Field(default=60, gt=0, le=180, allow_inf_nan=False)

    # Seconds a collection may lag behind a write; a create in doubt is looked for that long.
    visibility_s: float = Field(default=300, ge=0, allow_inf_nan=False)

    # What to do when the record behind a stored id is gone: refuse, or create it once more.
    on_missing: Literal["refuse", "recreate"] = "refuse"

    # Requests this service may spend.
    budget: BudgetSettings = Field(default_factory=BudgetSettings)
