"""The units as they are written: what systemd says of them, and how they get onto a machine."""

from __future__ import annotations

import configparser
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.about import About
from engine.cli.exits import Exit, code_for, paragraph
from engine.cli.unit import sound, texts
from engine.cli.unit.installing import Wishes, install
from engine.cli.unit.sound import troubles
from engine.cli.unit.texts import MARK, service
from engine.config.loading import ServiceSettings
from engine.errors import Misconfigured, StateUnusable
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("wosync.service", "wosync@.service")
FILES = (*SERVICES, "wosync.target")
# Ten times the exposure that `systemd-analyze security` may find.
EXPOSURE_MAX = 11
STARTS_BY_HAND = 10
INTERVAL_S = 600
# A start that finds its state unusable takes this long at most.
START_S = 20


def units(root: Path) -> Path:
    """Where the units lie below a root."""
    return root / "etc" / "systemd" / "system"


def inside(root: Path) -> dict[str, str]:
    """Every unit below the root, hidden files too."""
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in units(root).iterdir()
        if path.is_file()
    }


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def analysed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says."""
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def lines_of(template: bool) -> dict[str, list[str]]:
    """Every directive of the service with its values, in their order."""
    found: dict[str, list[str]] = {}
    for line in service(template=template).text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def steps(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What is to be done next, as the installation just said."""
    return re.findall(r"^  \d+\. (.*)", capsys.readouterr().out, re.MULTILINE)


def words_of(step: str) -> str:
    """The command of a step, as far as it depends on the situation."""
    if step.startswith("systemctl"):
        return step
    _, check, rest = step.partition("check ")
    return check + rest or step.split(maxsplit=1)[0]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A root directory with everything installed and nothing enabled."""
    install(tmp_path, Wishes(enable=False))
    return tmp_path


@needs("systemd-analyze")
@pytest.mark.parametrize("name", FILES)
def test_systemd_finds_nothing_wrong(installed: Path, name: str) -> None:
    """A directive it does not know, systemd ignores with a line that nobody reads."""
    found = analysed("verify", "--man=no", "--recursive-errors=no", units(installed) / name)

    assert (found.returncode, found.stderr) == (0, "")


@needs("systemd-analyze")
@pytest.mark.parametrize("name", SERVICES)
def test_little_of_the_machine_is_exposed(installed: Path, name: str) -> None:
    """The service holds the keys of two systems; it needs the network and nothing else."""
    file = units(installed) / name

    found = analysed("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", file)

    assert found.returncode == 0, found.stdout[-500:]


@pytest.mark.parametrize("name", FILES)
def test_every_unit_is_complete_and_ours(installed: Path, name: str) -> None:
    """What the first line says is how a later installation knows its own files."""
    text = inside(installed)[name]

    assert text.startswith(MARK)
    assert re.findall(r"@[A-Z]+@", text) == []
    configparser.RawConfigParser(strict=False, interpolation=None).read_string(text)


def test_the_template_differs_from_the_service_in_its_instance_only() -> None:
    """Two units of which one has what the other lacks are two services."""
    named = service(template=True).text
    for old, new in (
        ("wosync@PAIR", "wosync"),
        ("wosync-%i", "wosync"),
        ("/etc/wosync/%i", "/etc/wosync"),
        ("%i", "default"),
    ):
        named = named.replace(old, new)

    assert named == service(template=False).text


@pytest.mark.parametrize("template", [False, True])
def test_what_the_unit_says_of_the_program_is_so(template: bool) -> None:
    """Exit codes, deadlines and paths are promises that two files make to each other."""
    directives = lines_of(template)

    config = "/etc/wosync/%i" if template else "/etc/wosync"
    [start] = directives["ExecStart"]
    command, *arguments = start.split()
    assert Path(command).is_absolute()
    assert arguments == ["run", "--config", f"{config}/config.toml"]
    assert directives["RestartPreventExitStatus"] == [f"{Exit.CREDENTIALS} {Exit.CONFIGURATION}"]
    [stop] = directives["TimeoutStopSec"]
    assert float(stop) > ServiceSettings().shutdown_s
    for credential in directives["LoadCredential"]:
        name, _, path = credential.partition(":")
        assert path == f"{config}/credentials/{name}"
        assert f"{name}:\\n" in directives["SetCredential"]


def test_installing_makes_units_everybody_may_read_and_a_place_for_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Credentials are put where root alone looks, before anybody writes one."""
    assert install(tmp_path) == Exit.DONE

    assert sorted(inside(tmp_path)) == sorted(FILES)
    assert {mode(units(tmp_path) / name) for name in FILES} == {0o644}
    assert mode(tmp_path / "etc" / "wosync") == 0o755
    assert mode(tmp_path / "etc" / "wosync" / "credentials") == 0o700
    words = [words_of(step) for step in steps(capsys)]
    assert words == [
        "systemctl daemon-reload",
        str(texts.command()),
        "check --config /etc/wosync/config.toml",
        "systemctl start wosync",
        "systemctl status wosync",
    ]


