"""The Workbooks emulator admits, refuses and delays as workbooks-api §1, §3 and §11 describe."""

import gzip
import json
from typing import Any

import httpx
import pytest

from connectors.sandbox.workbooks.refusals import LOGIN_REFUSALS
from tests.contract.test_workbooks_emulator import KEY, PATH, Emulator

pytestmark = pytest.mark.anyio

LOGIN = {"client": "api", "api_version": "1"}
UPDATE = {
    "_method": "PUT",
    "_ff": "id",
    "_ft": "eq",
    "_fc": "1",
    "__method[]": "PUT",
    "id[]": "1",
    "lock_version[]": "0",
    "comment[]": "written",
}


class Visitor:
    """A caller in session mode, who sends back the newest cookie by hand as the bindings do."""

    def __init__(self, **knobs: Any) -> None:
        self.crm = Emulator(**knobs)
        self.crm.world.opportunities.create(description="Deal")
        self.session = ""
        self.token = ""

    async def log_in(self, **form: str) -> httpx.Response:
        response = await self.crm.http.post(
            "/login.api", data={**LOGIN, **(form or {"api_key": KEY})}
        )
        self._keep(response)
        self.token = response.json().get("authenticity_token", "")
        return response

    async def ask(self, path: str = PATH, **form: str) -> httpx.Response:
        headers = {"Cookie": f"Workbooks-Session={self.session}"}
        response = await self.crm.http.post(path, data={"_method": "GET", **form}, headers=headers)
        self._keep(response)
        return response

    def _keep(self, response: httpx.Response) -> None:
        self.crm.http.cookies.clear()
        cookie = response.headers.get("Set-Cookie", "")
        if cookie:
            self.session = cookie.removeprefix("Workbooks-Session=").split(";")[0]


async def test_a_login_answers_all_that_the_bindings_read() -> None:
    """The token and the cookie are the session; some bindings fail without `my_queues`."""
    visitor = Visitor()

    response = await visitor.log_in()

    body = response.json()
    assert response.status_code == 200
    assert len(body["session_id"]) == 32
    assert len(body["authenticity_token"]) == 40
    assert body["user_id"] == visitor.crm.world.api_user_id
    assert "Private::Crm::OpportunityQueue" in body["my_queues"]
    cookie = f"Workbooks-Session={body['session_id']}; path=/; secure; HttpOnly"
    assert response.headers["Set-Cookie"] == cookie
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(("reason", "status"), LOGIN_REFUSALS.items())
async def test_every_login_refusal_can_be_provoked(reason: str, status: int) -> None:
    """Waiting, logging in again and calling the operator hang on these words (§3.3)."""
    visitor = Visitor()
    visitor.crm.world.refuse_logins(reason)

    response = await visitor.log_in()

    assert response.status_code == status
    assert response.json()["success"] is False
    assert response.json()["failure_reason"] == reason
    assert response.json()["failure_message"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"api_key": "revoked"}, "unrecognised_name_or_password"),
        ({"username": "api@example.com", "password": "wrong"}, "unrecognised_name_or_password"),
        ({"username": "api@example.com", "api_key": "None"}, "no_session"),
        ({"username": "api@example.com", "session_id": "gone"}, "no_session_found"),
        ({"api_key": KEY, "_application_name": "Workbooks"}, "invalid_application_name"),
    ],
)
async def test_a_login_with_wrong_credentials_says_which(form: dict[str, str], reason: str) -> None:
    """The refusals that follow from the request itself need no provoking."""
    visitor = Visitor()

    assert (await visitor.log_in(**form)).json()["failure_reason"] == reason


async def test_a_login_needs_a_user_agent_and_the_two_fixed_parameters() -> None:
    """Both omissions are easy to make and hard to see without the service's own refusal."""
    crm = Emulator()
    form = {**LOGIN, "api_key": KEY}

    nameless = await crm.http.post("/login.api", data=form, headers={"User-Agent": ""})
    versionless = await crm.http.post("/login.api", data={"api_key": KEY, "client": "api"})

    assert nameless.json()["failure_reason"] == "user_agent_required"
    assert versionless.status_code == 406
    assert (await crm.http.get("/login.api")).status_code == 405


async def test_a_session_write_needs_the_token_and_a_keyed_one_does_not() -> None:
    """A token is asked for only where a browser could be tricked (§3.2, A26)."""
    visitor = Visitor()
    await visitor.log_in()

    bare = await visitor.ask(**UPDATE)
    wrong = await visitor.ask(**UPDATE, _authenticity_token="guess")
    right = await visitor.ask(**UPDATE, _authenticity_token=visitor.token)
    keyed = await visitor.crm.send(PATH, UPDATE | {"lock_version[]": "1"})

    assert bare.status_code == wrong.status_code == 401
    assert bare.json()["failure_reason"] == "invalid_authenticity_token"
    assert right.json()["affected_objects"][0]["comment"] == "written"
    assert keyed.json()["success"] is True


async def test_options_given_at_login_hold_for_the_session_until_overridden() -> None:
    """Formats set once at login must apply to every read, and yield to a request's own."""
    visitor = Visitor()
    await visitor.log_in(api_key=KEY, _json_output_datetime_format="%s")

    sticky = (await visitor.ask()).json()["data"][0]["updated_at"]
    override = (await visitor.ask(_json_output_datetime_format="%Y")).json()["data"][0][
        "updated_at"
    ]

    assert (sticky.isdigit(), override) == (True, "2025")


