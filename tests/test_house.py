"""The rules of the house, read from the source: who imports whom, what stands in which file."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

import engine
from engine.config.loading import Config, installed_connectors, load
from engine.model.reason import Code
from engine.model.records import RecordType
from tests.sources import source

ROOT = Path(__file__).resolve().parent.parent

# From the bottom up. A module imports its own layer and those below; a folder stands for
# everything in it.
LAYERS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "plain modules",
        frozenset(
            {
                "about",
                "clock",
                "command",
                "decide",
                "descriptors",
                "dates",
                "errors",
                "home",
                "installation",
                "lean",
                "logs",
                "loop",
                "mapping",
                "metrics",
                "model",
                "ownership",
                "plain",
                "preload",
                "redaction",
                "runs",
                "settings",
                "streams",
                "tuning",
            }
        ),
    ),
    ("flow", frozenset({"flow"})),
    (
        "store, ports",
        frozenset(
            {
                "__init__",
                "authorisation",
                "connector",
                "config",
                "mapping_in_force",
                "ports",
                "store",
                "wire",
            }
        ),
    ),
    ("resolvers, actors", frozenset({"actors", "resolvers"})),
    ("assembly", frozenset({"assembly"})),
    ("service", frozenset({"__main__", "cli", "service", "systemd"})),
)

VENDOR_WORDS = ("workbooks", "outreach")
KEY_LINE = re.compile(r'^#? ?("[^"]+"|\w+) = ')


def sources(folder: str) -> dict[str, Path]:
    """Every module of the folder by its dotted name; a package by the name of its file."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


ENGINE = sources("engine")
CONNECTORS = sources("connectors")


def imports(path: Path) -> tuple[tuple[str, str | None], ...]:
    """Every (module, name) imported anywhere in the file."""
    return source(path).imports


@cache
def engine_imports(path: Path) -> frozenset[str]:
    """The engine's modules a file imports, `from engine.store import work` as the module."""
    found: set[str] = set()
    for module, name in imports(path):
        whole = f"{module}.{name}"
        if whole in ENGINE:
            found.add(whole)
        elif module in ENGINE:
            found.add(module)
        elif f"{module}.__init__" in ENGINE:
            found.add(f"{module}.__init__")
    return frozenset(found)


def height(module: str) -> int:
    """The layer of an engine module, counted from the bottom."""
    room = module.split(".")[1]
    [found] = [number for number, (_, rooms) in enumerate(LAYERS) if room in rooms]
    return found


def test_every_module_of_the_engine_has_its_place_in_one_layer() -> None:
    """A module nobody placed may be imported from anywhere."""
    placed = [room for _, rooms in LAYERS for room in rooms]

    assert {module.split(".")[1] for module in ENGINE} == set(placed)
    assert len(placed) == len(set(placed))


def test_imports_of_the_engine_run_one_way() -> None:
    """service, assembly, actors, store and ports, flow, plain modules: never upwards."""
    upwards = [
        (module, imported)
        for module, path in ENGINE.items()
        for imported in engine_imports(path)
        if height(imported) > height(module)
    ]

    assert upwards == []


# What decisions are made of. Everything else of the engine has effects, or knows who has.
PURE = {
    "model": ("engine.model.",),
    "decide": ("engine.model.", "engine.decide.", "engine.errors"),
}
EFFECTS = {"anyio", "asyncio", "httpx", "io", "os", "pathlib", "sqlite3", "structlog", "time"}


def test_what_decides_knows_facts_and_nothing_else() -> None:
    """What explains a decision calls the same function, and nothing happens."""
    pure = {one: room for one in ENGINE if (room := one.split(".")[1]) in PURE}
    assert len(pure) > len(PURE)
    for module, room in pure.items():
        path = ENGINE[module]
        own = engine_imports(path)
        imported = {one.split(".")[0] for one, _ in imports(path)}

        assert [one for one in own if not one.startswith(PURE[room])] == [], module
        assert imported & EFFECTS == set(), module
        assert not source(path).waits, module


