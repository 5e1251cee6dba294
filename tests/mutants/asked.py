"""Mutants of what is asked on call: a list without its reasons, or out of its order."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

LIST = "tests/scenario/test_list.py"
LISTING = "engine/store/sqlite/listing.py"
BLANKS = "engine/store/sqlite/blanks.py"

MUTANTS = (
    Mutant(
        "takes an owner whom nobody bears for one that nobody names",
        "engine/actors/opportunity_syncer.py",
        "            blanks=resolution.blanks,\n",
        "",
        (f"{LIST}::test_a_blank_field_is_listed_with_why_it_is_blank",),
    ),
    Mutant(
        "takes a customer without an id for one with a wrong one",
        "engine/resolvers/references.py",
        "note or unlinked",
        "unlinked",
        (f"{LIST}::test_a_blank_account_tells_an_unknown_one_from_none",),
    ),
    Mutant(
        "keeps why a field was blank that is not named any more",
        BLANKS,
        '        "DELETE FROM left_blank WHERE record_id = ?"',
        '        "DELETE FROM left_blank WHERE record_id = -?"',
        (f"{LIST}::test_what_is_filled_again_is_on_the_list_no_more",),
    ),
    Mutant(
        "sorts references letter by letter",
        LISTING,
        '"ref": "length(ref) {way}, ref {way}"',
        '"ref": "ref {way}"',
        (f"{LIST}::test_a_list_is_read_page_by_page_in_the_order_asked_for",),
    ),
    Mutant(
        "shows the first page of a list for every one",
        "engine/cli/listing.py",
        "(asked.page - 1) * limit",
        "0",
        (f"{LIST}::test_a_list_is_read_page_by_page_in_the_order_asked_for",),
    ),
)