async def test_a_session_changes_its_id_and_the_newest_must_be_kept() -> None:
    """Any answer may carry a new id; the old one works only for a grace time."""
    visitor = Visitor(rotate_session_every=2, rotation_grace_s=30)
    await visitor.log_in()
    first = visitor.session

    await visitor.ask()
    second = visitor.session
    visitor.session = first
    within = await visitor.ask()
    visitor.crm.now += 31
    visitor.session = first
    after = await visitor.ask()

    assert first != second
    assert (within.status_code, after.status_code) == (200, 302)


@pytest.mark.parametrize("how", ["idle", "forced", "logout", "forged"])
async def test_an_invalid_session_is_sent_to_the_login_page(how: str) -> None:
    """The same status as a delay; only where it leads tells them apart (§3.4, A2)."""
    visitor = Visitor(session_ttl_s=100)
    await visitor.log_in()
    if how == "idle":
        visitor.crm.now += 101
    elif how == "forced":
        visitor.crm.world.expire_sessions()
    elif how == "logout":
        assert (await visitor.ask("/logout", _method="POST")).status_code == 302
    else:
        visitor.session = "0" * 32

    response = await visitor.ask()

    assert response.status_code == 302
    assert response.headers["Location"] == "http://workbooks.test/login"
    assert (await visitor.crm.http.get("/login")).status_code == 200


async def test_a_lost_session_can_be_reconnected_under_a_new_id() -> None:
    """The new id replaces the old one at once (§3.4)."""
    visitor = Visitor()
    await visitor.log_in(username="api@example.com", password="secret")
    old = visitor.session

    await visitor.log_in(username="api@example.com", session_id=old, logical_database_id="12")

    assert visitor.session != old
    assert (await visitor.ask()).status_code == 200
    visitor.session = old
    assert (await visitor.ask()).status_code == 302


async def test_a_plain_request_is_refused_by_what_is_wrong_with_it() -> None:
    """Keys, credentials, paths, methods and maintenance each have their status (§1, A25, A27)."""
    crm = Emulator()
    get = crm.http.get
    bad_key = await get(f"{PATH}?api_key=revoked")
    nobody = await get(PATH)

    assert (bad_key.status_code, nobody.status_code) == (401, 401)
    assert bad_key.json()["failure_reason"] == "unrecognised_name_or_password"
    assert (await get(f"/crm/opportunities?api_key={KEY}")).status_code == 404
    assert (await get(f"/crm/no_such.api?api_key={KEY}")).status_code == 404
    assert (await crm.send(PATH, {})).status_code == 405
    assert (await crm.send(PATH, {"_method": "PATCH"})).status_code == 501
    crm.world.deny("crm/opportunities")
    assert (await crm.send(PATH, {"_method": "GET"})).status_code == 404
    crm.world.start_maintenance()
    closed = await get(f"/crm/people.api?api_key={KEY}")
    assert (closed.status_code, closed.json()["failure_reason"]) == (403, "database_being_migrated")


@pytest.mark.parametrize("hops", [1, 3])
async def test_a_delayed_write_happens_once_when_the_delaying_url_is_followed(hops: int) -> None:
    """A bare GET, without body, cookie or key, receives the answer to the write (A10)."""
    crm = Emulator(delay_every=1, delay_hops=hops)
    crm.world.opportunities.create()
    response = await crm.send(PATH, UPDATE)
    first = response.headers["Location"]
    assert crm.world.opportunities.value(1, "comment") is None

    for _ in range(hops):
        assert response.status_code == 302
        response = await crm.http.get(response.headers["Location"])

    assert response.json()["affected_objects"][0]["lock_version"] == 1
    assert (await crm.http.get(first)).status_code == 404
    assert (crm.world.delays.issued, crm.world.delays.followed) == (hops, hops)


@pytest.mark.parametrize("hops", [1, 3])
async def test_a_delayed_request_may_be_repeated_to_its_own_url_instead(hops: int) -> None:
    """One binding repeats the identical request until the answer is no redirect."""
    crm = Emulator(delay_every=1, delay_hops=hops)
    crm.world.opportunities.create()

    answers = [await crm.send(f"{PATH}?_dc={turn}", UPDATE) for turn in range(hops + 1)]

    assert [one.status_code for one in answers] == [302] * hops + [200]
    assert answers[-1].json()["affected_objects"][0]["lock_version"] == 1
    assert crm.world.delays.repeated == hops


async def test_only_every_nth_request_is_delayed() -> None:
    """Throttling is normal operation, and mostly absent."""
    crm = Emulator(delay_every=3)

    statuses = [
        (await crm.send(PATH, {"_method": "GET", "n": str(n)})).status_code for n in range(6)
    ]

    assert statuses == [200, 200, 302, 200, 200, 302]


async def test_bodies_are_compressed_only_for_callers_that_accept_it() -> None:
    """A caller that asks for nothing must be able to read what it gets."""
    crm = Emulator()
    for _ in range(50):
        crm.world.opportunities.create()
    url = f"{PATH}?api_key={KEY}"

    plain = await crm.http.get(url, headers={"Accept-Encoding": "identity"})
    async with crm.http.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as packed:
        raw = b"".join([chunk async for chunk in packed.aiter_raw()])

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(raw)) == plain.json()


async def test_json_comes_plain_indented_escaped_or_wrapped() -> None:
    """The four ways of §1 to write the same answer."""
    crm = Emulator()
    crm.world.opportunities.create(description="Ålesund")
    form = {"_method": "GET", "_select_columns[]": "description"}

    texts = [
        (await crm.send(PATH, form | more)).text
        for more in ({}, {"json": "pretty"}, {"json_utf8_encoding": "u4"}, {"jsonp": "take"})
    ]

    assert '"Ålesund"' in texts[0]
    assert "\n  " in texts[1]
    assert '"\\u00c5lesund"' in texts[2]
    assert texts[3] == f"take({texts[0]});"
    assert crm.world.stats[("GET", PATH)] == 4
