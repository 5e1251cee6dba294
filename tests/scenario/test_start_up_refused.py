"""A start that is refused: what passes is waited out, and only what is confirmed ends it."""

from __future__ import annotations

import anyio
import pytest

from connectors.outreach import client, oauth
from connectors.sandbox.faults import Fault
from engine.cli.exits import Exit, code_for
from engine.decide.patience import Patience
from engine.errors import Misconfigured
from tests.scenario.bench import Bench, running, until
from tests.scenario.service_port import ServicePort, eventually, served
from tests.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

PAGE = "<!doctype html><title>Blocked</title><h1>Request blocked</h1>"
DENIED = '{"errors":[{"id":"unauthorizedRequest","title":"Denied","detail":"You may not."}]}'
SCOPE = (
    '{"errors":[{"id":"unauthorizedOauthScope","title":"Unauthorized OAuth Scope",'
    '"detail":"Your authorization has not granted the \'users.read\' scope."}]}'
)
LOGIN = {"Location": "/login/"}
BY_WORKBOOKS = [
    *(Fault(path=r"\.api$", status=status, text=PAGE) for status in (401, 403, 404, 405, 406)),
    Fault(
        path=r"\.api$", status=403, text='{"login_failure_reason": "unrecognised_name_or_password"}'
    ),
    Fault(path=r"\.api$", status=302, headers=LOGIN),
    Fault(path=r"\.api$", status=302, headers={"Location": "https://elsewhere.example/"}),
    Fault(path=r"\.api$", status=200, text=PAGE),
]
LISTINGS = ("users", "opportunityStages", "types", "opportunities")
BY_OUTREACH = (
    (302, ""),
    (401, DENIED),
    (403, DENIED),
    (403, PAGE),
    (404, PAGE),
    (409, DENIED),
    (422, DENIED),
    (200, PAGE),
)
BY_TOKENS = [
    Fault(path="/oauth/token", status=status, text=f'{{"error": "{reason}"}}')
    for status, reason in (
        (400, "invalid_grant"),
        (401, "invalid_client"),
        (400, "invalid_request"),
        (403, "access_denied"),
    )
]


DESCRIBED = "/metadata/types.api"
# Opportunities and people; what describes organisations is looked for elsewhere first.
TYPES = 2
FAILURES = 3
# Of attempts in an hour whose waits grow from one second to five minutes; of those whose waits grow
# anew every five minutes there are more than twice as many.
OUTAGE_S, SELDOM, OFTEN = 3600.0, 10, 40


def told(fault: Fault) -> str:
    """A fault by what it does."""
    return f"{fault.path}-{fault.status}-{fault.text[:24]}"


