"""Oddities: answers on the wire that are rare, each drawn for few seeds, from a stream of its own.

They are faults as the control port of the sandbox takes them, and lie between the weather and the
emulator. None outlasts the bad weather but those that say so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from connectors.sandbox.faults import Fault
from tests.simulation.fates import FRONT
from tests.simulation.rarities import AUDITED

CREATES = r"/api/v2/(opportunities|prospects|opportunityProspectRoles)$"
PAGE = "<html><body>sorry</body></html>"
# Probability of each kind for a seed: there are so many that most seeds have one or none.
CHANCE = 0.07
# In a path: the id of some opportunity in Outreach.
TWIN = "{twin}"

# Refusals of the service itself, in every form they have been seen in; as 422.
OWN = (
    '{"errors":[{"id":"validationError","title":"Validation Error","detail":"Not today."}]}',
    '{"errors":[{"detail":"Not today."},null]}',
    '{"errors":["Not today."]}',
    '{"errors":{"name":["is not today"]}}',
    '{"errors":[{"code":"not_today"}]}',
    '{"id":"validationError","title":"Validation Error","detail":"Not today."}',
    '{"message":"Not today."}',
    '{"name":["is not today"]}',
    '["Not today."]',
)
# What merely begins like one, or has the like inside: nobody knows whose it is.
BEGUN = (
    '{"errors":[{"id":"validationError","title":"Vali',
    '{"errors":[{"id":"validationError"}]}<html>sorry</html>',
    '{"errors":[]}',
    '{"errors":null}',
    '{"errors":[null]}',
    '{"errors":[{"code":"E-1020"}]}',
    '{"errors":[{"status":"403"}]}',
    '{"error":"forbidden"}',
    '{"incident":{"errors":[{"id":"validationError","detail":"Not today."}]}}',
)
# How something in front answers 401 after a create was carried out.
BARRED = ("", "{}", "null", '{"message":"Unauthorized"}', '{"error":"Unauthorized"}')
CONFLICT = '{"errors":[{"id":"conflict","title":"Conflict","detail":"Somebody else holds it."}]}'
TAKEN_ADDRESS = "Contacts email hash has already been taken."
TAKEN_ROLE = "Role has been taken."
# What a 201 may hold in place of what was created.
OTHERS: tuple[object, ...] = (
    {"type": "account", "id": "4711", "attributes": {}},
    {"type": "task", "id": "1", "attributes": {}},
    {"type": "opportunity", "id": "x", "attributes": {}},
    {"type": "opportunity", "attributes": {}},
    [],
    None,
)
DAMAGED: tuple[dict[str, object], ...] = (
    {"access_token": None},
    {"access_token": ""},
    {"access_token": 7},
    {"access_token": "two words\n"},
    {"refresh_token": None},
    {"refresh_token": ""},
    {"token_type": "mac"},
    {"expires_in": "soon"},
    {"created_at": "yesterday"},
)


@dataclass(frozen=True, slots=True)
class Oddity:
    """From `at_s` on, a system answers with these faults.

    `lasting` ones stay when the weather turns fair. With `anew` a token has to be asked for then.
    """

    name: str
    at_s: float
    faults: tuple[Fault, ...]
    lasting: bool = False
    anew: bool = False
    system: Literal["workbooks", "outreach"] = "outreach"
    settings: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def met(self, twin: int) -> tuple[Fault, ...]:
        """Its faults, with the opportunity they are about."""
        return tuple(
            replace(fault, path=(fault.path or "").replace(TWIN, str(twin)))
            for fault in self.faults
        )


def drawn(seed: int, busy_s: float) -> tuple[Oddity, ...]:
    """The oddities of a seed."""
    found: list[Oddity] = []
    for draw in (
        refused,
        begun,
        barred,
        passing,
        taken_address,
        taken_role,
        another,
        one_barred,
        unlisted,
        damaged,
        ungranted,
        odd_roster,
        odd_look,
        odd_poll,
    ):
        rng = Random(f"{seed}:weather3 {draw.__name__}")  # noqa: S311 # chance, not secrets
        if rng.random() < CHANCE:
            # Much happens at the beginning, and only there to all that was there before.
            found.append(draw(rng, rng.choice((0.0, rng.uniform(0.0, busy_s * 0.8)))))
    return tuple(found)


def refused(rng: Random, at_s: float) -> Oddity:
    """Outreach refuses some creates or changes, in any of the forms it has.

    What it refused may be flagged, with the reason; a role is missing until its line is tried anew.
    """
    path, method = rng.choice(((CREATES, "POST"), (r"/opportunities/\d+$", "PATCH")))
    texts = rng.sample(OWN, rng.randint(1, 3))
    faults = [Fault(method=method, path=path, status=422, text=text) for text in texts]
    return Oddity("refused", at_s, tuple(faults))


def begun(rng: Random, at_s: float) -> Oddity:
    """Answers that only begin like a refusal, before or after the write was carried out.

    They change nothing of what must hold.
    """
    when = rng.choice(("before", "after", "after"))
    faults = [
        Fault(
            method=rng.choice(("POST", "POST", "PATCH", "DELETE")),
            path="/api/v2/",
            status=rng.choice((400, 403, 404, 409, 422)),
            text=text,
            when=when,
        )
        for text in rng.sample(BEGUN, rng.randint(1, 4))
    ]
    return Oddity("begun", at_s, tuple(faults))


def barred(rng: Random, at_s: float) -> Oddity:
    """Creates answered 401 after they were carried out. They change nothing of what must hold."""
    texts = [rng.choice(BARRED) for _ in range(rng.randint(1, 3))]
    faults = [Fault(method="POST", path=CREATES, status=401, text=t, when="after") for t in texts]
    return Oddity("barred", at_s, tuple(faults))


def passing(rng: Random, at_s: float) -> Oddity:
    """The service's own word that somebody else holds a record. It changes nothing."""
    fault = Fault(
        method=rng.choice(("POST", "PATCH", "DELETE")),
        path="/api/v2/",
        status=rng.choice((409, 423, 425)),
        text=CONFLICT,
        times=rng.randint(1, 4),
    )
    return Oddity("passing", at_s, (fault,))


