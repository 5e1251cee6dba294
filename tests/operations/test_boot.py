"""The installed units on a machine of their own: systemd boots, starts them, and they live.

One machine serves every test here. Four services run on it, each with a sandbox of its own, and
three that must not run: what takes long, the watchdog above all, goes on beside the rest.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import TypeVar

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from connectors.sandbox.faults import Fault
from connectors.sandbox.sandbox import Addresses, Credentials, Ports, Sandbox, SandboxOptions
from connectors.sandbox.serving import free_port
from tests.end_to_end.hands import Edge, Hands
from tests.end_to_end.verdict import verdict
from tests.operations.booting import VENV, Machine, booted, unavailable
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

# One group, so that several test processes do not boot a machine each.
pytestmark = [needs("systemd-analyze"), pytest.mark.slow, pytest.mark.xdist_group("boot")]

T = TypeVar("T")

LOOK_S = 0.05
# Shorter than the first poll is kept from succeeding: the start has to be extended. Long enough
# for seven services that start at once on a slow machine to say so in time.
START_TIMEOUT_S = 40
KEPT_WAITING_S = 45.0

POLLED = r"/crm/opportunities\.api"

CREDENTIALS = {
    "workbooks_api_key": "api_key",
    "outreach_client_secret": "client_secret",
    "outreach_refresh_token": "refresh_token",
}
CONFIG = """[service]
http = "127.0.0.1:{port}"
[workbooks]
base_url = "{addresses.workbooks}"
api_key = {{ credential = "workbooks_api_key" }}
[outreach]
base_url = "{addresses.outreach}"
client_id = "{credentials.client_id}"
client_secret = {{ credential = "outreach_client_secret" }}
refresh_token = {{ credential = "outreach_refresh_token" }}
visibility_s = 2
[poller]
interval_s = 3
[retry]
base_s = 0.1
cap_s = 3
"""
# Runs the command as ever, but one of its actors stops in the middle of its third step, or the
# whole process with it: only once, as a defect would that shows up rarely.
FREEZING = """
import os, time
from pathlib import Path
import anyio
from engine.__main__ import main
from engine.actors.poller import Poller

state = Path(os.environ["STATE_DIRECTORY"])
step, frozen, steps = Poller.step, state / "frozen", 0

async def freezing(poller):
    global steps
    steps += 1
    if steps == 3 and not frozen.exists():
        frozen.touch()
        time.sleep(600) if state.name == "wosync-blocked" else await anyio.sleep_forever()
    return await step(poller)

Poller.step = freezing
main()
"""
FREEZES = (
    "[Service]\nExecStart=\n"
    f"ExecStart={VENV}/bin/python /etc/wosync/freezing.py run --config /etc/wosync/%i/config.toml\n"
)
DROP_INS = {
    "wosync@waiting.service": f"[Service]\nTimeoutStartSec={START_TIMEOUT_S}\n",
    "wosync@frozen.service": FREEZES,
    "wosync@blocked.service": FREEZES,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A sandbox being served in another thread, and who acts on it there.

    Args:
        made: roles that are in Outreach before the service comes.
    """

    sandbox: Sandbox
    addresses: Addresses
    made: Counter[Edge]
    portal: BlockingPortal

    def there(self, act: Callable[[], T]) -> T:
        """Do or ask something between two requests of the sandbox."""
        return self.portal.call(act)

    def enters(self, number: int) -> list[int]:
        """Somebody enters so many opportunities in Workbooks; returns their ids."""
        create = self.sandbox.workbooks.opportunities.create
        return self.there(
            lambda: [
                create(description=f"Entered as {place}", cf_opportunity_sync_to_outreach=True)
                for place in range(number)
            ]
        )

    def linked(self, deals: list[int]) -> int:
        """How many of the opportunities carry an *Outreach Id*."""
        value = self.sandbox.workbooks.opportunities.value
        return self.there(
            lambda: sum(1 for deal in deals if value(deal, "cf_opportunity_outreach_id"))
        )

    def outreach(self, *faults: Fault) -> None:
        """From now on this goes wrong in Outreach, and nothing else does."""
        plan = self.sandbox.outreach_traffic.plan
        self.there(lambda: (plan.clear(), plan.add(*faults)))

    def workbooks(self, *faults: Fault) -> None:
        """The same in Workbooks."""
        plan = self.sandbox.workbooks_traffic.plan
        self.there(lambda: (plan.clear(), plan.add(*faults)))

    def assert_equal_soon(self) -> None:
        """Both systems come to say the same, and nothing is there twice."""
        look = lambda: verdict(self.sandbox, self.made)  # noqa: E731
        eventually(lambda: not self.there(look).misses, "the systems differ")
        assert self.there(look).duplicates == []


