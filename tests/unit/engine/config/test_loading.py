"""The configuration: checked whole, every mistake reported with its place."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from engine.config.loading import Config, Connectors, load
from engine.config.places import find
from engine.connector import SourceConnector, StandardField, TargetConnector
from engine.errors import Misconfigured
from engine.mapping.fields import LineSetting
from engine.model.records import RecordType
from engine.ports import ConnectorEnvironment, Source, Target
from engine.settings import BudgetSettings, Secret, Settings


class SourceTable(Settings):
    """[crm]"""

    base_url: str = "https://crm.example"
    api_key: Secret = SecretStr("")
    requests_in_flight_max: int = 4
    page_size: int = 100


class TargetTable(Settings):
    """[sales]"""

    base_url: str = "https://sales.example"
    requests_in_flight_max: int = 4
    visibility_s: float = 5
    on_missing: str = "refuse"
    budget: BudgetSettings = BudgetSettings()


@asynccontextmanager
async def open_source(settings: SourceTable, _: ConnectorEnvironment) -> AsyncGenerator[Source]:
    """Never opened here."""
    raise AssertionError
    yield


@asynccontextmanager
async def open_target(settings: TargetTable, _: ConnectorEnvironment) -> AsyncGenerator[Target]:
    """Never opened here."""
    raise AssertionError
    yield


PAIR = Connectors(
    SourceConnector(
        name="crm",
        settings=SourceTable,
        standard_columns={
            RecordType.OPPORTUNITY: {"title": ("name", "alias")},
            RecordType.PERSON: {"surname": ("last_name",)},
        },
        routes=(),
        open=open_source,
    ),
    TargetConnector(
        name="sales",
        settings=TargetTable,
        standard_mapping={
            RecordType.OPPORTUNITY: [StandardField("name", "title", "text")],
            RecordType.PERSON: [StandardField("lastName", "surname", "text")],
        },
        routes=(),
        correlation_field="ref",
        email_field="emails",
        open=open_target,
    ),
)
EMPTY = "[crm]\n[sales]\n"


@pytest.fixture(autouse=True)
def outside_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings are not the tests'."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


def read(directory: Path, text: str = EMPTY) -> Config:
    """The text as a configuration."""
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, PAIR)


def mistakes(directory: Path, text: str) -> str:
    """What is said about a configuration that is refused."""
    with pytest.raises(Misconfigured) as refused:
        read(directory, text)
    assert refused.value.remedy
    return str(refused.value)


def test_a_configuration_with_nothing_in_it_has_the_defaults(tmp_path: Path) -> None:
    """What an operator leaves out has one documented meaning."""
    config = read(tmp_path)

    assert config.engine.poller.interval_s == 60
    assert config.engine.service.http_address == ("127.0.0.1", 9464)
    assert config.engine.service.state_dir == tmp_path / "state"
    assert config.source.base_url == "https://crm.example"


@pytest.mark.parametrize(
    ("record_type", "lines"),
    [
        (RecordType.OPPORTUNITY, {"name": LineSetting(("name", "alias"), "text")}),
        (RecordType.PERSON, {"lastName": LineSetting(("last_name",), "text")}),
    ],
)
def test_the_default_mapping_joins_both_sides_by_the_neutral_name(
    record_type: RecordType, lines: dict[str, LineSetting]
) -> None:
    """Each connector knows its own names only."""
    assert PAIR.default_mapping(record_type) == lines


def test_a_relative_state_directory_lies_beside_the_configuration(tmp_path: Path) -> None:
    """Wherever the command is started from, it is the same state."""
    relative = read(tmp_path, '[service]\nstate_dir = "here"\n' + EMPTY)
    absolute = read(tmp_path, '[service]\nstate_dir = "/var/x"\n' + EMPTY)

    assert relative.engine.service.state_dir == tmp_path / "here"
    assert absolute.engine.service.state_dir == Path("/var/x")


def test_a_state_directory_that_is_no_path_is_refused(tmp_path: Path) -> None:
    """TOML can write what no system takes for a name."""
    with pytest.raises(Misconfigured, match="state_dir cannot be used: it holds a null character"):
        read(tmp_path, '[service]\nstate_dir = "a\\u0000b"\n' + EMPTY)


def test_systemds_own_directory_is_used_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """StateDirectory= in the unit file is enough."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/one:/var/lib/two")

    unnamed = read(tmp_path).engine.service.state_dir
    named = read(tmp_path, '[service]\nstate_dir = "/var/x"\n' + EMPTY).engine.service.state_dir

    assert (unnamed, named) == (Path("/var/lib/one"), Path("/var/x"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[poler]\n" + EMPTY, "[poler]: unknown key; did you mean 'poller'?"),
        ("[poller]\nintervall_s = 1\n" + EMPTY, "did you mean 'interval_s'?"),
        ("[crm]\n[sales]\n[sales.budget]\nper_hur = 1", "[sales.budget] per_hur: unknown key"),
        ('[poller]\ninterval_s = "often"\n' + EMPTY, "not 'often'"),
        ("[poller]\ninterval_s = 0\n" + EMPTY, "[poller] interval_s: "),
        ("[service]\nhttp = 'nowhere'\n" + EMPTY, "[service] http: "),
        ("[crm]\n", "[sales]: missing"),
        ("[crm]\nx = [\n", "is not valid TOML"),
        ("[mapping.opportunity]\nname = 5\n" + EMPTY, "a mapping line is a column name"),
        ("[mapping.opportunity]\nname = []\n" + EMPTY, "a mapping line is a column name"),
        ("[mapping.opportunity]\nname = {from='a', to='b'}\n" + EMPTY, "a mapping line is"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    """An operator corrects the line without reading the source."""
    assert words in mistakes(tmp_path, text)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    """A start for each mistake would be a start too many."""
    text = mistakes(
        tmp_path, '[poller]\ninterval_s = "x"\n[retry]\nattempts_max = 0\n[crm]\npage = 1\n[sales]'
    )

    assert "has 3 mistakes" in text
    for place in ("[poller] interval_s", "[retry] attempts_max", "[crm] page"):
        assert f"\n  {place}: " in text


def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """The refusal goes to a log that many may read."""
    text = mistakes(tmp_path, '[crm]\napi_key = "top-secret-key"\n[sales]\n')

    assert "[crm] api_key: a secret is never written in the file" in text
    assert "top-secret-key" not in text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"column"', LineSetting(("column",))),
        ('{ from = "column" }', LineSetting(("column",))),
        ('{ from = ["a", "b"], as = "date" }', LineSetting(("a", "b"), "date")),
        ("false", None),
    ],
)
def test_a_mapping_line_has_these_forms(
    tmp_path: Path, written: str, expected: LineSetting | None
) -> None:
    """The short form for the common case, the long one for the others."""
    config = read(tmp_path, f"{EMPTY}[mapping.opportunity]\nclose = {written}\n")

    assert config.engine.mapping.opportunity == {"close": expected}


@pytest.mark.parametrize(
    ("http", "address"),
    [("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:9464", ("::1", 9464)), ("host:1", ("host", 1))],
)
def test_an_address_is_read_in_its_usual_forms(
    tmp_path: Path, http: str, address: tuple[str, int]
) -> None:
    """IPv6 included."""
    config = read(tmp_path, f'[service]\nhttp = "{http}"\n{EMPTY}')

    assert config.engine.service.http_address == address


def test_no_configuration_says_where_it_was_looked_for(tmp_path: Path) -> None:
    """The first run of anybody who has not read the README."""
    with pytest.raises(Misconfigured) as named:
        find(tmp_path / "absent.toml")

    assert "absent.toml" in str(named.value)
    assert "wosync demo" in (named.value.remedy or "")


def test_a_byte_order_mark_is_called_by_its_name(tmp_path: Path) -> None:
    """Nobody can see what is wrong with the first character of the first line."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[poller]\n")

    with pytest.raises(Misconfigured, match="begins with a byte order mark"):
        load(path, PAIR)


def test_a_configuration_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Saved in another encoding by a well-meaning editor."""
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe[\x00")

    with pytest.raises(Misconfigured, match="is not valid TOML"):
        load(tmp_path / "config.toml", PAIR)
