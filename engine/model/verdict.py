"""What can become of a person of the source in the target: the verdicts, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from engine.model.fields import Fields, Scalar
from engine.model.outbox import Owed
from engine.model.person import Candidate, Person
from engine.model.reason import Reason
from engine.model.work import Failure


class Question(Enum):
    """What has to be known first."""

    IN_DOUBT = "who has the address that a create in doubt carried"
    THERE = "whether the prospect that we know of still exists"
    LIKENESS = "what the person would be in the target"
    ADDRESS = "who has the person's e-mail address"


class Keep(Enum):
    """What is kept of a person who is held back."""

    NOTHING = "a refusal, or a doubt about a create, stays as it is"
    REASON = "why there is no prospect"
    READ_AGAIN = "its prospect; the person is read the next time"


@dataclass(frozen=True, slots=True)
class Ask:
    """Decide again once this is known."""

    question: Question


@dataclass(frozen=True, slots=True)
class Linked:
    """It carries the id of its prospect, and is owed at most its URL; `blamed` has its flag ended.

    That is the person's own word, so it is kept even where everything else is only foreseen, unless
    the person would be told something.
    """

    prospect_id: int
    owed: Owed | None
    blamed: bool

    @property
    def is_its_own_word(self) -> bool:
        """Nothing is told to the person for it."""
        return self.owed is None and not self.blamed


@dataclass(frozen=True, slots=True)
class Tell:
    """Its prospect is there, and it does not carry the id: it is told again."""

    prospect_id: int


@dataclass(frozen=True, slots=True)
class Adopt:
    """Somebody with its address is there; `executed` when a create in doubt has made it."""

    prospect_id: int
    email: str
    executed: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    """Nobody has its address: it is made a prospect."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Created:
    """It was made a prospect, with these fields."""

    prospect_id: int
    email: str
    fields: Fields = field(default_factory=dict[str, Scalar])


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is kept; it ends by itself in so many seconds."""

    reason: Reason
    retry_s: float


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """The create in doubt never happened; `known` is what is known from then on."""

    known: Person


@dataclass(frozen=True, slots=True)
class LostLink:
    """It has lost its id, and its prospect is gone: nothing is known of it from then on."""

    prospect_id: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """It cannot be a prospect until somebody changes it, and is told why.

    Args:
        taken: somebody has its address, whom nothing shows.
    """

    failure: Failure
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Unseen:
    """Whoever has the address of a refused person is still not to be seen."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class HoldBack:
    """It has no prospect for now, through no fault that it must be told."""

    reason: Reason
    keep: Keep


@dataclass(frozen=True, slots=True)
class Lose:
    """Its create may have been executed: the prospect is looked for before anything else.

    Args:
        taken: it was refused because somebody has the address, whom nothing shows yet.
    """

    reason: Reason
    retry_s: float
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Forbid:
    """Our user may not create prospects: nobody's fault, and who is one already goes on."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Weigh:
    """Surely nothing was created; how often it failed says whether the person is at fault."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Surely nothing was created, through no fault of the person: whoever needs it waits."""


Decision = (
    Linked
    | Tell
    | Adopt
    | Create
    | Created
    | Wait
    | NotExecuted
    | LostLink
    | Refuse
    | Unseen
    | HoldBack
    | Lose
    | Forbid
)
