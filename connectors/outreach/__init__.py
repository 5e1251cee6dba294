"""Outreach, the system opportunities are created and updated in."""
