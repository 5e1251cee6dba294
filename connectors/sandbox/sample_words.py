"""Words the sample data is put together from. Every name is made up."""

from typing import Final

#: Workbooks users who are Outreach users too.
SELLERS: Final = (
    "Amelia Thornbury",
    "Callum Wexcombe",
    "Freya Ashdown-Pike",
    "Idris Penhallow",
    "Morag Dunsinnan",
    "Rohan Batchgrove",
)
#: Two Outreach users have this name, so it identifies neither.
AMBIGUOUS_SELLER: Final = "Sam Whitlock"
#: A Workbooks user without an Outreach seat yet.
MISSING_SELLER: Final = "Imogen Farraday-Holt"
#: A queue of Workbooks: opportunities are assigned to it, but it is nobody.
NOBODY: Final = "New Business Queue"

#: Name and probability, in percent.
STAGES: Final = (
    ("(1) Qualification", 10),
    ("(2) Discovery", 25),
    ("(3) Proposal", 50),
    ("(4) Negotiation", 70),
    ("(5) Verbal Agreement", 90),
    ("(6) Closed Won", 100),
)
#: A stage that exists in Workbooks only.
WORKBOOKS_STAGE: Final = ("(0) Parked", 5)

#: One per organisation.
PLACES: Final = (
    "Aldermoor",
    "Brackenfell",
    "Castlewick",
    "Dunmarsh",
    "Eastholme",
    "Farrowdale",
    "Gildersett",
    "Hallowby",
    "Inglewick",
    "Juniper Cross",
    "Kestrelford",
    "Larkhollow",
    "Marrowgate",
    "Netherwick",
    "Oxmere",
    "Pennybrook",
    "Quillworth",
    "Ravensmoor",
    "Saltershaw",
    "Thistledown",
    "Umberleigh Vale",
    "Vickersend",
    "Wolvercote Reach",
    "Yarrowfield",
    "Ashcombe Quay",
    "Birchanger Mill",
    "Corriedale",
    "Drumlanagh",
    "Eskerby",
    "Fenwharf",
)
#: Trade and industry.
TRADES: Final = (
    ("Precision Castings", "Manufacturing"),
    ("Logistics", "Transport"),
    ("Packaging", "Manufacturing"),
    ("Foods", "Food and drink"),
    ("Marine Services", "Shipping"),
    ("Textiles", "Manufacturing"),
    ("Facilities", "Property"),
    ("Diagnostics", "Healthcare"),
    ("Brewing", "Food and drink"),
    ("Civil Engineering", "Construction"),
)
LEGAL_FORMS: Final = ("Ltd", "plc", "LLP", "Group Ltd")

TOPICS: Final = (
    "warehouse scanner refresh",
    "annual support renewal",
    "customer portal, phase 2",
    "field service rollout",
    "ERP integration",
    "depot telephony upgrade",
    "data protection review",
    "quality reporting pilot",
    "fleet tracking, 40 vehicles",
    "training package for new starters",
    "invoice automation",
    "multi-site licence",
    "stock forecasting trial",
    "disaster recovery retainer",
    "mobile app for inspectors",
    "sustainability reporting",
)
IMPORT_TOPIC: Final = "trade show enquiry"

#: Descriptions: empty, one line, and several lines with a paragraph between them.
NOTES: Final = (
    "",
    "Introduced by the incumbent supplier; wants references from two similar sites.",
    "Budget agreed for this financial year.\nDecision expected after the board meets.",
    "Site visit done.\n\nOpen points:\n- who owns the data migration\n- notice period of the"
    " current contract",
    "Prefers quarterly invoicing. Sent the £/€ price list – awaiting purchase order.",
)

#: What the sample organisation's own columns hold; lengths that share no factor, so that all
#: combinations occur.
NEXT_STEPS: Final = (
    "Send the revised quotation",
    "",
    "Book the site visit",
    "Call purchasing about the order",
)
REGIONS: Final = ("UK", "US", "", "Ireland", "UK")
TAGS: Final = ("renewal", "pilot, public sector", "")

FIRST_NAMES: Final = (
    "Alasdair",
    "Bethan",
    "Cerys",
    "Dominic",
    "Eilidh",
    "Fergus",
    "Gwendolen",
    "Harriet",
    "Isla",
    "Jarvis",
    "Kiran",
    "Lowri",
    "Mairead",
    "Nadia",
    "Oscar",
    "Poppy",
    "Rhiannon",
    "Sunil",
    "Tamsin",
    "Zoë",
)
LAST_NAMES: Final = (
    "Ackerley-Moss",
    "Birdwhistle",
    "Cobblethwaite",
    "Dunsmore-Kyte",
    "Entwhistlow",
    "Fothersgate",
    "Gatherbough",
    "Hollinsclough",
    "Icklesham-Roe",
    "Jellicote",
    "Kettlestang",
    "Longbothamley",
)
JOB_TITLES: Final = (
    "Operations Director",
    "Head of IT",
    "Procurement Manager",
    "Finance Director",
    "Plant Manager",
    "Managing Director",
)
RELATIONSHIPS: Final = (
    "Decision Maker",
    "Influencer",
    "Partner",
    "Technical Evaluator",
    "Champion",
    "Procurement",
)


def mailbox(name: str) -> str:
    """The part of an e-mail address before the @ that somebody of this name would have."""
    plain = name.encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", ".").replace("-", "")
