"""The written configuration is complete, and its secrets are for their owner alone."""

import fcntl
import os
import stat
import tomllib
from pathlib import Path

import pytest

from connectors.sandbox.sandbox import Addresses, Credentials
from connectors.sandbox.settings_file import occupied, prepared, write_settings

ADDRESSES = Addresses("http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
CREDENTIALS = Credentials("the-key", "the-client", "the-secret", "the-token")


def test_the_configuration_points_at_the_sandbox_and_holds_no_secret(tmp_path: Path) -> None:
    """It is shown on the screen, and it must be usable as it is."""
    home = prepared(tmp_path / 'a "quoted" place')
    settings = write_settings(home, ADDRESSES, CREDENTIALS)

    tables = tomllib.loads(settings.path.read_text(encoding="utf-8"))

    assert settings.path.read_text(encoding="utf-8") == settings.text
    assert tables["workbooks"]["base_url"] == ADDRESSES.workbooks
    assert tables["outreach"]["base_url"] == ADDRESSES.outreach
    assert tables["outreach"]["record_url"].startswith(ADDRESSES.outreach)
    assert tables["outreach"]["prospect_url"].startswith(ADDRESSES.outreach)
    assert tables["outreach"]["client_id"] == "the-client"
    assert tables["outreach"]["visibility_s"] == 5
    assert tables["poller"] == {"interval_s": 2}
    assert tables["owners"] == {"ttl_s": 30}
    assert tables["service"]["state_dir"] == str(home / "state")
    assert settings.service_url == f"http://{tables['service']['http']}"
    for secret in ("the-key", "the-secret", "the-token"):
        assert secret not in settings.text


def test_a_directory_below_a_home_that_nobody_knows_is_refused() -> None:
    """A shell leaves the `~` of an unknown user as it is."""
    with pytest.raises(OSError, match="~nosuchuser/x cannot be made: its ~ names a user whom"):
        prepared(Path("~nosuchuser/x"))


def test_each_secret_lies_in_a_file_only_its_owner_can_read(tmp_path: Path) -> None:
    """Even a sandbox sets the example."""
    before = os.umask(0)
    try:
        home = prepared(tmp_path / "new")
        settings = write_settings(home, ADDRESSES, CREDENTIALS)
        write_settings(home, ADDRESSES, CREDENTIALS)
    finally:
        os.umask(before)
    tables = tomllib.loads(settings.text)
    references = (
        tables["workbooks"]["api_key"],
        tables["outreach"]["client_secret"],
        tables["outreach"]["refresh_token"],
    )

    paths = [Path(reference["file"]) for reference in references]

    assert [path.read_text().strip() for path in paths] == ["the-key", "the-secret", "the-token"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_service_waits_longer_than_the_collections_lag(tmp_path: Path) -> None:
    """Otherwise the configuration itself would allow a duplicate."""
    settings = write_settings(tmp_path, ADDRESSES, CREDENTIALS, index_lag_s=7.5, owners_ttl_s=5)

    tables = tomllib.loads(settings.text)

    assert tables["outreach"]["visibility_s"] > 7.5
    assert tables["owners"]["ttl_s"] == 5


def test_a_directory_with_the_state_of_an_earlier_sandbox_is_refused(tmp_path: Path) -> None:
    """That state speaks of records which no longer exist."""
    (tmp_path / "state").mkdir()

    with pytest.raises(FileExistsError, match="earlier sandbox"):
        prepared(tmp_path)


def test_a_directory_that_a_sandbox_uses_is_refused_to_another_until_it_ends(
    tmp_path: Path,
) -> None:
    """The second one would point the first one's service at other records."""
    with occupied(tmp_path) as home:
        (home / "state").mkdir()
        with (
            pytest.raises(BlockingIOError, match="in use by a sandbox that is running"),
            occupied(tmp_path),
        ):
            pass

    with pytest.raises(FileExistsError, match="earlier sandbox"), occupied(tmp_path):
        pass


def test_the_configuration_of_a_running_sandbox_can_be_edited(tmp_path: Path) -> None:
    """`wosync config set` locks the directory; behind a lock of ours it would wait for ever."""
    with occupied(tmp_path) as home:
        handle = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
