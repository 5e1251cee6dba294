"""What a refusal depends on, and when it is another."""

from __future__ import annotations

import pytest

from engine.decide.healing import dependence, heals, marks
from engine.decide.reasons import because
from engine.model.fields import Json
from engine.model.reason import Code
from engine.model.refusal import Circumstances, Filling, Inputs
from engine.model.work import Failure

AROUND = Circumstances(
    fillings={"name": Filling("name", ("description", "comment"), "a line")},
    granted="",
    settings={},
    bearers={},
)
FAILURE = Failure("validation", "name", because(Code.VALUE_REQUIRED, field="name"))
BLANKS: list[dict[str, Json]] = [{}, {"comment": None}, {"comment": ""}, {"comment": "  "}]
KEYS = dependence(FAILURE, AROUND)


@pytest.mark.parametrize("before", BLANKS)
@pytest.mark.parametrize("after", BLANKS)
def test_a_blank_that_is_spelled_in_another_way_heals_nothing(
    before: dict[str, Json], after: dict[str, Json]
) -> None:
    """A system may spell it so one time and otherwise the next, without any edit."""
    kept = marks(KEYS, Inputs({"description": "crane"} | before, None), AROUND)

    assert not heals(kept, marks(KEYS, Inputs({"description": "crane"} | after, None), AROUND))


@pytest.mark.parametrize("value", ["dock", 0, False, "0"])
def test_a_value_in_the_place_of_a_blank_heals(value: Json) -> None:
    """Nothing, and nought, are two things."""
    kept = marks(KEYS, Inputs({"comment": ""}, None), AROUND)

    assert heals(kept, marks(KEYS, Inputs({"comment": value}, None), AROUND))
