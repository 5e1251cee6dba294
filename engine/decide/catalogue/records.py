"""Reasons about a record: as it stands in the source, its record in the target, the write-back."""

from __future__ import annotations

from engine.model.reason import HELD, HOLD, SKIP, WAIT, Code, Entry

RECORDS = (
    Entry(
        Code.SYNC_OFF,
        SKIP,
        "sync is off",
        admin="{sync} is not ticked on the record, so nothing of it is sent.",
        engineer="The row was captured with the box off. No request was made to {target}; what was"
        " synced before stays there as it is.",
        remedy="Tick {sync} on the record.",
        ends="The next poll after the box is ticked.",
    ),
    Entry(
        Code.ERROR_FLAG_SET,
        SKIP,
        "the error flag is set",
        admin="{error} is set on the record, by this service or by somebody, so it is left out.",
        engineer="The row was captured with the flag on. Whether it was set by the service is in"
        " the history: a refusal stands before this line then.",
        remedy="Mend what the record was refused for, if its history names a refusal; then reset"
        " {error} on the record.",
        ends="The next poll after the flag is reset.",
    ),
    Entry(
        Code.SKIPPED,
        SKIP,
        "skipped by an operator since {since} UTC: {detail}",
        admin="Somebody who looks after the service has told it to leave this record or person"
        " alone, for the reason given.",
        engineer="The reason is in the service's own state, not in {source}. No request is made for"
        " the record; what is in {target} stays as it is, and a create whose answer was lost is"
        " still looked for.",
        remedy="None, if it was meant. Otherwise: wosync unskip, with the record's reference.",
        ends="The unskip; the record is looked at at once then.",
    ),
    Entry(
        Code.UNDONE,
        SKIP,
        "given back {what} ({where})",
        admin="An operator has given the record in {target} back what it held before, and it is"
        " left so for now, even where the mapping makes something else of the record.",
        engineer="What was given back is remembered with the version of the record and the mapping"
        " in force then. While both are the same nothing sends it: no sweep, no audit and no"
        " restart.",
        remedy="None, if it was meant. To have the fields filled again, edit the record in any"
        " field, or mend the mapping and restart the service. To take the undo back: wosync undo,"
        " with its run.",
        ends="The next edit of the record in {source}, or the next change of the mapping.",
    ),
    Entry(
        Code.RECORD_HIDDEN,
        SKIP,
        "the record is deleted, or hidden from our user",
        admin="{source} does not show the record to the service's user: it was deleted, or that"
        " user may not see it.",
        engineer="The record was asked for by its id, and no row came. One that our user"
        " may not see is answered for in the same way as one that is deleted.",
        remedy="Look whether the record is in {source}. If it is, let the service's user see it,"
        " then edit the record in any field. If it was deleted, nothing is to be done.",
        ends="The first change of the record that the service's user is shown.",
    ),
    Entry(
        Code.RECORD_DELETED,
        SKIP,
        "the record is deleted",
        admin="The record was deleted in {source}. Its record in {target} stays as it is.",
        engineer="{source} shows the id among its deleted records, so nothing is owed to it any"
        " more. The service removes no opportunity in {target} for that.",
        remedy="None, if it was meant. Otherwise restore the record in {source}, then edit it in"
        " any field.",
        ends="The first poll after the record is restored.",
    ),
    Entry(
        Code.ROW_UNREADABLE,
        "protocol",
        "a row is passed by: {detail}",
        admin="An opportunity in {source} cannot be read, and is left alone. All others go on.",
        engineer="The row lacks what every row has, or holds something else there. Where the record"
        " is synced already, it waits with this reason; of a new one nothing else is known.",
        remedy="Look at the record in {source}, above all at the column that is named. If nothing"
        " is wrong with it, report it with the log line rows_unreadable. Nothing is to be reset.",
        ends="The first row of the record that can be read; this is told until the next sweep.",
    ),
    Entry(
        Code.RECORD_NOT_LISTED,
        SKIP,
        "the source does not show it among the eligible records any more",
        admin="The record was unticked, flagged, deleted or hidden since it was last seen.",
        engineer="A whole listing of the eligible records did not contain its id, although nothing"
        " else was wrong with that listing.",
        remedy="If it shall be synced, see that {sync} is ticked, {error} is not set and the"
        " service's user may see the record.",
        ends="The next poll that shows the record.",
    ),
    Entry(
        Code.NO_LONGER_ELIGIBLE,
        SKIP,
        "no longer eligible, and the create never happened",
        admin="The record was unticked or flagged while it was not known whether it had been"
        " created in {target}. It had not, and it is left out now.",
        engineer="The create in doubt was looked for until it would have shown. Nothing carries its"
        " correlation value, so the intent was closed.",
        remedy="If it shall be synced, tick {sync}, and reset {error} if it is set.",
        ends="The next poll after both are as they must be.",
    ),
    Entry(
        Code.HIDDEN_MEANWHILE,
        SKIP,
        "the record is deleted, or hidden from our user, and the create never happened",
        admin="The record was deleted or hidden while it was not known whether it had been created"
        " in {target}. It had not, and it is left out now.",
        engineer="The create in doubt was looked for until it would have shown, and was not carried"
        " out. Before it would have been sent again the record was read by id, and no row came.",
        remedy="Look whether the record is in {source}. If it is, let the service's user see it,"
        " then edit the record in any field.",
        ends="The first change of the record that the service's user is shown.",
    ),
    Entry(
        Code.NOT_CAPTURED_YET,
        WAIT,
        "{version} is not captured yet",
        admin="The record, or its latest change, was not taken in yet. It is, with the next poll.",
        engineer="{source} shows a version that the state does not know. Polls ask for what changed"
        " since the watermark, [poller] interval_s apart.",
        remedy="None needed. If it stays, see in wosync status why polls fail.",
        ends="The next poll.",
    ),
    Entry(
        Code.WAITS_ITS_TURN,
        WAIT,
        "it waits its turn: {what}",
        admin="Nothing is wrong with the record: others are worked on before it.",
        engineer="It is due, and in line. Fresh edits go before a bulk import, and every fifth one"
        " is from the import.",
        remedy="None needed. To have more done at once see what limits the service: wosync tune.",
        ends="Its turn.",
    ),
    Entry(
        Code.SOURCE_LAGS,
        "protocol",
        "the record is shown in an older state than the one that is known",
        admin="{source} answers with a state of the record that is older than one it has shown"
        " before. The record waits until it shows the newest one.",
        engineer="A row read by id has an older version than the one captured: another server of"
        " {source} answers, and is behind.",
        remedy="None needed: it is read again until {source} shows its newest state.",
        ends="The first reading that shows the version known, or a newer one.",
    ),
    Entry(
        Code.TARGET_ID_MALFORMED,
        "validation",
        "the record's target id {target_id!r} is not the id of any record",
        admin="What stands in {id} cannot be the id of a record in {target}.",
        engineer="Ids of {target} are positive whole numbers. Nothing was sent.",
        remedy="Enter the right id in {id}, or clear it to have a record created; then reset"
        " {error}.",
        ends="An edit of {id} with the flag reset.",
    ),
    Entry(
        Code.CORRELATION_BLANK,
        "validation",
        "{field} is blank; without it a lost create could not be found again",
        admin="The field by which a record is found again in {target} would be blank, so it is not"
        " created.",
        engineer="A create whose answer is lost is looked for by this field. The mapping gives it"
        " nothing for this record, so the create could be repeated unseen.",
        remedy="Give the field in the mapping a column that is never blank, as in the default"
        " mapping, and restart the service; then reset {error}.",
        ends="A mapping that fills the field, with the flag reset.",
    ),
    Entry(
        Code.TARGET_GONE,
        "validation",
        "the target record {target_id} does not exist any more, or our user may not see it; clear"
        " the id to have it created anew",
        admin="The record that {id} names is not in {target}: it was deleted, lies in the trash, or"
        " the service's user may not see it.",
        engineer="{target} answered that there is no such record, or that it is in the trash."
        " Whether somebody removed it on purpose cannot be told, so it is not created again"
        " unasked.",
        remedy="To have it created anew, clear {id} on the record; to keep what is there, restore"
        " it in {target} or let the service's user see it. Then reset {error}.",
        ends="The id cleared, or the record back in {target}, with the flag reset.",
    ),
    Entry(
        Code.CLAIM_LOST,
        "validation",
        "its target id {target_id} is that of {owner} already; clear the id to have a record of its"
        " own created",
        admin="Two records carry the same {id}, as after copying one of them. The other one keeps"
        " it.",
        engineer="One target record belongs to one source record: to the one whose reference it"
        " carries, else to the one that was linked first. Nothing was sent.",
        remedy="Clear {id} on this record to have a record of its own created, or on the other one"
        " to hand the id over; then reset {error} here.",
        ends="The id cleared on one of the two, with the flag reset.",
    ),
    Entry(
        Code.CLAIM_CONTENDED,
        "unexpected",
        "other records with the same id are being synced",
        admin="Several records carry the same {id} and are synced at this moment.",
        engineer="The claim on the target record changed hands while it was decided, several times"
        " in a row. Nothing was sent.",
        remedy="None needed: it is tried again. If it stays, clear {id} on all but one of the"
        " records.",
        ends="The next attempt, as a rule.",
    ),
    Entry(
        Code.CREATE_IN_DOUBT,
        WAIT,
        "a create may have been executed: {detail}",
        admin="It is not known yet whether the record was created in {target}; it is looked for"
        " before anything is repeated, so that nothing is there twice.",
        engineer="The answer of a create was lost, or said nothing. It is looked for by its"
        " correlation value until visibility_s has passed, then adopted, or sent again.",
        remedy="None needed. If many records are in doubt, look why answers of {target} get lost:"
        " wosync status.",
        ends="A look that finds it, or the last look in vain.",
    ),
    Entry(
        Code.CREATE_KEPT_LOST,
        "validation",
        "creates of it kept getting lost, and not others: {detail}",
        admin="Each attempt to create the record in {target} ended without an answer, while other"
        " records were created. It may be something in this record.",
        engineer="Every create was looked for in vain before the next was sent; creates of other"
        " records succeeded meanwhile. A gateway may choke on a value.",
        remedy="Look for an unusual value in the record, such as a very long text or odd"
        " characters, and simplify it; then reset {error}.",
        ends="A reset of the flag: it is created once more.",
    ),
    Entry(
        Code.CREATE_LOST_ALONE,
        "validation",
        "creates of it kept getting lost for over an hour, and nothing else failed: {detail}",
        admin="Each attempt to create the record in {target} ended without an answer for over an"
        " hour, and no other record has this trouble.",
        engineer="Every create was looked for in vain before the next was sent. No other record was"
        " created or failed meanwhile, so nothing but the record itself is left as the cause.",
        remedy="Look for an unusual value in the record, such as a very long text or odd"
        " characters, and simplify it; then reset {error}.",
        ends="A reset of the flag: it is created once more.",
    ),
    Entry(
        Code.CREATES_PAUSED,
        "held_back",
        "creates are paused: {cause}",
        admin="Nothing is created in {target} at present, because another service seems to create"
        " records for the same data. Records that are linked go on.",
        engineer="The service met a target record made in its name that its state does not know, so"
        " a second one runs on a copy of the state, or the state is an old one.",
        remedy="Stop the other service. Then stop this one, run wosync state adopt, and start it"
        " again.",
        ends="The command wosync state adopt.",
    ),
    Entry(
        Code.ANOTHER_WRITER,
        "duplicate",
        "{ref} carries the target id {theirs}, made in our name by somebody else; this service made"
        " {ours}",
        admin="Another service has created a record in {target} for this one.",
        engineer="The id that was entered carries our correlation value, and neither this state nor"
        " one that it replaced has made it. Creates are paused from here on.",
        remedy="Stop the other service. Then stop this one, run wosync state adopt, and start it"
        " again. If this service had made a record too, delete the one nobody needs in {target}.",
        ends="The command wosync state adopt.",
    ),
    Entry(
        Code.MASS_CHANGE_HELD,
        HOLD,
        f"{HELD}: {{would}}",
        admin="More records would change at once than is allowed without somebody's word, so they"
        " wait and nothing of them is sent.",
        engineer="The fuse holds what a sweep, an audit, a changed mapping or a first look would"
        " change beyond [fuse] share and records_min. Fresh edits go on.",
        remedy="Look at what would be changed: wosync list --held. If it is meant, run: wosync"
        " approve, which shows it and asks. If it is not, mend the records, or the mapping and"
        " restart the service; whatever would change nothing any more goes on by itself.",
        ends="An approval, an edit of the record, or a mapping by which nothing would change.",
    ),
    Entry(
        Code.NOT_PLANNED,
        HOLD,
        "not in the plan: {why}",
        admin="A plan was carried out, and something has changed since it was made: what would be"
        " done now was not in it, so it was left out.",
        engineer="While wosync apply works on a record every write passes a gate that lets through"
        " what the plan names, and nothing else.",
        remedy="Make a new plan and look at it: wosync plan. What the fuse held before is held"
        " again; anything else goes on by itself, as without a plan.",
        ends="The next run, an approval, or another plan.",
    ),
)

