"""What is said to somebody whom the service does not take a request from."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from engine.cli.asking import ask_service
from engine.cli.services import state_of
from engine.errors import StateUnusable


class Refusing(BaseHTTPRequestHandler):
    """It takes nothing from anybody."""

    def do_POST(self) -> None:
        """Refuse it."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # as the library calls it
        """Say nothing."""


def test_where_the_token_was_looked_for_is_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed service has its state where its unit says, and nowhere else."""
    monkeypatch.setattr("engine.cli.services.HOME", tmp_path)
    config = tmp_path / "config.toml"
    monkeypatch.setenv("STATE_DIRECTORY", str(state_of(config)))
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        config.write_text(f'[service]\nhttp = "127.0.0.1:{server.server_port}"\n', encoding="utf-8")
        with pytest.raises(StateUnusable) as refused:
            ask_service(config, "/reload", "POST")
        server.shutdown()

    assert refused.value.message.count("/var/lib/wosync/control.token") == 1
    assert "run the command as root" in str(refused.value.remedy)