def test_no_modules_of_the_engine_import_each_other() -> None:
    """A circle within one layer is one module in two files."""
    graph = {module: engine_imports(path) - {module} for module, path in ENGINE.items()}

    TopologicalSorter(graph).prepare()


def test_the_engine_does_not_import_a_connector() -> None:
    """It finds them through their entry points, and would work with any other pair."""
    taken = [(module, one) for module, path in ENGINE.items() for one, _ in imports(path)]

    assert taken
    assert [(module, one) for module, one in taken if one.startswith("connectors")] == []


def test_connectors_import_only_what_the_engine_promises() -> None:
    """Everything else may change without asking them."""
    taken = [
        (module, one, name)
        for module, path in CONNECTORS.items()
        for one, name in imports(path)
        if one.split(".")[0] == "engine"
    ]

    assert taken
    assert [item for item in taken if item[1] != "engine" or item[2] not in engine.__all__] == []


def test_the_emulators_and_the_clients_know_nothing_of_each_other() -> None:
    """Two independent readings of the reference; a shared mistake would go unseen."""
    rooms = {"workbooks", "outreach", "sandbox"}
    taken = [
        (module.split(".")[1], one.split("."))
        for module, path in CONNECTORS.items()
        for one, _ in imports(path)
        if one.startswith("connectors.")
    ]

    assert taken
    assert [(room, one) for room, one in taken if one[1] in rooms - {room}] == []


def test_where_the_state_is_kept_is_known_to_few() -> None:
    """Whoever else asks its place; a copy to rehearse in is a file wherever the state is."""
    of_copies = {"engine.store.sqlite.scratch", "engine.store.sqlite.adopting"}
    knowing = {
        module
        for module, path in ENGINE.items()
        if not module.startswith("engine.store.")
        for one in engine_imports(path) - of_copies
        if one.startswith("engine.store.sqlite")
    }

    assert knowing == {
        "engine.cli.offered",  # completes from whatever file lies there, at once
        "engine.cli.unit.upgrading",  # migrates the files of installed services
        "engine.cli.workplace",  # a state that nobody needs afterwards
        "engine.service.shadow.reading",  # the state of a service that only looks
    }


def test_the_engine_names_no_vendor() -> None:
    """A vendor's word in the engine is a vendor's rule in the engine."""
    paths = [one for one in (ROOT / "engine").rglob("*") if one.suffix in {".py", ".sql"}]
    named = [
        (str(path.relative_to(ROOT)), word)
        for path in sorted(paths)
        for text in (f"{path.name}\n{path.read_text(encoding='utf-8')}".lower(),)
        for word in VENDOR_WORDS
        if word in text
    ]

    assert len(paths) > 1
    assert named == []


def test_what_the_engine_exports_is_sorted_and_there() -> None:
    """The list is the promise; it is read by people."""
    assert list(engine.__all__) == sorted(engine.__all__)
    assert all(hasattr(engine, name) for name in engine.__all__)


def calls(path: Path) -> Iterator[str]:
    """What is called in the file, as it is written there."""
    for call in source(path).calls:
        yield ast.unparse(call.func)


def test_time_and_chance_enter_at_one_place_each() -> None:
    """Otherwise a simulation on virtual time, from one seed, would not repeat."""
    for module, path in (ENGINE | CONNECTORS).items():
        if module.startswith("connectors.sandbox"):
            continue
        imported = {one.split(".")[0] for one, _ in imports(path)}
        chance = {name for one, name in imports(path) if one == "random"}
        asked = {one for one in calls(path) if re.search(r"\.(now|utcnow|today)$", one)}

        assert module == "engine.clock" or "time" not in imported, module
        assert module == "engine.loop" or "asyncio" not in imported, module
        assert chance <= {"Random"}, module
        assert [one for one in asked if not one.endswith("clock.now")] == [], module


