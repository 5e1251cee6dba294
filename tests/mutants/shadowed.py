"""Mutants of a service that only looks: one that sends, or does not tell what is there."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SHADOW = "tests/scenario/test_shadow.py"
BOOK = "tests/unit/engine/service/shadow/test_book.py"
READS = "tests/unit/connectors/test_reads.py"

MUTANTS = (
    Mutant(
        "lets writes leave in shadow",
        "engine/wire/read_only.py",
        "        if not self._reads(",
        "        if self._reads is None and not self._reads(",
        (f"{SHADOW}::test_no_write_leaves_whoever_asks_for_it",),
    ),
    Mutant(
        "opens both systems in shadow as ever",
        "engine/assembly/environment.py",
        "ReadOnly(way, name, connector.reads) if config.shadow else way",
        "way",
        (f"{SHADOW}::test_no_write_leaves_whoever_asks_for_it",),
    ),
    Mutant(
        "takes a POST without a verb for a reading",
        "connectors/workbooks/routes.py",
        'if name == "_method"} or {method}',
        'if name == "_method"} or {"GET"}',
        (f"{READS}::test_of_workbooks_the_verb_in_the_form_counts",),
    ),
    Mutant(
        "lets a PATCH through as a reading",
        "connectors/outreach/routes.py",
        'return method == "GET" or (',
        'return method in ("GET", "PATCH") or (',
        (f"{READS}::test_of_outreach_all_but_get_and_the_token_write",),
    ),
    Mutant(
        "keeps the tokens of the shadow to itself",
        "engine/service/shadow/opening.py",
        "opened(config, environment, real_state.vault, stand_in)",
        "opened(config, environment, environment.place(config).vault, stand_in)",
        (f"{SHADOW}::test_the_real_state_is_not_touched_and_takes_over_the_tokens",),
    ),
    Mutant(
        "looks beside one that writes",
        "engine/service/shadow/opening.py",
        "with real_state.hold(keep=True), structlog",
        "with structlog",
        (f"{SHADOW}::test_one_that_writes_does_not_run_beside",),
    ),
    Mutant(
        "leaves the shadow at a reload",
        "engine/service/reloading.py",
        "config = config.in_shadow() if present.shadow else config",
        "config = config",
        (f"{SHADOW}::test_a_reload_does_not_end_the_shadow",),
    ),
    Mutant(
        "counts versions on in shadow",
        "engine/service/shadow/source.py",
        "        return WriteBackResult(Delivery.DELIVERED, entry.version)\n\n    def _as",
        "        return WriteBackResult(Delivery.DELIVERED, entry.version + 1)\n\n    def _as",
        (f"{SHADOW}::test_it_goes_on_where_it_was_stopped",),
    ),
    Mutant(
        "believes its own id although the record carries another",
        "engine/service/shadow/source.py",
        "        ours = not record.target_id",
        "        ours = True",
        (f"{SHADOW}::test_what_the_plugin_creates_is_recognised",),
    ),
    Mutant(
        "lets what would be written hide what is really there",
        "engine/service/shadow/opening.py",
        "Comparing(noted, known, real.source, real.target, every_s)",
        "Comparing(noted, known, shown, target.behind_the_gate(looked), every_s)",
        (f"{SHADOW}::test_an_edit_is_compared_with_what_the_plugin_made_of_it",),
    ),
    Mutant(
        "waits for an approval of what is not sent",
        "engine/service/shadow/opening.py",
        "                await fuse.release(clock.now())\n",
        "",
        (f"{SHADOW}::test_what_the_fuse_would_hold_is_told_and_let_go",),
    ),
    Mutant(
        "takes the plugin for a second service",
        "engine/actors/trust.py",
        "made_by is not Writer.IN_OUR_NAME or self.shadow:",
        "made_by is not Writer.IN_OUR_NAME:",
        (f"{SHADOW}::test_another_writer_is_what_the_shadow_is_for",),
    ),
    Mutant(
        "gives an id twice",
        "engine/service/shadow/book.py",
        "        self.set_fact(LAST_ID, last)\n",
        "",
        (f"{BOOK}::test_ids_are_not_given_twice",),
    ),
    Mutant(
        "forgets what it would have created",
        "engine/service/shadow/target.py",
        "for value, target_id in made.items()}",
        "for value, target_id in made.items() if not value}",
        (f"{BOOK}::test_a_create_that_the_state_forgot_is_found_again",),
    ),
    Mutant(
        "tells every edit of the shadow apart",
        "engine/service/shadow/book.py",
        '            self._remove(kept["seq"])\n',
        "",
        (f"{BOOK}::test_edits_that_follow_each_other_are_one",),
    ),
)
