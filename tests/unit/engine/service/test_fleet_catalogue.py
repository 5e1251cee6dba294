"""The copy of a pair's row, which commands make where the service keeps its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.farm import Wanted, fleet_text

if TYPE_CHECKING:
    from engine.store.postgres.database import Database

SERVICE = 65534
TEXT = "# of a pair\n"
PAIR = """
[workbooks]
api_key = {{ env = "{}" }}
[outreach]
client_id = {{ env = "FINE" }}
client_secret = {{ env = "FINE" }}
"""


def test_a_secret_that_is_no_text_stops_its_pair_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that failed at one pair would leave all the others without anybody."""
    from engine.config import fleet as fleet_config
    from engine.service.fleet.catalogue import Catalogue
    from engine.store.postgres.fleet.register import Register

    monkeypatch.setenv("FINE", "the-key")
    monkeypatch.setenv("BROKEN", os.fsdecode(b"abcdefgh\xffij"))
    path = tmp_path / "fleet.toml"
    path.write_text('[service]\nstate = "postgresql://@/any"\n')
    (tmp_path / "pairs").mkdir()
    for name in ("fine", "broken"):
        (tmp_path / "pairs" / f"{name}.toml").write_text(PAIR.format(name.upper()))

    nobody_asked = cast("Register", None)
    known = Catalogue(fleet_config.load(path), nobody_asked).look({})

    assert known["fine"].trouble is None
    assert "the environment variable BROKEN is not readable" in str(known["broken"].trouble)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may act as somebody else")
def test_what_root_asks_for_is_the_services_own(tmp_path: Path, postgres: str) -> None:
    """A service that cannot replace a copy would work with it for good."""
    from engine.config import fleet as fleet_config
    from engine.service.fleet.catalogue import of_row
    from engine.store.postgres.fleet.register import Register
    from tests.unit.engine.store.databases import empty

    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    os.chown(state, SERVICE, SERVICE)
    tmp_path.chmod(0o711)
    with empty(postgres) as database:
        _kept(database)
        path = tmp_path / "fleet.toml"
        path.write_text(fleet_text(Wanted("postgresql://@/any", rows=True), state))
        fleet = fleet_config.load(path)
        copy = of_row(fleet, Register(database), "acme")

    made = [copy, copy.parent, *copy.parent.iterdir()]
    assert copy.read_text() == TEXT
    assert {one.lstat().st_uid for one in made} == {SERVICE}


def _kept(database: Database) -> None:
    """Have a row of the pair in the database."""
    from engine.store.postgres.fleet.register import Register

    register = Register(database)
    register.prepare()
    register.put("acme", TEXT, replace=False)