WRITE_BACKS = (
    Entry(
        Code.WRITE_BACK_REFUSED,
        "validation",
        "{detail}",
        admin="{source} does not take what the service has to write to the record: {id}, the link,"
        " or {error}.",
        engineer="The update was refused for this record, with the words of {source}: mostly by a"
        " validation or a process there. It is tried again, ever less often.",
        remedy="Let the service's user write these columns, whatever else is in the record: look at"
        " mandatory fields, validations and processes on the record type. Nothing is to be reset.",
        ends="The first update that {source} takes.",
    ),
    Entry(
        Code.WRITE_BACK_OVERRUN,
        "conflict",
        "the record keeps changing",
        admin="Somebody, or a process, edits the record whenever the service writes to it.",
        engineer="The version was stale twice in a row. It is read and tried again soon.",
        remedy="None needed. If it stays, look for a process in {source} that edits the record all"
        " the time.",
        ends="The first quiet moment of the record.",
    ),
    Entry(
        Code.WRITE_BACK_OTHER_ID,
        SKIP,
        "the record carries another target id, {target_id}",
        admin="Somebody has entered another id in {id}, so the service does not write its own there"
        " any more.",
        engineer="The record was read before the write-back, and its id is neither blank nor the"
        " one owed. What somebody entered wins, and the record is reconciled with it.",
        remedy="None, if it was meant. Otherwise enter the right id, or clear {id}.",
        ends="It is settled: the id that was entered counts.",
    ),
    Entry(
        Code.WRITE_BACK_SUPERSEDED,
        SKIP,
        "the record was changed since it was refused, and is tried again first",
        admin="The record was edited before {error} could be set, so it is tried again as it is"
        " now.",
        engineer="The refusal was for an older version; a flag set on top of a newer one could hide"
        " a correction.",
        remedy="None needed.",
        ends="It is settled: the newer version is synced, or refused anew.",
    ),
    Entry(
        Code.WRITE_BACK_HIDDEN,
        SKIP,
        "the record is deleted, or hidden from our user, for {looks} looks",
        admin="For a week or so {source} has not shown the record to the service's user, so nothing"
        " is owed to it any more.",
        engineer="It was looked for ever less often, and in vain. Its row is neither listed nor"
        " among the deleted ones.",
        remedy="If the record exists, let the service's user see it, then edit it in any field.",
        ends="The first change of the record that the service's user is shown.",
    ),
)
