"""Reasons that come from a system: what it answered, or that it did not, or was not asked."""

from __future__ import annotations

from engine.model.reason import WAIT, Code, Entry

ANSWERS = (
    Entry(
        Code.REFUSED,
        "validation",
        "{detail}",
        admin="{target} does not take the record as it is, for the reason it gives.",
        engineer="The request was answered with a refusal of this record, or of one field of it."
        " Sending the same again cannot help, so the record is flagged.",
        remedy="Correct on the record what the message names; then reset {error}.",
        ends="A reset of the flag: it is tried once more, as the record is then.",
    ),
    Entry(
        Code.ALREADY_THERE,
        "validation",
        "{detail}",
        admin="What was to be created is in {target} already.",
        engineer="The create was refused as a duplicate. What is there is looked for, and adopted"
        " where it shows.",
        remedy="None needed while it is looked for. If the record is flagged, remove what is in its"
        " way in {target}; then reset {error}.",
        ends="A look that shows it, or a reset of the flag.",
    ),
    Entry(
        Code.NOT_FOUND,
        "not_found",
        "{detail}",
        admin="Something the request named is not there, or the service's user may not see it.",
        engineer="The answer was that there is no such record.",
        remedy="Look in {target} for the record that the message names, and let the service's user"
        " see it; or clear {id}. Then reset {error}.",
        ends="A reset of the flag: it is tried once more.",
    ),
    Entry(
        Code.EDIT_CONFLICT,
        "conflict",
        "{detail}",
        admin="Somebody edited the record in {target} at the same moment; it is tried again.",
        engineer="The answer was that the record changed between our reading and our writing.",
        remedy="None needed.",
        ends="The next attempt, as a rule.",
    ),
    Entry(
        Code.FORBIDDEN,
        "forbidden",
        "{detail}",
        admin="The service's user may not do in {target} what this record needs.",
        engineer="The request was answered with 403 for this record, and others went through: a"
        " rule on the record, its owner or its team, and no missing permission.",
        remedy="Give the service's user the rights on this record in {target}; then reset {error}.",
        ends="A reset of the flag: it is tried once more.",
    ),
    Entry(
        Code.PERMISSION_MISSING,
        "forbidden",
        "{detail}",
        admin="The service's user lacks a right in {target}, so all records wait. None is flagged.",
        engineer="Several records in a row were answered with 403, so the target is paused and"
        " asked again once a minute.",
        remedy="Give the service's user the right that the message names in {target}; where a"
        " permission of the application is missing, run: wosync auth. Nothing is to be reset.",
        ends="The first request that is allowed.",
    ),
    Entry(
        Code.NOT_GRANTED,
        "configuration",
        "{detail}",
        admin="The leave that was given to the service does not extend to this; what needs it"
        " waits, and everything else goes on. Nobody is flagged.",
        engineer="The operation needs a permission of the application that was not granted, for"
        " whatever record.",
        remedy="Give the leave anew, with the permission that the message names: wosync auth."
        " Nothing is to be reset.",
        ends="The first request after the permission was granted.",
    ),
    Entry(
        Code.CREDENTIALS_REFUSED,
        "auth",
        "{detail}",
        admin="A system refuses the service's credentials, so all records wait. None is flagged.",
        engineer="The key or the token was refused. The system is paused and asked again once a"
        " minute.",
        remedy="Follow what the message says; for the consent of a person run: wosync auth; for a"
        " key put the new one where the configuration has it, and restart the service unless that"
        " is a file. Nothing is to be reset.",
        ends="The first request whose credentials are taken.",
    ),
    Entry(
        Code.CONFIGURATION_WRONG,
        "configuration",
        "{detail}",
        admin="Settings, permissions or columns are not as the service needs them, so all records"
        " wait. None is flagged.",
        engineer="The failure concerns every record alike. The system is paused and asked again"
        " once a minute.",
        remedy="Follow what the message says, check with wosync check, and restart the service if"
        " a setting was changed. Nothing is to be reset.",
        ends="The first request that goes through.",
    ),
    Entry(
        Code.THROTTLED,
        "rate_limited",
        "{detail}",
        admin="A system has asked the service to wait, as too many requests reached it.",
        engineer="The answer was 429, or its like, with a time to wait. All requests to that system"
        " wait until then.",
        remedy="None needed. If it is frequent, see who else uses the system, and lower the"
        " budget's per_hour and run: wosync reload.",
        ends="The time the system named.",
    ),
    Entry(
        Code.UNANSWERED,
        "unreachable",
        "{detail}",
        admin="A system does not answer, or answers that it is out of order. Records wait, and none"
        " is flagged for it.",
        engineer="No usable answer came: no connection, no time left, or a status of a server in"
        " trouble. It is tried again, ever less often.",
        remedy="Look whether the system is up, and whether its address can be reached from this"
        " machine: wosync check. Nothing is to be reset.",
        ends="The first answer.",
    ),
    Entry(
        Code.ANSWER_TOO_LARGE,
        "unreachable",
        "{detail}",
        admin="A system answers with more than the service reads. Records wait.",
        engineer="The answer was cut off where no answer of its kind ends. Pages are asked for"
        " again in smaller ones.",
        remedy="None needed if it passes. If it stays, look for records with huge texts, or for"
        " something in between that answers in the system's place.",
        ends="The first answer of a usual size.",
    ),
    Entry(
        Code.ANSWER_NOT_UNDERSTOOD,
        "protocol",
        "{detail}",
        admin="A system gives an answer that the service does not understand. Records wait.",
        engineer="The answer has no form that the reference knows: a page of a gateway, or a change"
        " of the interface.",
        remedy="Look what stands between the service and the system, such as a proxy or a sign-in"
        " page: wosync check. If nothing does, report it with the log line.",
        ends="The first answer that is understood.",
    ),
    Entry(
        Code.REQUEST_MALFORMED,
        "protocol",
        "{detail}",
        admin="The service has sent something that the system does not understand: a defect of the"
        " service, not of the record.",
        engineer="The request was called malformed. It is tried again, as it may be a gateway's"
        " word.",
        remedy="Report it with the log line. If the record is flagged for it, reset {error} after"
        " an update of the service.",
        ends="A version of the service that asks rightly.",
    ),
    Entry(
        Code.STATE_UNUSABLE,
        "storage",
        "{detail}",
        admin="The service cannot write to its disk, so it stops rather than forget anything.",
        engineer="The state file or its directory cannot be used.",
        remedy="Follow what the message says: make room on the disk, or give the service's user its"
        " directory; then start the service again. Nothing is to be reset.",
        ends="A start with a state that can be used.",
    ),
    Entry(
        Code.INTERNAL_ERROR,
        "unexpected",
        "internal error: {kind}",
        admin="The service met something it was not made for, at this record. It tries again.",
        engineer="An exception that nothing expects; the log has it with its trace.",
        remedy="Report it with the log line.",
        ends="The next attempt, or a version of the service that knows it.",
    ),
)

