"""`wosync init`: what it does beside its questions."""

from __future__ import annotations

import socket
import tomllib
from collections.abc import Generator
from pathlib import Path

import pytest

from engine.cli import initialising
from engine.cli.asker import Flags
from engine.cli.initialising import init

HERE = "127.0.0.1"


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Generator[int]:
    """The usual port, which somebody else has; the redirect of a consent has the next one."""
    with socket.create_server((HERE, 0)) as somebody:
        port = somebody.getsockname()[1]
        monkeypatch.setattr(initialising, "HTTP", f"{HERE}:{port}")
        monkeypatch.setattr(initialising, "REDIRECT_URI", f"http://localhost:{port + 1}/callback")
        # Neither system is asked for anything.
        monkeypatch.setattr(initialising, "_part", lambda *_: None)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] # whatever is asked
        yield port


def port_after(config: Path) -> int:
    """The service's port once a script has run it."""
    init(config, yes=True, flags=Flags({}, {}), systemd_creds=False, authorise=False)
    address: str = tomllib.loads(config.read_text(encoding="utf-8"))["service"]["http"]
    return int(address.rpartition(":")[2])


def test_a_manual_that_nobody_has_filled_in_gets_a_port_that_is_free(
    tmp_path: Path, usual: int
) -> None:
    """As `wosync unit install` leaves it; where the browser comes back is not free either."""
    config = tmp_path / "config.toml"
    config.write_text(f'[service]\nhttp = "{HERE}:{usual}"\n', encoding="utf-8")

    assert port_after(config) not in {usual, usual + 1}


def test_a_service_that_has_been_at_work_keeps_its_port(tmp_path: Path, usual: int) -> None:
    """It is itself who has it."""
    (tmp_path / "key").write_text("a key", encoding="utf-8")
    config = tmp_path / "config.toml"
    config.write_text(
        f'[service]\nhttp = "{HERE}:{usual}"\n'
        f'[workbooks]\napi_key = {{ file = "{tmp_path}/key" }}\n',
        encoding="utf-8",
    )

    assert port_after(config) == usual


def test_a_port_of_the_operators_own_stays(tmp_path: Path, usual: int) -> None:
    """Another one than the usual was chosen by somebody."""
    config = tmp_path / "config.toml"
    config.write_text(f'[service]\nhttp = "{HERE}:{usual + 2}"\n', encoding="utf-8")

    assert port_after(config) == usual + 2


def test_an_installed_service_is_started_at_the_end(
    tmp_path: Path,
    usual: int,  # nobody is asked
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A single run beside it would be somebody else's."""
    monkeypatch.setattr("engine.cli.services.HOME", tmp_path)
    for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        # Put back at the end, whatever the command sets.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "prod").mkdir()
    port_after(tmp_path / "prod" / "config.toml")
    shown = capsys.readouterr().out

    assert "systemctl enable --now wosync@prod" in shown
    assert "wosync once" not in shown
