"""Sample opportunities, kind by kind; see `sample`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from connectors.sandbox import sample_words as words
from connectors.sandbox.outreach import OutreachWorld
from connectors.sandbox.planted import Customer, Sample
from connectors.sandbox.sample_fields import field_values
from connectors.sandbox.workbooks import Money, WorkbooksWorld

ORDINARY, LINKED, UNTICKED, FLAGGED = 120, 26, 24, 6

FIRST_OPPORTUNITY = 1001
FIRST_TARGET = 81_001
NO_SUCH_TARGET = 99_999_001

NAME_CHARACTERS_MAX = 255
HOUR_S, DAY_S = 3600, 86_400
_HISTORY_DAYS = 30
_IMPORT_AGE_S = 2 * HOUR_S

_TOO_LONG = (
    "framework agreement covering supply, installation, commissioning, operator training and"
    " preventive maintenance of handheld and fixed-mount scanning equipment at the northern,"
    " central and southern distribution centres including all satellite depots and the overflow"
    " site (as discussed)"
)

Columns = dict[str, Any]

# What is wrong, in a person's words, and the columns that make it so.
_DEFECTS: tuple[tuple[str, Columns], ...] = (
    ("the name is longer than Outreach takes", {"description": _TOO_LONG}),
    (
        "the amount mixes currencies",
        {"document_currency_net_value": Money(Decimal("48250.00"), "!!!")},
    ),
    ("the name is blank", {"description": "   "}),
    ("the Outreach Id is not a number", {"cf_opportunity_outreach_id": "see old CRM"}),
    (
        "the Outreach Id belongs to no record",
        {"cf_opportunity_outreach_id": str(NO_SUCH_TARGET)},
    ),
    ("the probability is above 100 %", {"probability": Decimal(150)}),
    (
        "the currency is not a currency code",
        {"document_currency_net_value": Money(Decimal("9900.00"), "pounds")},
    ),
)


@dataclass(slots=True)
class Planter:
    """Plants every kind of opportunity; ids and order follow from the sample alone."""

    workbooks: WorkbooksWorld
    outreach: OutreachWorld
    sample: Sample
    rng: Random
    _planted: int = field(default=0, init=False)
    _linked: int = field(default=0, init=False)

    def plant(self, bulk: int) -> None:
        """Plant everything, with `bulk` imported records."""
        sample = self.sample
        for _ in range(UNTICKED):
            sample.unticked.append(self._opportunity({"cf_opportunity_sync_to_outreach": False}))
        for _ in range(FLAGGED):
            sample.flagged.append(self._opportunity({"cf_opportunity_outreach_sync_error": True}))
        for _ in range(LINKED):
            self._linked_opportunity()
        for place in range(ORDINARY):
            sample.ordinary.append(self._opportunity(self._oddity(place)))
        for reason, columns in _DEFECTS:
            sample.failing[self._opportunity(columns)] = reason
        self._import(bulk)

    def _opportunity(self, columns: Columns) -> int:
        given = self.columns() | columns
        return self.workbooks.opportunities.create(**given)

    def _oddity(self, place: int) -> Columns:
        """Every so often an ordinary record lacks something, or names nobody."""
        match place % 12:
            case 3:
                return {"assigned_to_name": words.NOBODY}
            case 5:
                return {"assigned_to_name": words.AMBIGUOUS_SELLER}
            case 7:
                return {"assigned_to_name": words.MISSING_SELLER}
            case 8:
                return {"document_currency_net_value": None, "probability": None}
            case 9:
                stage, probability = words.WORKBOOKS_STAGE
                return {"opportunity_stage_name": stage, "probability": Decimal(probability)}
            case 10:
                return {"document_date": None}
            case _:
                return {}

    def columns(self) -> Columns:
        """A record as somebody would enter it."""
        rng, now = self.rng, int(self.workbooks.clock())
        customer = rng.choice(self.sample.customers)
        stage, probability = rng.choice(words.STAGES)
        created_at = now - rng.randrange(DAY_S, _HISTORY_DAYS * DAY_S)
        self._planted += 1
        return {
            "id": FIRST_OPPORTUNITY + self._planted - 1,
            "created_at": created_at,
            "updated_at": rng.randrange(created_at, now - 4 * HOUR_S),
            "description": f"{customer.short_name}: {rng.choice(words.TOPICS)}",
            "document_date": self._today() + timedelta(days=rng.randrange(-20, 200)),
            "document_currency_net_value": self._money(),
            "probability": Decimal(probability),
            "opportunity_stage_name": stage,
            "comment": rng.choice(words.NOTES) or None,
            "assigned_to_name": rng.choice(words.SELLERS),
            "party_id": customer.id,
            "cf_opportunity_sync_to_outreach": True,
            **field_values(self._planted - 1),
        }

    def _money(self) -> Money:
        amount = Decimal(self.rng.randrange(1_500, 240_000)) + Decimal(
            self.rng.choice(("0", "0", "0.50", "0.95"))
        )
        return Money(amount, self.rng.choice(("GBP", "GBP", "GBP", "EUR", "USD")))

    def _today(self) -> date:
        return datetime.fromtimestamp(self.workbooks.clock(), UTC).date()

    def _import(self, bulk: int) -> None:
        """One file, imported in one second: more rows than a page holds (workbooks-api §22.21)."""
        imported_at = int(self.workbooks.clock()) - _IMPORT_AGE_S
        times: Columns = {"created_at": imported_at, "updated_at": imported_at}
        for place in range(bulk):
            columns = self.columns()
            customer = self.sample.customers[place % len(self.sample.customers)]
            columns |= times | {
                "description": f"{customer.short_name}: {words.IMPORT_TOPIC} {place + 1}",
                "party_id": customer.id,
                "created_through_reference": f"SHOW-{place + 1:04d}",
            }
            self.sample.bulk.append(self.workbooks.opportunities.create(**columns))

    def _linked_opportunity(self) -> None:
        """A record synced long ago, whose counterpart has fallen behind in a field or two."""
        target_id = FIRST_TARGET + self._linked
        self._linked += 1
        columns = self.columns()
        columns["cf_opportunity_outreach_id"] = str(target_id)
        columns["cf_opportunity_outreach_url"] = f"https://outreach.example/o/{target_id}"
        opportunity_id = self.workbooks.opportunities.create(**columns)
        attributes = self.attributes(opportunity_id, columns)
        match self._linked % 3:
            case 0:
                attributes["amount"] += 1_000
            case 1:
                attributes["description"] = "Imported."
                attributes["probability"] = 5
            case _:
                attributes["name"] = f"{attributes['name']} (draft)"
        self.outreach.opportunities.create(attributes, self.links(columns), id=target_id)
        self.sample.linked[opportunity_id] = target_id

    def attributes(self, opportunity_id: int, columns: Mapping[str, Any]) -> dict[str, Any]:
        """What its counterpart holds."""
        money: Money = columns["document_currency_net_value"]
        created = datetime.fromtimestamp(columns["created_at"], UTC)
        return {
            "name": columns["description"],
            "amount": int(money.amount + Decimal("0.5")),
            "currencyType": money.code,
            "closeDate": f"{columns['document_date']:%Y-%m-%d}T12:00:00.000Z",
            "probability": int(columns["probability"]),
            "description": columns["comment"],
            "customId": str(self.workbooks.opportunities.value(opportunity_id, "object_ref")),
            "externalCreatedAt": f"{created:%Y-%m-%dT%H:%M:%S}.000Z",
        }

    def links(self, columns: Mapping[str, Any]) -> dict[str, int | None]:
        """What its counterpart points at."""
        return {
            "owner": self.sample.users[columns["assigned_to_name"]],
            "opportunityStage": self.sample.stages[columns["opportunity_stage_name"]],
            "account": self._customer(columns["party_id"]).account_id,
        }

    def _customer(self, organisation_id: int) -> Customer:
        return next(one for one in self.sample.customers if one.id == organisation_id)
