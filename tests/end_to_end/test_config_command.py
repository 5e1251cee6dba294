"""`wosync config`, typed as an operator would: one line changes, and no secret is ever shown."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from engine.cli.app import start
from engine.config import editing as config_edit
from engine.config.keys import Key, Keys
from engine.config.loading import Config, installed_connectors, load
from engine.config.values import value_at
from tests.end_to_end.test_cli_errors import wosync
from tests.searching import examples

MANUAL = (Path(__file__).resolve().parents[2] / "config.toml").read_text(encoding="utf-8")
PLAIN = "plain-text-secret-0123456789"
SECRETS = {
    "WORKBOOKS_API_KEY": "held-by-the-environment-1",
    "OUTREACH_CLIENT_ID": "held-by-the-environment-2",
    "OUTREACH_CLIENT_SECRET": "held-by-the-environment-3",
}
DONE, FAILED, USAGE, CONFIGURATION = 0, 1, 2, 78
RELOAD = "takes effect with: wosync reload"
RESTART = "takes effect with a restart: restart the service"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a copy of the manual as configuration."""

    path: Path
    capsys: pytest.CaptureFixture[str]

    def needs(self, effect: str) -> str:
        """The last line of what a change says: a further command is for the same file."""
        return f"{effect} --config {self.path}" if effect == RELOAD else effect

    @property
    def text(self) -> str:
        """The file as it is."""
        return self.path.read_text(encoding="utf-8")

    def types(self, command: str, *arguments: str) -> Ended:
        """`wosync config`; whatever happens, no secret and no traceback is printed."""
        code = start(["config", command, "--config", str(self.path), *arguments])
        said = self.capsys.readouterr()
        assert [one for one in (*SECRETS.values(), PLAIN) if one in said.out + said.err] == []
        return Ended(code, said.out, said.err)

    def refused(self, command: str, *arguments: str, code: int = CONFIGURATION) -> str:
        """One paragraph with a remedy, and the file untouched."""
        before = self.path.read_bytes()
        ended = self.types(command, *arguments)
        assert (ended.code, ended.out) == (code, "")
        assert ended.err.count("wosync: ") == 1 + ended.err.count("run: wosync: ")
        assert ended.err.startswith("wosync: ")
        assert "\n\n" not in ended.err
        assert "What to do: " in ended.err or code == USAGE
        assert self.path.read_bytes() == before
        assert [one.name for one in self.path.parent.iterdir()] == [self.path.name]
        return ended.err