def taken_address(rng: Random, at_s: float) -> Oddity:
    """An address counts as taken, and no look shows by whom.

    Whoever has it may be flagged, with the reason.
    """
    fault = Fault(
        method="POST",
        path="/prospects$",
        body=f"p[{''.join(str(rng.randint(1, 9)) for _ in range(4))}]@customer",
        status=422,
        text=json.dumps({"errors": [{"id": "validationError", "detail": TAKEN_ADDRESS}]}),
        times=None,
    )
    return Oddity("taken address", at_s, (fault,), lasting=rng.random() < 0.5)


def taken_role(rng: Random, at_s: float) -> Oddity:
    """A role counts as taken, and no look shows it.

    It may be missing while a reason tells of it. That of two roles of one person one is taken must
    not be learnt as a rule here, which nobody could tell from this, so the setting says never.
    """
    fault = Fault(
        method="POST",
        path="/opportunityProspectRoles$",
        body=rng.choice(("Decision maker", "Sponsor", "Technical buyer")),
        status=422,
        text=json.dumps(
            {"errors": [{"id": "validationDuplicateValueError", "detail": TAKEN_ROLE}]}
        ),
        times=None,
    )
    settings = {"contacts": {"one_role_per_person": "never"}}
    return Oddity("taken role", at_s, (fault,), lasting=rng.random() < 0.5, settings=settings)


def another(rng: Random, at_s: float) -> Oddity:
    """A 201 that tells of something else than was created. It changes nothing."""
    faults = [
        Fault(method="POST", path=CREATES, when="after", action="edit", members={"data": other})
        for other in rng.sample(OTHERS, rng.randint(1, 3))
    ]
    return Oddity("another", at_s, tuple(faults))