@pytest.fixture(autouse=True)
def hasty(world: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of a test, not of a service; what is confirmed is left as it is."""
    world.patience = Patience(first_s=0.02, cap_s=0.1)
    monkeypatch.setattr(oauth, "MINT_INTERVAL_S", 0.05)
    monkeypatch.setattr(oauth, "UNSENT_RETRY_S", 0.05)


async def synced(world: Bench) -> None:
    """The service starts by itself and does its work."""
    record = world.has("Harbour crane")
    async with running(world):
        await until(lambda: world.record(record)["outreach_id"] is not None)


@pytest.mark.parametrize("fault", BY_WORKBOOKS, ids=told)
async def test_one_passing_answer_of_workbooks_ends_no_start(world: Bench, fault: Fault) -> None:
    """A front may say anything once."""
    world.workbooks_fault(fault)

    await synced(world)

    assert not world.workbooks_traffic.plan.waiting


@pytest.mark.parametrize(("status", "text"), BY_OUTREACH)
async def test_one_passing_answer_of_outreach_ends_no_start(
    world: Bench, status: int, text: str
) -> None:
    """Nor may a gateway, whichever listing it stands before; here once before each."""
    for listing in LISTINGS:
        world.outreach_fault(Fault(path=f"/api/v2/{listing}", status=status, text=text))

    await synced(world)

    assert not world.outreach_traffic.plan.waiting


@pytest.mark.parametrize("listing", LISTINGS)
async def test_one_refused_scope_ends_no_start(
    world: Bench, listing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a second refusal to believe it."""
    monkeypatch.setattr(client, "NOT_GRANTED_S", 0.2)
    world.outreach_fault(Fault(path=f"/api/v2/{listing}", status=403, text=SCOPE))

    await synced(world)

    assert not world.outreach_traffic.plan.waiting


@pytest.mark.parametrize("fault", BY_TOKENS, ids=told)
async def test_one_passing_answer_to_a_mint_ends_no_start(world: Bench, fault: Fault) -> None:
    """Nor may the token endpoint."""
    world.outreach_fault(fault)

    await synced(world)

    assert not world.outreach_traffic.plan.waiting


async def test_a_start_goes_on_where_a_passing_trouble_met_it(world: Bench) -> None:
    """Where one answer in five fails, one that begins anew each time comes to its end by luck."""
    world.workbooks_fault(Fault(path="/crm/people.api$", status=502, times=FAILURES))
    world.outreach_fault(Fault(method="GET", path="/types$", status=502, times=FAILURES))

    await synced(world)

    # The step that fails reads it too, and is taken as a whole.
    assert [one.path for one in world.workbooks_seen].count(DESCRIBED) == TYPES + FAILURES
    assert not world.workbooks_traffic.plan.waiting
    assert not world.outreach_traffic.plan.waiting


async def test_a_start_that_gets_no_further_asks_ever_less_often(world: Bench) -> None:
    """What it looks up again after a while, because it may be another by now, is no progress."""
    world.settings["retry"] = {"base_s": 1, "cap_s": 300}
    world.outreach_fault(Fault(method="GET", path="/types$", status=502, times=None))

    async with running(world):
        await anyio.sleep(OUTAGE_S)

    asked = world.outreach_traffic.counts["GET", "/api/v2/types"]
    assert SELDOM < asked < OFTEN


async def test_a_pair_that_has_worked_is_waited_for_and_it_is_said_why(world: Bench) -> None:
    """After a restart at night there is nobody who would start it a second time."""
    await synced(world)
    world.patience = Patience(confirmations=1, over_s=0.0, first_s=0.02, cap_s=0.1)
    world.workbooks_fault(Fault(path=r"\.api$", status=403, text=PAGE, times=None))
    record = world.has("Harbour bridge")
    world.forget_traffic()

    async with served(world) as port:
        await until(lambda: world.workbooks_traffic.total > 5)
        code, reason = await port.ready()
        document = await port.status()
        refused = await port.value("errors_total", component="start_up", class_="auth")
        world.workbooks_traffic.plan.clear()
        await until(lambda: world.record(record)["outreach_id"] is not None)
        await eventually(lambda: _is_ready(port))

    assert code == 503
    assert "workbooks" in reason
    assert "this pair has worked before" in reason
    assert (document["ready"], document["reason"]) == (False, reason)
    assert refused >= 3
    assert world.outreach_traffic.counts["POST", "/oauth/token"] == 0


async def test_a_pair_that_has_only_been_started_has_worked(world: Bench) -> None:
    """Nothing needs to have been captured: both systems have let us in."""
    async with served(world) as port:
        await eventually(lambda: _is_ready(port))
    world.patience = Patience(confirmations=1, over_s=0.0, first_s=0.02, cap_s=0.1)
    world.workbooks_fault(Fault(path=r"\.api$", status=401, text=PAGE, times=3))

    await synced(world)

    assert not world.workbooks_traffic.plan.waiting


async def _is_ready(port: ServicePort) -> bool:
    code, _ = await port.ready()
    return code == 200


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(path=r"\.api$", status=401, text=PAGE, times=None), Exit.CREDENTIALS),
        (Fault(path=r"\.api$", status=404, text=PAGE, times=None), Exit.CONFIGURATION),
    ],
    ids=["credentials", "configuration"],
)
async def test_a_new_pair_that_keeps_being_refused_is_given_up(
    world: Bench, fault: Fault, code: Exit
) -> None:
    """systemd must not restart into a locked account."""
    world.patience = Patience(over_s=0.3, first_s=0.02, cap_s=0.1)
    world.workbooks_fault(fault)

    with anyio.fail_after(DEADLINE_S), pytest.raises(Misconfigured) as given_up:
        await world.run()

    assert code_for(given_up.value) is code
    assert world.workbooks_traffic.total >= 3


async def test_a_grant_that_stays_refused_ends_a_new_pair_after_few_mints(world: Bench) -> None:
    """Each refused mint may count against us."""
    world.patience = Patience(over_s=0.3, first_s=0.02, cap_s=0.1)
    world.outreach.revoke_all_tokens()

    with anyio.fail_after(DEADLINE_S), pytest.raises(Misconfigured) as given_up:
        await world.run()

    assert code_for(given_up.value) is Exit.CREDENTIALS


async def test_a_single_run_says_at_once_what_refuses_it(world: Bench) -> None:
    """Nobody restarts it, and somebody stands before it."""
    world.workbooks_fault(Fault(path=r"\.api$", status=401, text=PAGE))

    with pytest.raises(Misconfigured):
        await world.once()
