"""Mutants that believe, repeat or wait for what stands between us and both systems."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TRANSPORT = "engine/wire/transport.py"
EXCHANGE = "engine/wire/exchange.py"
BODIES = "engine/wire/bodies.py"
WORKBOOKS = "connectors/workbooks/client.py"
OUTREACH = "connectors/outreach/client.py"
SENT = "tests/unit/engine/wire/test_transport.py"
ONCE = "tests/unit/engine/wire/test_nothing_repeated.py"
SIZES = "tests/unit/engine/wire/test_bodies.py"
HOSTILE = "tests/scenario/test_hostile_answers.py"
CLIENT = "tests/unit/connectors/outreach/test_client.py"
SOURCE = "tests/unit/connectors/workbooks"
BUDGET = "engine/flow/budget.py"
WINDOW = "engine/flow/window.py"
LIMITS = "connectors/outreach/limits.py"
HOURS = "tests/unit/engine/flow/test_budget.py"
RATES = "tests/unit/connectors/outreach/test_limits.py"
FAR = "tests/scenario/test_far_resets.py"
OAUTH = "connectors/outreach/oauth.py"
KEPT = "connectors/outreach/kept_tokens.py"
TOKENS = "tests/unit/connectors/outreach/test_oauth.py"
GRANTS = "tests/unit/connectors/outreach/test_token_answers.py"

MUTANTS = (
    Mutant(
        "lets the library repeat what went out on a connection that broke",
        TRANSPORT,
        "middlewares=(_sent_once,),",
        "middlewares=(),",
        (
            f"{ONCE}::test_no_method_is_sent_again_on_a_kept_connection_that_broke",
            f"{ONCE}::test_no_method_is_sent_again_on_a_fresh_connection_that_broke",
        ),
    ),
    Mutant(
        "takes every connection for a kept one",
        TRANSPORT,
        "_kept.set(connection.protocol in self._used)",
        "_kept.set(True)",
        (f"{ONCE}::test_no_method_is_sent_again_on_a_fresh_connection_that_broke",),
    ),
    Mutant(
        "takes every connection for a fresh one",
        TRANSPORT,
        "_kept.set(connection.protocol in self._used)",
        "_kept.set(False)",
        (f"{ONCE}::test_no_method_is_sent_again_on_a_kept_connection_that_broke",),
    ),
    Mutant(
        "lets the library decode what stands in an address",
        TRANSPORT,
        "return URL(url, encoded=_PLAIN.fullmatch(url) is not None)",
        "return URL(url)",
        (f"{SENT}::test_an_address_goes_out_letter_by_letter",),
    ),
    Mutant(
        "takes an address that the library does not send to for a lost request",
        TRANSPORT,
        "isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError)",
        "isinstance(error, ZeroDivisionError)",
        (f"{SENT}::test_an_address_that_is_none_is_reported_as_not_sent",),
    ),
    Mutant(
        "reads of a header that came twice only the first",
        TRANSPORT,
        "    if plain and len({name.lower() for name, _ in raw}) == len(raw):",
        "    if raw:",
        (f"{SENT}::test_what_an_answer_says_twice_or_in_letters_of_its_own_can_be_read",),
    ),
    Mutant(
        "repeats a write on a stale connection",
        EXCHANGE,
        "            if not repeatable:\n",
        "            if not operation:\n",
        (f"{ONCE}::test_what_is_not_called_repeatable_is_sent_once",),
    ),
    Mutant(
        "asks a delaying address twice",
        WORKBOOKS,
        "                    route=DELAY_ROUTE,\n",
        "                    route=DELAY_ROUTE,\n                    repeatable=True,\n",
        (
            f"{SOURCE}/test_client.py"
            "::test_a_delaying_address_is_asked_once_even_on_a_stale_connection",
        ),
    ),
    Mutant(
        "takes a spent delaying address for a missing resource",
        WORKBOOKS,
        "if reply.delayed and reply.answer.status in TICKET_SPENT:",
        "if reply.delayed and not reply.answer.status:",
        (
            f"{SOURCE}/test_client.py"
            "::test_a_spent_delaying_address_says_nothing_about_what_was_asked_for",
        ),
    ),
    Mutant(
        "unpacks a piece of an answer whole, whatever it becomes",
        BODIES,
        "(piece, CHUNK)\n        except zlib.error as error:\n            if self._began:",
        "(piece)\n        except zlib.error as error:\n            if self._began:",
        (f"{SIZES}::test_no_piece_becomes_more_than_a_chunk_before_it_is_counted",),
    ),
    Mutant(
        "reads an answer to its end, however large",
        BODIES,
        "        if self.size > self.bound.size_max:",
        "        if self.size > 1 << 40:",
        (f"{SIZES}::test_a_bomb_is_cut_as_soon_as_it_is_too_large",),
    ),
    Mutant(
        "counts no bytes that unpack to nothing",
        BODIES,
        "        if arrived > bound.size_max + PACKING_BYTES:",
        "        if arrived < 0:",
        (f"{SIZES}::test_chunks_without_end_are_cut",),
    ),
    Mutant(
        "reads a million small rows at once",
        BODIES,
        "        if self.opened > self.bound.opened_max or self.parted > self.bound.parted_max:",
        "        if self.opened < 0:",
        (f"{SIZES}::test_values_are_counted_because_each_costs_far_more_than_its_length",),
    ),
    Mutant(
        "takes a create whose answer is too large for one that failed",
        EXCHANGE,
        '                f"the answer is too large: {error}",\n                ambiguous=True,',
        '                f"the answer is too large: {error}",\n                ambiguous=False,',
        (f"{HOSTILE}::test_a_create_whose_answer_never_ends_is_in_doubt_and_found",),
    ),
    Mutant(
        "refuses headers of many kilobytes",
        TRANSPORT,
        "HEADER_BYTES_MAX = 64 * 1024",
        "HEADER_BYTES_MAX = 8 * 1024",
        (f"{HOSTILE}::test_headers_of_many_kilobytes_are_read",),
    ),
    Mutant(
        "follows a link that was followed before",
        OUTREACH,
        "            if following.url in asked:",
        "            if not following.url:",
        (f"{CLIENT}::test_a_link_that_was_followed_before_ends_the_listing",),
    ),
    Mutant(
        "follows links from pages that show nothing new",
        OUTREACH,
        "            if len(found) == known:",
        "            if len(found) < known:",
        (f"{CLIENT}::test_a_page_without_a_new_record_that_leads_on_ends_the_listing",),
    ),
    Mutant(
        "takes a relative link for one to another origin",
        "connectors/outreach/protocol.py",
        "        return urljoin(present, link.strip())",
        "        return link.strip() if present else None",
        (f"{CLIENT}::test_relative_links_are_followed",),
    ),
    Mutant(
        "takes part of a catalogue that leads in circles for all of it",
        "connectors/workbooks/catalogue.py",
        "        if newest_id <= after_id or len(found) > ROWS_MAX:",
        "        if newest_id <= after_id:\n            return found\n        if not rows:",
        (f"{SOURCE}/test_catalogue.py::test_a_list_that_leads_in_circles_is_no_list",),
    ),
    Mutant(
        "gives up a page of large records",
        "connectors/workbooks/source.py",
        "                if size == 1:\n",
        "                if size:\n",
        (
            f"{SOURCE}/test_connector.py"
            "::test_a_page_too_large_to_read_is_asked_for_in_smaller_ones",
        ),
    ),
    Mutant(
        "throws the rotated refresh token away with an unusable access token",
        KEPT,
        "is None and grant.refresh_token in (None, presented.refresh_token):",
        "is None:",
        (f"{GRANTS}::test_an_access_token_that_cannot_be_used_leaves_the_refresh_token",),
    ),
    Mutant(
        "judges a token answer before it keeps what is in it",
        OAUTH,
        "            await self._keep_grant(kept)\n        try:\n            self._check(answer, ",
        "            self._check(answer, presented)\n            await self._keep_grant(kept)\n"
        "        try:\n            self._check(answer, ",
        (f"{GRANTS}::test_a_grant_under_another_status_is_kept_and_the_status_believed",),
    ),
    Mutant(
        "believes any lifetime of an access token",
        "connectors/outreach/grants.py",
        "    if told <= 0 or told > LIFETIME_MAX_S or math.isnan(told):",
        "    if told != told:",
        (f"{GRANTS}::test_an_odd_answer_is_a_grant_all_the_same",),
    ),
    Mutant(
        "cannot read a token answer in another encoding",
        "connectors/outreach/grants.py",
        'body.decode(json.detect_encoding(body), errors="replace").strip(_JUNK)',
        'body.decode(errors="replace")',
        (f"{GRANTS}::test_an_odd_answer_is_a_grant_all_the_same",),
    ),
    Mutant(
        "presents a configured refresh token that was redeemed",
        OAUTH,
        "        if kept.refresh_token:\n",
        "        if self._now() < kept.expires_at:\n",
        (f"{TOKENS}::test_a_configured_token_that_was_redeemed_is_never_presented_again",),
    ),
    Mutant(
        "takes an old secret that is put back for a new authorisation",
        KEPT,
        "in (self.fingerprint, *self.redeemed):",
        "in (self.fingerprint,):",
        (f"{TOKENS}::test_an_old_secret_that_is_put_back_is_not_presented",),
    ),
    Mutant(
        "takes an expired token that is answered 403 for a missing permission",
        "connectors/outreach/token_refusals.py",
        "    return answer.status == 401 or names_token(answer) or _says_expired(answer)",
        "    return answer.status == 401 or _says_expired(answer)",
        (
            f"{CLIENT}::test_every_refusal_of_the_token_is_answered_with_another_one",
            "tests/scenario/test_outages.py"
            "::test_an_expired_access_token_is_replaced_however_it_is_answered",
        ),
    ),
    Mutant(
        "takes a token that stays refused for a record's own refusal",
        "connectors/outreach/refusals.py",
        "    if names_token(answer):\n",
        "    if not status:\n",
        (f"{CLIENT}::test_a_token_refused_in_its_own_name_twice_is_the_credentials",),
    ),
    Mutant(
        "takes the redirect of one write for a mistake in the configuration",
        "connectors/outreach/refusals.py",
        'if request.method != "GET" and not surely_refused(answer, refusal):',
        'if request.method != "GET" and status >= 400 and not surely_refused(answer, refusal):',
        (
            "tests/unit/connectors/outreach/test_refusals.py",
            "tests/scenario/test_answers_in_front.py"
            "::test_an_update_that_a_front_redirects_holds_up_no_other",
        ),
    ),
    Mutant(
        "lets one request whose token is refused hold up all others",
        "connectors/outreach/oauth.py",
        "if token == self._doubted:",
        "if token is None:",
        (f"{CLIENT}::test_a_token_refused_for_one_request_holds_up_no_other",),
    ),
    Mutant(
        "believes any end of the system's window",
        WINDOW,
        "            self.reset_at = now + UNSURE_S if self.doubted else reset_at",
        "            self.reset_at = reset_at",
        (
            f"{HOURS}::test_an_end_of_the_window_that_cannot_be_true_is_asked_about_again",
            f"{FAR}::test_a_far_reset_is_told_and_asked_about_again",
        ),
    ),
    Mutant(
        "is ready while nothing may be sent for minutes",
        "engine/service/status.py",
        "            if held_s > HELD_BACK_S:",
        "            if held_s < 0:",
        (f"{FAR}::test_a_far_reset_is_told_and_asked_about_again",),
    ),
    Mutant(
        "takes a moment in milliseconds for one in seconds",
        LIMITS,
        "    while at >= EPOCH_MAX:",
        "    while at < 0:",
        (f"{RATES}::test_the_end_of_the_window_is_read_in_every_unit",),
    ),
    Mutant(
        "reads a moment of the service by our own clock",
        LIMITS,
        "    return ahead_s if abs(ahead_s) > CLOCKS_APART_S else 0.0",
        "    return 0.0 if ahead_s else ahead_s",
        (f"{RATES}::test_a_moment_is_one_of_the_services_own_clock",),
    ),
    Mutant(
        "holds for what was counted on a clock that was ahead",
        "engine/flow/minutes.py",
        "        if not self._counts or self._counts[-1][0] <= minute:",
        "        if minute >= 0:",
        (
            f"{HOURS}::test_a_clock_that_was_ahead_holds_for_an_hour_at_most",
            f"{HOURS}::test_counts_of_a_time_to_come_are_restored_as_of_now",
        ),
    ),
    Mutant(
        "restores days to come as they are",
        BUDGET,
        "        if next(reversed(self.days), day) > day:",
        "        if day < 0:",
        (f"{HOURS}::test_counts_of_a_time_to_come_are_restored_as_of_now",),
    ),
    Mutant(
        "keeps what was counted on a clock that was ahead",
        "engine/store/sqlite/kept.py",
        "(minute < ? OR minute > ?)",
        "(minute < ? AND minute < ?)",
        (
            "tests/unit/engine/store/test_kept.py"
            "::test_counts_of_a_clock_that_was_ahead_are_dropped",
        ),
    ),
    Mutant(
        "calls itself ready between two refusals of its credentials",
        "engine/service/status.py",
        "            if governor.refusal is not None:",
        "            if governor.refusal == name:",
        (
            "tests/scenario/test_outages.py"
            "::test_a_service_whose_credentials_are_refused_is_not_ready_between_two_tries",
        ),
    ),
    Mutant(
        "reads a token answer as whole JSON or not at all",
        "connectors/outreach/grants.py",
        "looks = {} if refused and not well else _looks_of_tokens(text)",
        "looks: dict[str, Json] = {}",
        (f"{GRANTS}::test_an_odd_answer_is_a_grant_all_the_same",),
    ),
    Mutant(
        "takes the token that a damaged refusal repeats for a new one",
        "connectors/outreach/grants.py",
        "if members else _ERROR.search(text) is not None",
        "if members else False",
        (f"{GRANTS}::test_a_damaged_refusal_that_repeats_the_request_is_no_grant",),
    ),
    Mutant(
        "throws away what came of a token answer that breaks off",
        EXCHANGE,
        "if sending.kind is AnswerKind.TOKEN:",
        "if not sending.operation:",
        (f"{SIZES}::test_a_token_answer_that_breaks_off_is_an_answer",),
    ),
    Mutant(
        "hears of an expired token only by its name",
        "connectors/outreach/token_refusals.py",
        "    return answer.status == 401 or names_token(answer) or _says_expired(answer)",
        "    return answer.status == 401 or names_token(answer)",
        (f"{CLIENT}::test_what_says_in_any_words_that_the_token_has_expired_gets_another_one",),
    ),
    Mutant(
        "counts every mistake of an endless page of Outreach",
        "connectors/outreach/wire.py",
        "Entries = Annotated[list[Entry], Field(max_length=ENTRIES_MAX)]",
        "Entries = Annotated[list[Entry], Field()]",
        (
            "tests/unit/connectors/outreach/test_wire.py"
            "::test_a_page_of_countless_rows_is_one_mistake",
        ),
    ),
    Mutant(
        "counts every mistake of an endless listing of Workbooks",
        "connectors/workbooks/wire.py",
        "Entries = Annotated[list[Entry], Field(max_length=ENTRIES_MAX)]",
        "Entries = Annotated[list[Entry], Field()]",
        (f"{SOURCE}/test_wire.py::test_a_listing_of_countless_rows_is_one_mistake",),
    ),
    Mutant(
        "takes a user shown without any text for one who has lost the name",
        "connectors/outreach/directory.py",
        "if not one.attributes.keys().isdisjoint(texts)]",
        "if one.id]",
        (
            "tests/unit/connectors/outreach/test_connector.py"
            "::test_a_user_or_stage_shown_without_any_text_is_a_row_that_cannot_be_read",
        ),
    ),
    Mutant(
        "keeps the rows of an endless listing with the error about them",
        "connectors/workbooks/answers.py",
        "        listed.clear()\n",
        "",
        (f"{SOURCE}/test_answers.py::test_a_listing_of_countless_rows_is_let_go",),
    ),
)
