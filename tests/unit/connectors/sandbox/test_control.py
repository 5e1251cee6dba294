"""The control port drives both systems: records, knobs, latency, faults and counters, in JSON."""

from typing import Any

import httpx
import pytest

from connectors.sandbox.control import control_app
from connectors.sandbox.desks import OutreachDesk, WorkbooksDesk
from connectors.sandbox.faults import Faults
from connectors.sandbox.outreach import OutreachWorld, outreach_app
from connectors.sandbox.workbooks import WorkbooksWorld, workbooks_app

pytestmark = pytest.mark.anyio

NOON = 1_741_521_600


class Bench:
    """Two empty worlds, and a client of the control port."""

    def __init__(self) -> None:
        self.workbooks = WorkbooksWorld(lambda: NOON)
        self.outreach = OutreachWorld(lambda: NOON)
        self.traffic = Faults(outreach_app(self.outreach))
        control = control_app(
            WorkbooksDesk(self.workbooks, Faults(workbooks_app(self.workbooks))),
            OutreachDesk(self.outreach, self.traffic),
        )
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=control), base_url="http://control.test"
        )

    async def send(self, method: str, path: str, body: object = None) -> Any:
        """The answer's body, which must report success."""
        response = await self._http.request(method, path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """Status and error of a mistake."""
        response = await self._http.request(method, path, json=body)
        return response.status_code, response.json()["error"]

    async def call_outreach(self) -> int:
        """One request to the emulator, past its faults."""
        transport = httpx.ASGITransport(app=self.traffic)
        async with httpx.AsyncClient(transport=transport, base_url="http://outreach.test") as http:
            return (await http.get("/api/v2/opportunities/7")).status_code


async def test_a_workbooks_record_lives_and_dies_by_json() -> None:
    """Every datatype must be expressible, or another process could not make a case of it."""
    bench = Bench()
    person = (await bench.send("POST", "/workbooks/people", {"name": "Pat Example"}))["id"]
    given = {
        "description": "Harbour crane",
        "document_date": "2025-05-09",
        "document_currency_net_value": "12500.50 EUR 0",
        "probability": "60",
        "opportunity_stage[name]": "(3) Proposal",
        "cf_opportunity_sync_to_outreach": True,
        "updated_at": NOON - 60,
        "people": [[person, "Partner"], [person, "Influencer"]],
    }
    opportunity = (await bench.send("POST", "/workbooks/opportunities", given))["id"]
    path = f"/workbooks/opportunities/{opportunity}"

    record = await bench.send("GET", path)
    changed = await bench.send("PATCH", path, {"comment": "   ", "people": []})
    await bench.send("DELETE", path)

    assert {name: record[name] for name in given if name not in ("probability", "updated_at")} == {
        name: value for name, value in given.items() if name not in ("probability", "updated_at")
    }
    assert record["probability"] == "60"
    assert record["updated_at"].startswith("2025-03-09T11:59:00")
    assert (changed["comment"], changed["people"]) == ("   ", [])
    assert await bench.send("GET", "/workbooks/opportunities") == {"ids": []}


async def test_a_record_can_be_given_a_time_and_a_version_that_no_edit_makes() -> None:
    """As a wrong clock and a restored backup do."""
    bench = Bench()
    record = (await bench.send("POST", "/workbooks/opportunities", {"description": "Crane"}))["id"]
    stamps = {"updated_at": "2030-01-01T00:00:00Z", "lock_version": 41}

    found = await bench.send("PATCH", f"/workbooks/opportunities/{record}", stamps)

    assert found["lock_version"] == 41
    assert found["updated_at"].startswith("2030-01-01T00:00:00")
    found = await bench.send("PATCH", f"/workbooks/opportunities/{record}", {"comment": "Edited"})
    assert found["lock_version"] == 42
    assert not found["updated_at"].startswith("2030")


async def test_a_line_of_a_tab_and_a_field_mapping_are_records_too() -> None:
    """Both can be edited where no opportunity is, and somebody must be able to try that."""
    bench = Bench()
    person = (await bench.send("POST", "/workbooks/people", {"name": "Pat Example"}))["id"]
    deal = (await bench.send("POST", "/workbooks/opportunities", {"description": "Crane"}))["id"]
    entry = {"opportunity_id": deal, "party_id": person, "opportunity_contact_role": "Partner"}
    mapping = {
        "cf_outreach_mapping_outreach_field_name": "custom3",
        "cf_outreach_mapping_enabled": True,
    }

    line = (await bench.send("POST", "/workbooks/contacts", entry))["id"]
    await bench.send("PATCH", f"/workbooks/contacts/{line}", {"opportunity_contact_role": "Buyer"})
    kept = (await bench.send("POST", "/workbooks/mappings", mapping))["id"]

    record = await bench.send("GET", f"/workbooks/opportunities/{deal}")
    assert record["people"] == [[person, "Buyer"]]
    assert await bench.send("GET", "/workbooks/mappings") == {"ids": [kept]}
    assert bench.workbooks.mappings.value(kept, "cf_outreach_mapping_enabled") is True


async def test_an_outreach_record_lives_and_dies_by_json() -> None:
    """The same five verbs serve the other side."""
    bench = Bench()
    user = (await bench.send("POST", "/outreach/users", {"attributes": {"username": "pat"}}))["id"]
    given = {"id": 81_001, "attributes": {"name": "Crane"}, "relationships": {"owner": user}}

    created = await bench.send("POST", "/outreach/opportunities", given)
    path = "/outreach/opportunities/81001"
    changed = await bench.send("PATCH", path, {"relationships": {"owner": None}})
    before = await bench.send("GET", "/outreach/opportunities")
    await bench.send("DELETE", path)

    assert created == {"id": 81_001}
    assert changed["attributes"] == {"name": "Crane"}
    assert changed["relationships"] == {}
    assert before == {"ids": [81_001]}
    assert await bench.send("GET", "/outreach/opportunities") == {"ids": []}


async def test_faults_and_latency_reach_the_traffic() -> None:
    """A test in another process scripts its outage here."""
    bench = Bench()
    fault = {"path": "opportunities", "status": 503}

    waiting = await bench.send("POST", "/outreach/faults", fault)
    statuses = [await bench.call_outreach() for _ in range(2)]
    await bench.send("POST", "/outreach/faults", fault)
    cleared = await bench.send("DELETE", "/outreach/faults")
    latency = await bench.send("PATCH", "/outreach/latency", {"latency_s": 0.001})

    assert waiting["faults"][0]["status"] == 503
    assert statuses == [503, 401]
    assert cleared == {"faults": []}
    assert (latency, bench.traffic.latency_s) == ({"latency_s": 0.001}, 0.001)


async def test_counters_show_what_each_system_was_asked() -> None:
    """A budget is judged by the requests that arrived."""
    bench = Bench()
    await bench.call_outreach()

    counters = await bench.send("GET", "/")
    after = await bench.send("DELETE", "/counters")

    assert counters["workbooks"]["requests"] == 0
    assert counters["outreach"]["by_route"] == {"GET /api/v2/opportunities/{id}": 1}
    assert counters["outreach"]["peak_in_flight"] == 1
    assert after["outreach"]["requests"] == 0


async def test_knobs_are_turned_by_name_and_type() -> None:
    """A knob of the wrong type would break the emulator somewhere else."""
    bench = Bench()

    knobs = await bench.send(
        "PATCH",
        "/outreach/knobs",
        {"index_lag_s": 5, "soft_delete": True, "excluded_email_domains": ["a.example"]},
    )

    assert (knobs["index_lag_s"], bench.outreach.knobs.soft_delete) == (5, True)
    assert bench.outreach.knobs.excluded_email_domains == frozenset({"a.example"})
    assert (await bench.send("GET", "/workbooks/knobs"))["array_output"] == "string"
    assert (await bench.refused("PATCH", "/outreach/knobs", {"soft_delete": 1}))[0] == 400
    assert (await bench.refused("PATCH", "/outreach/knobs", {"index_lag_s": "x"}))[0] == 400
    assert (await bench.refused("PATCH", "/outreach/knobs", {"soft": True}))[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/elsewhere/opportunities", None, 404),
        ("GET", "/workbooks/things", None, 404),
        ("GET", "/outreach/things", None, 404),
        ("GET", "/workbooks/opportunities/77", None, 404),
        ("GET", "/outreach/opportunities/77", None, 404),
        ("POST", "/workbooks/opportunities", {"colour": "red"}, 404),
        ("POST", "/workbooks/opportunities", {"probability": "many"}, 400),
        ("POST", "/workbooks/opportunities", {"people": [7]}, 400),
        ("POST", "/outreach/opportunities", {"name": "outside attributes"}, 400),
        ("POST", "/outreach/opportunities", {"attributes": {"amount": "many"}}, 400),
        ("POST", "/outreach/faults", {"statsu": 500}, 400),
        ("POST", "/outreach/faults", {"path": "("}, 400),
        ("POST", "/outreach/faults", [1], 400),
        ("PATCH", "/outreach/latency", {"latency_s": -1}, 400),
    ],
)
async def test_a_mistake_is_answered_as_one(
    method: str, path: str, body: object, status: int
) -> None:
    """Whoever writes a script needs to be told what is wrong with it."""
    answered, error = await Bench().refused(method, path, body)

    assert answered == status
    assert error
