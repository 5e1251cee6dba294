"""What `wosync unit install` puts on a machine, how it is upgraded, and how it goes again."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli.exits import Misused
from engine.cli.unit import installing, sound, steps, texts, tree
from engine.cli.unit.asked import chosen, files_of
from engine.cli.unit.installing import Wishes, install
from engine.cli.unit.manual import manual
from engine.cli.unit.uninstalling import uninstall
from engine.cli.unit.upgrading import upgrade
from engine.errors import EngineError, Misconfigured, StateUnusable
from engine.store import statedir
from engine.store.sqlite import copies, statefile
from tests.operations.test_units import FILES, analysed, inside, units
from tests.operations.tools import needs

SECRET = "a key that nobody may read"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="making users needs root")
Say = pytest.CaptureFixture[str]


def files(root: Path) -> dict[str, str]:
    """Everything below the root: of files the text, of links where they lead."""
    return {
        str(path.relative_to(root)): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a secret."""
    path = tmp_path / "key"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The tree of an image."""
    path = tmp_path / "image"
    path.mkdir()
    return path


def test_what_would_be_done_is_what_is_done(root: Path, secret: Path, capsys: Say) -> None:
    """A preview that leaves something out is worse than none."""
    wishes = Wishes(secrets={"workbooks_api_key": secret})
    install(root, wishes, dry=True)
    foreseen = capsys.readouterr().out

    assert files(root) == {}
    install(root, wishes)
    done, _, _ = capsys.readouterr().out.partition("\nWhat to do next")
    assert foreseen == f"Nothing is changed. This would be done:\n{done}"


def test_the_configuration_begins_as_the_manual_with_the_secrets_of_the_unit(root: Path) -> None:
    """Every key is there to be changed; what systemd hands over is named as such."""
    install(root)

    text = (root / "etc/wosync/config.toml").read_text(encoding="utf-8")
    begun = tomllib.loads(text)
    assert begun["workbooks"]["api_key"] == {"credential": "workbooks_api_key"}
    assert begun["outreach"]["client_secret"] == {"credential": "outreach_client_secret"}
    assert begun["poller"]["interval_s"] == 60
    assert "state_dir" not in begun["service"]


def test_every_secret_that_the_manual_names_is_handed_over_by_the_unit() -> None:
    """The service's own user can read no file that belongs to root alone."""
    named = re.findall(r'^(?:# )?\w+ = \{ env = "(\w+)" \}', manual(), re.MULTILINE)
    # It is no secret, and stands in the file.
    assert {name.lower() for name in named} - {"outreach_client_id"} == set(texts.credentials())


def test_a_secret_is_stored_for_root_alone_and_never_shown(
    root: Path, secret: Path, capsys: Say
) -> None:
    """It comes as a file, so that it stands in no list of processes either."""
    install(root, Wishes(secrets={"workbooks_api_key": secret}))

    stored = root / "etc/wosync/credentials/workbooks_api_key"
    assert (stored.read_text(encoding="utf-8"), mode(stored)) == (f"{SECRET}\n", 0o600)
    assert SECRET not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(user="root"), "no name for the user"),
        (Wishes(user="Jo Bloggs"), "no name for the user"),
        (Wishes(user="a\nExecStart=/bin/sh"), "no name for the user"),
        (Wishes(secrets={"anything": Path("/dev/null")}), "loads no credential 'anything'"),
        (Wishes(secrets={"workbooks_api_key": Path("/none")}), "there is no file /none"),
    ],
    ids=["root", "blank", "line", "credential", "file"],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    root: Path, wishes: Wishes, said: str
) -> None:
    """Half an installation is the hardest to understand."""
    with pytest.raises(Misused, match=said) as refused:
        install(root, wishes)

    assert refused.value.remedy
    assert files(root) == {}


@pytest.mark.parametrize(
    "flags",
    [
        {"upgrade": True, "uninstall": True, "purge": False},
        {"upgrade": False, "uninstall": False, "purge": True},
    ],
)
def test_flags_that_contradict_each_other_are_refused(flags: dict[str, bool]) -> None:
    """One of them removes data."""
    with pytest.raises(Misused):
        chosen(**flags)


