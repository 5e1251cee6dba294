"""What people do during the demo, and how one sees that it has arrived on the other side."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from connectors.sandbox import sample_words as words
from connectors.sandbox.outreach import Row
from connectors.sandbox.sample import add_seat
from connectors.sandbox.sandbox import Sandbox
from connectors.sandbox.workbooks import Money

NOT_THERE = "not in Outreach"
NO_OWNER = "nobody"
BLANK = "blank"

_STAGES = tuple(name for name, _ in words.STAGES)
_FIXED_NAME = "Framework agreement for scanning equipment"
_NEW_NAME = "Gildersett Foods: cold store sensors"


@dataclass(slots=True)
class Change:
    """One thing somebody did, followed until it shows on the other side.

    `before` is what that side showed; it has arrived when `shown` gives `wanted`, or, where that
    cannot be known before, anything else than `before`. Times are in seconds since the edits.
    """

    what: str
    ref: str
    before: str
    shown: Callable[[], str]
    wanted: str | None = None
    after: str | None = None
    arrived_s: float | None = None

    def look(self, elapsed_s: float) -> bool:
        """Look whether it has arrived; True the first time it has."""
        if self.arrived_s is not None:
            return False
        shown = self.shown()
        if shown != self.wanted and (self.wanted is not None or shown == self.before):
            return False
        self.after, self.arrived_s = shown, elapsed_s
        return True


class Person:
    """A CRM user in front of Workbooks, with Outreach open beside it."""

    def __init__(self, sandbox: Sandbox, seed: int = 1) -> None:
        self._sandbox = sandbox
        self._deals = sandbox.workbooks.opportunities
        self._rng = Random(f"person:{seed}")
        # Complete, and every name on them known in Outreach, so that each edit shows.
        self._plain = [
            one for one in sandbox.sample.ordinary if self._owner_of(one) in words.SELLERS
        ]
        self._plain = [
            one for one in self._plain if self._is_complete(one) and self._stage_of(one) in _STAGES
        ]
        self._rng.shuffle(self._plain)

    def everything(self) -> list[Change]:
        """The day's work: edits, a repair, a new opportunity, and a new seat in Outreach."""
        return [
            self.edits_amount(),
            *self.moves_on(),
            self.reassigns(),
            self.repairs(),
            *self.wins_a_lead(),
            self.hires(),
        ]

    def edits_amount(self) -> Change:
        """Put a tenth on an amount."""
        deal = self._next()
        money = self._amount(deal)
        raised = Money(Decimal(int(money.amount * 11 / 10)), money.code)
        change = self._change("Amount edited", deal, self._shown_amount(deal))
        change.wanted = f"{int(raised.amount):,} {raised.code}"
        self._deals.update(deal, document_currency_net_value=raised)
        return change

    def moves_on(self) -> list[Change]:
        """Give an open opportunity the next stage and an earlier close date."""
        deal = self._next()
        while self._stage_of(deal) == _STAGES[-1]:
            deal = self._next()
        closes = self._closes(deal) - timedelta(days=14)
        stage = _STAGES[_STAGES.index(self._stage_of(deal)) + 1]
        moved = self._change("Close date moved", deal, self._shown_day(deal))
        staged = self._change("Stage changed", deal, self._shown_stage(deal))
        moved.wanted, staged.wanted = closes.isoformat(), stage
        self._deals.update(deal, document_date=closes, opportunity_stage_name=stage)
        return [moved, staged]

    def reassigns(self) -> Change:
        """Give an opportunity to a colleague."""
        deal = self._next()
        owner = self._owner_of(deal)
        colleague = self._rng.choice([name for name in words.SELLERS if name != owner])
        change = self._change("Owner changed", deal, self._shown_owner(deal))
        change.wanted = colleague
        self._deals.update(deal, assigned_to_name=colleague)
        return change

    def repairs(self) -> Change:
        """Shorten the name that was too long, and reset the error flag."""
        deal = next(iter(self._sandbox.sample.failing))
        change = self._change("Error repaired", deal, self._shown_name(deal))
        change.wanted = _FIXED_NAME
        self._deals.update(deal, description=_FIXED_NAME, cf_opportunity_outreach_sync_error=False)
        return change

    def wins_a_lead(self) -> list[Change]:
        """Enter a new opportunity, and watch its id come back."""
        today = datetime.fromtimestamp(self._sandbox.workbooks.clock(), UTC).date()
        deal = self._deals.create(
            description=_NEW_NAME,
            document_date=today + timedelta(days=60),
            document_currency_net_value=Money(Decimal(18_400)),
            probability=Decimal(25),
            opportunity_stage_name=_STAGES[1],
            assigned_to_name=words.SELLERS[0],
            party_id=self._sandbox.sample.customers[-1].id,
            cf_opportunity_sync_to_outreach=True,
        )
        entered = self._change("Opportunity entered", deal, self._shown_name(deal))
        entered.wanted = _NEW_NAME

        def shown_id() -> str:
            return str(self._value(deal, "cf_opportunity_outreach_id") or BLANK)

        return [entered, self._change("Its Outreach Id back", deal, shown_id)]

    def hires(self) -> Change:
        """Give the seller who lacked one a seat in Outreach, where her opportunities wait."""
        deal = next(
            one
            for one in self._sandbox.sample.ordinary
            if self._owner_of(one) == words.MISSING_SELLER
        )
        change = self._change("Owner gets a seat", deal, self._shown_owner(deal))
        change.wanted = words.MISSING_SELLER
        add_seat(self._sandbox.outreach, words.MISSING_SELLER)
        return change

    def _next(self) -> int:
        deal = self._plain.pop()
        self._plain.insert(0, deal)
        return deal

    def _change(self, what: str, deal: int, shown: Callable[[], str]) -> Change:
        return Change(what, str(self._value(deal, "object_ref")), shown(), shown)

    def _value(self, deal: int, column: str) -> object:
        return self._deals.value(deal, column)

    def _is_complete(self, deal: int) -> bool:
        columns = ("document_currency_net_value", "document_date")
        return None not in (self._value(deal, column) for column in columns)

    def _amount(self, deal: int) -> Money:
        money = self._value(deal, "document_currency_net_value")
        return money if isinstance(money, Money) else Money(Decimal(0))

    def _closes(self, deal: int) -> date:
        day = self._value(deal, "document_date")
        return day if isinstance(day, date) else date.min

    def _stage_of(self, deal: int) -> str:
        return str(self._value(deal, "opportunity_stage[name]"))

    def _owner_of(self, deal: int) -> str:
        return str(self._value(deal, "assigned_to_name"))

    def _counterpart(self, deal: int) -> Row | None:
        found = self._sandbox.outreach.find_opportunities(str(self._value(deal, "object_ref")))
        return found[0] if found else None

    def _shown(self, deal: int, show: Callable[[Row], str]) -> Callable[[], str]:
        def shown() -> str:
            row = self._counterpart(deal)
            return NOT_THERE if row is None else show(row)

        return shown

    def _shown_name(self, deal: int) -> Callable[[], str]:
        return self._shown(deal, lambda row: str(row.attributes["name"]))

    def _shown_amount(self, deal: int) -> Callable[[], str]:
        def show(row: Row) -> str:
            attributes = row.attributes
            return f"{attributes.get('amount', 0):,} {attributes.get('currencyType', '')}"

        return self._shown(deal, show)

    def _shown_day(self, deal: int) -> Callable[[], str]:
        return self._shown(deal, lambda row: str(row.attributes.get("closeDate", BLANK))[:10])

    def _shown_stage(self, deal: int) -> Callable[[], str]:
        def show(row: Row) -> str:
            stage = self._sandbox.outreach.stages.get(row.relationships.get("opportunityStage", 0))
            return str(stage.attributes["name"]) if stage else BLANK

        return self._shown(deal, show)

    def _shown_owner(self, deal: int) -> Callable[[], str]:
        def show(row: Row) -> str:
            user = self._sandbox.outreach.users.get(row.relationships.get("owner", 0))
            return str(user.attributes["name"]) if user else NO_OWNER

        return self._shown(deal, show)
