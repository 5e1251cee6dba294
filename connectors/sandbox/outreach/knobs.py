"""What an org, or a bad day, can change about Outreach: one switch per unsettled point.

The defaults are the assumptions of outreach-api §15; a test turns one knob and keeps the rest.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True, kw_only=True)
class OutreachKnobs:
    """Behaviour that differs between orgs, plans and days. May be changed while serving."""

    # Origin of absolute links; None takes scheme and Host of the request (§16.1).
    public_base_url: str | None = None

    # Tokens (§3). A mint interval of 0 switches the throttle off.
    access_token_lifetime_s: int = 7200
    refresh_token_lifetime_s: int = 14 * 86_400
    authorization_code_lifetime_s: int = 600
    refresh_reuse: Literal["allow", "deny"] = "allow"
    refresh_tokens_max: int = 100
    mint_interval_s: float = 60.0
    # How an access token that has expired is answered: by the gateway, as documented, or as public
    # clients of the service have seen it.
    expired_answer: Literal["401", "403", "403 bare", "401 bare"] = "401"
    # Who sits in front of the consent page; None is the user with the lowest id.
    consenting_user_id: int | None = None
    # What they do: allow or deny it without looking, or see the page and use it.
    consent: Literal["grant", "deny", "ask"] = "grant"

    # Limits and maintenance (§4).
    rate_limit: int = 10_000
    rate_window_s: int = 3600
    retry_after: Literal["epoch", "delta", "iso", "absent"] = "epoch"
    reset_on_429: bool = True
    remaining_two_values: bool = False
    maintenance_until: float | None = None

    # Answers carry `Date`, by the clock of the world.
    date_header: bool = True

    # Permissions (§3.3, §15.15).
    opportunities_sku: bool = True
    governance_use: bool = True
    governance_create: bool = True
    governance_edit: Literal["any", "own", "none"] = "any"

    # Collections (§6.4, §16.12).
    index_lag_s: float = 0.0
    disorder: bool = False
    upper_bound_slack_s: float = 0.0
    page_size_answered_max: int | None = None
    # What `links.next` looks like: whole, without origin, or the query alone; or leading from the
    # last page to the first, or from every page to itself.
    next_links: Literal["absolute", "path", "query", "circle", "self"] = "absolute"

    # Writes (§7, §8, §15).
    unknown_attr: Literal["reject", "ignore"] = "reject"
    # Whether an opportunity without a close date is refused; public connectors believe so.
    close_date_required: bool = False
    duplicate_role: Literal["allow", "422"] = "allow"
    # Whether a second role of a prospect on one opportunity is refused, whatever it says.
    one_role_per_person: bool = False
    soft_delete: bool = False
    noop_patch: Literal["accept", "422 on prospects", "422"] = "accept"
    excluded_email_domains: frozenset[str] = frozenset()
    types_casing: Literal["camel", "pascal"] = "camel"
