"""Reasons about the people on an opportunity: who is no prospect, and whose role is not there."""

from __future__ import annotations

from engine.model.reason import SKIP, WAIT, Code, Entry

PEOPLE = (
    Entry(
        Code.PERSON_SYNC_OFF,
        WAIT,
        "not in the target, and sync is off",
        admin="The person is not in {target}, and {sync} is not ticked on the person, so nobody is"
        " created and the line of the People tab waits.",
        engineer="A person without {id} is created only where its own box allows it. Nothing was"
        " sent.",
        remedy="Tick {sync} on the person, not on the opportunity. Nothing is to be reset.",
        ends="The next look at the person after the box is ticked.",
    ),
    Entry(
        Code.PERSON_FLAGGED,
        WAIT,
        "not in the target, and the error flag is set",
        admin="The person is not in {target}, and {error} is set on the person, so nobody is"
        " created and the line of the People tab waits.",
        engineer="A flagged person is left out like a flagged opportunity. The person's own history"
        " names a refusal if the service has set the flag.",
        remedy="Mend what the person was refused for, if its history names a refusal; then reset"
        " {error} on the person.",
        ends="The next look at the person after the flag is reset.",
    ),
    Entry(
        Code.PERSON_HIDDEN,
        WAIT,
        "deleted, or hidden from our user",
        admin="{source} does not show the person to the service's user: it was deleted, or that"
        " user may not see it.",
        engineer="The People tab names an id for which no row comes.",
        remedy="Let the service's user see the person, or take the line off the People tab."
        " Nothing is to be reset.",
        ends="The first look that shows the person, or a tab without the line.",
    ),
    Entry(
        Code.PERSON_WITHOUT_EMAIL,
        WAIT,
        "has no e-mail address",
        admin="The person has no e-mail address, so it can neither be found nor be created in"
        " {target}.",
        engineer="Prospects are told apart by their addresses; one without any could be created"
        " again and again.",
        remedy="Enter an e-mail address on the person. Nothing is to be reset.",
        ends="The next look at the person after an address is entered.",
    ),
    Entry(
        Code.PERSON_NOT_IN_TARGET,
        WAIT,
        "not in the target",
        admin="The person carries no {id}, and the service is set to leave such people alone.",
        engineer='[contacts] missing_prospects = "skip": nobody is looked for or created.',
        remedy="Enter {id} on the person; or set [contacts] missing_prospects to link or create,"
        " and restart the service. Nothing is to be reset.",
        ends="An id on the person, or another setting.",
    ),
    Entry(
        Code.PERSON_READ_AGAIN,
        WAIT,
        "it changed just now and is read again",
        admin="The person was edited at this very moment and is looked at again.",
        engineer="What was known was forgotten while it was asked for, because of an edit.",
        remedy="None needed.",
        ends="The next look, about a second later.",
    ),
    Entry(
        Code.PERSON_REFUSED,
        WAIT,
        "refused",
        admin="{target} has refused the person before, for a reason that the person's own history"
        " tells.",
        engineer="The refusal stands while {error} is set on the person, or on its way there.",
        remedy="Mend what the person was refused for, as wosync history tells for the person; then"
        " reset {error} on the person.",
        ends="A reset of the flag on the person.",
    ),
    Entry(
        Code.PROSPECT_NOT_FOUND,
        WAIT,
        "no prospect has the e-mail address",
        admin="Nobody in {target} has the person's e-mail address, and the service is set to create"
        " nobody.",
        engineer='[contacts] missing_prospects = "link": the address was looked for in vain.',
        remedy="Add the person to {target} with this address, or enter {id} on the person; or set"
        " [contacts] missing_prospects to create, and restart the service. Nothing is to be reset.",
        ends="A prospect with the address, or another setting.",
    ),
    Entry(
        Code.PROSPECT_ID_MALFORMED,
        WAIT,
        "its target id {target_id!r} is not the id of any prospect",
        admin="What stands in {id} on the person cannot be the id of anybody in {target}.",
        engineer="Ids of {target} are positive whole numbers. Roles the person has stay as they"
        " are.",
        remedy="Enter the right id in {id} on the person, or clear it to have the person looked for"
        " by e-mail address. Nothing is to be reset.",
        ends="The next look at the person after {id} is corrected.",
    ),
    Entry(
        Code.PROSPECT_GONE,
        "validation",
        "the prospect {prospect_id} does not exist any more, or our user may not see it; clear the"
        " id to have the person looked for again",
        admin="The prospect that {id} on the person names is not in {target} any more, or the"
        " service's user may not see it.",
        engineer="A role was refused for this prospect, and {target} shows none with this id.",
        remedy="Clear {id} on the person to have it looked for again, or restore the prospect in"
        " {target}; then reset {error} on the person.",
        ends="The id cleared, or the prospect back, with the flag reset.",
    ),
    Entry(
        Code.PROSPECT_IN_DOUBT,
        WAIT,
        "it is not known yet whether its prospect was created",
        admin="It is not known yet whether the person was created in {target}; it is looked for"
        " before anything is repeated, so that nobody is there twice.",
        engineer="The answer of a create was lost. The person's e-mail address is looked for until"
        " visibility_s has passed.",
        remedy="None needed.",
        ends="A look that finds somebody with the address, or the last look in vain.",
    ),
    Entry(
        Code.PROSPECT_NOT_CREATED,
        WAIT,
        "not created yet",
        admin="The person was not created in {target} after all, and will be.",
        engineer="A create in doubt was looked for until it would have shown; it was not carried"
        " out.",
        remedy="None needed.",
        ends="The create, which follows.",
    ),
    Entry(
        Code.PROSPECT_FORBIDDEN,
        "forbidden",
        "{detail}",
        admin="The service's user may not create people in {target}, so the line of the People tab"
        " waits. People who are there already go on.",
        engineer="A create of a prospect was answered with 403. Nobody is flagged for it.",
        remedy="Give the service's user the right to create prospects in {target}; or set"
        " [contacts] missing_prospects to link, and restart the service. Nothing is to be reset.",
        ends="The first create that is allowed, tried once an hour.",
    ),
    Entry(
        Code.EMAIL_TAKEN_UNSEEN,
        WAIT,
        "somebody has the e-mail address: {detail}",
        admin="{target} says that somebody has the person's e-mail address already; whoever it is,"
        " is looked for.",
        engineer="The create was refused as a duplicate, and the search by address does not show"
        " the one who has it yet.",
        remedy="None needed.",
        ends="A look that shows who has the address, or the last look in vain.",
    ),
    Entry(
        Code.EMAIL_TAKEN_HIDDEN,
        "validation",
        "{ref}: the target calls its e-mail address taken, and shows nobody who has it: {detail}",
        admin="{target} says that somebody has the person's e-mail address already, and does not"
        " show who to the service's user.",
        engineer="The create was refused as a duplicate. The address was looked for until"
        " visibility_s had passed, and is looked for once a day from here on.",
        remedy="Find who has the address in {target}, as an administrator there. Let the service's"
        " user see that prospect, or enter its id in {id} on the person; then reset {error} on the"
        " person.",
        ends="A prospect with the address that the service's user sees, or an id on the person.",
    ),
    Entry(
        Code.EMAIL_NOT_SEARCHABLE,
        "validation",
        "the target does not look for its e-mail address: {detail}",
        admin="{target} does not accept the person's e-mail address as one.",
        engineer="A search for this address alone was refused, while others were answered.",
        remedy="Correct the e-mail address on the person; then reset {error} on the person.",
        ends="Another address, with the flag reset.",
    ),
)