def test_a_secret_on_the_command_line_is_refused_without_repeating_it() -> None:
    """It would stand in the shell's history as well."""
    with pytest.raises(Misused) as refused:
        files_of([SECRET])

    assert SECRET not in f"{refused.value}{refused.value.remedy}"


def test_a_new_service_starts_with_the_machine_and_one_that_was_disabled_does_not(
    root: Path,
) -> None:
    """Whoever disabled it had a reason, which an upgrade by hand does not know."""
    wanting = units(root) / "multi-user.target.wants" / "wosync.service"
    install(root)
    assert wanting.readlink() == Path("/etc/systemd/system/wosync.service")
    wanting.unlink()

    install(root)
    kept = wanting.is_symlink()
    install(root, Wishes(enable=True))

    assert not kept
    assert wanting.is_symlink()


@AS_ROOT
@needs("systemd-analyze", "systemd-sysusers")
def test_a_user_of_the_machine_is_made_and_kept(root: Path) -> None:
    """Where a policy wants to know every user, systemd's own is none."""
    install(root, Wishes(user="sync"))
    install(root)

    text = inside(root)["wosync.service"]
    assert "\nUser=sync\n" in text
    assert "DynamicUser=" not in text
    assert "sync:" in (root / "etc/passwd").read_text(encoding="utf-8")
    found = analysed("verify", "--man=no", units(root) / "wosync.service")
    assert (found.returncode, found.stderr) == (0, "")
    hardened = analysed("security", "--offline=true", "--threshold=13", units(root) / FILES[0])
    assert hardened.returncode == 0, hardened.stdout[-500:]


def judged_sound(*, strict: bool) -> None:
    """The program lies where a service can start it."""
    del strict