@dataclass(frozen=True, slots=True)
class Running:
    """The machine, and the pairs of systems its services work between, by instance."""

    machine: Machine
    pairs: dict[str, Pair]
    began: float


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """The machine with the units installed by the real command, every service told to start."""
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("machine")
    with contextlib.ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        pairs = {name: _served(stack, portal) for name in ("", "frozen", "blocked", "waiting")}
        pairs["waiting"].workbooks(Fault(path=POLLED, action="drop", times=None))
        machine = stack.enter_context(booted(home, DROP_INS))
        installed = machine.run(VENV / "bin" / "wosync", "unit", "install")
        assert installed.returncode == 0, installed.stderr
        _configure(home / "etc", pairs)
        began = monotonic()
        names = (*pairs, "wrong", "empty", "refused")
        machine.systemctl("start", "--no-block", *map(unit, names))
        yield Running(machine, pairs, began)


def _served(stack: contextlib.ExitStack, portal: BlockingPortal) -> Pair:
    sandbox = Sandbox(SandboxOptions(bulk=0))
    served = portal.wrap_async_context_manager(sandbox.serving(Ports()))
    addresses = stack.enter_context(served)
    made = Hands(sandbox, Random(0)).made  # noqa: S311 # nothing is drawn from it
    return Pair(sandbox, addresses, made, portal)


def _configure(etc: Path, pairs: dict[str, Pair]) -> None:
    """Each instance what it needs; three of them something that cannot work."""
    (etc / "freezing.py").write_text(FREEZING, encoding="utf-8")
    for name, pair in pairs.items():
        _write(etc / name, pair.addresses, pair.sandbox.credentials)
    path = _write(etc / "wrong", pairs[""].addresses, pairs[""].sandbox.credentials)
    misspell(path)
    path = _write(etc / "empty", pairs[""].addresses, pairs[""].sandbox.credentials)
    for secret in (path.parent / "credentials").iterdir():
        secret.unlink()
    path = _write(etc / "refused", pairs[""].addresses, pairs[""].sandbox.credentials)
    (path.parent / "credentials" / "workbooks_api_key").write_text("of somebody else")


def _write(folder: Path, addresses: Addresses, credentials: Credentials) -> Path:
    """config.toml for everybody to read, the credentials for root alone."""
    secrets = folder / "credentials"
    secrets.mkdir(parents=True, exist_ok=True)
    for name, known_as in CREDENTIALS.items():
        (secrets / name).write_text(getattr(credentials, known_as) + "\n", encoding="utf-8")
        (secrets / name).chmod(0o600)
    path = folder / "config.toml"
    text = CONFIG.format(port=free_port(), addresses=addresses, credentials=credentials)
    path.write_text(text, encoding="utf-8")
    for open_to_all in (folder, path, folder.parent / "freezing.py"):
        if open_to_all.exists():
            open_to_all.chmod(0o755 if open_to_all.is_dir() else 0o644)
    secrets.chmod(0o700)
    return path


