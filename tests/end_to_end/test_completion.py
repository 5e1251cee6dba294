"""Completion of the command line, in each shell itself, with the script the real command prints.

For every word a shell starts the command twice. It is the warm process that becomes it, but where
everything is offered: there the command starts from nothing.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.store.sqlite import statefile
from tests.end_to_end import program, warm
from tests.operations.tools import needs
from tests.waiting import DEADLINE_S

ROOT = Path(__file__).resolve().parents[2]
BASH = r"""
source <(wosync completion bash)
complete -p wosync
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_wosync_completion wosync
printf '%s\n' "${COMPREPLY[@]}"
"""
# Outside of its line editor, zsh lets anybody set the words; what is to be offered is printed.
ZSH = r"""
autoload -Uz compinit
compinit -u -D
source <(wosync completion zsh)
print -r -- $_comps[wosync]
_arguments() { print -r -- "$@" }
_files() { print -r -- "the files" }
words=("$@")
CURRENT=$#words
$_comps[wosync]
"""
FISH = r"""
wosync completion fish | source
complete --command wosync
complete --do-complete "$argv"
"""
SHELLS = [pytest.param(shell, marks=needs(shell)) for shell in ("bash", "zsh", "fish")]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A search path with the command in it."""
    return _path_with(tmp_path, "-IS", program.__file__)


@pytest.fixture
def installed(tmp_path: Path) -> str:
    """The same, as an installation has it."""
    return _path_with(tmp_path, "-m", "engine")


def _path_with(directory: Path, *arguments: str) -> str:
    found = directory / "bin" / "wosync"
    found.parent.mkdir()
    found.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, *arguments])} "$@"\n')
    found.chmod(0o755)
    return f"{found.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(autouse=True)
def known(tmp_path: Path) -> None:
    """A state in the directory where somebody types, beside the configuration."""
    (tmp_path / "config.toml").write_text('[service]\nstate_dir = "state"\n', encoding="utf-8")
    (tmp_path / "state").mkdir(mode=0o700)
    state = tmp_path / "state" / "state.db"
    statefile.prepare(state)
    with contextlib.closing(statefile.connect(state)) as connection:
        for number in (2, 17, 171):
            connection.execute(
                "INSERT INTO record (id, ref, version, updated_at, captured_at, linked, payload,"
                " state, lane, due_at) VALUES (?, ?, 1, 1, 1, 0, '{}', 'settled', 0, 1)",
                (number, f"OPP-{number}"),
            )
        # What another system calls a record is no word for a shell.
        connection.execute(
            "INSERT INTO person (id, ref, version, read_at) VALUES (4, 'PERS-4', 1, 1),"
            " (5, 'PERS-5; touch taken', 1, 1), (6, 'PERS-$(touch taken)', 1, 1)"
        )


def run(command: list[str], path: str) -> subprocess.CompletedProcess[str]:
    """One process in the directory above the program's, without anybody's own settings."""
    home = Path(path.split(os.pathsep, maxsplit=1)[0]).parent
    return subprocess.run(
        command,
        cwd=home,
        env={
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": path,
            "PYTHONPATH": str(ROOT),
            "TERM": "dumb",
            program.WARM: str(warm.descriptor()),
        },
        pass_fds=[warm.descriptor()],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def offered(shell: str, words: Sequence[str], path: str) -> tuple[str, str]:
    """How the completion is registered, and what is offered for the last of these words."""
    command = {
        "bash": ["bash", "--norc", "--noprofile", "-c", BASH, "bash", *words],
        "zsh": ["zsh", "-f", "-c", ZSH, "zsh", *words],
        "fish": ["fish", "--no-config", "-c", FISH, *words],
    }[shell]
    ended = run(command, path)
    assert (ended.returncode, ended.stderr) == (0, "")
    registered, _, rest = ended.stdout.partition("\n")
    return registered, rest


def words_in(shell: str, text: str) -> set[str]:
    """The words alone, without the help that zsh and fish show next to them."""
    if shell == "zsh":
        # _arguments '*: :(("word":"help" ...))'
        inside = text.strip().removeprefix("*: :((").removesuffix("))")
        return {entry.split(":")[0] for entry in shlex.split(inside)}
    return {line.split("\t")[0] for line in text.splitlines() if line}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("wosync config ", {"get", "set", "show"}),
        ("wosync unit show --", {"--template", "--fleet"}),
        ("wosync completion f", {"fish"}),
        ("wosync explain owner-", {"owner-ambiguous", "owner-unknown"}),
        (
            "wosync config get retry.",
            {"retry.attempts_max", "retry.base_s", "retry.cap_s", "retry.heal"},
        ),
        ("wosync retry --reason owner-", {"owner-ambiguous", "owner-unknown"}),
        ("wosync list --by ", {"reason"}),
        ("wosync why OPP-1", {"OPP-17", "OPP-171"}),
        ("wosync history pers-", {"PERS-4"}),
        ("wosync resync OPP-17 OPP-17", {"OPP-17", "OPP-171"}),
    ],
)
def test_words_are_completed(shell: str, line: str, expected: set[str], path: str) -> None:
    """Commands, their own commands, options and choices, each where it can stand."""
    registered, text = offered(shell, line.split(" "), path)

    assert "wosync" in registered
    assert words_in(shell, text) - {"--help"} == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_offered(shell: str, installed: str) -> None:
    """Those of the connectors too; a help text with a quote in it must not break the rest."""
    _, text = offered(shell, ["wosync", ""], installed)

    found = words_in(shell, text)
    assert {"run", "once", "check", "status", "tune", "config", "unit", "completion"} <= found
    assert {"demo", "sandbox"} <= found


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        pytest.param("bash", "wosync status --config set", marks=needs("bash")),
        pytest.param("bash", "wosync unit install --root set", marks=needs("bash")),
        pytest.param("zsh", "wosync demo --directory set", marks=needs("zsh")),
        pytest.param("fish", "wosync sandbox --directory set", marks=needs("fish")),
    ],
)
def test_a_path_is_left_to_the_shell(shell: str, line: str, path: str, tmp_path: Path) -> None:
    """It knows the files; a word of ours would stand in their way."""
    (tmp_path / "settings.toml").touch()
    registered, text = offered(shell, line.split(" "), path)

    # fish offers them itself, bash does by "-o default" once nothing is offered.
    expected = {"bash": "", "zsh": "the files", "fish": "settings.toml"}[shell]
    assert text.strip() == expected
    assert shell != "bash" or "-o default" in registered


def test_the_script_is_for_the_shell_that_is_named_not_for_the_one_that_runs(path: str) -> None:
    """A package is built by a shell that nobody who installs it uses."""
    script = 'for shell in bash zsh fish; do wosync completion "$shell" || exit; done; true'
    ended = run(["sh", "-c", script], path)

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "complete -o default -F _wosync_completion wosync" in ended.stdout
    assert "\n#compdef wosync\n" in ended.stdout
    assert "complete --command wosync" in ended.stdout


def test_the_script_for_zsh_can_be_a_file_of_its_function_path(path: str) -> None:
    """There it is found by its first line, and by that alone."""
    assert run(["wosync", "completion", "zsh"], path).stdout.startswith("#compdef wosync\n")


def test_a_shell_nobody_knows_is_refused(path: str) -> None:
    """An empty script would be noticed much later."""
    ended = run(["wosync", "completion", "ksh"], path)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "'bash', 'zsh', 'fish'" in ended.stderr