@pytest.mark.parametrize("action", [install, upgrade, uninstall])
def test_only_root_changes_this_machine(
    action: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence at the beginning, and not a refusal by the system half-way."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sound, "judge", judged_sound)

    with pytest.raises(StateUnusable, match="only root") as refused:
        action()

    assert "with the same options: sudo " in str(refused.value.remedy)
    assert "--dry-run" in str(refused.value.remedy)


@pytest.mark.parametrize("action", [install, upgrade])
def test_nobody_is_sent_to_be_root_for_a_program_that_no_service_could_start(
    action: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of `pipx install` and the like, in somebody's home: root would be refused it as well."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sound, "command", lambda: Path("/home/jo/.local/bin/wosync"))

    with pytest.raises(Misconfigured) as refused:
        action()

    assert "install it where every user can read it" in str(refused.value.remedy)


def test_what_was_installed_goes_again_and_what_is_the_operators_stays(
    root: Path, secret: Path, capsys: Say
) -> None:
    """The undoing that `install` names leaves configuration, secrets and state."""
    install(root, Wishes(secrets={"workbooks_api_key": secret}))
    assert f"--root {root} --uninstall" in capsys.readouterr().out
    before = files(root)
    uninstall(root, dry=True)
    assert files(root) == before

    uninstall(root)
    uninstall(root)

    assert list(files(root)) == [
        "etc/wosync/config.toml",
        "etc/wosync/credentials/workbooks_api_key",
    ]
    assert "--uninstall --purge" in capsys.readouterr().out


def state_of(root: Path, name: str) -> Path:
    """A state, as a service keeps it."""
    path = root / "var/lib" / name / "state.db"
    path.parent.mkdir(parents=True, mode=0o700)
    statefile.prepare(path)
    return path


def test_a_purge_takes_configuration_and_states_and_nothing_of_a_like_name(root: Path) -> None:
    """A directory of backups may be called after what it keeps."""
    install(root)
    state_of(root, "private/wosync-prod")
    (root / "var/lib/wosync-prod").symlink_to("private/wosync-prod")
    other = root / "var/lib/wosync-backups" / "monday"
    other.mkdir(parents=True)
    (other / "copy.db").touch()

    uninstall(root, purge=True)

    assert list(files(root)) == ["var/lib/wosync-backups/monday/copy.db"]


def test_a_unit_of_somebody_else_is_not_taken_away(root: Path, capsys: Say) -> None:
    """It is named, so that nobody looks for it in vain."""
    install(root)
    path = units(root) / "wosync.service"
    path.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")

    uninstall(root)

    assert path.exists()
    assert f"left     {path}" in capsys.readouterr().out


@pytest.fixture
def older(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of the version before, with a state."""
    known = statefile.migrations()
    install(root)
    service = units(root) / "wosync.service"
    text = service.read_text(encoding="utf-8")
    service.write_text(text.replace("WatchdogSec=20", "WatchdogSec=30"), encoding="utf-8")
    with monkeypatch.context() as earlier:
        earlier.setattr(statefile, "migrations", lambda: known[:-1])
        state_of(root, "wosync")
    return root


def schema(path: Path) -> int:
    """The version of its schema."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_an_upgrade_brings_units_and_state_along_and_keeps_the_state_as_it_was(
    older: Path, capsys: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way back is named, and it is one."""
    state, known = older / "var/lib/wosync/state.db", statefile.migrations()
    kept = state.with_name(f"state.db.schema-{len(known) - 1}")
    capsys.readouterr()
    before = files(older)
    upgrade(older, dry=True)
    foreseen = capsys.readouterr().out
    assert files(older) == before

    upgrade(older)

    said = capsys.readouterr().out
    assert "WatchdogSec=20" in inside(older)["wosync.service"]
    assert (schema(state), schema(kept), mode(kept)) == (len(known), len(known) - 1, 0o600)
    assert f"state restore {kept} --config /etc/wosync/config.toml" in said
    assert foreseen == f"Nothing is changed. This would be done:\n{said}"
    monkeypatch.setattr(statefile, "migrations", lambda: known[:-1])
    with copies.opened(kept) as source, statedir.lease(state.parent):
        copies.put_back(source, kept, state, "any pair")
    statefile.prepare(state)
    assert schema(state) == len(known) - 1


def test_a_state_in_a_database_is_left_to_the_next_start(older: Path, capsys: Say) -> None:
    """A file that lies there still is one that was moved."""
    config, state = older / "etc/wosync/config.toml", older / "var/lib/wosync/state.db"
    text = config.read_text(encoding="utf-8")
    named = '[service]\nstate = "postgresql://db.example.com/wosync"'
    config.write_text(text.replace("[service]", named, 1), encoding="utf-8")
    before = schema(state)
    capsys.readouterr()

    upgrade(older)

    assert "the tables of wosync in schema wosync of their database" in capsys.readouterr().out
    assert schema(state) == before
    uninstall(older, purge=True)
    said = capsys.readouterr().out
    assert "The state of wosync is still in its database: DROP SCHEMA wosync CASCADE" in said


def test_an_upgrade_of_nothing_says_what_to_do_instead(root: Path) -> None:
    """It may be the wrong --root."""
    with pytest.raises(Misconfigured, match="there is no service") as refused:
        upgrade(root)

    assert f"unit install --root {root}" in str(refused.value.remedy)


def test_a_state_that_cannot_be_migrated_stays_as_it_was(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version before goes on with it."""
    state, known = older / "var/lib/wosync/state.db", statefile.migrations()
    monkeypatch.setattr(statefile, "migrations", lambda: [*known[:-1], "DROP TABLE nothing;\n"])

    with pytest.raises(StateUnusable):
        upgrade(older)

    assert schema(state) == len(known) - 1


def test_a_machine_with_selinux_has_the_files_labelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program below /opt that is labelled as data does not start there."""
    enforce = tmp_path / "enforce"
    enforce.touch()
    monkeypatch.setattr("engine.cli.unit.installing.SELINUX", enforce)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/sbin/{name}")  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] # any program

    found = installing.telling(tree.Tree.at(None), told=True)

    assert [one.what.split()[0] for one in found][:1] == ["/usr/sbin/restorecon"]


def test_a_program_that_fails_is_one_paragraph() -> None:
    """What it said, and what somebody does about it."""
    step = steps.run(["sh", "-c", "echo no such thing >&2; exit 3"], "do it yourself")

    with pytest.raises(EngineError, match="no such thing") as refused:
        assert step.act is not None
        step.act()

    assert refused.value.remedy == "do it yourself"