def test_a_tight_umask_changes_nothing(tmp_path: Path) -> None:
    """The service's user reads the configuration below a directory that root made."""
    before = os.umask(0o077)
    try:
        install(tmp_path)
    finally:
        os.umask(before)

    assert mode(tmp_path / "etc" / "wosync") == 0o755
    assert {mode(units(tmp_path) / name) for name in FILES} == {0o644}


@pytest.mark.parametrize(
    ("plain", "template", "expected"),
    [
        (True, False, ["wosync.service", "wosync.target"]),
        (False, True, ["wosync.target", "wosync@.service"]),
    ],
)
def test_one_of_the_two_services_can_be_left_out(
    tmp_path: Path, plain: bool, template: bool, expected: list[str]
) -> None:
    """A machine with one pair needs no template, and one with several no plain service."""
    install(tmp_path, Wishes(plain=plain, template=template))

    assert sorted(inside(tmp_path)) == expected
    assert (tmp_path / "etc" / "wosync" / "credentials").exists() is plain


def test_installing_again_keeps_what_is_equal(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tool that manages machines runs the command every hour."""
    before = {name: (units(installed) / name).stat().st_ino for name in FILES}
    capsys.readouterr()

    install(installed)

    assert {name: (units(installed) / name).stat().st_ino for name in FILES} == before
    said = capsys.readouterr().out
    # With the link to the command.
    assert said.count("kept ") == len(FILES) + 1
    assert "daemon-reload" not in said


def configures(root: Path, *pairs: str, enabled: tuple[str, ...] = ()) -> None:
    """Somebody wrote the configurations, "" being the one without a name, and enabled units."""
    wanted = units(root) / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    for pair in pairs:
        path = root / "etc" / "wosync" / pair / "config.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text("# Somebody's own.\n", encoding="utf-8")
    for name in enabled:
        (wanted / f"{name}.service").symlink_to("../wosync.service")


@pytest.mark.parametrize(
    ("pairs", "enabled", "expected"),
    [
        (
            ("",),
            ("wosync",),
            [
                "check --config /etc/wosync/config.toml",
                "systemctl restart wosync",
                "systemctl status wosync",
            ],
        ),
        (
            ("",),
            (),
            [
                "check --config /etc/wosync/config.toml",
                "systemctl enable wosync",
                "systemctl restart wosync",
                "systemctl status wosync",
            ],
        ),
        (
            ("", "old", "prod", "uat"),
            ("wosync@prod", "wosync@uat"),
            [
                "check --config /etc/wosync/prod/config.toml",
                "check --config /etc/wosync/uat/config.toml",
                "systemctl restart wosync@prod wosync@uat",
                "systemctl status wosync@prod wosync@uat",
            ],
        ),
    ],
    ids=["upgraded", "configured", "several"],
)
def test_a_configuration_that_is_there_is_used_and_not_written(
    installed: Path,
    capsys: pytest.CaptureFixture[str],
    pairs: tuple[str, ...],
    enabled: tuple[str, ...],
    expected: list[str],
) -> None:
    """The advice of a first installation would put the sample over the live configuration."""
    configures(installed, *pairs, enabled=enabled)
    capsys.readouterr()

    install(installed)
    of_kept = [words_of(step) for step in steps(capsys)]
    (units(installed) / "wosync.target").unlink()
    install(installed)
    of_new = [words_of(step) for step in steps(capsys)]

    assert of_kept == expected
    assert of_new == ["systemctl daemon-reload", *expected]


def test_the_check_that_is_advised_has_what_systemd_would_give(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its directories are those of the pair; of encrypted secrets it could read none."""
    configures(installed, "open", "sealed", enabled=("wosync@open", "wosync@sealed"))
    sealed = installed / "etc" / "wosync" / "sealed" / "credentials"
    sealed.mkdir()
    (sealed / "workbooks_api_key.cred").touch()
    capsys.readouterr()

    install(installed)

    [check] = [step for step in steps(capsys) if " check " in step]
    [command] = {step.split()[0] for step in lines_of(template=True)["ExecStart"]}
    assert check == f"{command} check --config /etc/wosync/open/config.toml"


@pytest.mark.parametrize("template", [False, True])
def test_the_start_limit_ends_a_hopeless_start_and_spares_the_operator(template: bool) -> None:
    """systemd counts restarts by hand too: ten of them in ten minutes are a night's work."""
    directives = lines_of(template)

    [burst] = map(int, directives["StartLimitBurst"])
    [pause] = map(int, directives["RestartSec"])
    assert directives["StartLimitIntervalSec"] == ["10min"]
    assert burst >= 2 * STARTS_BY_HAND
    assert burst * (pause + START_S) < INTERVAL_S


def test_an_older_unit_of_ours_is_replaced_and_said_to_be(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """That is how an upgrade brings its unit along."""
    path = units(installed) / "wosync.service"
    current = path.read_text(encoding="utf-8")
    path.write_text(current.replace("WatchdogSec=20", "WatchdogSec=30"), encoding="utf-8")
    capsys.readouterr()

    install(installed)

    assert path.read_text(encoding="utf-8") == current
    assert f"replaced {path}" in capsys.readouterr().out


def test_a_unit_of_somebody_else_is_left_alone_until_forced(tmp_path: Path) -> None:
    """Nothing is written before every file was looked at."""
    path = units(tmp_path) / "wosync@.service"
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")

    with pytest.raises(Misconfigured) as refused:
        install(tmp_path)

    assert list(inside(tmp_path)) == ["wosync@.service"]
    assert code_for(refused.value) == Exit.CONFIGURATION
    assert f"{path} was not written by this command" in paragraph(refused.value)
    assert "--force" in paragraph(refused.value)
    install(tmp_path, Wishes(force=True))
    assert path.read_text(encoding="utf-8") == service(template=True).text


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """Root may write anywhere but below a file."""
    (tmp_path / "etc").write_text("", encoding="utf-8")

    with pytest.raises(StateUnusable) as refused:
        install(tmp_path)

    assert str(tmp_path / "etc") in paragraph(refused.value)
    assert "--root" in paragraph(refused.value)
    assert code_for(refused.value) == Exit.STATE


@pytest.mark.parametrize("directory", ["/home/jo", "/root", "/run/user/0", "/var/tmp"])  # noqa: S108 # a name
def test_a_program_the_sandbox_hides_is_found_out_beforehand(
    tmp_path: Path, directory: str
) -> None:
    """The service would fail with an exit code of systemd that explains nothing."""
    interpreter = Path(directory) / "venv" / "bin" / "python3"

    found = troubles(Path("/bin/sh"), interpreter)

    assert found == [f"{interpreter} is hidden from the service, which sees no home and no /tmp"]


def test_a_program_that_others_may_not_read_is_found_out_beforehand() -> None:
    """Root's umask is 077 on many a machine, and the service is not root."""
    closed = Path("/proc/self/environ")

    assert troubles(Path("/bin/sh")) == []
    assert troubles(Path("/bin/sh"), closed) == [
        f"{closed} cannot be read by the user of the service"
    ]


def test_a_command_that_is_not_there_is_found_out_beforehand(tmp_path: Path) -> None:
    """A package without its command was not installed, but put on the path."""
    command = tmp_path / "wosync"

    assert troubles(command) == [f"there is no command {command}, which the unit would start"]


def test_a_path_that_a_unit_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    """Blanks separate words there, and % introduces a specifier."""
    command = tmp_path / "100 %" / "wosync"
    command.parent.mkdir()
    command.touch()

    [found] = troubles(command)

    assert "characters that mean something else" in found


def wosync(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """One command line, as a real process."""
    return subprocess.run(
        [sys.executable, "-m", "engine", "unit", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )


def test_what_is_shown_is_what_would_be_installed(tmp_path: Path) -> None:
    """Whoever reviews a unit before it gets onto a machine must not be shown another one."""
    done = wosync("install", "--root", tmp_path)

    assert done.returncode == 0, done.stderr
    for name, options in (("wosync.service", ()), ("wosync@.service", ("--template",))):
        assert wosync("show", *options).stdout == inside(tmp_path)[name]


def test_a_refusal_is_one_paragraph(tmp_path: Path) -> None:
    """No traceback, whatever is wrong."""
    path = units(tmp_path) / "wosync.target"
    path.parent.mkdir(parents=True)
    path.write_text("[Unit]\n", encoding="utf-8")

    done = wosync("install", "--root", tmp_path)

    assert done.returncode == Exit.CONFIGURATION
    assert "Traceback" not in done.stderr
    assert "What to do: " in done.stderr


def test_a_library_that_a_new_wheel_needs_and_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel that was put over an older one without its libraries starts, and fails later."""
    described = tmp_path / "newer-2.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(NEWER, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sound, "about", lambda: About("newer", "2", ""))
    monkeypatch.setattr(sound, "_found", list)

    with pytest.raises(Misconfigured, match=r"the program lacks no-such-library$") as refused:
        sound.judge(strict=True)
    sound.judge(strict=False)

    assert "install --require-hashes -r requirements.lock" in str(refused.value.remedy)
    assert sound.lacking("no-such-distribution") == []


NEWER = """Metadata-Version: 2.1
Name: newer
Version: 2
Requires-Dist: anyio>=4
Requires-Dist: no-such-library<2,>=1
Requires-Dist: another; extra == "more"
"""
