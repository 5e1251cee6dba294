"""Listings: which rows are asked for, in which order, and from where on."""

from connectors.workbooks import listings
from connectors.workbooks.listings import Resource
from connectors.workbooks.protocol import Call
from engine import Position
from tests.unit.connectors.workbooks.stand_ins import COLUMNS, PERSON_COLUMNS

T = 1_741_522_152


def resource(*columns: str, false_matches_unset: bool = True) -> Resource:
    """Opportunities."""
    return Resource("crm/opportunities", COLUMNS, columns or ("id",), false_matches_unset)


def every(call: Call, name: str) -> list[str]:
    """All values of one parameter."""
    return [value for key, value in call.form if key == name]


def triples(call: Call) -> list[tuple[str, str, str]]:
    """The filters by position."""
    names = ("_ff[]", "_ft[]", "_fc[]")
    return list(zip(*(every(call, name) for name in names), strict=True))


def test_the_first_poll_asks_for_eligible_rows_in_change_order() -> None:
    """Without an order two pages may overlap or leave a gap."""
    call = listings.changes(resource("id", "lock_version", "id"), None, 100)

    assert triples(call) == [(COLUMNS.sync, "true", ""), (COLUMNS.error, "false", "")]
    assert every(call, "_fm") == ["1 AND 2"]
    assert every(call, "_sort[]") == ["updated_at", "id"]
    assert every(call, "_dir[]") == ["ASC", "ASC"]
    assert every(call, "_start") + every(call, "_limit") == ["0", "100"]
    assert every(call, "_select_columns[]") == ["id", "lock_version"]
    assert every(call, "_skip_total_rows") == ["1"]
    assert every(call, "_json_output_datetime_format") == ["%s"]


def test_a_later_poll_starts_right_behind_its_position() -> None:
    """A bulk import shares one second: the rest of that second is told apart by id."""
    call = listings.changes(resource(), Position(T, 901), 50)

    assert triples(call)[2:] == [
        ("updated_at", "ge", "Sun Mar 09 12:09:13 UTC 2025"),
        ("updated_at", "ge", "Sun Mar 09 12:09:12 UTC 2025"),
        ("id", "gt", "901"),
    ]
    assert every(call, "_fm") == ["(1 AND 2) AND (3 OR (4 AND 5))"]


def test_the_sweep_asks_for_blank_outreach_ids_by_id() -> None:
    """Records missed before the last run are found by rule 2, condition 3."""
    call = listings.unlinked(resource(), 7, 10)

    assert triples(call)[2:] == [(COLUMNS.outreach_id, "blank", ""), ("id", "gt", "7")]
    assert every(call, "_fm") == ["1 AND 2 AND 3 AND 4"]
    assert every(call, "_sort[]") == ["id"]


def test_reading_by_id_uses_a_comma_list_and_never_names_is_deleted() -> None:
    """A filter on is_deleted would bring deleted records back into view."""
    call = listings.records(resource(), [3, 1, 2])

    assert triples(call) == [("id", "eq", "3,1,2")]
    assert every(call, "_limit") == ["3"]
    assert b"is_deleted" not in call.body(())


def test_the_sweep_over_all_eligible_records_asks_for_linked_ones_too() -> None:
    """An edit that leaves the change stamp alone is found by looking at every record."""
    call = listings.eligible(resource(), 7, 10)

    assert triples(call) == [
        (COLUMNS.sync, "true", ""),
        (COLUMNS.error, "false", ""),
        ("id", "gt", "7"),
    ]
    assert every(call, "_fm") == ["1 AND 2 AND 3"]
    assert every(call, "_sort[]") == ["id"]


def test_a_duplicate_person_is_not_asked_for() -> None:
    """The plugin keeps such a person out of the sync."""
    people = Resource("crm/people", PERSON_COLUMNS, ("id",))
    call = listings.changes(people, Position(T, 1201), 50)

    assert call.path == "crm/people.api"
    assert triples(call)[:3] == [
        (PERSON_COLUMNS.sync, "true", ""),
        (PERSON_COLUMNS.error, "false", ""),
        (PERSON_COLUMNS.duplicate, "false", ""),
    ]
    assert every(call, "_fm") == ["(1 AND 2 AND 3) AND (4 OR (5 AND 6))"]


def test_the_filter_false_is_left_out_where_it_misses_what_was_never_set() -> None:
    """Otherwise no record of such a database would ever be found."""
    careful = resource(false_matches_unset=False)
    calls = [
        listings.changes(careful, None, 10),
        listings.changes(careful, Position(T, 1), 10),
        listings.unlinked(careful, 0, 10),
        listings.eligible(careful, 0, 10),
    ]

    assert [every(call, "_fm") for call in calls] == [
        ["1"],
        ["1 AND (2 OR (3 AND 4))"],
        ["1 AND 2 AND 3"],
        ["1 AND 2"],
    ]
    assert not [each for call in calls for each in triples(call) if each[1] == "false"]


def test_relationships_are_asked_for_with_the_removed_ones() -> None:
    """A person taken off a tab leaves nothing but a removed relationship."""
    call = listings.tab_changes(Position(T, 31), 50)

    assert call.path == "crm/opportunity_contacts.api"
    assert triples(call) == [
        ("is_deleted", "true", ""),
        ("is_deleted", "false", ""),
        ("updated_at", "ge", "Sun Mar 09 12:09:13 UTC 2025"),
        ("updated_at", "ge", "Sun Mar 09 12:09:12 UTC 2025"),
        ("id", "gt", "31"),
    ]
    assert every(call, "_fm") == ["(1 OR 2) AND (3 OR (4 AND 5))"]
    assert every(call, "_sort[]") == ["updated_at", "id"]
    assert every(call, "_select_columns[]") == [
        "id",
        "lock_version",
        "updated_at",
        "opportunity_id",
    ]


def test_the_end_of_a_change_order_is_its_last_row() -> None:
    """A watch that begins there does not read the whole past first."""
    relationship, person = listings.newest_tab_change(), listings.newest_person()

    for call in (relationship, person):
        assert every(call, "_sort[]") == ["updated_at", "id"]
        assert every(call, "_dir[]") == ["DESC", "DESC"]
        assert every(call, "_limit") == ["1"]
        assert every(call, "_select_columns[]") == ["id", "updated_at"]
    assert (every(relationship, "_fm"), every(person, "_fm")) == (["1 OR 2"], ["1"])
    assert [each[0] for each in triples(person)] == ["id"]