ROLES = (
    Entry(
        Code.TAB_UNREADABLE,
        "validation",
        "the People tab cannot be read: {detail}",
        admin="The People tab of the opportunity cannot be read as a whole, so its roles in"
        " {target} stay as they are.",
        engineer="The columns of people and relationships do not fit together. Half a tab is never"
        " taken for the whole one, because lines that lack would be removed.",
        remedy="Edit the People tab, as by adding and removing a line, so that {source} writes it"
        " anew. Nothing is to be reset.",
        ends="The first change of the tab that can be read.",
    ),
    Entry(
        Code.PERSON_AWAITED,
        WAIT,
        "person {person_id} held back: {detail}",
        admin="A line of the People tab waits, because its person is not in {target} yet.",
        engineer="The opportunity is related again as soon as the person's standing changes.",
        remedy="See what the detail says of the person, and the person's own history; mend it"
        " there.",
        ends="The person's arrival in {target}.",
    ),
    Entry(
        Code.ROLES_IN_DOUBT,
        WAIT,
        "an edit may have been executed: {detail}",
        admin="It is not known yet whether a role was written to {target}; the roles are listed"
        " before anything is repeated.",
        engineer="The answer of a role's create was lost, or called it taken while nothing shows"
        " it. All roles of the opportunity are listed until visibility_s has passed.",
        remedy="None needed.",
        ends="A listing that shows it, or the last listing without it.",
    ),
    Entry(
        Code.ROLES_NOT_SHOWN,
        WAIT,
        "the roles are not to be seen yet",
        admin="Roles that may have been written to {target} do not show there yet.",
        engineer="Announced creates are not listed, and it is too early to send them again.",
        remedy="None needed.",
        ends="A listing that shows them, or the end of visibility_s.",
    ),
    Entry(
        Code.ROLES_TOO_YOUNG,
        "held_back",
        "the state is of unknown age, and roles made lately may not show yet",
        admin="After the service's state was put back, roles wait a few minutes before they are"
        " compared.",
        engineer="Another life of this state may have made roles that a listing does not show yet.",
        remedy="None needed.",
        ends="The end of visibility_s since the age of the state was noticed.",
    ),
    Entry(
        Code.ROLE_REFUSED,
        "validation",
        "refused: {detail}",
        admin="{target} does not take a role of a person on the People tab. The other lines are"
        " synced.",
        engineer="The create or change of one role was refused. It is tried again once a day and"
        " with each change of the tab.",
        remedy="Correct the relationship of that line on the People tab. Nothing is to be reset.",
        ends="The next change of the tab, or the next day's attempt.",
    ),
    Entry(
        Code.ROLE_TAKEN_HIDDEN,
        "validation",
        "{refs}: the target calls the role {role!r} taken, and shows none like it: {detail}",
        admin="{target} says that the person has this role already, and does not show it to the"
        " service's user.",
        engineer="The create was refused as a duplicate, and the listing did not show the role for"
        " visibility_s.",
        remedy="Look at the roles of the opportunity in {target} as an administrator there, and"
        " remove the hidden one or let the service's user see it. Nothing is to be reset.",
        ends="A listing that shows the role, or a create that is taken, tried once a day.",
    ),
    Entry(
        Code.ROLES_JOINED,
        SKIP,
        "the lines of one person are joined in one role",
        admin="{target} takes one role for each person on an opportunity, so several relationships"
        " of one person stand in one role there, with commas between them.",
        engineer="A second role of a person was refused as taken, or [contacts]"
        " one_role_per_person says so.",
        remedy="None needed. If {target} takes several roles by now, set [contacts]"
        ' one_role_per_person = "never" and restart the service.',
        ends="The setting.",
    ),
)