def test_a_home_directory_is_looked_up_at_one_place() -> None:
    """A `~` that nobody can resolve is a mistake of whoever wrote it, and is said as one."""
    asking = [
        module
        for module, path in (ENGINE | CONNECTORS).items()
        if any(re.search(r"\.(expanduser|home)$", one) for one in calls(path))
    ]

    assert asking == ["engine.home"]


def test_values_of_a_statement_are_told_by_their_names_or_their_order_alone() -> None:
    """Numbered and given in order, as in `?1`, Python 3.12 warns of them and 3.14 refuses them."""
    numbered = {
        module: token.group()
        for module, path in sources("engine/store").items()
        if (token := re.search(r"\?\d", path.read_text(encoding="utf-8")))
    }

    assert numbered == {}


def test_only_the_outside_makes_randomness_without_a_seed() -> None:
    """Every actor is handed its own."""
    unseeded = [
        module
        for module, path in ENGINE.items()
        for call in source(path).calls
        if _called(call) == "Random" and not call.args
    ]

    assert unseeded == ["engine.assembly.environment"]


MANUAL = ROOT / "config.toml"
SECRETS = (
    "WORKBOOKS_API_KEY",
    "WORKBOOKS_PASSWORD",
    "OUTREACH_CLIENT_ID",
    "OUTREACH_CLIENT_SECRET",
    "OUTREACH_REFRESH_TOKEN",
    "WOSYNC_NUDGE_TOKEN",
    "WOSYNC_PAGE_TOKEN",
    "WOSYNC_STATE_PASSWORD",
)
# What nobody can guess for an operator.
NECESSARY = """
[workbooks]
api_key = { env = "WORKBOOKS_API_KEY" }
[outreach]
client_id = { env = "OUTREACH_CLIENT_ID" }
client_secret = { env = "OUTREACH_CLIENT_SECRET" }
"""


