"""Command lines as people type them: what cannot be understood is answered with what can."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.app import start

DONE, USAGE, CONFIGURATION = 0, 2, 78


def types(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The code, and both streams."""
    code = start(words)
    said = capsys.readouterr()
    return code, said.out, said.err


def never(*_: object) -> bool:
    """In place of the question whether this user may."""
    return False


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--config", "x.toml", "status"), "wosync status --config x.toml"),
        (("--config=x.toml", "status", "--json"), "wosync status … --config=x.toml"),
        (("--json", "history", "OPP-1"), "wosync history … --json"),
        (("config", "--config", "x y", "get", "a.b"), "wosync config get … --config 'x y'"),
        (("--config", "x.toml", "config", "show"), "wosync config … --config x.toml"),
        (("--over", "5", "tune"), "wosync tune --over 5"),
    ],
)
def test_an_option_before_its_command_is_answered_with_the_line_in_order(
    words: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Many programs take it there; what else was typed may be a secret, and is not repeated."""
    code, out, err = types(capsys, *words)

    option = words[1] if words[0] == "config" else words[0]
    assert (code, out) == (USAGE, "")
    assert err.startswith(f"wosync: give {option.split('=')[0]} after the command: {line}\n")


def test_an_option_without_its_command_is_told_to_have_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There is no line to put in order yet."""
    for option, command in (("--json", "once"), ("--over", "tune"), ("--root", "unit")):
        line = f"wosync: give {option} after a command, as in: wosync {command} {option}\n"
        assert types(capsys, option) == (USAGE, "", f"{line}  See: wosync --help\n")


@pytest.mark.parametrize(
    "words", [("--over", "5", "status"), ("--louder", "status"), ("status", "--louder")]
)
def test_an_option_that_the_command_does_not_have_is_called_unknown(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Putting it elsewhere would not help."""
    code, _, err = types(capsys, *words)

    assert code == USAGE
    assert "No such option: --" in err


@pytest.mark.parametrize("words", [(), ("status",), ("config", "set"), ("unit", "install")])
def test_every_way_to_ask_for_help_is_answered_alike(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The first thing typed on a machine one does not know."""
    long = types(capsys, *words, "--help")

    assert long[0] == DONE
    assert long[1].startswith(f"Usage: {' '.join(('wosync', *words))} ")
    assert types(capsys, *words, "-h") == long
    assert types(capsys, "help", *words) == long


def test_help_for_a_command_that_does_not_exist_is_bad_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The nearest name is better than an empty answer."""
    code, out, err = types(capsys, "help", "statsu")

    assert (code, out) == (USAGE, "")
    assert "No such command 'statsu'. Did you mean 'status', 'state'?" in err


@pytest.mark.parametrize("columns", ["40", "60", "80"])
@pytest.mark.parametrize("words", [("--help",), ("config", "--help"), ("unit", "--help")])
def test_the_help_is_folded_and_never_cut(
    words: tuple[str, ...],
    columns: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A description that ends in dots explains nothing."""
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = types(capsys, *words)

    assert "Commands:" in out
    assert "..." not in out.replace("[ARGS]...", "")
    assert "…" not in out


def test_a_configuration_that_may_not_be_read_is_a_wrong_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line is right; it is the file that somebody has to open."""
    path = tmp_path / "config.toml"
    path.touch(mode=0)

    def denied(self: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied", str(self))

    # An administrator who runs the tests may read everything.
    monkeypatch.setattr("os.access", never)
    monkeypatch.setattr(Path, "read_text", denied)
    code, out, err = types(capsys, "config", "show", "--config", str(path))

    assert (code, out) == (CONFIGURATION, "")
    assert err.startswith(f"wosync: {path} cannot be read: Permission denied\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("plan", "--sample", "0"), "'--sample': Input should be greater than or equal to 1"),
        (("plan", "--sample", "x"), "'--sample': Input should be a valid integer, unable to parse"),
        (("tune", "--over", "3601"), "'--over': Input should be less than or equal to 3600"),
        (("tune", "--over", "nan"), "'--over': Input should be less than or equal to 3600"),
        (("tune", "--over", ""), "'--over': Input should be a valid number, unable to parse"),
        (("history", "--run", "1.5"), "'--run': Input should be a valid integer, unable to parse"),
        (("undo", "--run", "0"), "'--run': Input should be greater than or equal to 1"),
        *(
            ((command, number, "9" * 20), f"'{number}': Input should be less than or equal to 2")
            for command, number in (
                ("history", "--run"),
                ("history", "--limit"),
                ("history", "--page"),
                ("list", "--limit"),
                ("list", "--page"),
                ("plan", "--sample"),
                ("undo", "--run"),
            )
        ),
    ],
)
def test_a_number_out_of_bounds_is_refused(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the command is loaded, and in the words in which the configuration refuses one."""
    code, out, err = types(capsys, *words)

    assert (code, out) == (USAGE, "")
    assert f"wosync: Invalid value for {sentence}" in err
