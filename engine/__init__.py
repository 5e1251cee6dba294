"""The reconciliation engine. It knows no vendor; connectors use what is listed here and no more.

What is listed is loaded when it is first asked for: this file is read by every command, also by
one that only prints a line.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.clock import Clock
    from engine.command import AnyPath, Command, Number, Whole, flag, option
    from engine.connector import Question, SourceConnector, StandardField, TargetConnector
    from engine.decide.reasons import because, foreign
    from engine.errors import (
        ChoiceNeeded,
        Conflict,
        EngineError,
        Gone,
        HeldBack,
        Misconfigured,
        NotGranted,
        OurFault,
        Rejected,
        StateUnusable,
        Taken,
        Terminal,
        TheirFault,
        Throttled,
        TooLarge,
        Transient,
        Unauthorized,
        Unreachable,
        excerpt,
    )
    from engine.flow.allowance import BudgetLimits
    from engine.flow.worktime import holding
    from engine.home import with_home
    from engine.model.fields import Fields, Json, Scalar
    from engine.model.identity import id_of
    from engine.model.permissions import Permission, Standing, Use
    from engine.model.pointer import Pointer, Side
    from engine.model.reason import Code, Reason, Words
    from engine.model.records import (
        Captured,
        Column,
        Delivery,
        FieldKind,
        Kind,
        Listed,
        Listing,
        Malformed,
        MappingRow,
        Match,
        Money,
        Newest,
        Page,
        Position,
        ProspectMatch,
        RecordType,
        Role,
        Roster,
        SourceRecord,
        Stage,
        TabChange,
        TabLine,
        TabPage,
        TargetField,
        User,
        Value,
        WriteBack,
        WriteBackResult,
    )
    from engine.ports import Authority, ConnectorEnvironment, Fetched, Step, Vault
    from engine.redaction import keep_secret
    from engine.settings import BudgetSettings, Secret, Settings, TextOrReference
    from engine.wire.bodies import AnswerKind
    from engine.wire.exchange import Answer, Exchange
    from engine.wire.halves import made_whole

__all__ = [
    "Answer",
    "AnswerKind",
    "AnyPath",
    "Authority",
    "BudgetLimits",
    "BudgetSettings",
    "Captured",
    "ChoiceNeeded",
    "Clock",
    "Code",
    "Column",
    "Command",
    "Conflict",
    "ConnectorEnvironment",
    "Delivery",
    "EngineError",
    "Exchange",
    "Fetched",
    "FieldKind",
    "Fields",
    "Gone",
    "HeldBack",
    "Json",
    "Kind",
    "Listed",
    "Listing",
    "Malformed",
    "MappingRow",
    "Match",
    "Misconfigured",
    "Money",
    "Newest",
    "NotGranted",
    "Number",
    "OurFault",
    "Page",
    "Permission",
    "Pointer",
    "Position",
    "ProspectMatch",
    "Question",
    "Reason",
    "RecordType",
    "Rejected",
    "Role",
    "Roster",
    "Scalar",
    "Secret",
    "Settings",
    "Side",
    "SourceConnector",
    "SourceRecord",
    "Stage",
    "StandardField",
    "Standing",
    "StateUnusable",
    "Step",
    "TabChange",
    "TabLine",
    "TabPage",
    "Taken",
    "TargetConnector",
    "TargetField",
    "Terminal",
    "TextOrReference",
    "TheirFault",
    "Throttled",
    "TooLarge",
    "Transient",
    "Unauthorized",
    "Unreachable",
    "Use",
    "User",
    "Value",
    "Vault",
    "Whole",
    "Words",
    "WriteBack",
    "WriteBackResult",
    "because",
    "excerpt",
    "flag",
    "foreign",
    "holding",
    "id_of",
    "keep_secret",
    "made_whole",
    "option",
    "with_home",
]

# Where all of it stands. First what a command needs that is only listed, then what is known of a
# connector before anybody speaks with it, then the rest.
_ROOMS = (
    "engine.command",
    "engine.errors",
    "engine.home",
    "engine.model.identity",
    "engine.model.reason",
    "engine.connector",
    "engine.model.records",
    "engine.model.pointer",
    "engine.settings",
    "engine.model.fields",
    "engine.clock",
    "engine.redaction",
    "engine.decide.reasons",
    "engine.model.permissions",
    "engine.flow.allowance",
    "engine.flow.worktime",
    "engine.ports",
    "engine.wire.bodies",
    "engine.wire.exchange",
    "engine.wire.halves",
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load one after the other until it is found: whoever takes one of it takes most of it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        for room in map(import_module, _ROOMS):
            globals().update({one: vars(room)[one] for one in __all__ if one in vars(room)})
            if name in globals():
                break
        return globals()[name]