def read_config(directory: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The text as a configuration, every secret set."""
    for name in SECRETS:
        monkeypatch.setenv(name, f"value of {name}")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    path = directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def uncommented(text: str) -> str:
    """The manual with every commented-out key in force."""
    return "\n".join(
        line.removeprefix("# ") if KEY_LINE.match(line) else line for line in text.splitlines()
    )


def dumped(model: object) -> dict[str, object]:
    """A settings model as plain values."""
    assert isinstance(model, BaseModel)
    return model.model_dump()


def keys(model: type[BaseModel], table: str) -> Iterator[str]:
    """Every key of a settings model, its tables included, as `table.key`."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from keys(annotation, f"{table}{name}.")
        else:
            yield f"{table}{name}"


def keys_of(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Every key of a TOML table, its own tables included, as `table.key`."""
    for name, value in table.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from keys_of(cast("dict[str, Any]", value), f"{prefix}{name}.")


def test_the_manual_has_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that stands nowhere is a key nobody sets."""
    config = read_config(tmp_path, NECESSARY, monkeypatch)
    connectors = installed_connectors()
    known = {
        *keys(type(config.engine), ""),
        *keys(connectors.source.settings, f"{connectors.source.name}."),
        *keys(connectors.target.settings, f"{connectors.target.name}."),
    }

    written = set(keys_of(tomllib.loads(uncommented(MANUAL.read_text(encoding="utf-8")))))

    assert known - written == set()


def test_the_manual_is_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key stands there at its default, so that a reader sees what leaving it out means."""
    defaults = read_config(tmp_path, NECESSARY, monkeypatch)
    manual = read_config(tmp_path, MANUAL.read_text(encoding="utf-8"), monkeypatch)

    assert dumped(manual.source) == dumped(defaults.source)
    assert dumped(manual.target) == dumped(defaults.target)
    assert manual.engine.model_dump(exclude={"mapping"}) == defaults.engine.model_dump(
        exclude={"mapping"}
    )


@pytest.mark.parametrize(
    ("table", "record_type"),
    [("opportunity", RecordType.OPPORTUNITY), ("prospect", RecordType.PERSON)],
)
def test_the_manuals_mapping_is_the_default_mapping(table: str, record_type: RecordType) -> None:
    """Each line is written out, so that an operator changes it instead of guessing it."""
    lines = tomllib.loads(MANUAL.read_text(encoding="utf-8"))["mapping"][table]
    written = {
        name: ([line["from"]] if isinstance(line["from"], str) else line["from"], line["as"])
        for name, line in lines.items()
    }

    default = installed_connectors().default_mapping(record_type)

    assert written == {
        name: (list(line.columns), line.conversion) for name, line in default.items()
    }


def test_every_commented_out_key_can_be_put_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example that is refused is worse than none."""
    text = uncommented(MANUAL.read_text(encoding="utf-8"))

    assert text != MANUAL.read_text(encoding="utf-8")
    assert read_config(tmp_path, text, monkeypatch).engine.owners.aliases


def test_the_version_is_the_newest_one_of_the_changelog() -> None:
    """An operator finds what changed by the number `wosync --version` shows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## +\[?([^\]\s]+)", changelog, re.MULTILINE)

    assert headings[0] == project["version"]


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-postgres.lock",
        "requirements-dev.lock",
        "tests/benchmarks/rivals/requirements.lock",
    ],
)
def test_pins_are_exact_and_name_no_address(name: str) -> None:
    """Whoever builds this uses the registry they trust."""
    text = (ROOT / name).read_text(encoding="utf-8")
    lines = text.replace("\\\n", " ").split("\n")
    pins = [line for line in lines if line and not line.startswith(("#", "-r "))]

    assert [line for line in lines if "://" in line] == []
    assert [pin for pin in pins if "==" not in pin] == []
    # What was put into a registry later under the same number is another thing.
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []


def test_the_readme_says_how_to_begin() -> None:
    """The first two things anybody wants: see it work, and see it tested."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "make demo" in readme
    assert "make test" in readme


def test_the_readme_is_read_in_five_minutes() -> None:
    """What takes longer has a page of its own in docs."""
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()

    assert len(words) < 1200


def test_the_files_that_the_guide_to_the_engine_names_are_there() -> None:
    """A reader follows it from name to name."""
    text = (ROOT / "engine" / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)*[a-z_0-9]+\.(?:py|sql))`", text)

    missing = [
        name for name in named if not any((ROOT / at / name).exists() for at in ("engine", ""))
    ]

    assert named
    assert missing == []


def test_every_operation_of_the_store_is_asked_for() -> None:
    """One that nobody asks for is one more to be kept by every adapter."""
    files = [ROOT / "engine/store/sqlite" / name for name in ("subjects", "told", "looked_up")]
    text = "\n".join(file.with_suffix(".py").read_text(encoding="utf-8") for file in files)
    operations = re.findall(r"^    (\w+) = (?:reading|writing)\(", text, re.MULTILINE)
    callers = "\n".join(
        path.read_text(encoding="utf-8")
        for module, path in ENGINE.items()
        if not module.startswith(
            ("engine.store.sqlite.", "engine.store.postgres.", "engine.store.port.")
        )
    )

    assert operations
    assert [one for one in operations if f".{one}(" not in callers] == []


def test_only_the_catalogue_makes_reasons() -> None:
    """Whatever is said of a record has a code, a sentence and a remedy, and that once."""
    made = [
        f"{module}:{call.lineno}"
        for module, path in (ENGINE | CONNECTORS).items()
        if module not in {"engine.decide.reasons", "engine.model.reason"}
        for call in source(path).calls
        if _called(call) == "Reason"
        or (
            _called(call) in {"Rejected", "Taken", "HeldBack"}
            and any(isinstance(one, ast.Constant | ast.JoinedStr) for one in call.args[:1])
        )
    ]

    assert made == []


def test_every_reason_is_given_by_somebody() -> None:
    """One that nobody gives would be explained to nobody."""
    given = "\n".join(
        path.read_text(encoding="utf-8")
        for module, path in (ENGINE | CONNECTORS).items()
        if not module.startswith(("engine.model.reason", "engine.decide.catalogue"))
    )

    assert [code.name for code in Code if not re.search(rf"Code\.{code.name}\b", given)] == []


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