def misspell(path: Path) -> None:
    """Make a typing error in a configuration."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("\ninterval_s", "\nintervall_s"), encoding="utf-8")


def unit(name: str) -> str:
    """The service of an instance; the one without a name is the plain one."""
    return f"wosync@{name}.service" if name else "wosync.service"


def up(machine: Machine, name: str) -> dict[str, str]:
    """Wait until the service is ready; returns what systemd knows of it."""
    return machine.wait(unit(name), lambda it: it["ActiveState"] == "active", DEADLINE_S)


def up_again(machine: Machine, name: str, before: str, within_s: float) -> dict[str, str]:
    """Wait until the service is ready with another process than before."""
    return machine.wait(
        unit(name),
        lambda it: it["ActiveState"] == "active" and it["MainPID"] != before,
        within_s,
    )


def records(machine: Machine, name: str) -> int:
    """How many records the service itself says it has taken in."""
    config = tomllib.loads((machine.home / "etc" / name / "config.toml").read_text("utf-8"))
    said = httpx.get(
        f"http://{config['service']['http']}/status", timeout=DEADLINE_S, trust_env=False
    )
    counted: dict[str, int] = said.json()["records"]
    return counted["pending"] + counted["linked"]


def eventually(met: Callable[[], bool], otherwise: str) -> None:
    """Look until it is so."""
    end = monotonic() + DEADLINE_S
    while not met():
        assert monotonic() < end, otherwise
        sleep(LOOK_S)


def assert_given_up(machine: Machine, name: str, code: int, said: str) -> None:
    """The service comes to its end with this exit code and these words, and is not restarted."""
    known = machine.wait(unit(name), lambda it: it["ActiveState"] == "failed", DEADLINE_S)

    assert (known["ExecMainStatus"], known["NRestarts"]) == (str(code), "0")
    assert said in machine.log(unit(name))
    assert "Traceback" not in machine.log(unit(name))


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("wrong", 78, "did you mean 'interval_s'?"),
        ("empty", 78, "/workbooks_api_key is empty"),
    ],
)
def test_a_start_that_cannot_succeed_is_explained_and_not_tried_again(
    running: Running, name: str, code: int, said: str
) -> None:
    """A service that restarts for ever on a typing error fills the journal and helps nobody.

    Of a credential that is missing systemd itself would only say "protocol error", twenty times.
    """
    assert_given_up(running.machine, name, code, said)


def test_credentials_reach_the_service_and_nobody_else(running: Running) -> None:
    """The files are root's alone; a user that exists only for the service works with copies."""
    machine, credentials = running.machine, running.pairs[""].sandbox.credentials

    known = up(machine, "")

    user = machine.run("stat", "--format=%u", f"/proc/{known['MainPID']}").stdout.strip()
    assert int(user) > 60_000
    file = "/etc/wosync/credentials/workbooks_api_key"
    assert machine.run("setpriv", f"--reuid={user}", "--clear-groups", "cat", file).returncode
    told = machine.systemctl("show", unit("")) + machine.log(unit(""))
    secrets = [getattr(credentials, name) for name in CREDENTIALS.values()]
    assert [secret for secret in secrets if secret in told] == []


def test_the_status_line_says_lag_and_errors(running: Running) -> None:
    """What `systemctl status` shows is the first thing anybody looks at."""
    up(running.machine, "")

    known = running.machine.wait(unit(""), lambda it: "lag" in it.get("StatusText", ""), DEADLINE_S)

    assert "error" in known["StatusText"]


def test_it_is_ready_after_the_first_poll_and_waits_for_it_longer_than_a_start_may_take(
    running: Running,
) -> None:
    """An outage at start is waited out: the unit neither fails nor claims to work."""
    machine, pair = running.machine, running.pairs["waiting"]
    sleep(max(0.0, running.began + KEPT_WAITING_S - monotonic()))

    # A reload in between must not end the waiting.
    machine.systemctl("kill", "--signal=SIGHUP", "--kill-who=main", unit("waiting"))
    eventually(lambda: machine.log(unit("waiting")).count("reload") > 0, "nobody reloads")
    before = machine.show(unit("waiting"))
    # Each answer is late now: whoever were ready before the first poll would be seen to be.
    pair.workbooks(Fault(path=POLLED, action="delay", delay_s=1, times=None))
    after = up(machine, "waiting")
    captured = records(machine, "waiting")
    pair.workbooks()

    assert (before["ActiveState"], before["NRestarts"]) == ("activating", "0")
    assert before["StatusText"]
    assert (after["MainPID"], after["NRestarts"]) == (before["MainPID"], "0")
    assert captured > 0


def test_a_reload_changes_the_running_service_or_is_refused(running: Running) -> None:
    """`systemctl reload` tells by its end whether the new settings are in force."""
    machine = running.machine
    before = up(machine, "")
    path = machine.home / "etc" / "config.toml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("[service]", '[service]\nlog_level = "debug"'), encoding="utf-8")

    machine.systemctl("reload", unit(""))

    eventually(lambda: "poll_done" in machine.log(unit("")), "nothing is logged at debug")
    misspell(path)
    refused = machine.run("systemctl", "reload", unit(""))
    assert refused.returncode
    assert "refused" in machine.show(unit(""))["StatusText"]
    eventually(lambda: "intervall_s" in machine.log(unit("")), "nobody says why it was refused")
    path.write_text(good, encoding="utf-8")
    machine.systemctl("reload", unit(""))
    after = machine.show(unit(""))
    assert (after["ActiveState"], after["MainPID"]) == ("active", before["MainPID"])