def one_barred(rng: Random, at_s: float) -> Oddity:
    """One record's changes never get through to Outreach. They arrive once they do."""
    fault = Fault(
        method="PATCH",
        path=f"/opportunities/{TWIN}$",
        status=rng.choice((302, 401, 401)),
        text=rng.choice((PAGE, *BARRED)),
        headers={"Location": "https://login.example/"},
        times=None,
    )
    return Oddity("one barred", at_s, (fault,))


def unlisted(rng: Random, at_s: float) -> Oddity:
    """Something in front refuses every look for several opportunities at once. It changes nothing.

    A look for one goes through.
    """
    status = rng.choice((*FRONT, 414, 501))
    fault = Fault(
        method="GET",
        path="/opportunities$",
        query=r"filter\[customId\]\[\]",
        status=status,
        text=rng.choice((PAGE, '{"errors":[{"id":"badRequest","title":"Bad Request"}]}')),
        times=None,
    )
    # So that there is something to look for.
    lost = Fault(method="POST", path="/opportunities$", status=502, when="after", times=4)
    return Oddity("unlisted", at_s, (fault, lost), lasting=rng.random() < 0.5)


def damaged(rng: Random, at_s: float) -> Oddity:
    """Token answers in which something is no good. They change nothing."""
    faults = [
        Fault(method="POST", path="/oauth/token$", when="after", action="edit", members=members)
        for members in rng.sample(DAMAGED, rng.randint(1, 2))
    ]
    return Oddity("damaged", at_s, tuple(faults), anew=True)


def ungranted(rng: Random, at_s: float) -> Oddity:
    """The grant is refused, once. It changes nothing."""
    status, error = rng.choice(
        ((400, "invalid_grant"), (401, "invalid_grant"), (401, "invalid_client"))
    )
    text = json.dumps({"error": error, "error_description": "It is invalid, expired or revoked."})
    fault = Fault(method="POST", path="/oauth/token$", status=status, text=text)
    return Oddity("ungranted", at_s, (fault,), anew=True)


def odd_roster(rng: Random, at_s: float) -> Oddity:
    """A list of users or stages that cannot be true, once. It changes nothing."""
    fault = Fault(
        path=rng.choice(("/users$", "/users$", "/opportunityStages$")),
        when="after",
        action="edit",
        rows=rng.choice(("none", "null", "fewer")),
    )
    return Oddity("odd roster", at_s, (fault,))


def odd_look(rng: Random, at_s: float) -> Oddity:
    """Looks in which a row cannot be read: what it may be is not taken for absent. No change.

    A row that is merely left out is none of these: nobody could tell that from the truth.
    """
    cells = rng.choice(({"id": None}, {"id": "x"}, {"type": "task"}, {"attributes": None}))
    faults = [
        Fault(
            method="GET",
            path=rng.choice(("/opportunities$", "/prospects$", "/opportunityProspectRoles$")),
            when="after",
            action="edit",
            rows="null" if rng.random() < 0.5 else "",
            cells={} if rng.random() < 0.5 else cells,
        )
        for _ in range(rng.randint(1, 3))
    ]
    return Oddity("odd look", at_s, tuple(faults))


def odd_poll(rng: Random, at_s: float) -> Oddity:
    """Polls of Workbooks that lack rows or hold what cannot be read. An audit makes up for them."""
    cells = rng.choice(({"updated_at": "yesterday"}, {"lock_version": None}, {"id": None}))
    faults = [
        Fault(
            path=rng.choice((r"/crm/opportunities\.api$", r"/crm/opportunity_contacts\.api$")),
            body=r"_sort\[\]=updated_at",
            when="after",
            action="edit",
            rows=rng.choice(("", "none", "null", "fewer")),
            cells=cells if rng.random() < 0.3 else {},
        )
        for _ in range(rng.randint(1, 4))
    ]
    return Oddity("odd poll", at_s, tuple(faults), system="workbooks", settings=AUDITED)
