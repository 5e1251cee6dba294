"""What is said to somebody whom the service does not take a request from."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from engine.about import about
from engine.cli.app import start
from engine.cli.asking import address, ask_service
from engine.cli.exits import Exit
from engine.cli.services import state_of
from engine.errors import StateUnusable, Unreachable
from engine.service.headers import VERSION

SYSTEMS = """
[workbooks]
api_key = { env = "SURELY_NOT_SET" }
[outreach]
client_id = { env = "SURELY_NOT_SET" }
client_secret = { env = "SURELY_NOT_SET" }
"""


class Refusing(BaseHTTPRequestHandler):
    """It takes nothing from anybody."""

    def do_POST(self) -> None:
        """Refuse it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header(VERSION, about().version)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # as the library calls it
        """Say nothing."""


class Another(BaseHTTPRequestHandler):
    """Some other program, which says the same to everybody."""

    status, content, counted = 200, b"", True

    def do_GET(self) -> None:
        """Say it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        if self.counted:
            self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    do_POST = do_GET  # noqa: N815 # as the library calls it

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # as the library calls it
        """Say nothing."""


@contextmanager
def listening(directory: Path, answering: type[BaseHTTPRequestHandler]) -> Generator[Path]:
    """A configuration of a service where somebody else listens, for the block."""
    config = directory / "config.toml"
    with HTTPServer(("127.0.0.1", 0), answering) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        config.write_text(
            f'[service]\nhttp = "127.0.0.1:{server.server_port}"\n{SYSTEMS}', encoding="utf-8"
        )
        try:
            yield config
        finally:
            server.shutdown()
            thread.join()


HTML = b"<!doctype html><title>Grafana</title>"
# What some other program says: the status, the body, and whether it tells how long that is.
SAYINGS = (
    (200, b"{}", True),
    (200, b"[]", True),
    (200, b'"ready"', True),
    (200, b'{"ready": true, "records": 7}', False),
    (200, b"", False),
    (404, b"not here\n", True),
    (403, b"", True),
)
COMMANDS = (
    *("status", "status --json", "top --json", "why OPP-1", "mapping", "plan", "reload"),
    *("retry OPP-1", "resync OPP-1", "approve --yes", "undo OPP-1 --yes"),
)


@pytest.mark.parametrize(
    ("command", "saying"),
    [
        *((command, (200, HTML, True)) for command in COMMANDS),
        *((command, saying) for command in ("status", "plan", "reload") for saying in SAYINGS),
    ],
)
def test_another_program_at_the_port_is_named_as_one(
    command: str,
    saying: tuple[int, bytes, bool],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its answer says nothing of the service, whatever it is."""

    class Saying(Another):
        """As it does here."""

        status, content, counted = saying

    name, *rest = command.split()
    with listening(tmp_path, Saying) as config:
        code = start([name, "--config", str(config), *rest])
        where = address(config)

    err = capsys.readouterr().err
    assert code == Exit.UNREACHABLE, err
    assert f"what answers at {where} is not this service" in err
    assert "What to do: " in err
    assert err.count("wosync: ") == 1


def test_an_answer_of_the_service_that_is_no_document_is_not_taken_for_one(tmp_path: Path) -> None:
    """Whoever reads it looks for members by their names."""

    class Odd(Another):
        """As the service signs it, and a list."""

        content = b"[]"

        def end_headers(self) -> None:
            """Sign it."""
            self.send_header(VERSION, about().version)
            super().end_headers()

    with listening(tmp_path, Odd) as config, pytest.raises(Unreachable, match="not this service"):
        ask_service(config, "/status")


def test_where_the_token_was_looked_for_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed service has its state where its unit says, and nowhere else."""
    monkeypatch.setattr("engine.cli.services.HOME", tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(state_of(tmp_path / "config.toml")))
    with listening(tmp_path, Refusing) as config, pytest.raises(StateUnusable) as refused:
        ask_service(config, "/reload", "POST")

    assert refused.value.message.count("/var/lib/wosync/control.token") == 1
    assert "run the command as root" in str(refused.value.remedy)
