"""What people have in hand of a record: references, ids and addresses of both systems."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.outreach import pointing as outreach
from connectors.outreach.settings import OutreachSettings
from connectors.workbooks import pointing as workbooks
from connectors.workbooks.settings import WorkbooksSettings
from engine import Pointer, RecordType, Side

DEAL, PERSON = RecordType.OPPORTUNITY, RecordType.PERSON
WORKBOOKS = WorkbooksSettings.model_validate({"api_key": SecretStr("key")})
OUTREACH = OutreachSettings.model_validate(
    {"client_id": SecretStr("id"), "client_secret": SecretStr("secret")}
)
BOTH = (Pointer(Side.SOURCE, DEAL, id=17), Pointer(Side.SOURCE, PERSON, id=17))


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("OPP-17", (Pointer(Side.SOURCE, DEAL, ref="OPP-17"),)),
        (" opp-17\n", (Pointer(Side.SOURCE, DEAL, ref="OPP-17"),)),
        ("PERS-4", (Pointer(Side.SOURCE, PERSON, ref="PERS-4"),)),
        ("17", BOTH),
        (
            "https://tenant.workbooks.com/link/abc/PERS-4?tab=1",
            (Pointer(Side.SOURCE, PERSON, ref="PERS-4"),),
        ),
        ("https://workbooks.com.evil.example/link/abc/PERS-4", ()),
        ("https://[bad/link/abc/PERS-4", ()),
        ("0", ()),
        ("9" * 40, ()),
        ("", ()),
        ("OPP-", ()),
        ("OPP-1; DROP", ()),
        ("²", ()),
    ],
)
def test_a_workbooks_record_is_told_by_its_names(text: str, pointers: tuple[Pointer, ...]) -> None:
    """Anything else is none of ours."""
    assert tuple(workbooks.pointed(WORKBOOKS, text)) == pointers


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("17", (Pointer(Side.TARGET, DEAL, id=17), Pointer(Side.TARGET, PERSON, id=17))),
        ("https://web.outreach.io/opportunities/17", (Pointer(Side.TARGET, DEAL, id=17),)),
        ("http://WEB.outreach.io/opportunities/17/x?y#z", (Pointer(Side.TARGET, DEAL, id=17),)),
        (
            "https://web.outreach.io/prospects/4/overview",
            (Pointer(Side.TARGET, PERSON, id=4),),
        ),
        ("https://web.outreach.io/prospects/4", (Pointer(Side.TARGET, PERSON, id=4),)),
        ("https://elsewhere.example/opportunities/17", ()),
        ("https://web.outreach.io/opportunities/", ()),
        ("https://[bad/opportunities/17", ()),
        ("OPP-17", ()),
    ],
)
def test_an_outreach_record_is_told_by_its_names(text: str, pointers: tuple[Pointer, ...]) -> None:
    """The template of the address says where the id stands."""
    assert tuple(outreach.pointed(OUTREACH, text)) == pointers
