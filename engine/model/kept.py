"""Names under which facts are kept between runs."""

from __future__ import annotations

# Set while linked records are being read anew for another mapping: those with a greater id are
# still to be read.
MAPPING = "mapping_cursor"
# Set from the first page of the first look at a pair to its last, whatever process reads that.
FIRST_LOOK = "first_look_unfinished"
# Set from the first page of a sweep, or of a slice of the audit, to its last.
SWEEP_UNFINISHED = "sweep_unfinished"
AUDIT_UNFINISHED = "audit_unfinished"
MARKS = (SWEEP_UNFINISHED, AUDIT_UNFINISHED)
FINGERPRINT = "mapping_fingerprint"
LAST_SWEEP = "last_sweep_at"
# Set from a sweep until the slice of the audit that follows it is done.
AUDIT_OWED = "audit_owed"
# The scopes that were granted when it was last looked, in one line.
GRANTED = "granted"
# When it was last looked whose customers were changed.
CUSTOMERS_READ_AT = "customers_read_at"
# Since when it was no longer told which account a changed customer carries.
CUSTOMERS_UNTOLD_SINCE = "customers_untold_since"
# Why nothing is created until somebody has looked.
CREATES_PAUSED = "creates_paused"
# Kept once the target has turned out to take one role for each person on an opportunity.
ONE_ROLE = "one_role_per_person"
