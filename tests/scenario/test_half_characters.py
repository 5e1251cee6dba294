"""Half a character in a text, as JSON can name it: the record syncs once, a sign in its place."""

from __future__ import annotations

import pytest

from tests.scenario.bench import CREATE, Bench

pytestmark = pytest.mark.anyio


async def test_half_a_character_in_a_text_is_no_surprise_after_the_create(world: Bench) -> None:
    """The create was done, its result could not be kept, and it was done again."""
    ada = world.knows("Ada \ud83d Byron")
    record = world.has("Harbour \ud800 crane", comment="blue \udfff")
    world.puts(record, (ada, "Part\udc00ner"))

    await world.once()
    world.edit(record, comment="red \udfff")
    await world.once()

    twin = world.twin(record)
    assert twin.attributes["name"] == "Harbour \ufffd crane"
    assert twin.attributes["description"] == "red \ufffd"
    assert [role for _, role in world.roles(record)] == ["Part\ufffdner"]
    assert world.outreach_traffic.counts[CREATE] == 1