NOT_SENT = (
    Entry(
        Code.SYSTEM_PAUSED,
        "held_back",
        "held back: {cause}",
        admin="Requests to a system are paused, for the cause that is named. Records wait, and none"
        " is flagged for it.",
        engineer="The governor turned the request away, because the pause is longer than anybody"
        " stands in line. The record stays due.",
        remedy="See the cause in wosync status, and do what its own reason asks for.",
        ends="The end of the pause.",
    ),
    Entry(
        Code.ACCESS_AWAITED,
        "held_back",
        "an access token is waited for: {detail}",
        admin="The service waits for a new access token of {target}, for a minute at most. Records"
        " wait, and none is flagged for it.",
        engineer="One access token is minted per minute, and nothing is sent to {target} before"
        " that. If the one in use was refused, the consent may have been withdrawn; the mint will"
        " tell.",
        remedy="None needed, if it passes within a minute. If somebody has withdrawn the consent,"
        " run: wosync auth. Nothing is to be reset.",
        ends="The next access token.",
    ),
    Entry(
        Code.BUDGET_HOUR_SPENT,
        "held_back",
        "held back by the budget: {cause}",
        admin="As many requests were sent within an hour as the service may send. Records wait"
        " until the hour has passed; fresh edits go first.",
        engineer="The budget's own per_hour is spent, less the share kept for fresh edits.",
        remedy="None needed. To have more done in an hour raise the budget's per_hour, as far as"
        " the system allows, and run: wosync reload.",
        ends="The time that wosync status names.",
    ),
    Entry(
        Code.BUDGET_YEAR_SPENT,
        "held_back",
        "held back by the budget: {cause}",
        admin="As many requests were sent within 365 days as the service may send.",
        engineer="The budget's own per_year is spent.",
        remedy="Raise the budget's per_year, as far as the contract with the system allows, and"
        " run: wosync reload.",
        ends="The next day on which requests of a year ago fall out of the count.",
    ),
    Entry(
        Code.BUDGET_RESERVE_REACHED,
        "held_back",
        "held back by the budget: {cause}",
        admin="The system's hourly limit is used up but for what is left for others and kept for"
        " fresh edits. A bulk goes on bit by bit as the hour passes, and at full pace in the next;"
        " fresh edits go first.",
        engineer="By the headers of {target}, what is left in its window is no more than the"
        " budget's reserve, and for a backlog also what others draw until its end and what of the"
        " share kept for fresh edits is not let go yet.",
        remedy="None needed. To use more of the limit lower the budget's reserve and run: wosync"
        " reload; or see who else uses up the limit.",
        ends="The time that wosync status names; at the latest the end of the system's window.",
    ),
    Entry(
        Code.RETRIES_RATIONED,
        "held_back",
        "not repeated yet: most of the latest requests failed",
        admin="Many requests failed lately, so repeats wait their turn. It says nothing about this"
        " record.",
        engineer="Retries are held to a tenth of the traffic while a system is in trouble.",
        remedy="None needed. See in wosync status what is wrong with the system.",
        ends="The next turn of a repeat, or the system's recovery.",
    ),
)

