"""`wosync history`, as somebody on call types it: by any name, by run, by time, page by page."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import anyio
import pytest

from engine.cli.exits import Misused
from engine.cli.history import Asked, history, list_runs
from tests.scenario.bench import Bench

pytestmark = pytest.mark.anyio

HOSTILE = "=cmd|' /C calc'!A0\x1b[31m\u202e"


@pytest.fixture
async def edited(world: Bench) -> tuple[Bench, int]:
    """A record that was created and edited three times."""
    record = world.has("Harbour crane")
    await world.once()
    for name in ("Crane", HOSTILE, "Sold"):
        world.edit(record, description=name)
        await world.once()
    return world, record


async def asked(
    world: Bench,
    capsys: pytest.CaptureFixture[str],
    asked: Asked,
    *,
    as_json: bool = False,
    as_csv: bool = False,
) -> tuple[int, str, str]:
    """What the command ends with, and says."""
    world.config()
    path = world.directory / "config.toml"

    def type_it() -> int:
        return history(path, asked, as_json=as_json, as_csv=as_csv)

    capsys.readouterr()
    code = await anyio.to_thread.run_sync(type_it)
    said = capsys.readouterr()
    return code, said.out, said.err


async def test_a_record_is_found_by_every_name_it_has(
    edited: tuple[Bench, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever somebody has in hand."""
    world, record = edited
    twin = world.twin(record).id
    base = world.settings["workbooks"]["base_url"]
    told = set[str]()
    for name in (
        f"OPP-{record}",
        f"opp-{record}",
        str(record),
        f"https://outreach.example/opportunities/{twin}",
        f"{base}/link/record/{record}",
    ):
        code, out, _ = await asked(world, capsys, Asked(name), as_json=True)
        assert code == 0, name
        told.add(out)

    assert len(told) == 1


async def test_fields_are_shown_before_and_after_and_harmlessly(
    edited: tuple[Bench, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, in a spreadsheet, and for a script."""
    world, record = edited
    ref = f"OPP-{record}"

    _, table, _ = await asked(world, capsys, Asked(ref))
    words = " ".join(table.split())
    assert 'name: "Harbour crane" → "Crane"' in words
    assert "\x1b" not in table
    assert "\u202e" not in table

    _, sheet, _ = await asked(world, capsys, Asked(ref), as_csv=True)
    rows = list(csv.DictReader(io.StringIO(sheet)))
    names = [row for row in rows if row["field"] == "name" and row["write"] == "updated"]
    assert [row["before"] for row in names][:2] == ["Harbour crane", "Crane"]
    assert names[1]["after"].startswith("'=cmd")

    _, document, _ = await asked(world, capsys, Asked(ref), as_json=True)
    lines: list[dict[str, Any]] = json.loads(document)["history"]
    [edit] = lines[2]["writes"][0]["edits"]
    assert edit == {"field": "name", "before": "Harbour crane", "after": "Crane"}


async def test_a_long_history_is_shown_page_by_page(
    edited: tuple[Bench, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line on one page, and the latest page where none is asked for."""
    world, record = edited
    ref = f"OPP-{record}"
    _, document, _ = await asked(world, capsys, Asked(ref), as_json=True)
    every = json.loads(document)["history"]

    seen: list[Any] = []
    for page in range(1, len(every) + 1):
        _, one, _ = await asked(world, capsys, Asked(ref, limit=2, page=page), as_json=True)
        seen += json.loads(one)["history"]
    _, last, _ = await asked(world, capsys, Asked(ref, limit=2), as_json=True)

    assert seen == every
    assert json.loads(last)["history"][-1] == every[-1]


async def test_runs_are_listed_and_each_shows_what_it_did(
    edited: tuple[Bench, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Four runs of one record."""
    world, record = edited
    path = world.directory / "config.toml"

    def type_it() -> int:
        return list_runs(path, limit=10, page=1, as_json=True, as_csv=False)

    assert await anyio.to_thread.run_sync(type_it) == 0
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert [one["kind"] for one in listed] == ["started"] * 4
    assert [one["writes"] for one in listed] == [1, 1, 1, 2]

    _, one, _ = await asked(world, capsys, Asked(run=listed[0]["run"]), as_json=True)
    [line] = json.loads(one)["history"]
    assert (line["ref"], line["run"]) == (f"OPP-{record}", listed[0]["run"])

    code, _, err = await asked(world, capsys, Asked(run=99))
    assert (code, "no run 99" in err) == (1, True)


async def test_what_is_not_known_is_said_with_the_nearest(
    edited: tuple[Bench, int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip of the finger is the commonest reason."""
    world, record = edited

    code, _, err = await asked(world, capsys, Asked(f"OPP-{record}9"))

    assert code == 1
    assert f"nothing is known of OPP-{record}9" in err
    assert f"Nearest: OPP-{record}" in err
    assert "wosync why" in err


@pytest.mark.parametrize(
    ("question", "words"),
    [(Asked(), "nothing is asked for"), (Asked(since="yesterday-ish"), "is no moment")],
)
async def test_what_cannot_be_asked_is_a_misuse(
    world: Bench, capsys: pytest.CaptureFixture[str], question: Asked, words: str
) -> None:
    """It is said what to give instead."""
    await world.once()
    with pytest.raises(Misused, match=words):
        await asked(world, capsys, question)
