"""The `[workbooks]` table of the configuration file: where Workbooks is and how we sign in."""

from __future__ import annotations

import re
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from engine import Secret, Settings

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class WorkbooksFields(Settings):
    """API names of the plugin's columns on one record type.

    None finds the column by its exact title at start, because an API name can carry a numeric
    suffix that the title does not show (workbooks-api §13).
    """

    sync: str | None = Field(default=None, min_length=1)
    """Column of the checkbox "Sync to Outreach"."""

    error: str | None = Field(default=None, min_length=1)
    """Column of the checkbox "Outreach Sync Error"."""

    outreach_id: str | None = Field(default=None, min_length=1)
    """Column of "Outreach Id"."""

    outreach_url: str | None = Field(default=None, min_length=1)
    """Column of "Outreach URL"."""

    error_message: str | None = Field(default=None, min_length=1)
    """Column for the reason of a failure; None uses "Outreach Sync Error Message" if it exists."""


class WorkbooksPersonFields(WorkbooksFields):
    """API names of the plugin's columns on people; the same, and one more."""

    duplicate: str | None = Field(default=None, min_length=1)
    """Column of the checkbox that keeps a person out; None uses "Outreach Duplicate" if it
    exists."""


class WorkbooksSettings(Settings):
    """Everything an operator can say about the Workbooks side."""

    base_url: str = "https://secure.workbooks.com"
    """Service address; tenant and pre-release hosts exist, and `http` serves a local sandbox."""

    auth: Literal["api_key", "session"] = "api_key"
    """`api_key` sends the key with every request; `session` signs in once and keeps a cookie."""

    api_key: Secret | None = None
    """Acts as the user who made it and is bound to one database, so it needs no database id."""

    username: str | None = Field(default=None, min_length=1)
    """E-mail address for `auth = "session"` without an API key."""

    password: Secret | None = None
    """Password that goes with `username`."""

    logical_database_id: int | None = Field(default=None, ge=1)
    """Chooses among several databases of `username`; not used with an API key."""

    page_size: int = Field(default=100, ge=1, le=100)
    """Rows per listing request; Workbooks promises no more than 100."""

    requests_in_flight_max: int = Field(default=4, ge=1, le=64)
    """Requests under way at once; the vendor's own binding stops at 5 (workbooks-api §10)."""

    timeout_s: float = Field(default=120.0, gt=0, le=180)
    """Seconds for connecting and for each read; a delaying address may hold an answer this long."""

    login_redirect_prefix: str = Field(default="/login", pattern="^/")
    """A redirect to a path that starts so means a lost session; any other is a delay."""

    record_url: str = Field(default="", pattern=r"^(https?://\S*\{ref\}\S*)?$")
    """Address of a record in the web application, with `{ref}` for its reference; none if blank."""

    delay_hops_max: int = Field(default=20, ge=1)
    """Delaying redirects followed for one request before it is given up for now."""

    fields: WorkbooksFields = Field(default_factory=WorkbooksFields)
    """Overrides for the plugin's columns on opportunities."""

    person_fields: WorkbooksPersonFields = Field(default_factory=WorkbooksPersonFields)
    """Overrides for the plugin's columns on people."""

    false_matches_unset: bool = True
    """Whether the filter `false` finds a checkbox nobody ever set (workbooks-api §21 A21); False
    leaves that filter out, reads the flagged records too, and judges them here."""

    account_field: str | None = Field(default=None, min_length=1)
    """Organisation column with its Outreach account id; None finds it by the title "Outreach Id"
    and leaves accounts blank when there is no such column."""

    @field_validator("base_url")
    @classmethod
    def _origin(cls, text: str) -> str:
        if _CONTROL.search(text):
            # What takes an address apart leaves these out, and another host would be asked.
            raise ValueError("base_url holds a control character, such as a tab or a line's end")
        parts = urlsplit(text)
        # Reading the port raises ValueError by itself when it is no port.
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError('base_url needs a form such as "https://secure.workbooks.com"')
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("base_url holds no credentials, query or fragment")
        return text.rstrip("/")

    @model_validator(mode="after")
    def _credentials(self) -> Self:
        if self.api_key is not None and self.api_key.get_secret_value():
            return self
        if self.auth == "api_key":
            raise ValueError(
                "api_key is missing: make one in Workbooks and name it here, for example"
                ' api_key = { env = "WORKBOOKS_API_KEY" }'
            )
        if not self.username or self.password is None or not self.password.get_secret_value():
            raise ValueError(
                'auth = "session" needs api_key, or username and password together;'
                " what is missing must be added"
            )
        return self
