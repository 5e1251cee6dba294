"""Outreach, the system opportunities and the people on them are created and updated in."""