def test_a_killed_service_comes_back_and_repeats_nothing(running: Running) -> None:
    """SIGKILL leaves no time for anything: what is on disk has to be enough."""
    machine, pair = running.machine, running.pairs[""]
    before = up(machine, "")
    pair.outreach(Fault(method="POST", action="delay", delay_s=0.2, when="after", times=None))
    deals = pair.enters(12)
    eventually(lambda: pair.linked(deals) > 0, "nothing is created")

    machine.systemctl("kill", "--signal=SIGKILL", unit(""))

    after = up_again(machine, "", before["MainPID"], DEADLINE_S)
    assert after["NRestarts"] == "1"
    pair.outreach()
    pair.assert_equal_soon()
    assert pair.linked(deals) == len(deals)


@pytest.mark.parametrize("name", ["frozen", "blocked"])
def test_a_service_that_gets_nowhere_is_found_and_started_again(
    running: Running, name: str
) -> None:
    """A process that is alive and does nothing is the failure nobody notices.

    Of the first only one actor stands still, and everything else goes on as if nothing were.
    """
    machine, pair = running.machine, running.pairs[name]
    machine.wait(
        unit(name),
        lambda it: it["ActiveState"] == "active" and it["NRestarts"] == "1",
        DEADLINE_S,
    )

    deals = pair.enters(1)

    assert "Fatal Python error: Aborted" in machine.log(unit(name))
    eventually(lambda: pair.linked(deals) == 1, "it does not work after the restart")


def test_a_stop_lets_what_is_in_hand_come_to_its_end(running: Running) -> None:
    """An update of the machine at night must not leave a create in doubt."""
    machine, pair = running.machine, running.pairs["waiting"]
    pair.workbooks()
    up(machine, "waiting")
    pair.assert_equal_soon()
    pair.outreach(Fault(method="POST", action="delay", delay_s=1.5, when="after", times=None))
    deals = pair.enters(1)
    eventually(lambda: pair.sandbox.outreach_traffic.in_flight > 0, "nothing is created")

    machine.systemctl("stop", unit("waiting"), within_s=DEADLINE_S)

    known = machine.show(unit("waiting"))
    assert (known["ActiveState"], known["Result"]) == ("inactive", "success")
    assert known["ExecMainStatus"] == "0"
    assert pair.linked(deals) == 1
    pair.assert_equal_soon()


def test_refused_credentials_end_the_service_once_they_were_refused_for_a_minute(
    running: Running,
) -> None:
    """It comes behind almost everything, beside which the minute has passed."""
    assert_given_up(running.machine, "refused", 77, "check the key")


def test_the_target_holds_every_service(running: Running) -> None:
    """One word stops or starts all pairs of a machine, and each starts with the machine."""
    machine, names = running.machine, ("", "frozen")
    for name in names:
        up(machine, name)
    machine.systemctl("enable", "wosync.target", *map(unit, names))
    machine.systemctl("start", "wosync.target")

    machine.systemctl("stop", "wosync.target", within_s=DEADLINE_S)

    for name in names:
        known = machine.wait(unit(name), lambda it: it["ActiveState"] == "inactive", DEADLINE_S)
        assert known["Result"] == "success"
    enabled = machine.systemctl("is-enabled", "wosync.target", *map(unit, names))
    assert enabled.split() == ["enabled"] * 3


def test_an_upgrade_goes_on_with_what_ran_and_nothing_else(running: Running) -> None:
    """It stops what it has to, and whoever was stopped on purpose stays so."""
    machine = running.machine
    machine.systemctl("start", "wosync")
    up(machine, "")
    before = machine.show(unit(""))["MainPID"]

    told = machine.run(VENV / "bin" / "wosync", "unit", "install", "--upgrade")

    assert told.returncode == 0, told.stderr
    assert up(machine, "")["MainPID"] != before
    assert machine.show(unit("frozen"))["ActiveState"] == "inactive"
    assert "kept     /var/lib/wosync/state.db, schema " in told.stdout


def test_what_was_installed_is_stopped_and_taken_away_again(running: Running) -> None:
    """The last test here: configuration and states are all that it leaves."""
    machine = running.machine

    told = machine.run(VENV / "bin" / "wosync", "unit", "install", "--uninstall")

    assert told.returncode == 0, told.stderr
    assert machine.show(unit(""))["ActiveState"] in {"inactive", "failed"}
    left = machine.run(
        "sh", "-c", "find /etc/systemd/system /usr/local/bin -name 'wosync*' -type f"
    )
    assert [name for name in left.stdout.split() if not name.endswith(".conf")] == []
    assert machine.run("test", "-e", "/var/lib/wosync/state.db").returncode == 0
    assert machine.run("test", "-e", "/etc/wosync/config.toml").returncode == 0