def operator_in(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """Somebody with a copy of the manual there, and neither a secret nor systemd within reach."""
    for name in (*SECRETS, "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    path = directory / "config.toml"
    path.parent.mkdir()
    path.write_text(MANUAL, encoding="utf-8")
    return Operator(path, capsys)


@pytest.fixture
def operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """A copy of the manual; no secret is within reach, and no systemd."""
    return operator_in(tmp_path / "etc", capsys, monkeypatch)


def with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the service."""
    for name, text in SECRETS.items():
        monkeypatch.setenv(name, text)


@pytest.mark.parametrize(
    ("key", "typed", "before_and_after", "needed"),
    [
        ("poller.interval_s", "30", ("60", "30"), RELOAD),
        ("outreach.budget.per_hour", "8000", ("0", "8000"), RELOAD),
        ("service.log_level", "debug", ('"info"', '"debug"'), RELOAD),
        ("service.http", "[::1]:9464", ('"127.0.0.1:9464"', '"[::1]:9464"'), RESTART),
        ("outreach.base_url", "http://x", ('"https://api.outreach.io"', '"http://x"'), RESTART),
        ("workbooks.username", "me@x", ("(not set)", '"me@x"'), RESTART),
        ('owners.aliases."Jo Example"', "Jo", ("(not set)", '"Jo"'), RESTART),
        ("mapping.opportunity.nextStep", "cf_next", ("(not set)", '"cf_next"'), RESTART),
        (
            "mapping.opportunity.account",
            "false",
            ('{ from = "party_id", as = "account" }', "false"),
            RESTART,
        ),
    ],
)
def test_a_setting_is_changed_and_what_it_needs_is_said(
    operator: Operator, key: str, typed: str, before_and_after: tuple[str, str], needed: str
) -> None:
    """The operator sees what was, what is, and what to do next."""
    old, new = before_and_after
    ended = operator.types("set", key, typed)

    assert (ended.code, ended.err) == (DONE, "")
    assert ended.out == f"{key}: {old} → {new}\n{operator.needs(needed)}\n"
    assert operator.types("get", key).out == f"{new}\n"
    unchanged = set(MANUAL.splitlines()) - set(operator.text.splitlines())
    assert len(unchanged) == (0 if old == "(not set)" else 1)


def test_a_value_that_is_there_already_is_not_written(operator: Operator) -> None:
    """A script that runs twice changes once, and no reload is asked for."""
    before = operator.path.stat().st_mtime_ns, operator.path.stat().st_ino

    assert operator.types("set", "poller.interval_s", "60").out == (
        "nothing to change: poller.interval_s is 60 already\n"
    )
    reference = operator.types("set", "workbooks.api_key", '{ env = "WORKBOOKS_API_KEY" }')
    assert reference.out == "nothing to change: workbooks.api_key has this reference already\n"
    absent = operator.types("set", "workbooks.username", "--default")
    assert absent.out == "nothing to change: workbooks.username is not set\n"
    assert (operator.path.stat().st_mtime_ns, operator.path.stat().st_ino) == before


def test_a_key_goes_back_to_its_default(operator: Operator) -> None:
    """The line goes, the comments stay, and setting the default then changes nothing."""
    operator.types("set", "poller.interval_s", "30")
    ended = operator.types("set", "poller.interval_s", "--default")

    assert ended.out == f"poller.interval_s: 30 → 60 (default)\n{operator.needs(RELOAD)}\n"
    assert operator.text == MANUAL.replace("interval_s = 60\n", "", 1)
    again = operator.types("set", "poller.interval_s", "60")
    assert again.out == "nothing to change: poller.interval_s is 60 by default already\n"
    operator.types("set", "mapping.opportunity.name", "cf_name")
    line = operator.types("set", "mapping.opportunity.name", "--default")
    assert '"cf_name" → { from = "description", as = "text" } (default)' in line.out


def test_a_reference_to_a_secret_is_changed_without_a_word_about_it(operator: Operator) -> None:
    """The old one may have been the secret itself."""
    old = 'api_key = { env = "WORKBOOKS_API_KEY" }'
    operator.path.write_text(MANUAL.replace(old, f'api_key = "{PLAIN}"'), encoding="utf-8")
    assert "[workbooks] api_key: a secret is never written" in operator.refused("show")

    ended = operator.types("set", "workbooks.api_key", '{ credential = "key" }')

    assert ended.out == f"workbooks.api_key was changed\n{RESTART}\n"
    assert operator.text == MANUAL.replace(old, 'api_key = { credential = "key" }')


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("workbooks.username", "{}"),
        ("poller.interval_s", "{}"),
        ("mapping.opportunity.nextStep", '{{ template = "x{}" }}'),
        ("workbooks.api_key", '{{ env = "{}" }}'),
    ],
)
def test_a_secret_pasted_into_another_key_is_neither_written_nor_repeated(
    operator: Operator, monkeypatch: pytest.MonkeyPatch, key: str, form: str
) -> None:
    """The wrong thing on the clipboard."""
    with_secrets(monkeypatch)

    said = operator.refused("set", key, form.format(SECRETS["WORKBOOKS_API_KEY"]))
    assert f"the value for {key} holds a secret of this configuration" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("poller.interval_s", "often"), "input should be a valid number, not 'often'"),
        (("poller.interval_s", "0"), "[poller] interval_s: input should be greater than 0"),
        (("poller.interval_s", "inf"), "[poller] interval_s: "),
        (("poller.interval_s", "9" * 4000), "[poller] interval_s: "),
        (("poller.interval_s", "9" * 9000), "[poller] interval_s: "),
        (("poller.interval_s", "[" * 9000), "[poller] interval_s: "),
        (("poller.interval_s", "1\n[retry]"), "[poller] interval_s: "),
        (("contacts.remove", "yes"), "[contacts] remove: "),
        (("service.http", "9464"), '[service] http: must be "host:port"'),
        (("service.log_format", "xml"), "[service] log_format: "),
        (("outreach.record_url", "http://x"), "must contain {id}"),
        (("outreach.client_id", "--default"), "client_id: missing"),
        (("workbooks.api_key", PLAIN), "workbooks.api_key is a secret"),
        (("workbooks.api_key", f'{{ env = "{PLAIN}"'), "workbooks.api_key is a secret"),
        (("mapping.opportunity.nextStep", '{ form = "x" }'), "did you mean 'from'?"),
        (("mapping.opportunity.nextStep", '{ from = "x"'), "is not valid TOML"),
        (("mapping.opportunity.nextStep", "8"), "a mapping line is a column name"),
    ],
)
def test_a_wrong_change_is_refused_in_one_paragraph(
    operator: Operator, arguments: tuple[str, ...], words: str
) -> None:
    """Nothing is written that the service would refuse to start with."""
    assert words in operator.refused("set", *arguments)


@pytest.mark.parametrize("arguments", [("poller.interval_s",), ("retry.base_s", "1", "--default")])
def test_a_value_and_the_default_exclude_each_other(
    operator: Operator, arguments: tuple[str, ...]
) -> None:
    """A forgotten value must not remove a line."""
    assert "either a VALUE or --default" in operator.refused("set", *arguments, code=USAGE)


@pytest.mark.parametrize("command", ["get", "set", "show"])
def test_mistakes_elsewhere_in_the_file_are_named_together(
    operator: Operator, command: str
) -> None:
    """A file that does not load is not made a different file that does not load."""
    wrong = MANUAL.replace("overlap_s = 10", "overlapp_s = 10").replace("ttl_s = 3600", "ttl_s = 0")
    operator.path.write_text(wrong, encoding="utf-8")
    arguments = {"get": ("retry.cap_s",), "set": ("retry.cap_s", "-1e3"), "show": ()}[command]

    said = operator.refused(command, *(("--", *arguments) if command == "set" else arguments))

    places = ["[poller] overlapp_s: unknown key; did you mean 'overlap_s'?", "[owners] ttl_s: "]
    for place in [*places, *(["[retry] cap_s: "] if command == "set" else [])]:
        assert place in said


@pytest.mark.parametrize("text", ["[poller", "poller = 'often'", "x = 1", "\x00"])
@pytest.mark.parametrize("command", ["get", "set", "show"])
def test_a_file_that_is_no_configuration_is_refused(
    operator: Operator, command: str, text: str
) -> None:
    """Its own line is named."""
    operator.path.write_text(text, encoding="utf-8")
    arguments = {"get": ("retry.cap_s",), "set": ("poller.interval_s", "1"), "show": ()}[command]

    assert str(operator.path) in operator.refused(command, *arguments)


def test_a_missing_file_is_refused(operator: Operator) -> None:
    """It is not made out of nothing: the systems would be missing in it."""
    operator.path.unlink()
    ended = operator.types("set", "poller.interval_s", "3")

    assert ended.code == CONFIGURATION
    assert "there is no configuration file" in ended.err
    assert not operator.path.exists()


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor saves between the reading and the writing."""
    edit: Callable[..., str] = config_edit.edited

    def slowly(*arguments: Any) -> str:
        operator.path.write_text(MANUAL + "# theirs\n", encoding="utf-8")
        return edit(*arguments)

    monkeypatch.setattr(config_edit, "edited", slowly)
    ended = operator.types("set", "poller.interval_s", "30")

    assert (ended.code, ended.out) == (FAILED, "")
    assert "changed while this command ran" in ended.err
    assert operator.text == MANUAL + "# theirs\n"


def test_a_failing_rename_leaves_the_old_file(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or a file mounted by itself into a container."""

    def failing(*_: Any) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", failing)

    said = operator.refused("set", "poller.interval_s", "30", code=FAILED)
    assert "cannot be written: Device or resource busy; it is as it was" in said


def test_a_link_and_the_mode_survive(operator: Operator, tmp_path: Path) -> None:
    """Configuration management owns where the file lies, and who may read it."""
    operator.path.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to(operator.path)
    ended = Operator(link, operator.capsys).types("set", "poller.interval_s", "30")

    assert ended.code == DONE
    assert link.is_symlink()
    assert "interval_s = 30" in operator.text
    assert stat.S_IMODE(operator.path.stat().st_mode) == 0o640


NUMBERS = [
    found
    for found in Keys(installed_connectors()).every()
    if type(value_at(tomllib.loads(MANUAL), found.parts)) in (int, float)
]


def dumped(config: Config) -> dict[str, Any]:
    """Every setting of a loaded configuration as plain values."""
    tables = config.engine.model_dump()
    for name, system in (
        (config.connectors.source.name, config.source),
        (config.connectors.target.name, config.target),
    ):
        assert isinstance(system, BaseModel)
        tables[name] = system.model_dump()
    return tables


@settings(max_examples=examples(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(NUMBERS), number=st.integers(1, 100) | st.floats(0.0, 0.9))
def test_any_number_that_is_valid_is_what_the_service_loads(
    operator: Operator, key: Key, number: float
) -> None:
    """Either it is refused and nothing changed, or it holds and nothing else changed."""
    operator.path.write_text(MANUAL, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        with_secrets(patch)
        before = dumped(load(operator.path))
        patch.undo()
        ended = operator.types("set", key.name, repr(number))
        with_secrets(patch)
        after = dumped(load(operator.path))

    if ended.code == DONE:
        assert value_at(after, key.parts) == number
        *tables, name = key.parts
        value_at(before, tables)[name] = number
    else:
        assert ended.code == CONFIGURATION
    assert after == before
    comments = [line for line in MANUAL.splitlines() if line.startswith("#")]
    assert [line for line in operator.text.splitlines() if line.startswith("#")] == comments


@pytest.mark.anyio
async def test_the_command_works_as_a_process_without_any_secret_at_hand(tmp_path: Path) -> None:
    """Exactly as it is typed; ./config.toml is found by itself."""
    (tmp_path / "config.toml").write_text(MANUAL, encoding="utf-8")
    blank = dict.fromkeys(SECRETS, "")

    changed = await wosync("config", "set", "poller.interval_s", "30", cwd=tmp_path, **blank)
    refused = await wosync("config", "set", "workbooks.api_key", PLAIN, cwd=tmp_path, **blank)

    assert (changed.code, changed.err) == (DONE, "")
    assert changed.out == f"poller.interval_s: 60 → 30\n{RELOAD}\n"
    assert (refused.code, refused.out) == (CONFIGURATION, "")
    assert PLAIN not in refused.err
    after = (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert after == MANUAL.replace("interval_s = 60", "interval_s = 30", 1)
    assert os.listdir(tmp_path) == ["config.toml"]  # noqa: PTH208 # the names are what is compared
