"""Requests and readings of what records point at: users, stages and accounts; without I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connectors.outreach.protocol import Request, Requests, whole_pages
from connectors.outreach.wire import Resource
from engine import Json, Roster, Stage, User

# Ids per request: keeps the address below the 8 kB that servers commonly take.
ACCOUNTS_PER_REQUEST = 500
USER_TEXTS = ("name", "username", "email", "firstName", "lastName")

STAGE_TEXTS = ("name",)


def users(requests: Requests) -> Request:
    """GET every user, locked ones included: they may own records (§8.4)."""
    members = "name,username,email,firstName,lastName,locked"
    return requests.read("/users", "users", {"fields[user]": members} | whole_pages())


def one_user(requests: Requests, user_id: int) -> Request:
    """GET one user (§8.4); counted with the listing that it stands in for."""
    request = requests.read("/users/{id}", "users", {"fields[user]": "name"}, user_id)
    return replace(request, route="/users")


def named_user(requests: Requests, user_id: int) -> Request:
    """GET one user with what tells a person who it is (§8.4); counted as above."""
    query = {"fields[user]": ",".join(USER_TEXTS)}
    return replace(requests.read("/users/{id}", "users", query, user_id), route="/users")


def stages(requests: Requests) -> Request:
    """GET every opportunity stage (§8.3)."""
    query = {"fields[opportunityStage]": "name"} | whole_pages()
    return requests.read("/opportunityStages", "stages", query)


def accounts(requests: Requests, ids: Sequence[int]) -> Request:
    """GET the accounts with these ids; the index shows only named ones (§6.2, §8.6)."""
    query = {"filter[id]": ",".join(map(str, ids)), "fields[account]": "name"}
    return requests.read("/accounts", "accounts", query | whole_pages())


def account(requests: Requests, account_id: int) -> Request:
    """GET one account, named or not (§8.6)."""
    return requests.read("/accounts/{id}", "accounts", {"fields[account]": "name"}, account_id)


def user(resource: Resource) -> User:
    """A user; the name is `name`, else first and last name (§8.4)."""
    given = {name: _text(resource.attributes.get(name)) for name in USER_TEXTS}
    full = f"{given['firstName']} {given['lastName']}".strip()
    return User(
        id=resource.id,
        name=given["name"] if given["name"].strip() else full,
        username=given["username"],
        email=given["email"],
        locked=resource.attributes.get("locked") is True,
    )


def readable(shown: Roster[Resource], texts: Sequence[str]) -> Roster[Resource]:
    """The listing without rows that lack every text that was asked for.

    Who is shown so has lost no name: the row cannot be read. A blank text is there as null.
    """
    rows = [one for one in shown.rows if not one.attributes.keys().isdisjoint(texts)]
    kept = {one.id for one in rows}
    nameless = [
        f"the row with id {one.id} holds none of {', '.join(texts)}"
        for one in shown.rows
        if one.id not in kept
    ]
    return Roster(rows, (*shown.unreadable, *nameless))


def stage(resource: Resource) -> Stage:
    """A stage; the name as it stands, which may repeat (§8.3)."""
    return Stage(id=resource.id, name=_text(resource.attributes.get("name")))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
