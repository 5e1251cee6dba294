"""Mutants that send the wrong value, or more than what changed."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

STANDARD = "connectors/outreach/standard.py"
FIELDS = "tests/scenario/test_creating_and_updating.py"
REFERENCES = "tests/scenario/test_references.py"

MUTANTS = (
    Mutant(
        "asks for the same page of changed customers for ever",
        "connectors/workbooks/source.py",
        "if max(ids, default=last) <= last:",
        "if not ids:",
        (
            "tests/unit/connectors/workbooks/test_connector.py"
            "::test_a_listing_that_begins_anew_each_time_is_read_once_more_and_no_further",
        ),
    ),
    Mutant(
        "leaves a close date blank that has a default",
        "engine/mapping/fields.py",
        "return line.default if value is None else value",
        "return None if value is None else value",
        ("tests/scenario/test_close_date.py::test_a_default_date_stands_in_for_a_blank_one",),
    ),
    Mutant(
        "swaps notes and reference",
        STANDARD,
        '            StandardField("description", "notes", "text"),\n'
        '            StandardField(CORRELATION_FIELD, "reference", "text"),',
        '            StandardField("description", "reference", "text"),\n'
        '            StandardField(CORRELATION_FIELD, "notes", "text"),',
        (f"{FIELDS}::test_every_standard_field_arrives_in_its_own_form",),
    ),
    Mutant(
        "leaves a record with the account that its customer had before",
        "engine/resolvers/customers.py",
        "if id_of(account) != one.synced.get(wanted.field):",
        "if id_of(account) is one.synced:",
        (f"{REFERENCES}::test_an_account_corrected_later_is_followed_without_an_edit",),
    ),
    Mutant(
        "lists the customers at every look",
        "engine/resolvers/customers.py",
        "if now - since < self.pace.interval_s:",
        "if now < since:",
        (f"{REFERENCES}::test_while_no_customer_changes_one_request_an_hour_says_so",),
    ),
    Mutant(
        "gives all records another account without asking anybody",
        "engine/store/sqlite/awaited.py",
        "(now, Lane.BACKLOG, now, Mass.EVALUATING, json.dumps(list(ids))),",
        "(now, Lane.BACKLOG, now, Mass.NONE, json.dumps(list(ids))),",
        (
            f"{REFERENCES}"
            "::test_who_corrects_the_accounts_of_all_at_once_is_asked_whether_that_is_meant",
        ),
    ),
    Mutant(
        "swaps first and middle names",
        STANDARD,
        '            StandardField("firstName", "first_name", "text"),\n'
        '            StandardField("middleName", "middle_name", "text"),',
        '            StandardField("firstName", "middle_name", "text"),\n'
        '            StandardField("middleName", "first_name", "text"),',
        (
            "tests/scenario/test_mapping_prospects.py::test_every_standard_field_of_a_person_arrives",
        ),
    ),
    Mutant(
        "rounds half to even",
        "connectors/outreach/spelling.py",
        "return int(number.to_integral_value(rounding=ROUND_HALF_UP))",
        'return int(number.to_integral_value(rounding="ROUND_HALF_EVEN"))',
        ("tests/unit/connectors/outreach/test_mapping.py",),
    ),
    Mutant(
        "rounds percentages half to even",
        "engine/mapping/fields.py",
        "return int(value.to_integral_value(rounding=ROUND_HALF_UP))",
        'return int(value.to_integral_value(rounding="ROUND_HALF_EVEN"))',
        ("tests/unit/engine/mapping/test_fields.py",),
    ),
    Mutant(
        "takes the first of two users of one name",
        "engine/resolvers/owners.py",
        "if len(ids) == 1 else (None, unnamed(",
        "if ids else (None, unnamed(",
        ("tests/scenario/test_references.py::test_an_ambiguous_owner_is_left_blank_and_noted",),
    ),
    Mutant(
        "sends fields that did not change",
        "engine/decide/opportunity.py",
        "return {name: value for name, value in desired.items() if value != known.get(name)}",
        "return {name: value for name, value in desired.items() if value or name in known}",
        ("tests/unit/engine/decide/test_opportunity.py::test_only_what_differs_is_sent",),
    ),
    Mutant(
        "does not count what it wrote back itself",
        "engine/decide/opportunity.py",
        "if work.version == work.delivered_version and work.delivered_id is not None:",
        "if work.version == work.delivered_version and work.delivered_id is None:",
        (
            "tests/unit/engine/decide/test_opportunity.py::test_what_we_delivered_counts_until_a_newer_version_is_captured",
        ),
    ),
    Mutant(
        "syncs a record whose error flag is set",
        "engine/model/records.py",
        "return self.sync and not self.error",
        "return self.sync",
        (
            "tests/unit/engine/model/test_records.py::test_a_record_is_eligible_when_ticked_and_not_in_error",
        ),
    ),
    Mutant(
        "takes what one record holds for what another does",
        "engine/decide/opportunity.py",
        "        return Reconcile(target_id, observe=True)\n",
        "        return Reconcile(target_id, observe=False)\n",
        ("tests/unit/engine/decide/test_opportunity.py::test_what_is_known_decides_the_course",),
    ),
    Mutant(
        "loses the reason of a validation in any form but the envelope",
        "connectors/outreach/problems.py",
        "        elif validation:\n            yield from _by_field(members)\n",
        "",
        (
            "tests/scenario/test_answers_in_front.py"
            "::test_a_validation_of_any_known_form_is_flagged_with_its_words",
        ),
    ),
)
