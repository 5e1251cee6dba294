"""Sample data: one believable sales organisation in both worlds, the same for the same seed.

    sample = plant(workbooks, outreach, seed=1)

What is planted covers what a real database holds: ordinary records, a bulk import sharing one
second, records linked long ago, records that cannot be synced and say why, names that identify
nobody or two people, and people who are prospects, become prospects, or cannot. `Sample` tells
which is which.
"""

from random import Random

from connectors.sandbox import sample_words as words
from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.past import leave_past
from connectors.sandbox.planted import Customer, Sample
from connectors.sandbox.sample_fields import add_fields
from connectors.sandbox.sample_opportunities import Planter
from connectors.sandbox.sample_people import PeoplePlanter
from connectors.sandbox.workbooks import WorkbooksWorld

ORGANISATIONS = 30

# Distinct ranges, so that a number on the screen says what it is.
FIRST_USER, FIRST_STAGE, FIRST_ACCOUNT, FIRST_ORGANISATION = 101, 11, 5001, 2001
NO_SUCH_ACCOUNT = 5999

# Organisations by place in their list: the first few have no account, one a wrong account id.
_WITHOUT_ACCOUNT = 5
_WRONG_ACCOUNT = 5


def plant(
    workbooks: WorkbooksWorld,
    outreach: OutreachWorld,
    *,
    seed: int = 1,
    bulk: int = 240,
    past: bool = False,
) -> Sample:
    """Fill two empty worlds; times lie before the worlds' now.

    Args:
        past: the vendor's plugin has run on them.
    """
    rng = Random(f"sample:{seed}")
    sample = Sample()
    add_fields(workbooks, outreach)
    _users(workbooks, outreach, sample)
    _stages(workbooks, outreach, sample)
    _organisations(workbooks, outreach, sample, rng)
    people = PeoplePlanter(workbooks, outreach, sample, rng)
    people.plant()
    planter = Planter(workbooks, outreach, sample, rng)
    planter.plant(bulk)
    people.fill_tabs()
    if past:
        leave_past(planter)
    return sample


def _users(workbooks: WorkbooksWorld, outreach: OutreachWorld, sample: Sample) -> None:
    for name in (*words.SELLERS, words.AMBIGUOUS_SELLER, words.MISSING_SELLER):
        workbooks.add_user(name, f"{words.mailbox(name)}@sandbox.example")
    workbooks.queue_id(words.NOBODY)
    seats = (*words.SELLERS, words.AMBIGUOUS_SELLER, words.AMBIGUOUS_SELLER)
    for place, name in enumerate(seats):
        sample.users[name] = add_seat(outreach, name, FIRST_USER + place)


def add_seat(
    outreach: OutreachWorld, name: str, user_id: int | None = None, *, locked: bool = False
) -> int:
    """Give a person a seat in Outreach, as an administrator does; returns the user id."""
    first, _, last = name.partition(" ")
    serial = len(outreach.users) + 1
    attributes = {
        "firstName": first,
        "lastName": last,
        "username": f"{words.mailbox(name)}.{serial}",
        "email": f"{words.mailbox(name)}.{serial}@sandbox.example",
        "locked": locked,
    }
    return outreach.users.create(attributes, id=user_id)


def _stages(workbooks: WorkbooksWorld, outreach: OutreachWorld, sample: Sample) -> None:
    workbooks.stage_id(words.WORKBOOKS_STAGE[0])
    for order, (name, _) in enumerate(words.STAGES):
        workbooks.stage_id(name)
        attributes = {"name": name, "order": order, "isClosed": "Closed" in name}
        sample.stages[name] = outreach.stages.create(attributes, id=FIRST_STAGE + order)


def _organisations(
    workbooks: WorkbooksWorld, outreach: OutreachWorld, sample: Sample, rng: Random
) -> None:
    for place in range(ORGANISATIONS):
        trade, industry = words.TRADES[place % len(words.TRADES)]
        short_name = f"{words.PLACES[place]} {trade}"
        name = f"{short_name} {rng.choice(words.LEGAL_FORMS)}"
        account_id = None
        if place == _WRONG_ACCOUNT:
            written: int | None = NO_SUCH_ACCOUNT
        elif place < _WITHOUT_ACCOUNT:
            written = None
        else:
            attributes = {"name": name, "industry": industry, "named": True}
            account_id = outreach.accounts.create(attributes, id=FIRST_ACCOUNT + place)
            written = account_id
        organisation_id = workbooks.organisations.create(
            id=FIRST_ORGANISATION + place,
            name=name,
            industry=industry,
            cf_organisation_sync_to_outreach=written is not None,
            cf_organisation_outreach_id=None if written is None else str(written),
        )
        sample.customers.append(Customer(organisation_id, short_name, account_id))
