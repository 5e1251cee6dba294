"""Reasons about one field of a record: a value that cannot be sent, or a reference left blank."""

from __future__ import annotations

from engine.model.reason import BLANK, Code, Entry

FIELDS = (
    Entry(
        Code.VALUE_UNREADABLE,
        "validation",
        "{field}, from {place}: {detail}",
        admin="A value of the record does not have the form that its column should have, such as an"
        " amount or a date that is none.",
        engineer="The column's raw value could not be read as the kind that the mapping's"
        " conversion takes. Nothing was sent: a record is synced whole, or not at all.",
        remedy="Correct the value on the record, or give the field another column or conversion in"
        " the mapping and restart the service; then reset {error}.",
        ends="A value that can be read, with the flag reset.",
    ),
    Entry(
        Code.VALUE_NOT_LISTED,
        "validation",
        "{field}, from {place}: the value is not in the line's values, which has no default",
        admin="The value chosen on the record is not among those that the mapping translates.",
        engineer="The line of the mapping is a picklist without a default, and its values lack this"
        " one.",
        remedy="Add the value to the line's values in the mapping, or give the line a default, and"
        " restart the service; or choose another value on the record. Then reset {error}.",
        ends="A mapping or a record in which the value is known, with the flag reset.",
    ),
    Entry(
        Code.VALUE_TOO_LONG,
        "validation",
        "{field}: {length} characters long, at most {most} are taken",
        admin="A text of the record is longer than {target} takes.",
        engineer="The text would be refused for certain, so nothing was sent. It is never cut"
        " short by itself.",
        remedy="Shorten the text on the record, or fill the field from a shorter column in the"
        " mapping and restart the service; then reset {error}. For a role on the People tab"
        " shorten the relationship: nothing is to be reset then.",
        ends="A text that fits, with the flag reset.",
    ),
    Entry(
        Code.VALUE_REQUIRED,
        "validation",
        "{field}: must not be blank",
        admin="A field that {target} cannot do without is blank.",
        engineer="The mapping gives nothing for a field that is required, and has no default for"
        " it. Nothing was sent.",
        remedy="Fill in the value on the record, or give the field a default in the mapping and"
        " restart the service; then reset {error}.",
        ends="A value in the field, with the flag reset.",
    ),
    Entry(
        Code.VALUE_UNFIT,
        "validation",
        "{field}: {detail}",
        admin="A value of the record is not of the kind that the field in {target} takes, such as a"
        " word where a number belongs.",
        engineer="The value has no form that the field takes, so it would be refused for certain."
        " Nothing was sent.",
        remedy="Correct the value on the record, or map the field from a column of its kind and"
        " restart the service; then reset {error}.",
        ends="A value that fits, with the flag reset.",
    ),
    Entry(
        Code.OWNER_UNKNOWN,
        BLANK,
        "no user is named {name!r}: left blank",
        admin="Nobody in {target} has exactly the name of the person the record is assigned to, so"
        " it has no owner there.",
        engineer="The name is compared with the users as [owners] match says, letter by letter, and"
        " [owners.aliases] is looked at first. The record is awaited under this name.",
        remedy="Spell the name in {target} as in {source}, or add an alias to [owners.aliases] and"
        " restart the service; or add the user. Nothing is to be reset.",
        ends="The first reading of the users in which exactly one bears the name.",
    ),
    Entry(
        Code.OWNER_AMBIGUOUS,
        BLANK,
        "{number} users are named {name!r}: left blank",
        admin="Several users in {target} have the name of the person the record is assigned to, so"
        " it has no owner there.",
        engineer="The name does not tell which of the users is meant; locked ones count only where"
        " no other bears the name. The record is awaited under this name.",
        remedy="Rename or lock the user in {target} who is not meant, or match by [owners] match ="
        ' "email" and restart the service. Nothing is to be reset.',
        ends="The first reading of the users in which exactly one bears the name.",
    ),
    Entry(
        Code.STAGE_UNKNOWN,
        BLANK,
        "no stage is named {name!r}: left blank",
        admin="{target} has no stage with exactly the name of the record's stage, so the stage is"
        " blank there.",
        engineer="Stages are compared letter by letter. The record is awaited under this name.",
        remedy="Spell the stage in {target} as in {source}, or add it there. Nothing is to be"
        " reset.",
        ends="The first reading of the stages in which exactly one bears the name.",
    ),
    Entry(
        Code.STAGE_AMBIGUOUS,
        BLANK,
        "{number} stages are named {name!r}: left blank",
        admin="{target} has several stages with the name of the record's stage, so the stage is"
        " blank there.",
        engineer="The name does not tell which of the stages is meant. The record is awaited under"
        " this name.",
        remedy="Rename or remove all but one of the stages in {target}. Nothing is to be reset.",
        ends="The first reading of the stages in which exactly one bears the name.",
    ),
    Entry(
        Code.ACCOUNT_UNKNOWN,
        BLANK,
        "account {account!r} does not exist: left blank",
        admin="The customer of the record carries {id} of an account that is not in {target}, so"
        " the account is blank there.",
        engineer="The customer carries an id, and {target} shows no account with it: it was"
        " deleted or merged, or our user may not see it.",
        remedy="Correct {id} on the customer, not on this record. Nothing is to be reset.",
        ends="The next look at the customer, once it carries the id of an account there is.",
    ),
    Entry(
        Code.CUSTOMER_ID_MALFORMED,
        BLANK,
        "{name!r} is not the id of any customer: account left blank",
        admin="The column from which the account is filled does not name a customer.",
        engineer="The mapping takes the customer from a column that holds no id of {source}.",
        remedy="Map the account from the column that holds the customer's id, and restart"
        " the service. Nothing is to be reset.",
        ends="A mapping that names the right column.",
    ),
    Entry(
        Code.CUSTOMER_UNLINKED,
        BLANK,
        "the customer {name} carries no id of an account: left blank",
        admin="The customer of the record has no {id}, so the account is blank in {target}.",
        engineer="That is usual: customers are not created in {target}. The record is awaited under"
        " this customer.",
        remedy="Enter {id} of its account on the customer, not on this record. Nothing is to be"
        " reset.",
        ends="The next look at the customer, once it carries the id of an account there is.",
    ),
    Entry(
        Code.SOURCE_BLANK,
        BLANK,
        "nothing is entered",
        admin="What the field in {target} is filled from is blank in {source}.",
        engineer="Every column of the mapping line is blank, and it has no default.",
        remedy="Enter a value on the record, or give the line of the mapping a default and"
        " restart the service. Nothing is to be reset.",
        ends="The next poll, once there is a value.",
    ),
    Entry(
        Code.COLUMN_ABSENT,
        BLANK,
        "{columns}: not given by the source, so the field is left as it is",
        admin="{source} does not show our user what the field is filled from, so it keeps what it"
        " holds in {target}, and is blank in a new record.",
        engineer="The rows come without a column that the mapping line needs, which is not the same"
        " as a blank one: our user may not read it, or it was renamed or removed.",
        remedy="Let our user read the column in {source}; or name another one in the mapping, or"
        " false for no such field, and restart the service. Nothing is to be reset: what was edited"
        " meanwhile follows with the audit, once that has come round.",
        ends="The first row that has the column.",
    ),
    Entry(
        Code.MAPPING_LINE_LEFT_OUT,
        "configuration",
        "a line of the mapping is left out: {detail}",
        admin="A mapping record in {source} cannot work as it stands, so the field it names is"
        " filled as if there were no such record. Everything else goes on.",
        engineer="The line names a field or a column that is not there, or a conversion that does"
        " not fit; only lines of the configuration stop the service.",
        remedy="Correct the mapping record in {source} that the message names, or disable it."
        " Nothing is to be reset.",
        ends="The next reading of the mapping records, every [poller] mapping_interval_s.",
    ),
)