KEPT_FAILING = (
    Entry(
        Code.KEPT_UNANSWERED,
        "unreachable",
        "kept failing{alike}: {detail}",
        admin="Each attempt at this record ended without an answer, while others succeeded.",
        engineer="The record failed as often as [retry] attempts_max allows, and the same kind of"
        " request succeeded for others meanwhile, so it is no outage.",
        remedy="Look for an unusual value in the record, such as a very long text or odd"
        " characters, and simplify it; then reset {error}.",
        ends="A reset of the flag: it is tried anew.",
    ),
    Entry(
        Code.KEPT_NOT_UNDERSTOOD,
        "protocol",
        "kept failing{alike}: {detail}",
        admin="Each attempt at this record was answered with something that the service does not"
        " understand, while others succeeded.",
        engineer="The record failed as often as [retry] attempts_max allows, and the same kind of"
        " request succeeded for others meanwhile.",
        remedy="Report it with the log lines of the record. If an unusual value stands out in it,"
        " simplify that. Then reset {error}.",
        ends="A reset of the flag: it is tried anew.",
    ),
    Entry(
        Code.KEPT_CONFLICTING,
        "conflict",
        "kept failing{alike}: {detail}",
        admin="The record in {target} was changed by somebody else at each attempt.",
        engineer="A conflict was answered as often as [retry] attempts_max allows.",
        remedy="Look in {target} for what edits the record all the time, and stop it; then reset"
        " {error}.",
        ends="A reset of the flag: it is tried anew.",
    ),
    Entry(
        Code.KEPT_MISCONFIGURED,
        "configuration",
        "kept failing{alike}: {detail}",
        admin="This record needs a setting or a permission that is not there, while others do not.",
        engineer="An answer that blames settings or permissions came for this record as often as"
        " [retry] attempts_max allows, and others succeeded.",
        remedy="Follow what the message says, and check with wosync check; then reset {error}.",
        ends="A reset of the flag: it is tried anew.",
    ),
    Entry(
        Code.KEPT_UNAUTHORISED,
        "auth",
        "kept failing{alike}: {detail}",
        admin="The service's credentials are refused for this record, while they are taken for"
        " others.",
        engineer="The answer 401 came for this record as often as [retry] attempts_max allows, and"
        " others succeeded.",
        remedy="Give the service's user the rights on this record; if others follow, run: wosync"
        " auth. Then reset {error}.",
        ends="A reset of the flag: it is tried anew.",
    ),
    Entry(
        Code.KEPT_BREAKING,
        "unexpected",
        "kept failing{alike}: {detail}",
        admin="The service met something at this record, several times, that it was not made for.",
        engineer="An exception that nothing expects came as often as [retry] attempts_max allows;"
        " the log has it with its trace.",
        remedy="Report it with the log lines of the record. After an update of the service, or a"
        " change of the record, reset {error}.",
        ends="A reset of the flag: it is tried anew.",
    ),
)

EARLIER = (
    Entry(
        Code.UNSPECIFIED,
        WAIT,
        "{detail}",
        admin="The reason was written down by an earlier version of the service; its text says what"
        " it is.",
        engineer="The state was kept by a version that had no codes. The next decision about the"
        " record has one.",
        remedy="Do what the text says; if the record is flagged, reset {error} then.",
        ends="The next decision about the record.",
    ),
)
